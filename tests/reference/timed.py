"""Random small worlds in which time, supply and capacity matter: rounds, shifts, hours, zones, measured transit."""

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from tests.reference.instances import World, random_world

from sourcier.domain.network import (
    CapacityMeasure,
    DayException,
    Hours,
    Method,
    Node,
    PostalRange,
    Round,
    Service,
    Shift,
    TransitBand,
    TransitShare,
    Zone,
    ZoneTransit,
    round_pool_id,
    shift_pool_id,
)
from sourcier.domain.place import Destination, GeoPoint
from sourcier.domain.rules import Promising
from sourcier.domain.supply import SupplyKind, SupplyRow

FIRST_DAY = date(2026, 3, 4)
ZONES = (
    Zone(zone_id="north", ranges=(PostalRange(country_code="FR", low="50", high="95"),)),
    Zone(zone_id="south", ranges=(PostalRange(country_code="FR", low="01", high="49"),)),
)


def timed_world(seed: int, *, lines_max: int = 5, nodes_max: int = 8) -> World:
    """A world of the seed with calendars, rounds, shifts, measured transit, zones and dated supply in it."""
    rng, drawn = random.Random(f"timed {seed}"), random_world(seed, lines_max=lines_max, nodes_max=nodes_max)
    services = tuple(_service(rng, service, drawn.network.nodes) for service in drawn.network.services)
    nodes = tuple(_node(rng, node) for node in drawn.network.nodes)
    placed_at = datetime(2026, 3, 4, tzinfo=UTC) + timedelta(
        minutes=rng.randint(0, 4 * 1_440), seconds=rng.choice([0, 7])
    )
    point = drawn.cart.destination.point if rng.random() < 0.9 else GeoPoint(lat_e6=43_300_000, lon_e6=5_400_000)
    destination = Destination(country_code="FR", postal_code=rng.choice(["", "75001", "13001", "98000"]), point=point)
    if drawn.cart.deliver_by is not None:
        deliver_by = placed_at.date() + timedelta(days=rng.randint(1, 12))
    else:
        deliver_by = None
    return replace(
        drawn,
        network=replace(drawn.network, services=services, nodes=nodes, zones=ZONES),
        rules=replace(drawn.rules, promising=Promising(quantile_bp=rng.choice([1, 5_000, 9_000, 10_000]))),
        pool_uses=(*drawn.pool_uses, *_pool_uses(rng, nodes)),
        cart=replace(drawn.cart, placed_at=placed_at, destination=destination, deliver_by=deliver_by),
        supplies=_supplies(rng, nodes, sorted({line.sku for line in drawn.cart.lines})),
    )


def _service(rng: random.Random, service: Service, nodes: tuple[Node, ...]) -> Service:
    if rng.random() < 0.25:
        windows = (
            Hours(days=frozenset(range(1, 7)), from_minute=rng.choice([0, 840]), to_minute=rng.choice([1_200, 1_440])),
        )
        return replace(
            service,
            method=Method.SAME_DAY,
            courier_minutes=rng.choice([45, 180]),
            windows=windows,
            delivery_days=frozenset(range(1, 8)),
            transit=(TransitBand(max_distance_m=rng.choice([100_000, 400_000]), business_days=0),),
        )
    entries = []
    for zone in ZONES:
        if rng.random() < 0.5:
            some = frozenset(n.node_id for n in nodes if service.service_id in n.services and rng.random() < 0.4)
            for_all = [frozenset[str]()] if rng.random() < 0.7 else []
            entries += [
                ZoneTransit(
                    zone_id=zone.zone_id,
                    business_days=rng.randint(0, 4),
                    distribution=_distribution(rng),
                    node_ids=node_ids,
                    delivery_days=rng.choice([None, frozenset({1, 3, 5})]),
                )
                for node_ids in [*([some] if some else []), *for_all]
            ]
    bands = tuple(replace(band, distribution=_distribution(rng)) for band in service.transit)
    closed = frozenset(FIRST_DAY + timedelta(days=d) for d in rng.sample(range(12), rng.choice([0, 2])))
    return replace(service, transit=bands, zone_transit=tuple(entries), closed_dates=closed)


def _distribution(rng: random.Random) -> tuple[TransitShare, ...]:
    if rng.random() < 0.5:
        return ()
    days = sorted(rng.sample(range(7), rng.randint(1, 4)))
    cuts = sorted(rng.sample(range(500, 10_000, 500), len(days) - 1))
    shares = [b - a for a, b in zip([0, *cuts], [*cuts, 10_000], strict=True)]
    return tuple(TransitShare(business_days=d, share_bp=s) for d, s in zip(days, shares, strict=True))


def _node(rng: random.Random, node: Node) -> Node:
    rounds = []
    for service_id in node.services:
        first = rng.randint(8, 18) * 60
        for i in range(rng.choice([0, 0, 1, 2])):
            pickup = first + 75 * i  # no two rounds of a service at one minute, repeats included
            every = rng.choice([None, None, 180])
            rounds.append(
                Round(
                    service_id=service_id,
                    days=rng.choice([frozenset(range(1, 8)), frozenset({1, 2, 3, 4, 5}), frozenset({2, 5})]),
                    pickup_minute=pickup,
                    cut_off_minute=rng.choice([None, pickup - 120, pickup - 400]),
                    every_minutes=every,
                    last_pickup_minute=None if every is None else 1_439,
                    parcels=rng.choice([None, 1, 3]),
                )
            )
    shifts: list[Shift] = []
    if rng.random() < 0.35:
        spans = rng.choice([[(360, 840), (840, 1_320)], [(480, 1_080)], [(600, 900), (1_320, 1_800)]])
        shifts = [
            Shift(
                shift_id=f"s{i}",
                from_minute=a,
                to_minute=b,
                measure=rng.choice(list(CapacityMeasure)),
                limit=rng.randint(1, 6),
            )
            for i, (a, b) in enumerate(spans)
        ]
    hours = (
        Hours(days=frozenset(range(1, 7)), from_minute=rng.choice([360, 480]), to_minute=rng.choice([1_020, 1_320])),
    )
    special = DayException(day=FIRST_DAY + timedelta(days=rng.randint(0, 9)), picking=rng.choice([(), ((540, 700),)]))
    calendar = replace(
        node.calendar,
        picking_hours=hours if rng.random() < 0.4 else (),
        exceptions=(special,) if rng.random() < 0.3 else (),
        processing_seconds_per_unit=rng.choice([0, 0, 90, 1_200]),
        backlog_minutes=rng.choice([0, 0, 240]),
    )
    return replace(node, rounds=tuple(rounds), shifts=tuple(shifts), calendar=calendar)


def _pool_uses(rng: random.Random, nodes: tuple[Node, ...]) -> tuple[tuple[str, str, int], ...]:
    uses = []
    for day in ((FIRST_DAY + timedelta(days=d)).isoformat() for d in range(8)):
        for node in nodes:
            uses += [
                (shift_pool_id(node.node_id, shift.shift_id), day, rng.randint(0, shift.limit))
                for shift in node.shifts
                if rng.random() < 0.7
            ]
            for entry in node.rounds:
                if entry.parcels is not None and rng.random() < 0.7:
                    for minute in range(entry.pickup_minute, 1_440, entry.every_minutes or 1_440):
                        pool = round_pool_id(node.node_id, entry.service_id, minute)
                        uses.append((pool, day, rng.randint(0, entry.parcels)))
    return tuple({(pool, day): (pool, day, used) for pool, day, used in uses}.values())


def _supplies(rng: random.Random, nodes: tuple[Node, ...], skus: list[str]) -> tuple[SupplyRow, ...]:
    rows = []
    for node in nodes:
        for sku in skus:
            for i in range(rng.choice([0, 0, 0, 1, 2])):
                lead = rng.random() < 0.3
                usable = rng.randint(0, 6)
                rows.append(
                    SupplyRow(
                        supply_id=f"P{i}",
                        kind=SupplyKind.SUPPLIER_ORDERABLE if lead else SupplyKind.PURCHASE_ORDER,
                        node_id=node.node_id,
                        sku=sku,
                        usable=2**53 if lead and rng.random() < 0.5 else usable,
                        held=rng.randint(0, 2),
                        allocated=rng.randint(0, 2),
                        expected_on=None if lead else FIRST_DAY + timedelta(days=rng.randint(-2, 20)),
                        lead_days=rng.randint(0, 9) if lead else None,
                        preorder=rng.random() < 0.2,
                    )
                )
    return tuple(rows)

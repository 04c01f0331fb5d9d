"""A made-up retailer for benchmarks of time: calendars, carriers' rounds, shifts, measured transit and dated supply.

Everything is drawn from a seed. Warehouses pick in two shifts, stores in their opening hours; carriers come once or
several times a day; every service is measured as a distribution by distance.
"""

import random
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from sourcier.domain.network import (
    Capacity,
    CapacityMeasure,
    DayException,
    Hours,
    Method,
    Network,
    Node,
    NodeCalendar,
    NodeType,
    Round,
    Service,
    Shift,
    TransferLane,
    TransitBand,
    TransitShare,
    WeightTier,
)
from sourcier.domain.order import Cart, Line
from sourcier.domain.place import Destination, GeoPoint
from sourcier.domain.rules import Constraints, Fee, Prices, Promising, RuleSet
from sourcier.domain.stock import StockRow
from sourcier.domain.supply import SupplyKind, SupplyRow

FIRST_DAY: Final = date(2026, 12, 7)
NOW: Final = datetime.combine(FIRST_DAY, time(9, 13), UTC)
ZONE: Final = "Europe/Paris"
NUM_SKUS: Final = 400
WAREHOUSE_SHARE: Final = 0.025
MICROS: Final = 1_000_000
MON_FRI: Final = frozenset(range(1, 6))
MON_SAT: Final = frozenset(range(1, 7))
CHRISTMAS: Final = frozenset({date(2026, 12, 25), date(2027, 1, 1)})

METHODS: Final = (
    ("standard", Method.HOME_DELIVERY),
    ("express", Method.EXPRESS),
    ("courier", Method.SAME_DAY),
    ("collect", Method.CLICK_AND_COLLECT),
    ("shuttle", Method.SHIP_TO_STORE),
)
"""One service per method; `services` adds more home delivery where more are wanted."""

TIERS: Final = (
    WeightTier(max_grams=2_000, cost_micros=0),
    WeightTier(max_grams=10_000, cost_micros=2 * MICROS),
    WeightTier(max_grams=None, cost_micros=7 * MICROS),
)


def services(number: int) -> tuple[Service, ...]:
    """The first `number` of the five methods' services, then further carriers for delivery at home."""
    more = [(f"carrier-{i}", Method.HOME_DELIVERY) for i in range(len(METHODS), number)]
    return tuple(_service(name, method) for name, method in [*METHODS[:number], *more])


def _service(name: str, method: Method) -> Service:
    fast = method in (Method.EXPRESS, Method.SHIP_TO_STORE)
    same_day = method is Method.SAME_DAY
    slow = (TransitShare(business_days=2, share_bp=8_200), TransitShare(business_days=3, share_bp=1_800))
    near = TransitBand(max_distance_m=30_000, business_days=0)
    bands = (
        TransitBand(max_distance_m=400_000, business_days=1),
        TransitBand(max_distance_m=None, business_days=2, distribution=() if fast else slow),
    )
    return Service(
        service_id=name,
        method=method,
        transit=(near,) if same_day else bands,
        delivery_days=MON_SAT,
        closed_dates=CHRISTMAS,
        per_shipment_micros=(9 if fast else 4) * MICROS,
        per_unit_micros=300_000,
        per_unit_km_micros=400,
        weight_tiers=TIERS,
        windows=(Hours(days=MON_SAT, from_minute=12 * 60, to_minute=20 * 60),) if same_day else (),
        courier_minutes=90 if same_day else 0,
        collect_minutes=60 if method is Method.SHIP_TO_STORE else 0,
        co2_g_per_shipment=120,
        co2_mg_per_kg_km=90,
    )


def network(num_nodes: int, num_services: int = len(METHODS)) -> Network:
    """A network of `num_nodes`, one in forty of them a warehouse; one of them sends to each store by the shuttle."""
    rng = random.Random(f"network {num_nodes}")
    offered = services(num_services)
    num_warehouses = max(2, round(num_nodes * WAREHOUSE_SHARE))
    nodes = tuple(_node(rng, i, offered, warehouse=i < num_warehouses) for i in range(num_nodes))
    lanes = tuple(
        TransferLane(from_node_id=nodes[i % num_warehouses].node_id, to_node_id=store.node_id, service_id="shuttle")
        for i, store in enumerate(nodes[num_warehouses:])
    )
    return Network(currency_code="EUR", time_zone=ZONE, nodes=nodes, services=offered, transfer_lanes=lanes)


def _node(rng: random.Random, number: int, offered: tuple[Service, ...], *, warehouse: bool) -> Node:
    of_stores = (Method.SAME_DAY, Method.CLICK_AND_COLLECT)
    mine = [service for service in offered if not warehouse or service.method not in of_stores]
    return Node(
        node_id=f"node-{number:04}",
        node_type=NodeType.WAREHOUSE if warehouse else NodeType.STORE,
        point=_point(rng),
        time_zone=ZONE,
        calendar=_warehouse_calendar(rng) if warehouse else _store_calendar(rng),
        services=tuple(service.service_id for service in mine),
        capacity=Capacity(measure=CapacityMeasure.ORDERS, per_day=20_000 if warehouse else rng.randint(5, 40)),
        handling_per_unit_micros=200_000 if warehouse else 700_000,
        rounds=tuple(_round(s, warehouse=warehouse) for s in mine if not s.method.collected),
        shifts=_shifts() if warehouse else (),
    )


def _warehouse_calendar(rng: random.Random) -> NodeCalendar:
    return NodeCalendar(
        working_days=MON_SAT,
        cut_off_minute=18 * 60,
        processing_minutes=rng.choice([60, 90, 120]),
        processing_seconds_per_unit=20,
        backlog_minutes=rng.choice([0, 45]),
        closed_dates=CHRISTMAS,
        picking_hours=(Hours(days=MON_SAT, from_minute=6 * 60, to_minute=22 * 60),),
        exceptions=(DayException(day=FIRST_DAY + timedelta(days=17), picking=((360, 840),)),),
    )


def _store_calendar(rng: random.Random) -> NodeCalendar:
    opens, closes = 60 * rng.choice([9, 10]), 60 * rng.choice([18, 19, 20])
    hours = (Hours(days=MON_SAT, from_minute=opens, to_minute=closes),)
    return NodeCalendar(
        working_days=MON_SAT,
        cut_off_minute=17 * 60,
        processing_minutes=rng.choice([30, 60, 120]),
        processing_seconds_per_unit=60,
        closed_dates=CHRISTMAS,
        picking_hours=hours,
        opening_hours=hours,
    )


def _round(service: Service, *, warehouse: bool) -> Round:
    if service.method is Method.SAME_DAY:
        return Round(
            service_id=service.service_id,
            days=MON_SAT,
            pickup_minute=11 * 60,
            every_minutes=60,
            last_pickup_minute=18 * 60,
            parcels=12,
        )
    return Round(
        service_id=service.service_id,
        days=MON_SAT if warehouse else MON_FRI,
        pickup_minute=19 * 60 if warehouse else 17 * 60,
        cut_off_minute=17 * 60 if warehouse else 15 * 60,
    )


def _shifts() -> tuple[Shift, ...]:
    both = (("early", 6 * 60, 14 * 60), ("late", 14 * 60, 22 * 60))
    return tuple(
        Shift(shift_id=name, from_minute=begin, to_minute=end, measure=CapacityMeasure.UNITS, limit=60_000)
        for name, begin, end in both
    )


def _point(rng: random.Random) -> GeoPoint:
    return GeoPoint(lat_e6=rng.randint(43_000_000, 50_000_000), lon_e6=rng.randint(-2_000_000, 7_000_000))


def stock(nodes: tuple[Node, ...]) -> list[StockRow]:
    """Warehouses carry nine SKUs in ten, stores one in four and few of each."""
    rng = random.Random(f"stock {len(nodes)}")
    return [
        StockRow(node_id=node.node_id, sku=f"sku-{k}", on_hand=rng.randint(5, 80) if big else rng.randint(1, 4))
        for node in nodes
        for big in [node.node_type is NodeType.WAREHOUSE]
        for k in range(NUM_SKUS)
        if rng.random() < (0.9 if big else 0.25)
    ]


def supply(nodes: tuple[Node, ...]) -> list[SupplyRow]:
    """Of every SKU one purchase order at each warehouse, within three weeks."""
    rng = random.Random(f"supply {len(nodes)}")
    return [
        SupplyRow(
            supply_id=f"PO-{k}",
            kind=SupplyKind.PURCHASE_ORDER,
            node_id=node.node_id,
            sku=f"sku-{k}",
            usable=rng.randint(20, 100),
            expected_on=FIRST_DAY + timedelta(days=rng.randint(1, 21)),
        )
        for node in nodes
        if node.node_type is NodeType.WAREHOUSE
        for k in range(NUM_SKUS)
    ]


def rules() -> RuleSet:
    """Free delivery from 60 EUR on; at most four shipments."""
    return RuleSet(
        rule_set_id="benchmark",
        channels=("web",),
        prices=Prices(split_micros=MICROS, unfilled_per_unit_micros=60 * MICROS),
        constraints=Constraints(max_shipments=4),
        promising=Promising(quantile_bp=9_000, nearest_stores=3, store_radius_m=150_000),
        fees=(Fee(fee_micros=0, min_value_micros=60 * MICROS), Fee(fee_micros=4_900_000)),
    )


def carts(num_lines: int, number: int) -> list[Cart]:
    """Carts of so many lines, over the whole country, in the hour after NOW."""
    rng = random.Random(f"carts {num_lines}")
    return [
        Cart(
            channel="web",
            destination=Destination(country_code="FR", point=_point(rng)),
            lines=tuple(
                Line(
                    line_id=str(i),
                    sku=f"sku-{k}",
                    quantity=rng.randint(1, 2),
                    unit_weight_grams=rng.choice([150, 400, 900]),
                    unit_price_micros=20 * MICROS,
                )
                for i, k in enumerate(rng.sample(range(NUM_SKUS), num_lines))
            ),
            currency_code="EUR",
            placed_at=NOW + timedelta(seconds=rng.randint(0, 3_600)),
        )
        for _ in range(number)
    ]

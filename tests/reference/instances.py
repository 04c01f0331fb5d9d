"""Random small worlds, as domain objects: networks, rule sets, stock, capacity and carts, all from one seed."""

import random
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from sourcier.domain.network import (
    Capacity,
    CapacityMeasure,
    Method,
    Network,
    Node,
    NodeCalendar,
    NodeStatus,
    NodeType,
    Service,
    TransitBand,
    WeightTier,
    capacity_pool_id,
)
from sourcier.domain.order import Cart, Line
from sourcier.domain.place import Destination, GeoPoint
from sourcier.domain.rules import Constraints, DeliverBy, Eligibility, Prices, RuleSet, SafetyStock
from sourcier.domain.stock import StockRow
from sourcier.domain.supply import SupplyRow
from sourcier.engine.compile import compile_network, compile_rules
from sourcier.engine.snapshot import Snapshot

PLACED_AT = datetime(2026, 3, 4, 9, 30, tzinfo=UTC)
WEEK = frozenset(range(1, 6))


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """One instance: everything a decision depends on."""

    network: Network
    rules: RuleSet
    rows: tuple[StockRow, ...]
    pool_uses: tuple[tuple[str, str, int], ...]
    cart: Cart
    supplies: tuple[SupplyRow, ...] = ()

    def snapshot(self) -> Snapshot:
        """The engine's view of the world."""
        snapshot = Snapshot(compile_network(self.network))
        snapshot.put_rows(self.rows)
        snapshot.put_pool_uses(self.pool_uses)
        snapshot.put_supplies(self.supplies)
        return snapshot

    def compiled_rules(self):
        """The rule set, ready for decisions."""
        return compile_rules(self.rules, "ruleSets/random/revisions/1")


def random_world(seed: int, *, lines_max: int = 10, nodes_max: int = 60, quirks: bool = True) -> World:
    """A world drawn from `seed`: 1..lines_max lines, 1..nodes_max nodes, scarce or ample stock.

    With `quirks`, each of capacities, weight tiers, split limits, nodes-per-line limits, repeated SKUs, safety stock,
    excluded node types, deliver-by dates and all-or-nothing rules appears with some probability.
    """
    rng = random.Random(seed)
    services = tuple(_service(rng, f"S{i}", quirks) for i in range(rng.choice([1, 1, 2, 3])))
    nodes = tuple(_node(rng, i, services, quirks) for i in range(rng.randint(1, nodes_max)))
    network = Network(currency_code="EUR", time_zone="UTC", nodes=nodes, services=services)
    skus = [f"K{i}" for i in range(rng.randint(1, lines_max))]
    scarcity = rng.choice([0.3, 0.6, 0.9])
    depth = rng.choice([1, 3, 8, 50])
    rows = tuple(
        StockRow(node_id=n.node_id, sku=sku, on_hand=rng.randint(0, depth))
        for n in nodes
        for sku in skus
        if rng.random() < scarcity
    )
    cart = _cart(rng, skus, lines_max, quirks)
    return World(network=network, rules=_rules(rng, quirks), rows=rows, pool_uses=_pool_uses(rng, nodes), cart=cart)


def heavy_world(seed: int, *, lines_max: int, nodes_max: int) -> World:
    """A world of the seed whose services have weight tiers that bind, most with a heaviest parcel.

    A SKU may stand on several lines, at another weight on each.
    """
    rng, drawn = random.Random(seed), random_world(seed, lines_max=lines_max, nodes_max=nodes_max)
    services = []
    for service in drawn.network.services:
        limits = sorted(rng.sample(range(150, 5_000, 50), 3))
        costs = sorted(rng.randint(0, 90) * 100_000 for _ in limits)
        last = rng.choice([None, limits[2], limits[2]])
        tiers = tuple(WeightTier(max_grams=g, cost_micros=c) for g, c in zip((*limits[:2], last), costs, strict=True))
        services.append(replace(service, weight_tiers=tiers))
    skus = [line.sku for line in drawn.cart.lines]
    lines = tuple(
        replace(
            line,
            sku=line.sku if rng.random() < 0.6 else rng.choice(skus),
            unit_weight_grams=rng.choice([0, 90, 250, 700, 1_300]),
        )
        for line in drawn.cart.lines
    )
    return replace(
        drawn,
        network=replace(drawn.network, services=tuple(services)),
        cart=replace(drawn.cart, lines=lines),
    )


def _service(rng: random.Random, service_id: str, quirks: bool) -> Service:
    tiers: tuple[WeightTier, ...] = ()
    if quirks and rng.random() < 0.4:
        limits = sorted(rng.sample(range(200, 8_000, 100), rng.randint(1, 3)))
        costs = sorted(rng.randint(1, 60) * 100_000 for _ in range(len(limits) + 1))
        last = None if rng.random() < 0.8 else 20_000
        tiers = tuple(WeightTier(max_grams=g, cost_micros=c) for g, c in zip([*limits, last], costs, strict=True))
    return Service(
        service_id=service_id,
        method=Method.HOME_DELIVERY,
        transit=(
            TransitBand(max_distance_m=500_000, business_days=rng.randint(0, 2)),
            TransitBand(max_distance_m=rng.choice([None, 2_000_000]), business_days=rng.randint(2, 5)),
        ),
        delivery_days=rng.choice([WEEK, frozenset(range(1, 7))]),
        per_shipment_micros=rng.randint(0, 90) * 100_000,
        per_shipment_km_micros=rng.randint(0, 4_000),
        per_unit_micros=rng.randint(0, 8) * 100_000,
        per_unit_km_micros=rng.randint(0, 900),
        per_kg_micros=rng.choice([0, 0, 250_000]),
        weight_tiers=tiers,
    )


def _node(rng: random.Random, i: int, services: tuple[Service, ...], quirks: bool) -> Node:
    capacity = None
    if quirks and rng.random() < 0.25:
        capacity = Capacity(measure=rng.choice(list(CapacityMeasure)), per_day=rng.randint(0, 6))
    return Node(
        node_id=f"N{i}",
        node_type=rng.choice([NodeType.WAREHOUSE, NodeType.STORE, NodeType.STORE]),
        point=GeoPoint(lat_e6=rng.randint(43_000_000, 50_000_000), lon_e6=rng.randint(-2_000_000, 7_000_000)),
        time_zone=rng.choice(["UTC", "Europe/Paris"]),
        calendar=NodeCalendar(
            working_days=rng.choice([WEEK, frozenset(range(1, 7)), frozenset({2, 4})]),
            cut_off_minute=rng.choice([600, 720, 960]),
            processing_minutes=rng.choice([0, 90, 1_500]),
        ),
        services=tuple(s.service_id for s in services if rng.random() < 0.85),
        capacity=capacity,
        handling_per_shipment_micros=rng.randint(0, 20) * 100_000,
        handling_per_unit_micros=rng.randint(0, 10) * 50_000,
        status=NodeStatus.OFFLINE if rng.random() < 0.05 else NodeStatus.OPEN,
    )


def _pool_uses(rng: random.Random, nodes: tuple[Node, ...]) -> tuple[tuple[str, str, int], ...]:
    first = PLACED_AT.date()
    return tuple(
        (capacity_pool_id(n.node_id), (first + timedelta(days=d)).isoformat(), rng.randint(0, n.capacity.per_day))
        for n in nodes
        if n.capacity is not None
        for d in range(8)
        if rng.random() < 0.7
    )


def _cart(rng: random.Random, skus: list[str], lines_max: int, quirks: bool) -> Cart:
    chosen = list(skus)
    if quirks and rng.random() < 0.2 and len(chosen) < lines_max:
        chosen.append(rng.choice(skus))
    weights = {sku: rng.choice([0, 150, 400, 1_200]) for sku in skus}
    values = {sku: rng.choice([2, 15, 80]) * 1_000_000 for sku in skus}
    lines = tuple(
        Line(
            line_id=f"L{i}",
            sku=sku,
            quantity=rng.choice([1, 1, 1, 2, 3, 7]),
            unit_weight_grams=weights[sku],
            unit_price_micros=values[sku] if i < len(skus) or rng.random() < 0.5 else 5_000_000,
        )
        for i, sku in enumerate(chosen)
    )
    deliver_by = date(2026, 3, rng.randint(5, 13)) if quirks and rng.random() < 0.4 else None
    return Cart(
        channel="web",
        destination=Destination(country_code="FR", point=GeoPoint(lat_e6=48_850_000, lon_e6=2_350_000)),
        lines=lines,
        currency_code="EUR",
        placed_at=PLACED_AT,
        deliver_by=deliver_by,
    )


def _rules(rng: random.Random, quirks: bool) -> RuleSet:
    maybe = (lambda p: rng.random() < p) if quirks else (lambda p: False)
    return RuleSet(
        rule_set_id="random",
        channels=("web",),
        prices=Prices(
            split_micros=rng.choice([0, 500_000, 2_000_000]),
            unfilled_per_unit_micros=rng.choice([0, 3_000_000, 40_000_000]),
            unfilled_value_bp=rng.choice([5_000, 10_000, 30_000]),
            late_per_unit_day_micros=rng.choice([0, 400_000, 3_000_000]),
        ),
        constraints=Constraints(
            max_shipments=rng.randint(1, 4) if maybe(0.35) else None,
            max_nodes_per_line=rng.randint(1, 2) if maybe(0.2) else None,
            ship_complete=maybe(0.1),
            partial_orders=not maybe(0.15),
            deliver_by=rng.choice(list(DeliverBy)),
        ),
        eligibility=(Eligibility(exclude_node_types=frozenset({NodeType.WAREHOUSE})),) if maybe(0.1) else (),
        safety_stock=(SafetyStock(units=1, node_types=frozenset({NodeType.STORE})),) if maybe(0.3) else (),
    )

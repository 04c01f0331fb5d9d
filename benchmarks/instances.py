"""Seeded orders on warehouses and stores with capacities, weight tiers and scarce store stock.

Warehouses carry most of the range and ship cheaply; stores are many and carry a fifth to a third of it, few of each.
The same shape and seed make the same world. `benchmarks.shop` is the retailer for benchmarks of time.
"""

import random
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sourcier.domain.network import (
    Capacity,
    CapacityMeasure,
    Method,
    Network,
    Node,
    NodeCalendar,
    NodeType,
    Service,
    TransitBand,
    WeightTier,
)
from sourcier.domain.order import Cart, Line
from sourcier.domain.place import Destination, GeoPoint
from sourcier.domain.rules import Constraints, Prices, RuleSet
from sourcier.domain.stock import StockRow
from sourcier.engine.compile import CompiledRules, compile_network, compile_rules
from sourcier.engine.snapshot import Snapshot

NUM_SKUS: Final = 400
NUM_WAREHOUSES: Final = 5
PLACED_AT: Final = datetime(2026, 3, 4, 9, 30, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """`lines` an order on warehouses that carry `carried` of the range, and `stores`."""

    lines: int
    stores: int
    carried: float

    @property
    def name(self) -> str:
        """Lines × nodes, and how much of the range the warehouses carry."""
        return f"{self.lines} x {self.stores + NUM_WAREHOUSES}, {self.carried:.0%}"


def network(shape: Shape, rng: random.Random) -> Network:
    """Warehouses ship cheaply, stores are many; parcels have weight tiers and stores a daily capacity."""
    service = Service(
        service_id="standard",
        method=Method.HOME_DELIVERY,
        transit=(TransitBand(max_distance_m=None, business_days=2),),
        delivery_days=frozenset(range(1, 7)),
        per_shipment_micros=8_760_000,
        per_unit_micros=423_000,
        per_unit_km_micros=336,
        weight_tiers=(
            WeightTier(max_grams=5_000, cost_micros=0),
            WeightTier(max_grams=20_000, cost_micros=2_500_000),
            WeightTier(max_grams=None, cost_micros=7_000_000),
        ),
    )
    calendar = NodeCalendar(working_days=frozenset(range(1, 7)), cut_off_minute=16 * 60)
    nodes = []
    for i in range(NUM_WAREHOUSES + shape.stores):
        big = i < NUM_WAREHOUSES
        nodes.append(
            Node(
                node_id=f"node-{i:03}",
                node_type=NodeType.WAREHOUSE if big else NodeType.STORE,
                point=GeoPoint(lat_e6=rng.randint(43_000_000, 50_000_000), lon_e6=rng.randint(-2_000_000, 7_000_000)),
                time_zone="Europe/Paris",
                calendar=calendar,
                services=("standard",),
                capacity=None if big else Capacity(measure=CapacityMeasure.UNITS, per_day=rng.randint(3, 24)),
                handling_per_unit_micros=200_000 if big else 700_000,
            )
        )
    return Network(currency_code="EUR", time_zone="Europe/Paris", nodes=tuple(nodes), services=(service,))


def stocked(shape: Shape, rng: random.Random) -> Snapshot:
    """Stores carry a fifth to a third of the range, one to four units of each."""
    places = network(shape, rng)
    snapshot = Snapshot(compile_network(places))
    rows = []
    for node in places.nodes:
        big = node.node_type is NodeType.WAREHOUSE
        share = shape.carried if big else rng.uniform(0.2, 0.3)
        rows += [
            StockRow(node_id=node.node_id, sku=f"sku-{k}", on_hand=rng.randint(5, 80) if big else rng.randint(1, 4))
            for k in range(NUM_SKUS)
            if rng.random() < share
        ]
    snapshot.put_rows(rows)
    return snapshot


def cart(shape: Shape, rng: random.Random) -> Cart:
    """Distinct SKUs, one to three units of each, to somewhere in the country."""
    lines = tuple(
        Line(
            line_id=str(i),
            sku=f"sku-{k}",
            quantity=rng.randint(1, 3),
            unit_weight_grams=rng.randint(100, 3_000),
            unit_price_micros=rng.randint(5, 80) * 1_000_000,
        )
        for i, k in enumerate(rng.sample(range(NUM_SKUS), shape.lines))
    )
    point = GeoPoint(lat_e6=rng.randint(43_000_000, 50_000_000), lon_e6=rng.randint(-2_000_000, 7_000_000))
    destination = Destination(country_code="FR", point=point)
    return Cart(channel="web", destination=destination, lines=lines, currency_code="EUR", placed_at=PLACED_AT)


def rules() -> CompiledRules:
    """Unfilled units cost more than any shipment; at most six shipments."""
    prices = Prices(split_micros=1_000_000, unfilled_per_unit_micros=60_000_000)
    rule_set = RuleSet(rule_set_id="bench", channels=("web",), prices=prices, constraints=Constraints(max_shipments=6))
    return compile_rules(rule_set, "ruleSets/bench/revisions/1")

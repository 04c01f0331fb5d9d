"""Seeded worlds for `benchmarks.decisions`: networks, stock, rules and orders as different as retailers are."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Final

from benchmarks import shop
from benchmarks.peers import streams
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
from sourcier.domain.supply import SupplyRow

MICROS: Final = 1_000_000
PLACED_AT: Final = datetime(2026, 3, 4, 9, 30, tzinfo=UTC)
NUM_SKUS: Final = 200
LINES_MAX: Final = 30
NODES: Final = (20, 50, 100, 200)
NUM_DRAWN: Final = 140
NUM_SHOPS: Final = 50
CARTS: Final = 100  # of every drawn world and every shop
STREAM_CARTS: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What stands still while `asked` is decided: pairs of a cart and whether it must be filled whole."""

    name: str
    network: Network
    rules: RuleSet
    rows: tuple[StockRow, ...]
    supplies: tuple[SupplyRow, ...]
    asked: tuple[tuple[Cart, bool], ...]


def worlds(data: Path) -> Iterator[World]:
    """All of them: 14,000 orders of drawn retailers, 5,000 of `benchmarks.shop`, 1,000 of the streams of the peers.

    The streams need the shared data; without its folder they are left out.
    """
    for number in range(NUM_DRAWN):
        yield drawn(number)
    for number in range(NUM_SHOPS):
        yield of_shop(number)
    if data.is_dir():
        yield from (of_stream(stream, data) for stream in (streams.jasin_sinha, streams.consumer_baskets))


def drawn(number: int) -> World:
    """A retailer drawn from its number: how many nodes, how well stocked, which tariffs, capacities and rules."""
    rng = Random(f"world {number}")
    network = _network(rng)
    carried, depth = rng.choice([0.5, 0.7, 0.9]), rng.choice([4, 80])
    rows = []
    for node in network.nodes:
        big = node.node_type is NodeType.WAREHOUSE
        share = carried if big else rng.uniform(0.05, 0.35)
        rows += [
            StockRow(node_id=node.node_id, sku=f"sku-{k}", on_hand=rng.randint(1, depth if big else 4))
            for k in range(NUM_SKUS)
            if rng.random() < share
        ]
    rules = RuleSet(rule_set_id="drawn", channels=("web",), prices=_prices(rng), constraints=_constraints(rng))
    asked = tuple((_cart(rng), rng.random() < 0.3) for _ in range(CARTS))
    return World(name=f"drawn {number}", network=network, rules=rules, rows=tuple(rows), supplies=(), asked=asked)


def of_shop(number: int) -> World:
    """`benchmarks.shop` with its calendars, rounds, shifts and dated supply; each cart asks for one of its services."""
    rng = Random(f"shop {number}")
    network = shop.network(NODES[number % len(NODES)])
    services = ("standard", "express")
    asked = []
    for _ in range(CARTS):
        (cart,) = shop.carts(_num_lines(rng), 1)
        point = GeoPoint(lat_e6=rng.randint(43_000_000, 50_000_000), lon_e6=rng.randint(-2_000_000, 7_000_000))
        lines = tuple(replace(line, sku=f"sku-{rng.randrange(shop.NUM_SKUS)}") for line in cart.lines)
        cart = replace(
            cart,
            lines=lines,
            destination=replace(cart.destination, point=point),
            services=rng.choice([services, services[:1]]),
        )
        asked.append((cart, rng.random() < 0.6))
    return World(
        name=f"shop {number}",
        network=network,
        rules=shop.rules(),
        rows=tuple(shop.stock(network.nodes)),
        supplies=tuple(shop.supply(network.nodes)),
        asked=tuple(asked),
    )


def of_stream(make: Callable[[Path, int, int], streams.Stream], data: Path) -> World:
    """The first orders of a stream of the peers, each on the stock that is there at the start."""
    stream = make(data, 1, STREAM_CARTS)
    return World(
        name=stream.name,
        network=stream.network,
        rules=stream.rule_set,
        rows=stream.stock,
        supplies=(),
        asked=tuple((cart, False) for cart in stream.carts),
    )


def _network(rng: Random) -> Network:
    num_nodes = rng.choice(NODES)
    num_warehouses = rng.randint(1, 6)
    services = [_service(rng, "standard")]
    if rng.random() < 0.3:
        services.append(_service(rng, "express"))
    measure = rng.choice([None, None, *CapacityMeasure])
    calendar = NodeCalendar(working_days=frozenset(range(1, 7)), cut_off_minute=16 * 60)
    dear = rng.choice([300_000, 700_000, 1_500_000])
    nodes = []
    for i in range(num_nodes):
        big = i < num_warehouses
        capacity = None if big or measure is None else Capacity(measure=measure, per_day=rng.randint(1, 24))
        nodes.append(
            Node(
                node_id=f"node-{i:03}",
                node_type=NodeType.WAREHOUSE if big else NodeType.STORE,
                point=_point(rng),
                time_zone="Europe/Paris",
                calendar=calendar,
                services=tuple(service.service_id for service in services),
                capacity=capacity,
                handling_per_shipment_micros=0 if big else rng.randint(0, 10) * 100_000,
                handling_per_unit_micros=200_000 if big else dear,
            )
        )
    return Network(currency_code="EUR", time_zone="Europe/Paris", nodes=tuple(nodes), services=tuple(services))


def _service(rng: Random, name: str) -> Service:
    fast = name == "express"
    steps = rng.choice([(), (2_000, 10_000), (5_000, 20_000), (5_000, 20_000)])
    costs = sorted(rng.randint(0, 70) * 100_000 for _ in range(len(steps) + 1)) if steps else []
    last = rng.choice([None, 30_000])
    return Service(
        service_id=name,
        method=Method.EXPRESS if fast else Method.HOME_DELIVERY,
        transit=(TransitBand(max_distance_m=None, business_days=1 if fast else 2),),
        delivery_days=frozenset(range(1, 7)),
        per_shipment_micros=rng.randint(30, 90) * 100_000 + (3 * MICROS if fast else 0),
        per_shipment_km_micros=rng.choice([0, 1_000, 3_000]),
        per_unit_micros=423_000,
        per_unit_km_micros=rng.choice([100, 336, 900]),
        per_kg_micros=rng.choice([0, 250_000]),
        weight_tiers=tuple(
            WeightTier(max_grams=grams, cost_micros=cost)
            for grams, cost in zip((*steps, last) if steps else (), costs, strict=True)
        ),
    )


def _prices(rng: Random) -> Prices:
    return Prices(
        split_micros=rng.choice([0, 500_000, MICROS, 2 * MICROS]),
        unfilled_per_unit_micros=rng.choice([3, 15, 60, 60]) * MICROS,
        unfilled_value_bp=rng.choice([0, 1_000]),
    )


def _constraints(rng: Random) -> Constraints:
    return Constraints(
        max_shipments=rng.choice([None, None, 2, 4, 6]),
        max_nodes_per_line=rng.choice([None, None, None, 1, 2]),
        ship_complete=rng.random() < 0.05,
        partial_orders=rng.random() < 0.8,
    )


def _num_lines(rng: Random) -> int:
    """A fifth have one line, most a few, a sixth more than fifteen."""
    low, high = rng.choice([(1, 1), (2, 5), (2, 5), (6, 10), (6, 15), (16, LINES_MAX)])
    return rng.randint(low, high)


def _cart(rng: Random) -> Cart:
    """Mostly one to three units of distinct SKUs; now and then ten, or a SKU on two lines."""
    skus = [f"sku-{k}" for k in rng.sample(range(NUM_SKUS), _num_lines(rng))]
    if rng.random() < 0.08:
        skus.append(rng.choice(skus))
    few_weights = rng.random() < 0.5
    lines = tuple(
        Line(
            line_id=str(i),
            sku=sku,
            quantity=10 if rng.random() < 0.03 else rng.randint(1, 3),
            unit_weight_grams=rng.choice([150, 400, 900]) if few_weights else rng.randint(50, 3_000),
            unit_price_micros=rng.randint(5, 80) * MICROS,
        )
        for i, sku in enumerate(skus)
    )
    destination = Destination(country_code="FR", point=_point(rng))
    return Cart(channel="web", destination=destination, lines=lines, currency_code="EUR", placed_at=PLACED_AT)


def _point(rng: Random) -> GeoPoint:
    return GeoPoint(lat_e6=rng.randint(43_000_000, 50_000_000), lon_e6=rng.randint(-2_000_000, 7_000_000))

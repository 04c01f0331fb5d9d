"""Three streams of orders: the public Jasin-Sinha instances, real orders on a real map, and consumer-shaped baskets."""

import csv
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from math import asin, cos, radians, sin, sqrt
from pathlib import Path
from random import Random
from typing import Final

from benchmarks.online_retail import command as online_retail
from benchmarks.online_retail import data as shared
from sourcier.domain.network import Method, Network, Node, NodeCalendar, NodeType, Service, TransitBand
from sourcier.domain.order import Cart, Line, Order
from sourcier.domain.place import Destination, GeoPoint
from sourcier.domain.rules import Constraints, Prices, RuleSet
from sourcier.domain.stock import StockRow

MICROS: Final = 1_000_000
PLACED_AT: Final = datetime(2026, 3, 4, 9, 30, tzinfo=UTC)
EARTH_KM: Final = 6_371.0088
KM_PER_MILE: Final = 1.61  # as the published instances count

# Jasin and Sinha 2015, the small family, as in the published experiments (Ma 2023).
CENTRES: Final = ("OAK4", "IND1", "AVP3", "CAE1", "DFW7")
NUM_CITIES: Final = 10
NUM_ITEMS: Final = 20
SIZE_MAX: Final = 5
TYPES_PER_SIZE: Final = 5
CARRIED: Final = 0.75
SAFETY: Final = 0.5  # standard deviations of demand
LOST_SALE: Final = 60  # dollars a unit left unfilled: the published dummy centre makes it cheaper not to ship

# Consumer baskets: nearly half have one line (46 % in the real orders that are public), 2.5 lines on average.
SINGLE_SHARE: Final = 0.46
MORE_LINES: Final = 0.64  # of baskets with several lines, the share that has one more, and again


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """Orders in time order, and the world they come upon. `caveat` says what of it is made up."""

    name: str
    caveat: str
    network: Network
    rule_set: RuleSet
    stock: tuple[StockRow, ...]
    carts: tuple[Cart, ...]
    hindsight: bool = False  # what it costs at least with foresight can be computed


def jasin_sinha(folder: Path, seed: int, num_orders: int) -> Stream:
    """One instance of the small family with `num_orders` arrivals; its stock is scaled to that number."""
    random = Random(f"jasin-sinha {seed}")
    centres = [row for row in _rows(folder / "jasin_sinha_2015" / "fulfillment_centers.csv") if row["name"] in CENTRES]
    cities = sorted(_rows(folder / "jasin_sinha_2015" / "cities.csv"), key=lambda row: -int(row["population"]))
    cities = cities[:NUM_CITIES]
    population = [int(city["population"]) for city in cities]
    types, weights = _order_types(random)
    carried = [[random.random() < CARRIED for _ in range(NUM_ITEMS)] for _ in centres]
    stock = _stock(centres, cities, population, types, weights, carried, num_orders)
    carts: list[Cart] = []
    while len(carts) < num_orders:
        chosen = random.choices(types, weights)[0]
        city = random.choices(cities, population)[0]
        if chosen:
            carts.append(_cart(chosen, _point(city)))
    prices = Prices(unfilled_per_unit_micros=LOST_SALE * MICROS, unfilled_value_bp=0)
    return Stream(
        name="Jasin-Sinha, small, lost sales",
        caveat="synthetic: the public generator, with a price of $60 a lost unit",
        network=_network(centres),
        rule_set=RuleSet(rule_set_id="peers", channels=("web",), prices=prices, constraints=Constraints()),
        stock=stock,
        carts=tuple(carts),
        hindsight=True,
    )


def real_orders(folder: Path, seed: int, num_orders: int) -> Stream:
    """The first real orders on the map of the Online Retail benchmark: stores take few orders a day."""
    world = online_retail.build(shared.read(folder), seed, date(2026, 11, 21), num_orders)
    orders = [order for order in world.orders if isinstance(order, Order)]
    return Stream(
        name="real orders",
        caveat="British baskets on an American network; stock is drawn from a seed",
        network=world.network,
        rule_set=world.rule_set,
        stock=tuple(StockRow(node_id=r.node_id, sku=r.sku, on_hand=r.quantity) for r in world.stock),
        carts=tuple(order.cart for order in orders[:num_orders]),
    )


def consumer_baskets(folder: Path, seed: int, num_orders: int) -> Stream:
    """Baskets of 2.5 lines on the same map and stock, without capacities.

    SKUs come as often as the real orders ask for them, one unit each.
    """
    real = real_orders(folder, seed, 10 * num_orders)
    random = Random(f"consumer {seed}")
    lines = [line for cart in real.carts for line in cart.lines]
    carts = []
    for cart in real.carts[:num_orders]:
        size = 1
        if random.random() >= SINGLE_SHARE:
            size = 2
            while random.random() < MORE_LINES:
                size += 1
        chosen = {line.sku: line for line in random.choices(lines, k=size)}
        basket = tuple(replace(line, line_id=str(i), quantity=1) for i, line in enumerate(chosen.values(), start=1))
        carts.append(replace(cart, lines=basket))
    return replace(
        real,
        network=_uncapped(real.network),
        name="consumer baskets",
        caveat="synthetic: sizes drawn so that 46 % have one line; SKUs and places as in the real orders",
        carts=tuple(carts),
    )


STREAMS: Final[tuple[Callable[[Path, int, int], Stream], ...]] = (jasin_sinha, real_orders, consumer_baskets)


def _order_types(random: Random) -> tuple[list[tuple[int, ...]], list[float]]:
    """The empty order and random subsets of each size, with their probabilities."""
    of_size = [random.random() for _ in range(SIZE_MAX + 1)]
    types: list[tuple[int, ...]] = [()]
    weights = [of_size[0]]
    for size in range(1, SIZE_MAX + 1):
        inside = [random.random() for _ in range(TYPES_PER_SIZE)]
        for share in inside:
            types.append(tuple(random.sample(range(NUM_ITEMS), size)))
            weights.append(of_size[size] * share / sum(inside))
    whole = sum(weights)
    return types, [weight / whole for weight in weights]


def _stock(
    centres: list[dict[str, str]],
    cities: list[dict[str, str]],
    population: list[int],
    types: list[tuple[int, ...]],
    weights: list[float],
    carried: list[list[bool]],
    num_orders: int,
) -> tuple[StockRow, ...]:
    """Each city's demand for an item goes to its nearest centre that carries it, half a deviation on top."""
    shipped = num_orders / (1 - weights[0])  # arrivals, empty orders included
    per_item = [sum(w for w, chosen in zip(weights, types, strict=True) if item in chosen) for item in range(NUM_ITEMS)]
    demand = [[0.0] * NUM_ITEMS for _ in centres]
    for city, people in zip(cities, population, strict=True):
        near = sorted(range(len(centres)), key=lambda k: _km(centres[k], city))
        for item in range(NUM_ITEMS):
            home = next((k for k in near if carried[k][item]), None)
            if home is not None:
                demand[home][item] += per_item[item] * people / sum(population)
    rows = []
    for centre, items in zip(centres, demand, strict=True):
        for item, share in enumerate(items):
            units = round(shipped * share + SAFETY * sqrt(shipped * share * (1 - share)))
            rows.append(StockRow(node_id=centre["name"], sku=f"item-{item}", on_hand=units))
    return tuple(rows)


def _network(centres: list[dict[str, str]]) -> Network:
    """8.759 a shipment, 0.423 + 0.000541 a mile for each unit; distances as the engine measures them."""
    service = Service(
        service_id="standard",
        method=Method.HOME_DELIVERY,
        transit=(TransitBand(max_distance_m=None, business_days=2),),
        delivery_days=frozenset(range(1, 8)),
        per_shipment_micros=8_759_000,
        per_unit_micros=423_000,
        per_unit_km_micros=round(541 / KM_PER_MILE),
    )
    calendar = NodeCalendar(working_days=frozenset(range(1, 8)), cut_off_minute=16 * 60)
    nodes = tuple(
        Node(
            node_id=centre["name"],
            node_type=NodeType.WAREHOUSE,
            point=_point(centre),
            time_zone="UTC",
            calendar=calendar,
            services=("standard",),
        )
        for centre in centres
    )
    return Network(currency_code="USD", time_zone="UTC", nodes=nodes, services=(service,))


def _uncapped(network: Network) -> Network:
    return replace(network, nodes=tuple(replace(node, capacity=None, rounds=(), shifts=()) for node in network.nodes))


def _cart(items: Iterable[int], point: GeoPoint) -> Cart:
    lines = tuple(Line(line_id=str(i), sku=f"item-{i}", quantity=1) for i in items)
    destination = Destination(country_code="US", point=point)
    return Cart(channel="web", destination=destination, lines=lines, currency_code="USD", placed_at=PLACED_AT)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _point(row: dict[str, str]) -> GeoPoint:
    return GeoPoint(lat_e6=round(float(row["lat"]) * MICROS), lon_e6=round(float(row["lon"]) * MICROS))


def _km(a: dict[str, str], b: dict[str, str]) -> float:
    lat_a, lon_a, lat_b, lon_b = (radians(float(row[key])) for row in (a, b) for key in ("lat", "lon"))
    half = sin((lat_a - lat_b) / 2) ** 2 + cos(lat_a) * cos(lat_b) * sin((lon_a - lon_b) / 2) ** 2
    return 2 * EARTH_KM * asin(sqrt(half))

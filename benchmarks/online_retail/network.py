"""The network: five warehouses and 200 stores that ship by two services. Rules and tariffs in the package's text."""

from math import ceil
from random import Random
from typing import Final

from benchmarks.online_retail.data import Data, Place
from benchmarks.online_retail.geography import METRES_PER_MILE, TIME_ZONE_OF_STATE
from benchmarks.online_retail.stream import CURRENCY, TIME_ZONE, point_of
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

NUM_STORES: Final = 200
STORE_ORDERS_PER_DAY: Final = (2, 6)
MICROS: Final = 1_000_000
MON_SAT: Final = frozenset(range(1, 7))
MON_FRI: Final = frozenset(range(1, 6))
WAREHOUSE_CALENDAR: Final = NodeCalendar(working_days=MON_FRI, cut_off_minute=16 * 60, processing_minutes=120)
STORE_CALENDAR: Final = NodeCalendar(working_days=MON_SAT, cut_off_minute=14 * 60, processing_minutes=180)

# GBP a shipment and a unit, between which a node's handling is drawn; stores pick among their customers.
WAREHOUSE_HANDLING: Final = ((0.40, 0.80), (0.06, 0.12))
STORE_HANDLING: Final = ((1.00, 2.00), (0.40, 0.80))

MILES_PER_DAY: Final = 500
MILES_MAX: Final = 3_000

# Kilograms and GBP.
STANDARD_TIERS: Final = ((5, 0.0), (15, 2.4), (30, 5.2), (70, 11.5), (250, 38.0), (1_000, 95.0), (None, 260.0))
EXPRESS_TIERS: Final = ((5, 0.0), (15, 6.0), (30, 14.0), (70, 32.0))


def network(data: Data, seed: int) -> Network:
    """Nodes sorted by id, warehouses first."""
    stores = Random(f"stores {seed}").sample(data.stores, NUM_STORES)
    nodes = [_warehouse(place, seed) for place in data.warehouses]
    nodes += sorted((_store(place, seed) for place in stores), key=lambda node: node.node_id)
    return Network(currency_code=CURRENCY, time_zone=TIME_ZONE, nodes=tuple(nodes), services=(standard(), express()))


def standard() -> Service:
    """The tariff of the published instances plus weight tiers; ceil(miles / 500) + 1 business days."""
    bands = [
        TransitBand(max_distance_m=round(far * METRES_PER_MILE), business_days=ceil(far / MILES_PER_DAY) + 1)
        for far in range(MILES_PER_DAY, MILES_MAX, MILES_PER_DAY)
    ]
    last = TransitBand(max_distance_m=None, business_days=ceil(MILES_MAX / MILES_PER_DAY) + 1)
    return Service(
        service_id="standard",
        method=Method.HOME_DELIVERY,
        transit=(*bands, last),
        delivery_days=MON_SAT,
        per_shipment_micros=_micros(8.759),
        per_unit_micros=_micros(0.423),
        per_unit_km_micros=_per_km(0.000541),
        weight_tiers=_tiers(STANDARD_TIERS),
    )


def express() -> Service:
    """Dearer and faster: one business day up to 500 miles, two beyond, no freight."""
    return Service(
        service_id="express",
        method=Method.HOME_DELIVERY,
        transit=(
            TransitBand(max_distance_m=round(MILES_PER_DAY * METRES_PER_MILE), business_days=1),
            TransitBand(max_distance_m=None, business_days=2),
        ),
        delivery_days=MON_FRI,
        per_shipment_micros=_micros(15.90),
        per_unit_micros=_micros(0.69),
        per_unit_km_micros=_per_km(0.00095),
        weight_tiers=_tiers(EXPRESS_TIERS),
    )


def _warehouse(place: Place, seed: int) -> Node:
    random = Random(f"node {seed} {place.place_id}")
    return _node(place, NodeType.WAREHOUSE, WAREHOUSE_CALENDAR, WAREHOUSE_HANDLING, random)


def _store(place: Place, seed: int) -> Node:
    random = Random(f"node {seed} {place.place_id}")
    capacity = Capacity(measure=CapacityMeasure.ORDERS, per_day=random.randint(*STORE_ORDERS_PER_DAY))
    return _node(place, NodeType.STORE, STORE_CALENDAR, STORE_HANDLING, random, capacity)


def _node(
    place: Place,
    node_type: NodeType,
    calendar: NodeCalendar,
    handling: tuple[tuple[float, float], tuple[float, float]],
    random: Random,
    capacity: Capacity | None = None,
) -> Node:
    return Node(
        node_id=place.place_id,
        node_type=node_type,
        point=point_of(place),
        time_zone=TIME_ZONE_OF_STATE[place.state],
        calendar=calendar,
        services=("standard", "express"),
        capacity=capacity,
        handling_per_shipment_micros=_micros(random.uniform(*handling[0]), 10_000),
        handling_per_unit_micros=_micros(random.uniform(*handling[1]), 10_000),
    )


def _micros(pounds: float, step: int = 1) -> int:
    """Micros of GBP, to the nearest multiple of `step`."""
    return round(pounds * MICROS / step) * step


def _per_km(pounds_per_mile: float) -> int:
    return round(pounds_per_mile * MICROS * 1_000 / METRES_PER_MILE)


def _tiers(tiers: tuple[tuple[int | None, float], ...]) -> tuple[WeightTier, ...]:
    return tuple(
        WeightTier(max_grams=None if kilograms is None else kilograms * 1_000, cost_micros=_micros(pounds))
        for kilograms, pounds in tiers
    )

"""Where goods can leave from and how they travel: nodes, services, zones."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sourcier.domain.order import GeoPoint


class NodeType(StrEnum):
    """What kind of place a node is; rules speak of these."""

    WAREHOUSE = "WAREHOUSE"
    STORE = "STORE"
    SUPPLIER = "SUPPLIER"


class NodeStatus(StrEnum):
    """Whether a node takes part in decisions at all."""

    OPEN = "OPEN"
    OFFLINE = "OFFLINE"


class Method(StrEnum):
    """How the customer gets the goods."""

    HOME_DELIVERY = "HOME_DELIVERY"


class CapacityMeasure(StrEnum):
    """What a node's daily capacity counts."""

    ORDERS = "ORDERS"
    LINES = "LINES"
    UNITS = "UNITS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """At most `per_day` orders, lines or units leave a node on one ship day."""

    measure: CapacityMeasure
    per_day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeCalendar:
    """When a node works. `working_days` are ISO weekdays (1 Monday .. 7 Sunday) in the node's zone.

    What is ready by `cut_off_minute` (minutes after local midnight) of a working day leaves that day; an order is
    ready `processing_minutes` after it was placed.
    """

    working_days: frozenset[int]
    cut_off_minute: int
    processing_minutes: int = 0
    closed_dates: frozenset[date] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A warehouse, store or supplier that can ship. `services` names the carrier services that collect there."""

    node_id: str
    node_type: NodeType
    point: GeoPoint
    time_zone: str
    calendar: NodeCalendar
    services: tuple[str, ...]
    capacity: Capacity | None = None
    handling_per_shipment_micros: int = 0
    handling_per_unit_micros: int = 0
    status: NodeStatus = NodeStatus.OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightTier:
    """A shipment of at most `max_grams` (None: any weight) costs `cost_micros` on top."""

    max_grams: int | None
    cost_micros: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TransitBand:
    """To destinations within `max_distance_m` metres (None: any distance) transit takes `business_days`."""

    max_distance_m: int | None
    business_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A carrier's service level: its speed by distance zone and its tariff.

    A shipment costs ``per_shipment + per_shipment_km * km + tier(weight)`` and every unit in it
    ``per_unit + per_unit_km * km + per_kg * weight``. No tier for the weight, or no band for the distance: no offer.
    """

    service_id: str
    method: Method
    transit: tuple[TransitBand, ...]
    delivery_days: frozenset[int]
    closed_dates: frozenset[date] = frozenset()
    per_shipment_micros: int = 0
    per_shipment_km_micros: int = 0
    per_unit_micros: int = 0
    per_unit_km_micros: int = 0
    per_kg_micros: int = 0
    weight_tiers: tuple[WeightTier, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PostalArea:
    """All postal codes of a country that start with `prefix` lie about `point`; the longest prefix wins."""

    country_code: str
    prefix: str
    point: GeoPoint
    time_zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Everything that changes slowly. `time_zone` is that of destinations given by coordinates alone."""

    currency_code: str
    time_zone: str
    nodes: tuple[Node, ...]
    services: tuple[Service, ...]
    postal_areas: tuple[PostalArea, ...] = ()


def capacity_pool_id(node_id: str) -> str:
    """The ledger's pool that counts a node's daily capacity; its buckets are ship days (ISO dates)."""
    return f"node-day:{node_id}"

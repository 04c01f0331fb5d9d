"""Where goods can leave from and how they travel: nodes, services, zones."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sourcier.domain.place import GeoPoint


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
    """How the customer gets the goods.

    CLICK_AND_COLLECT: a store gives out its own stock. SHIP_TO_STORE: nodes send the goods to the store where the
    customer collects all of it at once. An order in store is no method: it comes from the till's channel.
    """

    HOME_DELIVERY = "HOME_DELIVERY"
    EXPRESS = "EXPRESS"
    SAME_DAY = "SAME_DAY"
    CLICK_AND_COLLECT = "CLICK_AND_COLLECT"
    SHIP_TO_STORE = "SHIP_TO_STORE"

    @property
    def collected(self) -> bool:
        """Whether the customer comes to a store for it."""
        return self in (Method.CLICK_AND_COLLECT, Method.SHIP_TO_STORE)


class CapacityMeasure(StrEnum):
    """What a capacity counts. A carrier's round counts parcels, one per shipment: ORDERS."""

    ORDERS = "ORDERS"
    LINES = "LINES"
    UNITS = "UNITS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """At most `per_day` orders, lines or units leave a node on one ship day."""

    measure: CapacityMeasure
    per_day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """From `from_minute` up to, not including, `to_minute`, minutes after local midnight (0..1440), on `days`.

    `days` are ISO weekdays (1 Monday .. 7 Sunday).
    """

    days: frozenset[int]
    from_minute: int
    to_minute: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DayException:
    """What is different on one date: it replaces holidays, working days and hours of that date.

    `picking` and `opening` are (from, to) in minutes after local midnight; both empty means closed. A day without
    `picking` has no carrier rounds, one without `opening` no collection. The picking clock runs in `picking` alone,
    also where the calendar has no picking hours.
    """

    day: date
    picking: tuple[tuple[int, int], ...] = ()
    opening: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeCalendar:
    """When a node works, in the node's zone. `working_days` are ISO weekdays (1 Monday .. 7 Sunday).

    What is ready by `cut_off_minute` (minutes after local midnight) of a working day leaves that day, unless carrier
    rounds say otherwise. An order is ready when the node has worked `backlog_minutes`, `processing_minutes` and
    `processing_seconds_per_unit` for each of the units of the whole order on it (whatever part it sends); that clock
    runs in the picking hours of working days, or around the clock on every day where there are none. Customers collect
    in the opening hours of working days (none: all day).
    `holidays` names a calendar of public holidays, such as ``FR`` or ``US-CA``; `closed_dates` come on top.
    """

    working_days: frozenset[int]
    cut_off_minute: int
    processing_minutes: int = 0
    closed_dates: frozenset[date] = frozenset()
    picking_hours: tuple[Hours, ...] = ()
    opening_hours: tuple[Hours, ...] = ()
    exceptions: tuple[DayException, ...] = ()
    holidays: str = ""
    processing_seconds_per_unit: int = 0
    backlog_minutes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """When a carrier service collects at a node: at `pickup_minute` of the local `days` on which the node works.

    Orders placed after `cut_off_minute` of that day wait for the next round, ready or not (None: ready is enough). With
    `every_minutes` it comes again and again until `last_pickup_minute`, and every repeat has its cut-off as long before
    its pickup. At most `parcels` go with one round (None: any number).
    """

    service_id: str
    days: frozenset[int]
    pickup_minute: int
    cut_off_minute: int | None = None
    every_minutes: int | None = None
    last_pickup_minute: int | None = None
    parcels: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """A part of a node's day with a capacity of its own: (from, to) minutes after local midnight of its day.

    A night shift ends on the next day: its `to_minute` is then beyond 1440, up to 2880.
    """

    shift_id: str
    from_minute: int
    to_minute: int
    measure: CapacityMeasure
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A warehouse, store or supplier that can ship. `services` names the carrier services that collect there.

    A service with `rounds` at the node leaves with them; one without leaves at the calendar's cut-off. A node with
    `shifts` picks an order in the last one that starts before it is ready, if that is not over when the order comes;
    otherwise, or where there is no room, in a later one, and its work then starts with that shift.
    """

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
    rounds: tuple[Round, ...] = ()
    shifts: tuple[Shift, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightTier:
    """A shipment of at most `max_grams` (None: any weight) costs `cost_micros` on top."""

    max_grams: int | None
    cost_micros: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TransitShare:
    """`share_bp` basis points of all parcels take exactly `business_days`."""

    business_days: int
    share_bp: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TransitBand:
    """To destinations within `max_distance_m` metres (None: any distance) transit takes `business_days`.

    With a measured `distribution` (shares of 10,000 basis points in all, days rising) it takes the days of the
    quantile that the rule set asks for, and `business_days` is not looked at.
    """

    max_distance_m: int | None
    business_days: int
    distribution: tuple[TransitShare, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneTransit:
    """Transit to a zone; it comes before the distance bands. The lane of named nodes comes before that of all nodes.

    `delivery_days` None means those of the service.
    """

    zone_id: str
    business_days: int
    distribution: tuple[TransitShare, ...] = ()
    node_ids: frozenset[str] = frozenset()
    delivery_days: frozenset[int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A carrier's service level: its speed by zone or distance, its tariff, its carbon.

    A shipment costs ``per_shipment + per_shipment_km * km + tier(weight)`` and every unit in it
    ``per_unit + per_unit_km * km + per_kg * weight``. No tier for the weight, or neither a zone nor a band for the
    destination: no offer. It emits ``co2_g_per_shipment + co2_mg_per_kg_km * kg * km / 1000`` grams.

    `windows` are the hours in which it delivers, in the destination's zone. SAME_DAY delivers `courier_minutes` after
    the round that collects it, on that very day, if that lies in a window. SHIP_TO_STORE takes `collect_minutes` at
    the store from the arrival until the customer can collect, in its opening hours.
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
    holidays: str = ""
    windows: tuple[Hours, ...] = ()
    zone_transit: tuple[ZoneTransit, ...] = ()
    courier_minutes: int = 0
    collect_minutes: int = 0
    co2_g_per_shipment: int = 0
    co2_mg_per_kg_km: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PostalArea:
    """All postal codes of a country that start with `prefix` lie about `point`; the longest prefix wins."""

    country_code: str
    prefix: str
    point: GeoPoint
    time_zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PostalRange:
    """Postal codes of a country whose first characters lie between `low` and `high`, both included, of one length."""

    country_code: str
    low: str
    high: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """Destinations that carriers treat alike. No postal code lies in two zones."""

    zone_id: str
    ranges: tuple[PostalRange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferLane:
    """Goods go from one node to another by a service, to be consolidated there or collected there.

    Lanes form no cycle.
    """

    from_node_id: str
    to_node_id: str
    service_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Everything that changes slowly. `time_zone` is that of destinations given by coordinates alone.

    Nodes reach a store for SHIP_TO_STORE, and a hub for consolidation, by `transfer_lanes` alone.
    """

    currency_code: str
    time_zone: str
    nodes: tuple[Node, ...]
    services: tuple[Service, ...]
    postal_areas: tuple[PostalArea, ...] = ()
    zones: tuple[Zone, ...] = ()
    transfer_lanes: tuple[TransferLane, ...] = ()


def capacity_pool_id(node_id: str) -> str:
    """The ledger's pool that counts a node's daily capacity; its buckets are ship days (ISO dates)."""
    return f"node-day:{node_id}"


def shift_pool_id(node_id: str, shift_id: str) -> str:
    """The ledger's pool of a node's shift; its buckets are the days of the shift (ISO dates)."""
    return f"node-shift:{node_id}:{shift_id}"


def round_pool_id(node_id: str, service_id: str, pickup_minute: int) -> str:
    """The ledger's pool of a carrier's round; its buckets are ship days (ISO dates)."""
    return f"round:{node_id}:{service_id}:{pickup_minute:04d}"

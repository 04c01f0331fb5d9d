"""Reads a network from YAML, its postal areas from there or a CSV table beside it: all faults at once.

`NETWORK_KEYS` is the whole language; `docs/reference/network.md` explains it, and a test compares the two.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from sourcier.domain.errors import Reason
from sourcier.domain.limits import (
    CAPACITY_PER_DAY_MAX,
    CLOSED_DATES_MAX,
    NETWORK_BYTES_MAX,
    NODES_MAX,
    POSTAL_AREAS_MAX,
    PROCESSING_MINUTES_MAX,
    SERVICES_MAX,
    TRANSIT_BANDS_MAX,
    TRANSIT_DAYS_MAX,
    UNIT_WEIGHT_GRAMS_MAX,
    WEIGHT_TIERS_MAX,
)
from sourcier.domain.network import (
    Capacity,
    CapacityMeasure,
    Method,
    Network,
    Node,
    NodeCalendar,
    NodeStatus,
    NodeType,
    PostalArea,
    Service,
    TransitBand,
    WeightTier,
)
from sourcier.domain.place import GeoPoint
from sourcier.inputs import values, yaml_nodes
from sourcier.inputs.faults import Faults
from sourcier.inputs.fields import Fields, read_fields
from sourcier.inputs.postal_areas import read_postal_areas

_WORK: Final = (
    "time_zone",
    "working_days",
    "cut_off",
    "processing_minutes",
    "closed_dates",
    "services",
    "capacity",
    "handling",
    "status",
)
NETWORK_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "": ("currency", "time_zone", "services", "node_defaults", "nodes", "postal_areas"),
    "services[]": ("service", "method", "transit", "delivery_days", "closed_dates", "tariff"),
    "services[].transit[]": ("max_km", "business_days"),
    "services[].tariff": (
        "per_shipment",
        "per_shipment_km",
        "per_unit",
        "per_unit_km",
        "per_kg",
        "weight_tiers",
    ),
    "services[].tariff.weight_tiers[]": ("max_kg", "cost"),
    "node_defaults": tuple(node_type.value.lower() for node_type in NodeType),
    "node_defaults.*": _WORK,
    "nodes[]": ("node", "node_type", "lat", "lon", *_WORK),
    "nodes[].capacity": ("measure", "per_day"),
    "nodes[].handling": ("per_shipment", "per_unit"),
    "postal_areas[]": ("country", "prefix", "lat", "lon", "time_zone"),
}

_OTHER_WORDS: Final = {
    "cutoff": "; did you mean cut_off?",
    "cut_off_time": "; did you mean cut_off?",
    "lead_time": "; use processing_minutes",
    "processing_time": "; use processing_minutes",
    "transit_days": "; use transit, a list of {max_km, business_days}",
    "timezone": "; did you mean time_zone?",
    "latitude": "; did you mean lat?",
    "longitude": "; did you mean lon?",
    "max_orders": "; use capacity: {measure: orders, per_day: ...}",
}
_ELSEWHERE: Final = {
    key: f"; it belongs under {section.removesuffix('[]').replace('[]', '')}"
    for section in ("services[]", "services[].tariff", "nodes[].capacity")
    for key in NETWORK_KEYS[section]
    if key not in {"service", "closed_dates"}
}

_kilograms_in_grams = values.scaled(3, 1, UNIT_WEIGHT_GRAMS_MAX, "a weight in kg")


def parse_network(text: str, filename: str) -> Network:
    """The network in `text`. `postal_areas` may name a CSV file in the folder of `filename`.

    Raises
    ------
    Refusal
        NETWORK_INVALID with every fault as ``Violation(field="file:line:col")``.
    """
    faults = Faults(filename=filename, reason=Reason.NETWORK_INVALID, advice=_ELSEWHERE | _OTHER_WORDS)
    root = yaml_nodes.compose(text, NETWORK_BYTES_MAX, faults)
    top = read_fields(root, "", NETWORK_KEYS[""], faults)
    time_zone = top.value("time_zone", values.time_zone, "UTC", required=True)
    services = _services(top)
    network = Network(
        currency_code=top.value("currency", values.currency_code, "", required=True),
        time_zone=time_zone,
        nodes=_nodes(top, time_zone, tuple(service.service_id for service in services)),
        services=services,
        postal_areas=_postal_areas(top, time_zone, Path(filename).parent),
    )
    faults.raise_if_any()
    return network


def _services(top: Fields) -> tuple[Service, ...]:
    seen: dict[str, int] = {}
    return tuple(
        _service(entry, seen)
        for entry in top.sections("services", NETWORK_KEYS["services[]"], SERVICES_MAX, required=True)
    )


def _service(entry: Fields, seen: dict[str, int]) -> Service:
    tariff = entry.section("tariff", NETWORK_KEYS["services[].tariff"], required=True)
    return Service(
        service_id=_unique(entry, "service", values.name, seen),
        method=entry.value("method", values.word_of(Method), Method.HOME_DELIVERY),
        transit=_transit(entry),
        delivery_days=_weekdays(entry, "delivery_days"),
        closed_dates=_closed_dates(entry),
        per_shipment_micros=tariff.value("per_shipment", values.money, 0),
        per_shipment_km_micros=tariff.value("per_shipment_km", values.money, 0),
        per_unit_micros=tariff.value("per_unit", values.money, 0),
        per_unit_km_micros=tariff.value("per_unit_km", values.money, 0),
        per_kg_micros=tariff.value("per_kg", values.money, 0),
        weight_tiers=_weight_tiers(tariff),
    )


def _transit(service: Fields) -> tuple[TransitBand, ...]:
    keys = NETWORK_KEYS["services[].transit[]"]
    entries = tuple(service.sections("transit", keys, TRANSIT_BANDS_MAX, required=True))
    limits = _ascending(entries, "max_km", values.metres_from_km)
    days = values.whole(0, TRANSIT_DAYS_MAX)
    return tuple(
        TransitBand(max_distance_m=limit, business_days=entry.value("business_days", days, 0, required=True))
        for entry, limit in zip(entries, limits, strict=True)
    )


def _weight_tiers(tariff: Fields) -> tuple[WeightTier, ...]:
    keys = NETWORK_KEYS["services[].tariff.weight_tiers[]"]
    entries = tuple(tariff.sections("weight_tiers", keys, WEIGHT_TIERS_MAX))
    limits = _ascending(entries, "max_kg", _kilograms_in_grams)
    return tuple(
        WeightTier(max_grams=limit, cost_micros=entry.value("cost", values.money, 0, required=True))
        for entry, limit in zip(entries, limits, strict=True)
    )


def _ascending(entries: tuple[Fields, ...], key: str, read: Callable[[str], int]) -> list[int | None]:
    """The upper limits of bands or tiers; each above the one before it, and only the last may be open."""
    limits = [entry.value(key, read, None) for entry in entries]
    for (entry, limit), (after, next_limit) in pairwise(zip(entries, limits, strict=True)):
        if key not in entry and entry.readable:
            entry.fault(f"{key} is missing; only the last entry may be without a limit")
        elif limit is not None and next_limit is not None and next_limit <= limit:
            after.fault("must be above the entry before it", key)
    return limits


def _nodes(top: Fields, time_zone: str, service_ids: tuple[str, ...]) -> tuple[Node, ...]:
    defaults = _node_defaults(top, time_zone, service_ids)
    seen: dict[str, int] = {}
    nodes = []
    for own in top.sections("nodes", NETWORK_KEYS["nodes[]"], NODES_MAX, required=True):
        node_type = own.value("node_type", values.word_of(NodeType), None, required=True)
        # Of a node of no known type nobody can say which defaults it lacks.
        given = own.over(defaults[node_type]) if node_type else replace(own, readable=False)
        nodes.append(
            Node(
                node_id=_unique(own, "node", values.identifier, seen),
                node_type=node_type or NodeType.WAREHOUSE,
                point=_point(own),
                time_zone=given.value("time_zone", values.time_zone, time_zone),
                calendar=_calendar(given, required=True),
                services=_node_services(given, service_ids, required=True),
                capacity=_capacity(given),
                **_handling(given),
                status=given.value("status", values.word_of(NodeStatus), NodeStatus.OPEN),
            )
        )
    return tuple(nodes)


def _node_defaults(top: Fields, time_zone: str, service_ids: tuple[str, ...]) -> dict[NodeType, Fields]:
    """What nodes of each type are like unless they say otherwise; read once here, for the faults in it."""
    section = top.section("node_defaults", NETWORK_KEYS["node_defaults"])
    defaults = {}
    for node_type in NodeType:
        given = section.section(node_type.value.lower(), NETWORK_KEYS["node_defaults.*"])
        given.value("time_zone", values.time_zone, time_zone)
        _calendar(given, required=False)
        _node_services(given, service_ids, required=False)
        _capacity(given)
        _handling(given)
        given.value("status", values.word_of(NodeStatus), NodeStatus.OPEN)
        defaults[node_type] = given
    return defaults


def _calendar(given: Fields, *, required: bool) -> NodeCalendar:
    return NodeCalendar(
        working_days=_weekdays(given, "working_days", required=required),
        cut_off_minute=given.value("cut_off", values.minute_of_day, 0, required=required),
        processing_minutes=given.value("processing_minutes", values.whole(0, PROCESSING_MINUTES_MAX), 0),
        closed_dates=_closed_dates(given),
    )


def _node_services(given: Fields, service_ids: tuple[str, ...], *, required: bool) -> tuple[str, ...]:
    known = service_ids and all(service_ids)  # else a name may be that of a service whose id is unfit
    read = values.known_in(service_ids, "a service of this network") if known else values.name
    return given.values("services", read, SERVICES_MAX, required=required)


def _capacity(given: Fields) -> Capacity | None:
    if "capacity" not in given or given.text("capacity") == "unlimited":
        return None
    capacity = given.section("capacity", NETWORK_KEYS["nodes[].capacity"])
    measure = values.word_of(CapacityMeasure)
    return Capacity(
        measure=capacity.value("measure", measure, CapacityMeasure.ORDERS, required=True),
        per_day=capacity.value("per_day", values.whole(0, CAPACITY_PER_DAY_MAX), 0, required=True),
    )


def _handling(given: Fields) -> dict[str, Any]:
    handling = given.section("handling", NETWORK_KEYS["nodes[].handling"])
    return {
        "handling_per_shipment_micros": handling.value("per_shipment", values.money, 0),
        "handling_per_unit_micros": handling.value("per_unit", values.money, 0),
    }


def _postal_areas(top: Fields, time_zone: str, folder: Path) -> tuple[PostalArea, ...]:
    if top.text("postal_areas") is not None:
        return read_postal_areas(top, "postal_areas", folder, time_zone)
    seen: dict[tuple[str, str], int] = {}
    areas = []
    for entry in top.sections("postal_areas", NETWORK_KEYS["postal_areas[]"], POSTAL_AREAS_MAX):
        area = PostalArea(
            country_code=entry.value("country", values.country_code, "", required=True),
            prefix=entry.value("prefix", values.postal_code, "", required=True),
            point=_point(entry),
            time_zone=entry.value("time_zone", values.time_zone, time_zone),
        )
        key = (area.country_code, area.prefix)
        if key in seen and all(key):
            entry.fault(f"{' '.join(key)} is given twice; the first is on line {seen[key]}")
        seen.setdefault(key, entry.mapping.line)
        areas.append(area)
    return tuple(areas)


def _unique(entry: Fields, key: str, read: Callable[[str], str], seen: dict[str, int]) -> str:
    """An id that no entry before this one has."""
    name = entry.value(key, read, "", required=True)
    if name in seen:
        entry.fault(f"is given twice; the first is on line {seen[name]}", key)
    elif name:
        seen[name] = entry.mapping.line
    return name


def _point(entry: Fields) -> GeoPoint:
    return GeoPoint(
        lat_e6=entry.value("lat", values.latitude, 0, required=True),
        lon_e6=entry.value("lon", values.longitude, 0, required=True),
    )


def _weekdays(entry: Fields, key: str, *, required: bool = True) -> frozenset[int]:
    """Days of the week: one day or range, or a list of them."""
    if entry.text(key) is not None:
        return entry.value(key, values.weekdays, frozenset())
    parts = entry.values(key, values.weekdays, len(values.WEEKDAYS), required=required)
    return frozenset[int]().union(*parts)


def _closed_dates(entry: Fields) -> frozenset[date]:
    return frozenset(entry.values("closed_dates", values.iso_date, CLOSED_DATES_MAX))

"""The nodes of a network file, with the defaults of their types."""

from dataclasses import replace
from typing import Any

from sourcier.domain.limits import (
    CAPACITY_PER_DAY_MAX,
    NODES_MAX,
    PROCESSING_MINUTES_MAX,
    PROCESSING_SECONDS_PER_UNIT_MAX,
    ROUND_EVERY_MINUTES_MIN,
    ROUND_PARCELS_MAX,
    ROUNDS_MAX,
    SERVICES_MAX,
    SHIFTS_MAX,
)
from sourcier.domain.network import (
    Capacity,
    CapacityMeasure,
    Node,
    NodeCalendar,
    NodeStatus,
    NodeType,
    Round,
    Shift,
)
from sourcier.domain.place import GeoPoint
from sourcier.inputs import values
from sourcier.inputs.fields import Fields
from sourcier.inputs.hours import EVERY_DAY, closed_dates, day_exceptions, weekdays, weekly_hours
from sourcier.inputs.network_keys import NETWORK_KEYS
from sourcier.inputs.spots import Spots

_minutes = values.whole(0, PROCESSING_MINUTES_MAX)
_every_minutes = values.whole(ROUND_EVERY_MINUTES_MIN, 1_440)


def read_nodes(top: Fields, time_zone: str, service_ids: tuple[str, ...], spots: Spots) -> tuple[Node, ...]:
    """The nodes under ``nodes``; a key that one does not have is that of its type under ``node_defaults``."""
    defaults = _node_defaults(top, time_zone, service_ids)
    seen: dict[str, int] = {}
    nodes: list[Node] = []
    for own in top.sections("nodes", NETWORK_KEYS["nodes[]"], NODES_MAX, required=True):
        node_type = own.value("node_type", values.word_of(NodeType), None, required=True)
        # Of a node of no known type nobody can say which defaults it lacks.
        given = own.over(defaults[node_type]) if node_type else replace(own, readable=False)
        path = f"nodes[{len(nodes)}]"
        spots.entry(path, given)
        work = _work(given, time_zone, service_ids, spots, path, required=True)
        node_id = own.unique("node", values.identifier, seen)
        nodes.append(Node(node_id=node_id, node_type=node_type or NodeType.WAREHOUSE, point=read_point(own), **work))
    return tuple(nodes)


def _node_defaults(top: Fields, time_zone: str, service_ids: tuple[str, ...]) -> dict[NodeType, Fields]:
    """What nodes of each type are like unless they say otherwise; read once here, for the faults in it."""
    section = top.section("node_defaults", NETWORK_KEYS["node_defaults"])
    defaults = {}
    for node_type in NodeType:
        given = section.section(node_type.value.lower(), NETWORK_KEYS["node_defaults.*"])
        _work(given, time_zone, service_ids, Spots(), "", required=False)
        defaults[node_type] = given
    return defaults


def _work(
    given: Fields, time_zone: str, service_ids: tuple[str, ...], spots: Spots, path: str, *, required: bool
) -> dict[str, Any]:
    """The fields of a `Node` that its type may give as well."""
    handling = given.section("handling", NETWORK_KEYS["nodes[].handling"])
    return {
        "time_zone": given.value("time_zone", values.time_zone, time_zone),
        "calendar": _calendar(given, spots, f"{path}.calendar", required=required),
        "services": _services(given, service_ids, required=required),
        "rounds": _rounds(given),
        "shifts": _shifts(given),
        "capacity": _capacity(given),
        "handling_per_shipment_micros": handling.value("per_shipment", values.money, 0),
        "handling_per_unit_micros": handling.value("per_unit", values.money, 0),
        "status": given.value("status", values.word_of(NodeStatus), NodeStatus.OPEN),
    }


def _calendar(given: Fields, spots: Spots, path: str, *, required: bool) -> NodeCalendar:
    seconds = values.whole(0, PROCESSING_SECONDS_PER_UNIT_MAX)
    return NodeCalendar(
        working_days=weekdays(given, "working_days", required=required),
        cut_off_minute=given.value("cut_off", values.minute_of_day, 0, required=required),
        picking_hours=weekly_hours(given, "picking_hours", spots, f"{path}.picking_hours"),
        opening_hours=weekly_hours(given, "opening_hours", spots, f"{path}.opening_hours"),
        holidays=given.value("holidays", values.name, ""),
        closed_dates=closed_dates(given),
        exceptions=day_exceptions(given, spots, f"{path}.exceptions", required=required),
        processing_minutes=given.value("processing_minutes", _minutes, 0),
        processing_seconds_per_unit=given.value("processing_seconds_per_unit", seconds, 0),
        backlog_minutes=given.value("backlog_minutes", _minutes, 0),
    )


def _services(given: Fields, service_ids: tuple[str, ...], *, required: bool) -> tuple[str, ...]:
    known = service_ids and all(service_ids)  # else a name may be that of a service whose id is unfit
    read = values.known_in(service_ids, "a service of this network") if known else values.name
    return given.values("services", read, SERVICES_MAX, required=required)


def _rounds(given: Fields) -> tuple[Round, ...]:
    return tuple(
        Round(
            service_id=entry.value("service", values.name, "", required=True),
            days=weekdays(entry, "days") if "days" in entry else EVERY_DAY,
            pickup_minute=entry.value("pickup", values.minute_of_day, 0, required=True),
            cut_off_minute=entry.value("cut_off", values.minute_of_day, None),
            every_minutes=entry.value("every_minutes", _every_minutes, None),
            last_pickup_minute=entry.value("last_pickup", values.minute_of_day, None),
            parcels=entry.value("parcels", values.whole(0, ROUND_PARCELS_MAX), None),
        )
        for entry in given.sections("rounds", NETWORK_KEYS["nodes[].rounds[]"], ROUNDS_MAX)
    )


def _shifts(given: Fields) -> tuple[Shift, ...]:
    shifts = []
    for entry in given.sections("shifts", NETWORK_KEYS["nodes[].shifts[]"], SHIFTS_MAX):
        begin, end = entry.value("hours", values.night_span, (0, 1), required=True)
        shifts.append(
            Shift(
                shift_id=entry.value("shift", values.name, "", required=True),
                from_minute=begin,
                to_minute=end,
                measure=entry.value("measure", values.word_of(CapacityMeasure), CapacityMeasure.ORDERS, required=True),
                limit=entry.value("limit", values.whole(0, CAPACITY_PER_DAY_MAX), 0, required=True),
            )
        )
    return tuple(shifts)


def _capacity(given: Fields) -> Capacity | None:
    if "capacity" not in given or given.text("capacity") == "unlimited":
        return None
    capacity = given.section("capacity", NETWORK_KEYS["nodes[].capacity"])
    measure = values.word_of(CapacityMeasure)
    return Capacity(
        measure=capacity.value("measure", measure, CapacityMeasure.ORDERS, required=True),
        per_day=capacity.value("per_day", values.whole(0, CAPACITY_PER_DAY_MAX), 0, required=True),
    )


def read_point(entry: Fields) -> GeoPoint:
    """The place under ``lat`` and ``lon``."""
    return GeoPoint(
        lat_e6=entry.value("lat", values.latitude, 0, required=True),
        lon_e6=entry.value("lon", values.longitude, 0, required=True),
    )

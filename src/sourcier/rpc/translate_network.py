"""network.proto beside the network use cases."""

import re
from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from typing import Any, Final

from google.protobuf.message import Message
from google.type.date_pb2 import Date

from sourcier.domain.limits import (
    CAPACITY_PER_DAY_MAX,
    CLOSED_DATES_MAX,
    DISTANCE_M_MAX,
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
from sourcier.rpc.fields import Check, EnumTable, fill_day, fill_money, fill_point
from sourcier.rpc.translate_common import METHODS, request_key
from sourcier.service.commands import ApplyNetwork, NetworkAnswer, SetNodeStatus
from sourcier.v1 import network_pb2 as pb

NODE_TYPES: Final = EnumTable(pb.NodeType, NodeType, "NODE_TYPE")
NODE_STATUSES: Final = EnumTable(pb.NodeStatus, NodeStatus, "NODE_STATUS")
CAPACITY_MEASURES: Final = EnumTable(pb.CapacityMeasure, CapacityMeasure, "CAPACITY_MEASURE")

LAST_MINUTE_OF_DAY: Final = 24 * 60 - 1
HANDLING: Final = ("handling_per_shipment", "handling_per_unit")
TARIFF: Final = ("per_shipment", "per_shipment_km", "per_unit", "per_unit_km", "per_kg")
"""Money fields; the domain's have `_micros` at the end."""

_PREFIX: Final = re.compile(r"[0-9A-Z][0-9A-Z -]{0,15}")


def parse_apply_network(request: pb.ApplyNetworkRequest) -> ApplyNetwork:
    """The command in a request; raises FIELD_INVALID with every fault."""
    check = Check()
    command = ApplyNetwork(
        key=request_key(check, "ApplyNetwork", request, request.request_id),
        network=parse_network(check.required("network", request), request.network),
        validate_only=request.validate_only,
    )
    check.finish()
    return command


def parse_network(check: Check, message: pb.Network) -> Network:
    """A network whose parts fit together."""
    currency_code = check.currency("currency_code", message.currency_code)
    time_zone = check.zone("time_zone", message.time_zone)
    check.count("services", message.services, 1, SERVICES_MAX)
    services = tuple(
        parse_service(check.item("services", index), service, currency_code)
        for index, service in enumerate(message.services)
    )
    _unique(check, "services[{}].service_id", [service.service_id for service in services])
    known = frozenset(service.service_id for service in services)
    check.count("nodes", message.nodes, 1, NODES_MAX)
    nodes = tuple(
        parse_node(check.item("nodes", index), node, currency_code, known) for index, node in enumerate(message.nodes)
    )
    _unique(check, "nodes[{}].name", [node.node_id for node in nodes])
    check.count("postal_areas", message.postal_areas, 0, POSTAL_AREAS_MAX)
    areas = tuple(
        parse_postal_area(check.item("postal_areas", index), area) for index, area in enumerate(message.postal_areas)
    )
    _unique(check, "postal_areas[{}].prefix", [(area.country_code, area.prefix) for area in areas])
    return Network(currency_code=currency_code, time_zone=time_zone, nodes=nodes, services=services, postal_areas=areas)


def _unique(check: Check, path: str, keys: Sequence[object]) -> None:
    if len(set(keys)) < len(keys):
        check.unique(((path.format(index), key) for index, key in enumerate(keys)), "is named twice")


def format_network(answer: NetworkAnswer) -> pb.Network:
    """The resource."""
    message = pb.Network(name="network", revision=answer.revision)
    fill_network(message, answer.network)
    return message


def fill_network(message: pb.Network, network: Network) -> None:
    """Write a network."""
    message.currency_code = network.currency_code
    message.time_zone = network.time_zone
    for node in network.nodes:
        fill_node(message.nodes.add(), node, network.currency_code)
    for service in network.services:
        fill_service(message.services.add(), service, network.currency_code)
    for area in network.postal_areas:
        fill_postal_area(message.postal_areas.add(), area)


def parse_node(check: Check, message: pb.Node, currency_code: str, services: frozenset[str]) -> Node:
    """A node that only names known `services`."""
    if not message.services:
        check.fault("services", "is required")
    named = check.texts("services", message.services, SERVICES_MAX)
    for index, service_id in enumerate(named):
        if service_id not in services:
            check.fault(f"services[{index}]", f"{service_id!r} is not a service of this network")
    return Node(
        node_id=check.resource("name", message.name, "nodes"),
        node_type=check.member("node_type", message.node_type, NODE_TYPES),
        point=check.point("point", message),
        time_zone=check.zone("time_zone", message.time_zone),
        calendar=_parse_calendar(check.required("calendar", message), message.calendar),
        services=named,
        capacity=_parse_capacity(check.inside("capacity"), message.capacity) if message.HasField("capacity") else None,
        status=check.member("status", message.status, NODE_STATUSES, default=NodeStatus.OPEN),
        **_parse_amounts(check, message, HANDLING, currency_code),
    )


def fill_node(message: pb.Node, node: Node, currency_code: str) -> None:
    """Write a node."""
    message.name = f"nodes/{node.node_id}"
    message.node_type = NODE_TYPES.to_proto[node.node_type]
    fill_point(message.point, node.point)
    message.time_zone = node.time_zone
    calendar = message.calendar
    calendar.working_days.extend(sorted(node.calendar.working_days))  # type: ignore[arg-type]
    calendar.cut_off_minute = node.calendar.cut_off_minute
    calendar.processing_minutes = node.calendar.processing_minutes
    _fill_days(calendar.closed_dates, node.calendar.closed_dates)
    message.services.extend(node.services)
    if node.capacity is not None:
        message.capacity.measure = CAPACITY_MEASURES.to_proto[node.capacity.measure]
        message.capacity.per_day = node.capacity.per_day
    _fill_amounts(message, node, HANDLING, currency_code)
    message.status = NODE_STATUSES.to_proto[node.status]


def format_node(node: Node, currency_code: str) -> pb.Node:
    """The resource."""
    message = pb.Node()
    fill_node(message, node, currency_code)
    return message


def _parse_calendar(check: Check, message: pb.NodeCalendar) -> NodeCalendar:
    return NodeCalendar(
        working_days=check.weekdays("working_days", message.working_days),
        cut_off_minute=check.whole("cut_off_minute", message.cut_off_minute, 0, LAST_MINUTE_OF_DAY),
        processing_minutes=check.whole("processing_minutes", message.processing_minutes, 0, PROCESSING_MINUTES_MAX),
        closed_dates=check.days("closed_dates", message.closed_dates, CLOSED_DATES_MAX),
    )


def _parse_capacity(check: Check, message: pb.Capacity) -> Capacity:
    return Capacity(
        measure=check.member("measure", message.measure, CAPACITY_MEASURES),
        per_day=check.whole("per_day", message.per_day, 0, CAPACITY_PER_DAY_MAX),
    )


def parse_service(check: Check, message: pb.Service, currency_code: str) -> Service:
    """A carrier service."""
    return Service(
        service_id=check.text("service_id", message.service_id),
        method=check.member("method", message.method, METHODS),
        transit=_parse_transit(check, message.transit),
        delivery_days=check.weekdays("delivery_days", message.delivery_days),
        closed_dates=check.days("closed_dates", message.closed_dates, CLOSED_DATES_MAX),
        weight_tiers=_parse_weight_tiers(check, message.weight_tiers, currency_code),
        **_parse_amounts(check, message, TARIFF, currency_code),
    )


def fill_service(message: pb.Service, service: Service, currency_code: str) -> None:
    """Write a carrier service."""
    message.service_id = service.service_id
    message.method = METHODS.to_proto[service.method]
    for band in service.transit:
        message.transit.add(max_distance_m=band.max_distance_m, business_days=band.business_days)
    message.delivery_days.extend(sorted(service.delivery_days))  # type: ignore[arg-type]
    _fill_days(message.closed_dates, service.closed_dates)
    _fill_amounts(message, service, TARIFF, currency_code)
    for tier in service.weight_tiers:
        fill_money(message.weight_tiers.add(max_grams=tier.max_grams).cost, tier.cost_micros, currency_code)


def _parse_transit(check: Check, messages: Sequence[pb.TransitBand]) -> tuple[TransitBand, ...]:
    check.count("transit", messages, 1, TRANSIT_BANDS_MAX)
    limits = _rising(check, "transit", "max_distance_m", messages, DISTANCE_M_MAX)
    return tuple(
        TransitBand(
            max_distance_m=limit,
            business_days=check.item("transit", index).whole(
                "business_days", message.business_days, 0, TRANSIT_DAYS_MAX
            ),
        )
        for index, (message, limit) in enumerate(zip(messages, limits, strict=True))
    )


def _parse_weight_tiers(check: Check, messages: Sequence[pb.WeightTier], currency_code: str) -> tuple[WeightTier, ...]:
    check.count("weight_tiers", messages, 0, WEIGHT_TIERS_MAX)
    limits = _rising(check, "weight_tiers", "max_grams", messages, UNIT_WEIGHT_GRAMS_MAX)
    return tuple(
        WeightTier(
            max_grams=limit,
            cost_micros=check.item("weight_tiers", index).money("cost", message, currency_code),
        )
        for index, (message, limit) in enumerate(zip(messages, limits, strict=True))
    )


def _rising(check: Check, name: str, limit: str, messages: Sequence[Message], high: int) -> list[int | None]:
    """The upper limits of bands or tiers: each above the one before it, and only the last may be open."""
    limits: list[int | None] = [
        check.item(name, index).whole(limit, getattr(message, limit), 1, high) if message.HasField(limit) else None
        for index, message in enumerate(messages)
    ]
    for index, (before, after) in enumerate(pairwise(limits)):
        if before is None:
            check.fault(f"{name}[{index}].{limit}", "is required; only the last may be without")
        elif after is not None and after <= before:
            check.fault(f"{name}[{index + 1}].{limit}", f"must be more than the {before} before it")
    return limits


def parse_postal_area(check: Check, message: pb.PostalArea) -> PostalArea:
    """A postal area."""
    if not _PREFIX.fullmatch(message.prefix):
        words = "must be 1 to 16 capitals, digits, blanks and hyphens"
        check.fault("prefix", words if message.prefix else "is required")
    return PostalArea(
        country_code=check.country("country_code", message.country_code),
        prefix=message.prefix,
        point=check.point("point", message),
        time_zone=check.zone("time_zone", message.time_zone),
    )


def fill_postal_area(message: pb.PostalArea, area: PostalArea) -> None:
    """Write a postal area."""
    message.country_code = area.country_code
    message.prefix = area.prefix
    fill_point(message.point, area.point)
    message.time_zone = area.time_zone


def _parse_amounts(check: Check, message: Message, names: tuple[str, ...], currency_code: str) -> dict[str, Any]:
    return {f"{name}_micros": check.money(name, message, currency_code) for name in names}


def _fill_amounts(message: Message, value: Node | Service, names: tuple[str, ...], currency_code: str) -> None:
    for name in names:
        if micros := getattr(value, f"{name}_micros"):
            fill_money(getattr(message, name), micros, currency_code)


def _fill_days(messages: Sequence[Date], days: frozenset[date]) -> None:
    for day in sorted(days):
        fill_day(messages.add(), day)  # type: ignore[attr-defined]


def parse_set_node_status(request: pb.SetNodeStatusRequest) -> SetNodeStatus:
    """The command in a request; raises FIELD_INVALID with every fault."""
    check = Check()
    command = SetNodeStatus(
        key=request_key(check, "SetNodeStatus", request, request.request_id),
        node_id=check.resource("name", request.name, "nodes"),
        status=check.member("status", request.status, NODE_STATUSES),
    )
    check.finish()
    return command

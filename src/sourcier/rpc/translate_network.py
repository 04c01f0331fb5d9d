"""network.proto beside the network use cases."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from sourcier.domain.errors import Violation
from sourcier.domain.limits import (
    CAPACITY_PER_DAY_MAX,
    NODES_MAX,
    POSTAL_AREAS_MAX,
    POSTAL_PREFIX_CHARS_MAX,
    POSTAL_RANGES_MAX,
    SERVICES_MAX,
    TRANSFER_LANES_MAX,
    ZONES_MAX,
)
from sourcier.domain.network import (
    Capacity,
    Network,
    Node,
    NodeStatus,
    NodeType,
    PostalArea,
    PostalRange,
    TransferLane,
    Zone,
)
from sourcier.inputs.network_yaml import misfits
from sourcier.rpc.fields import Check, EnumTable, fill_point
from sourcier.rpc.translate_calendar import (
    CAPACITY_MEASURES,
    fill_calendar,
    fill_round,
    fill_shift,
    parse_calendar,
    parse_rounds,
    parse_shifts,
)
from sourcier.rpc.translate_common import fill_warnings, request_key
from sourcier.rpc.translate_services import fill_amounts, fill_service, parse_amounts, parse_service
from sourcier.service.commands import ApplyNetwork, NetworkAnswer, SetNodeStatus
from sourcier.v1 import network_pb2 as pb

NODE_TYPES: Final = EnumTable(pb.NodeType, NodeType, "NODE_TYPE")
NODE_STATUSES: Final = EnumTable(pb.NodeStatus, NodeStatus, "NODE_STATUS")

HANDLING: Final = ("handling_per_shipment", "handling_per_unit")
"""Money fields; the domain's have `_micros` at the end."""

_NODE_ID: Final = re.compile(r"\.node_id$")  # a node's id is part of its name here
_PREFIX: Final = re.compile(rf"[0-9A-Z][0-9A-Z -]{{0,{POSTAL_PREFIX_CHARS_MAX - 1}}}")


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
    services = tuple(
        parse_service(at, service, currency_code)
        for at, service in check.entries("services", message.services, 1, SERVICES_MAX)
    )
    nodes = tuple(
        parse_node(at, node, currency_code) for at, node in check.entries("nodes", message.nodes, 1, NODES_MAX)
    )
    areas = tuple(
        parse_postal_area(at, area)
        for at, area in check.entries("postal_areas", message.postal_areas, 0, POSTAL_AREAS_MAX)
    )
    network = Network(
        currency_code=currency_code,
        time_zone=check.zone("time_zone", message.time_zone),
        nodes=nodes,
        services=services,
        postal_areas=areas,
        zones=_parse_zones(check, message.zones),
        transfer_lanes=tuple(
            _parse_transfer_lane(at, lane)
            for at, lane in check.entries("transfer_lanes", message.transfer_lanes, 0, TRANSFER_LANES_MAX)
        ),
    )
    _note(check, misfits(network))
    return network


def _note(check: Check, violations: Iterable[Violation]) -> None:
    """Note what does not fit together, but not of fields that have a fault already, nor of what they are part of."""
    told = {fault.field.removeprefix(check.path) for fault in check.faults}
    around = {way for field in told for way in _ways(field)}
    for violation in violations:
        field = _NODE_ID.sub(".name", violation.field)
        if field not in around and told.isdisjoint(_ways(field)):
            check.fault(field, violation.description)


def _ways(field: str) -> list[str]:
    """``a``, ``a[1]`` and ``a[1].b`` of the path ``a[1].b``."""
    return [field[: found.start()] for found in re.finditer(r"[.\[]", field)] + [field]


def format_network(answer: NetworkAnswer) -> pb.Network:
    """The resource."""
    message = pb.Network(name="network", revision=answer.revision)
    fill_network(message, answer.network)
    fill_warnings(message.warnings, answer.warnings)
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
    for zone in network.zones:
        _fill_zone(message.zones.add(), zone)
    for lane in network.transfer_lanes:
        message.transfer_lanes.add(
            from_node_id=lane.from_node_id, to_node_id=lane.to_node_id, service_id=lane.service_id
        )


def parse_node(check: Check, message: pb.Node, currency_code: str) -> Node:
    """A node."""
    if not message.services:
        check.fault("services", "is required")
    return Node(
        node_id=check.resource("name", message.name, "nodes"),
        node_type=check.member("node_type", message.node_type, NODE_TYPES),
        point=check.point("point", message),
        time_zone=check.zone("time_zone", message.time_zone),
        calendar=parse_calendar(check.required("calendar", message), message.calendar),
        services=check.texts("services", message.services, SERVICES_MAX),
        capacity=_parse_capacity(check.inside("capacity"), message.capacity) if message.HasField("capacity") else None,
        status=check.member("status", message.status, NODE_STATUSES, default=NodeStatus.OPEN),
        rounds=parse_rounds(check, message.rounds),
        shifts=parse_shifts(check, message.shifts),
        **parse_amounts(check, message, HANDLING, currency_code),
    )


def fill_node(message: pb.Node, node: Node, currency_code: str) -> None:
    """Write a node."""
    message.name = f"nodes/{node.node_id}"
    message.node_type = NODE_TYPES.to_proto[node.node_type]
    fill_point(message.point, node.point)
    message.time_zone = node.time_zone
    fill_calendar(message.calendar, node.calendar)
    message.services.extend(node.services)
    if node.capacity is not None:
        message.capacity.measure = CAPACITY_MEASURES.to_proto[node.capacity.measure]
        message.capacity.per_day = node.capacity.per_day
    fill_amounts(message, node, HANDLING, currency_code)
    message.status = NODE_STATUSES.to_proto[node.status]
    for entry in node.rounds:
        fill_round(message.rounds.add(), entry)
    for shift in node.shifts:
        fill_shift(message.shifts.add(), shift)


def format_node(node: Node, currency_code: str) -> pb.Node:
    """The resource."""
    message = pb.Node()
    fill_node(message, node, currency_code)
    return message


def _parse_capacity(check: Check, message: pb.Capacity) -> Capacity:
    return Capacity(
        measure=check.member("measure", message.measure, CAPACITY_MEASURES),
        per_day=check.whole("per_day", message.per_day, 0, CAPACITY_PER_DAY_MAX),
    )


def parse_postal_area(check: Check, message: pb.PostalArea) -> PostalArea:
    """A postal area."""
    return PostalArea(
        country_code=check.country("country_code", message.country_code),
        prefix=_parse_prefix(check, "prefix", message.prefix),
        point=check.point("point", message),
        time_zone=check.zone("time_zone", message.time_zone),
    )


def fill_postal_area(message: pb.PostalArea, area: PostalArea) -> None:
    """Write a postal area."""
    message.country_code = area.country_code
    message.prefix = area.prefix
    fill_point(message.point, area.point)
    message.time_zone = area.time_zone


def _parse_prefix(check: Check, name: str, value: str) -> str:
    if not _PREFIX.fullmatch(value):
        words = f"must be 1 to {POSTAL_PREFIX_CHARS_MAX} capitals, digits, blanks and hyphens"
        check.fault(name, words if value else "is required")
        return ""
    return value


def _parse_zones(check: Check, messages: Sequence[pb.Zone]) -> tuple[Zone, ...]:
    zones, left = [], POSTAL_RANGES_MAX
    for at, message in check.entries("zones", messages, 0, ZONES_MAX):
        entries = at.entries("ranges", message.ranges, 1, max(left, 1))
        left -= len(message.ranges)
        ranges = tuple(_parse_range(inner, entry) for inner, entry in entries)
        zones.append(Zone(zone_id=at.text("zone_id", message.zone_id), ranges=ranges))
    return tuple(zones)


def _parse_range(check: Check, message: pb.PostalRange) -> PostalRange:
    return PostalRange(
        country_code=check.country("country_code", message.country_code),
        low=_parse_prefix(check, "low", message.low),
        high=_parse_prefix(check, "high", message.high),
    )


def _fill_zone(message: pb.Zone, zone: Zone) -> None:
    message.zone_id = zone.zone_id
    for entry in zone.ranges:
        message.ranges.add(country_code=entry.country_code, low=entry.low, high=entry.high)


def _parse_transfer_lane(check: Check, message: pb.TransferLane) -> TransferLane:
    return TransferLane(
        from_node_id=check.text("from_node_id", message.from_node_id),
        to_node_id=check.text("to_node_id", message.to_node_id),
        service_id=check.text("service_id", message.service_id),
    )


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

"""Networks, and every way in which their parts may not fit together."""

from dataclasses import replace
from datetime import date

import pytest
from google.type.date_pb2 import Date
from google.type.latlng_pb2 import LatLng
from tests.rpc import messages, networks
from tests.rpc.spoil import REQUEST_IDS_REFUSED, assign, faults_of

from sourcier.domain.errors import Violation
from sourcier.domain.network import (
    Capacity,
    CapacityMeasure,
    Network,
    NodeStatus,
    NodeType,
)
from sourcier.rpc import translate_network as network
from sourcier.rpc.fields import FAULTS_MAX, Check
from sourcier.service.commands import NetworkAnswer
from sourcier.v1 import network_pb2 as pb


def parsed() -> Network:
    return network.parse_apply_network(messages.apply_network()).network


def test_a_network_is_read_whole() -> None:
    near, far = parsed().nodes
    assert (near.node_id, near.node_type, near.status) == ("near", NodeType.WAREHOUSE, NodeStatus.OPEN)
    assert (near.point.lat_e6, near.point.lon_e6) == (52_400_000, 13_400_000)
    assert near.calendar.working_days == frozenset(range(1, 8))
    assert (near.calendar.cut_off_minute, near.calendar.processing_minutes) == (900, 30)
    assert near.calendar.closed_dates == {date(2026, 12, 25)}
    assert near.capacity == Capacity(measure=CapacityMeasure.ORDERS, per_day=1_000)
    assert (near.handling_per_shipment_micros, near.handling_per_unit_micros) == (1_000_000, 100_000)
    assert far.services == ("ground", "express")
    ground, _ = parsed().services
    assert [(band.max_distance_m, band.business_days) for band in ground.transit] == [(800_000, 3), (None, 4)]
    assert [(tier.max_grams, tier.cost_micros) for tier in ground.weight_tiers] == [(1_000, 0), (None, 2_000_000)]
    assert (ground.per_shipment_micros, ground.per_shipment_km_micros, ground.per_kg_micros) == (4_000_000, 10_000, 0)


def variants() -> list[Network]:
    base = parsed()
    node = base.nodes[0]
    return [
        base,
        network.parse_apply_network(networks.apply_network()).network,
        replace(base, postal_areas=()),
        *(replace(base, nodes=(replace(node, node_type=kind),)) for kind in NodeType),
        *(replace(base, nodes=(replace(node, status=status),)) for status in NodeStatus),
        *(
            replace(base, nodes=(replace(node, capacity=Capacity(measure=measure, per_day=0)),))
            for measure in CapacityMeasure
        ),
        replace(base, nodes=(replace(node, capacity=None),)),
        replace(base, services=tuple(replace(service, weight_tiers=()) for service in base.services)),
    ]


@pytest.mark.parametrize("value", variants())
def test_networks_go_there_and_back(value: Network) -> None:
    warning = Violation(field="ruleSets/main/revisions/1:3:4", description="is not there")
    message = network.format_network(NetworkAnswer(revision=7, network=value, warnings=(warning,)))
    assert (message.name, message.revision) == ("network", 7)
    assert [(one.place, one.description) for one in message.warnings] == [(warning.field, warning.description)]
    check = Check()
    assert network.parse_network(check, pb.Network.FromString(message.SerializeToString())) == value
    assert not check.faults


def test_a_node_is_told_alone() -> None:
    node = parsed().nodes[0]
    message = network.format_node(node, "EUR")
    assert network.parse_node(Check(), message, "EUR") == node


def test_a_node_of_unsaid_status_is_open() -> None:
    assert parsed().nodes[0].status is NodeStatus.OPEN


SPOILT = [
    ("", None, "network"),
    ("currency_code", "", "currency_code"),
    ("currency_code", "euro", "currency_code"),
    ("time_zone", "Mars/Base", "time_zone"),
    ("nodes", [], "nodes"),
    ("nodes", [messages.node("a"), messages.node("a")], "nodes[1].name"),
    ("nodes", [messages.node(str(i)) for i in range(5_001)], "nodes"),
    ("nodes[0].name", "", "nodes[0].name"),
    ("nodes[0].name", "near", "nodes[0].name"),
    ("nodes[0].name", "nodes/a/b", "nodes[0].name"),
    ("nodes[1].node_type", 0, "nodes[1].node_type"),
    ("nodes[1].node_type", 9, "nodes[1].node_type"),
    ("nodes[1].status", 9, "nodes[1].status"),
    ("nodes[0].point", None, "nodes[0].point"),
    ("nodes[0].point", LatLng(latitude=-91), "nodes[0].point.latitude"),
    ("nodes[0].time_zone", "", "nodes[0].time_zone"),
    ("nodes[0].calendar", None, "nodes[0].calendar"),
    ("nodes[0].calendar.working_days", [], "nodes[0].calendar.working_days"),
    ("nodes[0].calendar.working_days", [0], "nodes[0].calendar.working_days[0]"),
    ("nodes[0].calendar.working_days", [8], "nodes[0].calendar.working_days[0]"),
    ("nodes[0].calendar.working_days", [1, 1], "nodes[0].calendar.working_days[1]"),
    ("nodes[0].calendar.cut_off_minute", -1, "nodes[0].calendar.cut_off_minute"),
    ("nodes[0].calendar.cut_off_minute", 1_440, "nodes[0].calendar.cut_off_minute"),
    ("nodes[0].calendar.processing_minutes", -1, "nodes[0].calendar.processing_minutes"),
    ("nodes[0].calendar.processing_minutes", 20_161, "nodes[0].calendar.processing_minutes"),
    ("nodes[0].calendar.closed_dates", [Date(year=2026, month=2, day=29)], "nodes[0].calendar.closed_dates[0]"),
    ("nodes[0].calendar.closed_dates", [Date(year=2026, month=1, day=1)] * 2, "nodes[0].calendar.closed_dates[1]"),
    ("nodes[0].services", [], "nodes[0].services"),
    ("nodes[0].services", ["drone"], "nodes[0].services[0]"),
    ("nodes[0].services", ["ground", "ground"], "nodes[0].services[1]"),
    ("nodes[0].capacity.measure", 0, "nodes[0].capacity.measure"),
    ("nodes[0].capacity.per_day", -1, "nodes[0].capacity.per_day"),
    ("nodes[0].capacity.per_day", 10**9 + 1, "nodes[0].capacity.per_day"),
    ("nodes[0].handling_per_unit.currency_code", "USD", "nodes[0].handling_per_unit.currency_code"),
    ("nodes[0].handling_per_shipment.units", -1, "nodes[0].handling_per_shipment"),
    ("services", [], "services"),
    ("services", [messages.service(), messages.service(), messages.service("express")], "services[1].service_id"),
    ("postal_areas[0].country_code", "deu", "postal_areas[0].country_code"),
    ("postal_areas[0].prefix", "", "postal_areas[0].prefix"),
    ("postal_areas[0].prefix", "1" * 17, "postal_areas[0].prefix"),
    ("postal_areas[0].prefix", "w1", "postal_areas[0].prefix"),
    ("postal_areas[0].point", None, "postal_areas[0].point"),
    ("postal_areas[0].time_zone", "", "postal_areas[0].time_zone"),
    ("postal_areas", [messages.network().postal_areas[0]] * 2, "postal_areas[1].prefix"),
]


@pytest.mark.parametrize(("path", "value", "field"), SPOILT)
def test_spoilt_networks_are_refused_for_the_field(path: str, value: object, field: str) -> None:
    request = messages.apply_network()
    assign(f"network.{path}" if path else "network", value)(request)
    assert (f"network.{field}" if path else field) in faults_of(lambda: network.parse_apply_network(request))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("nodes[0].calendar.cut_off_minute", 0),
        ("nodes[0].calendar.cut_off_minute", 1_439),
        ("nodes[0].calendar.processing_minutes", 20_160),
        ("nodes[0].capacity.per_day", 0),
        ("nodes[0].capacity.per_day", 10**9),
        ("postal_areas[0].prefix", "1" * 16),
        ("nodes", [messages.node(str(i)) for i in range(5_000)]),
    ],
)
def test_networks_at_their_limits_are_taken(path: str, value: object) -> None:
    request = messages.apply_network()
    assign(f"network.{path}", value)(request)
    network.parse_apply_network(request)


RANGE, LANE = networks.postal_range, pb.TransferLane

SPOILT_ZONES = [
    ("zones", [networks.zone(str(i), RANGE(f"{i:05}", f"{i:05}")) for i in range(1_001)], "zones"),
    ("zones[0].zone_id", "", "zones[0].zone_id"),
    ("zones[1].zone_id", "islands", "zones[1].zone_id"),
    ("zones[0].ranges", [], "zones[0].ranges"),
    ("zones[0].ranges", [RANGE()] * 50_001, "zones[0].ranges"),
    ("zones[0].ranges[0].country_code", "", "zones[0].ranges[0].country_code"),
    ("zones[0].ranges[0].country_code", "de", "zones[0].ranges[0].country_code"),
    ("zones[0].ranges[0].low", "", "zones[0].ranges[0].low"),
    ("zones[0].ranges[0].low", "1" * 17, "zones[0].ranges[0].low"),
    ("zones[0].ranges[0].high", "äöü", "zones[0].ranges[0].high"),
    ("zones[0].ranges[0].high", "1856", "zones[0].ranges[0]"),
    ("zones[0].ranges[0].high", "18564", "zones[0].ranges[0]"),
    ("zones[1].ranges", [RANGE("18", "19")], "zones[1].ranges[0]"),  # overlaps the islands
    ("transfer_lanes", [LANE(from_node_id="near", to_node_id="store", service_id="feeder")] * 2, "transfer_lanes[1]"),
    ("transfer_lanes", [LANE(from_node_id="near", to_node_id="near", service_id="feeder")], "transfer_lanes[0]"),
    ("transfer_lanes", [LANE(from_node_id="x", to_node_id="y", service_id="z")] * 20_001, "transfer_lanes"),
    ("transfer_lanes[0].from_node_id", "", "transfer_lanes[0].from_node_id"),
    ("transfer_lanes[0].from_node_id", "nowhere", "transfer_lanes[0].from_node_id"),
    ("transfer_lanes[0].to_node_id", "", "transfer_lanes[0].to_node_id"),
    ("transfer_lanes[0].to_node_id", "nowhere", "transfer_lanes[0].to_node_id"),
    ("transfer_lanes[0].service_id", "", "transfer_lanes[0].service_id"),
    ("transfer_lanes[0].service_id", "drone", "transfer_lanes[0].service_id"),
    ("transfer_lanes[0].service_id", "counter", "transfer_lanes[0].service_id"),
]


@pytest.mark.parametrize(("path", "value", "field"), SPOILT_ZONES)
def test_spoilt_zones_and_transfers_are_refused_for_the_field(path: str, value: object, field: str) -> None:
    request = networks.apply_network()
    assign(f"network.{path}", value)(request)
    assert f"network.{field}" in faults_of(lambda: network.parse_apply_network(request))


def test_lanes_that_lead_back_are_a_cycle() -> None:
    request = networks.apply_network()
    request.network.nodes[1].services.append("feeder")
    request.network.transfer_lanes.add(from_node_id="store", to_node_id="near", service_id="feeder")
    assert faults_of(lambda: network.parse_apply_network(request)) == {
        "network.transfer_lanes[1]": "closes a cycle: store > near > store"
    }


def test_a_field_that_is_unfit_itself_is_told_once() -> None:
    request = networks.apply_network()
    request.network.nodes[0].calendar.picking_hours[1].from_minute = -1
    request.network.zones[0].zone_id = ""
    assert list(faults_of(lambda: network.parse_apply_network(request))) == [
        "network.nodes[0].calendar.picking_hours[1].from_minute",
        "network.zones[0].zone_id",
    ]


def test_millions_of_faults_are_not_walked_to_the_end() -> None:
    request = pb.ApplyNetworkRequest.FromString(b"\x0a\xc0\x84\x3d" + b"\x22\x00" * 500_000)  # 500,000 empty nodes
    assert len(faults_of(lambda: network.parse_apply_network(request))) == FAULTS_MAX


@pytest.mark.parametrize("value", REQUEST_IDS_REFUSED)
def test_a_network_comes_with_a_request_id(value: str) -> None:
    request = messages.apply_network()
    request.request_id = value
    assert list(faults_of(lambda: network.parse_apply_network(request))) == ["request_id"]


def test_faults_all_over_a_network_come_together() -> None:
    request = messages.apply_network()
    for path, value in [("nodes[0].name", ""), ("services[1].method", 0), ("postal_areas[0].prefix", "")]:
        assign(f"network.{path}", value)(request)
    assert set(faults_of(lambda: network.parse_apply_network(request))) == {
        "network.nodes[0].name",
        "network.services[1].method",
        "network.postal_areas[0].prefix",
    }


def test_a_node_is_switched_by_name() -> None:
    command = network.parse_set_node_status(messages.set_node_status())
    assert (command.node_id, command.status, command.key.method) == ("far", NodeStatus.OFFLINE, "SetNodeStatus")


@pytest.mark.parametrize(
    ("path", "value"), [("name", ""), ("name", "far"), ("status", 0), ("status", 9), ("request_id", "")]
)
def test_spoilt_switches_are_refused_for_the_field(path: str, value: object) -> None:
    request = messages.set_node_status()
    assign(path, value)(request)
    assert list(faults_of(lambda: network.parse_set_node_status(request))) == [path]

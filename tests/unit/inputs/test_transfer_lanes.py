"""Transfer lanes of a network file: unknown names and cycles are refused where they stand."""

import pytest

from sourcier.inputs.network_yaml import parse_network

HEAD = """\
currency: EUR
time_zone: Europe/Paris
services:
  - {service: std, transit: [{business_days: 1}], delivery_days: mon, tariff: {}}
  - {service: other, transit: [{business_days: 1}], delivery_days: mon, tariff: {}}
"""
LANES = """\
nodes:
  - {node: a, node_type: warehouse, lat: 1, lon: 2, working_days: mon, cut_off: 16:00, services: [std]}
  - {node: b, node_type: store, lat: 1, lon: 2, working_days: mon, cut_off: 16:00, services: [std]}
  - {node: c, node_type: store, lat: 1, lon: 2, working_days: mon, cut_off: 16:00, services: [std, other]}
transfer_lanes: [%s]
"""


def test_a_lane_to_several_nodes_is_several_lanes() -> None:
    text = HEAD + LANES % "{from: a, to: [b, c], service: std}, {from: c, to: b, service: other}"
    assert [
        (lane.from_node_id, lane.to_node_id, lane.service_id)
        for lane in parse_network(text, "file.yaml").transfer_lanes
    ] == [("a", "b", "std"), ("a", "c", "std"), ("c", "b", "other")]


LANE = [
    ("unknown sender", "{from: §x, to: b, service: std}", ["'x' is not a node of this network"]),
    ("unknown receiver", "{from: a, to: [b, §x], service: std}", ["'x' is not a node of this network"]),
    ("no receiver", "{from: a, to: §[], service: std}", ["must not be empty"]),
    ("no service", "§{from: a, to: b}", ["service is missing"]),
    ("another carrier", "{from: a, to: b, service: §other}", ["'other' does not collect at 'a'"]),
    ("to itself", "§{from: a, to: a, service: std}", ["closes a cycle: a > a"]),
    ("twice", "{from: a, to: b, service: std}, §{from: a, to: [c, b], service: std}", ["is given twice"]),
    (
        "a cycle",
        "{from: a, to: b, service: std}, {from: b, to: c, service: std}, §{from: c, to: a, service: other}",
        ["transfer_lanes[2]: closes a cycle: c > a > b > c"],
    ),
]


@pytest.mark.parametrize(("marked", "told"), [case[1:] for case in LANE], ids=[case[0] for case in LANE])
def test_refuses_lanes(refused, marked: str, told: list[str]) -> None:
    refused(parse_network, HEAD + LANES % marked, *told)

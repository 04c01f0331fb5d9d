"""Hours, calendars, rounds and shifts of a network, and every way in which they may be wrong."""

from dataclasses import replace
from datetime import date

import pytest
from google.type.date_pb2 import Date
from tests.rpc import networks
from tests.rpc.networks import hours, shift, span
from tests.rpc.spoil import assign, faults_of

from sourcier.domain.network import CapacityMeasure, DayException, Hours, Network, NodeCalendar, Round, Shift
from sourcier.rpc import translate_calendar as calendar
from sourcier.rpc import translate_network as network
from sourcier.rpc.fields import Check
from sourcier.v1 import network_pb2 as pb

WEEK = frozenset({1, 2, 3, 4, 5})


def parsed() -> Network:
    return network.parse_apply_network(networks.apply_network()).network


def test_a_calendar_is_read_whole() -> None:
    found = parsed().nodes[0].calendar
    assert found.picking_hours == (
        Hours(days=WEEK, from_minute=360, to_minute=720),
        Hours(days=WEEK, from_minute=780, to_minute=1_320),
    )
    assert found.opening_hours == (Hours(days=WEEK | {6}, from_minute=600, to_minute=1_200),)
    assert found.exceptions == (
        DayException(day=date(2026, 12, 24), picking=((360, 720),), opening=((600, 720), (780, 840))),
        DayException(day=date(2027, 1, 4)),
    )
    assert (found.holidays, found.processing_seconds_per_unit, found.backlog_minutes) == ("DE-BE", 20, 45)


def test_rounds_and_shifts_are_read_whole() -> None:
    node = parsed().nodes[0]
    assert node.rounds == (
        Round(service_id="ground", days=WEEK, pickup_minute=1_020, cut_off_minute=960, parcels=400),
        Round(service_id="courier", days=WEEK | {6}, pickup_minute=600, every_minutes=60, last_pickup_minute=1_080),
    )
    day, night = node.shifts
    assert day == Shift(shift_id="day", from_minute=360, to_minute=1_320, measure=CapacityMeasure.LINES, limit=2_000)
    assert (night.shift_id, night.from_minute, night.to_minute) == ("night", 1_320, 1_800)


def calendars() -> list[NodeCalendar]:
    base = parsed().nodes[0].calendar
    return [
        base,
        replace(base, picking_hours=(), opening_hours=(), exceptions=(), holidays=""),
        replace(base, processing_seconds_per_unit=0, backlog_minutes=0),
    ]


@pytest.mark.parametrize("value", calendars())
def test_calendars_go_there_and_back(value: NodeCalendar) -> None:
    message = pb.NodeCalendar()
    calendar.fill_calendar(message, value)
    check = Check()
    assert calendar.parse_calendar(check, pb.NodeCalendar.FromString(message.SerializeToString())) == value
    assert not check.faults


@pytest.mark.parametrize(
    "value",
    [
        Round(service_id="a", days=frozenset({7}), pickup_minute=0),
        Round(service_id="a", days=frozenset({1}), pickup_minute=600, cut_off_minute=0, parcels=0),
        Round(service_id="a", days=WEEK, pickup_minute=0, every_minutes=10, last_pickup_minute=1_439, parcels=7),
    ],
)
def test_rounds_go_there_and_back(value: Round) -> None:
    message = pb.Node()
    calendar.fill_round(message.rounds.add(), value)
    check = Check()
    assert calendar.parse_rounds(check, message.rounds) == (value,)
    assert not check.faults


@pytest.mark.parametrize("measure", CapacityMeasure)
def test_shifts_go_there_and_back(measure: CapacityMeasure) -> None:
    value = Shift(shift_id="s", from_minute=1_320, to_minute=1_320 + 1_440, measure=measure, limit=0)
    message = pb.Node()
    calendar.fill_shift(message.shifts.add(), value)
    check = Check()
    assert calendar.parse_shifts(check, message.shifts) == (value,)
    assert not check.faults


TIMES, ROUND = "nodes[0].calendar", "nodes[0].rounds[0]"

SPOILT = [
    (f"{TIMES}.picking_hours", [hours(i, i + 1) for i in range(65)], f"{TIMES}.picking_hours"),
    (f"{TIMES}.picking_hours[0].days", [], f"{TIMES}.picking_hours[0].days"),
    (f"{TIMES}.picking_hours[0].days", [8], f"{TIMES}.picking_hours[0].days[0]"),
    (f"{TIMES}.picking_hours[0].days", [1, 1], f"{TIMES}.picking_hours[0].days[1]"),
    (f"{TIMES}.picking_hours[0].from_minute", -1, f"{TIMES}.picking_hours[0].from_minute"),
    (f"{TIMES}.picking_hours[0].from_minute", 1_440, f"{TIMES}.picking_hours[0].from_minute"),
    (f"{TIMES}.picking_hours[0].to_minute", 360, f"{TIMES}.picking_hours[0].to_minute"),
    (f"{TIMES}.picking_hours[0].to_minute", 1_441, f"{TIMES}.picking_hours[0].to_minute"),
    (f"{TIMES}.picking_hours[1].from_minute", 719, f"{TIMES}.picking_hours[1]"),
    (f"{TIMES}.opening_hours[0].to_minute", 0, f"{TIMES}.opening_hours[0].to_minute"),
    (f"{TIMES}.opening_hours", [hours(), hours()], f"{TIMES}.opening_hours[1]"),
    (f"{TIMES}.exceptions[0].day", None, f"{TIMES}.exceptions[0].day"),
    (f"{TIMES}.exceptions[0].day", Date(year=2026, month=13, day=1), f"{TIMES}.exceptions[0].day"),
    (f"{TIMES}.exceptions[1].day", networks.CHRISTMAS_EVE, f"{TIMES}.exceptions[1].day"),
    (f"{TIMES}.exceptions[0].picking[0].from_minute", -5, f"{TIMES}.exceptions[0].picking[0].from_minute"),
    (f"{TIMES}.exceptions[0].picking", [span(i, i + 1) for i in range(65)], f"{TIMES}.exceptions[0].picking"),
    (f"{TIMES}.exceptions[0].opening[1].from_minute", 700, f"{TIMES}.exceptions[0].opening[1]"),
    (f"{TIMES}.exceptions", [pb.DayException()] * 900, f"{TIMES}.exceptions[899].day"),
    (f"{TIMES}.holidays", "ATLANTIS", f"{TIMES}.holidays"),
    (f"{TIMES}.holidays", "DE-XX", f"{TIMES}.holidays"),
    (f"{TIMES}.holidays", "x" * 129, f"{TIMES}.holidays"),
    (f"{TIMES}.holidays", "D\0", f"{TIMES}.holidays"),
    (f"{TIMES}.processing_seconds_per_unit", -1, f"{TIMES}.processing_seconds_per_unit"),
    (f"{TIMES}.processing_seconds_per_unit", 86_401, f"{TIMES}.processing_seconds_per_unit"),
    (f"{TIMES}.backlog_minutes", -1, f"{TIMES}.backlog_minutes"),
    (f"{TIMES}.backlog_minutes", 20_161, f"{TIMES}.backlog_minutes"),
    (f"{ROUND}.service_id", "", f"{ROUND}.service_id"),
    (f"{ROUND}.service_id", "drone", f"{ROUND}.service_id"),
    (f"{ROUND}.service_id", "counter", f"{ROUND}.service_id"),
    (f"{ROUND}.days", [], f"{ROUND}.days"),
    (f"{ROUND}.days", [0], f"{ROUND}.days[0]"),
    (f"{ROUND}.pickup_minute", -1, f"{ROUND}.pickup_minute"),
    (f"{ROUND}.pickup_minute", 1_440, f"{ROUND}.pickup_minute"),
    (f"{ROUND}.cut_off_minute", -1, f"{ROUND}.cut_off_minute"),
    (f"{ROUND}.cut_off_minute", 1_021, f"{ROUND}.cut_off_minute"),
    (f"{ROUND}.every_minutes", 9, f"{ROUND}.every_minutes"),
    (f"{ROUND}.every_minutes", 0, f"{ROUND}.every_minutes"),
    (f"{ROUND}.every_minutes", 1_441, f"{ROUND}.every_minutes"),
    (f"{ROUND}.every_minutes", 60, f"{ROUND}.every_minutes"),  # without a last pickup
    (f"{ROUND}.last_pickup_minute", 1_019, f"{ROUND}.last_pickup_minute"),
    (f"{ROUND}.last_pickup_minute", 1_440, f"{ROUND}.last_pickup_minute"),
    (f"{ROUND}.last_pickup_minute", 1_200, f"{ROUND}.last_pickup_minute"),  # without every_minutes
    (f"{ROUND}.parcels", -1, f"{ROUND}.parcels"),
    (f"{ROUND}.parcels", 1_000_001, f"{ROUND}.parcels"),
    ("nodes[0].rounds", networks.rounds()[:1] * 2, "nodes[0].rounds[1].pickup_minute"),
    ("nodes[0].rounds", networks.rounds()[:1] * 129, "nodes[0].rounds"),
    ("nodes[0].shifts[0].shift_id", "", "nodes[0].shifts[0].shift_id"),
    ("nodes[0].shifts[1].shift_id", "day", "nodes[0].shifts[1].shift_id"),
    ("nodes[0].shifts[0].from_minute", -1, "nodes[0].shifts[0].from_minute"),
    ("nodes[0].shifts[0].from_minute", 1_440, "nodes[0].shifts[0].from_minute"),
    ("nodes[0].shifts[0].to_minute", 360, "nodes[0].shifts[0].to_minute"),
    ("nodes[0].shifts[0].to_minute", 360 + 1_441, "nodes[0].shifts[0].to_minute"),
    ("nodes[0].shifts[0].measure", 0, "nodes[0].shifts[0].measure"),
    ("nodes[0].shifts[0].measure", 4, "nodes[0].shifts[0].measure"),
    ("nodes[0].shifts[0].limit", -1, "nodes[0].shifts[0].limit"),
    ("nodes[0].shifts[0].limit", 10**9 + 1, "nodes[0].shifts[0].limit"),
    ("nodes[0].shifts", [shift(str(i)) for i in range(17)], "nodes[0].shifts"),
]


@pytest.mark.parametrize(("path", "value", "field"), SPOILT)
def test_spoilt_times_are_refused_for_the_field(path: str, value: object, field: str) -> None:
    request = networks.apply_network()
    assign(f"network.{path}", value)(request)
    assert f"network.{field}" in faults_of(lambda: network.parse_apply_network(request))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (f"{TIMES}.picking_hours", [hours(i, i + 1) for i in range(64)]),
        (f"{TIMES}.picking_hours", []),
        (f"{TIMES}.opening_hours[0].to_minute", 1_440),
        (f"{TIMES}.exceptions", [networks.calendar().exceptions[0]]),
        (f"{TIMES}.holidays", "US-CA"),
        (f"{TIMES}.processing_seconds_per_unit", 86_400),
        (f"{TIMES}.backlog_minutes", 20_160),
        (f"{ROUND}.cut_off_minute", 1_020),
        (f"{ROUND}.cut_off_minute", None),
        (f"{ROUND}.parcels", 0),
        (f"{ROUND}.parcels", 1_000_000),
        ("nodes[0].rounds[1].every_minutes", 10),
        ("nodes[0].shifts[0].to_minute", 360 + 1_440),
        ("nodes[0].shifts[0].limit", 10**9),
        ("nodes[0].shifts", [shift(str(i)) for i in range(16)]),
    ],
)
def test_times_at_their_limits_are_taken(path: str, value: object) -> None:
    request = networks.apply_network()
    assign(f"network.{path}", value)(request)
    network.parse_apply_network(request)

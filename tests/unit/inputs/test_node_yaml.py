"""Nodes of a network file: hours, exceptions, rounds, shifts; what is refused and where."""

from datetime import date, timedelta

import pytest

from sourcier.domain.network import CapacityMeasure, DayException, Hours, Node, Round, Shift
from sourcier.inputs.network_yaml import parse_network

WEEK = frozenset(range(1, 6))
HEAD = """\
currency: EUR
time_zone: Europe/Paris
services:
  - {service: std, transit: [{business_days: 1}], delivery_days: mon-fri, tariff: {}}
  - {service: here, method: click_and_collect, tariff: {}}
"""
START = "node: n, node_type: store, lat: 1, lon: 2, cut_off: 16:00, services: [std, here]"
DEFAULTS = """\
node_defaults:
  store:
    working_days: mon-fri
    cut_off: 17:00
    picking_hours: [{days: mon-fri, hours: [06:00-12:00, 13:00-24:00]}, {days: [sat, sun], hours: 08:00-12:00}]
    opening_hours: [{days: mon-sat, hours: 09:30-19:00}]
    holidays: FR-57
    processing_minutes: 30
    processing_seconds_per_unit: 20
    backlog_minutes: 45
    services: [std]
    exceptions:
      - {date: 2026-11-27, picking: [00:00-10:00, 12:00-24:00], opening: 08:00-22:00}
      - {date: 2026-12-06, picking: closed, opening: 10:00-18:00}
      - {date: 2027-01-15, closed: true}
    rounds:
      - {service: std, days: mon-thu, pickup: 16:30, cut_off: 16:00, parcels: 200}
      - {service: std, pickup: 09:00, every_minutes: 90, last_pickup: 15:00}
    shifts:
      - {shift: early, hours: 06:00-14:00, measure: orders, limit: 300}
      - {shift: night, hours: 22:00-06:00, measure: units, limit: 0}
"""


def read(text: str) -> Node:
    (node,) = parse_network(f"{HEAD}{text}", "file.yaml").nodes
    return node


def test_reads_the_times_of_a_node() -> None:
    node = read(f"{DEFAULTS}nodes: [{{node: n, node_type: store, lat: 1, lon: 2}}]\n")
    calendar = node.calendar
    weekend = frozenset({6, 7})
    assert calendar.picking_hours == (
        Hours(days=WEEK, from_minute=360, to_minute=720),
        Hours(days=WEEK, from_minute=780, to_minute=1440),
        Hours(days=weekend, from_minute=480, to_minute=720),
    )
    assert calendar.opening_hours == (Hours(days=frozenset(range(1, 7)), from_minute=570, to_minute=1140),)
    assert (calendar.holidays, calendar.processing_seconds_per_unit, calendar.backlog_minutes) == ("FR-57", 20, 45)
    assert calendar.exceptions == (
        DayException(day=date(2026, 11, 27), picking=((0, 600), (720, 1440)), opening=((480, 1320),)),
        DayException(day=date(2026, 12, 6), opening=((600, 1080),)),
        DayException(day=date(2027, 1, 15)),
    )
    assert node.rounds == (
        Round(service_id="std", days=frozenset({1, 2, 3, 4}), pickup_minute=990, cut_off_minute=960, parcels=200),
        Round(
            service_id="std",
            days=frozenset(range(1, 8)),
            pickup_minute=540,
            every_minutes=90,
            last_pickup_minute=900,
        ),
    )
    assert node.shifts == (
        Shift(shift_id="early", from_minute=360, to_minute=840, measure=CapacityMeasure.ORDERS, limit=300),
        Shift(shift_id="night", from_minute=1320, to_minute=1800, measure=CapacityMeasure.UNITS, limit=0),
    )


def test_an_exception_says_nothing_of_hours_that_the_node_has_not() -> None:
    node = read(f"nodes: [{{{START}, working_days: mon, exceptions: [{{date: 2026-11-27, opening: 08:00-20:00}}]}}]\n")
    (exception,) = node.calendar.exceptions
    assert (exception.picking, exception.opening) == (((0, 1440),), ((480, 1200),))


NODE = [
    ("hours without days", "picking_hours: [§{hours: 09:00-18:00}]", ["days is missing"]),
    ("days without hours", "picking_hours: [§{days: mon}]", ["hours is missing"]),
    ("no days", "opening_hours: [{days: §[], hours: 09:00-18:00}]", ["must not be empty"]),
    ("hours in words", "opening_hours: [{days: mon, hours: §9-18}]", ["must be hours such as 09:00-18:00"]),
    ("hours as text", "opening_hours: §09:00-18:00", ["must be a list, found '09:00-18:00'"]),
    (
        "hours over midnight",
        "picking_hours: [{days: mon, hours: [§22:00-06:00]}]",
        ["must end after it begins, found '22:00-06:00'; write 22:00-24:00 and 00:00-06:00"],
    ),
    (
        "hours that overlap",
        "picking_hours: [{days: mon-fri, hours: [06:00-14:00, §13:59-20:00]}]",
        ["nodes[0].picking_hours[0].hours[1]: overlaps 06:00-14:00 on the same day"],
    ),
    (
        "hours of two entries that overlap",
        "opening_hours: [{days: mon-fri, hours: 06:00-14:00}, {days: [fri, sat], hours: §09:00-12:00}]",
        ["overlaps 06:00-14:00"],
    ),
    ("never open", "opening_hours: §[{days: sat, hours: 06:00-14:00}]", ["never opens: none of these days"]),
    ("unknown holidays", "holidays: §FR-75", ["'75' is not a region of FR"]),
    ("unknown country", "holidays: §Fr", ["is not a country with a calendar of public holidays"]),
    ("negative minutes", "backlog_minutes: §-1", ["from 0 to 20160"]),
    ("negative seconds", "processing_seconds_per_unit: §-1", ["from 0 to 86400"]),
    ("negative parcels", "rounds: [{service: std, pickup: 10:00, parcels: §-1}]", ["from 0 to 1000000"]),
    ("negative time", "rounds: [{service: std, pickup: §-10:00}]", ["must be a time of day"]),
    (
        "exception twice",
        "exceptions: [{date: 2026-11-27, closed: true}, {date: §2026-11-27, closed: true}]",
        ["already"],
    ),
    ("exception of nothing", "exceptions: [§{date: 2026-11-27}]", ["does not say what is different"]),
    ("exception without a date", "exceptions: [§{closed: true}]", ["date is missing"]),
    (
        "closed with hours",
        "exceptions: [{date: 2026-11-27, closed: true, picking: §09:00-10:00}]",
        ["must not be given on a day that is closed"],
    ),
    (
        "exception for customers alone",
        "picking_hours: [{days: mon-fri, hours: 06:00-20:00}], exceptions: [§{date: 2026-11-27, opening: 08:00-20:00}]",
        ["picking is missing; give hours, or closed, where there are picking_hours"],
    ),
    (
        "exceptional hours that fall",
        "exceptions: [{date: 2026-11-27, picking: [12:00-14:00, §10:00-12:30]}]",
        ["must begin after the one before it ends"],
    ),
    ("round of no service", "rounds: [§{pickup: 10:00}]", ["service is missing"]),
    (
        "round of an unknown service",
        "rounds: [{service: §stt, pickup: 10:00}]",
        ["'stt' is not a service that collects"],
    ),
    ("round of what is collected", "rounds: [{service: §here, pickup: 10:00}]", ["collected by the customer"]),
    ("round without a time", "rounds: [§{service: std}]", ["pickup is missing"]),
    ("round that never comes", "rounds: [{service: std, days: §[sat, sun], pickup: 10:00}]", ["the round never comes"]),
    ("round too early", "rounds: [{service: std, pickup: 10:00, cut_off: §10:01}]", ["10:01 must not be after"]),
    (
        "round without an end",
        "rounds: [{service: std, pickup: 10:00, every_minutes: §30}]",
        ["goes with a last pickup"],
    ),
    ("round at once", "rounds: [{service: std, pickup: 10:00, every_minutes: §9, last_pickup: 11:00}]", ["from 10"]),
    ("rounds with an end", "rounds: [{service: std, pickup: 10:00, last_pickup: §11:00}]", ["goes with every_minutes"]),
    (
        "rounds that end first",
        "rounds: [{service: std, pickup: 10:00, every_minutes: 30, last_pickup: §09:00}]",
        ["from the first pickup at 10:00"],
    ),
    (
        "rounds that meet",
        "rounds: [{service: std, pickup: 10:00}, {service: std, days: mon, pickup: §10:00}]",
        ["std comes at 10:00 already that day"],
    ),
    (
        "rounds that differ",
        "rounds: [{service: std, days: tue, pickup: 10:00}, {service: std, days: mon, pickup: 10:00, parcels: §9}]",
        ["they must be alike"],
    ),
    ("shift without hours", "shifts: [§{shift: a, measure: orders, limit: 1}]", ["hours is missing"]),
    ("shift of no time", "shifts: [{shift: a, hours: §08:00-08:00, measure: orders, limit: 1}]", ["must end after"]),
    (
        "shift twice",
        "shifts: [{shift: a, hours: 08:00-12:00, measure: orders, limit: 1}, "
        "{shift: §a, hours: 12:00-18:00, measure: orders, limit: 1}]",
        ["is a shift of this node already"],
    ),
    ("rounds in a round", "§pickup: 10:00", ["it belongs under nodes.rounds"]),
]


@pytest.mark.parametrize(("marked", "told"), [case[1:] for case in NODE], ids=[case[0] for case in NODE])
def test_refuses(refused, marked: str, told: list[str]) -> None:
    refused(parse_network, f"{HEAD}nodes: [{{{START}, working_days: mon-fri, {marked}}}]\n", *told)


def test_a_calendar_that_never_opens_within_a_year(refused) -> None:
    mondays = ", ".join(str(date(2026, 1, 5) + timedelta(weeks=week)) for week in range(60))
    text = f"{HEAD}nodes: [{{{START}, working_days: §mon, closed_dates: [{mondays}]}}]\n"
    refused(parse_network, text, "nodes[0].working_days: never opens: every day from 2025-12-30 to")


def test_faults_of_a_default_stand_there(refused) -> None:
    defaults = DEFAULTS.replace("cut_off: 16:00", "cut_off: §16:31").replace("- {service: std, p", "- {service: §st, p")
    text = f"{HEAD}{defaults}nodes: [{{node: n, node_type: store, lat: 1, lon: 2}}]\n"
    refused(parse_network, text, "nodes[0].rounds[0].cut_off: 16:31 must not", "nodes[0].rounds[1].service: 'st'")


def test_faults_of_own_and_default_keys_each_stand_where_they_are(refused) -> None:
    defaults = (
        "node_defaults:\n  store: {working_days: mon-fri, exceptions: [§{date: 2026-11-27, opening: 08:00-20:00}]}\n"
    )
    node = f"nodes: [{{{START}, picking_hours: [{{days: mon, hours: [08:00-12:00, §11:00-14:00]}}]}}]\n"
    refused(parse_network, HEAD + defaults + node, "picking is missing", "overlaps 08:00-12:00")


def test_an_unread_entry_hides_no_fault_elsewhere_and_makes_none(refused) -> None:
    rounds = "rounds: [{service: std, pickup: §ten}, {service: std, pickup: 00:00}]"
    shifts = "shifts: [{shift: a, hours: §12:00, measure: orders, limit: 1}]"
    opening = "opening_hours: §[{days: sat, hours: 06:00-14:00}]"
    text = f"{HEAD}nodes: [{{{START}, working_days: mon-fri, {rounds}, {shifts}, {opening}}}]\n"
    refused(parse_network, text, "time of day", "must be hours", "never opens")

"""Hours, exceptions, rounds and shifts that do not fit together; calendars that never open."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sourcier.domain.calendar_checks import CLOSED_DAYS_MAX, closed_run, node_faults, pickup_minutes
from sourcier.domain.network import (
    CapacityMeasure,
    DayException,
    Hours,
    Method,
    Node,
    NodeCalendar,
    NodeType,
    Round,
    Service,
    Shift,
)
from sourcier.domain.place import GeoPoint

WEEK = frozenset(range(1, 6))
SERVICES = {
    name: Service(service_id=name, method=method, transit=(), delivery_days=WEEK)
    for name, method in (("std", Method.HOME_DELIVERY), ("here", Method.CLICK_AND_COLLECT))
}
SOUND = Node(
    node_id="n",
    node_type=NodeType.STORE,
    point=GeoPoint(lat_e6=0, lon_e6=0),
    time_zone="UTC",
    calendar=NodeCalendar(working_days=WEEK, cut_off_minute=960),
    services=("std", "here"),
)


def hours(from_minute: int, to_minute: int, *days: int) -> Hours:
    return Hours(days=frozenset(days) or WEEK, from_minute=from_minute, to_minute=to_minute)


def comes(pickup_minute: int, **fields: object) -> Round:
    return replace(Round(service_id="std", days=WEEK, pickup_minute=pickup_minute), **fields)  # type: ignore[arg-type]


def shift(shift_id: str, from_minute: int, to_minute: int) -> Shift:
    measure = CapacityMeasure.ORDERS
    return Shift(shift_id=shift_id, from_minute=from_minute, to_minute=to_minute, measure=measure, limit=1)


def told(node: Node) -> list[tuple[str, str]]:
    return [(found.field, found.description) for found in node_faults("n", node, SERVICES)]


def only(node: Node) -> tuple[str, str]:
    (found,) = told(node)
    return found


def with_calendar(**fields: object) -> Node:
    return replace(SOUND, calendar=replace(SOUND.calendar, **fields))  # type: ignore[arg-type]


def test_a_full_node_is_sound() -> None:
    node = with_calendar(
        picking_hours=(hours(0, 720), hours(720, 1440), hours(0, 1440, 6)),
        opening_hours=(hours(540, 750), hours(840, 1140)),
        exceptions=(
            DayException(day=date(2026, 11, 27), picking=((0, 600), (600, 1440)), opening=((480, 1320),)),
            DayException(day=date(2027, 1, 15)),
        ),
    )
    rounds = (
        comes(600, cut_off_minute=600, parcels=5),
        comes(960, every_minutes=30, last_pickup_minute=1080),
        comes(600, days=frozenset({6}), parcels=5),
        comes(600, days=frozenset({5, 7}), service_id="std2"),
    )
    shifts = (shift("early", 360, 840), shift("late", 780, 1320), shift("night", 1320, 1800))
    assert told(replace(node, services=("std", "std2"), rounds=rounds[:2] + rounds[3:], shifts=shifts)) == []
    sundays = replace(node.calendar, exceptions=(DayException(day=date(2026, 12, 19), picking=((0, 60),)),))
    assert told(replace(node, calendar=sundays, rounds=rounds[:3])) == []


@pytest.mark.parametrize("name", ["picking_hours", "opening_hours"])
def test_hours(name: str) -> None:
    path = f"n.calendar.{name}"
    assert only(with_calendar(**{name: (hours(600, 600),)})) == (
        f"{path}[0].to_minute",
        "the end 10:00 must be after its beginning",
    )
    assert only(with_calendar(**{name: (hours(-1, 600),)}))[0] == f"{path}[0].from_minute"
    assert only(with_calendar(**{name: (hours(600, 1441),)}))[1] == "the end 24:01 must not be after 24:00"
    assert only(with_calendar(**{name: (hours(540, 720), hours(700, 800, 5, 6))})) == (
        f"{path}[1]",
        "overlaps 09:00-12:00 on the same day",
    )
    assert told(with_calendar(**{name: (hours(540, 720), hours(700, 800, 6))})) == []
    assert only(with_calendar(**{name: (hours(540, 720, 6, 7),)})) == (
        path,
        "never opens: none of these days is a working day",
    )
    empty = Hours(days=frozenset(), from_minute=0, to_minute=1)
    assert only(with_calendar(**{name: (empty,)}))[0] == f"{path}[0].days"


def test_exceptions() -> None:
    day = date(2026, 11, 27)
    path = "n.calendar.exceptions"
    assert only(with_calendar(exceptions=(DayException(day=day), DayException(day=day)))) == (
        f"{path}[1].day",
        "2026-11-27 has an exception already",
    )
    turned = DayException(day=day, picking=((600, 540),))
    assert only(with_calendar(exceptions=(turned,)))[0] == f"{path}[0].picking[0].to_minute"
    falling = DayException(day=day, opening=((600, 720), (660, 800)))
    assert only(with_calendar(exceptions=(falling,)))[0] == f"{path}[0].opening[1]"


def test_rounds_of_services_that_do_not_collect() -> None:
    assert "not a service that collects" in only(replace(SOUND, rounds=(comes(600, service_id="other"),)))[1]
    assert "by the customer" in only(replace(SOUND, rounds=(comes(600, service_id="here"),)))[1]


@pytest.mark.parametrize(
    ("entry", "field", "words"),
    [
        (comes(600, days=frozenset()), "days", "at least one"),
        (comes(600, days=frozenset({6, 7})), "days", "never comes"),
        (comes(1440), "pickup_minute", "0 to 1439"),
        (comes(-1), "pickup_minute", "0 to 1439"),
        (comes(600, cut_off_minute=601), "cut_off_minute", "10:01 must not be after the pickup at 10:00"),
        (comes(600, cut_off_minute=-1), "cut_off_minute", "must not be after"),
        (comes(600, last_pickup_minute=700), "last_pickup_minute", "goes with every_minutes"),
        (comes(600, every_minutes=60), "every_minutes", "goes with a last pickup"),
        (comes(600, every_minutes=0, last_pickup_minute=700), "every_minutes", "at least 10"),
        (comes(600, every_minutes=-10, last_pickup_minute=700), "every_minutes", "at least 10"),
        (comes(600, every_minutes=60, last_pickup_minute=599), "last_pickup_minute", "from the first pickup"),
        (comes(600, every_minutes=60, last_pickup_minute=10**12), "last_pickup_minute", "to 23:59"),
    ],
)
def test_times_of_a_round(entry: Round, field: str, words: str) -> None:
    path, description = only(replace(SOUND, rounds=(entry,)))
    assert path == f"n.rounds[0].{field}"
    assert words in description


def test_two_rounds_of_a_service_never_meet() -> None:
    every = comes(540, every_minutes=30, last_pickup_minute=720)
    assert only(replace(SOUND, rounds=(every, comes(600)))) == (
        "n.rounds[1].pickup_minute",
        "std comes at 10:00 already that day",
    )
    monday, friday = comes(600, days=frozenset({1}), parcels=9), comes(600, days=frozenset({5}), parcels=8)
    assert only(replace(SOUND, rounds=(monday, friday)))[0] == "n.rounds[1].parcels"
    assert told(replace(SOUND, rounds=(monday, replace(friday, parcels=9)))) == []


def test_pickup_minutes() -> None:
    assert list(pickup_minutes(comes(600))) == [600]
    assert list(pickup_minutes(comes(600, every_minutes=30, last_pickup_minute=670))) == [600, 630, 660]
    assert len(pickup_minutes(comes(-(2**31), every_minutes=-1, last_pickup_minute=2**31))) == 1_440


def test_shifts() -> None:
    assert only(replace(SOUND, shifts=(shift("a", 0, 60), shift("a", 60, 90))))[0] == "n.shifts[1].shift_id"
    assert only(replace(SOUND, shifts=(shift("a", 600, 600),)))[0] == "n.shifts[0].to_minute"
    assert only(replace(SOUND, shifts=(shift("a", 1440, 1500),)))[0] == "n.shifts[0].from_minute"
    assert only(replace(SOUND, shifts=(shift("a", 60, 1501),)))[1] == "the end 25:01 must not be after 25:00"


def test_a_calendar_that_never_opens() -> None:
    mondays = frozenset(date(2026, 1, 5) + timedelta(weeks=week) for week in range(60))
    path, description = only(with_calendar(working_days=frozenset({1}), closed_dates=mondays))
    assert path == "n.calendar.working_days"
    assert description == "never opens: every day from 2025-12-30 to 2027-01-04 is closed"
    assert told(with_calendar(working_days=frozenset({1, 2}), closed_dates=mondays)) == []
    saved = (DayException(day=date(2026, 7, 3), opening=((0, 60),)),)
    assert told(with_calendar(working_days=frozenset({1}), closed_dates=mondays, exceptions=saved)) == []
    closed = tuple(DayException(day=day) for day in mondays)
    assert told(with_calendar(working_days=frozenset({1}), exceptions=closed))[0][0] == path


def test_a_run_may_lie_at_either_end_of_the_calendar() -> None:
    days = [date.max - timedelta(days=n) for n in range(400)]
    assert closed_run(frozenset({1}), days) != ""
    assert closed_run(frozenset({1}), [date.min + timedelta(days=n) for n in range(400)]) != ""


@given(
    weekdays=st.frozensets(st.integers(1, 7), min_size=1),
    holes=st.lists(st.integers(0, 399), max_size=4),
    opened=st.lists(st.integers(0, 420), max_size=2),
    num_days=st.integers(355, 400),
)
def test_closed_runs_are_found_as_by_looking_at_every_day(
    weekdays: frozenset[int], holes: list[int], opened: list[int], num_days: int
) -> None:
    start = date(2026, 3, 2)
    closed = {start + timedelta(days=n) for n in range(num_days) if n not in holes}
    works = {start + timedelta(days=n - 10) for n in opened}
    longest = run = 0
    for n in range(-30, 450):
        day = start + timedelta(days=n)
        rests = day not in works and (day in closed or day.isoweekday() not in weekdays)
        run = run + 1 if rests else 0
        longest = max(longest, run)
    assert bool(closed_run(weekdays, closed, works)) == (longest >= CLOSED_DAYS_MAX)

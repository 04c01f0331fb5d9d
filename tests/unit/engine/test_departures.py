"""Departures: the rounds, cut-offs and shifts of nodes as instants, shared where lanes are alike."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from tests.reference.small import EVERY_DAY, node, service

from sourcier.domain.network import (
    CapacityMeasure,
    DayException,
    Hours,
    Method,
    Network,
    Node,
    NodeCalendar,
    Round,
    Service,
    Shift,
)
from sourcier.engine.compile import UNLIMITED, compile_network
from sourcier.engine.timetable import Timetable, compile_timetable

MONDAY = date(2026, 3, 2)
WEEK = frozenset(range(1, 6))
CALENDAR = NodeCalendar(working_days=WEEK, cut_off_minute=960)


def table(*nodes: Node, services: tuple[Service, ...] = (service(),), time_zone: str = "UTC") -> Timetable:
    """The timetable of five days from Monday on."""
    network = Network(currency_code="EUR", time_zone=time_zone, nodes=nodes, services=services)
    return compile_timetable(compile_network(network), MONDAY, 5)


def leaves(found: Timetable, n: int = 0, s: int = 0, zone: str = "") -> list[str]:
    """Every pickup of a lane, as weekday and time in UTC; without a zone also those in no window of a courier."""
    schedule = int((found.schedules(zone) if zone else found.schedule)[n, s])
    first = int(found.rounds.stop[schedule - 1]) if schedule else 0
    pickups = found.rounds.pickup[first : found.rounds.stop[schedule]]
    return [f"{datetime.fromtimestamp(int(at), tz=UTC):%a %H:%M}" for at in pickups]


def one(pickup_minute: int, **changes: object) -> Round:
    """A round of every day by "std"."""
    return replace(Round(service_id="std", days=EVERY_DAY, pickup_minute=pickup_minute), **changes)  # type: ignore[arg-type]


def test_a_service_without_rounds_leaves_at_the_cut_off_of_working_days() -> None:
    found = table(node("a", calendar=CALENDAR))
    assert leaves(found) == ["Mon 16:00", "Tue 16:00", "Wed 16:00", "Thu 16:00", "Fri 16:00"]
    assert set(found.rounds.minute.tolist()) == {-1}
    assert set(found.rounds.parcels.tolist()) == {UNLIMITED}
    assert found.rounds.cut_off.tolist() == found.rounds.pickup.tolist()


def test_rounds_come_on_their_days_if_the_node_works_and_repeat_until_the_last() -> None:
    rounds = (
        one(1_020, days=frozenset({1, 6}), parcels=7),
        one(540, days=frozenset({2, 3}), every_minutes=90, last_pickup_minute=740, cut_off_minute=500),
    )
    calendar = replace(CALENDAR, closed_dates=frozenset({date(2026, 3, 3)}))
    found = table(node("a", calendar=calendar, rounds=rounds))
    assert leaves(found) == ["Mon 17:00", "Wed 09:00", "Wed 10:30", "Wed 12:00"]
    assert found.rounds.parcels.tolist() == [7, UNLIMITED, UNLIMITED, UNLIMITED]
    assert found.rounds.minute.tolist() == [1_020, 540, 630, 720]
    before = ((found.rounds.pickup - found.rounds.cut_off) // 60).tolist()
    assert before == [0, 40, 40, 40]
    assert [date.fromordinal(int(day)).isoweekday() for day in found.rounds.day] == [1, 3, 3, 3]


def test_a_cut_off_holds_for_its_own_round_only() -> None:
    rounds = (one(600, cut_off_minute=540), one(720), one(960, cut_off_minute=660))
    found = table(node("a", calendar=CALENDAR, rounds=rounds))
    nine = int(datetime(2026, 3, 2, 9, 0, tzinfo=UTC).timestamp())
    lane = np.array([0])
    for minutes, work, expected in ((0, 0, 0), (1, 0, 1), (30, 9_000, 1), (30, 9_001, 2), (150, 0, 1), (150, 1_801, 3)):
        placed = nine + 60 * minutes
        begin = np.array([placed])
        at = found.first_round(lane, placed, begin, found.done(lane, begin, np.array([work])))
        assert at.tolist() == [expected], (minutes, work)


def test_exceptional_days_have_rounds_if_the_node_picks() -> None:
    exceptions = (
        DayException(day=date(2026, 3, 2), opening=((0, 1_440),)),
        DayException(day=date(2026, 3, 4)),
        DayException(day=date(2026, 3, 7), picking=((0, 60),)),
    )
    calendar = replace(CALENDAR, exceptions=exceptions)
    assert leaves(table(node("a", calendar=calendar))) == ["Tue 16:00", "Thu 16:00", "Fri 16:00", "Sat 16:00"]


def test_lanes_with_the_same_calendar_and_rounds_share_a_schedule() -> None:
    services = (service("std"), service("exp"), service("none"))
    both = ("std", "exp")
    found = table(
        node("a", calendar=CALENDAR, services=both),
        node("b", calendar=CALENDAR, services=both, rounds=(one(600),)),
        node("c", calendar=replace(CALENDAR, cut_off_minute=1), services=("exp",)),
        node("d", calendar=replace(CALENDAR, cut_off_minute=960), time_zone="Europe/Paris", services=("std",)),
        services=services,
    )
    assert found.schedule.tolist() == [[0, 0, -1], [1, 0, -1], [-1, 2, -1], [3, -1, -1]]
    assert leaves(found, 3)[:2] == ["Mon 15:00", "Tue 15:00"]


COURIER = service(
    "std",
    method=Method.SAME_DAY,
    courier_minutes=90,
    delivery_days=frozenset({1, 2, 3, 4}),
    closed_dates=frozenset({date(2026, 3, 3)}),
    windows=(
        Hours(days=EVERY_DAY, from_minute=600, to_minute=720),
        Hours(days=EVERY_DAY, from_minute=840, to_minute=960),
    ),
)


def test_couriers_leave_only_when_they_deliver_in_a_window_of_that_day() -> None:
    rounds = tuple(one(minute) for minute in (509, 510, 629, 630, 750, 1_430))
    found = table(node("a", calendar=CALENDAR, rounds=rounds), services=(COURIER,))
    expected = [f"{day} {time}" for day in ("Mon", "Wed", "Thu") for time in ("08:30", "10:29", "12:30")]
    assert leaves(found, zone="UTC") == expected
    assert len(leaves(found)) == 5 * len(rounds)
    with pytest.raises(KeyError):
        found.schedules("Asia/Tokyo")  # nobody lives there


def test_a_couriers_windows_are_in_the_zone_of_the_destination() -> None:
    rounds = (one(510), one(1_380))
    shop = node("a", calendar=CALENDAR, rounds=rounds, time_zone="Europe/Paris")
    found = table(shop, services=(replace(COURIER, windows=()),), time_zone="Europe/London")
    assert leaves(found, zone="Europe/London") == [
        *("Mon 07:30", "Mon 22:00"),  # 23:00 in Paris, half past eleven in London when it arrives
        *("Wed 07:30", "Wed 22:00"),
        *("Thu 07:30", "Thu 22:00"),
    ]


def test_schedules_of_other_services_stay_as_they_are_beside_couriers() -> None:
    ids = ("std", "exp")
    shop = node("a", calendar=CALENDAR, services=ids, rounds=(one(510),))
    found = table(shop, services=(COURIER, service("exp")))
    assert leaves(found, s=1, zone="UTC") == leaves(found, s=1)
    assert leaves(found, s=0, zone="UTC") == ["Mon 08:30", "Wed 08:30", "Thu 08:30"]


def shift(shift_id: str, from_minute: int, to_minute: int) -> Shift:
    """Five orders."""
    return Shift(
        shift_id=shift_id, from_minute=from_minute, to_minute=to_minute, measure=CapacityMeasure.ORDERS, limit=5
    )


def test_shifts_start_on_working_days_and_may_end_on_the_next() -> None:
    shop = node("b", calendar=CALENDAR, shifts=(shift("night", 1_320, 1_800), shift("early", 360, 840)))
    shifts = table(node("a", calendar=CALENDAR), shop).shifts
    assert shifts.stop.tolist() == [0, 10]
    assert shifts.which.tolist() == [1, 0] * 5
    hours = [
        ((a - shifts.start[0]) / 3_600, (b - shifts.start[0]) / 3_600)
        for a, b in zip(shifts.start, shifts.end, strict=True)
    ]
    assert hours[:3] == [(0, 8), (16, 24), (24, 32)]
    assert [date.fromordinal(int(day)) for day in shifts.day[:2]] == [MONDAY, MONDAY]
    assert date.fromordinal(int(shifts.day[-1])) == MONDAY + timedelta(days=4)

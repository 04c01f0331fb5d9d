"""Dates and instants: daylight-saving gaps and folds, cut-offs, ship days, delivery days."""

import random
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sourcier.domain.calendar import (
    delivery_day,
    first_ship_day,
    is_working_day,
    local_instant,
    next_ship_day,
    ship_moment,
)
from sourcier.domain.network import NodeCalendar

WEEK = frozenset(range(1, 6))
EVERY_DAY = frozenset(range(1, 8))
ZONES = (
    "UTC",
    "Europe/Paris",
    "Europe/Dublin",
    "America/New_York",
    "America/Havana",
    "Asia/Beirut",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Apia",
)


@pytest.mark.parametrize(
    ("day", "minute", "zone", "expected"),
    [
        # Paris, 29 March 2026: 02:00 becomes 03:00.
        (date(2026, 3, 29), 119, "Europe/Paris", datetime(2026, 3, 29, 0, 59, tzinfo=UTC)),
        (date(2026, 3, 29), 120, "Europe/Paris", datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),
        (date(2026, 3, 29), 150, "Europe/Paris", datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),
        (date(2026, 3, 29), 179, "Europe/Paris", datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),
        (date(2026, 3, 29), 180, "Europe/Paris", datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),
        (date(2026, 3, 29), 181, "Europe/Paris", datetime(2026, 3, 29, 1, 1, tzinfo=UTC)),
        # Paris, 25 October 2026: 03:00 becomes 02:00; 02:30 comes twice and the first one counts.
        (date(2026, 10, 25), 119, "Europe/Paris", datetime(2026, 10, 24, 23, 59, tzinfo=UTC)),
        (date(2026, 10, 25), 120, "Europe/Paris", datetime(2026, 10, 25, 0, 0, tzinfo=UTC)),
        (date(2026, 10, 25), 150, "Europe/Paris", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        (date(2026, 10, 25), 180, "Europe/Paris", datetime(2026, 10, 25, 2, 0, tzinfo=UTC)),
        # Dublin calls its winter time the exception (negative DST); the clocks do the same as elsewhere.
        (date(2026, 3, 29), 90, "Europe/Dublin", datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),
        (date(2026, 10, 25), 90, "Europe/Dublin", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        # Lord Howe moves by half an hour: 4 October 2026 02:00 to 02:30, 5 April 2026 02:00 to 01:30.
        (date(2026, 10, 4), 119, "Australia/Lord_Howe", datetime(2026, 10, 3, 15, 29, tzinfo=UTC)),
        (date(2026, 10, 4), 135, "Australia/Lord_Howe", datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
        (date(2026, 10, 4), 150, "Australia/Lord_Howe", datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
        (date(2026, 4, 5), 105, "Australia/Lord_Howe", datetime(2026, 4, 4, 14, 45, tzinfo=UTC)),
        (date(2026, 4, 5), 120, "Australia/Lord_Howe", datetime(2026, 4, 4, 15, 30, tzinfo=UTC)),
        # Apia left out 30 December 2011 altogether.
        (date(2011, 12, 29), 1_439, "Pacific/Apia", datetime(2011, 12, 30, 9, 59, tzinfo=UTC)),
        (date(2011, 12, 30), 0, "Pacific/Apia", datetime(2011, 12, 30, 10, 0, tzinfo=UTC)),
        (date(2011, 12, 30), 600, "Pacific/Apia", datetime(2011, 12, 30, 10, 0, tzinfo=UTC)),
        (date(2011, 12, 31), 0, "Pacific/Apia", datetime(2011, 12, 30, 10, 0, tzinfo=UTC)),
        # Havana's gap begins at midnight, the end of the day before: 8 March 2026.
        (date(2026, 3, 7), 1_440, "America/Havana", datetime(2026, 3, 8, 5, 0, tzinfo=UTC)),
        # The end of the day is the start of the next.
        (date(2026, 3, 4), 1_440, "UTC", datetime(2026, 3, 5, tzinfo=UTC)),
    ],
)
def test_local_times_become_instants(day: date, minute: int, zone: str, expected: datetime) -> None:
    assert local_instant(day, minute, zone) == expected


@given(
    zone=st.sampled_from(ZONES),
    day=st.dates(date(2000, 1, 1), date(2035, 12, 31)),
    minutes=st.tuples(st.integers(0, 1_440), st.integers(0, 1_440)),
)
def test_a_later_local_time_is_never_an_earlier_instant(zone: str, day: date, minutes: tuple[int, int]) -> None:
    early, late = sorted(minutes)
    assert local_instant(day, early, zone) <= local_instant(day, late, zone)


@pytest.mark.parametrize(
    ("day", "works"), [(date(2026, 3, 6), True), (date(2026, 3, 7), False), (date(2026, 3, 9), False)]
)
def test_a_node_works_on_its_weekdays_unless_closed(day: date, works: bool) -> None:
    calendar = NodeCalendar(working_days=WEEK, cut_off_minute=600, closed_dates=frozenset({date(2026, 3, 9)}))
    assert is_working_day(calendar, day) is works


def test_order_by_leaves_real_minutes_for_processing_across_a_gap() -> None:
    calendar = NodeCalendar(working_days=EVERY_DAY, cut_off_minute=600, processing_minutes=600)
    moment = ship_moment(calendar, "Europe/Paris", date(2026, 3, 29))
    assert moment.day == date(2026, 3, 29)
    assert moment.ship_by == datetime(2026, 3, 29, 8, 0, tzinfo=UTC)
    assert moment.order_by == datetime(2026, 3, 28, 22, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("placed_at", "expected"),
    [
        (datetime(2026, 3, 6, 11, 0, tzinfo=UTC), date(2026, 3, 6)),  # the very instant of the order-by
        (datetime(2026, 3, 6, 11, 0, 1, tzinfo=UTC), date(2026, 3, 9)),  # a second late on Friday: Monday
        (datetime(2026, 3, 7, 9, 0, tzinfo=UTC), date(2026, 3, 9)),
    ],
)
def test_first_ship_day_turns_on_the_second_of_the_order_by(placed_at: datetime, expected: date) -> None:
    calendar = NodeCalendar(working_days=WEEK, cut_off_minute=13 * 60, processing_minutes=60)
    assert first_ship_day(calendar, "Europe/Paris", placed_at, 28) == expected


def test_an_order_at_local_midnight_still_makes_the_cut_off_at_the_end_of_the_day_before() -> None:
    calendar = NodeCalendar(working_days=EVERY_DAY, cut_off_minute=1_440)
    midnight = local_instant(date(2026, 6, 2), 0, "Europe/Paris")
    assert first_ship_day(calendar, "Europe/Paris", midnight, 28) == date(2026, 6, 1)


def test_no_ship_day_within_the_horizon() -> None:
    placed_at = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
    closed = frozenset(date(2026, 3, 2) + timedelta(days=d) for d in range(10))
    calendar = NodeCalendar(working_days=EVERY_DAY, cut_off_minute=600, closed_dates=closed)
    assert first_ship_day(calendar, "UTC", placed_at, 9) is None
    assert first_ship_day(calendar, "UTC", placed_at, 10) == date(2026, 3, 12)


def test_next_ship_day_is_after_the_day_and_not_after_the_last() -> None:
    calendar = NodeCalendar(working_days=WEEK, cut_off_minute=600)
    assert next_ship_day(calendar, date(2026, 3, 5), date(2026, 3, 31)) == date(2026, 3, 6)
    assert next_ship_day(calendar, date(2026, 3, 6), date(2026, 3, 9)) == date(2026, 3, 9)
    assert next_ship_day(calendar, date(2026, 3, 6), date(2026, 3, 8)) is None


@pytest.mark.parametrize(
    ("ship_day", "business_days", "expected"),
    [
        (date(2026, 3, 6), 0, date(2026, 3, 6)),  # Friday, same day
        (date(2026, 3, 6), 1, date(2026, 3, 9)),
        (date(2026, 3, 6), 2, date(2026, 3, 11)),  # Tuesday the 10th is a holiday
        (date(2026, 3, 7), 0, date(2026, 3, 9)),  # same day, but nobody delivers on Saturday
        (date(2026, 3, 7), 1, date(2026, 3, 9)),
        (date(2026, 3, 10), 0, date(2026, 3, 11)),
    ],
)
def test_delivery_day_counts_delivery_days_only(ship_day: date, business_days: int, expected: date) -> None:
    assert delivery_day(WEEK, frozenset({date(2026, 3, 10)}), ship_day, business_days) == expected


def test_a_carrier_that_never_delivers_has_no_delivery_day() -> None:
    shut = frozenset(date(2026, 1, 1) + timedelta(days=d) for d in range(800))
    assert delivery_day(EVERY_DAY, shut, date(2026, 1, 1), 1) is None
    assert delivery_day(frozenset(), frozenset(), date(2026, 1, 1), 0) is None


CALENDARS = st.builds(
    NodeCalendar,
    working_days=st.frozensets(st.integers(1, 7), min_size=1),
    cut_off_minute=st.integers(0, 1_440),
    processing_minutes=st.integers(0, 3_000),
    closed_dates=st.frozensets(st.dates(date(2026, 3, 20), date(2026, 4, 10)), max_size=4),
)
PLACED = st.datetimes(datetime(2026, 3, 20), datetime(2026, 4, 8), timezones=st.just(UTC))


@given(calendar=CALENDARS, zone=st.sampled_from(ZONES), moments=st.tuples(PLACED, PLACED))
def test_a_later_order_never_ships_earlier(
    calendar: NodeCalendar, zone: str, moments: tuple[datetime, datetime]
) -> None:
    early, late = (first_ship_day(calendar, zone, moment, 60) for moment in sorted(moments))
    assert early is not None
    assert late is not None
    assert early <= late


def _walked(calendar: NodeCalendar, zone: str, placed_at: datetime, horizon_days: int) -> date | None:
    """The first ship day by walking minute after minute: a cut-off passes when the local clock first reaches it."""
    tz = ZoneInfo(zone)
    ready = placed_at + timedelta(minutes=calendar.processing_minutes)
    placed_on = placed_at.astimezone(tz).date()
    days = [placed_on + timedelta(days=d) for d in range(-2, horizon_days + 1)]
    to_come = [
        (datetime.combine(day, datetime.min.time()) + timedelta(minutes=calendar.cut_off_minute), day)
        for day in days
        if day.isoweekday() in calendar.working_days and day not in calendar.closed_dates
    ]
    now = ready - timedelta(hours=4)  # before any fold in which the order could be ready
    while to_come:
        clock = now.astimezone(tz).replace(tzinfo=None)
        while to_come and to_come[0][0] <= clock:
            _, day = to_come.pop(0)
            if now >= ready:
                return day
        now += timedelta(minutes=1)
    return None


def test_first_ship_day_agrees_with_a_walk_minute_by_minute() -> None:
    rng = random.Random(20260329)
    centres = (
        datetime(2026, 3, 28, 12),
        datetime(2026, 10, 24, 12),
        datetime(2026, 4, 4, 12),
        datetime(2026, 10, 3, 12),
    )
    disagree = []
    for case in range(500):
        zone = rng.choice(ZONES)
        near = datetime(2011, 12, 29) if zone == "Pacific/Apia" else rng.choice(centres)
        placed_at = (near + timedelta(minutes=rng.randint(-2_000, 2_000))).replace(tzinfo=UTC)
        first = placed_at.date()
        calendar = NodeCalendar(
            working_days=rng.choice([EVERY_DAY, EVERY_DAY, frozenset(range(1, 7)), frozenset({6, 7})]),
            cut_off_minute=rng.choice([0, 60, 90, 119, 120, 150, 180, 600, 1_380, 1_410, 1_440, rng.randint(0, 1_440)]),
            processing_minutes=rng.choice([0, 0, 30, 60, 240, 1_500]),
            closed_dates=frozenset(first + timedelta(days=rng.randint(-1, 4)) for _ in range(rng.randint(0, 2))),
        )
        expected = _walked(calendar, zone, placed_at, 9)
        if first_ship_day(calendar, zone, placed_at, 9) != expected:
            disagree.append((case, zone, placed_at, calendar, expected))
    assert disagree == []

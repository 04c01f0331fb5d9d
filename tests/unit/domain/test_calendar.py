"""Dates and instants: daylight-saving gaps and folds, cut-offs, ship days, delivery days."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.reference.small import node, service

from sourcier.domain.calendar import (
    Departure,
    collectable_at,
    courier_delivers,
    departures,
    departures_at,
    is_working_day,
    local_instant,
    makes,
    open_from,
    opening_spans,
    order_by,
    picking_spans,
    ready_at,
    shift_begin,
    start_by,
    work_on,
)
from sourcier.domain.network import CapacityMeasure, DayException, Hours, Method, Node, NodeCalendar, Round, Shift

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
    calendar = NodeCalendar(working_days=EVERY_DAY, cut_off_minute=600)
    paris = node("a", calendar=calendar, time_zone="Europe/Paris")
    departure = departures(paris, "std", date(2026, 3, 29))[0]
    assert departure.pickup == departure.cut_off == datetime(2026, 3, 29, 8, 0, tzinfo=UTC)
    assert order_by(paris, departure, timedelta(hours=10)) == datetime(2026, 3, 28, 22, 0, tzinfo=UTC)


PARIS = "Europe/Paris"
SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)


def midnight(day: date) -> datetime:
    return local_instant(day, 0, PARIS)


def utc(day: date, hour: int, minute: int = 0, second: int = 0) -> datetime:
    """An instant."""
    return datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=UTC)


def hours(*spans: tuple[int, int], days: frozenset[int] = EVERY_DAY) -> tuple[Hours, ...]:
    """Spans in whole hours."""
    return tuple(Hours(days=days, from_minute=60 * a, to_minute=60 * b) for a, b in spans)


NIGHTS = NodeCalendar(working_days=EVERY_DAY, cut_off_minute=960, picking_hours=hours((1, 4), (8, 16)))


@pytest.mark.parametrize(("day", "worked"), [(date(2026, 3, 28), 3), (SPRING, 2), (AUTUMN, 4)])
def test_hours_that_the_clock_leaves_out_do_not_count_and_those_that_it_repeats_count_twice(
    day: date, worked: int
) -> None:
    (start, end), _ = picking_spans(NIGHTS, PARIS, day)
    assert end - start == timedelta(hours=worked)


@pytest.mark.parametrize(
    ("work", "expected"),
    [
        (timedelta(), utc(SPRING, 0, 30)),  # 01:30 in Paris
        (timedelta(minutes=30), utc(SPRING, 1, 0)),  # 02:00 does not exist: it is 03:00
        (timedelta(minutes=30, seconds=1), utc(SPRING, 1, 0, 1)),
        (timedelta(minutes=90), utc(SPRING, 2, 0)),  # 04:00, the end of the first hours
        (timedelta(minutes=90, seconds=1), utc(SPRING, 6, 0, 1)),
        (timedelta(hours=9, minutes=31), utc(SPRING, 23, 1)),  # next day 01:01
    ],
)
def test_work_waits_for_picking_hours_through_the_spring_gap(work: timedelta, expected: datetime) -> None:
    begin = utc(SPRING, 0, 30)
    assert ready_at(NIGHTS, PARIS, begin, work) == expected
    last = start_by(NIGHTS, PARIS, expected, work)
    assert last == (begin if work else expected)


def test_the_last_start_is_the_end_of_hours_only_if_no_work_is_needed_before() -> None:
    eight = utc(date(2026, 3, 4), 7)  # 08:00 in Paris: picking begins
    assert start_by(NIGHTS, PARIS, eight, timedelta()) == eight
    assert start_by(NIGHTS, PARIS, eight, timedelta(seconds=1)) == utc(date(2026, 3, 4), 2, 59, 59)
    assert start_by(NIGHTS, PARIS, eight, timedelta(hours=3)) == utc(date(2026, 3, 4), 0)


def test_a_node_that_never_picks_is_never_ready() -> None:
    closed = replace(NIGHTS, picking_hours=hours((8, 9), days=frozenset({7})), working_days=WEEK)
    begin = utc(date(2026, 3, 4), 9)
    assert ready_at(closed, PARIS, begin, timedelta(seconds=1)) is None
    assert start_by(closed, PARIS, begin, timedelta(seconds=1)) is None
    assert order_by(node("a", calendar=closed), departures(node("a"), "std", SPRING)[0], timedelta(1)) is None
    assert open_from(replace(closed, opening_hours=closed.picking_hours), PARIS, begin) is None
    assert collectable_at(replace(closed, opening_hours=closed.picking_hours), PARIS, midnight(SPRING), 5) is None


def test_work_is_backlog_processing_and_every_unit() -> None:
    calendar = replace(NIGHTS, backlog_minutes=45, processing_minutes=60, processing_seconds_per_unit=20)
    assert work_on(calendar, 7) == timedelta(minutes=105, seconds=140)


def test_an_exception_replaces_working_days_closed_dates_and_both_hours() -> None:
    sunday, monday, tuesday = date(2026, 3, 8), date(2026, 3, 9), date(2026, 3, 10)
    calendar = replace(
        NIGHTS,
        working_days=WEEK,
        closed_dates=frozenset({monday}),
        exceptions=(
            DayException(day=sunday, picking=((600, 720),)),
            DayException(day=monday, picking=((0, 60),), opening=((600, 660),)),
            DayException(day=tuesday, opening=((0, 1_440),)),
        ),
    )
    assert [is_working_day(calendar, day) for day in (sunday, monday, tuesday)] == [True, True, False]
    assert picking_spans(calendar, "UTC", sunday) == ((utc(sunday, 10), utc(sunday, 12)),)
    assert opening_spans(calendar, "UTC", sunday) == picking_spans(calendar, "UTC", tuesday) == ()
    assert opening_spans(calendar, "UTC", monday) == ((utc(monday, 10), utc(monday, 11)),)
    assert opening_spans(calendar, "UTC", tuesday) == ((utc(tuesday, 0), utc(tuesday + timedelta(days=1), 0)),)


def shop(**changes: object) -> Node:
    """A node in Paris that picks from 08:00 to 16:00, with three rounds of "std" a day."""
    rounds = (
        Round(service_id="std", days=EVERY_DAY, pickup_minute=720, every_minutes=180, last_pickup_minute=900),
        Round(service_id="std", days=EVERY_DAY, pickup_minute=600, cut_off_minute=540, parcels=3),
        Round(service_id="exp", days=WEEK, pickup_minute=700),
    )
    plain = replace(NIGHTS, picking_hours=hours((8, 16)))
    return replace(node("a", time_zone=PARIS, calendar=plain, rounds=rounds), **changes)  # type: ignore[arg-type]


def test_departures_of_a_day_are_the_rounds_of_the_service_in_the_order_of_time() -> None:
    found = departures(shop(), "std", SPRING)
    assert [(d.pickup, d.cut_off, d.minute, d.parcels) for d in found] == [
        (utc(SPRING, 8), utc(SPRING, 7), 600, 3),
        (utc(SPRING, 10), utc(SPRING, 10), 720, None),
        (utc(SPRING, 13), utc(SPRING, 13), 900, None),
    ]
    assert departures(shop(), "exp", SPRING) == ()  # a Sunday
    assert departures(shop(rounds=()), "std", AUTUMN)[0].pickup == utc(AUTUMN, 15)
    assert departures(shop(calendar=replace(NIGHTS, working_days=WEEK)), "std", SPRING) == ()


def test_the_departures_at_a_minute_are_those_of_the_day() -> None:
    for place in (shop(), shop(rounds=()), shop(calendar=replace(NIGHTS, working_days=WEEK))):
        for service_id in ("std", "exp"):
            for minute in (None, *range(0, 1_440, 60)):
                expected = tuple(d for d in departures(place, service_id, SPRING) if d.minute == minute)
                assert departures_at(place, service_id, SPRING, minute) == expected


def test_an_order_makes_a_departure_by_its_cut_off_and_with_time_to_work() -> None:
    first, second, _ = departures(shop(), "std", SPRING)
    hour = timedelta(hours=1)
    assert order_by(shop(), first, hour) == utc(SPRING, 7)  # the cut-off, 09:00, is also the last to be ready
    assert order_by(shop(), first, 2 * hour) == utc(SPRING, 6)
    assert order_by(shop(), second, timedelta()) == second.pickup
    assert makes(shop(), first, utc(SPRING, 7), utc(SPRING, 7), hour)
    assert not makes(shop(), first, utc(SPRING, 7, 0, 1), utc(SPRING, 7), hour)
    assert not makes(shop(), first, utc(SPRING, 7), utc(SPRING, 7, 0, 1), hour)
    assert not makes(shop(), first, utc(SPRING, 7), utc(SPRING, 8, 0, 1), timedelta())


def test_collection_waits_for_the_store_to_open() -> None:
    store = replace(NIGHTS, working_days=WEEK, opening_hours=hours((9, 19)), picking_hours=())
    friday, monday = date(2026, 3, 6), date(2026, 3, 9)
    assert open_from(store, PARIS, utc(friday, 17, 59, 59)) == utc(friday, 17, 59, 59)
    assert open_from(store, PARIS, utc(friday, 18)) == utc(monday, 8)
    assert collectable_at(store, PARIS, midnight(friday), 0) == utc(friday, 8)
    assert collectable_at(store, PARIS, midnight(friday), 600) == utc(monday, 8)
    assert collectable_at(store, PARIS, midnight(date(2026, 3, 7)), 90) == utc(monday, 9, 30)


def shift(shift_id: str, from_hour: int, to_hour: int) -> Shift:
    """Of five orders."""
    measure = CapacityMeasure.ORDERS
    return Shift(shift_id=shift_id, from_minute=60 * from_hour, to_minute=60 * to_hour, measure=measure, limit=5)


def test_an_order_is_picked_in_the_shift_in_which_it_becomes_ready_or_in_a_later_one() -> None:
    early, late, night = shift("early", 6, 14), shift("late", 14, 22), shift("night", 22, 30)
    plain = NodeCalendar(working_days=WEEK, cut_off_minute=960, picking_hours=hours((6, 22)))
    shopping = node("a", calendar=plain, shifts=(early, late, night))
    tuesday = date(2026, 3, 3)
    hour, noon = timedelta(hours=1), utc(tuesday, 12)

    def begins(of: Shift, work: timedelta, begin: datetime = noon, day: date = tuesday) -> datetime | None:
        return shift_begin(shopping, of, day, begin, work)

    assert begins(early, 2 * hour) == noon  # ready at 14:00, as the shift ends
    assert begins(early, 3 * hour) is None  # ready in the next one
    assert begins(late, 3 * hour) == noon
    assert begins(late, 1 * hour) == begins(late, 2 * hour) == utc(tuesday, 14)  # left to it
    assert begins(early, hour, day=date(2026, 3, 4)) == utc(date(2026, 3, 4), 6)
    assert begins(late, hour, day=date(2026, 3, 2)) is None  # over before
    assert begins(early, hour, day=date(2026, 3, 7)) is None  # a Saturday
    shopping = replace(shopping, calendar=replace(plain, picking_hours=()))
    assert begins(night, 17 * hour) == noon  # ready at 05:00
    assert begins(late, 17 * hour) is None
    assert begins(late, timedelta(), begin=utc(tuesday, 14)) == utc(tuesday, 14)


def test_nothing_is_picked_in_a_shift_that_is_over_though_it_was_the_last() -> None:
    shopping = node("a", shifts=(shift("early", 6, 14),))
    day = date(2026, 3, 3)
    assert shift_begin(shopping, shopping.shifts[0], day, utc(day, 14), timedelta(hours=1)) == utc(day, 14)
    assert shift_begin(shopping, shopping.shifts[0], day, utc(day, 14, 0, 1), timedelta(hours=1)) is None


def test_of_shifts_that_start_at_one_instant_the_last_of_the_list_picks() -> None:
    """Apia left out 30 December 2011: every shift of that day starts as the 31st does."""
    gone, after = date(2011, 12, 30), date(2011, 12, 31)
    first, last = shift("first", 0, 8), shift("last", 10, 18)
    island = node("a", time_zone="Pacific/Apia", calendar=replace(NIGHTS, picking_hours=()), shifts=(first, last))
    start, hour = local_instant(after, 0, "Pacific/Apia"), timedelta(hours=1)
    assert local_instant(gone, 600, "Pacific/Apia") == start
    assert shift_begin(island, last, gone, start - hour, 2 * hour) == start - hour
    assert shift_begin(island, first, after, start - hour, 2 * hour) is None


@pytest.mark.parametrize(
    ("pickup", "zone", "delivers"),
    [
        (utc(AUTUMN, 8, 59), "UTC", False),
        (utc(AUTUMN, 9, 0), "UTC", True),
        (utc(AUTUMN, 10, 59), "UTC", True),
        (utc(AUTUMN, 11, 0), "UTC", False),
        (utc(AUTUMN, 8, 59), PARIS, True),  # an hour ahead: in Paris it is 10:59 when it is there
        (utc(AUTUMN, 10, 0), PARIS, False),
    ],
)
def test_a_courier_delivers_in_a_window_of_the_destination(pickup: datetime, zone: str, delivers: bool) -> None:
    courier = service(method=Method.SAME_DAY, courier_minutes=60, windows=hours((10, 12)))
    departure = Departure(day=AUTUMN, pickup=pickup, cut_off=pickup)
    assert courier_delivers(courier, departure, zone) is delivers
    assert not courier_delivers(replace(courier, closed_dates=frozenset({AUTUMN})), departure, zone)
    assert not courier_delivers(replace(courier, delivery_days=WEEK), departure, zone)


def test_a_courier_without_windows_delivers_until_midnight() -> None:
    courier = service(method=Method.SAME_DAY, courier_minutes=60)
    late = Departure(day=AUTUMN, pickup=utc(AUTUMN, 22, 59), cut_off=utc(AUTUMN, 22))
    assert courier_delivers(courier, late, "UTC")
    assert not courier_delivers(courier, replace(late, pickup=utc(AUTUMN, 23)), "UTC")
    assert not courier_delivers(courier, late, PARIS)

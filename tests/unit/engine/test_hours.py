"""Hours as intervals: what is worked by when, back and forth; which days and hours calendars have."""

from dataclasses import replace
from datetime import date

import numpy as np
from tests.reference.small import node

from sourcier.domain.network import DayException, Hours, Network, NodeCalendar
from sourcier.engine.compile import compile_network
from sourcier.engine.hours import NEVER, Calendars, HoursTable, compile_calendars, compile_hours, open_days
from sourcier.engine.zones import compile_zones

MONDAY = date(2026, 3, 2)
WEEK = frozenset(range(1, 6))
HOUR = 3_600


def table() -> HoursTable:
    """Calendar 0: 100-200, 200-250 and 300-400 in pieces that overlap; calendar 1: none; calendar 2: 100-150."""
    calendar, start, end = [0, 0, 0, 2, 0, 2], [300, 100, 200, 100, 120, 500], [400, 200, 250, 150, 180, 500]
    return compile_hours(3, np.array(calendar), np.array(start), np.array(end), 50)


def test_pieces_that_touch_or_overlap_are_one() -> None:
    assert table().start.tolist() == [100, 300, 100]
    assert table().end.tolist() == [250, 400, 150]
    assert table().stop.tolist() == [2, 2, 3]


def test_worked_seconds_count_only_hours_before_the_instant() -> None:
    instants = np.array([50, 100, 101, 250, 299, 300, 350, 9_999])
    assert table().worked(np.zeros(8, dtype=np.int64), instants).tolist() == [0, 0, 1, 150, 150, 150, 200, 250]
    assert table().worked(np.array([1, 2, 2]), np.array([9_999, 120, 9_999])).tolist() == [0, 20, 50]


def test_work_is_reached_at_the_end_of_hours_and_left_at_the_start_of_the_next() -> None:
    zeros = np.zeros(4, dtype=np.int64)
    assert table().reach(zeros, np.array([1, 150, 151, 251])).tolist() == [101, 250, 301, NEVER]
    assert table().leave(zeros, np.array([0, 149, 150, 250])).tolist() == [100, 249, 300, NEVER]
    assert table().reach(np.array([1, 2, 2]), np.array([1, 50, 51])).tolist() == [NEVER, 150, NEVER]


def test_the_next_hours_hold_the_instant_or_begin_after_it() -> None:
    calendar = np.array([0, 0, 0, 0, 0, 1, 2])
    instants = np.array([60, 100, 249, 250, 400, 60, 149])
    assert table().next(calendar, instants).tolist() == [100, 100, 249, 300, NEVER, NEVER, 149]


def test_calendars_without_any_hours_never_work_and_never_open() -> None:
    empty = compile_hours(2, np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64), 0)
    both = np.array([0, 1])
    assert empty.worked(both, both).tolist() == [0, 0]
    assert empty.reach(both, both).tolist() == empty.leave(both, both).tolist() == [NEVER, NEVER]
    assert empty.next(both, both).tolist() == [NEVER, NEVER]


def compiled(*calendars: NodeCalendar) -> Calendars:
    """The calendars, in UTC, from Monday on for eight days."""
    nodes = tuple(node(f"n{i}", calendar=calendar, services=()) for i, calendar in enumerate(calendars))
    network = Network(currency_code="EUR", time_zone="UTC", nodes=nodes, services=())
    return compile_calendars(compile_network(network), compile_zones(["UTC"], MONDAY, 10), 8)


def hours_on(table: HoursTable, calendar: int) -> list[tuple[float, float]]:
    """(from, to) in hours from Monday's midnight on."""
    first = int(table.stop[calendar - 1]) if calendar else 0
    runs = zip(table.start, table.end, strict=True)
    return [((a - table.origin) / HOUR, (b - table.origin) / HOUR) for a, b in runs][first : table.stop[calendar]]


DAYTIME = Hours(days=frozenset(range(1, 8)), from_minute=480, to_minute=960)
PLAIN = NodeCalendar(working_days=WEEK, cut_off_minute=960)


def test_without_picking_hours_the_clock_never_stops_and_customers_come_on_working_days() -> None:
    found = compiled(replace(PLAIN, closed_dates=frozenset({date(2026, 3, 4)})))
    assert found.works[0].tolist() == [True, True, False, True, True, False, False, True]
    assert hours_on(found.picking, 0) == [(0, 192)]
    assert hours_on(found.opening, 0) == [(0, 48), (72, 120), (168, 192)]


def test_hours_count_on_working_days_alone() -> None:
    found = compiled(replace(PLAIN, picking_hours=(DAYTIME,), closed_dates=frozenset({date(2026, 3, 3)})))
    assert hours_on(found.picking, 0) == [(8, 16), (56, 64), (80, 88), (104, 112), (176, 184)]


def test_an_exception_replaces_the_whole_day() -> None:
    tuesday, friday, saturday = date(2026, 3, 3), date(2026, 3, 6), date(2026, 3, 7)
    exceptions = (
        DayException(day=tuesday),
        DayException(day=friday, opening=((600, 660),)),
        DayException(day=saturday, picking=((60, 120), (180, 240))),
    )
    closed = frozenset({saturday, date(2026, 3, 4), date(2026, 3, 5), date(2026, 3, 9)})
    found = compiled(PLAIN, replace(PLAIN, picking_hours=(DAYTIME,), exceptions=exceptions, closed_dates=closed))
    assert found.works[1].tolist() == [True, False, False, False, False, True, False, False]
    assert hours_on(found.picking, 1) == [(8, 16), (121, 122), (123, 124)]
    assert hours_on(found.opening, 1) == [(0, 24), (106, 107)]


def test_an_exception_stops_the_clock_of_a_calendar_without_hours() -> None:
    exceptions = (DayException(day=date(2026, 3, 3)), DayException(day=date(2026, 3, 5), picking=((0, 60),)))
    found = compiled(replace(PLAIN, exceptions=exceptions))
    assert hours_on(found.picking, 0) == [(0, 24), (48, 73), (96, 192)]


def test_open_days_are_weekdays_that_are_not_closed() -> None:
    days = open_days(WEEK, frozenset({MONDAY, date(2020, 1, 1)}), MONDAY.toordinal(), 7)
    assert days.tolist() == [False, True, True, True, True, False, False]

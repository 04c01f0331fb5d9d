"""Picking and opening hours of many calendars as intervals of UTC seconds, and the clock that runs in them."""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Literal

import numpy as np

from sourcier.domain.calendar import MINUTES_PER_DAY
from sourcier.domain.network import Hours
from sourcier.engine.compile import BoolArray, CompiledNetwork, IntArray
from sourcier.engine.zones import SPAN, Zones

NEVER = np.int64(2**62)
"""Stands for "no such instant" and "no such day"; later than all, UNLIMITED included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HoursTable:
    """Disjoint rising intervals of seconds, in runs of one calendar each (axis I).

    Interval i of calendar c runs over ``start[i] <= instant < end[i]`` (epoch seconds); `before[i]` seconds of c lie in
    earlier intervals. `stop[c]` is where the run of c ends. The keys are what the inverses of `worked` search in, the
    `clock` (`start_key`, then the seconds from which and up to which it runs, and what it shows at 0) is for `worked`
    itself: there an interval of no length stands before each run, so that every search finds one of its calendar.
    """

    origin: int
    start: IntArray
    end: IntArray
    before: IntArray
    stop: IntArray
    end_key: IntArray
    done_key: IntArray
    clock_key: IntArray
    clock_end: IntArray
    clock_base: IntArray

    def worked(self, calendar: IntArray, instant: IntArray | int) -> IntArray:
        """Seconds of the calendar's hours before each instant, counted from the origin."""
        since = self._since(instant)
        at = self.clock_key.searchsorted(calendar * SPAN + since, side="right") - 1
        done: IntArray = np.minimum(since, self.clock_end[at]) + self.clock_base[at]
        return done

    def reach(self, calendar: IntArray, done: IntArray) -> IntArray:
        """The first instant at which `done` seconds (1 or more) are worked; NEVER if the hours end before."""
        return self._at(calendar, done, "left")

    def leave(self, calendar: IntArray, done: IntArray) -> IntArray:
        """The last instant at which no more than `done` seconds are worked; NEVER if more never are."""
        return self._at(calendar, done, "right")

    def _since(self, instant: IntArray | int) -> IntArray:
        """Seconds from the origin on, within a span."""
        since: IntArray = np.minimum(np.maximum(instant - self.origin, 0), SPAN - 1)
        return since

    def _at(self, calendar: IntArray, done: IntArray, side: Literal["left", "right"]) -> IntArray:
        key = calendar * SPAN + np.minimum(np.maximum(done, 0), SPAN - 1)
        found = self.done_key.searchsorted(key, side=side)
        there = found < self.stop[calendar]
        if len(self.start) == 0:
            return np.full(len(key), NEVER)
        at = np.where(there, found, 0)
        return np.where(there, self.start[at] + done - self.before[at], NEVER)

    def next(self, calendar: IntArray, instant: IntArray) -> IntArray:
        """The first instant from each on that lies in the calendar's hours; NEVER where there is none."""
        found = self.end_key.searchsorted(calendar * SPAN + self._since(instant), side="right")
        there = found < self.stop[calendar]
        if len(self.start) == 0:
            return np.full(len(found), NEVER)
        at = np.where(there, found, 0)
        return np.where(there, np.maximum(instant, self.start[at]), NEVER)


def compile_hours(num_calendars: int, calendar: IntArray, start: IntArray, end: IntArray, origin: int) -> HoursTable:
    """The table of intervals in any order, overlapping or not; empty ones are dropped, touching ones are one."""
    real = end > start
    calendar, start, end = calendar[real], start[real], end[real]
    opens = calendar * SPAN + start - origin
    order = np.argsort(opens, kind="stable")
    opens = opens[order]
    closes = np.maximum.accumulate((calendar * SPAN + end - origin)[order])
    first = np.ones(len(opens), dtype=np.bool_)
    first[1:] = opens[1:] > closes[:-1]
    last = np.append(first[1:], True)[: len(opens)]
    opens, closes = opens[first], closes[last]
    owner = opens // SPAN
    total = np.cumsum(closes - opens)
    before = total - (closes - opens)
    stop = np.searchsorted(owner, np.arange(num_calendars), side="right")
    base = np.concatenate([[0], total])[np.concatenate([[0], stop[:-1]])]
    before = before - base[owner]
    runs = np.concatenate([[0], stop])[:num_calendars]  # where each begins
    return HoursTable(
        origin=origin,
        start=opens - owner * SPAN + origin,
        end=closes - owner * SPAN + origin,
        before=before,
        stop=stop.astype(np.int64),
        end_key=closes,
        done_key=owner * SPAN + before + closes - opens,
        clock_key=np.insert(opens, runs, np.arange(num_calendars) * SPAN),
        clock_end=np.insert(closes - owner * SPAN, runs, 0),
        clock_base=np.insert(before - (opens - owner * SPAN), runs, 0),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendars:
    """The distinct calendars of a network over `num_days` local days from the ordinal `first` on.

    ``works[C, D]``: the node picks and carriers come. `zone_of[C]` indexes `zones`.
    """

    zones: Zones
    zone_of: IntArray
    first: int
    num_days: int
    cut_off_minute: IntArray
    works: BoolArray
    picking: HoursTable
    opening: HoursTable

    @property
    def origin(self) -> int:
        """The instant from which keys count."""
        return self.zones.origin


def compile_calendars(network: CompiledNetwork, zones: Zones, num_days: int) -> Calendars:
    """Working days and hours of every distinct calendar; see `domain.calendar` for what they mean."""
    known = [calendar for calendar, _ in network.calendars]
    regular = np.array(
        [open_days(c.working_days, c.closed_dates, zones.first, num_days) for c in known], dtype=np.bool_
    )
    regular = regular.reshape(-1, num_days)
    works, opens, plain = regular.copy(), regular.copy(), np.ones_like(regular)
    extra: dict[str, list[tuple[int, int, int, int]]] = {"picking": [], "opening": []}
    for c, calendar in enumerate(known):
        for exception in calendar.exceptions:
            column = exception.day.toordinal() - zones.first
            if 0 <= column < num_days:
                plain[c, column] = False
                works[c, column] = bool(exception.picking)
                extra["picking"] += [(c, column, start, end) for start, end in exception.picking]
                extra["opening"] += [(c, column, start, end) for start, end in exception.opening]
    zone_of = np.array([zones.index[zone] for _, zone in network.calendars], dtype=np.int64)
    always = np.ones_like(regular)
    picking = _cells([c.picking_hours for c in known], works & plain, always & plain, zones.first)
    opening = _cells([c.opening_hours for c in known], opens & plain, opens & plain, zones.first)
    return Calendars(
        zones=zones,
        zone_of=zone_of,
        first=zones.first,
        num_days=num_days,
        cut_off_minute=np.array([c.cut_off_minute for c in known], dtype=np.int64),
        works=works,
        picking=_intervals(zones, zone_of, picking, extra["picking"]),
        opening=_intervals(zones, zone_of, opening, extra["opening"]),
    )


def _cells(hours: list[tuple[Hours, ...]], stated: BoolArray, unstated: BoolArray, first: int) -> IntArray:
    """Rows (calendar, day's position, from, to): the hours on the days of `stated`; all day on those of `unstated`."""
    num_days = stated.shape[1]
    rows = [(c, one.from_minute, one.to_minute) for c, several in enumerate(hours) for one in several]
    masks = [weekdays(one.days, first, num_days) for several in hours for one in several]
    rows += [(c, 0, MINUTES_PER_DAY) for c, several in enumerate(hours) if not several]
    masks += [unstated[c] for c, several in enumerate(hours) if not several]
    table = np.array(rows, dtype=np.int64).reshape(-1, 3)
    days = np.array(masks, dtype=np.bool_).reshape(-1, num_days)
    has_hours = np.array([bool(several) for several in hours], dtype=np.bool_)[table[:, 0]]
    row, column = np.nonzero(days & (stated[table[:, 0]] | ~has_hours[:, None]))
    return np.column_stack([table[row, 0], column, table[row, 1], table[row, 2]])


def _intervals(zones: Zones, zone_of: IntArray, cells: IntArray, extra: list[tuple[int, int, int, int]]) -> HoursTable:
    table = np.concatenate([cells, np.array(extra, dtype=np.int64).reshape(-1, 4)])
    calendar, day = table[:, 0], zones.first + table[:, 1]
    start = zones.instant(zone_of[calendar], day, table[:, 2])
    end = zones.instant(zone_of[calendar], day, table[:, 3])
    return compile_hours(len(zone_of), calendar, start, end, zones.origin)


def open_days(days: frozenset[int], closed: frozenset[date], first: int, num_days: int) -> BoolArray:
    """Which of the days from the ordinal `first` on are among the ISO weekdays, but for the closed dates."""
    return weekdays(days, first, num_days) & ~_among(closed, first, num_days)


@lru_cache(maxsize=4_096)
def weekdays(days: frozenset[int], first: int, num_days: int) -> BoolArray:
    """Which of the days from the ordinal `first` on are among the ISO weekdays; not to be written to."""
    found = np.isin((np.arange(first, first + num_days) + 6) % 7 + 1, list(days))
    found.setflags(write=False)
    return found


@lru_cache(maxsize=4_096)
def _among(dates: frozenset[date], first: int, num_days: int) -> BoolArray:
    found = np.zeros(num_days, dtype=np.bool_)
    positions = np.array([day.toordinal() - first for day in dates], dtype=np.int64)
    found[positions[(positions >= 0) & (positions < num_days)]] = True
    found.setflags(write=False)
    return found

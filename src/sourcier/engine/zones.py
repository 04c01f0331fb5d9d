"""Local times of several zones as instants, for many days at once.

`domain.calendar.local_instant` decides gaps and folds; here its answers are tabled, so that a gather finds them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from sourcier.domain.calendar import MINUTES_PER_DAY, local_instant
from sourcier.engine.compile import IntArray

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""Instants are seconds from here on."""

SPAN = np.int64(2**32)
"""Seconds by which rows of a search key lie apart; more than any timetable is long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Zones:
    """Zones over axis Z, local days over axis D from the ordinal `first` on.

    `origin` is the earliest instant that lies in a day of the table; search keys count from it.

    `midnight[Z, D + 1]` are UTC epoch seconds. Days on which the clocks change have a row in `tables[T, 1440]`, the
    seconds from midnight to each local minute; `table_of[Z, D + 1]` is that row, -1 on ordinary days. `midnight_key`
    is what `day` searches in.
    """

    index: dict[str, int]
    first: int
    origin: int
    midnight: IntArray
    table_of: NDArray[np.int32]
    tables: IntArray
    midnight_key: IntArray

    def instant(self, zone: IntArray, day: IntArray, minute: IntArray) -> IntArray:
        """UTC epoch seconds of local minutes (0..2,880) of days (ordinals), elementwise."""
        days, rest = np.divmod(minute, MINUTES_PER_DAY)
        column = day - self.first + days
        table = self.table_of[zone, column]
        seconds = 60 * rest
        changing = np.flatnonzero(table >= 0)
        if len(changing):
            seconds[changing] = self.tables[table[changing], rest[changing]]
        found: IntArray = self.midnight[zone, column] + seconds
        return found

    def day(self, zone: IntArray, instant: IntArray) -> IntArray:
        """The local day (ordinal) of instants, elementwise; instants must lie within the table."""
        found = self.midnight_key.searchsorted(zone * SPAN + (instant - self.origin), side="right")
        days: IntArray = found - zone * self.midnight.shape[1] + (self.first - 1)
        return days


def compile_zones(names: Sequence[str], first_day: date, days: int) -> Zones:
    """The table of `days` local days from `first_day` on in each zone."""
    index = {name: i for i, name in enumerate(dict.fromkeys(names))}
    columns = [_days_of(name, first_day, days) for name in index]
    tables: list[IntArray] = []
    table_of = np.full((len(index), days + 1), -1, dtype=np.int32)
    for i, (_, changing) in enumerate(columns):
        for day, table in changing.items():
            table_of[i, day] = len(tables)
            tables.append(table)
    midnight = np.array([midnight for midnight, _ in columns], dtype=np.int64)
    origin = int(midnight[:, 0].min())
    return Zones(
        index=index,
        first=first_day.toordinal(),
        origin=origin,
        midnight=midnight,
        table_of=table_of,
        tables=np.array(tables, dtype=np.int64).reshape(-1, MINUTES_PER_DAY),
        midnight_key=(np.arange(len(index))[:, None] * SPAN + (midnight - origin)).ravel(),
    )


@lru_cache(maxsize=512)
def _days_of(zone: str, first_day: date, days: int) -> tuple[IntArray, dict[int, IntArray]]:
    """``midnight[days + 1]``, and the minutes of the days on which the clocks change, by the day's position."""
    dates = [first_day + timedelta(days=d) for d in range(days + 1)]
    midnight = np.array([seconds(local_instant(day, 0, zone)) for day in dates], dtype=np.int64)
    changing = {}
    for position, day in enumerate(dates):
        if not _is_even(day, int(midnight[position]), ZoneInfo(zone)):
            minutes = [seconds(local_instant(day, minute, zone)) for minute in range(MINUTES_PER_DAY)]
            changing[position] = np.array(minutes, dtype=np.int64) - midnight[position]
    return midnight, changing


def _is_even(day: date, midnight: int, zone: ZoneInfo) -> bool:
    """Whether the clock shows 00:00 at `midnight` and runs on evenly for 24 hours; changes are hours apart."""
    shown = [datetime.fromtimestamp(midnight + 3_600 * h, tz=zone) for h in range(25)]
    return shown[0].replace(tzinfo=None) == datetime.combine(day, time.min) and len({s.utcoffset() for s in shown}) == 1


def seconds(instant: datetime) -> int:
    """UTC epoch seconds, rounded up: a local time is never before an instant within its second."""
    delta = instant - EPOCH
    return delta.days * 86_400 + delta.seconds + (delta.microseconds > 0)

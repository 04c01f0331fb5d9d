"""The clock of a SQLite ledger: never behind what it showed before, and slow to believe a leap forward.

A hold must not expire early. So the clock stands still while the wall clock is behind its last reading (kept in the
file), and a forward leap of more than `LEAP_SECONDS_MAX` is believed only after it has lasted that long.
PostgreSQL's clock is the server's ``clock_timestamp()``; nothing here concerns it.
"""

import logging
import time
from collections.abc import Callable
from typing import Final

LEAP_SECONDS_MAX: Final = 60

_log = logging.getLogger(__name__)


def wall_micros() -> int:
    """Microseconds since 1970, UTC."""
    return time.time_ns() // 1_000


def steady_micros() -> int:
    """Microseconds of a clock that nobody sets."""
    return time.monotonic_ns() // 1_000


class LedgerClock:
    """Call `now` for the time in microseconds since 1970. Used by one thread at a time."""

    __slots__ = ("_last", "_leap_since", "_steady", "_steady_last", "_wall")

    def __init__(
        self, last: int, wall: Callable[[], int] = wall_micros, steady: Callable[[], int] = steady_micros
    ) -> None:
        self._wall = wall
        self._steady = steady
        self._last = max(last, wall())
        self._steady_last = steady()
        self._leap_since: int | None = None

    def now(self) -> int:
        """Advance to the wall clock, unless it went back or leapt."""
        steady = self._steady()
        wall = self._wall()
        expected = self._last + (steady - self._steady_last)
        if wall - expected > LEAP_SECONDS_MAX * 1_000_000:
            wall = self._doubt(wall, expected, steady)
        else:
            self._leap_since = None
        self._last = max(self._last, wall)
        self._steady_last = steady
        return self._last

    def _doubt(self, wall: int, expected: int, steady: int) -> int:
        """Go on at the steady pace until the leap is old enough to be believed."""
        if self._leap_since is None:
            self._leap_since = steady
            _log.warning("the clock leapt forward by %d s; waiting before holds expire", (wall - expected) // 10**6)
        if steady - self._leap_since < LEAP_SECONDS_MAX * 1_000_000:
            return expected
        self._leap_since = None
        return wall

"""The door: where calls stand that have come and that gRPC has not handed over yet. Nobody sees how many they are.

gRPC hands a method's calls over one by one: the next only after the loop has taken the last, and by way of threads of
its own. So the loop must be free for a while to meet them. Who came while it was busy is handed over as soon as it is
free; behind him others may stand, so the door stays open until nobody has followed for as long as a handing over takes.

The time for this is earned by work, a share of it: under any rush most of the time goes into answers (ADR 0019).
"""

import asyncio
from collections.abc import Callable
from typing import Final

SHARE: Final = 0.35
"""Of the time in which calls work: earned for meeting others."""

EARNED_SECONDS_MAX: Final = 0.05
"""What is earned beyond this is lost: the longest time for which the door may stand open at once."""

FIRST_ROUNDS: Final = 8
"""Of the event loop, within which a call appears that came while the loop was busy."""

FOLLOW_SECONDS: Final = 0.0005
"""Within which the next call is handed over, mostly, if there is one."""

PASSED_OVER_MAX: Final = 16
"""Turns between two looks for calls behind the first, when none was there the last times."""

ROUND_SECONDS_MAX: Final = 0.001
"""Of the loop while it meets calls. In a longer round it has done other work, such as that of a call whose solver
has answered."""


class Door:
    """Keeps the door open between two turns. Lives on one event loop; `clock` counts seconds."""

    __slots__ = (
        "_arrived",
        "_clock",
        "_earned",
        "_found",
        "_met",
        "_met_at",
        "_pass_over",
        "_passed_over",
        "_rounds",
        "_seen_at",
        "_then",
    )

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._earned = 0.0
        self._pass_over = 0  # turns with a first call, before the next look for others behind him
        self._passed_over = 0
        self._arrived = 0
        self._found = 0  # of those who had arrived: before the door was opened
        self._met = 0
        self._met_at = 0.0
        self._seen_at = 0.0
        self._rounds = 0
        self._then: Callable[[], None] = _nothing

    def arrive(self) -> None:
        """Say that gRPC has handed a call over, of whatever kind."""
        self._arrived += 1

    def open(self, worked_seconds: float, then: Callable[[], None]) -> None:
        """After a turn that kept the loop busy for so long: call `then` when everybody was met, or time is up."""
        self._earned = min(self._earned + SHARE * worked_seconds, EARNED_SECONDS_MAX)
        self._found = self._met = self._arrived
        self._rounds, self._then = 0, then
        self._seen_at = self._clock()
        self._look()

    def _look(self) -> None:
        """Called in every round of the loop while the door is open."""
        now = self._clock()
        passed, self._seen_at = now - self._seen_at, now
        if passed < ROUND_SECONDS_MAX:
            self._earned -= passed
        self._rounds += 1
        if self._arrived != self._met:
            self._met, self._met_at = self._arrived, now
        if self._earned > 0 and self._may_come(now):
            asyncio.get_running_loop().call_soon(self._look)
        else:
            self._close()

    def _may_come(self, now: float) -> bool:
        """Whether another call may be on its way."""
        if self._met == self._found:
            return self._rounds < FIRST_ROUNDS
        return self._passed_over >= self._pass_over and now - self._met_at < FOLLOW_SECONDS

    def _close(self) -> None:
        met = self._met - self._found
        if met > 1:
            self._pass_over = self._passed_over = 0
        elif met and self._passed_over < self._pass_over:
            self._passed_over += 1
        elif met:
            self._pass_over, self._passed_over = min(2 * self._pass_over + 1, PASSED_OVER_MAX), 0
        self._then()


def _nothing() -> None:
    """What follows before the door was opened for the first time."""

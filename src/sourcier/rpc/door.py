"""The door: where calls stand that have come and that gRPC has not handed over yet. Nobody sees how many they are.

gRPC hands a method's calls over one by one: the next only after the loop has taken the last, and by way of threads of
its own. So the loop must be free for a while to meet them, and then it meets many: one call after another costs less
than the same calls between pieces of other work. Therefore the door is opened after some work, not after every call,
and stays open until nobody has followed for as long as a handing over takes.

The time for this is earned by work, a share of it: under any rush most of the time goes into answers (ADR 0019).
"""

import asyncio
from collections.abc import Callable
from typing import Final

SHARE: Final = 0.25
"""Of the time in which calls work: earned for meeting others."""

EARNED_SECONDS_MAX: Final = 0.05
"""What is earned beyond this is lost: the longest time for which the door may stand open at once."""

SHUT_SECONDS: Final = 0.02
"""Of work, after which the door is opened again."""

FOLLOW_ROUNDS: Final = 8
"""Of the event loop, within which a call appears that came while the loop was busy: gRPC is asked for the next one only
some rounds after the last."""

FOLLOW_SECONDS: Final = 0.0005
"""Within which the next call is handed over, mostly, if there is one."""

ROUND_SECONDS_MAX: Final = 0.001
"""Of the loop while it meets calls. In a longer round it has done other work, such as that of a call whose solver
has answered."""


class Door:
    """Opens the door between two turns. Lives on one event loop; `clock` counts seconds."""

    __slots__ = ("_alone", "_arrived", "_clock", "_earned", "_found", "_met", "_rounds", "_seen_at", "_then", "_worked")

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._worked = 0.0  # since the door was open, seconds
        self._earned = 0.0
        self._arrived = 0
        self._found = 0  # of those who had arrived: before the door was opened
        self._met = 0
        self._rounds = 0  # since the last one was met
        self._alone = 0.0  # the same in seconds, without other work
        self._seen_at = 0.0
        self._then: Callable[[], None] = _nothing

    def arrive(self) -> None:
        """Say that gRPC has handed a call over, of whatever kind."""
        self._arrived += 1

    def open(self, worked_seconds: float, then: Callable[[], None]) -> None:
        """After a turn that kept the loop busy for so long: call `then` when everybody was met, or time is up.

        It is called at once where the door has been shut for less than `SHUT_SECONDS` of work.
        """
        self._worked += worked_seconds
        self._earned = min(self._earned + SHARE * worked_seconds, EARNED_SECONDS_MAX)
        if self._worked < SHUT_SECONDS:
            then()
            return
        self._worked = self._alone = 0.0
        self._found = self._met = self._arrived
        self._rounds, self._then = 0, then
        self._seen_at = self._clock()
        self._look()

    def _look(self) -> None:
        """Called in every round of the loop while the door is open."""
        now = self._clock()
        passed, self._seen_at = now - self._seen_at, now
        self._rounds += 1
        if passed < ROUND_SECONDS_MAX:
            self._earned -= passed
            self._alone += passed
        if self._arrived != self._met:
            self._met, self._rounds, self._alone = self._arrived, 0, 0.0
        if self._earned > 0 and self._may_come():
            asyncio.get_running_loop().call_soon(self._look)
        else:
            self._then()

    def _may_come(self) -> bool:
        """Whether another call may be on its way."""
        behind_another = self._met != self._found
        return self._rounds < FOLLOW_ROUNDS or (behind_another and self._alone < FOLLOW_SECONDS)


def _nothing() -> None:
    """What follows before the door was opened for the first time."""

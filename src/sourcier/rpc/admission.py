"""Which call may begin now, which waits, and which is refused: before it is decoded, and while refusing is cheap.

Decisions are made in the event loop, one after the other, so calls that all begin at once only delay each other, and
keep the loop from looking at who else has come. Therefore calls **take turns**: one begins, does its work, and then the
next one begins. Now and then the loop first meets those who wait at the door, inside gRPC, for a bounded part of the
time that the work took, whatever the rush: under any load most of the time goes into answers (ADR 0019).

Calls are of two classes, each with a bounded number at work and a bounded queue, first come, first served. The class
that orders depend on goes first at every turn. A call is refused at once when its queue is full, or when it would wait
longer than its class may or its caller's deadline allows. The wait is estimated: the number of calls before it times
the moving mean of the time between two beginnings.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from time import monotonic
from typing import Final

from sourcier.rpc import status
from sourcier.rpc.door import Door

MEAN_WEIGHT: Final = 0.125
"""Of the latest value in a moving mean."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Of one class: calls at work, calls that wait, and the longest wait, seconds."""

    at_work: int
    waiting: int
    wait_seconds: float = inf


@dataclass(slots=True)
class _Waiting:
    """A call that waits for its turn; `until` is when its caller gives up."""

    turn: "asyncio.Future[float]"
    until: float


class Queue:
    """The calls of one class: how many are at work, and those that wait, in the order in which they came."""

    __slots__ = ("at_work", "limits", "pace_seconds", "since", "waiting", "work_seconds")

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.at_work = 0
        self.waiting: deque[_Waiting] = deque()
        self.since = 0.0  # the last beginning, or the moment from which somebody waited if that is later
        self.pace_seconds = 0.0
        self.work_seconds = 0.0

    @property
    def under_way(self) -> int:
        """Calls at work and calls that wait."""
        return self.at_work + len(self.waiting)

    def wait_seconds(self, now: float) -> float:
        """How long a call that comes now would wait behind those that wait, estimated.

        When the last beginning lies back longer than usual, things have become slower than the mean knows.
        """
        return len(self.waiting) * max(self.pace_seconds, now - self.since)


class Admission:
    """Gives turns to the calls of some queues, the first queue's first. Lives on one event loop.

    `clock` counts seconds.
    """

    def __init__(self, queues: Sequence[Queue], *, clock: Callable[[], float] = monotonic) -> None:
        self._queues = tuple(queues)
        self._clock = clock
        self._door = Door(clock)
        self._turn_taken = False
        self._began_at = 0.0

    def arrive(self) -> None:
        """Say that gRPC has handed a call over, of whatever kind."""
        self._door.arrive()

    def refuses(self, queue: Queue, seconds_left: float = inf) -> bool:
        """Whether a call that comes now is to be refused; `seconds_left` is what its caller gives it."""
        if self._free_for(queue):
            return False
        if len(queue.waiting) >= queue.limits.waiting:
            return True
        wait = queue.wait_seconds(self._clock())
        return wait > queue.limits.wait_seconds or wait + queue.work_seconds > seconds_left

    async def enter(self, queue: Queue, seconds_left: float) -> float:
        """Wait for a turn; the instant at which it came, for `leave`. Raises OVERLOADED."""
        if self._free_for(queue):
            return self._begin(queue, self._clock())
        if self.refuses(queue, seconds_left):
            raise status.overloaded()
        now = self._clock()
        if not queue.waiting:
            queue.since = now
        waiting = _Waiting(asyncio.get_running_loop().create_future(), now + seconds_left)
        queue.waiting.append(waiting)
        try:
            return await waiting.turn
        except asyncio.CancelledError:
            if waiting.turn.cancelled():
                with suppress(ValueError):  # it was passed over already
                    queue.waiting.remove(waiting)
            elif waiting.turn.exception() is None:
                self.leave(queue, waiting.turn.result())
            raise

    def leave(self, queue: Queue, began_at: float) -> None:
        """Say that a call has ended that began at this instant."""
        queue.at_work -= 1
        queue.work_seconds += MEAN_WEIGHT * (self._clock() - began_at - queue.work_seconds)
        if not self._turn_taken:
            self._next()

    def _free_for(self, queue: Queue) -> bool:
        """Whether a call of this queue may begin without waiting."""
        return not self._turn_taken and queue.at_work < queue.limits.at_work and not queue.waiting

    def _begin(self, queue: Queue, now: float) -> float:
        queue.at_work += 1
        queue.since = self._began_at = now
        self._turn_taken = True
        asyncio.get_running_loop().call_soon(self._let_go)
        return now

    def _let_go(self) -> None:
        """Called in the round of the event loop in which the work of a turn has let it go."""
        self._door.open(self._clock() - self._began_at, self._end_turn)

    def _end_turn(self) -> None:
        self._turn_taken = False
        self._next()

    def _next(self) -> None:
        """Give the turn to the first call that waits; refuse those before it whose deadlines are too near by now."""
        now = self._clock()
        for queue in self._queues:
            while queue.waiting and queue.at_work < queue.limits.at_work:
                first = queue.waiting.popleft()
                if first.turn.done():
                    continue
                if now + queue.work_seconds > first.until:
                    first.turn.set_exception(status.overloaded())
                    continue
                queue.pace_seconds += MEAN_WEIGHT * (now - queue.since - queue.pace_seconds)
                first.turn.set_result(now)
                self._begin(queue, now)  # after that, so that the loop comes to the call before it comes to `_let_go`
                return

"""Calls and when they are sent: a fixed number under way at a time, or arrivals that no answer slows down.

With arrivals the time of a call counts from the moment at which it was due, not from that at which the generator got
round to it, so a server that stalls is charged for every call that would have come meanwhile. A run in which the
generator itself was late, or near the end of its core, says so and is not valid.
"""

import asyncio
import random
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter, process_time
from typing import Final, NamedTuple

from benchmarks.load.http2 import Answer, Connection, Method, connect

OK: Final = 0
CANCELLED: Final = 1
DEADLINE_EXCEEDED: Final = 4
RESOURCE_EXHAUSTED: Final = 8
RESET: Final = -1  # no status: the server reset the stream, or the connection was lost
RESET_SECONDS: Final = 0.02
"""Before its deadline: a server that resets a call then does so for the deadline, by its clock."""

LAG_MS_MAX: Final = 20.0
"""99 of 100 calls must be sent within so many milliseconds of the moment at which they were due."""

CPU_SHARE_MAX: Final = 0.85
"""Of one core, for the generator."""

CONNECTIONS: Final = 8
TICK_SECONDS: Final = 0.001
TEND_SECONDS: Final = 1.0


class Ended(NamedTuple):
    """A call that has ended: when it was due, its gRPC status, after how many seconds, and whether with details."""

    due: float
    status: int
    seconds: float
    detailed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Calls of one kind: a name for the figures, the method with its deadline, and where requests come from.

    `left_share` of them are left by their caller at a random moment of the first `left_seconds`.
    """

    name: str
    method: Method
    requests: Iterator[bytes]
    left_share: float = 0.0
    left_seconds: float = 0.05


@dataclass(slots=True, kw_only=True)
class Run:
    """One measurement: calls by kind, from when to when they were due, and how the generator did."""

    begin: float = 0.0
    end: float = 0.0
    ended: dict[str, list[Ended]] = field(default_factory=dict)
    lags: list[float] = field(default_factory=list)
    cpu_seconds: float = 0.0
    messages: dict[str, bytes] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """How long calls were sent."""
        return self.end - self.begin

    def statuses(self, name: str) -> Counter[int]:
        """How many calls of a kind ended with which status."""
        return Counter(call.status for call in self.ended[name])

    def good(self, *names: str) -> int:
        """Calls of these kinds (none: of all) that were answered within their deadline."""
        return sum(call.status == OK for name in names or self.ended for call in self.ended[name])

    def waited_ms(self, name: str, share: float, status: int = OK) -> float:
        """Within which so many calls of a kind and status ended, milliseconds."""
        return 1_000 * quantile([call.seconds for call in self.ended[name] if call.status == status], share)

    @property
    def lag_ms(self) -> float:
        """Within which 99 of 100 calls were sent, milliseconds after they were due."""
        return 1_000 * quantile(self.lags, 0.99)

    @property
    def cpu_share(self) -> float:
        """The generator's part of one core."""
        return self.cpu_seconds / self.seconds

    @property
    def valid(self) -> bool:
        """Whether it measured the server and not the generator."""
        return self.lag_ms <= LAG_MS_MAX and self.cpu_share <= CPU_SHARE_MAX


def quantile(values: Sequence[float], share: float) -> float:
    """The value that `share` of them do not exceed; 0 of none."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))] if ranked else 0.0


class _Call:
    """One call on its way."""

    __slots__ = ("connection", "due", "ended", "kind", "stream", "then")

    def __init__(self, kind: Kind, due: float, then: Callable[[], None] | None) -> None:
        self.kind, self.due, self.then = kind, due, then
        self.connection: Connection | None = None
        self.stream = 0
        self.ended = False


class Generator:
    """Sends calls over several connections to one server, one measurement at a time. Make it with `generator`."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._connections: list[Connection] = []
        self._turn = 0
        self._run = Run()
        self._expiring: dict[str, deque[_Call]] = {}
        self._waiting: deque[_Call] = deque()
        self._loop = asyncio.get_running_loop()

    async def closed(self, kinds: Sequence[Kind], *, concurrency: int, seconds: float) -> Run:
        """Keep so many calls under way, of the kinds in turn."""
        run = self._new(kinds)
        cpu, end = process_time(), run.begin + seconds
        under_way, idle, sent = 0, asyncio.Event(), 0

        def next_one() -> None:
            nonlocal under_way, sent
            if perf_counter() >= end:
                under_way -= 1
                if not under_way:
                    idle.set()
                return
            sent += 1
            self._send(_Call(kinds[sent % len(kinds)], perf_counter(), next_one))

        for _ in range(concurrency):
            under_way += 1
            next_one()
        while not idle.is_set():
            self._expire()
            await self._pause(idle, TEND_SECONDS)
        run.end, run.cpu_seconds = perf_counter(), process_time() - cpu
        return run

    async def arrivals(self, rates: Sequence[tuple[Kind, float]], *, seconds: float, seed: int) -> Run:
        """Send calls of each kind at its rate a second, at random moments (a Poisson process)."""
        run = self._new([kind for kind, _ in rates])
        cpu = process_time()
        draw = random.Random(seed)
        kinds, weights = [kind for kind, _ in rates], [rate for _, rate in rates]
        end, due = run.begin + seconds, run.begin + draw.expovariate(sum(weights))
        tended = run.begin
        while due < end:
            now = perf_counter()
            while due <= min(now, end):
                self._arrive(draw.choices(kinds, weights)[0], due, draw)
                due += draw.expovariate(sum(weights))
            self._expire()
            if now - tended > TEND_SECONDS:
                tended = now
                await self._tend()
            await asyncio.sleep(min(TICK_SECONDS, max(0.0, due - perf_counter())))
        run.end, run.cpu_seconds = end, process_time() - cpu
        while any(self._expiring.values()):
            self._expire()
            await asyncio.sleep(TICK_SECONDS)
        return run

    def _new(self, kinds: Sequence[Kind]) -> Run:
        self._run = Run(begin=perf_counter(), ended={kind.name: [] for kind in kinds})
        self._expiring = {kind.name: deque() for kind in kinds}
        return self._run

    def _arrive(self, kind: Kind, due: float, draw: random.Random) -> None:
        call = _Call(kind, due, None)
        self._send(call)
        if kind.left_share and draw.random() < kind.left_share:
            self._loop.call_later(draw.uniform(0.0, kind.left_seconds), self._leave, call, CANCELLED)

    def _send(self, call: _Call) -> None:
        self._expiring[call.kind.name].append(call)
        self._dispatch(call)

    def _dispatch(self, call: _Call) -> None:
        connection = self._pick()
        if connection is None:
            self._waiting.append(call)
            return
        if call.connection is None:
            self._run.lags.append(perf_counter() - call.due)
        call.connection = connection
        call.stream = connection.send(call.kind.method, next(call.kind.requests), partial(self._hear, call))

    def _pick(self) -> Connection | None:
        """The next connection in turn that has room."""
        for _ in self._connections:
            self._turn = (self._turn + 1) % len(self._connections)
            if self._connections[self._turn].room > 0:
                return self._connections[self._turn]
        return None

    def _hear(self, call: _Call, answer: Answer) -> None:
        if answer.unseen:  # a server counts a stream for a moment after it has ended
            self._loop.call_later(TICK_SECONDS, self._again, call)
            return
        if answer.status == OK:
            self._run.messages[call.kind.name] = answer.message
        self._end(call, answer.status, detailed=answer.detailed)

    def _again(self, call: _Call) -> None:
        if not call.ended:
            self._dispatch(call)

    def _leave(self, call: _Call, status: int) -> None:
        """The caller has enough of it."""
        if not call.ended:
            if call.connection is not None:
                call.connection.cancel(call.stream)
            self._end(call, status, detailed=False)

    def _end(self, call: _Call, status: int, *, detailed: bool) -> None:
        call.ended = True
        seconds = perf_counter() - call.due
        # Whatever the server says after the deadline, its caller has given up; its own clock may be a little ahead.
        if seconds >= call.kind.method.seconds - (RESET_SECONDS if status == RESET else 0.0):
            status = DEADLINE_EXCEEDED
        self._run.ended[call.kind.name].append(Ended(call.due, status, seconds, detailed))
        while self._waiting and self._waiting[0].ended:
            self._waiting.popleft()
        if self._waiting:
            self._dispatch(self._waiting.popleft())
        if call.then is not None:
            call.then()

    def _expire(self) -> None:
        """Leave the calls whose time is over; those of one kind end in the order in which they were due."""
        now = perf_counter()
        for calls in self._expiring.values():
            while calls and (calls[0].ended or calls[0].due + calls[0].kind.method.seconds <= now):
                self._leave(calls.popleft(), DEADLINE_EXCEEDED)

    async def _pause(self, event: asyncio.Event, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            return

    async def _tend(self) -> None:
        """Put new connections in the place of those that the server wants to end."""
        for index, connection in enumerate(self._connections):
            if connection.draining:
                self._connections[index] = await connect(self._host, self._port)

    async def open(self, number: int) -> None:
        """Connect so many times. Raises OSError."""
        self._connections = [await connect(self._host, self._port) for _ in range(number)]

    def close(self) -> None:
        """End all connections."""
        for connection in self._connections:
            connection.close()


@asynccontextmanager
async def generator(target: str, connections: int = CONNECTIONS) -> AsyncIterator[Generator]:
    """A generator that is connected to the server at ``host:port``."""
    host, _, port = target.rpartition(":")
    made = Generator(host, int(port))
    await made.open(connections)
    try:
        yield made
    finally:
        made.close()

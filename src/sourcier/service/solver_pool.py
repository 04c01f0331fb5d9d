"""Solver processes that can be killed, so that no solve outlasts its budget or takes the server with it.

Each child is a fresh interpreter (never a fork: gRPC's threads would not survive one) on one end of a socket pair. It
dies with the thread that runs the event loop (PR_SET_PDEATHSIG), and by itself when the socket closes. A child that
hangs, dies or breaks the protocol is killed and replaced in the background; its caller gets no solution, and the
engine answers with its heuristic plan, marked DEGRADED. A caller whose time ends gets none either; the child goes on to
its next model: starting one takes seconds, so none is killed for being a little late.
"""

import asyncio
import contextlib
import logging
import os
import socket
import subprocess
import sys
from collections import deque
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final, cast

from sourcier.engine.refine import Model, Solution
from sourcier.engine.solver import Budget
from sourcier.processes.cores import leave_to_kernel
from sourcier.processes.frames import frame, read
from sourcier.service import deadline
from sourcier.service.drive import SOLVE_MS_MIN, Solved

logger = logging.getLogger(__name__)

START_SECONDS: Final = 60.0  # a cold import of the solver takes 1-3 s, more on a starved machine
RESTART_PAUSE_SECONDS: Final = 1.0  # between attempts when a child does not even start
OVERTIME: Final = 1.2  # a child may take this multiple of its budget, and the grace
REAP_SECONDS: Final = 0.005  # pause between looks at a killed child


@dataclass(frozen=True, slots=True, kw_only=True)
class SolverParams:
    """How many children, and what each may take.

    `memory_bytes` is a child's address space. `grace_ms` beyond the budget covers the pruning before the solver and
    the way to the child and back; a child that takes longer hangs. At most `waiting_per_process` callers queue for
    each child, as long as their time lasts; the next gets None at once. `entry` is the function
    ``module:name`` that solves.
    """

    processes: int = 1
    memory_bytes: int = 1 << 30
    grace_ms: int = 2_000
    waiting_per_process: int = 32
    entry: str = "sourcier.engine.solver:solve"


class SolverPool:
    """Hands models to idle children, first come first served. Lives on one event loop."""

    def __init__(self, params: SolverParams | None = None) -> None:
        self._params = params or SolverParams()
        self._idle: deque[_Child] = deque()
        self._waiting: deque[asyncio.Future[_Child | None]] = deque()
        self._children: set[_Child] = set()
        self._solves: set[asyncio.Task[Any]] = set()
        self._repairs: set[asyncio.Task[None]] = set()
        self._stopped = False

    @property
    def pids(self) -> tuple[int, ...]:
        """The process ids of the children, those that are being killed included."""
        return tuple(child.process.pid for child in self._children)

    async def start(self) -> None:
        """Start all children and wait until each has loaded its solver; raises OSError when one does not."""
        try:
            await asyncio.gather(*(self._add_one() for _ in range(self._params.processes)))
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Kill all children. Solves that are under way give None."""
        self._stopped = True
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
        for repair in self._repairs:
            repair.cancel()
        await asyncio.gather(*self._repairs, return_exceptions=True)
        await asyncio.gather(*(child.kill() for child in self._children))
        await asyncio.gather(*self._solves)
        self._children.clear()
        self._idle.clear()

    async def solve(self, model: Model, solve_ms: int) -> Solved:
        """The solution found in `solve_ms` milliseconds of solver, or in what the caller's deadline leaves of them.

        Without one the solver failed or was killed, or the caller's time ended before it answered.
        """
        child = await self._acquire(_time_left())
        if child is None:
            return Solved(solution=None)
        affordable_ms = min(solve_ms, int(_time_left() * 1_000 / OVERTIME))
        if affordable_ms < SOLVE_MS_MIN:
            self._release(child)
            return Solved(solution=None)
        # In a task of its own: when the caller goes away, the child still owes an answer before it is idle again.
        task, begun = asyncio.get_running_loop().create_task(self._attend(child, model, affordable_ms)), monotonic()
        self._solves.add(task)
        task.add_done_callback(self._solves.discard)
        solution = None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_time_left()):
                solution = await asyncio.shield(task)
        return Solved(solution=solution, seconds=monotonic() - begun)

    async def _acquire(self, patience_seconds: float) -> "_Child | None":
        if self._idle:
            return self._idle.popleft()
        crowded = len(self._waiting) >= self._params.waiting_per_process * self._params.processes
        if self._stopped or crowded or patience_seconds <= 0:
            return None
        waiter: asyncio.Future[_Child | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            async with asyncio.timeout(patience_seconds):
                return await waiter
        except TimeoutError:
            self._give_up(waiter)
            return None
        except asyncio.CancelledError:
            self._give_up(waiter)
            raise

    def _give_up(self, waiter: "asyncio.Future[_Child | None]") -> None:
        """Leave the queue; a child that was handed over in this very moment goes to the next."""
        with contextlib.suppress(ValueError):
            self._waiting.remove(waiter)
        if waiter.done() and not waiter.cancelled() and (child := waiter.result()) is not None:
            self._release(child)

    async def _add_one(self) -> None:
        child = await _start(self._params)
        if self._stopped:
            await child.kill()
            return
        self._children.add(child)
        self._release(child)

    def _release(self, child: "_Child") -> None:
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(child)
                return
        self._idle.append(child)

    async def _attend(self, child: "_Child", model: Model, solve_ms: int) -> Solution | None:
        budget = Budget(solve_ms=solve_ms)
        try:
            async with asyncio.timeout(solve_ms * OVERTIME / 1_000 + self._params.grace_ms / 1_000):
                await child.send((solve_ms, (model, budget)))
                solution, error = await child.receive()
        except Exception as failure:  # whatever it was, this child can no longer be trusted to be idle
            if not self._stopped:
                logger.warning("solver %d is replaced: %r, budget %d ms", child.process.pid, failure, solve_ms)
                self._repair(child)
            return None
        self._release(child)
        if error is not None:
            logger.error("solver %d failed:\n%s", child.process.pid, error)
        return cast("Solution | None", solution)

    def _repair(self, child: "_Child") -> None:
        repair = asyncio.get_running_loop().create_task(self._replace(child))
        self._repairs.add(repair)
        repair.add_done_callback(self._repairs.discard)

    async def _replace(self, child: "_Child") -> None:
        await child.kill()
        self._children.discard(child)
        while True:
            try:
                await self._add_one()
            except OSError:
                logger.exception("no solver could be started")
                await asyncio.sleep(RESTART_PAUSE_SECONDS)
            else:
                return


def _time_left() -> float:
    """Seconds of the caller's time that a solver may use, overtime included."""
    return deadline.remaining() - deadline.ANSWER_SECONDS


class _Child:
    """One process and our end of its socket."""

    def __init__(
        self, process: subprocess.Popen[bytes], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.process = process
        self._reader = reader
        self._writer = writer

    async def send(self, message: object) -> None:
        self._writer.write(frame(message))
        await self._writer.drain()

    async def receive(self) -> tuple[object, str | None]:
        solution, error = await read(self._reader)
        return solution, error

    async def kill(self) -> None:
        self.process.kill()
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()
        while self.process.poll() is None:
            await asyncio.sleep(REAP_SECONDS)


async def _start(params: SolverParams) -> _Child:
    """A child that has loaded its solver; raises OSError when it does not come up.

    `subprocess` starts it by vfork and exec, from the event loop's own thread: a child is killed when the thread that
    started it ends, so no worker thread may do it.
    """
    ours, theirs = socket.socketpair()
    command = [sys.executable, "-m", "sourcier.service.solver_child"]
    arguments = [str(os.getpid()), str(params.memory_bytes), params.entry]
    with theirs:
        reader, writer = await asyncio.open_unix_connection(sock=ours)
        try:
            process = subprocess.Popen([*command, *arguments], stdin=theirs.fileno(), stdout=subprocess.DEVNULL)
        except OSError:
            writer.close()
            raise
    leave_to_kernel(process.pid)
    child = _Child(process, reader, writer)
    try:
        async with asyncio.timeout(START_SECONDS):
            await child.receive()
    except BaseException as failure:
        await child.kill()
        if isinstance(failure, TimeoutError | EOFError):
            raise OSError(f"solver process {process.pid} did not start: {failure!r}") from failure
        raise
    return child

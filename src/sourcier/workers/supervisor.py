"""The parent of all workers: starts them, starts them again when they die, and ends when they have ended.

Workers are fresh interpreters, never forks: gRPC's threads would not survive one. The supervisor serves no calls
itself. On SQLite it owns the ledger and runs the writes of all workers; what one of them was told to be done is
committed here, so a worker that dies loses nothing. Everything dies with the supervisor, however that ends: the kernel
sees to it.
"""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack, closing, nullcontext
from time import monotonic
from typing import Final

from sourcier.bootstrap import owned_ledger
from sourcier.config import Config
from sourcier.domain.errors import Refusal
from sourcier.ledger.sqlite_shared import share
from sourcier.ledger.sqlite_store import SqliteLedger
from sourcier.processes.frames import frame, read
from sourcier.workers.assignment import Assignment
from sourcier.workers.ports import hold_port

_log: Final = logging.getLogger(__name__)

MODULE: Final = "sourcier.workers.worker"

STEADY_SECONDS: Final = 10.0
"""A worker that lived so long is replaced at once; after a shorter life there is a pause first."""
PAUSE_SECONDS_MIN: Final = 0.5
PAUSE_SECONDS_MAX: Final = 30.0
"""The pause doubles from the one to the other while workers keep dying young."""
END_SECONDS: Final = 15.0
"""Beyond its own time to drain, in which a worker must have ended; then it is killed."""


def serve_with_workers(config: Config, *, ready: Callable[[int], None]) -> None:
    """Serve with `config.workers` processes until SIGTERM or SIGINT; `ready` is told the port when all of them serve.

    Returns after a clean end. Raises Refusal or OSError when the port, the ledger or a worker cannot be had at the
    start, and OSError when a worker did not end well.
    """
    with hold_port(config.host, config.port) as port:
        ledger = owned_ledger(config)
        with nullcontext() if ledger is None else closing(ledger):
            asyncio.run(_Supervisor(config, port, ledger).run(ready))


class _Supervisor:
    """Keeps the workers of one server running, on one event loop, in the thread that outlives them all."""

    def __init__(self, config: Config, port: int, ledger: SqliteLedger | None) -> None:
        self._config = config
        self._port = port
        self._ledger = ledger
        self._workers: dict[int, _Worker] = {}
        self._ending = asyncio.Event()

    async def run(self, ready: Callable[[int], None]) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._end)
        numbers = range(1, self._config.workers + 1)
        try:
            for failure in await asyncio.gather(*map(self._start, numbers), return_exceptions=True):
                if failure is not None:
                    raise failure
            ready(self._port)
            keeping = [loop.create_task(self._keep(number)) for number in numbers]
            await self._ending.wait()
            await self._ended(keeping)
        finally:
            await self._kill_all()

    async def _ended(self, keeping: list[asyncio.Task[int]]) -> None:
        """Wait until every worker has ended. Raises OSError when one did not end well, or not in time."""
        try:
            async with asyncio.timeout(self._config.drain_seconds + END_SECONDS):
                codes = await asyncio.gather(*keeping)
        except TimeoutError as late:
            raise OSError("workers did not end in time and are killed") from late
        if any(codes):
            raise OSError(f"workers ended with {', '.join(map(str, codes))}")

    def _end(self) -> None:
        """Ask every worker to end; asked again, to end at once."""
        self._ending.set()
        for worker in self._workers.values():
            worker.ask_to_end()

    async def _keep(self, number: int) -> int:
        """Replace the worker whenever it dies, until the server ends; how the last one ended."""
        pause = 0.0
        while True:
            worker = self._workers[number]
            code = await worker.process.wait()
            worker.writer.close()
            if self._ending.is_set():
                return code
            _log.error("worker %d (process %d) ended with %d and is replaced", number, worker.process.pid, code)
            young = monotonic() - worker.started_at < STEADY_SECONDS
            pause = min(max(PAUSE_SECONDS_MIN, 2 * pause), PAUSE_SECONDS_MAX) if young else 0.0
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._ending.wait()
                    return code
            try:
                await self._start(number)
            except (Refusal, OSError) as failure:
                _log.error("worker %d cannot serve: %s", number, failure)

    async def _start(self, number: int) -> None:
        """Start a worker and wait until it serves. Raises what kept it from serving."""
        worker = self._workers[number] = await _spawn(self._ledger)
        worker.send(Assignment(number=number, config=self._config, port=self._port))
        if self._ending.is_set():
            worker.ask_to_end()
        try:
            serves, failure = await read(worker.reader)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise OSError(f"worker {number} ended with {await worker.process.wait()} before it served") from error
        if not serves:
            raise failure

    async def _kill_all(self) -> None:
        for worker in self._workers.values():
            if worker.process.returncode is None:
                worker.process.kill()
                _log.error("process %d did not end in time and was killed", worker.process.pid)
            await worker.process.wait()
            worker.writer.close()


class _Worker:
    """One process and our end of its socket."""

    def __init__(
        self, process: asyncio.subprocess.Process, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.process = process
        self.reader = reader
        self.writer = writer
        self.started_at = monotonic()

    def send(self, message: object) -> None:
        self.writer.write(frame(message))

    def ask_to_end(self) -> None:
        self.send("end")


async def _spawn(ledger: SqliteLedger | None) -> _Worker:
    """A fresh interpreter with its sockets, in a process group of its own: Ctrl-C goes to the supervisor alone."""
    ours, theirs = socket.socketpair()
    reader, writer = await asyncio.open_unix_connection(sock=ours)
    with theirs, ExitStack() as stack:
        links = () if ledger is None else (stack.enter_context(_link(ledger)).fileno(),)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", MODULE, str(os.getpid()), *map(str, links)),
            stdin=theirs.fileno(),
            pass_fds=links,
            process_group=0,
        )
    return _Worker(process, reader, writer)


def _link(ledger: SqliteLedger) -> socket.socket:
    """A guest's end of a new socket to the ledger."""
    ours, theirs = socket.socketpair()
    threading.Thread(target=share, args=(ledger, ours), name="ledger-link", daemon=True).start()
    return theirs

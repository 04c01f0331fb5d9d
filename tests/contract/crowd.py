"""Many clients at once: threads against one SQLite ledger, or processes.

Processes have ledgers of their own on PostgreSQL. On SQLite they are guests of this process, which owns the file.
"""

import multiprocessing
import socket
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing.connection import Connection
from typing import Any, Protocol

from tests.contract.bench import echo

from sourcier.domain.errors import Refusal
from sourcier.ledger import open_ledger
from sourcier.ledger.commands import Replayed, Reserve, Reserved, Settled, Short
from sourcier.ledger.opening import join_ledger
from sourcier.ledger.reserve import reserve
from sourcier.ledger.sqlite_shared import share
from sourcier.ledger.sqlite_store import SqliteLedger
from sourcier.ledger.store import Ledger

Outcome = tuple[str, bytes]
"""(reserved, settled, short, replayed, done or a refusal's reason; the answer)"""
Job = tuple[Any, ...]
"""An operation of the ledger and its arguments."""
Write = Callable[..., "Future[Any]"]
"""Runs a job in one transaction."""


class Crowd(Protocol):
    """Clients that all press the button at the same moment."""

    def race(self, commands: Sequence[Reserve]) -> list[Outcome]:
        """Send every command at once, one client each; outcomes in the same order."""
        ...

    def run(self, jobs: Sequence[Job]) -> list[Outcome]:
        """The same with any operations."""
        ...

    def close(self) -> None:
        """Send them home."""
        ...


class ThreadCrowd:
    """A thread per job behind one barrier."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def race(self, commands: Sequence[Reserve]) -> list[Outcome]:
        """Send every command at once."""
        return self.run([(reserve, command, echo) for command in commands])

    def run(self, jobs: Sequence[Job]) -> list[Outcome]:
        """Send every job at once."""
        barrier = threading.Barrier(len(jobs))

        def one(job: Job) -> Outcome:
            barrier.wait()
            return outcome_of(self._ledger.write(*job))

        with ThreadPoolExecutor(len(jobs)) as pool:
            return list(pool.map(one, jobs))

    def close(self) -> None:
        """Nothing is left."""


class ProcessCrowd:
    """`num_processes` processes that share the jobs and start behind one barrier.

    They open the ledger at `url`, or with None are guests of the ledger that `serve` names.
    """

    def __init__(self, url: str | None, num_processes: int = 4) -> None:
        context = multiprocessing.get_context("spawn")
        self._barrier = context.Barrier(num_processes)  # the children open it by name: it must live on
        self._pipes: list[Connection] = []
        self._processes = []
        for _ in range(num_processes):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(url, self._barrier, theirs), daemon=True)
            process.start()
            self._pipes.append(ours)
            self._processes.append(process)

    def serve(self, ledger: SqliteLedger, url: str) -> None:
        """Run the calls of the processes on this ledger at `url` from now on."""
        for pipe in self._pipes:
            ours, theirs = socket.socketpair()
            threading.Thread(target=share, args=(ledger, ours), daemon=True).start()
            pipe.send((url, theirs))
            assert pipe.recv() == "joined"
            theirs.close()

    def race(self, commands: Sequence[Reserve]) -> list[Outcome]:
        """Send every command at once."""
        return self.run([(reserve, command, echo) for command in commands])

    def run(self, jobs: Sequence[Job]) -> list[Outcome]:
        """Send every job at once."""
        num = len(self._pipes)
        for number, pipe in enumerate(self._pipes):
            pipe.send(list(jobs[number::num]))
        outcomes: list[Outcome] = [("", b"")] * len(jobs)
        for number, pipe in enumerate(self._pipes):
            outcomes[number::num] = pipe.recv()
        return outcomes

    def close(self) -> None:
        """End the processes."""
        for pipe, process in zip(self._pipes, self._processes, strict=True):
            pipe.send(None)
            process.join(20)
            assert process.exitcode == 0


def outcome_of(future: "Future[Any]") -> Outcome:
    """Wait for a job."""
    try:
        outcome = future.result(60)
    except Refusal as refusal:
        return refusal.reason, b""
    match outcome:
        case Short():
            return "short", b""
        case Reserved():
            return "reserved", outcome.response
        case Replayed():
            return "replayed", outcome.response
        case Settled():
            return "settled", outcome.response
    return "done", str(outcome).encode()


def _serve(url: str | None, barrier: Any, pipe: Connection) -> None:
    ledger = open_ledger(url) if url is not None else None
    while (message := pipe.recv()) is not None:
        if isinstance(message, tuple):
            if ledger is not None:
                ledger.close()
            ledger = join_ledger(*message)
            pipe.send("joined")
            continue
        assert ledger is not None
        barrier.wait(60)
        futures = [ledger.write(*job) for job in message]
        pipe.send([outcome_of(future) for future in futures])
    if ledger is not None:
        ledger.close()

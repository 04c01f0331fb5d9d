"""Many clients at once: threads against one SQLite ledger, or processes.

Processes have ledgers of their own on PostgreSQL. One process owns a SQLite file, so there they send their calls to the
owner through pipes, as clients of a server do.
"""

import multiprocessing
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count
from multiprocessing.connection import Connection
from typing import Any, Protocol

from tests.contract.bench import echo

from sourcier.domain.errors import Refusal
from sourcier.ledger import open_ledger
from sourcier.ledger.commands import Replayed, Reserve, Reserved, Settled, Short
from sourcier.ledger.reserve import reserve
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

    They open the ledger at `url`, or with None send their calls to the ledger that `serve` names.
    """

    def __init__(self, url: str | None, num_processes: int = 4) -> None:
        context = multiprocessing.get_context("spawn")
        self._barrier = context.Barrier(num_processes)  # the children open it by name: it must live on
        self._pipes: list[Connection] = []
        self._calls: list[Connection] = []
        self._processes = []
        for _ in range(num_processes):
            ours, theirs = context.Pipe()
            calls, their_calls = context.Pipe()
            arguments = (url, self._barrier, theirs, their_calls)
            process = context.Process(target=_serve, args=arguments, daemon=True)
            process.start()
            self._pipes.append(ours)
            self._calls.append(calls)
            self._processes.append(process)
        self._ledger: Ledger | None = None
        if url is None:
            for calls in self._calls:
                threading.Thread(target=self._answer, args=(calls,), daemon=True).start()

    def serve(self, ledger: Ledger) -> None:
        """Run the calls of the processes on this ledger from now on."""
        self._ledger = ledger

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

    def _answer(self, calls: Connection) -> None:
        """Run what one process asks for; answers go back as they come, in any order."""
        lock = threading.Lock()

        def send(number: int, future: "Future[Any]") -> None:
            with lock:
                calls.send((number, outcome_of(future)))

        while (call := calls.recv()) is not None:
            number, job = call
            assert self._ledger is not None
            self._ledger.write(*job).add_done_callback(lambda future, number=number: send(number, future))


class _Remote:
    """The ledger as a client sees it: calls go through the pipe, answers come back by number."""

    def __init__(self, calls: Connection) -> None:
        self._calls = calls
        self._numbers = count()
        self._waiting: dict[int, Future[Any]] = {}
        threading.Thread(target=self._listen, daemon=True).start()

    def write(self, *job: Any) -> "Future[Any]":
        """Send a call."""
        number, future = next(self._numbers), Future[Any]()
        self._waiting[number] = future
        self._calls.send((number, job))
        return future

    def close(self) -> None:
        """Say that nothing more comes."""
        self._calls.send(None)

    def _listen(self) -> None:
        while True:
            try:
                number, outcome = self._calls.recv()
            except (EOFError, OSError):
                return
            self._waiting.pop(number).set_result(outcome)


def outcome_of(future: "Future[Any]") -> Outcome:
    """Wait for a job."""
    try:
        outcome = future.result(60)
    except Refusal as refusal:
        return refusal.reason, b""
    match outcome:
        case (str(kind), bytes(answer)):
            return kind, answer  # told by the owner of the ledger
        case Short():
            return "short", b""
        case Reserved():
            return "reserved", outcome.response
        case Replayed():
            return "replayed", outcome.response
        case Settled():
            return "settled", outcome.response
    return "done", str(outcome).encode()


def _serve(url: str | None, barrier: Any, pipe: Connection, calls: Connection) -> None:
    ledger = open_ledger(url) if url is not None else _Remote(calls)
    while (jobs := pipe.recv()) is not None:
        barrier.wait(60)
        futures = [ledger.write(*job) for job in jobs]
        pipe.send([outcome_of(future) for future in futures])
    ledger.close()

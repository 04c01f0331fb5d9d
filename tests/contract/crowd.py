"""Many clients at once: threads against one SQLite ledger, processes with ledgers of their own on PostgreSQL."""

import multiprocessing
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing.connection import Connection
from typing import Any, Protocol

from tests.contract.bench import echo

from sourcier.domain.errors import Refusal
from sourcier.ledger import open_ledger
from sourcier.ledger.commands import Replayed, Reserve, Reserved, Short
from sourcier.ledger.reserve import reserve
from sourcier.ledger.store import Ledger

Outcome = tuple[str, bytes]
"""(reserved, short, replayed or a refusal's reason; the answer)"""


class Crowd(Protocol):
    """Clients that all press the button at the same moment."""

    def race(self, commands: Sequence[Reserve]) -> list[Outcome]:
        """Send every command at once, one client each; outcomes in the same order."""
        ...

    def close(self) -> None:
        """Send them home."""
        ...


class ThreadCrowd:
    """A thread per command behind one barrier."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def race(self, commands: Sequence[Reserve]) -> list[Outcome]:
        """Send every command at once."""
        barrier = threading.Barrier(len(commands))

        def one(command: Reserve) -> Outcome:
            barrier.wait()
            return outcome_of(self._ledger.write(reserve, command, echo))

        with ThreadPoolExecutor(len(commands)) as pool:
            return list(pool.map(one, commands))

    def close(self) -> None:
        """Nothing is left."""


class ProcessCrowd:
    """`num_processes` processes that share the commands and start behind one barrier."""

    def __init__(self, url: str, num_processes: int = 4) -> None:
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

    def race(self, commands: Sequence[Reserve]) -> list[Outcome]:
        """Send every command at once."""
        num = len(self._pipes)
        for number, pipe in enumerate(self._pipes):
            pipe.send(list(commands[number::num]))
        outcomes: list[Outcome] = [("", b"")] * len(commands)
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
    """Wait for a reservation."""
    try:
        outcome = future.result(60)
    except Refusal as refusal:
        return refusal.reason, b""
    if isinstance(outcome, Short):
        return "short", b""
    assert isinstance(outcome, Reserved | Replayed)
    return ("reserved" if isinstance(outcome, Reserved) else "replayed"), outcome.response


def _serve(url: str, barrier: Any, pipe: Connection) -> None:
    ledger = open_ledger(url)
    while (commands := pipe.recv()) is not None:
        barrier.wait(60)
        futures = [ledger.write(reserve, command, echo) for command in commands]
        pipe.send([outcome_of(future) for future in futures])
    ledger.close()

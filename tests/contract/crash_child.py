"""A process that reserves through a SQLite ledger until it is killed, telling what it sent and what was answered."""

import threading
from multiprocessing.connection import Connection
from pathlib import Path

from tests.contract.bench import allocation, echo

from sourcier.ledger.commands import Reserve
from sourcier.ledger.opening import open_sqlite
from sourcier.ledger.reserve import reserve

CALLERS = 16
SKUS = 50


def command(run: int, caller: int, number: int) -> Reserve:
    """The same for the same numbers, so that it can be sent again."""
    name = f"run{run}-caller{caller}-{number}"
    picks = [(caller * 7 + number * 3 + step * 11) % SKUS for step in range(3)]
    return allocation(*(("n1", f"s{pick}", 1) for pick in picks), reservation_id=name)


def serve(path: Path, run: int, pipe: Connection) -> None:
    """Reserve with `CALLERS` threads for ever; messages are (sent or answered, caller, number, answer)."""
    ledger = open_sqlite(path)
    lock = threading.Lock()

    def tell(what: str, caller: int, number: int, answer: bytes) -> None:
        with lock:
            pipe.send((what, caller, number, answer))

    def call(caller: int) -> None:
        number = 0
        while True:
            number += 1
            tell("sent", caller, number, b"")
            outcome = ledger.write(reserve, command(run, caller, number), echo).result()
            tell("answered", caller, number, outcome.response)  # type: ignore[union-attr]

    for caller in range(CALLERS):
        threading.Thread(target=call, args=(caller,), daemon=True).start()
    threading.Event().wait()

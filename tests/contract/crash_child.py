"""A process that reserves through a SQLite ledger until it is killed, telling what it sent and what was answered."""

import threading
from multiprocessing.connection import Connection
from pathlib import Path

from tests.contract.bench import Wanted, allocation, echo, supply

from sourcier.domain.supply import SupplyRecord
from sourcier.ledger import checkpoints
from sourcier.ledger.commands import Reserve
from sourcier.ledger.opening import open_sqlite
from sourcier.ledger.reserve import reserve
from sourcier.ledger.supply_feed import apply_supply

CALLERS = 16
DOCK = CALLERS  # the caller that tells what came in
SKUS = 50
UNITS = 1_000_000  # counted, and announced, of each SKU


def command(run: int, caller: int, number: int) -> Reserve:
    """The same for the same numbers, so that it can be sent again: two lines on hand, one pegged."""
    name = f"run{run}-caller{caller}-{number}"
    picks = [f"s{(caller * 7 + number * 3 + step * 11) % SKUS}" for step in range(3)]
    wanted: list[Wanted] = [("n1", picks[0], 1), ("n1", picks[1], 1, "po"), ("n1", picks[2], 1)]
    return allocation(*wanted, reservation_id=name)


def came_in(run: int, number: int) -> list[SupplyRecord]:
    """Two more units of each SKU than the message before; runs follow each other by their epoch."""
    total = receipts(run, number)
    return [supply("n1", f"s{pick}", UNITS, epoch=run + 1, seq=number, received=total) for pick in range(SKUS)]


def receipts(run: int, number: int) -> int:
    """Units of each SKU that came in by this message."""
    return run * 10_000 + number * 2


def serve(path: Path, run: int, pipe: Connection) -> None:
    """Reserve with `CALLERS` threads for ever; messages are (sent or answered, caller, number, answer)."""
    vars(checkpoints).update(BEHIND_PAGES_MAX=20, LOG_PAGES_MAX=100)  # so that kills meet them
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

    def receive() -> None:
        number = 0
        while True:
            number += 1
            tell("sent", DOCK, number, b"")
            ledger.write(apply_supply, "dock", came_in(run, number)).result()
            tell("answered", DOCK, number, b"applied")

    threading.Thread(target=receive, daemon=True).start()
    for caller in range(CALLERS):
        threading.Thread(target=call, args=(caller,), daemon=True).start()
    threading.Event().wait()

"""The only place where objects are built. Imports inside `build`, so that commands that serve nothing start fast."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from sourcier.config import Config
    from sourcier.ledger.sqlite_store import SqliteLedger
    from sourcier.service.app import App

FOLLOW_INTERVAL_MS_ALONE: Final = 250  # nobody else writes, and this process wakes its snapshot itself
FOLLOW_INTERVAL_MS_SHARED: Final = 20  # other processes write too; an empty look costs half a millisecond of CPU


def present() -> datetime:
    """The instant that it is."""
    return datetime.now(UTC)


def build(config: "Config", *, clock: "Callable[[], datetime]" = present, link: "socket.socket | None" = None) -> "App":
    """An app that is ready to `start`. Opens the ledger; raises the Refusal DATABASE_UNAVAILABLE.

    `clock` dates requests. Holds expire by the ledger's own clock. `link` leads to the process that owns a SQLite
    ledger, where several share it.
    """
    from sourcier.ledger.opening import join_ledger
    from sourcier.service.app import App
    from sourcier.service.expire import Sweeper
    from sourcier.service.snapshots import Snapshots
    from sourcier.service.solver_pool import SolverParams, SolverPool

    follow_interval_ms = config.follow_interval_ms
    if follow_interval_ms is None:
        alone = config.on_sqlite and link is None
        follow_interval_ms = FOLLOW_INTERVAL_MS_ALONE if alone else FOLLOW_INTERVAL_MS_SHARED
    ledger = join_ledger(config.database_url, link)
    return App(
        ledger=ledger,
        snapshots=Snapshots(ledger, interval_seconds=follow_interval_ms / 1_000, clock=clock),
        solvers=SolverPool(
            SolverParams(processes=config.solver_processes, memory_bytes=config.solver_memory_mib << 20)
        ),
        sweeper=Sweeper(ledger, interval_seconds=config.sweep_interval_ms / 1_000),
        solve_ms=config.solve_ms,
        promise_solve_ms=config.promise_total_ms,
        clock=clock,
    )


def owned_ledger(config: "Config") -> "SqliteLedger | None":
    """The ledger that the parent of several workers owns for them; None where each has its own connections.

    Raises the Refusal DATABASE_UNAVAILABLE.
    """
    from sourcier.ledger.opening import SQLITE, open_sqlite

    return open_sqlite(Path(config.database_url.removeprefix(SQLITE))) if config.on_sqlite else None

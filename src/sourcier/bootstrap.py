"""The only place where objects are built. Imports inside `build`, so that commands that serve nothing start fast."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from sourcier.config import Config
    from sourcier.service.app import App

FOLLOW_INTERVAL_MS_SQLITE: Final = 250  # one process writes the file, and it wakes its snapshot itself
FOLLOW_INTERVAL_MS_POSTGRESQL: Final = 20  # an empty look costs the server 90 µs


def present() -> datetime:
    """The instant that it is."""
    return datetime.now(UTC)


def build(config: "Config", *, clock: "Callable[[], datetime]" = present) -> "App":
    """An app that is ready to `start`. Opens the ledger; raises the Refusal DATABASE_UNAVAILABLE.

    `clock` dates requests. Holds expire by the ledger's own clock.
    """
    from sourcier.ledger.opening import open_ledger
    from sourcier.service.app import App
    from sourcier.service.expire import Sweeper
    from sourcier.service.snapshots import Snapshots
    from sourcier.service.solver_pool import SolverParams, SolverPool

    follow_interval_ms = config.follow_interval_ms
    if follow_interval_ms is None:
        on_sqlite = config.database_url.startswith("sqlite:")
        follow_interval_ms = FOLLOW_INTERVAL_MS_SQLITE if on_sqlite else FOLLOW_INTERVAL_MS_POSTGRESQL
    ledger = open_ledger(config.database_url)
    return App(
        ledger=ledger,
        snapshots=Snapshots(ledger, interval_seconds=follow_interval_ms / 1_000, clock=clock),
        solvers=SolverPool(
            SolverParams(processes=config.solver_processes, memory_bytes=config.solver_memory_mib << 20)
        ),
        sweeper=Sweeper(ledger, interval_seconds=config.sweep_interval_ms / 1_000),
        solve_ms=config.solve_ms,
        clock=clock,
    )

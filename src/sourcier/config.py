"""The settings of a server, frozen and checked when they are made."""

from dataclasses import dataclass

from sourcier.domain.errors import Violation, invalid
from sourcier.domain.limits import PROMISE_SOLVE_MS_MAX, SOLVE_MS_DEFAULT, SOLVE_MS_MAX, SOLVES_PER_PROMISE

PORT_MAX = 65_535
WORKERS_MAX = 64
SOLVER_PROCESSES_MAX = 64
SOLVER_MEMORY_MIB_MIN = 384  # the solver's libraries alone map about 260 MiB
INTERVAL_MS_MAX = 60_000
DRAIN_SECONDS_MAX = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything an operator may set.

    Attributes
    ----------
    database_url
        ``sqlite:///path`` or ``postgresql://user@host:port/name``.
    host, port
        Where gRPC listens; plaintext, so a loopback address unless a proxy ends TLS in front of it. Port 0: any free.
    workers
        Processes that share the port, each a whole server with its own snapshot. With 1 there is no parent process.
    solver_processes
        Solver children of each worker.
    solver_memory_mib
        Address space of one solver child, MiB.
    solve_ms
        Solver time of one decision, milliseconds.
    promise_solve_ms
        Solver time of all decisions of one promise together, milliseconds; None: SOLVES_PER_PROMISE times `solve_ms`.
    sweep_interval_ms
        Pause between two searches for expired holds, milliseconds.
    follow_interval_ms
        Pause between two looks at the ledger for other replicas' changes, milliseconds; None: what suits the database.
    drain_seconds
        How long calls in flight may take to finish when the server stops, seconds.
    """

    database_url: str = "sqlite:///sourcier.db"
    host: str = "127.0.0.1"
    port: int = 8433
    workers: int = 1
    solver_processes: int = 1
    solver_memory_mib: int = 1_024
    solve_ms: int = SOLVE_MS_DEFAULT
    promise_solve_ms: int | None = None
    sweep_interval_ms: int = 1_000
    follow_interval_ms: int | None = None
    drain_seconds: int = 10

    def __post_init__(self) -> None:
        """Refuse what cannot work, all of it at once."""
        bounds = {
            "port": (0, PORT_MAX),
            "workers": (1, WORKERS_MAX),
            "solver_processes": (1, SOLVER_PROCESSES_MAX),
            "solver_memory_mib": (SOLVER_MEMORY_MIB_MIN, None),
            "solve_ms": (1, SOLVE_MS_MAX),
            "promise_solve_ms": (1, PROMISE_SOLVE_MS_MAX),
            "sweep_interval_ms": (1, INTERVAL_MS_MAX),
            "follow_interval_ms": (1, INTERVAL_MS_MAX),
            "drain_seconds": (0, DRAIN_SECONDS_MAX),
        }
        faults = [
            Violation(field=name, description=f"must be {_range(low, high)}, not {value}")
            for name, (low, high) in bounds.items()
            if (value := getattr(self, name)) is not None and not (low <= value <= (value if high is None else high))
        ]
        if not self.database_url.startswith(("sqlite:", "postgresql:", "postgres:")):
            faults.append(Violation(field="database_url", description="must start with sqlite: or postgresql:"))
        if not self.host:
            faults.append(Violation(field="host", description="must not be empty"))
        if faults:
            raise invalid(faults)

    @property
    def on_sqlite(self) -> bool:
        """Whether the ledger is a file, which one process owns."""
        return self.database_url.startswith("sqlite:")

    @property
    def promise_total_ms(self) -> int:
        """Solver time of all decisions of one promise together, milliseconds."""
        return self.promise_solve_ms or SOLVES_PER_PROMISE * self.solve_ms


def _range(low: int, high: int | None) -> str:
    return f"at least {low}" if high is None else f"{low} to {high}"

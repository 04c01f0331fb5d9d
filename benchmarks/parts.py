"""What `make bench` consists of: the benchmarks, how often each runs and how long it may take."""

from dataclasses import dataclass
from typing import Final

SECONDS_MAX: Final = 900  # of all parts together


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A benchmark that is run as ``python -m module *arguments --json FILE``, `runs` times, each with another `--seed`
    if it is `seeded`. `seconds` is the time of all its runs together; `title` says what it shows. One that stands
    `apart` takes too long for the one command: it runs only by name, and the table shows its last report.
    """

    name: str
    title: str
    module: str
    arguments: tuple[str, ...] = ()
    runs: int = 1
    seeded: bool = False
    apart: bool = False
    seconds: int


PARTS: Final = (
    Part(
        name="against_solver",
        title="Decisions against the plain model in OR-Tools",
        module="benchmarks.against_solver",
        seconds=140,
    ),
    Part(
        name="peers",
        title="The documented logic of other systems, and plain solvers",
        module="benchmarks.peers",
        runs=3,
        seeded=True,
        seconds=220,
    ),
    Part(
        name="growth",
        title="From 50 to 5,000 nodes",
        module="benchmarks.growth",
        seconds=15,
    ),
    Part(
        name="promises",
        title="A promise inside the engine",
        module="benchmarks.promises",
        arguments=("--nodes", "50", "200"),
        runs=3,
        seconds=35,
    ),
    Part(
        name="availability",
        title="A product page inside the engine",
        module="benchmarks.availability",
        arguments=("--nodes", "200"),
        runs=3,
        seconds=14,
    ),
    Part(
        name="timetable",
        title="Calendars, rounds and transit, compiled",
        module="benchmarks.timetable",
        arguments=("--nodes", "2000"),
        seconds=8,
    ),
    Part(
        name="ledger_reserve",
        title="The ledger alone",
        module="benchmarks.ledger_reserve",
        arguments=("--seconds", "2"),
        seconds=40,
    ),
    Part(
        name="wire",
        title="The server beside an echo of the same messages",
        module="benchmarks.load.wire",
        arguments=("--rounds", "4"),
        seconds=100,
    ),
    Part(
        name="overload",
        title="More than a server can",
        module="benchmarks.load.overload",
        runs=2,
        seconds=130,
    ),
    Part(
        name="snapshot",
        title="A snapshot of ten million rows, and its readers",
        module="benchmarks.snapshot",
        arguments=("--seconds", "2"),
        seconds=42,
    ),
    Part(
        name="propagation",
        title="Stock counts on their way to every worker",
        module="benchmarks.propagation",
        arguments=("--rounds", "3", "--seconds", "5"),
        seconds=65,
    ),
    Part(
        name="ingest",
        title="Stock counts taken in, and promises beside them",
        module="benchmarks.ingest",
        arguments=("--seconds", "4"),
        seconds=55,
    ),
    Part(
        name="hot",
        title="The hot functions, one by one",
        module="benchmarks.hot",
        seconds=35,
    ),
    Part(
        name="soak",
        title="Half an hour under load",
        module="benchmarks.soak",
        apart=True,
        seconds=2_400,
    ),
)

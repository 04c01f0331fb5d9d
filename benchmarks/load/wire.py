"""What the server costs beside an echo of the same messages: ``python -m benchmarks.load.wire --help``.

The real server on both databases, an echo, and an echo behind the server's guard run side by side. Short bursts go to
each in turn, round after round, so that what else the machine does falls on all alike; a share is taken within a round.
Calls a second and core are calls divided by the CPU time of the server and its solvers; of PostgreSQL's own processes
nothing is counted. The ledger's ceiling is what 64 callers on one core reserve in it without a server, counted alike.
Where a share falls short, a server that samples itself gets the same load once more and says where its time goes.
"""

import argparse
import os
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import AsyncExitStack, closing, contextmanager
from math import inf
from pathlib import Path
from statistics import median
from time import monotonic
from typing import Any, Final, NamedTuple

import uvloop

from benchmarks import ledger_reserve, report, shop
from benchmarks.children import Running
from benchmarks.load import asked
from benchmarks.load.http2 import Method
from benchmarks.load.servers import database, echo, product
from benchmarks.load.traffic import OK, RESOURCE_EXHAUSTED, Generator, Kind, generator
from benchmarks.profiling import between
from sourcier.ledger import open_ledger

ROUNDS: Final = 3
BURST_SECONDS: Final = 0.8
CALL_SECONDS: Final = 20.0  # a deadline of a burst would hide how slow it was
CONCURRENCY: Final = {"promise": 4, "allocate": 32}
DATABASES: Final = ("sqlite", "postgresql")
ECHO: Final = "echo"
GUARDED: Final = "echo behind the guard"
AIM: Final = ">= 0.5"  # of the calls of the echo, or of the ledger where that is less
PROFILE_SECONDS: Final = 2.0


class Server(NamedTuple):
    """A server under load and what loads it."""

    running: Running
    generator: Generator


class Burst(NamedTuple):
    """What one burst found: calls a second of the server's CPU, and by the clock; CPU microseconds a call."""

    per_core: float
    per_second: float
    generator_us: float


async def measured(rounds: int, folder: Path, databases: tuple[str, ...]) -> dict[tuple[str, str], list[Burst]]:
    """The bursts by server and kind of call, one a round."""
    kinds = {kind.name: kind for kind in _kinds()}
    found: dict[tuple[str, str], list[Burst]] = defaultdict(list)
    async with AsyncExitStack() as stack:
        servers: dict[str, Server] = {}

        async def begin(name: str, starting: Any) -> Server:
            running = await stack.enter_async_context(starting)
            servers[name] = Server(running, await stack.enter_async_context(generator(running.target)))
            return servers[name]

        answers: dict[str, bytes] = {}
        for name in databases:
            home = folder / name
            home.mkdir()
            url = stack.enter_context(database(name, home))
            real = await begin(name, product(url, home))
            for kind in kinds.values():  # the first burst warms up, and has an answer for the echo
                answers[kind.name] = (await _run(real, kind))[1]
        await begin(ECHO, echo(answers, folder, guarded=False))
        await begin(GUARDED, echo(answers, folder, guarded=True))
        for number in range(rounds + 1):
            for kind in kinds.values():
                for name, server in servers.items():
                    if kind.name == "allocate" or name not in databases[1:]:
                        burst, _ = await _run(server, kind)
                        if number:  # the first round warms the echoes up
                            found[name, kind.name].append(burst)
    return found


def _kinds() -> Iterator[Kind]:
    carts = shop.carts(asked.LINES, asked.CARTS)
    yield Kind(name="promise", method=Method(path=asked.PROMISE, seconds=CALL_SECONDS), requests=asked.promises(carts))
    yield Kind(name="allocate", method=Method(path=asked.ALLOCATE, seconds=CALL_SECONDS), requests=asked.orders(carts))


async def _run(server: Server, kind: Kind) -> tuple[Burst, bytes]:
    before = sum(server.running.cpu_seconds())
    run = await server.generator.closed([kind], concurrency=CONCURRENCY[kind.name], seconds=BURST_SECONDS)
    spent = sum(server.running.cpu_seconds()) - before
    statuses = run.statuses(kind.name)
    if not statuses[OK] or set(statuses) - {OK, RESOURCE_EXHAUSTED}:  # where the machine stands still some are refused
        raise RuntimeError(f"{kind.name} at {server.running.target} ended with {dict(statuses)}")
    calls = statuses[OK]
    return Burst(calls / spent, calls / run.seconds, 1e6 * run.cpu_seconds / calls), run.messages[kind.name]


async def profiled(name: str, kinds: list[Kind], folder: Path) -> dict[tuple[str, str], dict[str, float]]:
    """Where the CPU time of a server of its own goes under each kind of call."""
    home, samples = folder / f"{name}-profiled", folder / f"{name}-samples"
    home.mkdir()
    samples.mkdir()
    spans: dict[str, tuple[float, float]] = {}
    with database(name, home) as url:
        async with product(url, home, samples=samples) as running, generator(running.target) as load:
            for kind in kinds:
                await _run(Server(running, load), kind)
                begin = monotonic()
                await load.closed([kind], concurrency=CONCURRENCY[kind.name], seconds=PROFILE_SECONDS)
                spans[kind.name] = (begin, monotonic())
    return {(name, kind): between(samples, *span) for kind, span in spans.items()}


def ceilings(databases: tuple[str, ...], folder: Path, seconds: float = 1.0) -> dict[str, float]:
    """Reservations a second and core that each ledger takes from 64 callers in this process."""
    found = {}
    for name in databases:
        home = folder / f"{name}-alone"
        home.mkdir()
        with _ledger(name, home) as ledger:
            ledger_reserve.fill(ledger)
            figures = ledger_reserve.measure_reserves(ledger, callers=64, seconds=seconds, pools=True)
            found[name] = 1e6 / figures["cpu_us_each"]
    return found


@contextmanager
def _ledger(name: str, folder: Path) -> Iterator[Any]:
    with database(name, folder) as url, _on_one_core(), closing(open_ledger(url)) as ledger:
        yield ledger


@contextmanager
def _on_one_core() -> Iterator[None]:
    """Threads that begin in this block are on one core, as those of a server are."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def shares(
    found: dict[tuple[str, str], list[Burst]], tops: dict[str, float], beside: str
) -> dict[tuple[str, str], list[float]]:
    """Of each server and kind of call: what it does of what an echo, or the ledger alone, could; one a round."""
    mine = {key: bursts for key, bursts in found.items() if key[0] not in (ECHO, GUARDED)}
    return {
        (server, kind): [
            its.per_core / min(echoed.per_core, tops[server] if kind == "allocate" else inf)
            for its, echoed in zip(bursts, found[beside, kind], strict=True)
        ]
        for (server, kind), bursts in mine.items()
    }


def missed(found: dict[tuple[str, str], list[Burst]], tops: dict[str, float]) -> Iterator[tuple[str, str]]:
    """Server and kind of what falls short of its aim."""
    for key, values in shares(found, tops, ECHO).items():
        if not report.reached(median(values), AIM):
            yield key


def rows(
    found: dict[tuple[str, str], list[Burst]],
    tops: dict[str, float],
    profiles: dict[tuple[str, str], dict[str, float]],
) -> Iterator[report.Row]:
    """The figures of all rounds."""
    for (server, kind), bursts in found.items():
        yield report.row(f"{kind}, {server}: calls a second and core", [burst.per_core for burst in bursts], "1/s")
    for name, top in tops.items():
        yield report.row(f"ledger alone, {name}, 64 callers: reservations a second and core", top, "1/s")
    for beside, aim in ((ECHO, AIM), (GUARDED, None)):
        for (server, kind), values in shares(found, tops, beside).items():
            of = f"{beside} or ledger" if kind == "allocate" else beside
            name = f"{kind}, {server}: share of {of}"
            yield report.row(name, values, "", aim=aim, profile=profiles.get((server, kind)) if aim else None)
    yield report.row(
        "CPU of the load generator for a call", [b.generator_us for bursts in found.values() for b in bursts], "µs"
    )


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--database", choices=DATABASES, nargs="+", default=DATABASES)
    parser.add_argument("--json", type=Path, help="write the figures to this file as well")
    options = parser.parse_args()
    databases = tuple(options.database)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        tops = ceilings(databases, Path(folder))
        found = uvloop.run(measured(options.rounds, Path(folder), databases))
        if options.json:  # before the profiles, for which there may be no time
            report.write(options.json, "wire", rows(found, tops, {}))
        profiles: dict[tuple[str, str], dict[str, float]] = {}
        short = list(missed(found, tops))
        for name in databases:
            kinds = [kind for kind in _kinds() if (name, kind.name) in short]
            if kinds:
                profiles |= uvloop.run(profiled(name, kinds, Path(folder)))
    figures = list(rows(found, tops, profiles))
    for row in figures:
        print(f"{row.name:70} {row.value:10.3f} {row.unit:4} {row.spread or ''}")
    if options.json:
        report.write(options.json, "wire", figures)


if __name__ == "__main__":
    main()

"""A long load with callers who leave, and what it leaves behind: ``python -m benchmarks.soak --help``.

Promises, holds that run out after some seconds, orders and product pages are sent at seven tenths of the capacity that
was measured before; one call in five is left by its caller in the middle. Memory, open handles and processes are
sampled all the time. At the end every hold must have given its stock back, and no process or handle may be there that
was not there before: otherwise the command fails. So it does when the audit of the ledger finds something. The growth
of memory, of all processes together and of each, is a straight line fitted to the last four fifths of the samples, in
MiB an hour, with the share of the variance that it explains.
"""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import correlation, linear_regression
from time import monotonic
from typing import Any, Final

import uvloop

from benchmarks import report, shop
from benchmarks.children import Running
from benchmarks.load import asked
from benchmarks.load.http2 import Method
from benchmarks.load.servers import empty_database, product, server_parser
from benchmarks.load.traffic import CANCELLED, OK, RESOURCE_EXHAUSTED, Kind, Run, generator
from benchmarks.processes import SOLVER, WORKER, children
from sourcier.client import Client
from sourcier.ledger import open_ledger
from sourcier.ledger.audit import audit
from sourcier.v1 import inventory_pb2

MINUTES: Final = 30.0
LOAD: Final = 0.7  # of the capacity
LEFT_SHARE: Final = 0.2
SHARES: Final = {"promise": 0.70, "hold": 0.10, "allocate": 0.15, "availability": 0.05}
SECONDS: Final = {"promise": 2.0, "hold": 2.0, "allocate": 10.0, "availability": 2.0}
HOLD_SECONDS: Final = 5
STOCK_TIMES: Final = 100  # of the retailer's: it must not run out
CONCURRENCY: Final = 8
CAPACITY_SECONDS: Final = 10.0
SAMPLE_SECONDS: Final = 5.0
REST_SECONDS: Final = 10.0
"""After the load: for holds to run out and for gRPC to let go of what it does not need."""

WARM_SHARE: Final = 0.2  # of the samples, not counted: caches fill
HANDLES_MORE: Final = 4  # may be open at the end: gRPC and SQLite keep some for later
PAGE_ROWS: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The server and all its processes at a moment: seconds since the beginning, MiB resident of each, open handles."""

    seconds: float
    mib: dict[int, float]
    handles: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a soak has found. `held` are units still held at the end; `violations` are the audit's.

    `names` are of the processes that ran from the beginning to the end.
    """

    capacity: float
    run: Run
    before: Sample
    samples: tuple[Sample, ...]
    after: Sample
    names: dict[int, str]
    held: int
    violations: int

    def leaks(self) -> Iterator[str]:
        """What is there that should not be."""
        if len(self.after.mib) > len(self.before.mib):
            yield f"{len(self.after.mib)} processes, {len(self.before.mib)} before"
        if self.after.handles > self.before.handles + HANDLES_MORE:
            yield f"{self.after.handles} open handles, {self.before.handles} before"
        if self.held:
            yield f"{self.held} units are still held"
        if self.violations:
            yield f"{self.violations} violations found by the audit"


def look(running: Running, begin: float) -> Sample:
    """One sample."""
    seen = running.processes()
    return Sample(
        seconds=monotonic() - begin,
        mib={pid: mib for pid, (mib, _) in seen.items()},
        handles=sum(handles for _, handles in seen.values()),
    )


def named(running: Running, before: Sample) -> dict[int, str]:
    """What each process is of those that ran before and still run."""
    found = {running.pid: "server"}
    for module, what in ((WORKER, "worker"), (SOLVER, "solver")):
        pids = [pid for parent in sorted(before.mib) for pid in children(parent, module) if pid in before.mib]
        found |= {pid: f"{what} {number}" for number, pid in enumerate(pids, start=1)}
    return found


def slope(samples: tuple[Sample, ...], pid: int | None = None) -> tuple[float, float]:
    """MiB an hour by which a process, or all of them, grow, and the share of the variance that the line explains."""
    counted = samples[int(WARM_SHARE * len(samples)) :]
    hours = [one.seconds / 3_600 for one in counted]
    mib = [sum(one.mib.values()) if pid is None else one.mib.get(pid, 0.0) for one in counted]
    if len(counted) < 3 or len(set(mib)) == 1:
        return 0.0, 0.0
    return linear_regression(hours, mib).slope, correlation(hours, mib) ** 2


def kinds() -> list[Kind]:
    """What is sent, in the order of SHARES."""
    carts = shop.carts(asked.LINES, asked.CARTS)
    requests = {
        "promise": (asked.PROMISE, asked.promises(carts)),
        "hold": (asked.PROMISE, asked.held(carts, HOLD_SECONDS)),
        "allocate": (asked.ALLOCATE, asked.orders(carts)),
        "availability": (asked.AVAILABILITY, asked.pages(carts)),
    }
    return [
        Kind(name=name, method=Method(path=requests[name][0], seconds=SECONDS[name]), requests=requests[name][1])
        for name in SHARES
    ]


async def soak(url: str, folder: Path, minutes: float, options: tuple[str, ...]) -> Found:
    """The whole of it, on an empty database."""
    async with product(url, folder, options, times=STOCK_TIMES) as running:
        async with generator(running.target) as load:
            sent = kinds()
            begin = monotonic()
            turns = [kind for kind in sent for _ in range(round(100 * SHARES[kind.name]) // 5)]
            tried = await load.closed(turns, concurrency=CONCURRENCY, seconds=CAPACITY_SECONDS)
            capacity = tried.good() / tried.seconds
            await asyncio.sleep(REST_SECONDS)
            before, samples = look(running, begin), []

            async def watch() -> None:
                while True:
                    samples.append(look(running, begin))
                    print(samples[-1], flush=True)
                    await asyncio.sleep(SAMPLE_SECONDS)

            watching = asyncio.create_task(watch())
            rates = [(replace(kind, left_share=LEFT_SHARE), LOAD * capacity * SHARES[kind.name]) for kind in sent]
            run = await load.arrivals(rates, seconds=60 * minutes, seed=1)
            watching.cancel()
            await asyncio.sleep(HOLD_SECONDS + REST_SECONDS)
            after, names = look(running, begin), named(running, before)
        async with Client(running.target) as client:
            held = await units_held(client)
    with closing(open_ledger(url)) as ledger:
        violations = len(ledger.read(audit).result().violations)
    return Found(
        capacity=capacity,
        run=run,
        before=before,
        samples=tuple(samples),
        after=after,
        names=names,
        held=held,
        violations=violations,
    )


async def units_held(client: Client) -> int:
    """Units that the ledger keeps for holds."""
    held, token = 0, ""
    while True:
        page = await client.get_stock(inventory_pb2.GetStockRequest(page_size=PAGE_ROWS, page_token=token))
        held += sum(row.held for row in page.rows)
        token = page.next_page_token
        if not token:
            return held


def rows(found: Found) -> Iterator[report.Row]:
    """The figures of the table."""
    calls = sum(len(ended) for ended in found.run.ended.values())
    yield report.row("calls a second, capacity", found.capacity, "1/s")
    yield report.row("calls a second, sent", calls / found.run.seconds, "1/s")
    for name in found.run.ended:
        statuses = found.run.statuses(name)
        stayed = statuses.total() - statuses[CANCELLED]
        yield report.row(f"{name}: answered of those who stayed", statuses[OK] / max(1, stayed), "")
        yield report.row(f"{name}: refused", statuses[RESOURCE_EXHAUSTED] / statuses.total(), "")
        yield report.row(f"{name}: p99", found.run.waited_ms(name, 0.99), "ms")
    for pid, name in ((None, "all processes"), *found.names.items()):
        mib_an_hour, fit = slope(found.samples, pid)
        at_the_end = sum(found.after.mib.values()) if pid is None else found.after.mib[pid]
        yield report.row(f"memory of {name} at the end", at_the_end, "MiB")
        yield report.row(f"memory of {name}, growth", mib_an_hour, "MiB/h")
        yield report.row(f"memory of {name}, variance that the line explains", fit, "")
    yield report.row("handles more than before", found.after.handles - found.before.handles, "")
    yield report.row("processes more than before", len(found.after.mib) - len(found.before.mib), "", aim="<= 0")
    yield report.row("units held at the end", found.held, "", aim="<= 0")
    yield report.row("violations of the audit", found.violations, "", aim="<= 0")


def main() -> int:
    """The command; 1 when something was left behind."""
    parser = server_parser(__doc__)
    parser.add_argument("--minutes", type=float, default=MINUTES)
    options = parser.parse_args()
    with empty_database(options.database) as (url, folder):
        found = uvloop.run(soak(url, folder, options.minutes, options.serve))
    for row in rows(found):
        print(f"{row.name:60} {row.value:10.3f} {row.unit}")
    print("the generator was not the limit" if found.run.valid else "NOT VALID: the generator was late")
    if options.json:
        details: dict[str, Any] = {"samples": [asdict(one) for one in found.samples]}
        report.write(options.json, "soak", rows(found), details=details)
    leaks = list(found.leaks())
    print("\n".join(f"LEFT BEHIND: {leak}" for leak in leaks) or "nothing was left behind")
    return 1 if leaks else 0


if __name__ == "__main__":
    sys.exit(main())

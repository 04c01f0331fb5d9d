"""What a server does with more than it can: ``python -m benchmarks.load.overload --help``.

It finds the server's capacity, offers 1, 2, 5 and 10 times that, and then half of it.

The load is promises of three-line carts by five methods, and orders: one call in twenty is Allocate. Capacity is what
it answers with a fixed number of calls under way. Goodput counts answers within the caller's deadline; it is compared
with that, by the clock and by the server's own CPU time (which holds on a machine that others use as well). Back to
normal is the moment after the drop from which on every call is answered.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import uvloop

from benchmarks import report, shop
from benchmarks.children import Running
from benchmarks.load import asked
from benchmarks.load.http2 import Method
from benchmarks.load.servers import database, product
from benchmarks.load.traffic import OK, RESOURCE_EXHAUSTED, Generator, Kind, Run, generator

FACTORS: Final = (1.0, 2.0, 5.0, 10.0)
CALM_FACTOR: Final = 0.5
CALM_SECONDS: Final = 15.0
CONCURRENCY: Final = 8
ALLOCATE_SHARE: Final = 0.05
PROMISE_SECONDS: Final = 2.0  # what the project's client gives a promise
ALLOCATE_SECONDS: Final = 10.0
STEP_SECONDS: Final = 6.0
GOODPUT_AIMS: Final = {"5x": ">= 0.8", "10x": ">= 0.7"}
NORMAL_AFTER_AIM: Final = "<= 10"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """The two kinds of calls of an overload."""

    promise: Kind
    allocate: Kind

    def rates(self, calls_per_second: float) -> list[tuple[Kind, float]]:
        """Calls a second of each."""
        return [
            (self.promise, calls_per_second * (1 - ALLOCATE_SHARE)),
            (self.allocate, calls_per_second * ALLOCATE_SHARE),
        ]


def mix() -> Mix:
    """Promises and orders of the made-up retailer."""
    carts = shop.carts(asked.LINES, asked.CARTS)
    return Mix(
        promise=Kind(
            name="promise",
            method=Method(path=asked.PROMISE, seconds=PROMISE_SECONDS),
            requests=asked.promises(carts),
        ),
        allocate=Kind(
            name="allocate",
            method=Method(path=asked.ALLOCATE, seconds=ALLOCATE_SECONDS),
            requests=asked.orders(carts),
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """What a server answers at best: calls a second, and calls a second of its CPU time."""

    per_second: float
    per_cpu_second: float


async def capacity(generator: Generator, running: Running, kinds: Mix, seconds: float) -> Capacity:
    """What is answered with a fixed number of calls under way, in the proportion of the mix."""
    num_promises = round(1 / ALLOCATE_SHARE) - 1
    before = sum(running.cpu_seconds())
    run = await generator.closed(
        [kinds.allocate, *[kinds.promise] * num_promises], concurrency=CONCURRENCY, seconds=seconds
    )
    return Capacity(
        per_second=run.good() / run.seconds, per_cpu_second=run.good() / (sum(running.cpu_seconds()) - before)
    )


async def overload(generator: Generator, running: Running, seconds: float) -> list[dict[str, Any]]:
    """One row of figures per step."""
    kinds = mix()
    await capacity(generator, running, kinds, seconds / 2)  # caches fill, clocks of the processor rise
    best = await capacity(generator, running, kinds, seconds)
    rows = [{"step": "capacity", "per_second": best.per_second, "per_cpu_second": best.per_cpu_second}]
    print(json.dumps(rows[-1]), flush=True)
    steps = [(factor, seconds) for factor in FACTORS] + [(CALM_FACTOR, CALM_SECONDS)]
    for seed, (factor, lasting) in enumerate(steps):
        before = sum(running.cpu_seconds())
        run = await generator.arrivals(kinds.rates(factor * best.per_second), seconds=lasting, seed=seed)
        cpu_seconds = sum(running.cpu_seconds()) - before
        rows.append({"step": f"{factor:g}x", **_figures(run, best, cpu_seconds)})
        print(json.dumps(rows[-1]), flush=True)
        if factor == CALM_FACTOR:
            rows[-1]["normal_after_s"] = recovery(run)
    return rows


def _figures(run: Run, best: Capacity, cpu_seconds: float) -> dict[str, Any]:
    return {
        "offered_per_second": round(sum(len(calls) for calls in run.ended.values()) / run.seconds, 1),
        "goodput_per_second": round(run.good() / run.seconds, 1),
        "goodput_ratio": round(run.good() / run.seconds / best.per_second, 3),
        "goodput_per_cpu_ratio": round(run.good() / cpu_seconds / best.per_cpu_second, 3),
        "server_cores": round(cpu_seconds / run.seconds, 2),
        **{f"{name}_p50_ms": round(run.waited_ms(name, 0.5), 1) for name in run.ended},
        **{f"{name}_p99_ms": round(run.waited_ms(name, 0.99), 1) for name in run.ended},
        **{f"{name}_good_share": round(run.good(name) / len(run.ended[name]), 3) for name in run.ended},
        "refused_p99_ms": round(run.waited_ms("promise", 0.99, RESOURCE_EXHAUSTED), 1),
        "refused_with_details_share": detailed_share(run),
        "statuses": {name: dict(run.statuses(name)) for name in run.ended},
        "generator": {"valid": run.valid, "lag_p99_ms": round(run.lag_ms, 1), "cpu_share": round(run.cpu_share, 2)},
    }


def detailed_share(run: Run) -> float | None:
    """Of the calls that were not answered, the share that learnt why and when to come again."""
    unanswered = [call.detailed for calls in run.ended.values() for call in calls if call.status != OK]
    return round(sum(unanswered) / len(unanswered), 3) if unanswered else None


def recovery(run: Run) -> float:
    """Seconds from the beginning after which every call was answered."""
    late = [call.due + call.seconds for calls in run.ended.values() for call in calls if call.status != OK]
    return round(max(late) - run.begin, 2) if late else 0.0


def rows(steps: list[dict[str, Any]]) -> Iterator[report.Row]:
    """The figures of the table."""
    yield report.row("capacity", steps[0]["per_second"], "1/s")
    yield report.row("capacity of a core", steps[0]["per_cpu_second"], "1/s")
    for step in steps[1:-1]:
        name = step["step"]
        yield report.row(f"{name}: goodput of peak", step["goodput_ratio"], "", aim=GOODPUT_AIMS.get(name))
        yield report.row(f"{name}: goodput of peak, by CPU time", step["goodput_per_cpu_ratio"], "")
        for kind, seconds in (("promise", PROMISE_SECONDS), ("allocate", ALLOCATE_SECONDS)):
            aim = f"<= {1_000 * seconds:.0f}"
            yield report.row(f"{name}: {kind} accepted, p99", step[f"{kind}_p99_ms"], "ms", aim=aim)
        yield report.row(f"{name}: orders answered", step["allocate_good_share"], "")
    yield report.row("normal again after the drop", steps[-1]["normal_after_s"], "s", aim=NORMAL_AFTER_AIM)


async def measured(url: str, folder: Path, seconds: float, options: tuple[str, ...]) -> list[dict[str, Any]]:
    """The steps on a server of its own."""
    async with product(url, folder, options) as running, generator(running.target) as load:
        return await overload(load, running, seconds)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--database", default="sqlite", help="sqlite, postgresql, or the URL of an empty database")
    parser.add_argument("--seconds", type=float, default=STEP_SECONDS, help="of each step")
    parser.add_argument("--serve", default="", help='further options of `sourcier serve`, such as "--workers 2"')
    parser.add_argument("--json", type=Path, help="write the figures to this file as well")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        database(options.database, Path(folder)) as url,
    ):
        steps = uvloop.run(measured(url, Path(folder), options.seconds, tuple(options.serve.split())))
    for row in rows(steps):
        print(f"{row.name:45} {row.value:10.3f} {row.unit:4} {row.aim or ''}")
    if options.json:
        report.write(options.json, "overload", rows(steps), details=steps)


if __name__ == "__main__":
    main()

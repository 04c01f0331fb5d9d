"""What a server does with more than it can: ``python -m benchmarks.load.overload --help``.

It finds the server's capacity, offers 1, 2, 5 and 10 times that, and then half of it. Multiples are of what it answers
in a second or, where that is more, in a second of its CPU: on a busy machine it gets less than a core when it waits.

The load is promises of three-line carts by five methods, and orders: one call in twenty is Allocate. Capacity is what
it answers with a fixed number of calls under way. Goodput counts answers within the caller's deadline; it is compared
with that of the best step, by the clock and by the server's own CPU time. Back to normal is the moment after the drop
from which on every call is answered.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import uvloop

from benchmarks import report, shop
from benchmarks.children import Running
from benchmarks.load import asked
from benchmarks.load.http2 import Method
from benchmarks.load.servers import empty_database, product, server_parser
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


async def capacity(generator: Generator, running: Running, kinds: Mix, seconds: float) -> dict[str, Any]:
    """What is answered with a fixed number of calls under way, in the proportion of the mix."""
    num_promises = round(1 / ALLOCATE_SHARE) - 1
    before = sum(running.cpu_seconds())
    run = await generator.closed(
        [kinds.allocate, *[kinds.promise] * num_promises], concurrency=CONCURRENCY, seconds=seconds
    )
    return {"step": "capacity", **_figures(run, sum(running.cpu_seconds()) - before)}


async def overload(generator: Generator, running: Running, seconds: float) -> list[dict[str, Any]]:
    """One row of figures per step."""
    kinds = mix()
    await capacity(generator, running, kinds, seconds / 2)  # caches fill, clocks of the processor rise
    rows = [await capacity(generator, running, kinds, seconds)]
    print(json.dumps(rows[-1]), flush=True)
    carried = rows[0]["goodput_per_second"]
    full = max(carried, rows[0]["goodput_per_cpu_second"])
    steps = [(factor, full, seconds) for factor in FACTORS] + [(CALM_FACTOR, carried, CALM_SECONDS)]
    for seed, (factor, base, lasting) in enumerate(steps):
        before = sum(running.cpu_seconds())
        run = await generator.arrivals(kinds.rates(factor * base), seconds=lasting, seed=seed)
        rows.append({"step": f"{factor:g}x", **_figures(run, sum(running.cpu_seconds()) - before)})
        if factor == CALM_FACTOR:
            rows[-1]["normal_after_s"] = recovery(run)
        print(json.dumps(rows[-1]), flush=True)
    return rows


def _figures(run: Run, cpu_seconds: float) -> dict[str, Any]:
    return {
        "offered_per_second": round(sum(len(calls) for calls in run.ended.values()) / run.seconds, 1),
        "goodput_per_second": round(run.good() / run.seconds, 1),
        "goodput_per_cpu_second": round(run.good() / cpu_seconds, 1),
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
    loaded = steps[:-1]
    yield report.row("capacity", steps[0]["goodput_per_second"], "1/s")
    yield report.row("capacity of a core", steps[0]["goodput_per_cpu_second"], "1/s")
    for step in loaded[1:]:
        name = step["step"]
        for what, of in (("goodput of peak", "goodput_per_second"), ("by CPU time", "goodput_per_cpu_second")):
            share = step[of] / max(other[of] for other in loaded)
            aim = GOODPUT_AIMS.get(name) if of == "goodput_per_second" else None
            yield report.row(f"{name}: {what}", round(share, 3), "", aim=aim)
        for kind, seconds in (("promise", PROMISE_SECONDS), ("allocate", ALLOCATE_SECONDS)):
            aim = f"<= {1_000 * seconds:.0f}"
            yield report.row(f"{name}: {kind} accepted, p99", step[f"{kind}_p99_ms"], "ms", aim=aim)
        yield report.row(f"{name}: orders answered", step["allocate_good_share"], "")
        if (told := step["refused_with_details_share"]) is not None:
            yield report.row(f"{name}: refusals that say when to come again", told, "")
    yield report.row("normal again after the drop", steps[-1]["normal_after_s"], "s", aim=NORMAL_AFTER_AIM)


async def measured(url: str, folder: Path, seconds: float, options: tuple[str, ...]) -> list[dict[str, Any]]:
    """The steps on a server of its own."""
    async with product(url, folder, options) as running, generator(running.target) as load:
        return await overload(load, running, seconds)


def main() -> None:
    """The command."""
    parser = server_parser(__doc__)
    parser.add_argument("--seconds", type=float, default=STEP_SECONDS, help="of each step")
    options = parser.parse_args()
    with empty_database(options.database) as (url, folder):
        steps = uvloop.run(measured(url, folder, options.seconds, options.serve))
    for row in rows(steps):
        print(f"{row.name:45} {row.value:10.3f} {row.unit:4} {row.aim or ''}")
    if options.json:
        report.write(options.json, "overload", rows(steps), details=steps)


if __name__ == "__main__":
    main()

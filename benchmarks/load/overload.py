"""What a server does with more than it can: its capacity, then 1, 2, 5 and 10 times that, then half of it again.

The load is promises of three-line carts by five methods, and orders: one call in twenty is Allocate. Capacity is what
it answers with a fixed number of calls under way. Goodput counts answers within the caller's deadline; it is compared
with that, by the clock and by the server's own CPU time (which holds on a machine that others use as well). Back to
normal is the moment after the drop from which on every call is answered.
"""

import json
from dataclasses import dataclass
from typing import Any, Final

from benchmarks import shop
from benchmarks.children import Running
from benchmarks.load import asked
from benchmarks.load.http2 import Method
from benchmarks.load.traffic import OK, RESOURCE_EXHAUSTED, Generator, Kind, Run

FACTORS: Final = (1.0, 2.0, 5.0, 10.0)
CALM_FACTOR: Final = 0.5
CALM_SECONDS: Final = 15.0
CONCURRENCY: Final = 16
ALLOCATE_SHARE: Final = 0.05
PROMISE_SECONDS: Final = 2.0  # what the project's client gives a promise
ALLOCATE_SECONDS: Final = 10.0
AIMS: Final = {5.0: 0.8, 10.0: 0.7}


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

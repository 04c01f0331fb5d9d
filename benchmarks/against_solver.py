"""How much faster is a decision than the plain model in OR-Tools, with the same optimum?

Each order of `benchmarks.instances` is decided by the engine (pre-filter, certificates, and its own use of the solver,
all in this process); the first ones of a shape also by CP-SAT with one worker on the plain model of every offer. All
are timed in CPU seconds of this process; the answers must agree, or the command fails. Two ratios are told: of the
whole decision, from the cart to the checked plan, to the plain model with its offers built; and of the proof alone to
the plain model alone. The shapes follow a probe that proved 98, 87 and 29 % of such orders without a solver.

Each side has a pass of its own over the orders of a seed, as each would run in a service: a solve of a few milliseconds
leaves nothing of what a decision needs in the processor's caches. What a decision costs right after one is told too.

    .venv/bin/python -m benchmarks.against_solver [--json FILE] [--orders N] [--plain N] [--seeds N]
"""

import argparse
import random
import statistics
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path
from time import process_time
from typing import Final, TypeVar

import numpy as np
from ortools.sat.python import cp_model

from benchmarks import report
from benchmarks.instances import Shape, cart, rules, stocked
from benchmarks.profiling import where
from sourcier.domain.order import Cart
from sourcier.domain.plan import Decision, Proof, Status
from sourcier.engine.compile import CompiledRules
from sourcier.engine.decide import decide_steps, drive
from sourcier.engine.offers import Problem, build
from sourcier.engine.proof import prove
from sourcier.engine.refine import Model, Solution
from sourcier.engine.snapshot import Snapshot
from sourcier.engine.solver import Budget, load, solve

SOLVE_MS: Final = 100  # what the engine may spend in its solver per order
PLAIN_SECONDS: Final = 20.0  # the plain model's budget; where it ends first, its time counts as it is
GAP_FREE_AIM: Final = ">= 99.5"  # percent of all orders proven in SOLVE_MS, whatever the time goes into

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A shape, how many orders of a seed the engine and the plain model decide, and what is aimed at."""

    shape: Shape
    orders: int
    plain: int
    ratio_p50: str | None = None
    ratio_p99: str | None = None
    without_solver: str | None = None


CASES: Final = (
    Case(shape=Shape(lines=1, stores=200, carried=0.9), orders=70, plain=7, without_solver=">= 99"),
    Case(
        shape=Shape(lines=3, stores=15, carried=0.9),
        orders=70,
        plain=70,
        ratio_p50=">= 50",
        ratio_p99=">= 20",
        without_solver=">= 99",
    ),
    Case(shape=Shape(lines=3, stores=200, carried=0.9), orders=70, plain=7, without_solver=">= 99"),
    Case(
        shape=Shape(lines=5, stores=195, carried=0.9),
        orders=70,
        plain=30,
        ratio_p50=">= 200",
        ratio_p99=">= 20",
        without_solver=">= 99",
    ),
    Case(
        shape=Shape(lines=10, stores=195, carried=0.9),
        orders=70,
        plain=12,
        ratio_p50=">= 200",
        ratio_p99=">= 20",
        without_solver=">= 95",
    ),
    Case(shape=Shape(lines=10, stores=195, carried=0.5), orders=30, plain=0, without_solver=">= 60"),
    Case(shape=Shape(lines=30, stores=195, carried=0.9), orders=30, plain=1, without_solver=">= 95"),
    Case(shape=Shape(lines=30, stores=195, carried=0.5), orders=15, plain=0, without_solver=">= 60"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """One order: CPU milliseconds of the engine, whether it proved its plan, and whether without a solver."""

    engine_ms: float
    proven: bool
    without_solver: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """One order by the plain model: CPU milliseconds with its offers built, of the model alone, and of our proof alone.

    `after_ms` is what a decision of the engine costs right after the plain model; `proven`: it was proven in its time.
    """

    ms: float
    model_ms: float
    proof_ms: float
    after_ms: float
    proven: bool


def plain(problem: Problem) -> tuple[int, int]:
    """Objective and bound of the plain model: units per demand and offer, offers opened, weight tiers, unfilled."""
    model = cp_model.CpModel()
    demands, offers = range(len(problem.quantity)), range(problem.num_offers)
    opened = [model.new_bool_var("") for _ in offers]
    units = [[model.new_int_var(0, int(problem.supply[d, k]), "") for k in offers] for d in demands]
    left = [model.new_int_var(0, int(problem.quantity[d]), "") for d in demands]
    cost = [int(problem.unfilled[d]) * left[d] for d in demands] + [int(problem.fixed[k]) * opened[k] for k in offers]
    for d in demands:
        model.add(sum(units[d]) + left[d] == int(problem.quantity[d]))
        for k in offers:
            model.add(units[d][k] <= int(problem.supply[d, k]) * opened[k])
            cost.append(int(problem.unit[d, k]) * units[d][k])
    for k in offers:
        model.add(
            sum(units[d][k] for d in demands) <= int(min(problem.cap_units[k], problem.quantity.sum())) * opened[k]
        )
        table = problem.tier_tables[problem.tiers[k]]
        heaviest = int((problem.supply[:, k] * problem.weight).sum())
        chosen = [model.new_bool_var("") for _ in table.cost]
        model.add(sum(chosen) == opened[k])
        limits = [min(int(limit), heaviest) for limit in table.limit_g]
        grams = sum(int(problem.weight[d]) * units[d][k] for d in demands)
        model.add(grams <= sum(limit * z for limit, z in zip(limits, chosen, strict=True)))
        cost += [int(price) * z for price, z in zip(table.cost, chosen, strict=True)]
    for node in np.unique(problem.node):
        model.add(sum(opened[k] for k in np.flatnonzero(problem.node == node)) <= 1)
    if problem.max_shipments is not None:
        model.add(sum(opened) <= problem.max_shipments)
    some = model.new_bool_var("")
    model.add_max_equality(some, opened)
    model.minimize(sum(cost) - problem.split * some)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.max_time_in_seconds = PLAIN_SECONDS
    solver.solve(model)
    return round(solver.objective_value), round(solver.best_objective_bound)


def answer(model: Model) -> Solution | None:
    """The engine's solver, in this process."""
    return solve(model, Budget(solve_ms=SOLVE_MS))


def decided(order: Cart, snapshot: Snapshot, compiled: CompiledRules) -> Decision:
    """The engine's decision, solver included."""
    return drive(decide_steps(order, snapshot, compiled, explained=False), answer)


def timed(call: Callable[[], T]) -> tuple[T, float]:
    """What the call returns, and its CPU milliseconds."""
    start = process_time()
    result = call()
    return result, (process_time() - start) * 1e3


def compared(order: Cart, snapshot: Snapshot, compiled: CompiledRules, decision: Decision, proof_ms: float) -> Plain:
    """The plain model of a decided order; raises AssertionError if the two answers cannot both be true."""
    (problem, *_), build_ms = timed(partial(build, order, snapshot, compiled))
    (objective, bound), model_ms = timed(partial(plain, problem))
    _, after_ms = timed(partial(decided, order, snapshot, compiled))
    assert bound <= decision.objective_micros, f"{decision.objective_micros} beats the plain bound {bound}"
    assert decision.bound_micros <= objective, f"bound {decision.bound_micros} above the plain plan {objective}"
    return Plain(
        ms=build_ms + model_ms,
        model_ms=model_ms,
        proof_ms=proof_ms,
        after_ms=after_ms,
        proven=objective == bound,
    )


def profile(case: Case) -> dict[str, float]:
    """Where the time of these decisions goes, the solver in this process included."""
    rng = random.Random(f"{case.shape.name} profile")
    snapshot, compiled = stocked(case.shape, rng), rules()
    orders = [cart(case.shape, rng) for _ in range(case.orders)]
    return where([partial(decided, order, snapshot, compiled) for order in orders])


def measured(case: Case, seed: int) -> tuple[list[Timing], list[Plain]]:
    """All orders of a case by the engine, after one that warms up; then the first ones by the plain model."""
    rng = random.Random(f"{case.shape.name} {seed}")
    snapshot, compiled = stocked(case.shape, rng), rules()
    decided(cart(case.shape, rng), snapshot, compiled)
    orders = [cart(case.shape, rng) for _ in range(case.orders)]
    decisions = [timed(partial(decided, order, snapshot, compiled)) for order in orders]
    problems = [build(order, snapshot, compiled)[0] for order in orders[: case.plain]]
    proofs = [timed(partial(drive, prove(problem), answer)) for problem in problems]
    plains = [
        compared(order, snapshot, compiled, decision, proof_ms)
        for order, (decision, _), (_, proof_ms) in zip(orders, decisions, proofs, strict=False)
    ]
    return [_timing(decision, engine_ms) for decision, engine_ms in decisions], plains


def _timing(decision: Decision, engine_ms: float) -> Timing:
    proven = decision.status is Status.OPTIMAL
    return Timing(engine_ms=engine_ms, proven=proven, without_solver=proven and decision.proof is not Proof.MIP)


def rows_of(case: Case, runs: list[tuple[list[Timing], list[Plain]]]) -> Iterator[report.Row]:
    """The figures of a case from one run a seed; ratios are of orders that both decided, p99 is of all runs at once."""
    name = case.shape.name
    engine = [[one.engine_ms for one in timings] for timings, _ in runs]
    yield report.row(f"{name}: engine, p50", [statistics.median(times) for times in engine], "CPU ms")
    yield tail(f"{name}: engine, p99", engine)
    alone = [100 * statistics.mean(one.without_solver for one in timings) for timings, _ in runs]
    yield report.row(f"{name}: proven without a solver", alone, "%", aim=case.without_solver)
    proven = [100 * statistics.mean(one.proven for one in timings) for timings, _ in runs]
    yield report.row(f"{name}: proven within {SOLVE_MS} ms of solver", proven, "%")
    compared = [plains for _, plains in runs if plains]
    if len(compared) < len(runs):
        return
    slow = [[one.ms for one in plains] for plains in compared]
    yield report.row(f"{name}: plain CP-SAT, p50", [statistics.median(times) for times in slow], "CPU ms")
    yield tail(f"{name}: plain CP-SAT, p99", slow)
    fast = [times[: len(plains)] for times, plains in zip(engine, compared, strict=True)]
    spent = profile(case) if case.ratio_p50 else None
    yield from ratios(case, f"{name}: plain over engine, whole decision", slow, fast, spent)
    models = [[one.model_ms for one in plains] for plains in compared]
    proofs = [[one.proof_ms for one in plains] for plains in compared]
    yield from ratios(case, f"{name}: plain over engine, proof alone", models, proofs)
    after = [statistics.median(one.after_ms for one in plains) for plains in compared]
    yield report.row(f"{name}: engine right after a plain model, p50", after, "CPU ms")
    known = [100 * statistics.mean(one.proven for one in plains) for plains in compared]
    yield report.row(f"{name}: proven by plain CP-SAT", known, "%")


def all_rows(timed: list[list[Timing]]) -> Iterator[report.Row]:
    """How many orders of all cases are proven, and how many of these have not cost more than the solver may in all."""
    proven = [100 * statistics.mean(one.proven for one in known) for known in timed]
    yield report.row(f"all: proven within {SOLVE_MS} ms of solver", proven, "%")
    in_time = [100 * statistics.mean(one.proven and one.engine_ms <= SOLVE_MS for one in known) for known in timed]
    yield report.row(f"all: proven in {SOLVE_MS} CPU ms, engine and solver", in_time, "%", aim=GAP_FREE_AIM)


def ratios(
    case: Case, name: str, slow: list[list[float]], fast: list[list[float]], spent: dict[str, float] | None = None
) -> Iterator[report.Row]:
    """How many times the slow ones take: at the median of each run, and at p99 of all runs; where time is `spent`."""
    medians = [statistics.median(a) / statistics.median(b) for a, b in zip(slow, fast, strict=True)]
    yield report.row(f"{name}, p50", medians, "x", aim=case.ratio_p50, profile=spent)
    tails = [report.percentile(a, 99) / report.percentile(b, 99) for a, b in zip(slow, fast, strict=True)]
    far = report.percentile(list(chain(*slow)), 99) / report.percentile(list(chain(*fast)), 99)
    yield replace(report.row(f"{name}, p99", tails, "x", aim=case.ratio_p99, profile=spent), value=far)


def tail(name: str, runs: list[list[float]]) -> report.Row:
    """The 99th percentile of all runs at once; its spread is that of each run's own."""
    row = report.row(name, [report.percentile(times, 99) for times in runs], "CPU ms")
    return replace(row, value=report.percentile(list(chain(*runs)), 99))


def main(arguments: list[str]) -> int:
    """Print the figures of every case; with --json FILE write them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.against_solver", description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, help="file for the figures")
    parser.add_argument("--orders", type=int, default=1_000, help="at most so many orders of a shape and a seed")
    parser.add_argument("--plain", type=int, default=1_000, help="at most so many of them by the plain model too")
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args(arguments)
    load()
    rows: list[report.Row] = []
    timed: list[list[Timing]] = [[] for _ in range(given.seeds)]
    for case in CASES:
        short = replace(case, orders=min(case.orders, given.orders), plain=min(case.plain, given.plain))
        runs = [measured(short, seed) for seed in range(given.seeds)]
        for known, (timings, _) in zip(timed, runs, strict=True):
            known += timings
        rows += report.shown(rows_of(case, runs))
    rows += report.shown(all_rows(timed))
    if given.json:
        report.write(given.json, "against_solver", rows)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

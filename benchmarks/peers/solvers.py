"""Plain solvers on the whole order, and the two rivals whose documented logic is an optimization."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import numpy as np
from ortools.linear_solver import pywraplp

from benchmarks.peers.rules import ranked
from benchmarks.peers.view import Peer, View
from sourcier.engine.compile import IntArray
from sourcier.engine.offers import Problem

SOLVE_MS: Final = 10_000  # of one order; what is found by then counts
BACKENDS: Final = {"CP-SAT": "CP_SAT", "SCIP": "SCIP", "HiGHS": "HIGHS"}
MICROS_PER_COST: Final = 10_000  # plain models count cents, so that continuous solvers keep their precision


def plain(backend: str) -> Peer:
    """The order as one MIP over every node, by a solver of OR-Tools with one thread."""

    def solved(order: View) -> IntArray:
        return minimized(order.problem, backend, _money)

    return solved


def ibm(order: View) -> IntArray:
    """IBM Sterling: ten nodes by rank, then the weighted cost over them exactly."""
    nodes = ranked(order)
    units = np.zeros_like(order.supply)
    units[:, nodes] = minimized(order.problem.restricted(nodes), "SCIP", _money)
    return units


def dynamics(order: View) -> IntArray:
    """Dynamics 365 DOM without cost set up: as much as possible, from the fewest locations, then the least distance.

    Its second pass, for what soft rules kept back, has nothing to do here: no rule is soft.
    """

    def far(problem: Problem) -> tuple[IntArray, IntArray, IntArray]:
        metres = order.distance_m // 1_000
        opening = metres + 100_000
        nothing = np.zeros_like(problem.unit)
        return opening, nothing, np.full(len(problem.quantity), int(opening.sum()) + 1, dtype=np.int64)

    return minimized(order.problem, "SCIP", far)


Costs = Callable[[Problem], tuple[IntArray, IntArray, IntArray]]
"""Cost to open a node, of a unit of a line from it, and of a unit left unfilled."""


def _money(problem: Problem) -> tuple[IntArray, IntArray, IntArray]:
    return (
        problem.fixed // MICROS_PER_COST,
        problem.unit // MICROS_PER_COST,
        problem.unfilled // MICROS_PER_COST,
    )


def minimized(problem: Problem, backend: str, costs: Costs) -> IntArray:
    """``units[L, N]`` of the best plan found: units within supply, capacity and weight tiers of what is opened."""
    solver = pywraplp.Solver.CreateSolver(BACKENDS.get(backend, backend))
    solver.SetTimeLimit(SOLVE_MS)
    solver.SetNumThreads(1)
    opening, per_unit, unfilled = costs(problem)
    lines, nodes = range(len(problem.quantity)), range(problem.num_offers)
    opened = [solver.BoolVar("") for _ in nodes]
    units = [[solver.IntVar(0, int(problem.supply[d, k]), "") for k in nodes] for d in lines]
    goal = solver.Objective()
    for d in lines:
        left = solver.IntVar(0, int(problem.quantity[d]), "")
        goal.SetCoefficient(left, float(unfilled[d]))
        solver.Add(solver.Sum(units[d]) + left == int(problem.quantity[d]))
        for k in nodes:
            if problem.supply[d, k]:
                solver.Add(units[d][k] <= int(problem.supply[d, k]) * opened[k])
                goal.SetCoefficient(units[d][k], float(per_unit[d, k]))
    for k in nodes:
        goal.SetCoefficient(opened[k], float(opening[k]))
        column = [units[d][k] for d in lines if problem.supply[d, k]]
        _limit(solver, problem, k, opened[k], column, goal, money=costs is _money)
    if problem.max_shipments is not None:
        solver.Add(solver.Sum(opened) <= problem.max_shipments)
    goal.SetMinimization()
    with _quiet():
        solver.Solve()
    found = [[round(units[d][k].solution_value()) if problem.supply[d, k] else 0 for k in nodes] for d in lines]
    return np.array(found, dtype=np.int64)


@contextmanager
def _quiet() -> Iterator[None]:
    """HiGHS greets on standard output with every solve, from below Python."""
    sys.stdout.flush()
    kept = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


def _limit(
    solver: pywraplp.Solver,
    problem: Problem,
    k: int,
    opened: pywraplp.Variable,
    column: list[pywraplp.Variable],
    goal: pywraplp.Objective,
    *,
    money: bool,
) -> None:
    """The capacity of a node and its weight tiers; a tier costs where money is counted."""
    if problem.cap_units[k] < problem.quantity.sum():
        solver.Add(solver.Sum(column) <= int(problem.cap_units[k]))
    table = problem.tier_tables[problem.tiers[k]]
    grams = [int(problem.weight[d]) for d in range(len(problem.quantity)) if problem.supply[d, k]]
    heaviest = int((problem.supply[:, k] * problem.weight).sum())
    if len(table.cost) == 1 and table.limit_g[0] >= heaviest:
        goal.SetCoefficient(opened, goal.GetCoefficient(opened) + (int(table.cost[0]) // MICROS_PER_COST) * money)
        return
    tiers = [solver.BoolVar("") for _ in table.cost]
    solver.Add(solver.Sum(tiers) == opened)
    limits = [min(int(limit), heaviest) for limit in table.limit_g]
    weighed = solver.Sum([g * x for g, x in zip(grams, column, strict=True)])
    solver.Add(weighed <= solver.Sum([limit * z for limit, z in zip(limits, tiers, strict=True)]))
    for cost, tier in zip(table.cost, tiers, strict=True):
        goal.SetCoefficient(tier, float(int(cost) // MICROS_PER_COST) * money)


SOLVERS: Final[dict[str, Peer]] = {
    "IBM, ten nodes by rank then cost": ibm,
    "Dynamics, two passes by distance": dynamics,
    **{f"plain {name}": plain(name) for name in BACKENDS},
}

"""Plain solvers on the whole order, and the two systems whose documented logic is an optimization."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import numpy as np
from ortools.linear_solver import pywraplp

from benchmarks.peers.rules import ranked
from benchmarks.peers.view import Peer, Plan, View
from sourcier.engine.compile import IntArray
from sourcier.engine.offers import Problem

SOLVE_MS: Final = 10_000  # of one order; what is found by then counts
MICROS_PER_COST: Final = 10_000  # plain models count cents, so that continuous solvers keep their precision
METRES_PER_COST: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What a model adds up: to open a node, a unit of a line from it, a unit left unfilled, and weight tiers or not."""

    opening: IntArray
    unit: IntArray
    unfilled: IntArray
    tiers: bool


def money(problem: Problem) -> Costs:
    """The engine's own costs."""
    return Costs(
        opening=problem.fixed // MICROS_PER_COST,
        unit=problem.unit // MICROS_PER_COST,
        unfilled=problem.unfilled // MICROS_PER_COST,
        tiers=True,
    )


def plain(backend: str) -> Plan:
    """The order as one MIP over every node, by a solver of OR-Tools with one thread."""

    def solved(order: View) -> IntArray:
        return _or_nothing(minimized(order.problem, backend, money(order.problem)), order)

    return solved


def ibm(order: View) -> IntArray:
    """IBM Sterling Intelligent Promising: ten nodes by rank, then the least weighted cost over them, exactly.

    Source: its Rank and Optimizer APIs, and the seven weighted terms of its objective. Open: all terms are money here,
    those that this network has no figures for (markdown, stock-out, node performance) are nothing.
    """
    nodes = ranked(order)
    part = order.problem.restricted(nodes)
    units = np.zeros_like(order.supply)
    found = minimized(part, "SCIP", money(part))
    if found is not None:
        units[:, nodes] = found
    return units


def dynamics(order: View) -> IntArray:
    """Dynamics 365 Commerce DOM, without costs set up: the fewest locations, then the least distance, in two passes.

    Source: Microsoft Learn, DOM rules, DOM cost configuration and DOM processing: a MIP; in the first pass every rule
    is hard, in the second only hard rules hold, for what is not assigned yet; without costs, distance is the cost.
    Open: the rule against partial orders is the soft one, so the first pass fills all or nothing and the second as
    much as it can.
    """
    distance = order.distance_m // METRES_PER_COST
    opening = distance + int(distance.sum()) + 1
    costs = Costs(
        opening=opening,
        unit=np.zeros_like(order.problem.unit),
        unfilled=np.full(len(order.wanted), int(opening.sum()) + 1, dtype=np.int64),
        tiers=False,
    )
    whole = minimized(order.problem, "SCIP", costs, complete=True)
    return whole if whole is not None else _or_nothing(minimized(order.problem, "SCIP", costs), order)


def minimized(problem: Problem, backend: str, costs: Costs, *, complete: bool = False) -> IntArray | None:
    """``units[L, N]`` of the best plan found: units within supply, capacity and weight tiers of what is opened.

    None where no plan was found; `complete` plans leave nothing unfilled.
    """
    if complete and (problem.supply.sum(axis=1) < problem.quantity).any():
        return None
    solver = pywraplp.Solver.CreateSolver(backend)
    solver.SetTimeLimit(SOLVE_MS)
    solver.SetNumThreads(1)
    lines, nodes = range(len(problem.quantity)), range(problem.num_offers)
    opened = [solver.BoolVar("") for _ in nodes]
    units = [[solver.IntVar(0, int(problem.supply[d, k]), "") for k in nodes] for d in lines]
    goal = solver.Objective()
    for d in lines:
        left = solver.IntVar(0, 0 if complete else int(problem.quantity[d]), "")
        goal.SetCoefficient(left, float(costs.unfilled[d]))
        solver.Add(solver.Sum(units[d]) + left == int(problem.quantity[d]))
        for k in nodes:
            if problem.supply[d, k]:
                solver.Add(units[d][k] <= int(problem.supply[d, k]) * opened[k])
                goal.SetCoefficient(units[d][k], float(costs.unit[d, k]))
    for k in nodes:
        goal.SetCoefficient(opened[k], float(costs.opening[k]))
        column = [units[d][k] for d in lines if problem.supply[d, k]]
        _limit(solver, problem, k, opened[k], column, goal, tiers=costs.tiers)
    if problem.max_shipments is not None:
        solver.Add(solver.Sum(opened) <= problem.max_shipments)
    goal.SetMinimization()
    with _quiet():
        status = solver.Solve()
    if status not in (pywraplp.Solver.OPTIMAL, pywraplp.Solver.FEASIBLE):
        return None
    found = [[round(units[d][k].solution_value()) if problem.supply[d, k] else 0 for k in nodes] for d in lines]
    return np.array(found, dtype=np.int64)


def _or_nothing(units: IntArray | None, order: View) -> IntArray:
    return np.zeros_like(order.supply) if units is None else units


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
    tiers: bool,
) -> None:
    """The capacity of a node and its weight tiers; a tier costs where money is counted."""
    if problem.cap_units[k] < problem.quantity.sum():
        solver.Add(solver.Sum(column) <= int(problem.cap_units[k]))
    table = problem.tier_tables[problem.tiers[k]]
    grams = [int(problem.weight[d]) for d in range(len(problem.quantity)) if problem.supply[d, k]]
    heaviest = int((problem.supply[:, k] * problem.weight).sum())
    if len(table.cost) == 1 and table.limit_g[0] >= heaviest:
        goal.SetCoefficient(opened, goal.GetCoefficient(opened) + (int(table.cost[0]) // MICROS_PER_COST) * tiers)
        return
    chosen = [solver.BoolVar("") for _ in table.cost]
    solver.Add(solver.Sum(chosen) == opened)
    limits = [min(int(limit), heaviest) for limit in table.limit_g]
    weighed = solver.Sum([g * x for g, x in zip(grams, column, strict=True)])
    solver.Add(weighed <= solver.Sum([limit * z for limit, z in zip(limits, chosen, strict=True)]))
    for cost, tier in zip(table.cost, chosen, strict=True):
        goal.SetCoefficient(tier, float(int(cost) // MICROS_PER_COST) * tiers)


SOLVERS: Final = (
    Peer(name="IBM, ten nodes by rank then cost", plan=ibm, dates=True, capacity=True, splits=True),
    Peer(name="Dynamics, two passes by distance", plan=dynamics, capacity=True, splits=True),
    *(
        Peer(name=f"plain {name}", plan=plain(backend), dates=True, capacity=True, splits=True)
        for name, backend in (("CP-SAT", "CP_SAT"), ("SCIP", "SCIP"), ("HiGHS", "HIGHS"))
    ),
)

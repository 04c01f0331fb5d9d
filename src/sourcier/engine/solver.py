"""The model of `formulation` stated for CP-SAT. Imports OR-Tools only when it solves: run it in a solver process.

One worker: on these models it has the best tail, and the processes are the parallelism.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, gcd
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np

from sourcier.domain.limits import SOLVE_MS_DEFAULT, SOLVE_MS_MAX
from sourcier.engine.formulation import Cover, breaks, cover
from sourcier.engine.offers import Fill, Problem
from sourcier.engine.refine import WORK_MAX, Model, Solution, refine

if TYPE_CHECKING:
    from ortools.sat.python import cp_model


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What one decision may spend: `solve_ms` milliseconds of solver, wall time."""

    solve_ms: int = SOLVE_MS_DEFAULT

    def __post_init__(self) -> None:
        """Refuse a budget outside 1..SOLVE_MS_MAX."""
        if not 1 <= self.solve_ms <= SOLVE_MS_MAX:
            raise ValueError(f"solve_ms must be 1..{SOLVE_MS_MAX}, not {self.solve_ms}")


def load() -> None:
    """Import OR-Tools, which takes longer than a whole budget: a solver process does it before it takes models."""
    from ortools.sat.python import cp_model

    cp_model.CpSolver().solve(cp_model.CpModel())


WORK_PER_MS = 25_000
"""Work of `refine` a millisecond of the budget, up to WORK_MAX: a caller with little time has an answer in time. It
does some 12,000 in a millisecond."""

WORK_PER_CELL = 6_000
"""Work of `refine` a demand and offer, up to WORK_MAX: CP-SAT settles a small order sooner than a long search."""


def solve(model: Model, budget: Budget) -> Solution:
    """Refine the model; what is left goes to CP-SAT within the budget. The bound is true however that ends."""
    work = min(WORK_MAX, WORK_PER_MS * budget.solve_ms, WORK_PER_CELL * model.problem.supply.size)
    left = budget.solve_ms / 1_000

    def mip(problem: Problem, target: int, least: int, share: float) -> tuple[Cover | None, int]:
        nonlocal left
        started = monotonic()
        try:
            return _minimize(problem, target, least, seconds=share * left)
        finally:
            left = max(left - (monotonic() - started), 0.0)

    return refine(model, mip, work)


def _minimize(problem: Problem, target: int, least: int, *, seconds: float) -> tuple[Cover | None, int]:
    """A cover of `least` shipments or more that costs less than `target`, if CP-SAT finds one, and a lower bound on
    every such cover."""
    from ortools.sat.python import cp_model

    built = _build(cp_model.CpModel(), problem, target, least)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 0
    # What is left is a covering problem whose bound comes from the linear relaxation: all of it, and no probing first.
    solver.parameters.linearization_level = 2
    solver.parameters.cp_model_probing_level = 0
    solver.parameters.max_time_in_seconds = seconds
    status = solver.solve(built.model)
    if status == cp_model.INFEASIBLE:
        return None, target
    bound = built.unscaled(solver.best_objective_bound)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None, bound
    units = np.zeros_like(problem.supply)
    for (d, k), variable in built.units.items():
        units[d, k] = solver.value(variable)
    everything = np.arange(problem.num_offers)
    used = units.any(axis=0)
    if breaks(problem, everything[used], units[:, used]):
        raise RuntimeError("the solver's answer breaks the model")
    return cover(problem, everything, units), bound


@dataclass(frozen=True, slots=True, kw_only=True)
class _Built:
    model: "cp_model.CpModel"
    units: dict[tuple[int, int], Any]
    scale: int
    constant: int

    def unscaled(self, bound: float) -> int:
        """The solver's bound in micros: its objective is integral, so a fractional bound rounds up."""
        return ceil(bound - 1e-6) * self.scale + self.constant % self.scale


@dataclass(frozen=True, slots=True, kw_only=True)
class _Units:
    """x_dk by (d, k), and listed by offer and by demand."""

    at: dict[tuple[int, int], Any]
    of_offer: tuple[list[tuple[int, Any]], ...]
    of_demand: tuple[list[Any], ...]


def _build(model: "cp_model.CpModel", problem: Problem, target: int, least: int) -> _Built:
    opened = [model.new_bool_var("") for _ in range(problem.num_offers)]
    units = _unit_variables(model, problem)
    # Where all must be filled, that is a constraint here: its prohibitive price would drown the search.
    unfilled = problem.unfilled if problem.fill is Fill.PARTIAL else np.zeros_like(problem.unfilled)
    terms: list[tuple[int, Any]] = list(zip(problem.fixed.tolist(), opened, strict=True))
    saved = (problem.unit - unfilled[:, None]).tolist()
    terms += [(saved[d][k], x) for (d, k), x in units.at.items()]
    _cover(model, problem, units)
    _link(model, problem, units, opened)
    _stock(model, problem, units)
    _capacity(model, problem, units)
    _shipments(model, problem, opened)
    model.add(sum(opened) >= least)
    _lines_and_nodes(model, problem, units)
    terms += _weight_tiers(model, problem, units, opened)
    if problem.split:
        any_opened = model.new_bool_var("")
        model.add(any_opened <= sum(opened))
        if problem.split < 0:  # a hub's parcel: whatever ships pays for it
            for one in opened:
                model.add_implication(one, any_opened)
        terms.append((-problem.split, any_opened))
    scale = gcd(*(coefficient for coefficient, _ in terms)) or 1
    constant = int((problem.quantity * unfilled).sum())
    # The constant belongs to the objective: a search cut off at once reports the bound 0, true of costs only.
    objective = _weighted((coefficient // scale, variable) for coefficient, variable in terms) + constant // scale
    model.minimize(objective)
    model.add(objective <= (target - 1 - constant % scale) // scale)
    return _Built(model=model, units=units.at, scale=scale, constant=constant)


def _weighted(terms: Iterable[tuple[int, Any]]) -> Any:
    """``sum(coefficient * variable)``, built in one step: a chain of additions costs more than many a search."""
    from ortools.sat.python import cp_model

    coefficients, variables = zip(*terms, strict=True)
    return cp_model.LinearExpr.weighted_sum(variables, coefficients)


def _unit_variables(model: "cp_model.CpModel", problem: Problem) -> _Units:
    """x_dk wherever the offer has stock and a unit costs less than leaving it unfilled."""
    useful = (problem.supply > 0) & (problem.unit < problem.unfilled[:, None])
    most = np.minimum(problem.supply, problem.cap_units[None, :]).tolist()
    at = {(d, k): model.new_int_var(0, most[d][k], "") for d, k in np.argwhere(useful).tolist()}
    of_offer: tuple[list[tuple[int, Any]], ...] = tuple([] for _ in range(problem.num_offers))
    of_demand: tuple[list[Any], ...] = tuple([] for _ in range(len(problem.quantity)))
    for (d, k), x in at.items():
        of_offer[k].append((d, x))
        of_demand[d].append(x)
    return _Units(at=at, of_offer=of_offer, of_demand=of_demand)


def _cover(model: "cp_model.CpModel", problem: Problem, units: _Units) -> None:
    for brought, quantity in zip(units.of_demand, problem.quantity.tolist(), strict=True):
        model.add(sum(brought) <= quantity if problem.fill is Fill.PARTIAL else sum(brought) == quantity)


def _link(model: "cp_model.CpModel", problem: Problem, units: _Units, opened: list[Any]) -> None:
    supply = problem.supply.tolist()
    for (d, k), x in units.at.items():
        model.add(x <= supply[d][k] * opened[k])


def _stock(model: "cp_model.CpModel", problem: Problem, units: _Units) -> None:
    """Demands that share a group share its stock; a group of one is bounded by its variable."""
    for group in np.unique(problem.group):
        demands = np.flatnonzero(problem.group == group).tolist()
        if len(demands) > 1:
            for k in range(problem.num_offers):
                drawn = [units.at[d, k] for d in demands if (d, k) in units.at]
                if drawn:
                    model.add(sum(drawn) <= int(problem.available[demands[0], k]))


def _capacity(model: "cp_model.CpModel", problem: Problem, units: _Units) -> None:
    total = int(problem.quantity.sum())
    for k in np.flatnonzero(problem.cap_units < total).tolist():
        model.add(sum(x for _, x in units.of_offer[k]) <= int(problem.cap_units[k]))


def _shipments(model: "cp_model.CpModel", problem: Problem, opened: list[Any]) -> None:
    for node in np.unique(problem.node):
        offers = np.flatnonzero(problem.node == node)
        if len(offers) > 1:
            model.add_at_most_one(opened[k] for k in offers)
    if problem.max_shipments is not None:
        model.add(sum(opened) <= problem.max_shipments)


def _lines_and_nodes(model: "cp_model.CpModel", problem: Problem, units: _Units) -> None:
    """Count what a line touches: lines per offer against its capacity, nodes per line against the rule."""
    lines_bind = set(np.flatnonzero(problem.cap_lines < len(problem.quantity)).tolist())
    of_offer: dict[int, list[Any]] = {}
    of_demand: dict[int, list[Any]] = {}
    for (d, k), x in units.at.items():
        if problem.max_nodes_per_line is not None or k in lines_bind:
            touched = model.new_bool_var("")
            model.add(x <= int(problem.supply[d, k]) * touched)
            of_offer.setdefault(k, []).append(touched)
            of_demand.setdefault(d, []).append(touched)
    for k in lines_bind & of_offer.keys():
        model.add(sum(of_offer[k]) <= int(problem.cap_lines[k]))
    if problem.max_nodes_per_line is not None:
        for drawn in of_demand.values():
            model.add(sum(drawn) <= problem.max_nodes_per_line)


def _weight_tiers(
    model: "cp_model.CpModel", problem: Problem, units: _Units, opened: list[Any]
) -> list[tuple[int, Any]]:
    """z_kt: offer k ships in tier t. One tier per opened offer, and the weight within it."""
    terms: list[tuple[int, Any]] = []
    total, weight = problem.total_weight, problem.weight.tolist()
    for k in range(problem.num_offers):
        table = problem.tier_tables[problem.tiers[k]]
        if table.limit_g[0] >= total or not units.of_offer[k]:
            terms.append((int(table.cost[0]), opened[k]))
            continue
        grams = _weighted((weight[d], x) for d, x in units.of_offer[k])
        reachable = int(np.searchsorted(table.limit_g, total)) + 1
        limits = [min(int(limit), total) for limit in table.limit_g[:reachable]]
        chosen = [model.new_bool_var("") for _ in limits]
        model.add(sum(chosen) == opened[k])
        model.add(grams <= sum(limit * z for limit, z in zip(limits, chosen, strict=True)))
        model.add(grams >= sum((limit + 1) * z for limit, z in zip(limits, chosen[1:], strict=False)))
        terms += [(int(cost), z) for cost, z in zip(table.cost[:reachable], chosen, strict=True)]
    return terms

"""Every plan of a tiny problem, one by one, in plain Python: the yardstick for bounds, heuristics and enumeration."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from math import prod

import numpy as np
from tests.reference.instances import World, heavy_world, random_world

from sourcier.engine.offers import Fill, Problem, build

PLANS_MAX = 3_000
"""Assignments of one problem that are looked at, feasible or not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """A feasible plan: `opened` offers (ascending), units per demand and offer, and what it costs."""

    opened: tuple[int, ...]
    units: tuple[tuple[int, ...], ...]
    objective: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tiny:
    """A world so small that all plans of its problem are listed; the first is "ship nothing"."""

    seed: int
    world: World
    problem: Problem
    plans: tuple[Priced, ...]

    @property
    def optimum(self) -> int:
        """The least cost of any plan."""
        return min(plan.objective for plan in self.plans)

    @property
    def is_fillable(self) -> bool:
        """Whether some plan fills every unit, where the problem wants that; always true of partial orders."""
        wanted = int(self.problem.quantity.sum())
        return self.problem.fill is Fill.PARTIAL or any(sum(map(sum, plan.units)) == wanted for plan in self.plans)

    def least(self, *, through: int | None = None, exactly: tuple[int, ...] | None = None) -> int | None:
        """The least cost of the plans that open an offer, or exactly these offers; None if there is no such plan."""
        costs = [
            plan.objective
            for plan in self.plans
            if (through is None or through in plan.opened) and (exactly is None or plan.opened == exactly)
        ]
        return min(costs, default=None)


@cache
def tiny_problems(
    count: int, first_seed: int = 0, *, quirks: bool = True, complete: bool = False, heavy: bool = False
) -> tuple[Tiny, ...]:
    """The first `count` worlds from `first_seed` on that leave a choice of offers and have few enough plans."""
    found: list[Tiny] = []
    seed = first_seed
    while len(found) < count:
        if heavy:
            world = heavy_world(seed, lines_max=4, nodes_max=5)
        else:
            world = random_world(seed, lines_max=4, nodes_max=5, quirks=quirks)
        problem, _, _ = build(world.cart, world.snapshot(), world.compiled_rules(), complete=complete)
        if problem.num_offers > 1 and count_assignments(problem) <= PLANS_MAX:
            found.append(Tiny(seed=seed, world=world, problem=problem, plans=tuple(all_plans(problem))))
        seed += 1
    return tuple(found)


def count_assignments(problem: Problem) -> int:
    """How many assignments `all_plans` looks at."""
    return prod(
        _count_rows(int(q), supply) for q, supply in zip(problem.quantity, problem.supply.tolist(), strict=True)
    )


def _count_rows(wanted: int, supply: list[int]) -> int:
    ways = [1] + [0] * wanted  # ways[t]: to draw t units from the offers so far
    for most in supply:
        ways = [sum(ways[max(0, t - most) : t + 1]) for t in range(wanted + 1)]
    return sum(ways)


def all_plans(problem: Problem) -> Iterator[Priced]:
    """Every feasible plan of the problem, priced."""
    rows = [list(_rows(int(q), s)) for q, s in zip(problem.quantity, problem.supply.tolist(), strict=True)]
    for units in product(*rows):
        objective = price(problem, units)
        if objective is not None:
            opened = tuple(k for k in range(problem.num_offers) if any(row[k] for row in units))
            yield Priced(opened=opened, units=units, objective=objective)


def _rows(wanted: int, supply: list[int]) -> Iterator[tuple[int, ...]]:
    """Every way to draw at most the wanted units from the offers."""
    if not supply:
        yield ()
        return
    for units in range(min(wanted, supply[0]) + 1):
        for rest in _rows(wanted - units, supply[1:]):
            yield (units, *rest)


def price(problem: Problem, units: tuple[tuple[int, ...], ...]) -> int | None:
    """What an assignment ``units[demand][offer]`` costs by the algebra of `engine.formulation`; None if infeasible."""
    demands, offers = range(len(problem.quantity)), range(problem.num_offers)
    opened = [k for k in offers if any(units[d][k] for d in demands)]
    nodes = [int(problem.node[k]) for k in opened]
    if len(set(nodes)) < len(nodes) or (problem.max_shipments is not None and len(opened) > problem.max_shipments):
        return None
    total = 0
    for k in opened:
        column = [units[d][k] for d in demands]
        drawn: Counter[int] = Counter()
        for d in demands:
            drawn[int(problem.group[d])] += column[d]
        grams = sum(int(problem.weight[d]) * column[d] for d in demands)
        table = problem.tier_tables[int(problem.tiers[k])]
        tiers = [int(c) for limit, c in zip(table.limit_g, table.cost, strict=True) if grams <= int(limit)]
        if (
            not tiers
            or sum(column) > int(problem.cap_units[k])
            or sum(u > 0 for u in column) > int(problem.cap_lines[k])
            or any(drawn[int(problem.group[d])] > int(problem.available[d, k]) for d in demands)
        ):
            return None
        total += int(problem.fixed[k]) + tiers[0] + sum(int(problem.unit[d, k]) * column[d] for d in demands)
    for d in demands:
        touched = sum(u > 0 for u in units[d])
        if problem.max_nodes_per_line is not None and touched > problem.max_nodes_per_line:
            return None
        total += (int(problem.quantity[d]) - sum(units[d])) * int(problem.unfilled[d])
    return total - (problem.split if opened else 0)


def as_units(problem: Problem, offers: np.ndarray, units: np.ndarray) -> tuple[tuple[int, ...], ...]:
    """A cover's ``units[demand, opened offer]`` over all offers of the problem, for `price`."""
    whole = np.zeros((len(problem.quantity), problem.num_offers), dtype=np.int64)
    whole[:, offers] = units
    return tuple(tuple(int(u) for u in row) for row in whole)

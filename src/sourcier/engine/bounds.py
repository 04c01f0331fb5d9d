"""The relaxed problem and the bounds that need no ascent, exact in integers; `engine.dual` has the others.

All relax: weight tiers to a linear minorant, stock shared by several demands, and the nodes-per-line limit. What they
prove therefore holds for the full model of `formulation`.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from sourcier.engine.compile import BoolArray, IntArray
from sourcier.engine.formulation import heaviest
from sourcier.engine.joined import Joined, alone
from sourcier.engine.offers import Problem
from sourcier.engine.tiers import Tiers

NO_PLAN = 2**62
"""The bound of an empty set of plans; above OBJECTIVE_MICROS_MAX."""


Slope = tuple[IntArray, IntArray]
"""``base[K]`` and ``unit[D, K]``: a linear price of shipments that is nowhere above their tiers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relaxed:
    """The problem with simpler costs, and what the bounds need to know of its structure.

    - `fixed[K]`, `unit[D, K]` (micros) replace every tier function by a linear minorant; `flat[K]` is the fixed cost
      with the cheapest tier instead.
    - `limited` lists the offers (`is_limited[K]`) whose contents can leave the first tier or exceed a capacity,
      `capped[K]` says which the latter are.
    - `node_start` says where each node's offers begin, `node_of[K]` numbers the nodes; `one_each`: no node has two.
    - `one_line_each`: every demand is one order line.
    - `exact`: a plan's cost under `fixed` and `unit` is its true cost, and no constraint was dropped.
    """

    fixed: IntArray
    unit: IntArray
    flat: IntArray
    limited: NDArray[np.int64]
    is_limited: BoolArray
    capped: BoolArray
    node_start: NDArray[np.int64]
    node_of: NDArray[np.int64]
    one_each: bool
    one_line_each: bool
    exact: bool


def relax(problem: Problem, slope: Slope | None = None) -> Relaxed:
    """Replace every tier function by its best linear minorant about half of the order's weight: by `sloped`, if that is
    not known."""
    total, tiers, tables = problem.total_weight, problem.tiers, problem.tier_tables
    capped = is_limited = _capped(problem)
    starts = problem.node_start
    one_each = len(starts) == problem.num_offers
    unit, first = problem.unit, tables.limit[0].take(tiers)
    one_tier = total <= int(first.min())
    if one_tier:
        base = tables.cost[0].take(tiers)
    else:
        base, unit = sloped(problem) if slope is None else slope
        is_limited = capped | (problem.weight @ problem.supply > first)
    return Relaxed(
        fixed=problem.fixed + base,
        unit=unit,
        flat=problem.fixed + tables.cheapest.take(tiers),
        limited=is_limited.nonzero()[0],
        is_limited=is_limited,
        capped=capped,
        node_start=starts,
        node_of=np.arange(problem.num_offers) if one_each else _numbered(starts, problem.num_offers),
        one_each=one_each,
        one_line_each=all(len(lines) == 1 for lines in problem.lines_of),
        exact=one_tier and not (capped.any() or problem.shares_stock or problem.max_nodes_per_line is not None),
    )


def sloped(problem: Problem) -> Slope:
    """``base[K]`` and ``unit[D, K]``: the minorants of the tiers, per shipment and added to the price of every unit."""
    total, tiers = problem.total_weight, problem.tiers
    if len(problem.tier_tables.cost) == 1:
        return problem.tier_tables.cost[0].take(tiers), problem.unit
    used = np.bincount(tiers, minlength=len(problem.tier_tables)).tolist()
    minorants = [
        _minorant(table, total) if wanted else _NOTHING for table, wanted in zip(problem.tier_tables, used, strict=True)
    ]
    base = np.array([m[0] for m in minorants], dtype=np.int64)[tiers]
    if not any(m[1] for m in minorants):
        return base, problem.unit
    slopes = np.array([[m[1] * w // m[2] for m in minorants] for w in problem.weight.tolist()], dtype=np.int64)
    return base, problem.unit + slopes.take(tiers, axis=1)


def _capped(problem: Problem) -> BoolArray:
    """Which offers could be sent more units or lines than their capacity lets through."""
    lines = np.array([len(lines) for lines in problem.lines_of], dtype=np.int64)
    if problem.cap_units.min() >= problem.quantity.sum() and problem.cap_lines.min() >= lines.sum():
        return np.zeros(problem.num_offers, dtype=np.bool_)
    over: BoolArray = problem.supply.sum(axis=0) > problem.cap_units
    over |= lines @ (problem.supply > 0) > problem.cap_lines
    return over


def _numbered(starts: NDArray[np.int64], num_offers: int) -> NDArray[np.int64]:
    return np.repeat(np.arange(len(starts)), np.diff(starts, append=num_offers))


_NOTHING = (0, 0, 1)
"""Stands for the minorant of a tier function that no offer has."""


def _minorant(table: Tiers, total: int) -> tuple[int, int, int]:
    """``(a, num, den)`` with ``a + num/den * w <= tier(w)`` for every weight 0 < w <= total that is carried.

    The step function touches its lower hull only at the ends of its steps. Of the lines through two such ends (and
    the flat one) the one that is highest at half the total is taken.
    """
    last = min(int(np.searchsorted(table.limit_g, total)), len(table.cost) - 1)
    if last == 0:
        return int(table.cost[0]), 0, 1
    right = [
        (min(int(limit), total), int(cost)) for limit, cost in zip(table.limit_g[: last + 1], table.cost, strict=False)
    ]
    left = [(0, right[0][1])] + [(w + 1, cost) for (w, _), (_, cost) in pairwise(right)]
    points = right + left
    middle = total // 2
    best = (min(cost for _, cost in points), 0, 1)
    for i, (w0, c0) in enumerate(right):
        for w1, c1 in right[i + 1 :]:
            if w1 > w0 and c1 > c0:
                num, den = c1 - c0, w1 - w0
                a = min(cost - -(-num * w // den) for w, cost in points)
                if a * den + num * middle > best[0] * den + best[1] * middle * den // best[2]:
                    best = (a, num, den)
    return best


def can_fill(problem: Problem) -> bool:
    """The necessary condition of `can_fill_each` for one problem."""
    return problem.num_offers > 0 and all(can_fill_each(alone(problem)))


def can_fill_each(joined: Joined) -> list[bool]:
    """Per problem, a necessary condition for filling every unit: the best max_shipments nodes could bring each demand,
    all units and all grams, each counted for itself."""
    problem = joined.offers
    units = np.minimum(problem.supply.sum(axis=0), problem.cap_units)
    grams = np.minimum(problem.weight @ problem.supply, heaviest(problem, slice(None)))
    brought = np.vstack([problem.supply, units, grams])
    per_node = np.maximum.reduceat(brought, problem.node_start, axis=1)
    wanted = np.append(problem.quantity, [problem.quantity.sum(), problem.total_weight])
    every = np.add.reduceat(per_node, joined.node_start, axis=1)
    found: list[bool] = np.logical_and.reduce(every >= wanted[:, None], axis=0).tolist()
    most = problem.max_shipments
    if most is not None:
        for number, span in enumerate(joined.node_spans()):
            if found[number] and span.stop - span.start > most:
                best = np.partition(per_node[:, span], -most, axis=1)[:, -most:]
                found[number] = bool((best.sum(axis=1) >= wanted).all())
    return found


def cheapest_units(problem: Problem, relaxed: Relaxed) -> IntArray:
    """Per demand, the least its units can cost if every offer were open, micros: fill from the cheapest stock on."""
    order = np.argsort(relaxed.unit, axis=1, kind="stable")
    rows = np.arange(len(order))[:, None]
    saving = np.maximum(problem.unfilled[:, None] - relaxed.unit[rows, order], 0)
    reached = np.minimum(np.cumsum(problem.supply[rows, order], axis=1), problem.quantity[:, None])
    reached[:, 1:] -= reached[:, :-1].copy()
    cost: IntArray = problem.quantity * problem.unfilled - (reached * saving).sum(axis=1)
    return cost


def several_shipments_bound(problem: Problem, relaxed: Relaxed, units_cost: IntArray) -> int:
    """What any plan of two or more shipments costs at least: the cheapest openings and the cheapest units."""
    per_node = np.minimum.reduceat(relaxed.fixed, relaxed.node_start)
    if len(per_node) < 2 or problem.max_shipments == 1:
        return NO_PLAN
    return cheapest_openings(per_node, problem.max_shipments) - problem.split + int(units_cost.sum())


def cheapest_openings(opening: IntArray, max_shipments: int | None) -> int:
    """The least sum of two of these costs or more; there must be two."""
    cheapest = np.partition(opening, 1)[:2].tolist()
    if cheapest[1] < 0:  # the line that stands for steep weight tiers may start there: a further opening pays
        cheapest = np.sort(opening[opening < 0])[:max_shipments].tolist()
    return sum(cheapest)


def starting_prices(problem: Problem, relaxed: Relaxed) -> IntArray:
    """Per demand, the least average cost of a unit from one offer that ships all it can."""
    shared = relaxed.fixed / np.maximum(problem.supply.sum(axis=0), 1)
    average = np.where(problem.supply > 0, relaxed.unit + shared, np.inf).min(axis=1)
    return np.minimum(np.where(np.isfinite(average), average, 0), problem.unfilled).astype(np.int64)

"""Lower bounds on any plan, exact in integers: the cheap bound and the Lagrangian dual of the cover constraints.

Both relax: weight tiers to a linear minorant, stock shared by several demands, and the nodes-per-line limit. What they
prove therefore holds for the full model of `formulation`.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from sourcier.engine.compile import IntArray
from sourcier.engine.offers import Problem
from sourcier.engine.tariffs import Tiers

STEP_START = 1.2
"""First factor of the Polyak step (Held, Wolfe and Crowder 1974 take 2 and halve)."""

STEP_LAST = STEP_START / 2**5
"""The factor below which the bound hardly moves any more."""

PATIENCE = 4
"""Iterations without a better bound after which the step is halved."""


NO_PLAN = 2**62
"""The bound of an empty set of plans; above OBJECTIVE_MICROS_MAX."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relaxed:
    """The problem with simpler costs, and what the bounds need to know of its structure.

    `fixed[K]`, `unit[D, K]` (micros) replace every tier function by a linear minorant; `flat[K]` is the fixed cost with
    the cheapest tier instead. `tiered` lists the offers whose contents can leave the first tier, with the tiers in
    `tier_limit[T, tiered]` and `tier_cost[T, tiered]`; `capped` those whose capacity can bind. `node_start` says where
    each node's offers begin, `node_of[K]` numbers the nodes. `exact`: a plan's cost under `fixed` and
    `unit` is its true cost, and no constraint was dropped.
    """

    fixed: IntArray
    unit: IntArray
    flat: IntArray
    tiered: NDArray[np.int64]
    tier_limit: IntArray
    tier_cost: IntArray
    capped: NDArray[np.int64]
    node_start: NDArray[np.int64]
    node_of: NDArray[np.int64]
    exact: bool


def relax(problem: Problem) -> Relaxed:
    """Replace every tier function by its best linear minorant about half of the order's weight."""
    total = problem.total_weight
    used = set(problem.tiers.tolist())
    minorants = [
        _minorant(table, total) if index in used else _NOTHING for index, table in enumerate(problem.tier_tables)
    ]
    base = np.array([m[0] for m in minorants], dtype=np.int64)[problem.tiers]
    slopes = np.array([[m[1] * int(w) // m[2] for m in minorants] for w in problem.weight], dtype=np.int64)
    cheapest = np.array([int(table.cost.min()) for table in problem.tier_tables], dtype=np.int64)
    first_limit = np.array([int(table.limit_g[0]) for table in problem.tier_tables], dtype=np.int64)
    lines = np.array([len(lines) for lines in problem.lines_of], dtype=np.int64)
    binds = (problem.supply.sum(axis=0) > problem.cap_units) | (
        ((problem.supply > 0) * lines[:, None]).sum(axis=0) > problem.cap_lines
    )
    starts = problem.node_start
    shared = int(problem.group.max()) + 1 < len(problem.group)
    tiered = np.flatnonzero(problem.weight @ problem.supply > first_limit[problem.tiers])
    tier_limit, tier_cost = _tier_columns(problem, tiered)
    return Relaxed(
        fixed=problem.fixed + base,
        unit=problem.unit + slopes[:, problem.tiers],
        flat=problem.fixed + cheapest[problem.tiers],
        tiered=tiered,
        tier_limit=tier_limit,
        tier_cost=tier_cost,
        capped=np.flatnonzero(binds),
        node_start=starts,
        node_of=np.repeat(np.arange(len(starts)), np.diff(starts, append=problem.num_offers)),
        exact=not (binds.any() or shared or problem.max_nodes_per_line is not None or any(not m[3] for m in minorants)),
    )


_NOTHING = (0, 0, 1, True)
"""Stands for the minorant of a tier function that no offer has."""


def _minorant(table: Tiers, total: int) -> tuple[int, int, int, bool]:
    """``(a, num, den, exact)`` with ``a + num/den * w <= tier(w)`` for every weight 0 < w <= total that is carried.

    The step function touches its lower hull only at the ends of its steps. Of the lines through two such ends (and
    the flat one) the one that is highest at half the total is taken.
    """
    last = min(int(np.searchsorted(table.limit_g, total)), len(table.cost) - 1)
    if last == 0:
        return int(table.cost[0]), 0, 1, int(table.limit_g[0]) >= total
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
    return (*best, False)


def can_fill(problem: Problem) -> bool:
    """A necessary condition for filling every unit: the best max_shipments nodes could bring each demand, all units
    and all grams, each counted for itself."""
    if problem.num_offers == 0:
        return False
    limit = np.array([int(table.limit_g[-1]) for table in problem.tier_tables], dtype=np.int64)[problem.tiers]
    starts = problem.node_start
    units = np.minimum(problem.supply.sum(axis=0), problem.cap_units)
    grams = np.minimum(problem.weight @ problem.supply, limit)
    brought = np.vstack([problem.supply, units, grams])
    per_node = np.maximum.reduceat(brought, starts, axis=1)
    if problem.max_shipments is not None and problem.max_shipments < len(starts):
        per_node = np.partition(per_node, -problem.max_shipments, axis=1)[:, -problem.max_shipments :]
    wanted = np.append(problem.quantity, [problem.quantity.sum(), problem.total_weight])
    return bool((per_node.sum(axis=1) >= wanted).all())


def cheapest_units(problem: Problem, relaxed: Relaxed) -> IntArray:
    """Per demand, the least its units can cost if every offer were open, micros: fill from the cheapest stock on."""
    order = np.argsort(relaxed.unit, axis=1, kind="stable")
    unit = np.take_along_axis(relaxed.unit, order, axis=1)
    supply = np.where(unit < problem.unfilled[:, None], np.take_along_axis(problem.supply, order, axis=1), 0)
    before = np.cumsum(supply, axis=1) - supply
    taken = np.clip(problem.quantity[:, None] - before, 0, supply)
    rest = problem.quantity - taken.sum(axis=1)
    cost: IntArray = (taken * unit).sum(axis=1) + rest * problem.unfilled
    return cost


def several_shipments_bound(problem: Problem, relaxed: Relaxed, units_cost: IntArray) -> int:
    """What any plan of two or more shipments costs at least: the cheapest openings and the cheapest units."""
    per_node = np.minimum.reduceat(relaxed.fixed, relaxed.node_start)
    if len(per_node) < 2 or problem.max_shipments == 1:
        return NO_PLAN
    cheapest = np.partition(per_node, 1)[:2]
    below_zero = per_node[per_node < 0]
    if len(below_zero) > 2:  # the line that stands for steep weight tiers may start there: a further opening pays
        cheapest = np.sort(below_zero)[: problem.max_shipments]
    return int(cheapest.sum()) - problem.split + int(units_cost.sum())


def single_bounds(problem: Problem) -> IntArray:
    """Per offer, a lower bound on every plan that opens it alone, micros: exact where no capacity or sharing binds.

    Such a plan ships all that is worth shipping, or leaves units out to reach a lower weight tier. Leaving out w grams
    loses at least w times the smallest saving per gram, so a tier that saves less than that is out of the question.
    """
    saving = np.maximum(problem.unfilled[:, None] - problem.unit, 0)
    units = np.where(saving > 0, problem.supply, 0)
    grams = problem.weight @ units
    cost = (
        problem.fixed - problem.split + int((problem.quantity * problem.unfilled).sum()) - (units * saving).sum(axis=0)
    )
    weight = problem.weight[:, None].astype(np.float64)
    per_gram = np.where((units > 0) & (weight > 0), saving / np.maximum(weight, 1), np.inf).min(axis=0)
    bound: IntArray = np.empty_like(cost)
    for index in set(problem.tiers.tolist()):
        table, mine = problem.tier_tables[index], np.flatnonzero(problem.tiers == index)
        loss = np.maximum(grams[mine, None] - table.limit_g[None, :], 0) * np.minimum(per_gram[mine, None], 1e18)
        tier = (table.cost[None, :] + np.floor(np.minimum(np.nan_to_num(loss), 1e18) * (1 - 1e-9))).min(axis=1)
        bound[mine] = cost[mine] + tier.astype(np.int64)
    return bound


@dataclass(frozen=True, slots=True, kw_only=True)
class Dual:
    """A dual point: multipliers `price[D]` (micros a unit), what each offer is worth at them, and the bound.

    `value[K]` is fixed cost minus what the offer saves at these prices (negative: worth opening); `base` the bound's
    part that does not depend on offers. `bound` holds for every plan that ships something.
    """

    price: IntArray
    value: IntArray
    node_value: IntArray
    bound: int


def evaluate(problem: Problem, relaxed: Relaxed, price: IntArray) -> tuple[Dual, IntArray]:
    """The Lagrangian bound at `price`, exact, and the units that its inner minimum takes from every offer.

    The inner minimum of an offer is its fixed cost less the savings of its contents; capacity cuts the contents, and
    a weight tier buys the right to hold so many grams of them (a fractional knapsack per tier).
    """
    saving = np.maximum(price[:, None] - problem.unit, 0)
    taken = np.where(saving > 0, problem.supply, 0)
    value = relaxed.flat - (saving * taken).sum(axis=0)
    if len(relaxed.tiered):
        columns = relaxed.tiered
        value[columns], taken[:, columns] = _best_tier(problem, relaxed, saving[:, columns], taken[:, columns])
    if len(relaxed.capped):
        columns = relaxed.capped
        cut = _within_capacity(problem, saving, np.where(saving > 0, problem.supply, 0), columns)
        by_capacity = relaxed.flat[columns] - (saving[:, columns] * cut).sum(axis=0)
        value[columns] = np.maximum(value[columns], by_capacity)
        taken[:, columns] = np.minimum(taken[:, columns], cut)
    node_value = np.minimum.reduceat(value, relaxed.node_start)
    bound = int((problem.quantity * price).sum()) - problem.split + int(_best_openings(problem, node_value))
    return Dual(price=price, value=value, node_value=node_value, bound=bound), taken


def _best_tier(problem: Problem, relaxed: Relaxed, saving: IntArray, wanted: IntArray) -> tuple[IntArray, IntArray]:
    """Per tiered offer, the least of fixed + tier - savings that fit the tier, and the whole units of that choice.

    Savings fill a tier by saving per gram, the last item cut to fit (Dantzig's bound of the knapsack), rounded in
    favour of the bound.
    """
    columns, everyone = relaxed.tiered, np.arange(len(relaxed.tiered))
    order = np.argsort(-saving / np.maximum(problem.weight, 1e-3)[:, None], axis=0, kind="stable")
    weight, saving, units = problem.weight[order], saving[order, everyone], wanted[order, everyone]
    contents = weight * units
    grams, saved = np.cumsum(contents, axis=0), np.cumsum(saving * units, axis=0)
    best, room = np.full(len(columns), np.iinfo(np.int64).max), np.zeros(len(columns), dtype=np.int64)
    for limit, cost in zip(relaxed.tier_limit, relaxed.tier_cost, strict=True):
        fits = (grams <= limit).sum(axis=0)
        last, row = np.minimum(fits, len(grams) - 1), np.maximum(fits - 1, 0)
        left = limit - np.where(fits > 0, grams[row, everyone], 0)
        heavy = np.maximum(weight[last, everyone], 1)
        part = -(-np.minimum(left, contents[last, everyone]) * saving[last, everyone] // heavy)
        gained = np.where(fits > 0, saved[row, everyone], 0) + np.where(fits < len(grams), part, 0)
        value = problem.fixed[columns] + cost - gained
        better = value < best
        best, room = np.where(better, value, best), np.where(better, limit, room)
    whole = np.clip((room - (grams - contents)) // np.maximum(weight, 1), 0, units)
    taken = np.empty_like(wanted)
    taken[order, everyone] = np.where(weight == 0, units, whole)
    return best, taken


def _tier_columns(problem: Problem, columns: NDArray[np.int64]) -> tuple[IntArray, IntArray]:
    """``limit[t, column]`` and ``cost[t, column]`` of the listed offers; short tables repeat their last tier."""
    used, of_column = np.unique(problem.tiers[columns], return_inverse=True)
    tables = [problem.tier_tables[index] for index in used.tolist()]
    most = max((len(table.cost) for table in tables), default=1)
    ranks = [np.minimum(np.arange(most), len(table.cost) - 1) for table in tables]
    shape = (len(tables), most)
    limit = np.array([table.limit_g[rank] for table, rank in zip(tables, ranks, strict=True)], dtype=np.int64)
    cost = np.array([table.cost[rank] for table, rank in zip(tables, ranks, strict=True)], dtype=np.int64)
    return limit.reshape(shape)[of_column].T, cost.reshape(shape)[of_column].T


def _best_openings(problem: Problem, node_value: IntArray) -> np.int64:
    """The least that opening at least one and at most max_shipments nodes contributes."""
    limit = len(node_value) if problem.max_shipments is None else min(problem.max_shipments, len(node_value))
    worth = node_value[node_value < 0]
    if len(worth) == 0:
        return np.int64(node_value.min())
    return np.int64(np.sort(worth)[:limit].sum())


def _within_capacity(problem: Problem, saving: IntArray, taken: IntArray, capped: NDArray[np.int64]) -> IntArray:
    """The best units within each capped offer: units by saving, lines by what the whole line saves."""
    saving, taken = saving[:, capped], taken[:, capped]
    lines = np.array([len(lines) for lines in problem.lines_of], dtype=np.int64)
    order = np.argsort(-saving, axis=0, kind="stable")
    sorted_taken = np.take_along_axis(taken, order, axis=0)
    before = np.cumsum(sorted_taken, axis=0) - sorted_taken
    cut = np.clip(problem.cap_units[capped] - before, 0, sorted_taken)
    result = np.zeros_like(taken)
    np.put_along_axis(result, order, cut, axis=0)
    if (lines == 1).all():
        rank = np.argsort(np.argsort(-(saving * result), axis=0, kind="stable"), axis=0)
        result = np.where(rank < problem.cap_lines[capped], result, 0)
    return result


def starting_prices(problem: Problem, relaxed: Relaxed) -> IntArray:
    """Per demand, the least average cost of a unit from one offer that ships all it can."""
    shared = relaxed.fixed / np.maximum(problem.supply.sum(axis=0), 1)
    average = np.where(problem.supply > 0, relaxed.unit + shared, np.inf).min(axis=1)
    return np.minimum(np.where(np.isfinite(average), average, 0), problem.unfilled).astype(np.int64)


def ascend(
    problem: Problem, relaxed: Relaxed, start: IntArray, target: int, iterations: int
) -> tuple[Dual, list[NDArray[np.int64]]]:
    """Subgradient ascent from `start`; stops once `target` (the incumbent's objective) is reached.

    Returns the best dual point and the sets of offers that looked worth opening whenever the bound improved.
    """
    price, step, stale = start, STEP_START, 0
    best, taken = evaluate(problem, relaxed, price)
    current, promising = best, [_worth_opening(problem, relaxed, best)]
    for _ in range(iterations):
        if best.bound >= target:
            break
        opened = _worth_opening(problem, relaxed, current)
        slope = problem.quantity - taken[:, opened].sum(axis=1)
        slope = np.where((slope < 0) & (price == 0) | (slope > 0) & (price >= problem.unfilled), 0, slope)
        length = float((slope.astype(np.float64) ** 2).sum())
        if length == 0:
            break
        move = step * max(target - current.bound, 1) / length * slope
        price = np.clip(np.rint(price + move), 0, problem.unfilled).astype(np.int64)
        current, taken = evaluate(problem, relaxed, price)
        if current.bound > best.bound:
            best, stale = current, 0
            promising.append(_worth_opening(problem, relaxed, current))
        else:
            stale += 1
            if stale == PATIENCE:
                step, stale = step / 2, 0
                if step < STEP_LAST:
                    break
                price, (current, taken) = best.price, evaluate(problem, relaxed, best.price)
    return best, promising


def _worth_opening(problem: Problem, relaxed: Relaxed, dual: Dual) -> NDArray[np.int64]:
    """The offers that attain the bound: per node its best one if that is worth opening, at most max_shipments."""
    best = np.flatnonzero((dual.value == dual.node_value[relaxed.node_of]) & (dual.value < 0))
    _, first = np.unique(relaxed.node_of[best], return_index=True)
    best = best[first]
    if len(best) == 0:
        return np.array([int(np.argmin(dual.value))])
    if problem.max_shipments is not None and len(best) > problem.max_shipments:
        best = np.sort(best[np.argsort(dual.value[best], kind="stable")[: problem.max_shipments]])
    return best


def forced_bounds(problem: Problem, relaxed: Relaxed, dual: Dual) -> IntArray:
    """Per offer, a lower bound on any plan that uses it, from the dual point."""
    own = np.minimum(dual.node_value, 0)[relaxed.node_of]
    worth = np.sort(dual.node_value[dual.node_value < 0])
    limit = len(dual.node_value) if problem.max_shipments is None else problem.max_shipments
    base = dual.bound - int(_best_openings(problem, dual.node_value))
    if len(worth) <= limit:
        rest = int(worth.sum()) - own
    else:
        chosen, weakest = worth[:limit], worth[limit - 1]
        rest = np.where(own <= weakest, int(chosen.sum()) - own, int(chosen.sum()) - weakest)
    forced: IntArray = base + rest + dual.value
    return forced

"""What an offer is worth at given prices when its contents must fit a weight tier and its node's capacity."""

import numpy as np
from numpy.typing import NDArray

from sourcier.engine.bounds import Relaxed
from sourcier.engine.compile import IntArray
from sourcier.engine.offers import Problem


def best_contents(
    problem: Problem, relaxed: Relaxed, saving: IntArray, columns: NDArray[np.int64]
) -> tuple[IntArray, IntArray]:
    """Per offer of `columns` its value, never too high, and the units ``[D, columns]`` of its best contents.

    `saving[D, columns]` is what a unit saves, 0 where it is not worth shipping.
    """
    wanted = np.where(saving > 0, problem.supply[:, columns], 0)
    value, taken = _within_tiers(problem, relaxed, saving, wanted, columns)
    mine = np.flatnonzero(relaxed.capped[columns])
    if len(mine):
        for cut in _within_units, _within_lines:
            within = cut(problem, relaxed, saving[:, mine], wanted[:, mine], columns[mine])
            value[mine] = np.maximum(value[mine], relaxed.flat[columns[mine]] - (saving[:, mine] * within).sum(axis=0))
            taken[:, mine] = np.minimum(taken[:, mine], within)
    return value, taken


def _within_tiers(
    problem: Problem, relaxed: Relaxed, saving: IntArray, wanted: IntArray, columns: NDArray[np.int64]
) -> tuple[IntArray, IntArray]:
    """The least of fixed + tier - savings that fit the tier, and the whole units of that choice.

    Savings fill a tier by saving per gram, the last item cut to fit (Dantzig's bound of the knapsack), rounded in
    favour of the bound.
    """
    everyone, shape = np.arange(len(columns)), (len(wanted) + 1, len(columns))
    order = np.argsort(-saving / np.maximum(problem.weight, 1e-3)[:, None], axis=0, kind="stable")
    weight, units = problem.weight[order], wanted[order, everyone]
    contents = weight * units
    grams, saved = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    np.cumsum(contents, axis=0, out=grams[1:])
    sorted_saving = saving[order, everyone]
    np.cumsum(sorted_saving * units, axis=0, out=saved[1:])
    limit, cost = relaxed.tier_limit[:, problem.tiers[columns]], relaxed.tier_cost[:, problem.tiers[columns]]
    fits = (grams[1:] <= limit[:, None, :]).sum(axis=1)  # [tier, column]: so many demands fit whole
    following = np.minimum(fits, len(wanted) - 1)
    room = np.minimum(limit - grams[fits, everyone], contents[following, everyone])
    part = -(-room * sorted_saving[following, everyone] // np.maximum(weight[following, everyone], 1))
    part[fits == len(wanted)] = 0
    values = cost - saved[fits, everyone] - part
    tier = values.argmin(axis=0)
    space = limit[tier, everyone] - grams[:-1]
    whole = np.minimum(np.maximum(space // np.maximum(weight, 1), 0), units)
    taken = np.empty_like(wanted)
    taken[order, everyone] = np.where(weight == 0, units, whole)
    return problem.fixed[columns] + values[tier, everyone], taken


def _within_units(
    problem: Problem, _relaxed: Relaxed, saving: IntArray, wanted: IntArray, columns: NDArray[np.int64]
) -> IntArray:
    """The best units that each offer's capacity lets through, whatever lines they are of."""
    everyone = np.arange(len(columns))
    order = np.argsort(-saving, axis=0, kind="stable")
    units = wanted[order, everyone]
    before = np.cumsum(units, axis=0) - units
    cut = np.empty_like(wanted)
    cut[order, everyone] = np.minimum(np.maximum(problem.cap_units[columns] - before, 0), units)
    return cut


def _within_lines(
    problem: Problem, relaxed: Relaxed, saving: IntArray, wanted: IntArray, columns: NDArray[np.int64]
) -> IntArray:
    """The best lines that each offer's capacity lets through, whatever units they have."""
    if not relaxed.one_line_each or (problem.cap_lines[columns] >= len(wanted)).all():
        return wanted
    rank = np.argsort(np.argsort(-(saving * wanted), axis=0, kind="stable"), axis=0)
    return np.where(rank < problem.cap_lines[columns], wanted, 0)

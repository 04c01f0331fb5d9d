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
    wanted = np.where(saving > 0, problem.supply.take(columns, axis=1), 0)
    value, taken = _within_tiers(problem, saving, wanted, columns)
    mine = np.flatnonzero(relaxed.capped[columns])
    if len(mine):
        offers, saving, wanted = columns[mine], saving[:, mine], wanted[:, mine]
        cuts = [_within_units(problem, saving, wanted, offers)]
        if relaxed.one_line_each and int(problem.cap_lines[offers].min()) < len(wanted):
            cuts.append(_within_lines(problem, saving, wanted, offers))
        for within in cuts:
            value[mine] = np.maximum(value[mine], relaxed.flat[offers] - (saving * within).sum(axis=0))
            taken[:, mine] = np.minimum(taken[:, mine], within)
    return value, taken


def _within_tiers(
    problem: Problem, saving: IntArray, wanted: IntArray, columns: NDArray[np.int64]
) -> tuple[IntArray, IntArray]:
    """The least of fixed + tier - savings that fit the tier, and the whole units of that choice.

    Savings fill a tier by saving per gram, the last item cut to fit (Dantzig's bound of the knapsack), rounded in
    favour of the bound.
    """
    num_demands, num_columns = wanted.shape
    everyone = np.arange(num_columns)
    order = np.argsort(-saving / np.maximum(problem.weight, 1e-3)[:, None], axis=0, kind="stable")
    place = order * num_columns + everyone
    weight, units, best = problem.weight.take(order), wanted.take(place), saving.take(place)
    contents = weight * units
    grams, saved = np.zeros((2, num_demands + 1, num_columns), dtype=np.int64)
    contents.cumsum(axis=0, out=grams[1:])
    (best * units).cumsum(axis=0, out=saved[1:])
    tables, tiers = problem.tier_tables, problem.tiers.take(columns)
    limit, cost = tables.limit.take(tiers, axis=1), tables.cost.take(tiers, axis=1)
    fits = (grams[1:] <= limit[:, None, :]).sum(axis=1)  # [tier, column]: so many demands fit whole
    full = fits * num_columns + everyone
    following = np.minimum(full, wanted.size - num_columns + everyone)
    divisor = np.maximum(weight, 1)
    room = np.minimum(limit - grams.take(full), contents.take(following))
    part = -(-room * best.take(following) // divisor.take(following))
    part[fits == num_demands] = 0
    values = cost - saved.take(full) - part
    tier = values.argmin(axis=0)
    space = limit[tier, everyone] - grams[:-1]
    whole = np.minimum(np.maximum(space // divisor, 0), units)
    taken = np.empty_like(wanted)
    taken.put(place, np.where(weight == 0, units, whole))
    return problem.fixed.take(columns) + values[tier, everyone], taken


def _within_units(problem: Problem, saving: IntArray, wanted: IntArray, columns: NDArray[np.int64]) -> IntArray:
    """The best units that each offer's capacity lets through, whatever lines they are of."""
    everyone = np.arange(len(columns))
    order = np.argsort(-saving, axis=0, kind="stable")
    units = wanted[order, everyone]
    before = np.cumsum(units, axis=0) - units
    cut = np.empty_like(wanted)
    cut[order, everyone] = np.minimum(np.maximum(problem.cap_units[columns] - before, 0), units)
    return cut


def _within_lines(problem: Problem, saving: IntArray, wanted: IntArray, columns: NDArray[np.int64]) -> IntArray:
    """The best lines that each offer's capacity lets through, whatever units they have."""
    rank = np.argsort(np.argsort(-(saving * wanted), axis=0, kind="stable"), axis=0)
    return np.where(rank < problem.cap_lines[columns], wanted, 0)

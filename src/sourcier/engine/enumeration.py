"""What sets of a few offers cost at least, very many at once.

Each set is filled from the cheapest open stock on; where that overfills a weight limit or a capacity, multipliers on
those limits raise the price.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sourcier.engine.bounds import Relaxed
from sourcier.engine.columns import Columns
from sourcier.engine.compile import IntArray
from sourcier.engine.formulation import heaviest
from sourcier.engine.offers import Problem

LIMIT_STEPS = 12
"""Subgradient steps on the limits of overfull sets."""

LIMIT_STEPS_LONG = 100
"""The same for sets that have too many fillings after the first ones."""

LAST_STEP = 1 / 7
"""How much shorter the last of these steps is than the first; they shrink evenly."""

Sets = NDArray[np.int64]
"""``[S, m]``: offers of different nodes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits(Columns):
    """What sets cost at least with prices on what their offers can hold, `cost[S]`.

    Offer j of a set holds `grams_max[S, m]` and `units_max[S, m]`; the multipliers `per_gram` and `per_unit` (micros)
    are added to the price of every unit, and what the limits allow at them was taken off again.
    """

    cost: IntArray
    grams_max: IntArray
    units_max: IntArray
    per_gram: IntArray
    per_unit: IntArray


def least_costs(problem: Problem, relaxed: Relaxed, sets: Sets) -> IntArray:
    """``cost[S]``: a lower bound on every plan that opens exactly this set: each demand from the cheapest offer on."""
    return _filled(problem, relaxed, sets, _units_of(relaxed.unit, sets))[0]


def limited_costs(problem: Problem, relaxed: Relaxed, sets: Sets, target: int, steps: int) -> Limits:
    """As `least_costs`, with a price on every gram above an offer's heaviest tier and every unit above its capacity.

    Any such prices give a lower bound; so many subgradient `steps` towards `target` choose them.
    """
    grams_max = np.minimum(heaviest(problem, slice(None)), problem.total_weight)[sets]
    units_max = np.minimum(problem.cap_units, int(problem.quantity.sum()))[sets]
    weight, unit = problem.weight[:, None], _units_of(relaxed.unit, sets)
    scale = max(1.0, float(problem.weight.max()))
    zeros = np.zeros_like(grams_max)
    cost, units = _filled(problem, relaxed, sets, unit)
    best = Limits(cost=cost, grams_max=grams_max, units_max=units_max, per_gram=zeros, per_unit=zeros)
    per_gram, per_unit, step = zeros, zeros, 1.0
    for _ in range(steps):
        over = np.array([problem.weight @ u for u in units]).T - grams_max
        full = np.array([u.sum(axis=0) for u in units]).T - units_max
        heavy = np.where((over < 0) & (per_gram == 0), 0, over) / scale
        full = np.where((full < 0) & (per_unit == 0), 0, full)
        length = (heavy**2).sum(axis=1) + (full**2).sum(axis=1)
        if not length.any():
            break
        move = (step * np.maximum(target - cost, 1) / np.maximum(length, 1e-9))[:, None]
        per_gram = np.maximum(per_gram + np.rint(heavy / scale * move), 0).astype(np.int64)
        per_unit = np.maximum(per_unit + np.rint(full * move), 0).astype(np.int64)
        dearer = [u + g * weight + p for u, g, p in zip(unit, per_gram.T, per_unit.T, strict=True)]
        cost, units = _filled(problem, relaxed, sets, dearer)
        cost = cost - (per_gram * grams_max + per_unit * units_max).sum(axis=1)
        better = cost > best.cost
        best = replace(
            best,
            cost=np.where(better, cost, best.cost),
            per_gram=np.where(better[:, None], per_gram, best.per_gram),
            per_unit=np.where(better[:, None], per_unit, best.per_unit),
        )
        step *= LAST_STEP ** (1 / steps)
    return best


def _units_of(unit: IntArray, sets: Sets) -> list[IntArray]:
    """``unit[D, S]`` of the first, second, ... offer of each set."""
    return [unit[:, offers] for offers in sets.T]


def _filled(problem: Problem, relaxed: Relaxed, sets: Sets, unit: list[IntArray]) -> tuple[IntArray, list[IntArray]]:
    """What each set costs with every demand filled from the cheapest offer on, and the units of its offers."""
    unfilled, quantity = problem.unfilled[:, None], problem.quantity[:, None]
    supply = [
        np.where(mine < unfilled, problem.supply[:, offers], 0) for mine, offers in zip(unit, sets.T, strict=True)
    ]
    cost = relaxed.fixed[sets].sum(axis=1) - problem.split + int(problem.quantity @ problem.unfilled)
    units = []
    for k, mine in enumerate(unit):
        before = np.zeros_like(mine)
        for j, other in enumerate(unit):
            if j != k:
                before += supply[j] * (other <= mine if j < k else other < mine)
        taken = np.minimum(np.maximum(quantity - before, 0), supply[k])
        cost -= ((unfilled - mine) * taken).sum(axis=0)
        units.append(taken)
    return cost, units

"""What the plans of many sets of offers cost: bounds, raised until no set has a cheaper plan than the best one known.

A set is filled from the cheapest unit on; then with prices on what its offers hold; then exactly. How many fillings
are looked at depends on how far the aim is above a set's bound, so exact fillings first look for plans that cost little
more than the bounds, and the aim moves away only as long as there are none: the last round is the dearest by far.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sourcier.engine import enumeration, filling
from sourcier.engine.bounds import Relaxed
from sourcier.engine.compile import BoolArray, IntArray
from sourcier.engine.enumeration import Limits, Sets
from sourcier.engine.formulation import Cover, cover
from sourcier.engine.offers import Problem

AIM_GAP_PART, AIM_COST_PART = 16, 256
"""How far above the lowest bound the first aim is: one of so many parts of the gap to the target, and of the bound."""

AIM_GROWTH = 4
"""How many times as far the next aim is."""

BATCH = 256
"""Sets that are filled side by side; the best plan of a batch leaves less of the next ones open."""

LONG_MAX = 64
"""Sets of a batch that are tried a second time, with better multipliers."""

GIVEN_UP_MAX = 64
"""Sets with too many fillings after which the others are left open as well."""

CALL_CELLS = 2_500
"""What a step on limits costs however few the sets, in demands times sets."""

LEAST_CELLS = 2
"""What pricing a set from its cheapest unit on costs for each demand, in such cells."""

FILL_CELLS = 20_000
"""What exact fillings cost however few the sets, in such cells."""

LOOK_CELLS = 4
"""What each way and partial filling that is looked at costs, in such cells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """Lower bounds on every plan of each set, ``costs[S]``; the cheapest plan found, if it costs less than the target
    and any of the `costs` was below that; and the `work` it took, in demands times sets of a step on limits."""

    costs: IntArray
    best: Cover | None
    work: int


@dataclass(slots=True, kw_only=True)
class _Pricing:
    """How far each set is: ``limited[S]`` says which have prices on what their offers hold, `limits` which prices they
    are, and ``hard[S]`` which have too many fillings. Plans of interest cost less than `target`."""

    problem: Problem
    relaxed: Relaxed
    sets: Sets
    costs: IntArray
    limits: Limits
    limited: BoolArray
    hard: BoolArray
    target: int
    work_max: int
    best: Cover | None = None
    work: int = 0

    @property
    def over(self) -> bool:
        """Whether no further batch is begun."""
        return self.work >= self.work_max or int(self.hard.sum()) > GIVEN_UP_MAX


def price(problem: Problem, relaxed: Relaxed, sets: Sets, costs: IntArray, target: int, work_max: int) -> Priced:
    """Raise the bounds ``costs[S]`` of the ``sets[S, m]``; what is no less than `target` is settled.

    Once so much work is done, no further batch of sets is begun.
    """
    costs = costs.copy()
    below = np.flatnonzero(costs < target)
    costs[below] = np.maximum(costs[below], enumeration.least_costs(problem, relaxed, sets[below]))
    zeros = np.zeros(sets.shape, dtype=np.int64)
    at = _Pricing(
        problem=problem,
        relaxed=relaxed,
        sets=sets,
        costs=costs,
        limits=Limits(
            cost=costs.copy(),
            grams_max=zeros,
            units_max=zeros.copy(),
            per_gram=zeros.copy(),
            per_unit=zeros.copy(),
        ),
        limited=np.zeros(len(sets), dtype=np.bool_),
        hard=np.zeros(len(sets), dtype=np.bool_),
        target=target,
        work_max=work_max,
        work=LEAST_CELLS * len(below) * len(problem.quantity),
    )
    lowest = _lowest(at)
    step = max(1, min((target - lowest) // AIM_GAP_PART, lowest // AIM_COST_PART))
    while lowest < at.target:
        aim = lowest + step
        _round(at, aim)
        if at.target <= aim or at.over:
            break
        lowest, step = _lowest(at), AIM_GROWTH * step
    return Priced(costs=costs, best=at.best, work=at.work)


def _open(at: _Pricing, below: int) -> NDArray[np.int64]:
    """The sets whose bounds are below this one, the least first."""
    rows = np.flatnonzero((at.costs < below) & ~at.hard)
    return rows[np.argsort(at.costs[rows], kind="stable")]


def _lowest(at: _Pricing) -> int:
    """The lowest bound of a batch of sets, with prices on what their offers hold."""
    batch = _open(at, at.target)[:BATCH]
    _limit(at, batch[~at.limited[batch]], enumeration.LIMIT_STEPS)
    return int(at.costs[batch].min()) if len(batch) else at.target


def _round(at: _Pricing, aim: int) -> None:
    """Settle the sets that may have plans which cost less than the aim."""
    rows = _open(at, aim)
    for first in range(0, len(rows), BATCH):
        batch = rows[first : first + BATCH]
        _limit(at, batch[~at.limited[batch] & (at.costs[batch] < at.target)], enumeration.LIMIT_STEPS)
        again = _fill(at, batch, aim)
        _limit(at, again[:LONG_MAX], enumeration.LIMIT_STEPS_LONG)
        at.hard[again[LONG_MAX:]] = True
        at.hard[_fill(at, again[:LONG_MAX], aim)] = True
        if at.over:
            break


def _limit(at: _Pricing, rows: NDArray[np.int64], steps: int) -> None:
    """Raise the bounds of some sets by prices on what their offers hold."""
    if len(rows) == 0:
        return
    found = enumeration.limited_costs(at.problem, at.relaxed, at.sets[rows], at.target, steps)
    at.work += steps * (found.per_gram.size * len(at.problem.quantity) + CALL_CELLS)
    better = np.flatnonzero(~at.limited[rows] | (found.cost > at.limits.cost[rows]))
    for name in Limits.__slots__:
        getattr(at.limits, name)[rows[better]] = getattr(found, name)[better]
    at.costs[rows] = np.maximum(at.costs[rows], found.cost)
    at.limited[rows] = True


def _fill(at: _Pricing, rows: NDArray[np.int64], aim: int) -> NDArray[np.int64]:
    """Settle some sets for plans that cost less than the aim. Returns those with too many fillings."""
    aim = min(aim, at.target)
    rows = rows[at.costs[rows] < aim]
    if len(rows) == 0:
        return rows
    found = filling.cheapest(at.problem, at.sets[rows], at.limits.take(rows), aim)
    at.work += FILL_CELLS + LOOK_CELLS * found.looked_at
    if found.units is not None:
        offers = at.sets[rows[found.index]]
        ascending = np.argsort(offers)
        at.best = cover(at.problem, offers[ascending], found.units[:, ascending])
        at.target = aim = at.best.objective
    settled = rows[found.settled]
    at.costs[settled] = np.maximum(at.costs[settled], aim)
    unsettled: NDArray[np.int64] = rows[~found.settled & (at.costs[rows] < aim)]
    return unsettled

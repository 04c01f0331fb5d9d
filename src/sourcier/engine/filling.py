"""The cheapest filling of sets of offers within all their limits, exact, for many sets side by side.

With a set of offers open, demands are independent but for what the offers can hold: grams, units, lines. Multipliers on
grams and units bound the cost from below (`enumeration.Limits`). Then, demand after demand, every way to spread it over
the set is a choice, and of all partial fillings only those are kept that fit, and that the bound of the rest leaves
below the target. Demands that draw on the same stock are spread together.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from math import comb, prod

import numpy as np
from numpy.typing import NDArray

from sourcier.engine.columns import Columns
from sourcier.engine.compile import BoolArray, IntArray
from sourcier.engine.enumeration import Limits, Sets
from sourcier.engine.offers import Problem

PARTIAL_MAX = 40_000
"""Partial fillings that are kept at once; the sets with the most of them are given up beyond."""

WAYS_MAX = 1_500
"""Ways to spread the demands of one stock over a set, beyond which all sets are given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """The cheapest filling below the target, if there is one: ``units[D, m]`` of the offers of set `index`.

    `settled[S]`: no filling of the set costs less than that one, or than the target where there is none.
    """

    index: int
    units: IntArray | None
    settled: BoolArray


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choice:
    """The `ways[W, demands, m]` to spread some demands, and what each adds to the bound of a set, ``regret[S, W]``."""

    demands: list[int]
    ways: IntArray
    regret: IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class _Partial(Columns):
    """Partial fillings (axis N): of which set, the bound of their cost, and what each offer holds, ``[N, m]``.

    `parent` and `way` say from which of the fillings before, and how, each came about.
    """

    of: NDArray[np.int64]
    cost: IntArray
    grams: IntArray
    units: IntArray
    lines: IntArray
    parent: NDArray[np.int64]
    way: NDArray[np.int64]


def cheapest(problem: Problem, sets: Sets, limits: Limits, target: int) -> Filled:
    """The cheapest filling of any of the ``sets[S, m]`` that costs less than `target`."""
    settled = np.ones(len(sets), dtype=np.bool_)
    choices = _choices(problem, sets, limits, target)
    if choices is None:
        return Filled(index=0, units=None, settled=~settled)
    zeros = np.zeros(sets.shape, dtype=np.int64)
    first = np.arange(len(sets))
    steps = [_Partial(of=first, cost=limits.cost, grams=zeros, units=zeros, lines=zeros, parent=first, way=first)]
    for choice in choices:
        steps.append(_spread(problem, sets, limits, steps[-1], choice, target, settled))
    last = steps[-1]
    unused = limits.per_gram[last.of] * (limits.grams_max[last.of] - last.grams)
    unused += limits.per_unit[last.of] * (limits.units_max[last.of] - last.units)
    cost = last.cost + unused.sum(axis=1)  # the multipliers were credited with limits that are full
    if len(cost) == 0 or int(cost.min()) >= target:
        return Filled(index=0, units=None, settled=settled)
    best = int(cost.argmin())
    return Filled(index=int(last.of[best]), units=_units(problem, steps, choices, best), settled=settled)


def _choices(problem: Problem, sets: Sets, limits: Limits, target: int) -> list[_Choice] | None:
    """The choices, those that leave least to choose first; None if one has too many ways."""
    found = []
    room = (target - limits.cost)[:, None]
    for group in range(int(problem.group.max()) + 1):
        demands = np.flatnonzero(problem.group == group).tolist()
        ways = _ways([int(problem.quantity[d]) for d in demands], sets.shape[1])
        if ways is None:
            return None
        regret = _regret(problem, sets, limits, demands, ways)
        useful = (regret < room).any(axis=0)
        found.append(_Choice(demands=demands, ways=ways[useful], regret=regret[:, useful]))
    return sorted(found, key=lambda choice: int((choice.regret < room).sum()))


def _ways(quantities: list[int], size: int) -> IntArray | None:
    """``ways[W, demands, size]``: every way to take no more than the quantities; None if they are too many."""
    if prod(comb(quantity + size, size) for quantity in quantities) > WAYS_MAX:
        return None
    per_demand = [list(_rows(quantity, size)) for quantity in quantities]
    return np.array(list(product(*per_demand)), dtype=np.int64)


def _rows(quantity: int, size: int) -> Iterator[tuple[int, ...]]:
    if size == 0:
        yield ()
        return
    for units in range(quantity + 1):
        for rest in _rows(quantity - units, size - 1):
            yield (units, *rest)


def _regret(problem: Problem, sets: Sets, limits: Limits, demands: list[int], ways: IntArray) -> IntArray:
    """``regret[S, W]``: what each way costs above the cheapest, multipliers included; huge where it is impossible."""
    regret = np.zeros((len(sets), len(ways)), dtype=np.int64)
    least = np.zeros(len(sets), dtype=np.int64)
    for i, d in enumerate(demands):
        saving = problem.unfilled[d] - problem.unit[d][sets] - limits.per_gram * problem.weight[d] - limits.per_unit
        cost = -(saving @ ways[:, i].T)
        within = (ways[None, :, i] <= problem.supply[d][sets][:, None]).all(axis=2)
        cost[~within] = IMPOSSIBLE
        least += cost.min(axis=1)
        regret += cost
    regret = np.minimum(regret, IMPOSSIBLE) - least[:, None]
    if len(demands) > 1:
        drawn = ways.sum(axis=1)
        regret[(drawn[None] > problem.available[demands[0]][sets][:, None]).any(axis=2)] = IMPOSSIBLE
    if problem.max_nodes_per_line is not None:
        regret[:, ((ways > 0).sum(axis=2) > problem.max_nodes_per_line).any(axis=1)] = IMPOSSIBLE
    return regret


IMPOSSIBLE = np.int64(2**61)
"""Above every target."""


def _spread(
    problem: Problem, sets: Sets, limits: Limits, before: _Partial, choice: _Choice, target: int, settled: BoolArray
) -> _Partial:
    """Every partial filling with every way of a choice that fits and stays below the target."""
    of_set, way = np.nonzero(choice.regret < (target - limits.cost)[:, None])
    count = np.bincount(of_set, minlength=len(sets))
    start = np.cumsum(count) - count
    rows = _within_reach(before, count, settled)
    parent = np.repeat(rows, count[before.of[rows]])
    repeated = count[before.of[rows]]
    offset = np.arange(len(parent)) - np.repeat(np.cumsum(repeated) - repeated, repeated)
    of = before.of[parent]
    taken = way[start[of] + offset]
    cost = before.cost[parent] + choice.regret[of, taken]
    kept = np.flatnonzero(cost < target)
    parent, of, taken, cost = parent[kept], of[kept], taken[kept], cost[kept]
    units = choice.ways.sum(axis=1)
    grams = (choice.ways * problem.weight[choice.demands][None, :, None]).sum(axis=1)
    lines = (choice.ways > 0).sum(axis=1)
    after = _Partial(
        of=of,
        cost=cost,
        grams=before.grams[parent] + grams[taken],
        units=before.units[parent] + units[taken],
        lines=before.lines[parent] + lines[taken],
        parent=parent,
        way=taken,
    )
    fits = (after.grams <= limits.grams_max[of]) & (after.units <= limits.units_max[of])
    if len(problem.quantity) > int(problem.cap_lines.min()):
        fits &= after.lines <= problem.cap_lines[sets[of]]
    return after.take(np.flatnonzero(fits.all(axis=1)))


def _within_reach(before: _Partial, count: IntArray, settled: BoolArray) -> NDArray[np.int64]:
    """The partial fillings that go on: sets whose fillings would become too many are given up, the largest first."""
    per_set = np.bincount(before.of, minlength=len(count)) * count
    order = np.argsort(per_set, kind="stable")
    given_up = order[np.cumsum(per_set[order]) > PARTIAL_MAX]
    settled[given_up] = False
    return np.flatnonzero(~np.isin(before.of, given_up))


def _units(problem: Problem, steps: list[_Partial], choices: list[_Choice], last: int) -> IntArray:
    """``units[D, m]`` of a filling, walked back from its last step."""
    size = steps[0].grams.shape[1]
    units = np.zeros((len(problem.quantity), size), dtype=np.int64)
    row = last
    for step, choice in zip(reversed(steps[1:]), reversed(choices), strict=True):
        units[choice.demands] = choice.ways[step.way[row]]
        row = int(step.parent[row])
    return units

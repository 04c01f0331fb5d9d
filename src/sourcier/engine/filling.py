"""The cheapest filling of sets of offers within all their limits, exact, for many sets side by side.

With a set of offers open, demands are independent but for what the offers can hold: grams, units, lines. Multipliers on
grams and units bound the cost from below (`enumeration.Limits`). Then, demand after demand, every way to spread it over
the set is a choice, and of all partial fillings only those are kept that fit, and that the bound of the rest leaves
below the target. Demands that draw on the same stock are spread together.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from sourcier.engine.columns import Columns, copies
from sourcier.engine.compile import BoolArray, IntArray
from sourcier.engine.enumeration import Limits, Sets
from sourcier.engine.offers import Problem

PARTIAL_MAX = 40_000
"""Partial fillings that are kept at once; the sets with the most of them are given up beyond."""

PARTIAL_CELLS_MAX = 1_200_000
"""The same times demands: what keeps the fillings of a long order near 0.1 s."""

DOMINATED_MIN = 500
"""Partial fillings beyond which dominated ones are looked for."""

NEIGHBOURS = (1, 2, 4)
"""How far before a filling, by cost, one that dominates it is looked for."""

WAYS_MAX = 100_000
"""Ways to spread demands over sets that are looked at side by side; the sets with the most are given up beyond."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """The cheapest filling below the target, if there is one: ``units[D, m]`` of the offers of set `index`.

    `settled[S]`: no filling of the set costs less than that one, or than the target where there is none. `looked_at` is
    how many ways and partial fillings that took.
    """

    index: int
    units: IntArray | None
    settled: BoolArray
    looked_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ways(Columns):
    """Ways to spread some demands over sets (axis N, by set): ``units[N, demands, m]`` of the offers of set `of`.

    `regret` is what a way adds to the bound of its set.
    """

    of: NDArray[np.int64]
    units: IntArray
    regret: IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choice:
    """The ways to spread some demands, those that draw on one stock."""

    demands: list[int]
    ways: _Ways


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
    choices = _choices(problem, sets, limits, target, settled)
    zeros = np.zeros(sets.shape, dtype=np.int64)
    first = np.arange(len(sets))
    steps = [_Partial(of=first, cost=limits.cost, grams=zeros, units=zeros, lines=zeros, parent=first, way=first)]
    for choice in choices:
        steps.append(_spread(problem, sets, limits, steps[-1], choice, target, settled))
    last = steps[-1]
    looked_at = sum(len(step.of) for step in steps) + sum(len(choice.ways.of) for choice in choices)
    unused = limits.per_gram[last.of] * (limits.grams_max[last.of] - last.grams)
    unused += limits.per_unit[last.of] * (limits.units_max[last.of] - last.units)
    cost = last.cost + unused.sum(axis=1)  # the multipliers were credited with limits that are full
    if len(cost) == 0 or int(cost.min()) >= target:
        return Filled(index=0, units=None, settled=settled, looked_at=looked_at)
    best = int(cost.argmin())
    units = _units(problem, steps, choices, best)
    return Filled(index=int(last.of[best]), units=units, settled=settled, looked_at=looked_at)


def _choices(problem: Problem, sets: Sets, limits: Limits, target: int, settled: BoolArray) -> list[_Choice]:
    """The choices, those that leave least to choose first. Sets with too many ways are given up and have none."""
    room = target - limits.cost
    each = _of_each(problem, sets, limits, room, settled)
    found = []
    for group in range(int(problem.group.max()) + 1):
        demands = np.flatnonzero(problem.group == group).tolist()
        ways = each[demands[0]]
        for d in demands[1:]:
            ways = _together(ways, each[d], problem.available[demands[0]][sets], room, settled)
        found.append(_Choice(demands=demands, ways=ways))
    return sorted(_merged(found, len(sets)), key=lambda choice: len(choice.ways.of))


def _merged(choices: list[_Choice], num_sets: int) -> list[_Choice]:
    """The choices, those in one that leave every set one way."""
    every = np.arange(num_sets)
    forced = [choice for choice in choices if np.array_equal(choice.ways.of, every)]
    if len(forced) < 2:
        return choices
    ways = _Ways(
        of=every,
        units=np.concatenate([choice.ways.units for choice in forced], axis=1),
        regret=np.sum([choice.ways.regret for choice in forced], axis=0),
    )
    one = _Choice(demands=[d for choice in forced for d in choice.demands], ways=ways)
    return [one, *(choice for choice in choices if not any(choice is other for other in forced))]


def _of_each(problem: Problem, sets: Sets, limits: Limits, room: IntArray, settled: BoolArray) -> list[_Ways]:
    """Per demand, every way to spread it that adds less than the `room[S]` of the set, multipliers included.

    All demands of all sets go side by side, from the offer that saves most at the multipliers on: how many units come
    from it is a choice, and what the choice adds is known at once, for the rest is best filled in the same order.
    """
    (num_sets, size), num_demands = sets.shape, len(problem.quantity)
    saving = problem.unfilled[:, None, None] - problem.unit[:, sets]
    saving = (saving - problem.weight[:, None, None] * limits.per_gram - limits.per_unit).reshape(-1, size)
    order = np.argsort(-saving, axis=1, kind="stable")
    saving = np.take_along_axis(saving, order, axis=1)
    supply = np.take_along_axis(problem.supply[:, sets].reshape(-1, size), order, axis=1)
    row = np.arange(num_demands * num_sets)
    of, rest = row % num_sets, np.repeat(problem.quantity, num_sets)
    regret, units = np.zeros_like(row), np.zeros((len(row), 0), dtype=np.int64)
    for j in range(size):
        best, following = np.maximum(saving[row, j], 0), np.maximum(saving[row, j + 1], 0) if j + 1 < size else 0
        most = np.minimum(rest, supply[row, j])
        spare = np.maximum(room[of] - regret - 1, 0)
        least = np.maximum(most - spare // np.maximum(best - following, 1), 0)
        least = np.where(best > following, least, 0)
        most = np.where(saving[row, j] < 0, np.minimum(most, spare // np.maximum(-saving[row, j], 1)), most)
        count = np.maximum(most - least + 1, 0)
        count[_given_up(of, count, WAYS_MAX, settled)] = 0
        before, taken = copies(count)
        taken += least[before]
        left = rest[before] - taken
        lost = _value(saving, supply, row, rest, j)[before] - taken * saving[row[before], j]
        lost -= _value(saving, supply, row[before], left, j + 1)
        lost += regret[before]
        kept = np.flatnonzero(lost < room[of[before]])
        before = before[kept]
        row, of, rest, regret = row[before], of[before], left[kept], lost[kept]
        units = np.column_stack([units[before], taken[kept]])
    placed = np.empty_like(units)
    np.put_along_axis(placed, order[row], units, axis=1)
    if problem.max_nodes_per_line is not None:
        few = (placed > 0).sum(axis=1) <= problem.max_nodes_per_line
        row, of, placed, regret = row[few], of[few], placed[few], regret[few]
    ends = np.searchsorted(row, np.arange(num_demands + 1) * num_sets)
    spans = [slice(low, high) for low, high in pairwise(ends.tolist())]
    return [_Ways(of=of[span], units=placed[span, None], regret=regret[span]) for span in spans]


def _value(saving: IntArray, supply: IntArray, row: IntArray, rest: IntArray, first: int) -> IntArray:
    """What the `rest` saves at most with the offers from the `first` on."""
    value = np.zeros_like(rest)
    for j in range(first, saving.shape[1]):
        taken = np.minimum(rest, supply[row, j])
        value += taken * np.maximum(saving[row, j], 0)
        rest = rest - taken
    return value


def _together(one: _Ways, other: _Ways, available: IntArray, room: IntArray, settled: BoolArray) -> _Ways:
    """Every way of one with every way of the other that the stock ``available[S, m]`` of the set is enough for."""
    first, second = _paired(one.of, other, WAYS_MAX, settled)
    of = one.of[first]
    regret = one.regret[first] + other.regret[second]
    units = np.concatenate([one.units[first], other.units[second]], axis=1)
    fits = (regret < room[of]) & (units.sum(axis=1) <= available[of]).all(axis=1)
    return _Ways(of=of, units=units, regret=regret).take(np.flatnonzero(fits))


def _paired(of: IntArray, ways: _Ways, most: int, settled: BoolArray) -> tuple[IntArray, IntArray]:
    """Every row, of the set `of`, with every way of its set; sets are given up so that there are at most so many."""
    count = np.bincount(ways.of, minlength=len(settled))
    start, repeated = np.cumsum(count) - count, count[of]
    repeated[_given_up(of, repeated, most, settled)] = 0
    row, nth = copies(repeated)
    return row, start[of[row]] + nth


def _given_up(of: IntArray, count: IntArray, most: int, settled: BoolArray) -> BoolArray:
    """Which rows are of sets that are given up, those with the most, so that the others come to `most` together."""
    if int(count.sum()) <= most:
        return np.zeros(len(of), dtype=np.bool_)
    per_set = np.bincount(of, weights=count, minlength=len(settled))
    order = np.argsort(per_set, kind="stable")
    given_up = order[np.cumsum(per_set[order]) > most]
    settled[given_up] = False
    return np.isin(of, given_up)


def _spread(
    problem: Problem, sets: Sets, limits: Limits, before: _Partial, choice: _Choice, target: int, settled: BoolArray
) -> _Partial:
    """Every partial filling with every way of a choice that fits and stays below the target."""
    ways = choice.ways
    most = min(PARTIAL_MAX, PARTIAL_CELLS_MAX // len(problem.quantity))
    parent, taken = _paired(before.of, ways, most, settled)
    of = before.of[parent]
    cost = before.cost[parent] + ways.regret[taken]
    kept = np.flatnonzero(cost < target)
    parent, of, taken, cost = parent[kept], of[kept], taken[kept], cost[kept]
    units = ways.units.sum(axis=1)
    grams = (ways.units * problem.weight[choice.demands][None, :, None]).sum(axis=1)
    lines = (ways.units > 0).sum(axis=1)
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
    after = after.take(np.flatnonzero(fits.all(axis=1)))
    return after.take(_undominated(problem, sets, limits, after)) if len(after.of) > DOMINATED_MIN else after


def _undominated(problem: Problem, sets: Sets, limits: Limits, partial: _Partial) -> NDArray[np.int64]:
    """The fillings without those of which another one of the same set costs no more and leaves as much room.

    What an offer holds counts only where that can be too little for all it could be sent. Where that is so of one limit
    of a set, all dominated ones are found; else those that a filling little cheaper dominates.
    """
    most = np.minimum(problem.supply, problem.quantity[:, None])[:, sets]
    grams_bind = np.tensordot(problem.weight, most, axes=1) > limits.grams_max
    units_bind = most.sum(axis=0) > limits.units_max
    lines_bind = (most > 0).sum(axis=0) > problem.cap_lines[sets]
    of = partial.of
    unused = limits.per_gram[of] * (limits.grams_max[of] - partial.grams)
    unused += limits.per_unit[of] * (limits.units_max[of] - partial.units)
    order = np.lexsort((partial.cost + unused.sum(axis=1), of))
    of = of[order]
    held = np.column_stack(
        [
            np.where(bind[of], column[order], 0)
            for bind, column in (
                (grams_bind, partial.grams),
                (units_bind, partial.units),
                (lines_bind, partial.lines),
            )
        ]
    )
    single = (np.column_stack([grams_bind, units_bind, lines_bind]).sum(axis=1) <= 1)[of]
    kept = np.ones(len(of), dtype=np.bool_)
    total = held.sum(axis=1)
    apart = int(total.max()) + 1
    lowest = np.minimum.accumulate(total - of * apart)
    kept[1:] = ~single[1:] | (total[1:] - of[1:] * apart < lowest[:-1])
    held = held[:, held.any(axis=0)]
    for back in NEIGHBOURS:
        dominated = (of[back:] == of[:-back]) & (held[back:] >= held[:-back]).all(axis=1)
        kept[back:] &= ~dominated
    return np.sort(order[kept])


def _units(problem: Problem, steps: list[_Partial], choices: list[_Choice], last: int) -> IntArray:
    """``units[D, m]`` of a filling, walked back from its last step."""
    size = steps[0].grams.shape[1]
    units = np.zeros((len(problem.quantity), size), dtype=np.int64)
    row = last
    for step, choice in zip(reversed(steps[1:]), reversed(choices), strict=True):
        units[choice.demands] = choice.ways.units[step.way[row]]
        row = int(step.parent[row])
    return units

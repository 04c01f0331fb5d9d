"""The best plan over a few offers, exact: demand after demand, by the weights that the offers carry.

With a set of offers open, a plan costs what its units cost and the tiers that the weights of its shipments fall into.
So of all ways to spread the demands so far that leave every offer with the same weight, only the cheapest is kept (a
knapsack by weight), and none that the linear bound of the whole plan leaves no cheaper than the best one known.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import combinations
from math import comb
from operator import add, mul
from typing import NamedTuple

import numpy as np

from sourcier.engine.bounds import Relaxed
from sourcier.engine.compile import IntArray
from sourcier.engine.formulation import Cover, cover
from sourcier.engine.offers import Fill, Problem

OFFERS_MAX = 3
"""Offers over which all sets are looked at."""

WAYS_MAX = 100
"""Ways to spread one demand over a set."""

STEPS_MAX = 4_000
"""Partial plans looked at, over all sets."""


class _Way(NamedTuple):
    """How a demand is spread over a set: the units and grams of each offer, what they cost, and at least cost."""

    units: tuple[int, ...]
    grams: tuple[int, ...]
    cost: int
    least: int


_Trace = tuple["_Trace | None", tuple[int, ...]]
"""The units of the demands so far, the last one first."""

_States = dict[tuple[int, ...], tuple[int, int, _Trace | None]]
"""By the grams that each offer carries: what the cheapest way there costs, its regret, and how it came about."""


def best_of_few(
    problem: Problem, relaxed: Relaxed, offers: Sequence[int], best: Cover, *, least: int = 1
) -> Cover | None:
    """The best plan of `least` shipments or more over some of the offers, or `best` if none is cheaper; None if that
    cannot be settled here.

    Where the order must be whole, plans that leave units unfilled are none. Not settled are shared stock, capacity that
    can bind, more offers than OFFERS_MAX, and what takes too many steps.
    """
    if len(offers) > OFFERS_MAX or problem.shares_stock or relaxed.capped[list(offers)].any():
        return None
    most = min(len(offers), problem.max_shipments or len(offers))
    left = STEPS_MAX
    for size in range(least, most + 1):
        for opened in combinations(offers, size):
            if len(set(problem.node[list(opened)].tolist())) < size:
                continue
            ways = _ways(problem, relaxed, opened)
            if ways is None:
                return None
            units, left = _cheapest(problem, relaxed, opened, ways, best.objective, left)
            if left < 0:
                return None
            if units is not None:
                best = min(best, cover(problem, np.array(opened), units), key=lambda found: found.objective)
    return best


def _ways(problem: Problem, relaxed: Relaxed, opened: Sequence[int]) -> list[list[_Way]] | None:
    """Every way to spread each demand over the opened offers, none where one has no way; None if one has too many."""
    columns = list(opened)
    unit, least = problem.unit[:, columns].tolist(), relaxed.unit[:, columns].tolist()
    supply, whole = problem.supply[:, columns].tolist(), problem.fill is not Fill.PARTIAL
    demands = zip(problem.quantity.tolist(), problem.weight.tolist(), problem.unfilled.tolist(), strict=True)
    limit = len(opened) if problem.max_nodes_per_line is None else problem.max_nodes_per_line
    found = []
    for d, (quantity, weight, unfilled) in enumerate(demands):
        if comb(quantity + len(opened), len(opened)) > WAYS_MAX:
            return None
        ways = [
            _Way(
                units=units,
                grams=tuple([weight * count for count in units]),
                cost=_times(units, unit[d]) + left * unfilled,
                least=_times(units, least[d]) + left * unfilled,
            )
            for units, left in _rows(quantity, supply[d], 0 if whole else quantity)
            if len(units) - units.count(0) <= limit
        ]
        if not ways:
            return []
        found.append(ways)
    return found


def _times(counts: Sequence[int], prices: Sequence[int]) -> int:
    """The counts times their prices, added up."""
    return sum(map(mul, counts, prices))


def _rows(quantity: int, supply: Sequence[int], left_max: int) -> Iterator[tuple[tuple[int, ...], int]]:
    """Every way to take no more than the quantity and leave no more than so much of it, and how much each leaves."""
    least = max(0, quantity - left_max - sum(supply[1:]))
    if len(supply) == 1:
        for units in range(least, min(quantity, supply[0]) + 1):
            yield (units,), quantity - units
        return
    for units in range(least, min(quantity, supply[0]) + 1):
        for rest, left in _rows(quantity - units, supply[1:], left_max):
            yield (units, *rest), left


def _cheapest(
    problem: Problem, relaxed: Relaxed, opened: Sequence[int], ways: list[list[_Way]], target: int, steps: int
) -> tuple[IntArray | None, int]:
    """``units[D, opened]`` of the cheapest plan that costs less than the target, if there is one, and the steps left:
    fewer than 0 where they were not enough."""
    if not ways:
        return None, steps
    order, columns = sorted(range(len(ways)), key=lambda d: len(ways[d])), list(opened)
    floors = [min(way.least for way in demand) for demand in ways]
    room = target - (int(relaxed.fixed[columns].sum()) - problem.split + sum(floors))
    states: _States = {(0,) * len(opened): (0, 0, None)}
    for d in order:
        steps -= len(states) * len(ways[d])
        if steps < 0:
            return None, steps
        states = _spread(states, ways[d], floors[d], room)
    trace = _least(problem, columns, states, target)
    if trace is None:
        return None, steps
    units = np.zeros((len(ways), len(opened)), dtype=np.int64)
    for d in reversed(order):
        assert trace is not None, "every demand was spread"
        trace, units[d] = trace
    return units, steps


def _spread(states: _States, ways: list[_Way], floor: int, room: int) -> _States:
    """Every state with one more demand; `regret` is what the ways so far cost above the least, `room` its limit."""
    after: _States = {}
    for grams, (cost, regret, trace) in states.items():
        for way in ways:
            above = regret + way.least - floor
            if above < room:
                key, total = tuple(map(add, grams, way.grams)), cost + way.cost
                kept = after.get(key)
                if kept is None or total < kept[0]:
                    after[key] = (total, above, (trace, way.units))
    return after


def _least(problem: Problem, opened: list[int], states: _States, target: int) -> _Trace | None:
    """How the cheapest of the states came about, tiers included, if it costs less than the target."""
    tables = [problem.tier_tables[tier] for tier in problem.tiers[opened].tolist()]
    tiers = [(table.limit_g.tolist(), table.cost.tolist()) for table in tables]
    fixed = int(problem.fixed[opened].sum()) - problem.split
    best = None
    for grams, (cost, _, trace) in states.items():
        reached = [bisect_left(limits, weight) for (limits, _), weight in zip(tiers, grams, strict=True)]
        if all(t < len(costs) for t, (_, costs) in zip(reached, tiers, strict=True)):
            total = fixed + cost + sum(costs[t] for t, (_, costs) in zip(reached, tiers, strict=True))
            if total < target:
                target, best = total, trace
    return best

"""Good plans without a solver: the best single shipment (exact), greedy covers and drop search.

Every plan that leaves this module is feasible and priced exactly by `formulation`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sourcier.engine.bounds import Relaxed
from sourcier.engine.compile import BoolArray, IntArray
from sourcier.engine.formulation import Cover, breaks, cheapest_first, cover, heaviest, nothing, unfilled_cost
from sourcier.engine.offers import Problem

Offers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Singles:
    """Every offer as the only one of a plan (axis K).

    With all the ``units[D, K]`` worth shipping, which are ``possible[K]`` by stock, capacity and weight, a plan costs
    ``price[K]``; no plan costs less than ``least[K]``. Nothing shipped costs `nothing`.
    """

    units: IntArray
    possible: BoolArray
    price: IntArray
    least: IntArray
    nothing: int


def singles(problem: Problem, saving: IntArray) -> Singles:
    """What each offer can do alone. `saving[D, K]` is a unit's against leaving it unfilled, 0 where there is none.

    A plan of one offer that leaves nothing out pays the price, where that is possible. Any other leaves out a unit that
    was worth shipping; it may pay for the cheapest tier.
    """
    tables, tiers = problem.tier_tables, problem.tiers
    units = np.where(saving > 0, problem.supply, 0)
    filling_nothing = int(problem.quantity @ problem.unfilled)
    cost = problem.fixed + (filling_nothing - problem.split)
    cost -= np.add.reduce(units * saving, axis=0)
    grams = problem.weight @ units
    limit = tables.limit.take(tiers, axis=1)
    tier = np.minimum(np.add.reduce(limit < grams, axis=0), len(limit) - 1)
    price = cost + tables.cost.take(tier * len(tables) + tiers)
    possible = (grams <= limit[-1]) & _within_capacity(problem, units)
    cost += tables.cheapest.take(tiers)
    less = cost + np.minimum.reduce(np.where(units > 0, saving, _NO_UNIT), axis=0)
    if not tables.rising:  # with what is not worth shipping a parcel may reach a tier that costs less
        less = cost
    return Singles(
        units=units,
        possible=possible,
        price=price,
        least=np.where(possible, np.minimum(price, less), less),
        nothing=filling_nothing,
    )


_NO_UNIT = 2**61
"""What leaving out a unit costs where there is none; above OBJECTIVE_MICROS_MAX."""


def best_single(problem: Problem, alone: Singles, span: slice) -> Cover:
    """The best plan of at most one shipment among the four offers in the span that price best.

    Where all that is worth shipping is possible, the price is exact.
    """
    price = alone.price[span]
    first = int(price.argmin())
    if price[first] < alone.nothing and alone.possible[span.start + first]:
        return _all_of(alone, span.start + first)
    best = nothing(problem)
    for position in np.argsort(price, kind="stable")[:4].tolist():
        if int(price[position]) >= best.objective:
            break
        offer = span.start + position
        if alone.possible[offer]:
            return _all_of(alone, offer)
        found = fill(problem, np.array([offer]))
        if found.objective < best.objective:
            best = found
    return best


def _all_of(alone: Singles, offer: int) -> Cover:
    """All that is worth shipping from an offer."""
    units = alone.units[:, offer : offer + 1]
    return Cover(offers=np.array([offer]), units=units, objective=int(alone.price[offer]))


def _within_capacity(problem: Problem, units: IntArray) -> BoolArray:
    """Per offer, whether it can bring its ``units[D, K]`` alone, by shared stock and capacity."""
    within: BoolArray = np.add.reduce(units, axis=0) <= problem.cap_units
    if int(problem.cap_lines.min()) < len(units):
        within &= np.add.reduce(units > 0, axis=0) <= problem.cap_lines
    if problem.shares_stock:
        together = (problem.group[:, None] == problem.group[None, :]) @ units
        within &= (together <= problem.available).all(axis=0)
    return within


def _tier_estimate(problem: Problem, offers: Offers, units: IntArray) -> IntArray:
    """The tier of each offer's contents ``units[D, offer]``; the last one where they are too heavy."""
    grams = problem.weight @ units
    cost = np.zeros(len(offers), dtype=np.int64)
    tiers = problem.tiers[offers]
    for index in set(tiers.tolist()):
        table, mine = problem.tier_tables[index], tiers == index
        tier = np.minimum(np.searchsorted(table.limit_g, grams[mine]), len(table.cost) - 1)
        cost[mine] = table.cost[tier]
    return cost


def fill(problem: Problem, offers: Offers) -> Cover:
    """The cheapest units first from the opened `offers`; where a constraint breaks, unit by unit what still fits."""
    units = cheapest_first(problem, offers, problem.unit)
    if breaks(problem, offers, units):
        units = _fit(problem, offers)
    return cover(problem, offers, units)


def _fill_if_below(problem: Problem, offers: Offers, target: int) -> Cover | None:
    """`fill` and `lighten`, unless the cheapest units cost `target` or more, or weigh more than all offers carry."""
    units = cheapest_first(problem, offers, problem.unit)
    estimate = (
        int((problem.unit[:, offers] * units).sum())
        + int(problem.fixed[offers].sum())
        + int(_tier_estimate(problem, offers, units).sum())
        + unfilled_cost(problem, units)
        - problem.split
    )
    limits = sum(int(problem.tier_tables[index].limit_g[-1]) for index in problem.tiers[offers])
    if estimate >= target or int((problem.weight @ units).sum()) > limits:
        return None
    if breaks(problem, offers, units):
        units = _fit(problem, offers)
    return lighten(problem, cover(problem, offers, units))


def lighten(problem: Problem, start: Cover) -> Cover:
    """Move units between the open shipments wherever that brings one down a weight tier and pays.

    For every shipment and every lower tier the units that cost least per gram to move are moved, as far as stock,
    capacity and the receiving tiers allow; the best such move is made until none pays.
    """
    best = start
    while len(best.offers) > 1:
        found = min((move for move in _lighter(problem, best)), key=lambda c: c.objective, default=best)
        if found.objective >= best.objective:
            break
        best = found
    return best


def _lighter(problem: Problem, start: Cover) -> Iterator[Cover]:
    grams = problem.weight @ start.units
    tables = [problem.tier_tables[problem.tiers[k]] for k in start.offers]
    room = np.array([int(t.limit_g[np.searchsorted(t.limit_g, g)]) for t, g in zip(tables, grams, strict=True)]) - grams
    for j, table in enumerate(tables):
        for limit in table.limit_g[: np.searchsorted(table.limit_g, grams[j])]:
            moved = _move_out(problem, start, j, int(grams[j] - limit), room)
            if moved is not None and not breaks(problem, start.offers, moved):
                yield cover(problem, start.offers, moved)


def _move_out(problem: Problem, start: Cover, j: int, excess: int, room: IntArray) -> IntArray | None:
    """The assignment after at least `excess` grams left shipment j for the others' room, or None if they cannot."""
    units, unit = start.units.copy(), problem.unit[:, start.offers]
    spare = problem.supply[:, start.offers] - units
    room = room.copy()
    light = problem.weight == 0
    per_gram = (unit - unit[:, [j]]) / np.maximum(problem.weight, 1)[:, None]
    per_gram[light] = np.inf
    per_gram[:, j] = np.inf
    for pair in np.argsort(per_gram, axis=None, kind="stable"):
        d, to = divmod(int(pair), len(start.offers))
        if excess <= 0 or not np.isfinite(per_gram[d, to]):
            break
        weight = int(problem.weight[d])
        count = min(int(units[d, j]), int(spare[d, to]), int(room[to]) // weight, -(-excess // weight))
        if count > 0:
            units[d, j] -= count
            units[d, to] += count
            room[to] -= count * weight
            excess -= count * weight
    return units if excess <= 0 else None


def _fit(problem: Problem, offers: Offers) -> IntArray:
    """A feasible assignment: the (demand, offer) pairs by saving, each taking what every constraint lets through."""
    units = np.zeros((len(problem.quantity), len(offers)), dtype=np.int64)
    stock: dict[tuple[int, int], int] = {}
    rest = problem.quantity.copy()
    room = problem.cap_units[offers].copy()
    lines = problem.cap_lines[offers].copy()
    grams = heaviest(problem, offers)
    opened: set[int] = set()
    nodes_left = np.full(len(rest), len(offers) if problem.max_nodes_per_line is None else problem.max_nodes_per_line)
    used_nodes: dict[int, int] = {}
    saving = problem.unfilled[:, None] - problem.unit[:, offers]
    for pair in np.argsort(-saving, axis=None, kind="stable"):
        d, j = divmod(int(pair), len(offers))
        if saving[d, j] <= 0:
            break
        key = (int(problem.group[d]), j)
        left = stock.setdefault(key, int(problem.available[d, offers[j]]))
        by_weight = int(grams[j]) // int(problem.weight[d]) if problem.weight[d] else left
        take = min(int(rest[d]), left, int(room[j]), by_weight)
        node = int(problem.node[offers[j]])
        blocked = (
            lines[j] == 0
            or nodes_left[d] == 0
            or used_nodes.get(node, j) != j
            or (j not in opened and len(opened) == problem.max_shipments)
        )
        if take <= 0 or blocked:
            continue
        units[d, j] += take
        rest[d] -= take
        stock[key] = left - take
        room[j] -= take
        lines[j] -= 1
        grams[j] -= take * int(problem.weight[d])
        nodes_left[d] -= 1
        opened.add(j)
        used_nodes[node] = j
    return units


def greedy(problem: Problem, relaxed: Relaxed) -> Cover:
    """Open, again and again, the offer with the least cost per unit of what is still missing; then `drop`.

    The weighted set-cover rule (Chvatal 1979), with prices instead of sets: an offer is opened while its average cost
    stays below the price of leaving its units unfilled.
    """
    rest = problem.quantity.copy()
    opened: list[int] = []
    free = np.ones(problem.num_offers, dtype=np.bool_)
    limit = problem.num_offers if problem.max_shipments is None else problem.max_shipments
    while len(opened) < limit and rest.any() and free.any():
        take = np.minimum(problem.supply, rest[:, None])
        take[:, ~free] = 0
        spend = relaxed.fixed + (take * problem.unit).sum(axis=0)
        avoided = (take * problem.unfilled[:, None]).sum(axis=0)
        units = take.sum(axis=0)
        average = np.where(units > 0, spend / np.maximum(units, 1), np.inf)
        best = int(np.argmin(np.where(spend < avoided, average, np.inf)))
        if not spend[best] < avoided[best]:
            break
        opened.append(best)
        free &= problem.node != problem.node[best]
        rest = rest - take[:, best]
    return drop(problem, np.array(sorted(opened), dtype=np.int64))


def marginal(problem: Problem, relaxed: Relaxed, price: IntArray) -> Cover:
    """Open, again and again, the offer that saves most against `price` (dual prices) on what is still missing."""
    rest = problem.quantity.copy()
    opened: list[int] = []
    free = np.ones(problem.num_offers, dtype=np.bool_)
    limit = problem.num_offers if problem.max_shipments is None else problem.max_shipments
    saving = np.maximum(price[:, None] - problem.unit, 0)
    eager = np.maximum(problem.unfilled[:, None] - problem.unit, 0)
    while len(opened) < limit and rest.any() and free.any():
        take = np.minimum(problem.supply, rest[:, None])
        gain = (take * saving).sum(axis=0) - relaxed.fixed
        full = (take * eager).sum(axis=0) - relaxed.fixed
        gain = np.where(free & (full > 0), gain, np.iinfo(np.int64).min)
        best = int(np.argmax(gain))
        if not (free[best] and full[best] > 0):
            break
        opened.append(best)
        free &= problem.node != problem.node[best]
        rest = rest - take[:, best]
    return drop(problem, np.array(sorted(opened), dtype=np.int64))


def drop(problem: Problem, offers: Offers) -> Cover:
    """Close, one at a time, the offer whose closing helps most, as long as one helps."""
    best = lighten(problem, fill(problem, _one_per_node(problem, offers))) if len(offers) else nothing(problem)
    while len(best.offers) > 1:
        found = _best_of(problem, [np.delete(best.offers, i) for i in range(len(best.offers))], best)
        if found is best:
            break
        best = found
    return best


def _best_of(problem: Problem, trials: list[Offers], best: Cover) -> Cover:
    """The best cover that opens one of the trials, or `best` itself if none is better."""
    for trial in trials:
        found = _fill_if_below(problem, trial, best.objective)
        if found is not None and found.objective < best.objective:
            best = found
    return best


def _one_per_node(problem: Problem, offers: Offers) -> Offers:
    _, first = np.unique(problem.node[offers], return_index=True)
    return offers[np.sort(first)]

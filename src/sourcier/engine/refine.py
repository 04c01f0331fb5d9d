"""What no first certificate settled: plans by their number of shipments, set by set, and the MIP for what is left.

Runs in a solver process. Everything it yields is relative to the offers it was given; offers that were pruned before
cannot be part of a plan cheaper than the incumbent, so its bounds hold for the whole order.

For each number m of shipments there are two dual points of their own: one for plans of m and more, which ends the
search where it reaches the best plan, and one for plans of exactly m, which leaves a list of sets of m offers.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from sourcier.domain.plan import Proof
from sourcier.engine import bounds, dual, enumeration, filling, primal
from sourcier.engine.bounds import Relaxed
from sourcier.engine.compile import IntArray
from sourcier.engine.dual import Dual, Offers, Sizes
from sourcier.engine.formulation import Cover, cover, nothing
from sourcier.engine.offers import Problem, by_tier

TAIL_STEPS = 30
"""Subgradient steps of the ascent for plans of m shipments and more."""

EXACT_STEPS = 20
"""Further steps for plans of exactly m."""

CELL_STEPS_MAX = 1_500_000
"""Steps of one ascent times demands times offers: what keeps it on a very large order near 0.2 s."""

STEPS_MIN = 8
"""Steps of an ascent, however large the order."""

SETS_MAX = 20_000
"""Sets of one size that are priced at once; with more left open, the size goes to the MIP."""

BATCH = 256
"""Sets that are filled side by side; the best plan of a batch leaves less of the next ones open."""

GIVEN_UP_MAX = 64
"""Sets with too many fillings after which the others of their size are left to the MIP as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """What is left open: the problem over the offers left, the best plan so far, a bound and dual prices.

    `waiting` is how many other models of the same request want a solver too (`decide.side_by_side`).
    """

    problem: Problem
    incumbent: Cover
    bound: int = 0
    price: IntArray | None = None
    waiting: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """A cheaper cover of the model's problem, if there is one, a lower bound on every plan, and what proved it."""

    cover: Cover | None
    bound: int
    proof: Proof = Proof.MIP


Mip = Callable[[Problem, int, int], tuple[Cover | None, int]]
"""Solves a problem for a cover that costs less than a target, in so many shipments at least: the cover, if found, and a
lower bound on every such cover."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Open:
    """What a number of shipments leaves open: plans of these `sizes` cost `bounds[i]` at least if they use only the
    offers of row i, `offers[S, m]`."""

    sizes: Sizes
    offers: Offers
    bounds: IntArray


@dataclass(slots=True, kw_only=True)
class _Search:
    """The best plan so far and what is still open; `whole` is over the offers of the model."""

    whole: Problem
    relaxed: Relaxed
    best: Cover
    open: list[_Open] = field(default_factory=list)
    enumerated: bool = False

    @property
    def target(self) -> int:
        """Only plans that cost less are of interest."""
        return self.best.objective

    def found(self, *covers: Cover) -> None:
        """Keep the cheapest."""
        self.best = cheaper(self.best, *covers)


def refine(model: Model, mip: Mip) -> Solution:
    """Every number of shipments in turn, until plans of more cannot be cheaper; the MIP for what that leaves open."""
    problem = model.problem
    search = _Search(whole=problem, relaxed=bounds.relax(problem), best=model.incumbent)
    price = bounds.starting_prices(problem, search.relaxed) if model.price is None else model.price
    search.found(nothing(problem))
    _by_size(search, price)
    still = [(one, rows) for one in search.open if len(rows := np.flatnonzero(one.bounds < search.target))]
    least = min((int(one.bounds[rows].min()) for one, rows in still), default=search.target)
    bound = max(model.bound, least)
    if bound >= search.target:
        return _solution(
            model, search.best, search.target, Proof.ENUMERATION if search.enumerated else Proof.CERTIFICATE
        )
    offers = np.unique(np.concatenate([one.offers[rows].ravel() for one, rows in still]))
    left = replace(by_tier(problem.restricted(offers)), max_shipments=max(one.sizes.most for one, _ in still))
    found, mip_bound = mip(left, search.target, min(one.sizes.least for one, _ in still))
    if found is not None:
        search.found(priced_over(problem, left, found))
    return _solution(model, search.best, min(search.target, max(bound, mip_bound)), Proof.MIP)


def _by_size(search: _Search, price: IntArray) -> None:
    """Settle one shipment, two, three and so on, as far as there are few sets of so many offers."""
    problem, relaxed = search.whole, search.relaxed
    alone = dual.single_bounds(problem, relaxed, search.target)
    one = Sizes(least=1, most=1)
    if not _settle(search, one, problem.unfilled, alone):
        _leave(search, one, alone)
    sizes = dual.at_least(2, problem, relaxed)
    while sizes.exist:
        exactly = Sizes(least=sizes.least, most=sizes.least)
        point, promising = dual.ascend(problem, relaxed, price, search.target, _steps(EXACT_STEPS, problem), exactly)
        if point.bound < search.target:
            _improve(search, point, promising)
            if not _settle(search, exactly, point.price, dual.forced_bounds(problem, relaxed, point)):
                break
        sizes = replace(sizes, least=sizes.least + 1)
        tail, _ = dual.ascend(problem, relaxed, point.price, search.target, _steps(TAIL_STEPS, problem), sizes)
        if tail.bound >= search.target:
            return
        price = tail.price
    if sizes.exist:
        tail, _ = dual.ascend(problem, relaxed, price, search.target, _steps(TAIL_STEPS, problem), sizes)
        _leave(search, sizes, dual.forced_bounds(problem, relaxed, tail))


def _leave(search: _Search, sizes: Sizes, forced: IntArray) -> None:
    """Leave plans of these sizes open, as far as the offers' bounds do."""
    search.open.append(_Open(sizes=sizes, offers=np.arange(len(forced))[:, None], bounds=forced))


def _steps(wanted: int, problem: Problem) -> int:
    return min(wanted, max(STEPS_MIN, CELL_STEPS_MAX // problem.supply.size))


def _improve(search: _Search, point: Dual, promising: list[Offers]) -> None:
    """Plans that the dual point suggests: greedy at its prices, and the last sets worth opening."""
    problem = search.whole
    search.found(primal.marginal(problem, search.relaxed, point.price))
    search.found(*(primal.drop(problem, offers) for offers in promising[-2:]))


def _settle(search: _Search, sizes: Sizes, price: IntArray, forced: IntArray) -> bool:
    """Price all sets of so many offers that the dual point leaves open; False if they are too many.

    Weight tiers are choices here: what was a step in the cost of an offer is one offer per tier with a limit.
    """
    alive = np.flatnonzero(forced < search.target)
    if len(alive) == 0:
        return True
    choices = by_tier(search.whole.restricted(alive))
    relaxed = bounds.relax(choices)
    point = dual.evaluate(choices, relaxed, price, sizes)
    constant = int(choices.quantity @ price) - choices.split
    below = search.target
    sets = enumeration.open_sets(point.value, choices.node, sizes.least, below - constant, SETS_MAX)
    while sets is None and below > point.bound + 1:  # the best plan may be far off: look at the most promising sets
        below = point.bound + (below - point.bound) // 2
        sets = enumeration.open_sets(point.value, choices.node, sizes.least, below - constant, SETS_MAX)
    if sets is None:
        return False
    target = search.target
    search.enumerated |= len(sets) > 0
    costs = _filled(search, choices, relaxed, sets, point.value[sets].sum(axis=1) + constant)
    if below < search.target:
        return search.target < target and _settle(search, sizes, price, forced)
    back = _positions(search.whole, choices.lane)
    search.open.append(_Open(sizes=sizes, offers=back[sets], bounds=costs))
    return True


def _filled(search: _Search, choices: Problem, relaxed: Relaxed, sets: Offers, costs: IntArray) -> IntArray:
    """The bounds of the sets: filled from the cheapest unit on, then within limits, then exactly, in batches."""
    open_still = np.flatnonzero(costs < search.target)
    costs[open_still] = np.maximum(costs[open_still], enumeration.least_costs(choices, relaxed, sets[open_still]))
    order, given_up = np.argsort(costs, kind="stable"), 0
    for first in range(0, len(order), BATCH):
        batch = order[first : first + BATCH]
        batch = batch[costs[batch] < search.target]
        if len(batch) == 0 or given_up > GIVEN_UP_MAX:
            break
        limits = enumeration.limited_costs(choices, relaxed, sets[batch], search.target)
        costs[batch] = np.maximum(costs[batch], limits.cost)
        rows = np.flatnonzero(costs[batch] < search.target)
        found = filling.cheapest(choices, sets[batch[rows]], limits.take(rows), search.target)
        if found.units is not None:
            offers = sets[batch[rows[found.index]]]
            ascending = np.argsort(offers)
            plan = cover(choices, offers[ascending], found.units[:, ascending])
            search.found(priced_over(search.whole, choices, plan))
        given_up += int((~found.settled).sum())
        costs[batch[rows[found.settled]]] = np.maximum(costs[batch[rows[found.settled]]], search.target)
    return costs


def cheaper(*covers: Cover) -> Cover:
    """The cheapest of the covers, the first of equals."""
    return min(covers, key=lambda found: found.objective)


def priced_over(whole: Problem, part: Problem, found: Cover) -> Cover:
    """A cover of some of an order's offers as a cover of all of them, priced again.

    A part may offer single weight tiers, and a cover of it may pay for a higher tier than it needs.
    """
    return cover(whole, _positions(whole, part.lane[found.offers]), found.units)


def _positions(whole: Problem, lanes: IntArray) -> Offers:
    """The offers of the whole order that stand for these lanes."""
    position = {lane: k for k, lane in enumerate(whole.lane.tolist())}
    return np.array([position[lane] for lane in lanes.tolist()], dtype=np.int64)


def _solution(model: Model, best: Cover, bound: int, proof: Proof) -> Solution:
    return Solution(cover=None if best is model.incumbent else best, bound=bound, proof=proof)

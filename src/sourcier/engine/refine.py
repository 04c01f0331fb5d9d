"""What no first certificate settled: plans by their number of shipments, set by set, and the MIP for what is left.

Runs in a solver process. Everything it yields is relative to the offers it was given; offers that were pruned before
cannot be part of a plan cheaper than the incumbent, so its bounds hold for the whole order.

For each number m of shipments the sets of m offers are listed that a dual point leaves open and that can bring what
must be brought (`covering`), and priced (`pricing`). Where they are too many, a dual point of its own for plans of m
shipments and more leaves fewer, or ends the search where it reaches the best plan. Where they are still too many, the
plans that open a node and those that do not are looked at apart (`branching`).

What is listed and what must be brought depend on the best plan so far. Where an order has far from a good one, the MIP
over the few offers that look best finds it: a plan of four parcels that together carry everything is hidden among all
offers, but not among sixteen.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from sourcier.domain.plan import Proof
from sourcier.engine import bounds, covering, dual, pricing, primal
from sourcier.engine.bounds import Relaxed
from sourcier.engine.branching import Branch, split
from sourcier.engine.compile import IntArray
from sourcier.engine.dual import Dual, Offers, Sizes
from sourcier.engine.formulation import Cover, ceiling, cover, nothing
from sourcier.engine.offers import Problem, by_tier

TAIL_STEPS = 15
"""Subgradient steps of the ascent for plans of m shipments and more."""

CELL_STEPS_MAX = 1_500_000
"""Steps of one ascent times demands times offers: what keeps it on a very large order near 0.2 s."""

WORK_MAX = 5_000_000
"""Work on an order, after which nothing new is begun: steps of ascents times demands times offers, and all else in
proportion to the time it takes. It keeps an order near 0.4 s."""

STEP_CELLS = 2_500
"""What a step costs however small the order, in demands times offers."""

IMPROVE_STEPS = 4
"""What a plan at the prices of an ascent costs, in steps."""

STEPS_MIN = 8
"""Steps of an ascent, however large the order."""

AIMS_MAX = 3
"""Times that the aim is halved where sets are too many."""

QUICK_MAX = 30_000
"""Partial sets that are looked at side by side at prices that were not made for their number of shipments."""

QUICK_SETS_MAX = 1_500
"""Sets that are priced at such prices: more of them cost more than an ascent."""

SHORTLISTS = (16, 40)
"""Offers that the MIP looks at alone: first the few that look best, then more."""

SHORTLIST_SHARE = 0.3
"""Of the time that the MIP has left, for a shortlist."""

SOON = 500_000
"""Work after which a search that is not done starts anew, from the best plan among few offers."""

FAR = 1.2
"""Times its bound: a plan that costs more is too poor to search from."""

PARTIAL_CELLS = 2
"""What a partial set costs, in demands times offers of a step."""

SETS_MAX = 6_000
"""Sets of one size that are priced at once; with more left open, the branch is halved."""


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


Mip = Callable[[Problem, int, int, float], tuple[Cover | None, int]]
"""Solves a problem for a cover that costs less than a target, in so many shipments at least, within a share of the
time that is left: the cover, if found, and a lower bound on every such cover."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Open:
    """What a number of shipments leaves open: plans of these `sizes` cost `bounds[i]` at least if they use only the
    offers of row i, `offers[S, m]`."""

    sizes: Sizes
    offers: Offers
    bounds: IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class _Point:
    """A dual point of a problem whose tiers are `choices`: what each is worth, ``value[K]``; plans of n shipments cost
    ``least[n]`` at least, and as much more than ``least[0]`` as their offers are worth."""

    choices: Problem
    relaxed: Relaxed
    price: IntArray
    value: IntArray
    least: IntArray

    def bound(self, sizes: Sizes) -> int:
        """A lower bound on every plan of these sizes."""
        least = self.least[sizes.least : sizes.most + 1]
        return int(least.min()) if len(least) else bounds.NO_PLAN


@dataclass(slots=True, kw_only=True)
class _Search:
    """The best plan so far, what is still open, and the `work` that may be spent; `whole` is over all the offers."""

    whole: Problem
    relaxed: Relaxed
    best: Cover
    open: list[_Open] = field(default_factory=list)
    enumerated: bool = False
    work: int = 0
    spent: int = 0

    @property
    def target(self) -> int:
        """Only plans that cost less are of interest."""
        return ceiling(self.whole, self.best)

    @property
    def exhausted(self) -> bool:
        """Whether all work is spent."""
        return self.spent >= self.work

    def found(self, *covers: Cover) -> None:
        """Keep the cheapest."""
        self.best = cheaper(self.best, *covers)


def refine(model: Model, mip: Mip, work: int = WORK_MAX) -> Solution:
    """Every number of shipments in turn, until plans of more cannot be cheaper; the MIP for what that leaves open.

    Once so much `work` is done, no number of shipments and no branch is begun.
    """
    problem = model.problem
    search = _Search(whole=problem, relaxed=bounds.relax(problem), best=model.incumbent)
    price = bounds.starting_prices(problem, search.relaxed) if model.price is None else model.price
    search.found(nothing(problem))
    shortlists = [length for length in SHORTLISTS if 2 * length <= problem.num_offers]
    if not shortlists or search.target <= FAR * model.bound:
        still = _searched(search, price, work)
    elif still := _searched(search, price, min(SOON, work)):
        _look_among_few(search, price, model.bound, shortlists, mip)
        still = _searched(search, price, work)
    least = min((int(one.bounds[rows].min()) for one, rows in still), default=search.target)
    bound = max(model.bound, least)
    if bound >= search.target:
        return _solution(
            model, search.best, search.target, Proof.ENUMERATION if search.enumerated else Proof.CERTIFICATE
        )
    offers = np.unique(np.concatenate([one.offers[rows].ravel() for one, rows in still]))
    left = replace(by_tier(problem.restricted(offers)), max_shipments=max(one.sizes.most for one, _ in still))
    found, mip_bound = mip(left, search.target, min(one.sizes.least for one, _ in still), 1.0)
    if found is not None:
        search.found(priced_over(problem, left, found))
    return _solution(model, search.best, min(search.target, max(bound, mip_bound)), Proof.MIP)


def _searched(search: _Search, price: IntArray, work: int) -> list[tuple[_Open, IntArray]]:
    """What all plans leave open within so much work, and which rows of it cost less than the best plan."""
    search.work, search.spent, search.open = work, 0, []
    _alone(search)
    _together(search, price)
    return [(one, rows) for one in search.open if len(rows := np.flatnonzero(one.bounds < search.target))]


def _alone(search: _Search) -> None:
    """Settle the plans of one shipment."""
    problem = search.whole
    bounds_alone = dual.single_bounds(problem, search.relaxed, search.target)
    alive = np.flatnonzero(bounds_alone < search.target)
    if len(alive) == 0:
        return
    point = _point(problem.restricted(alive), problem.unfilled)
    if not _settle(search, point, 1, covering.PARTIAL_MAX):
        sizes = Sizes(least=1, most=1)
        search.open.append(_Open(sizes=sizes, offers=np.arange(problem.num_offers)[:, None], bounds=bounds_alone))


def _together(search: _Search, price: IntArray) -> None:
    """Settle the plans of several shipments branch by branch, those that open a node before those that do not."""
    problem, relaxed = search.whole, search.relaxed
    sizes = dual.at_least(2, problem, relaxed)
    waiting = [Branch(problem=problem, sizes=sizes, opened=frozenset(), price=price, bound=0)]
    while waiting and not search.exhausted:
        branch = waiting.pop()
        if branch.bound < search.target:
            waiting += _explored(search, branch)
    for branch in waiting:
        _leave(search, branch)


def _explored(search: _Search, branch: Branch) -> list[Branch]:
    """Settle one number of shipments after the other; the halves of what has too many sets of so many offers."""
    point = _point(branch.problem, branch.price)
    while branch.sizes.exist:
        size = branch.sizes.least
        if point.bound(branch.sizes) >= search.target:
            return []
        if not _settle(search, point, size, QUICK_MAX):
            ascended = _ascended(search, branch)
            if ascended is None:
                return []
            branch = ascended
            point = _point(branch.problem, branch.price)
            if not _settle(search, point, size, covering.PARTIAL_MAX):
                halves = split(branch, bounds.relax(branch.problem), search.target)
                if halves is None:
                    _leave(search, branch)
                return halves or []
        branch = replace(branch, sizes=replace(branch.sizes, least=size + 1))
        if search.exhausted and branch.sizes.exist:
            _leave(search, branch)
            return []
    return []


def _ascended(search: _Search, branch: Branch) -> Branch | None:
    """The branch at a better dual point, over the offers that this leaves; None if no plan of it is cheaper."""
    problem, relaxed = branch.problem, bounds.relax(branch.problem)
    steps = min(TAIL_STEPS, max(STEPS_MIN, CELL_STEPS_MAX // problem.supply.size))
    search.spent += (steps + IMPROVE_STEPS) * (problem.supply.size + STEP_CELLS)
    point, _ = dual.ascend(problem, relaxed, branch.price, search.target, steps, branch.sizes)
    if point.bound < search.target:
        _improve(search, problem, relaxed, point)
    alive = np.flatnonzero(dual.forced_bounds(problem, relaxed, point) < search.target)
    if len(alive) == 0:
        return None
    return replace(branch, price=point.price, bound=max(branch.bound, point.bound)).over(alive)


def _look_among_few(search: _Search, price: IntArray, bound: int, shortlists: Sequence[int], mip: Mip) -> None:
    """The MIP over the offers that look best: among few it finds a good plan long before it does among all.

    The `shortlists` are of so many offers each; they end where the best plan is no longer far from the `bound`.
    """
    problem = search.whole
    value = dual.evaluate(problem, search.relaxed, price, dual.at_least(1, problem, search.relaxed)).value
    brought = np.minimum(problem.supply, problem.quantity[:, None]).sum(axis=0)
    for length in shortlists:
        if search.target <= FAR * bound:
            return
        best = (np.argsort(value, kind="stable")[:length], np.argsort(-brought, kind="stable")[: length // 3])
        part = problem.restricted(np.unique(np.concatenate(best)))
        found, _ = mip(part, search.target, 1, SHORTLIST_SHARE)
        if found is not None:
            search.found(priced_over(problem, part, found))


def _point(problem: Problem, price: IntArray) -> _Point:
    """A dual point of a problem, tier by tier."""
    choices = by_tier(problem)
    relaxed = bounds.relax(choices)
    most = len(problem.node_start)
    value = dual.evaluate(choices, relaxed, price, Sizes(least=1, most=most)).value
    least = covering.least_values(value, choices.node, most)
    constant = int(choices.quantity @ price) - choices.split
    return _Point(choices=choices, relaxed=relaxed, price=price, value=value, least=least + constant)


def _leave(search: _Search, branch: Branch) -> None:
    """Leave the plans of a branch open."""
    offers = _positions(search.whole, branch.problem.lane)[:, None]
    search.open.append(_Open(sizes=branch.sizes, offers=offers, bounds=np.full(len(offers), branch.bound)))


def _improve(search: _Search, problem: Problem, relaxed: Relaxed, point: Dual) -> None:
    """The plan that the dual point suggests."""
    plan = primal.marginal(problem, relaxed, point.price)
    search.found(priced_over(search.whole, problem, plan))


def _settle(search: _Search, point: _Point, size: int, partial_max: int) -> bool:
    """Price all sets of so many offers that the dual point leaves open; False if they are too many.

    Weight tiers are choices here: what was a step in the cost of an offer is one offer per tier with a limit. Where the
    sets are too many, those that may cost least are priced first: a better plan leaves fewer of them open.
    """
    bound, aim, too_far = point.bound(Sizes(least=size, most=size)), search.target, bounds.NO_PLAN
    sets = _listed(search, point, size, aim, partial_max)
    for _ in range(AIMS_MAX if partial_max > QUICK_MAX else 0):
        if sets is not None:
            break
        aim, too_far = bound + (aim - bound) // 2, aim
        sets = _listed(search, point, size, aim, partial_max)
    if sets is None:
        return False
    costs = _filled(search, point, sets)
    if search.target > aim:
        sets = _listed(search, point, size, search.target, partial_max) if search.target < too_far else None
        if sets is None:
            return False
        costs = _filled(search, point, sets)
    back = _positions(search.whole, point.choices.lane)
    search.open.append(_Open(sizes=Sizes(least=size, most=size), offers=back[sets], bounds=costs))
    return True


def _listed(search: _Search, point: _Point, size: int, aim: int, partial_max: int) -> Offers | None:
    """The sets of so many offers that may have a plan which costs less than `aim`; None if they are too many."""
    bound, choices = point.bound(Sizes(least=size, most=size)), point.choices
    if bound >= aim:
        return np.zeros((0, size), dtype=np.int64)
    filled = covering.must_fill(choices, point.price, bound, aim)
    needs = covering.needs(choices, filled)
    found = covering.open_sets(point.value, choices.node, needs, size, aim - int(point.least[0]), partial_max)
    search.spent += found.looked_at * PARTIAL_CELLS
    sets_max = SETS_MAX if partial_max > QUICK_MAX else min(SETS_MAX, QUICK_SETS_MAX)
    return None if found.sets is None or len(found.sets) > sets_max else found.sets


def _filled(search: _Search, point: _Point, sets: Offers) -> IntArray:
    """The bounds of the sets, as far as the work that is left goes."""
    search.enumerated |= len(sets) > 0
    costs = point.value[sets].sum(axis=1) + int(point.least[0])
    found = pricing.price(point.choices, point.relaxed, sets, costs, search.target, search.work - search.spent)
    search.spent += found.work
    if found.best is not None:
        search.found(priced_over(search.whole, point.choices, found.best))
    return found.costs


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

"""What no first certificate settled: plans by their number of shipments, set by set, and the MIP for what is left.

Runs in a solver process. Everything it yields is relative to the offers it was given; offers that were pruned before
cannot be part of a plan cheaper than the incumbent, so its bounds hold for the whole order.

For each number m of shipments there are two dual points of their own: one for plans of m and more, which ends the
search where it reaches the best plan, and one for plans of exactly m, which leaves a list of sets of m offers. Where
that is too long, the plans that open a node and those that do not are looked at apart (`branching`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from sourcier.domain.plan import Proof
from sourcier.engine import bounds, dual, enumeration, filling, primal
from sourcier.engine.bounds import Relaxed
from sourcier.engine.branching import Branch, split
from sourcier.engine.compile import IntArray
from sourcier.engine.dual import Dual, Offers, Sizes
from sourcier.engine.formulation import Cover, cover, nothing
from sourcier.engine.offers import Problem, by_tier

TAIL_STEPS = 15
"""Subgradient steps of the ascent for plans of m shipments and more."""

EXACT_STEPS = 10
"""Further steps for plans of exactly m."""

CELL_STEPS_MAX = 1_500_000
"""Steps of one ascent times demands times offers: what keeps it on a very large order near 0.2 s."""

WORK_MAX = 5_000_000
"""Work on an order, after which nothing new is begun: steps of ascents times demands times offers, steps on limits
times demands times sets, ways and partial fillings. It keeps an order near 0.5 s."""

STEP_CELLS = 2_500
"""What a step costs however small the order, in demands times offers."""

STEPS_MIN = 8
"""Steps of an ascent, however large the order."""

SETS_MAX = 6_000
"""Sets of one size that are priced at once; with more left open, the size goes to the MIP."""

BATCH = 256
"""Sets that are filled side by side; the best plan of a batch leaves less of the next ones open."""

LONG_MAX = 64
"""Sets of a batch that are tried a second time, with better multipliers."""

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
    """The best plan so far, what is still open, and the `work` that may be spent; `whole` is over all the offers."""

    whole: Problem
    relaxed: Relaxed
    best: Cover
    work: int
    open: list[_Open] = field(default_factory=list)
    enumerated: bool = False
    spent: int = 0

    @property
    def target(self) -> int:
        """Only plans that cost less are of interest."""
        return self.best.objective

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
    search = _Search(whole=problem, relaxed=bounds.relax(problem), best=model.incumbent, work=work)
    price = bounds.starting_prices(problem, search.relaxed) if model.price is None else model.price
    search.found(nothing(problem))
    _alone(search)
    _together(search, price)
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


def _alone(search: _Search) -> None:
    """Settle the plans of one shipment."""
    problem = search.whole
    bounds_alone = dual.single_bounds(problem, search.relaxed, search.target)
    one = Sizes(least=1, most=1)
    if not _settle(search, problem, one, problem.unfilled, bounds_alone):
        search.open.append(_Open(sizes=one, offers=np.arange(problem.num_offers)[:, None], bounds=bounds_alone))


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
    while branch.sizes.exist:
        problem, relaxed = branch.problem, bounds.relax(branch.problem)
        search.spent += (TAIL_STEPS + EXACT_STEPS) * (problem.supply.size + STEP_CELLS)
        tail, _ = dual.ascend(problem, relaxed, branch.price, search.target, _steps(TAIL_STEPS, problem), branch.sizes)
        if tail.bound < search.target:
            _improve(search, problem, relaxed, tail)
        alive = np.flatnonzero(dual.forced_bounds(problem, relaxed, tail) < search.target)
        if len(alive) == 0:
            return []
        branch = replace(branch, price=tail.price, bound=max(branch.bound, tail.bound)).over(alive)
        problem, relaxed = branch.problem, bounds.relax(branch.problem)
        exactly = Sizes(least=branch.sizes.least, most=branch.sizes.least)
        point, _ = dual.ascend(problem, relaxed, branch.price, search.target, _steps(EXACT_STEPS, problem), exactly)
        forced = dual.forced_bounds(problem, relaxed, point)
        if point.bound < search.target and not _settle(search, problem, exactly, point.price, forced):
            halves = split(branch, relaxed, search.target)
            if halves is None:
                _leave(search, branch)
            return halves or []
        branch = replace(branch, sizes=replace(branch.sizes, least=branch.sizes.least + 1))
        if search.exhausted and branch.sizes.exist:
            _leave(search, branch)
            return []
    return []


def _leave(search: _Search, branch: Branch) -> None:
    """Leave the plans of a branch open."""
    offers = _positions(search.whole, branch.problem.lane)[:, None]
    search.open.append(_Open(sizes=branch.sizes, offers=offers, bounds=np.full(len(offers), branch.bound)))


def _steps(wanted: int, problem: Problem) -> int:
    return min(wanted, max(STEPS_MIN, CELL_STEPS_MAX // problem.supply.size))


def _improve(search: _Search, problem: Problem, relaxed: Relaxed, point: Dual) -> None:
    """The plan that the dual point suggests."""
    plan = primal.marginal(problem, relaxed, point.price)
    search.found(priced_over(search.whole, problem, plan))


def _settle(search: _Search, problem: Problem, sizes: Sizes, price: IntArray, forced: IntArray) -> bool:
    """Price all sets of so many offers that the dual point leaves open; False if they are too many.

    Weight tiers are choices here: what was a step in the cost of an offer is one offer per tier with a limit.
    """
    alive = np.flatnonzero(forced < search.target)
    if len(alive) == 0:
        return True
    choices = by_tier(problem.restricted(alive))
    relaxed = bounds.relax(choices)
    point = dual.evaluate(choices, relaxed, price, sizes)
    constant = int(choices.quantity @ price) - choices.split
    sets = enumeration.open_sets(point.value, choices.node, sizes.least, search.target - constant, SETS_MAX)
    if sets is None:
        return False
    search.enumerated |= len(sets) > 0
    costs = _filled(search, choices, relaxed, sets, point.value[sets].sum(axis=1) + constant)
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
        if len(batch) == 0 or given_up > GIVEN_UP_MAX or search.exhausted:
            break
        batch = _priced(search, choices, relaxed, sets, costs, batch, enumeration.LIMIT_STEPS)
        long = batch[:LONG_MAX]
        given_up += len(batch) - len(long)
        given_up += len(_priced(search, choices, relaxed, sets, costs, long, enumeration.LIMIT_STEPS_LONG))
    return costs


def _priced(
    search: _Search, choices: Problem, relaxed: Relaxed, sets: Offers, costs: IntArray, batch: Offers, steps: int
) -> Offers:
    """Raise the bounds of a batch of sets within their limits, then exactly. Returns those with too many fillings."""
    if len(batch) == 0:
        return batch
    limits = enumeration.limited_costs(choices, relaxed, sets[batch], search.target, steps)
    costs[batch] = np.maximum(costs[batch], limits.cost)
    rows = np.flatnonzero(costs[batch] < search.target)
    batch = batch[rows]
    found = filling.cheapest(choices, sets[batch], limits.take(rows), search.target)
    search.spent += found.looked_at + steps * (limits.cost.size * len(choices.quantity) + STEP_CELLS)
    if found.units is not None:
        offers = sets[batch[found.index]]
        ascending = np.argsort(offers)
        plan = cover(choices, offers[ascending], found.units[:, ascending])
        search.found(priced_over(search.whole, choices, plan))
    settled = batch[found.settled]
    costs[settled] = np.maximum(costs[settled], search.target)
    return batch[~found.settled & (costs[batch] < search.target)]


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

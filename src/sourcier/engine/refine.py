"""What no first certificate settled: pruning rounds, exchanges, exact enumeration, and the MIP for what is left.

Runs in a solver process. Everything it yields is relative to the offers it was given; offers that were pruned before
cannot be part of a plan cheaper than the incumbent, so its bounds hold for the whole order.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sourcier.domain.plan import Proof
from sourcier.engine import bounds, enumeration, knapsack, primal
from sourcier.engine.bounds import Dual, Relaxed
from sourcier.engine.compile import IntArray
from sourcier.engine.formulation import Cover, breaks, cover, nothing
from sourcier.engine.offers import Problem, by_tier

ASCENT_ITERATIONS = (10, 60, 120)
"""Subgradient steps per pruning round; later rounds work on fewer offers."""

CELL_STEPS_MAX = 1_500_000
"""Steps of one round times demands times offers: what keeps a round on a very large order near 0.2 s."""

STEPS_MIN = 8
"""Steps of a round, however large the order."""

EXCHANGED_MAX = 10
"""Offers that are tried in place of open ones, the most promising by their bounds."""

SUBSETS_PRICED_MAX = 48
"""Subsets that are priced exactly after an enumeration whose costs are only bounds."""


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


Mip = Callable[[Problem, int], tuple[Cover | None, int]]
"""Solves a problem for a cover cheaper than a target: the cover, if found, and a lower bound on every such cover."""


def refine(model: Model, mip: Mip) -> Solution:
    """Rounds of ascent, better plans and reduced-cost fixing until nothing is left, or little enough to enumerate."""
    whole = problem = model.problem
    best, bound, price = model.incumbent, model.bound, model.price
    ships_nothing = nothing(whole).objective
    relaxed = bounds.relax(problem)
    for iterations in ASCENT_ITERATIONS:
        start = bounds.starting_prices(problem, relaxed) if price is None else price
        steps = min(iterations, max(STEPS_MIN, CELL_STEPS_MAX // problem.supply.size))
        dual, promising = bounds.ascend(problem, relaxed, start, best.objective, steps)
        price, bound = dual.price, max(bound, min(ships_nothing, dual.bound))
        forced = bounds.forced_bounds(problem, relaxed, dual)
        if bound < best.objective:
            found = _improve(problem, relaxed, dual, promising)
            best = cheaper(best, priced_over(whole, problem, found))
            if problem is whole:
                likely = np.argsort(forced, kind="stable")[:EXCHANGED_MAX]
                best = cheaper(best, primal.exchange(problem, found, likely[forced[likely] < best.objective]))
        alive = np.flatnonzero(forced < best.objective)
        if bound >= best.objective or len(alive) == 0:
            return _solution(model, best, best.objective, Proof.CERTIFICATE)
        problem = by_tier(problem.restricted(alive))
        relaxed = bounds.relax(problem)
        if problem.num_offers <= enumeration.OFFERS_MAX:
            best, bound, problem = _enumerate(whole, problem, relaxed, price, best, bound)
            if bound >= best.objective:
                return _solution(model, best, best.objective, Proof.ENUMERATION)
            break
    found_by_mip, mip_bound = mip(problem, best.objective)
    if found_by_mip is not None:
        best = cheaper(best, priced_over(whole, problem, found_by_mip))
    return _solution(model, best, min(best.objective, max(bound, mip_bound)), Proof.MIP)


def cheaper(*covers: Cover) -> Cover:
    """The cheapest of the covers, the first of equals."""
    return min(covers, key=lambda found: found.objective)


def priced_over(whole: Problem, part: Problem, found: Cover) -> Cover:
    """A cover of some of an order's offers as a cover of all of them, priced again.

    A part may offer single weight tiers, and a cover of it may pay for a higher tier than it needs.
    """
    position = {lane: k for k, lane in enumerate(whole.lane.tolist())}
    offers = [position[lane] for lane in part.lane[found.offers].tolist()]
    return cover(whole, np.array(offers, dtype=np.int64), found.units)


def _solution(model: Model, best: Cover, bound: int, proof: Proof) -> Solution:
    return Solution(cover=None if best is model.incumbent else best, bound=bound, proof=proof)


def _improve(problem: Problem, relaxed: Relaxed, dual: Dual, promising: list[NDArray[np.int64]]) -> Cover:
    """The best plan that the dual point suggests: greedy at its prices, or the last sets worth opening."""
    return cheaper(
        primal.marginal(problem, relaxed, dual.price), *(primal.drop(problem, offers) for offers in promising[-2:])
    )


def _enumerate(
    whole: Problem, problem: Problem, relaxed: Relaxed, price: IntArray, best: Cover, bound: int
) -> tuple[Cover, int, Problem]:
    """Price all subsets of the offers left: the best plan, a bound, and the offers of the subsets still open."""
    unlimited = enumeration.relaxed_costs(problem, relaxed)
    costs = unlimited.copy()
    if not relaxed.exact:
        dual, _ = bounds.evaluate(problem, relaxed, price)
        np.maximum(costs, enumeration.dual_costs(problem, dual), out=costs)
        _sharpen_singles(costs, bounds.single_bounds(problem))
    for subset in np.argsort(costs, kind="stable")[:SUBSETS_PRICED_MAX]:
        if costs[subset] >= best.objective:
            break
        offers = enumeration.members(int(subset), problem.num_offers)
        best = cheaper(best, priced_over(whole, problem, primal.fill(problem, offers)))
        lighter = knapsack.shed(problem, relaxed, offers) if costs[subset] < best.objective else None
        if lighter is not None:
            costs[subset] = max(costs[subset], unlimited[subset] + lighter.extra)
            if costs[subset] < best.objective and not breaks(problem, offers, lighter.units):
                best = cheaper(best, priced_over(whole, problem, cover(problem, offers, lighter.units)))
    open_subsets = np.flatnonzero(costs < best.objective)
    if len(open_subsets) == 0:
        return best, best.objective, problem
    still = [k for k in range(problem.num_offers) if ((open_subsets >> k) & 1).any()]
    return best, max(bound, int(costs[open_subsets].min())), problem.restricted(np.array(still, dtype=np.int64))


def _sharpen_singles(costs: IntArray, single: IntArray) -> None:
    subsets = 1 << np.arange(len(single))
    costs[subsets] = np.maximum(costs[subsets], single)

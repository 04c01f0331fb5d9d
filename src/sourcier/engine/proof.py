"""From a problem to a proven answer: certificate, safe pruning, enumeration, and the solver for what is left."""

from collections.abc import Generator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sourcier.domain.plan import Proof
from sourcier.engine import bounds, enumeration, knapsack, primal
from sourcier.engine.bounds import Dual, Relaxed
from sourcier.engine.compile import IntArray
from sourcier.engine.formulation import Cover, breaks, cover, nothing
from sourcier.engine.offers import Fill, Problem, by_tier
from sourcier.engine.solver import Model, Solution

ASCENT_ITERATIONS = (25, 60, 120)
"""Subgradient steps per pruning round; later rounds work on fewer offers."""

EXCHANGED_MAX = 10
"""Offers that are tried in place of open ones, the most promising by their bounds."""

SUBSETS_PRICED_MAX = 48
"""Subsets that are priced exactly after an enumeration whose costs are only bounds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The best cover of `problem` (the whole order's), a lower bound on every plan, and what proved it.

    `dual` is a dual point of the whole order, if one was computed. `solver_failed`: the solver gave no answer.
    """

    problem: Problem
    cover: Cover
    bound: int
    proof: Proof
    dual: Dual | None = None
    solver_failed: bool = False


Steps = Generator[Model, Solution | None, Answer]


def prove(problem: Problem) -> Steps:
    """The best plan and its proof; yields a Model only for what the pre-filter cannot settle."""
    best = primal.best_single(problem)
    if problem.num_offers == 0:
        return Answer(problem=problem, cover=best, bound=best.objective, proof=Proof.CERTIFICATE)
    relaxed = bounds.relax(problem)
    units_cost = bounds.cheapest_units(problem, relaxed)
    simple = min(
        nothing(problem).objective,
        int(bounds.single_bounds(problem).min()),
        bounds.several_shipments_bound(problem, relaxed, units_cost),
    )
    if best.objective <= simple or (problem.max_shipments == 1 and relaxed.exact):
        return Answer(problem=problem, cover=best, bound=best.objective, proof=Proof.CERTIFICATE)
    answer = yield from _prune(problem, relaxed, best, simple)
    return answer


def _prune(whole: Problem, relaxed: Relaxed, best: Cover, bound: int) -> Steps:
    """Rounds of ascent, better plans and reduced-cost fixing until nothing is left, or little enough to enumerate."""
    problem, first_dual = whole, None
    ships_nothing = nothing(whole).objective
    best = min(best, primal.greedy(problem, relaxed), key=_objective)
    price = bounds.starting_prices(problem, relaxed)
    for iterations in ASCENT_ITERATIONS:
        dual, promising = bounds.ascend(problem, relaxed, price, best.objective, iterations)
        first_dual, price = first_dual or dual, dual.price
        bound = max(bound, min(ships_nothing, dual.bound))
        forced = bounds.forced_bounds(problem, relaxed, dual)
        if bound < best.objective:
            best = _better(whole, best, problem, _improve(problem, relaxed, dual, promising, forced))
        alive = np.flatnonzero(forced < best.objective)
        if bound >= best.objective or len(alive) == 0:
            return Answer(problem=whole, cover=best, bound=best.objective, proof=Proof.CERTIFICATE, dual=first_dual)
        problem = by_tier(problem.restricted(alive))
        relaxed = bounds.relax(problem)
        if problem.num_offers <= enumeration.OFFERS_MAX:
            break
    incumbent = Answer(problem=whole, cover=best, bound=bound, proof=Proof.ENUMERATION, dual=first_dual)
    if problem.num_offers <= enumeration.OFFERS_MAX:
        return (yield from _enumerate(problem, relaxed, price, incumbent))
    return (yield from _solve(problem, incumbent))


def _better(whole: Problem, best: Cover, part: Problem, found: Cover) -> Cover:
    """The better of two covers; `found`, over a part of the offers, is priced again over the whole order's.

    A part may offer single weight tiers, and a cover of it may pay for a higher tier than it needs.
    """
    position = {offer: k for k, offer in enumerate(_offer_keys(whole))}
    keys = _offer_keys(part)
    offers = np.array([position[keys[k]] for k in found.offers], dtype=np.int64)
    return min(best, cover(whole, offers, found.units), key=_objective)


def _offer_keys(problem: Problem) -> list[tuple[int, int, int]]:
    return list(zip(problem.node.tolist(), problem.service.tolist(), problem.day.tolist(), strict=True))


def _objective(cover: Cover) -> int:
    return cover.objective


def _improve(
    problem: Problem, relaxed: Relaxed, dual: Dual, promising: list[NDArray[np.int64]], forced: IntArray
) -> Cover:
    """The best plan that the dual point suggests: greedy at its prices, the last sets worth opening, exchanges."""
    candidates = [primal.marginal(problem, relaxed, dual.price)]
    candidates += [primal.drop(problem, offers) for offers in promising[-2:]]
    best = min(candidates, key=_objective)
    likely = np.argsort(forced, kind="stable")[:EXCHANGED_MAX]
    return primal.exchange(problem, best, likely[forced[likely] < best.objective])


def _enumerate(problem: Problem, relaxed: Relaxed, price: IntArray, incumbent: Answer) -> Steps:
    """Price all subsets of the offers left; those whose bound stays below the best plan go to the solver."""
    unlimited = enumeration.relaxed_costs(problem, relaxed)
    costs = unlimited.copy()
    if not relaxed.exact:
        dual, _ = bounds.evaluate(problem, relaxed, price)
        np.maximum(costs, enumeration.dual_costs(problem, dual), out=costs)
        _sharpen_singles(costs, bounds.single_bounds(problem))
    best = incumbent.cover
    for subset in np.argsort(costs, kind="stable")[:SUBSETS_PRICED_MAX]:
        if costs[subset] >= best.objective:
            break
        offers = enumeration.members(int(subset), problem.num_offers)
        best = _better(incumbent.problem, best, problem, primal.fill(problem, offers))
        if costs[subset] < best.objective:
            lighter = knapsack.shed(problem, relaxed, offers)
            if lighter is not None:
                costs[subset] = max(costs[subset], unlimited[subset] + lighter.extra)
                if costs[subset] < best.objective and not breaks(problem, offers, lighter.units):
                    best = _better(incumbent.problem, best, problem, cover(problem, offers, lighter.units))
    open_subsets = np.flatnonzero(costs < best.objective)
    if len(open_subsets) == 0:
        return replace(incumbent, cover=best, bound=best.objective)
    bound = max(incumbent.bound, int(costs[open_subsets].min()))
    still = [k for k in range(problem.num_offers) if ((open_subsets >> k) & 1).any()]
    return (yield from _solve(problem.restricted(np.array(still)), replace(incumbent, cover=best, bound=bound)))


def _sharpen_singles(costs: IntArray, single: IntArray) -> None:
    subsets = 1 << np.arange(len(single))
    costs[subsets] = np.maximum(costs[subsets], single)


def _solve(problem: Problem, incumbent: Answer) -> Steps:
    """Hand the rest to the solver. Offers that were pruned cannot be part of a better plan, so its bound holds."""
    solution = yield Model(problem=problem, incumbent=incumbent.cover)
    if solution is None:
        return replace(incumbent, proof=Proof.MIP, solver_failed=True)
    best = incumbent.cover
    if solution.cover is not None:
        best = _better(incumbent.problem, best, problem, solution.cover)
    bound = min(best.objective, max(incumbent.bound, solution.bound))
    return replace(incumbent, cover=best, bound=bound, proof=Proof.MIP)


def settled(answer: Answer, whole: Problem) -> Answer:
    """All or nothing: an answer that leaves units unfilled, or costs more than shipping nothing, ships nothing.

    A proven answer that leaves units unfilled proves that no plan fills them all, for their price is prohibitive.
    """
    if whole.fill is Fill.PARTIAL:
        return answer
    complete = int(answer.cover.units.sum()) == int(whole.quantity.sum())
    if complete and (whole.fill is Fill.ALL or answer.cover.objective <= whole.nothing):
        return answer
    impossible = not complete and answer.bound == answer.cover.objective
    return replace(
        answer,
        problem=whole,
        cover=replace(nothing(whole), objective=whole.nothing),
        bound=whole.nothing if impossible else min(answer.bound, whole.nothing),
    )

"""From a problem to a proven answer: certificates first, the solver process for what they leave open.

What stands here runs where the caller waits, in about a millisecond; `refine` and the solver run in a process of
their own, on the offers that the first dual point leaves.
"""

from collections.abc import Generator
from dataclasses import dataclass, replace

import numpy as np

from sourcier.domain.plan import Proof
from sourcier.engine import bounds, covering, dual, few, primal
from sourcier.engine.alike import Proven, kin_of
from sourcier.engine.certificates import Outset, Undecided, outsets
from sourcier.engine.compile import IntArray
from sourcier.engine.formulation import Cover, ceiling, nothing
from sourcier.engine.joined import alone
from sourcier.engine.offers import Fill, Problem
from sourcier.engine.refine import Model, Solution, cheaper, priced_over
from sourcier.engine.trips import ALONE, FREE, VIA

FIRST_ASCENT = 25
"""Subgradient steps before the order goes to a solver process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The best cover of `problem` (the whole order's), a lower bound on every plan, and what proved it.

    `price[D]` is a dual point of the whole order, if one was computed. `solver_failed`: the solver gave no answer.
    """

    problem: Problem
    cover: Cover
    bound: int
    proof: Proof
    price: IntArray | None = None
    solver_failed: bool = False


Steps = Generator[Model, Solution | None, Answer]


def prove(problem: Problem, proven: list[Proven] | None = None) -> Steps:
    """The best plan and its proof; yields a Model only for what no certificate settles.

    Of `proven` it takes what is known of problems alike, and adds what becomes known. Where offers are of several
    families, the best plan of each is found; the least of their bounds bounds all.
    """
    if not (problem.family != FREE).any():
        return (yield from _prove_one(problem, proven))
    answers = []
    for family in sorted(set(problem.family.tolist())):
        offers = np.flatnonzero(problem.family == family)
        answer = yield from _prove_one(_of_family(problem.restricted(offers), family), None)
        cover = replace(answer.cover, offers=offers[answer.cover.offers])
        answers.append(replace(answer, problem=problem, cover=cover, price=None))
    best = min(answers, key=lambda answer: answer.cover.objective)
    return replace(
        best,
        bound=min(answer.bound for answer in answers),
        proof=max((answer.proof for answer in answers), key=list(Proof).index),
        solver_failed=any(answer.solver_failed for answer in answers),
    )


def _of_family(part: Problem, family: int) -> Problem:
    """Offers of one family alone: what its parcel costs is debited once, as the split price is credited."""
    if family == ALONE:
        return replace(part, max_shipments=1)
    return part if family < VIA else replace(part, split=-part.onward[family])


def _prove_one(problem: Problem, proven: list[Proven] | None) -> Steps:
    problem = _fillable(problem)
    if problem.num_offers == 0:
        best = nothing(problem)
        return Answer(problem=problem, cover=best, bound=best.objective, proof=Proof.CERTIFICATE)
    if problem.max_nodes_per_line is None:
        (outset,) = outsets(alone(problem))
        return (yield from prove_from(outset, proven))
    fillable = covering.fillable(problem)
    cost = int(problem.unfilled @ (problem.quantity - fillable))  # whatever is decided
    (outset,) = outsets(alone(replace(problem, quantity=fillable)))
    answer = yield from prove_from(outset, proven)
    cover = replace(answer.cover, objective=answer.cover.objective + cost)
    return replace(answer, problem=problem, cover=cover, bound=answer.bound + cost)


def prove_from(outset: Outset, proven: list[Proven] | None = None) -> Steps:
    """The best plan and its proof of a problem of which the first certificates are known; `proven` as for `prove`."""
    problem, best, rest = outset.problem, outset.best, outset.rest
    if rest is None:
        return Answer(problem=problem, cover=best, bound=best.objective, proof=Proof.CERTIFICATE)
    if (found := _of_few(problem, best, rest)) is not None:
        return Answer(problem=problem, cover=found, bound=found.objective, proof=Proof.ENUMERATION)
    return (yield from _ascend_once(problem, best, rest, [] if proven is None else proven))


def _of_few(problem: Problem, best: Cover, rest: Undecided) -> Cover | None:
    """The best plan of a promise, where few offers are left to choose from and it is found among them at once.

    Nobody asks of a promise what other nodes would have cost: no dual point is needed.
    """
    if problem.fill is not Fill.ALL or problem.num_offers > few.OFFERS_MAX:
        return None
    if not best.fills(problem.quantity):  # no offer brings everything alone
        best = cheaper(best, primal.fill(problem, problem.node_start))
    # Of so few offers, each was looked at alone before.
    return few.best_of_few(problem, rest.relaxed, range(problem.num_offers), best, least=2)


def _fillable(problem: Problem) -> Problem:
    """The same order without stock that is too little where every unit must be filled."""
    return problem if problem.fill is Fill.PARTIAL else _filling(problem, problem.quantity)


def _filling(problem: Problem, filled: IntArray) -> Problem:
    """The same order without stock that is of no use where so many units of each demand must be filled."""
    if problem.max_nodes_per_line is None:
        return problem
    return replace(problem, supply=covering.useful_supply(problem, filled))


def _ascend_once(problem: Problem, best: Cover, rest: Undecided, proven: list[Proven]) -> Steps:
    """Greedy plans, one ascent for plans of several shipments, and the offers that it cannot rule out.

    Where a problem alike had an ascent, its plan and its dual point are taken. What is left open is a Model to refine.
    """
    relaxed, kin, several = rest.relaxed, kin_of(problem, proven), rest.several
    if kin is None:
        best = cheaper(best, primal.greedy(problem, relaxed))
        if problem.max_nodes_per_line is not None and problem.fill is Fill.PARTIAL:
            best = cheaper(best, primal.greedy(_filling(problem, problem.quantity), relaxed))
            price = np.zeros_like(problem.quantity)
            problem = _filling(problem, covering.must_fill(problem, price, 0, best.objective))
            relaxed = bounds.relax(problem)
        start, iterations = bounds.starting_prices(problem, relaxed), FIRST_ASCENT
    else:
        best, several, start, iterations = cheaper(best, kin.cover), max(several, kin.several), kin.price, 0
        if best.objective <= min(several, int(rest.single.min())):
            return Answer(problem=problem, cover=best, bound=best.objective, proof=kin.proof, price=kin.price)
    point, promising = dual.ascend(
        problem, relaxed, start, ceiling(problem, best), iterations, dual.at_least(2, problem, relaxed)
    )
    several = max(several, point.bound)
    if several < ceiling(problem, best):
        best = cheaper(best, primal.marginal(problem, relaxed, point.price))
        best = cheaper(best, *(primal.drop(problem, offers) for offers in promising[-2:]))
    target = ceiling(problem, best)
    bound = min(target, int(rest.single.min()), several)
    forced = np.minimum(rest.single, dual.forced_bounds(problem, relaxed, point))
    alive = np.flatnonzero(forced < target)
    incumbent = Answer(problem=problem, cover=best, bound=bound, proof=Proof.CERTIFICATE, price=point.price)
    if bound >= target or len(alive) == 0:
        return _told(replace(incumbent, bound=target), point.price, proven)
    found = few.best_of_few(problem, relaxed, alive.tolist(), best)
    if found is not None:
        enumerated = replace(incumbent, cover=found, bound=found.objective, proof=Proof.ENUMERATION)
        return _told(enumerated, point.price, proven)
    part = problem.restricted(alive)
    _told(incumbent, point.price, proven)
    solution = yield Model(problem=part, incumbent=best, bound=bound, price=point.price)
    if solution is None:
        return replace(incumbent, proof=Proof.MIP, solver_failed=True)
    if solution.cover is not None:
        best = cheaper(best, priced_over(problem, part, solution.cover))
    bound = min(ceiling(problem, best), max(bound, solution.bound))
    return _told(replace(incumbent, cover=best, bound=bound, proof=solution.proof), point.price, proven)


def _told(answer: Answer, price: IntArray, proven: list[Proven]) -> Answer:
    """The same answer, for problems alike to come."""
    proven.append(
        Proven(problem=answer.problem, cover=answer.cover, bound=answer.bound, proof=answer.proof, price=price)
    )
    return answer


def settled(answer: Answer, whole: Problem) -> Answer:
    """All or nothing: an answer that leaves units unfilled, or costs more than shipping nothing, ships nothing.

    A bound that is no less than what a unit left unfilled costs proves that no plan fills them all.
    """
    if whole.fill is Fill.PARTIAL:
        return answer
    complete = answer.cover.fills(whole.quantity)
    if complete and (whole.fill is Fill.ALL or answer.cover.objective <= whole.nothing):
        return answer
    impossible = not complete and answer.bound >= ceiling(whole, answer.cover)
    return replace(
        answer,
        problem=whole,
        cover=replace(nothing(whole), objective=whole.nothing),
        bound=whole.nothing if impossible else min(answer.bound, whole.nothing),
    )

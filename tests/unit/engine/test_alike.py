"""Problems that differ by a constant for each shipment: what is proven of one holds of the other, and of no other."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from tests.reference.brute import Tiny, as_units, price, tiny_problems

from sourcier.engine.alike import Proven, kin_of, more_a_shipment
from sourcier.engine.decide import drive
from sourcier.engine.offers import Fill, Problem
from sourcier.engine.proof import prove
from sourcier.engine.refine import Model, Solution
from sourcier.engine.solver import Budget, solve

MORE = (0, 7, 1_000_003, -5)


def solved(model: Model) -> Solution | None:
    return solve(model, Budget(solve_ms=10_000))


def dearer(problem: Problem, more: int) -> Problem:
    """So much more a shipment; it comes on other days by another service."""
    return replace(problem, fixed=problem.fixed + more, arrival=problem.arrival + 1, service=problem.service + 1)


def worlds() -> Iterator[Tiny]:
    """Orders of which units may stay unfilled, or all can be filled; of others no plan is any good."""
    for tiny in (*tiny_problems(120), *tiny_problems(60, heavy=True), *tiny_problems(100, complete=True)):
        if tiny.problem.fill is Fill.PARTIAL or tiny.is_fillable:
            yield tiny


def test_what_is_known_holds_of_every_plan() -> None:
    told = 0
    for tiny in worlds():
        proven: list[Proven] = []
        drive(prove(tiny.problem, proven), solved)
        if not proven or more_a_shipment(proven[0].problem, tiny.problem) is None:
            continue  # stock was left out before that is too little for it
        for more in MORE:
            problem = dearer(tiny.problem, more)
            kin = kin_of(problem, proven)
            assert kin is not None
            assert price(problem, as_units(problem, kin.cover.offers, kin.cover.units)) == kin.cover.objective
            wanted = 0 if tiny.problem.fill is Fill.PARTIAL else int(tiny.problem.quantity.sum())
            for plan in tiny.plans:
                if len(plan.opened) > 1 and sum(map(sum, plan.units)) >= wanted:
                    assert kin.several <= plan.objective + more * len(plan.opened), f"seed {tiny.seed}"
                    told += 1
    assert told > 1_000


def test_the_optimum_is_the_same_with_what_is_known_of_others() -> None:
    known = 0
    for tiny in worlds():
        proven: list[Proven] = []
        drive(prove(tiny.problem, proven), solved)
        before = len(proven)
        for more in MORE:
            problem = dearer(tiny.problem, more)
            optimum = min(plan.objective + more * len(plan.opened) for plan in tiny.plans)
            answer = drive(prove(problem, proven), solved)
            assert answer.bound == answer.cover.objective == optimum, f"seed {tiny.seed}, {more} more"
        known += before > 0
    assert known > 30


@pytest.mark.parametrize(
    "change",
    [
        lambda p: replace(p, fixed=p.fixed + np.arange(p.num_offers)),
        lambda p: replace(p, unit=p.unit + 1),
        lambda p: replace(p, supply=np.maximum(p.supply - 1, 0)),
        lambda p: replace(p, available=p.available + 1),
        lambda p: replace(p, cap_units=p.cap_units - 1),
        lambda p: replace(p, cap_lines=p.cap_lines - 1),
        lambda p: replace(p, node=p.node + 1),
        lambda p: replace(p, quantity=p.quantity + 1),
        lambda p: replace(p, weight=p.weight + 1),
        lambda p: replace(p, max_shipments=1),
        lambda p: replace(p, tier_tables=replace(p.tier_tables, cost=p.tier_tables.cost + 1)),
        lambda p: p.restricted(np.arange(1, p.num_offers)),
    ],
)
def test_problems_that_differ_in_more_are_not_alike(change) -> None:  # type: ignore[no-untyped-def]
    for tiny in tiny_problems(30):
        problem = tiny.problem
        if problem.num_offers > 1 and problem.max_shipments != 1:
            assert more_a_shipment(problem, dearer(problem, 3)) == 3
            assert more_a_shipment(problem, change(problem)) is None, f"seed {tiny.seed}"

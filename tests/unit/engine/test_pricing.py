"""What the plans of sets of offers cost: no bound above the best plan of its set, and no cheaper plan overlooked."""

import numpy as np
import pytest
from tests.reference.brute import Tiny, tiny_problems
from tests.unit.engine.test_enumeration import all_sets, least_by_set
from tests.unit.engine.test_filling import allowed

from sourcier.engine import bounds, pricing
from sourcier.engine.formulation import breaks, cover
from sourcier.engine.offers import Problem, by_tier

MUCH = 10**9


def _problems() -> list[tuple[Tiny, Problem]]:
    tiny = (*tiny_problems(60), *tiny_problems(60, heavy=True), *tiny_problems(20, 300, complete=True))
    return [(t, by_tier(t.problem)) for t in tiny]


def _priced(problem: Problem, sets: np.ndarray, target: int, work: int = MUCH) -> pricing.Priced:
    start = np.zeros(len(sets), dtype=np.int64)
    return pricing.price(problem, bounds.relax(problem), sets, start, target, work)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_the_best_plan_of_the_sets_is_found_and_no_bound_is_above_a_plan_that_is_cheaper(size: int) -> None:
    found_any = none = 0
    for tiny, problem in _problems():
        sets, best = all_sets(problem, size), least_by_set(tiny, size)
        if len(sets) == 0 or not allowed(problem, sets):
            continue
        wanted = min(best.values(), default=bounds.NO_PLAN)
        for target in (tiny.optimum, tiny.optimum + 1, tiny.optimum + 3_000_000, tiny.optimum + 90_000_000):
            priced = _priced(problem, sets, target)
            if priced.best is not None:  # a plan may leave some of its set unused
                assert tiny.optimum <= priced.best.objective < target, f"seed {tiny.seed}"
                assert not breaks(problem, priced.best.offers, priced.best.units), f"seed {tiny.seed}"
                found_any += 1
            if wanted < target:
                assert priced.best is not None, f"seed {tiny.seed}"
                assert priced.best.objective <= wanted, f"seed {tiny.seed}"
            none += priced.best is None
            cheapest = target if priced.best is None else priced.best.objective
            assert (priced.costs >= cheapest).all(), f"seed {tiny.seed}: something is left open"
    assert found_any > 30
    assert none > 50


def test_no_bound_is_above_the_best_plan_of_its_set_however_little_work_there_is() -> None:
    left_open = 0
    for tiny, problem in _problems():
        sets, target = all_sets(problem, 2), tiny.optimum + 90_000_000
        if len(sets) == 0:
            continue
        best = least_by_set(tiny, 2)
        for work in (0, 40_000, MUCH):
            priced = _priced(problem, sets, target, work)
            cheapest = target if priced.best is None else min(target, priced.best.objective)
            by_lanes: dict[tuple[int, ...], int] = {}
            for offers, cost in zip(sets, priced.costs.tolist(), strict=True):
                lanes = tuple(sorted(problem.lane[offers].tolist()))
                by_lanes[lanes] = min(by_lanes.get(lanes, cost), cost)
            for opened, least in best.items():
                lanes = tuple(tiny.problem.lane[list(opened)].tolist())
                assert min(by_lanes[tuple(sorted(lanes))], cheapest) <= least, f"seed {tiny.seed}: {opened}"
            left_open += int((priced.costs < cheapest).any())
    assert left_open > 10


def test_what_starts_above_the_target_is_not_looked_at() -> None:
    for tiny, problem in _problems()[:20]:
        sets = all_sets(problem, 2)
        start = np.full(len(sets), tiny.optimum + 5)
        priced = pricing.price(problem, bounds.relax(problem), sets, start, tiny.optimum + 5, MUCH)
        assert (priced.best, priced.work) == (None, 0)
        assert np.array_equal(priced.costs, start)


def test_sets_with_too_many_fillings_are_left_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pricing.filling, "PARTIAL_MAX", 2)
    left_open = 0
    for tiny, problem in _problems():
        sets, target = all_sets(problem, 2), tiny.optimum + 90_000_000
        if len(sets) == 0 or not allowed(problem, sets):
            continue
        priced = _priced(problem, sets, target)
        least = min(least_by_set(tiny, 2).values(), default=bounds.NO_PLAN)
        cheapest = target if priced.best is None else priced.best.objective
        assert min(cheapest, int(priced.costs.min())) <= least, f"seed {tiny.seed}"
        if priced.best is not None:
            again = cover(problem, priced.best.offers, priced.best.units)
            assert again.objective == priced.best.objective >= tiny.optimum, f"seed {tiny.seed}"
        left_open += int((priced.costs < cheapest).any())
    assert left_open > 5

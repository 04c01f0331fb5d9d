"""Filling sets of offers exactly: the same cost as the best plan of each set, by listing every plan."""

import numpy as np
import pytest
from tests.reference.brute import tiny_problems
from tests.unit.engine.test_enumeration import all_sets, least_by_set

from sourcier.engine import bounds, enumeration, filling
from sourcier.engine.formulation import breaks, cover
from sourcier.engine.offers import Problem, by_tier

HIGH = 2**50


def _problems(seeds: int):
    for tiny in (*tiny_problems(seeds), *tiny_problems(seeds, heavy=True), *tiny_problems(20, 300, complete=True)):
        if all(len(table.cost) == 1 for table in tiny.problem.tier_tables):
            yield tiny, tiny.problem
        yield tiny, by_tier(tiny.problem)


def allowed(problem: Problem, sets: np.ndarray) -> bool:
    """Whether an order may have so many shipments."""
    return problem.max_shipments is None or sets.shape[1] <= problem.max_shipments


@pytest.mark.parametrize("size", [1, 2, 3])
def test_the_cheapest_filling_is_the_best_plan_of_the_sets(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filling, "PARTIAL_MAX", 1_000_000)  # with a target so high nothing is ruled out on the way
    found_any = shared = 0
    for tiny, problem in _problems(60):
        relaxed, sets = bounds.relax(problem), all_sets(problem, size)
        if len(sets) == 0 or not allowed(problem, sets):
            continue
        limits = enumeration.limited_costs(problem, relaxed, sets, tiny.optimum + 3_000_000)
        wanted = min(least_by_set(tiny, size).values(), default=HIGH)
        found = filling.cheapest(problem, sets, limits, HIGH)
        if int(problem.quantity.max()) > 6:  # so many ways that it may give up
            continue
        assert found.settled.all(), f"seed {tiny.seed}"
        if found.units is None:
            assert wanted == HIGH, f"seed {tiny.seed}"
            continue
        offers = sets[found.index]
        assert not breaks(problem, offers, found.units), f"seed {tiny.seed}"
        cost = cover(problem, offers, found.units).objective
        assert cost <= wanted, f"seed {tiny.seed}: sets of {size} cost {cost}"
        assert cost >= tiny.optimum
        found_any += 1
        shared += len(set(problem.group.tolist())) < len(problem.group)
    assert found_any > 30
    assert size > 1 or shared > 3


def test_nothing_is_found_that_costs_the_target_or_more() -> None:
    for tiny, problem in _problems(40):
        relaxed, sets = bounds.relax(problem), all_sets(problem, 2)
        if len(sets) == 0 or not allowed(problem, sets):
            continue
        limits = enumeration.limited_costs(problem, relaxed, sets, tiny.optimum)
        found = filling.cheapest(problem, sets, limits, tiny.optimum)
        assert found.units is None, f"seed {tiny.seed}"
        assert found.settled.all(), f"seed {tiny.seed}"


def test_sets_with_too_many_fillings_are_given_up_and_others_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    given_up = settled = 0
    for tiny, problem in _problems(40):
        relaxed, sets = bounds.relax(problem), all_sets(problem, 2)
        if len(sets) == 0 or not allowed(problem, sets):
            continue
        monkeypatch.setattr(filling, "PARTIAL_MAX", 12)
        limits = enumeration.limited_costs(problem, relaxed, sets, tiny.optimum + 3_000_000)
        found = filling.cheapest(problem, sets, limits, HIGH)
        given_up, settled = given_up + int((~found.settled).sum()), settled + int(found.settled.sum())
        monkeypatch.undo()
        if found.units is not None:
            one = sets[found.settled]
            again = filling.cheapest(problem, one, limits.take(np.flatnonzero(found.settled)), HIGH)
            both = [
                cover(problem, chosen[filled.index], filled.units).objective
                for chosen, filled in ((sets, found), (one, again))
            ]
            assert both[0] == both[1], f"seed {tiny.seed}"
    assert given_up > 10
    assert settled > 10


def test_large_quantities_over_many_offers_are_given_up() -> None:
    assert filling._ways([3, 2], 2).shape == (60, 2, 2)
    assert filling._ways([500], 3) is None

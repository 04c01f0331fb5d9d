"""Subsets priced all at once: below every plan of the subset, and equal to the best one where nothing is relaxed."""

import numpy as np
from tests.reference.brute import Tiny, tiny_problems

from sourcier.engine import bounds, enumeration
from sourcier.engine.offers import by_tier


def _best_by_subset(tiny: Tiny) -> dict[int, int]:
    best: dict[int, int] = {}
    for plan in tiny.plans:
        subset = sum(1 << k for k in plan.opened)
        best[subset] = min(best.get(subset, plan.objective), plan.objective)
    return best


def test_the_least_subset_is_the_optimum_where_the_costs_are_exact() -> None:
    exact = 0
    for tiny in (*tiny_problems(150), *tiny_problems(60, quirks=False)):
        relaxed = bounds.relax(tiny.problem)
        if relaxed.exact:
            exact += 1
            assert enumeration.relaxed_costs(tiny.problem, relaxed).min() == tiny.optimum, f"seed {tiny.seed}"
    assert exact > 80


def test_no_plan_costs_less_than_its_subset() -> None:
    for tiny in (*tiny_problems(100), *tiny_problems(60, heavy=True)):
        problem, relaxed = tiny.problem, bounds.relax(tiny.problem)
        dual, _ = bounds.evaluate(problem, relaxed, bounds.starting_prices(problem, relaxed))
        costs = enumeration.relaxed_costs(problem, relaxed)
        lagrangian = enumeration.dual_costs(problem, dual)
        assert len(costs) == len(lagrangian) == 1 << problem.num_offers
        for subset, best in _best_by_subset(tiny).items():
            assert costs[subset] <= best, f"seed {tiny.seed}: {subset:b}"
            assert lagrangian[subset] <= best, f"seed {tiny.seed}: {subset:b}"


def test_subsets_that_no_plan_may_open_are_out() -> None:
    out = 0
    for tiny in (*tiny_problems(100), *tiny_problems(60, heavy=True)):
        problem = tiny.problem
        costs = enumeration.relaxed_costs(problem, bounds.relax(problem))
        for subset in range(1 << problem.num_offers):
            offers = enumeration.members(subset, problem.num_offers)
            one_each = len(set(problem.node[offers].tolist())) == len(offers)
            few = problem.max_shipments is None or len(offers) <= problem.max_shipments
            assert (costs[subset] < bounds.NO_PLAN) == (one_each and few), f"seed {tiny.seed}: {subset:b}"
            out += not (one_each and few)
    assert out > 100


def test_tiers_as_choices_keep_the_optimum_within_the_bound() -> None:
    for tiny in (*tiny_problems(60), *tiny_problems(60, heavy=True)):
        choices = by_tier(tiny.problem)
        if choices.num_offers <= enumeration.OFFERS_MAX:
            relaxed = bounds.relax(choices)
            dual, _ = bounds.evaluate(choices, relaxed, bounds.starting_prices(choices, relaxed))
            costs = np.maximum(enumeration.relaxed_costs(choices, relaxed), enumeration.dual_costs(choices, dual))
            assert costs.min() <= tiny.optimum, f"seed {tiny.seed}"


def test_members_are_the_bits_ascending() -> None:
    assert enumeration.members(0b10110, 5).tolist() == [1, 2, 4]
    assert enumeration.members(0, 5).tolist() == []

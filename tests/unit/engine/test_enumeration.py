"""Sets of offers: bounds below every plan of each."""

from itertools import combinations

import numpy as np
import pytest
from tests.reference.brute import Tiny, tiny_problems

from sourcier.engine import bounds, enumeration
from sourcier.engine.offers import Problem, by_tier

STEPS = enumeration.LIMIT_STEPS


def all_sets(problem: Problem, size: int) -> np.ndarray:
    """Every set of offers of different nodes, one by one."""
    found = [
        offers
        for offers in combinations(range(problem.num_offers), size)
        if len({int(problem.node[k]) for k in offers}) == size
    ]
    return np.array(found, dtype=np.int64).reshape(-1, size)


def least_by_set(tiny: Tiny, size: int) -> dict[tuple[int, ...], int]:
    """What the best plan of each set of so many offers costs."""
    best: dict[tuple[int, ...], int] = {}
    for plan in tiny.plans:
        if len(plan.opened) == size:
            best[plan.opened] = min(best.get(plan.opened, plan.objective), plan.objective)
    return best


@pytest.mark.parametrize("expanded", [False, True], ids=["tiers", "choices"])
def test_no_plan_costs_less_than_its_set(expanded: bool) -> None:
    raised = 0
    for tiny in (*tiny_problems(100), *tiny_problems(60, heavy=True)):
        problem = by_tier(tiny.problem) if expanded else tiny.problem
        relaxed = bounds.relax(problem)
        for size in (1, 2, 3):
            sets = all_sets(problem, size)
            if len(sets) == 0:
                continue
            costs = enumeration.least_costs(problem, relaxed, sets)
            limited = enumeration.limited_costs(
                problem, relaxed, sets, tiny.optimum + 5_000_000, enumeration.LIMIT_STEPS
            )
            assert (limited.cost >= costs).all()
            raised += int((limited.cost > costs).sum())
            best = least_by_set(tiny, size)
            position = {lane: k for k, lane in enumerate(tiny.problem.lane.tolist())}
            for offers, cost, closer in zip(sets, costs, limited.cost, strict=True):
                if not expanded:
                    least = best.get(tuple(offers.tolist()))
                    assert least is None or cost <= closer <= least, f"seed {tiny.seed}: {offers}"
            if expanded and best:
                for opened, least in best.items():
                    mine = [{position[lane] for lane in problem.lane[s].tolist()} == set(opened) for s in sets]
                    assert limited.cost[np.array(mine)].min() <= least, f"seed {tiny.seed}: {opened}"
    assert raised > 20


def test_where_the_relaxed_costs_are_exact_the_least_set_is_the_optimum() -> None:
    exact = 0
    for tiny in (*tiny_problems(150), *tiny_problems(60, quirks=False)):
        problem, relaxed = tiny.problem, bounds.relax(tiny.problem)
        if not relaxed.exact:
            continue
        exact += 1
        most = problem.num_offers if problem.max_shipments is None else problem.max_shipments
        costs = [int((problem.quantity * problem.unfilled).sum())]
        for size in range(1, min(most, problem.num_offers) + 1):
            costs += enumeration.least_costs(problem, relaxed, all_sets(problem, size)).tolist()
        assert min(costs) == tiny.optimum, f"seed {tiny.seed}"
    assert exact > 80

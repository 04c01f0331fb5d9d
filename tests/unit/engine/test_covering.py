"""Sets of offers that a dual point leaves open and that bring enough: all of them, each once."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from tests.reference.brute import Tiny, tiny_problems
from tests.unit.engine.test_enumeration import all_sets

from sourcier.engine import bounds, covering, dual
from sourcier.engine.covering import Needs
from sourcier.engine.dual import Sizes
from sourcier.engine.offers import Problem, by_tier

MANY = 1_000_000


def _tiny() -> tuple[Tiny, ...]:
    return (*tiny_problems(60), *tiny_problems(30, 300, complete=True), *tiny_problems(30, heavy=True))


def nothing_needed(problem: Problem) -> Needs:
    """Any set will do."""
    return covering.needs(problem, np.zeros_like(problem.quantity))


@pytest.mark.parametrize("size", [1, 2, 3])
def test_the_open_sets_are_all_whose_values_add_up_to_less(size: int) -> None:
    rng = np.random.default_rng(size)
    for tiny in tiny_problems(60):
        problem = tiny.problem
        value = rng.integers(-50, 100, problem.num_offers)
        for below in (-20, 0, 35, 120):
            found = covering.open_sets(value, problem.node, nothing_needed(problem), size, below, MANY).sets
            assert found is not None
            wanted = {tuple(s) for s in all_sets(problem, size).tolist() if value[list(s)].sum() < below}
            assert len(found) == len(wanted)
            assert {tuple(sorted(s)) for s in found.tolist()} == wanted, f"seed {tiny.seed}: below {below}"


def test_the_open_sets_are_all_that_bring_what_is_needed() -> None:
    some = fewer = 0
    for seed in range(600):
        rng = np.random.default_rng(seed)
        num_offers, demands, size = rng.integers(1, 9), rng.integers(0, 5), int(rng.integers(1, 5))
        value, node = rng.integers(-50, 100, num_offers), np.sort(rng.integers(0, 6, num_offers))
        units = rng.integers(0, 4, (num_offers, demands)) * (rng.random((num_offers, demands)) < 0.6)
        brings = np.column_stack([units, rng.integers(0, 10, num_offers)])
        needs = Needs(
            brings=brings, wanted=np.append(rng.integers(1, 5, demands), rng.integers(0, 15)), demands=int(demands)
        )
        below = int(rng.integers(-50, 200))
        cheap = [
            offers
            for offers in combinations(range(num_offers), size)
            if len(set(node[list(offers)].tolist())) == size and value[list(offers)].sum() < below
        ]
        wanted = {offers for offers in cheap if (brings[list(offers)].sum(axis=0) >= needs.wanted).all()}
        found = covering.open_sets(value, node, needs, size, below, MANY).sets
        assert found is not None
        listed = [tuple(sorted(offers)) for offers in found.tolist()]
        assert len(listed) == len(wanted), f"seed {seed}"
        assert set(listed) == wanted, f"seed {seed}"
        some, fewer = some + bool(wanted), fewer + (0 < len(wanted) < len(cheap))
    assert some > 100
    assert fewer > 50


def test_too_many_sets_are_not_listed() -> None:
    value, node = np.zeros(20, dtype=np.int64), np.arange(20)
    needs = Needs(brings=np.zeros((20, 0), dtype=np.int64), wanted=np.zeros(0, dtype=np.int64), demands=0)
    assert len(covering.open_sets(value, node, needs, 3, 1, 2_000).sets) == 1_140
    few = covering.open_sets(value, node, needs, 3, 1, 300)
    assert few.sets is None
    assert 0 < few.looked_at < 500


@pytest.mark.parametrize("expanded", [False, True], ids=["tiers", "choices"])
def test_every_cheaper_plan_fills_what_must_be_filled_with_a_set_that_is_listed(expanded: bool) -> None:
    must = plans = 0
    for tiny in _tiny():
        problem = by_tier(tiny.problem) if expanded else tiny.problem
        relaxed = bounds.relax(problem)
        price = bounds.starting_prices(problem, relaxed)
        for size in (1, 2, 3):
            point = dual.evaluate(problem, relaxed, price, Sizes(least=size, most=size))
            for above in (1, 3_000_000, 60_000_000):
                target = tiny.optimum + above
                filled = covering.must_fill(problem, price, point.bound, target)
                assert (filled <= problem.quantity).all()
                must += int(filled.sum())
                below = target - int(problem.quantity @ price) + problem.split
                needs = covering.needs(problem, filled)
                found = covering.open_sets(point.value, problem.node, needs, size, below, MANY).sets
                lanes = {tuple(sorted(problem.lane[offers].tolist())) for offers in found}
                for plan in tiny.plans:
                    if len(plan.opened) == size and plan.objective < target:
                        assert (np.sum(plan.units, axis=1) >= filled).all(), f"seed {tiny.seed}"
                        opened = tuple(tiny.problem.lane[list(plan.opened)].tolist())
                        assert tuple(sorted(opened)) in lanes, f"seed {tiny.seed}"
                        plans += 1
    assert must > 500
    assert plans > 500


def test_no_plan_fills_more_than_the_nodes_that_may_share_a_line_have() -> None:
    less = dropped = 0
    for tiny in (*tiny_problems(150), *tiny_problems(30, heavy=True)):
        problem = tiny.problem
        fillable = covering.fillable(problem)
        less += int((fillable < problem.quantity).sum())
        for plan in tiny.plans:
            filled = np.sum(plan.units, axis=1)
            assert (filled <= fillable).all(), f"seed {tiny.seed}"
            useful = covering.useful_supply(problem, filled)
            assert (np.array(plan.units) <= useful).all(), f"seed {tiny.seed}"
            dropped += int((useful < problem.supply).sum())
    assert less > 5
    assert dropped > 50


def test_stock_is_useful_by_hand() -> None:
    problem = tiny_problems(1)[0].problem
    supply = np.array([[3, 2, 1], [2, 0, 2]])
    nodes = np.array([0, 1, 2])
    shared = replace(problem, supply=supply, node=nodes, quantity=np.array([4, 2]), max_nodes_per_line=2)
    assert covering.fillable(shared).tolist() == [4, 2]
    assert covering.useful_supply(shared, np.array([4, 1])).tolist() == [[3, 2, 1], [2, 0, 2]]
    assert covering.useful_supply(shared, np.array([5, 4])).tolist() == [[3, 2, 0], [2, 0, 2]]
    alone = replace(shared, max_nodes_per_line=1)
    assert covering.fillable(alone).tolist() == [3, 2]
    assert covering.useful_supply(alone, np.array([3, 0])).tolist() == [[3, 0, 0], [2, 0, 2]]

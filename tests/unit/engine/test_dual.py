"""The Lagrangian bounds: never above the best plan they speak of, on problems whose every plan is listed."""

import numpy as np
import pytest
from tests.reference.brute import Tiny, tiny_problems
from tests.reference.instances import random_world
from tests.reference.model import optimum

from sourcier.engine import bounds, dual
from sourcier.engine.dual import Sizes
from sourcier.engine.offers import Fill, build, by_tier

NUM_TINY = 120


def _tiny() -> tuple[Tiny, ...]:
    heavy = tiny_problems(NUM_TINY, heavy=True)
    return (*tiny_problems(NUM_TINY), *tiny_problems(40, 300, complete=True), *heavy)


def _prices(tiny: Tiny, count: int = 6) -> list[np.ndarray]:
    """Dual points: the engine's own start, both ends, and random ones."""
    problem = tiny.problem
    rng = np.random.default_rng(tiny.seed)
    random = [(rng.random(len(problem.quantity)) * problem.unfilled).astype(np.int64) for _ in range(count)]
    start = bounds.starting_prices(problem, bounds.relax(problem))
    return [start, np.zeros_like(start), problem.unfilled, *random]


def _sizes(num_nodes: int) -> list[Sizes]:
    return [Sizes(least=m, most=n) for m in range(1, num_nodes + 1) for n in range(m, num_nodes + 1)]


def _least(tiny: Tiny, sizes: Sizes, through: int | None = None) -> int:
    costs = [
        plan.objective
        for plan in tiny.plans
        if sizes.least <= len(plan.opened) <= sizes.most and (through is None or through in plan.opened)
    ]
    return min(costs, default=bounds.NO_PLAN)


@pytest.mark.parametrize("expanded", [False, True], ids=["tiers", "choices"])
def test_no_plan_of_some_sizes_costs_less_than_their_bound_at_any_price(expanded: bool) -> None:
    for tiny in _tiny():
        problem = by_tier(tiny.problem) if expanded else tiny.problem
        relaxed = bounds.relax(problem)
        for sizes in _sizes(len(relaxed.node_start)):
            best = _least(tiny, sizes)
            for price in _prices(tiny, 2):
                assert dual.evaluate(problem, relaxed, price, sizes).bound <= best, f"seed {tiny.seed}: {sizes} {price}"


def test_a_forced_offer_costs_at_least_its_forced_bound() -> None:
    for tiny in _tiny():
        problem, relaxed = tiny.problem, bounds.relax(tiny.problem)
        for sizes in _sizes(len(relaxed.node_start)):
            best = np.array([_least(tiny, sizes, k) for k in range(problem.num_offers)])
            for price in _prices(tiny, 2):
                point = dual.evaluate(problem, relaxed, price, sizes)
                forced = dual.forced_bounds(problem, relaxed, point)
                assert (forced <= best).all(), f"seed {tiny.seed}: {sizes} {price}"
                assert forced.min() >= point.bound, f"seed {tiny.seed}: forcing an offer cannot help"


def test_no_plan_without_a_node_costs_less_than_its_bound() -> None:
    raised = 0
    for tiny in _tiny():
        problem, relaxed = tiny.problem, bounds.relax(tiny.problem)
        for sizes in _sizes(len(relaxed.node_start)):
            for price in _prices(tiny, 1):
                point = dual.evaluate(problem, relaxed, price, sizes)
                for position, node in enumerate(problem.node[relaxed.node_start].tolist()):
                    others = [
                        plan.objective
                        for plan in tiny.plans
                        if sizes.least <= len(plan.opened) <= sizes.most
                        and node not in problem.node[list(plan.opened)].tolist()
                    ]
                    bound = dual.bound_without(problem, point, position)
                    assert point.bound <= bound <= min(others, default=bounds.NO_PLAN), f"seed {tiny.seed}"
                    raised += point.bound < bound < bounds.NO_PLAN
    assert raised > 100


def test_ascent_only_ever_improves_and_stays_a_bound() -> None:
    improved = 0
    for tiny in _tiny():
        problem, relaxed = tiny.problem, bounds.relax(tiny.problem)
        start = bounds.starting_prices(problem, relaxed)
        for sizes in (dual.at_least(1, problem, relaxed), dual.at_least(2, problem, relaxed), Sizes(least=1, most=1)):
            best = _least(tiny, sizes)
            target = min(best, tiny.optimum + 1_000_000)
            first = dual.evaluate(problem, relaxed, start, sizes).bound
            point, promising = dual.ascend(problem, relaxed, start, target, 60, sizes)
            assert first <= point.bound <= best, f"seed {tiny.seed}: {sizes}"
            assert point.bound == dual.evaluate(problem, relaxed, point.price, sizes).bound, f"seed {tiny.seed}"
            forced = dual.forced_bounds(problem, relaxed, point)
            through = np.array([_least(tiny, sizes, k) for k in range(problem.num_offers)])
            assert (forced <= through).all(), f"seed {tiny.seed}: {sizes}"
            assert all(len(offers) for offers in promising)
            improved += point.bound > first
    assert improved > 10


def test_no_plan_of_one_shipment_costs_less_than_its_bound() -> None:
    tight = compared = 0
    for tiny in _tiny():
        problem, relaxed = tiny.problem, bounds.relax(tiny.problem)
        for k, bound in enumerate(dual.single_bounds(problem, relaxed, bounds.NO_PLAN)):
            best = tiny.least(exactly=(k,))
            assert best is None or best >= bound, f"seed {tiny.seed}: offer {k}"
            compared += best is not None
            tight += best == bound
        for target in (0, tiny.optimum, tiny.optimum + 1_000_000):
            closely = dual.single_bounds(problem, relaxed, bounds.NO_PLAN)
            in_short = dual.single_bounds(problem, relaxed, target)
            assert (in_short <= closely).all(), f"seed {tiny.seed}"
            assert (in_short[closely < target] == closely[closely < target]).all(), f"seed {tiny.seed}"
    assert tight > compared * 0.8


def test_one_look_finds_the_same_as_two() -> None:
    for tiny in _tiny():
        problem, relaxed = tiny.problem, bounds.relax(tiny.problem)
        price, sizes = bounds.starting_prices(problem, relaxed), dual.at_least(2, problem, relaxed)
        point, single = dual.evaluate_with_singles(problem, relaxed, price, sizes)
        alone = dual.evaluate(problem, relaxed, price, sizes)
        assert (point.bound, point.value.tolist()) == (alone.bound, alone.value.tolist()), f"seed {tiny.seed}"
        assert single.tolist() == dual.single_bounds(problem, relaxed, bounds.NO_PLAN).tolist(), f"seed {tiny.seed}"


def test_there_is_no_plan_of_more_shipments_than_allowed() -> None:
    for tiny in tiny_problems(40):
        problem, relaxed = tiny.problem, bounds.relax(tiny.problem)
        sizes = dual.at_least(problem.num_offers + 1, problem, relaxed)
        assert not sizes.exist
        point, _ = dual.ascend(problem, relaxed, problem.unfilled, tiny.optimum, 10, sizes)
        assert point.bound == bounds.NO_PLAN
        assert (dual.forced_bounds(problem, relaxed, point) == bounds.NO_PLAN).all()


def test_bounds_hold_on_worlds_too_large_to_list() -> None:
    for seed in range(60_000, 60_060):
        world = random_world(seed, lines_max=5, nodes_max=12)
        problem, _, _ = build(world.cart, world.snapshot(), world.compiled_rules())
        if problem.num_offers == 0 or problem.fill is not Fill.PARTIAL:
            continue
        best = optimum(world)
        relaxed = bounds.relax(problem)
        single = int(dual.single_bounds(problem, relaxed, bounds.NO_PLAN).min())
        units = bounds.cheapest_units(problem, relaxed)
        several = bounds.several_shipments_bound(problem, relaxed, units)
        sizes = dual.at_least(2, problem, relaxed)
        point, _ = dual.ascend(problem, relaxed, bounds.starting_prices(problem, relaxed), best, 60, sizes)
        assert min(problem.nothing, single, several) <= best, f"seed {seed}"
        assert min(problem.nothing, single, point.bound) <= best, f"seed {seed}"
        assert int(units.sum()) - problem.split <= best, f"seed {seed}"

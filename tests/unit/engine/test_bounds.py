"""Every bound is one: never above the best plan it speaks of, on problems whose every plan is listed."""

from dataclasses import replace

import numpy as np
from tests.reference import small
from tests.reference.brute import Tiny, tiny_problems

from sourcier.domain.network import WeightTier
from sourcier.engine import bounds
from sourcier.engine.offers import build

NUM_TINY = 120


def _tiny() -> tuple[Tiny, ...]:
    heavy = tiny_problems(NUM_TINY, heavy=True)
    return (*tiny_problems(NUM_TINY), *tiny_problems(40, 300, complete=True), *heavy)


def test_the_relaxed_costs_never_exceed_a_plans_own() -> None:
    exact = 0
    for tiny in _tiny():
        problem, relaxed = tiny.problem, bounds.relax(tiny.problem)
        exact += relaxed.exact
        for plan in tiny.plans[1:]:
            units = np.array(plan.units, dtype=np.int64)
            opened = np.array(plan.opened)
            left = problem.quantity - units.sum(axis=1)
            shared = int((relaxed.unit * units).sum()) + int((left * problem.unfilled).sum()) - problem.split
            told = shared + int(relaxed.fixed[opened].sum())
            assert told <= plan.objective, f"seed {tiny.seed}: {plan}"
            assert told == plan.objective or not relaxed.exact, f"seed {tiny.seed}: {plan}"
            flat = int((problem.unit * units).sum()) + int((left * problem.unfilled).sum()) - problem.split
            assert flat + int(relaxed.flat[opened].sum()) <= plan.objective
    assert 20 < exact < len(_tiny())


def test_cheapest_units_are_a_bound_on_what_units_cost() -> None:
    for tiny in _tiny():
        problem, relaxed = tiny.problem, bounds.relax(tiny.problem)
        least = bounds.cheapest_units(problem, relaxed)
        for plan in tiny.plans:
            units = np.array(plan.units, dtype=np.int64)
            costs = (relaxed.unit * units).sum(axis=1)
            costs += (problem.quantity - units.sum(axis=1)) * problem.unfilled
            assert (least <= costs).all(), f"seed {tiny.seed}: {plan}"


def test_no_plan_of_several_shipments_costs_less_than_its_bound() -> None:
    tight = 0
    for tiny in _tiny():
        relaxed = bounds.relax(tiny.problem)
        units = bounds.cheapest_units(tiny.problem, relaxed)
        bound = bounds.several_shipments_bound(tiny.problem, relaxed, units)
        several = [plan.objective for plan in tiny.plans if len(plan.opened) > 1]
        assert min(several, default=bound) >= bound, f"seed {tiny.seed}"
        tight += bool(several) and min(several) == bound
        if bound == bounds.NO_PLAN:
            assert several == [], f"seed {tiny.seed}"
    assert tight > 10


def test_several_shipments_may_pay_where_steep_tiers_make_a_further_one_cheap() -> None:
    """A line under steep tiers starts below zero: three light parcels cost 3 euros, two of them at least 22."""
    steps = ((1_000, 0), (2_000, 20 * small.EURO), (3_000, 50 * small.EURO))
    tiers = tuple(WeightTier(max_grams=grams, cost_micros=cost) for grams, cost in steps)
    lines = tuple(replace(line, unit_weight_grams=1_000) for line in small.lines(a=1, b=1, c=1))
    world = small.world(
        [small.node(n) for n in "xyz"],
        {n: {"a": 1, "b": 1, "c": 1} for n in "xyz"},
        lines,
        services=(small.service(per_shipment_micros=small.EURO, weight_tiers=tiers),),
    )
    problem, _, _ = build(world.cart, world.snapshot(), world.compiled_rules())
    relaxed = bounds.relax(problem)
    units = bounds.cheapest_units(problem, relaxed)
    assert bounds.several_shipments_bound(problem, relaxed, units) <= 3 * small.EURO
    two = replace(problem, max_shipments=2)
    assert 3 * small.EURO < bounds.several_shipments_bound(two, relaxed, units) <= 22 * small.EURO
    assert small.decided(world).objective_micros == 3 * small.EURO

"""The exact cost and feasibility of an answer, against plain Python."""

from itertools import product

import numpy as np
from tests.reference.brute import Tiny, as_units, price, tiny_problems

from sourcier.engine.formulation import breaks, ceiling, cover, nothing, tier_costs, unfilled_cost
from sourcier.engine.offers import Fill

EVERYTHING = 40


def _assignments(tiny: Tiny, most: int = 150):
    """Assignments that respect `supply`, feasible or not, spread evenly."""
    problem = tiny.problem
    cells = [range(int(s) + 1) for s in problem.supply.ravel()]
    count = int(np.prod([len(c) for c in cells], dtype=np.float64))
    step = max(1, count // most)
    for index, flat in enumerate(product(*cells)):
        if index > 20_000:
            break
        units = np.array(flat, dtype=np.int64).reshape(problem.supply.shape)
        if index % step == 0 and (units.sum(axis=1) <= problem.quantity).all():
            yield units


def test_below_the_ceiling_is_every_plan_that_fills_what_must_be_filled_and_costs_less() -> None:
    lowered = 0
    for tiny in (*tiny_problems(EVERYTHING), *tiny_problems(EVERYTHING, 300, complete=True)):
        problem, empty = tiny.problem, nothing(tiny.problem)
        below = ceiling(problem, empty)
        for plan in tiny.plans:
            full = sum(map(sum, plan.units)) == int(problem.quantity.sum())
            cheaper = plan.objective < empty.objective
            assert (plan.objective < below) == (cheaper and (full or problem.fill is Fill.PARTIAL)), f"seed {tiny.seed}"
        lowered += below < empty.objective
    assert lowered > 10


def test_nothing_costs_every_unit_unfilled() -> None:
    for tiny in tiny_problems(EVERYTHING):
        empty = nothing(tiny.problem)
        assert empty.objective == price(tiny.problem, as_units(tiny.problem, empty.offers, empty.units))
        assert (empty.offers.size, empty.units.shape) == (0, (len(tiny.problem.quantity), 0))


def test_feasible_assignments_are_accepted_and_priced_and_others_are_not() -> None:
    accepted = rejected = 0
    for tiny in tiny_problems(EVERYTHING):
        for units in _assignments(tiny):
            used = np.flatnonzero(units.any(axis=0))
            expected = price(tiny.problem, as_units(tiny.problem, used, units[:, used]))
            assert breaks(tiny.problem, used, units[:, used]) == (expected is None), f"seed {tiny.seed}: {units}"
            if expected is None:
                rejected += 1
            else:
                accepted += 1
                assert cover(tiny.problem, used, units[:, used]).objective == expected, f"seed {tiny.seed}: {units}"
    assert accepted > 500
    assert rejected > 100


def test_offers_that_carry_nothing_are_closed() -> None:
    problem = tiny_problems(1)[0].problem
    offers, units = np.arange(problem.num_offers), np.zeros_like(problem.supply)
    assert cover(problem, offers, units).objective == nothing(problem).objective
    d, k = (int(i) for i in np.argwhere(problem.supply > 0)[0])
    units[d, k] = 1
    found = cover(problem, offers, units)
    assert found.offers.tolist() == [k]
    assert found.units.shape == (len(problem.quantity), 1)


def test_unfilled_units_have_their_own_price() -> None:
    problem = next(t.problem for t in tiny_problems(EVERYTHING) if len(t.problem.quantity) > 1)
    units = np.zeros((len(problem.quantity), 1), dtype=np.int64)
    units[1, 0] = 1
    assert unfilled_cost(problem, units) == nothing(problem).objective - int(problem.unfilled[1])


def test_the_tier_of_a_shipment_is_that_of_its_whole_weight() -> None:
    seen = set()
    for tiny in tiny_problems(EVERYTHING):
        for plan in tiny.plans:
            offers = np.array(plan.opened, dtype=np.int64)
            units = np.array(plan.units, dtype=np.int64)[:, offers]
            weights = (tiny.problem.weight @ units).tolist()
            for k, cost, grams in zip(offers, tier_costs(tiny.problem, offers, weights), weights, strict=True):
                table = tiny.problem.tier_tables[tiny.problem.tiers[k]]
                fits = [c for limit, c in zip(table.limit_g, table.cost, strict=True) if grams <= limit]
                assert cost == fits[0]
                seen.add(len(table.cost) - len(fits))
    assert {0, 1} <= seen

"""Relieving an overfull shipment: the price added is never more than the subset's best plan pays."""

from functools import cache

import numpy as np
from tests.reference.brute import Priced, all_plans, as_units, count_assignments, price
from tests.reference.instances import random_world

from sourcier.engine import bounds, enumeration, knapsack
from sourcier.engine.formulation import breaks, cover
from sourcier.engine.offers import Fill, Problem, build, by_tier
from sourcier.engine.tariffs import Tiers

NUM_PROBLEMS = 60


@cache
def _tiered() -> tuple[tuple[int, Problem, tuple[Priced, ...]], ...]:
    """Problems with their weight tiers as choices, small enough to list every plan."""
    found: list[tuple[int, Problem, tuple[Priced, ...]]] = []
    seed = 0
    while len(found) < NUM_PROBLEMS:
        world = random_world(seed, lines_max=3, nodes_max=3)
        whole, _, _ = build(world.cart, world.snapshot(), world.compiled_rules())
        problem = by_tier(whole) if whole.num_offers else whole
        if problem.num_offers > whole.num_offers and count_assignments(problem) <= 4_000:
            found.append((seed, problem, tuple(all_plans(problem))))
        seed += 1
    return tuple(found)


def _subsets(problem: Problem):
    for subset in range(1, 1 << problem.num_offers):
        offers = enumeration.members(subset, problem.num_offers)
        if len(set(problem.node[offers].tolist())) == len(offers):
            yield subset, offers


def test_shedding_is_a_bound_on_every_plan_of_the_subset() -> None:
    shed = tight = 0
    for seed, problem, plans in _tiered():
        relaxed = bounds.relax(problem)
        unlimited = enumeration.relaxed_costs(problem, relaxed)
        for subset, offers in _subsets(problem):
            found = knapsack.shed(problem, relaxed, offers)
            if found is None:
                continue
            shed += 1
            best = min((p.objective for p in plans if p.opened == tuple(offers.tolist())), default=None)
            assert found.extra >= 0
            assert best is None or unlimited[subset] + found.extra <= best, f"seed {seed}: {offers}"
            tight += best is not None and unlimited[subset] + found.extra == best
    assert shed > 100
    assert tight > 30


def test_the_units_told_respect_stock_and_demand_and_cost_what_is_told_or_less_where_feasible() -> None:
    feasible = 0
    for seed, problem, _ in _tiered():
        relaxed = bounds.relax(problem)
        unlimited = enumeration.relaxed_costs(problem, relaxed)
        for subset, offers in _subsets(problem):
            found = knapsack.shed(problem, relaxed, offers)
            if found is None:
                continue
            assert (found.units >= 0).all()
            assert (found.units <= problem.supply[:, offers]).all(), f"seed {seed}: {offers}"
            assert (found.units.sum(axis=1) <= problem.quantity).all(), f"seed {seed}: {offers}"
            if found.units.any(axis=0).all() and not breaks(problem, offers, found.units):
                feasible += 1
                told = cover(problem, offers, found.units)
                assert told.objective == price(problem, as_units(problem, told.offers, told.units))
                assert told.objective >= unlimited[subset] + found.extra, f"seed {seed}: {offers}"
    assert feasible > 30


def test_nothing_overfull_needs_no_relief() -> None:
    for _, problem, _ in _tiered():
        heaviest = np.array([table.limit_g[-1] for table in problem.tier_tables])[problem.tiers]
        for k in range(problem.num_offers):
            if int(problem.weight @ problem.supply[:, k]) <= heaviest[k]:
                assert knapsack.shed(problem, bounds.relax(problem), np.array([k])) is None


def _two_offers(rng: np.random.Generator) -> Problem:
    """Two nodes whose services carry only so much: what leaves the one may overfill the other."""
    unit = rng.integers(0, 20, (3, 2))
    available = rng.integers(0, 3, (3, 2))
    quantity = rng.integers(1, 3, 3)
    limits = rng.integers(4, 20, 2)
    nobody = np.zeros(2, dtype=np.int64)
    return Problem(
        quantity=quantity,
        weight=rng.integers(0, 10, 3),
        unfilled=rng.choice([25, 60, 500], 3),
        group=np.arange(3),
        lines_of=((0,), (1,), (2,)),
        lane=np.arange(2),
        node=np.arange(2),
        service=nobody,
        way=nobody,
        arrival=nobody,
        fixed=np.ones(2, dtype=np.int64),
        unit=unit,
        available=available,
        supply=np.minimum(available, quantity[:, None]),
        cap_units=np.full(2, 10**6),
        cap_lines=np.full(2, 10**6),
        tiers=np.arange(2),
        family=nobody,
        tier_tables=tuple(Tiers(limit_g=limits[k : k + 1], cost=np.zeros(1, dtype=np.int64)) for k in range(2)),
        split=0,
        onward=(0, 0),
        nothing=0,
        max_shipments=None,
        max_nodes_per_line=None,
        fill=Fill.PARTIAL,
    )


def test_what_is_moved_out_may_be_made_room_for_by_what_is_moved_back() -> None:
    rng = np.random.default_rng(11)
    shed = tight = 0
    for case in range(1_500):
        problem = _two_offers(rng)
        relaxed = bounds.relax(problem)
        found = knapsack.shed(problem, relaxed, np.arange(2))
        if found is None:
            continue
        unlimited = int(enumeration.relaxed_costs(problem, relaxed)[3])
        best = min((p.objective for p in all_plans(problem) if p.opened == (0, 1)), default=None)
        shed += 1
        tight += best == unlimited + found.extra
        assert best is None or unlimited + found.extra <= best, f"case {case}"
    assert tight > shed * 0.5
    assert shed > 200

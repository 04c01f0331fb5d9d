"""Filling sets of offers exactly: the same cost as the best plan of each set, by listing every plan."""

from itertools import product

import numpy as np
import pytest
from tests.reference.brute import tiny_problems
from tests.unit.engine.test_enumeration import all_sets, least_by_set

from sourcier.engine import bounds, enumeration, filling
from sourcier.engine.formulation import breaks, cover
from sourcier.engine.offers import Problem, by_tier

HIGH = 2**50
STEPS = enumeration.LIMIT_STEPS


def _problems(seeds: int):
    for tiny in (*tiny_problems(seeds), *tiny_problems(seeds, heavy=True), *tiny_problems(20, 300, complete=True)):
        if all(len(table.cost) == 1 for table in tiny.problem.tier_tables):
            yield tiny, tiny.problem
        yield tiny, by_tier(tiny.problem)


def allowed(problem: Problem, sets: np.ndarray) -> bool:
    """Whether an order may have so many shipments."""
    return problem.max_shipments is None or sets.shape[1] <= problem.max_shipments


@pytest.mark.parametrize("dominated_min", [filling.DOMINATED_MIN, 1])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_the_cheapest_filling_is_the_best_plan_of_the_sets(
    size: int, dominated_min: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filling, "DOMINATED_MIN", dominated_min)
    monkeypatch.setattr(filling, "PARTIAL_MAX", 1_000_000)  # with a target so high nothing is ruled out on the way
    found_any = shared = 0
    for tiny, problem in _problems(60):
        relaxed, sets = bounds.relax(problem), all_sets(problem, size)
        if len(sets) == 0 or not allowed(problem, sets):
            continue
        limits = enumeration.limited_costs(problem, relaxed, sets, tiny.optimum + 3_000_000, STEPS)
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
        limits = enumeration.limited_costs(problem, relaxed, sets, tiny.optimum, STEPS)
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
        limits = enumeration.limited_costs(problem, relaxed, sets, tiny.optimum + 3_000_000, STEPS)
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


@pytest.mark.parametrize("size", [1, 2, 3])
def test_of_each_demand_every_way_is_found_that_adds_less_than_its_room(size: int) -> None:
    some = none = 0
    for tiny, problem in _problems(30):
        relaxed, sets = bounds.relax(problem), all_sets(problem, size)
        if len(sets) == 0:
            continue
        limits = enumeration.limited_costs(problem, relaxed, sets, tiny.optimum + 3_000_000, STEPS)
        room = tiny.optimum + 3_000_000 - limits.cost
        settled = np.ones(len(sets), dtype=np.bool_)
        found = filling._of_each(problem, sets, limits, room, settled)
        for d, ways in enumerate(found):
            for s, offers in enumerate(sets[:20]):
                wanted = _useful(problem, d, offers, limits.take(np.array([s])), int(room[s]))
                mine = ways.of == s
                listed = zip(ways.units[mine, 0].tolist(), ways.regret[mine].tolist(), strict=True)
                assert {tuple(units): regret for units, regret in listed} == wanted, f"seed {tiny.seed}"
                some, none = some + len(wanted), none + (not wanted)
        assert settled.all()
    assert some > 200
    assert none > 10


def _useful(
    problem: Problem, d: int, offers: np.ndarray, limits: enumeration.Limits, room: int
) -> dict[tuple[int, ...], int]:
    """Every way to take no more of a demand than is wanted and there is, and what it adds."""
    saving = problem.unfilled[d] - problem.unit[d, offers] - limits.per_gram[0] * problem.weight[d] - limits.per_unit[0]
    ways = [
        units
        for units in product(*(range(supply + 1) for supply in problem.supply[d, offers].tolist()))
        if sum(units) <= problem.quantity[d]
    ]
    most = max(int(saving @ units) for units in ways)
    limit = problem.max_nodes_per_line or len(offers)
    return {
        units: added
        for units in ways
        if (added := most - int(saving @ units)) < room and np.count_nonzero(units) <= limit
    }


def test_sets_with_too_many_ways_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filling, "WAYS_MAX", 30)
    given_up = 0
    for tiny, problem in _problems(40):
        relaxed, sets = bounds.relax(problem), all_sets(problem, 2)
        if len(sets) == 0 or not allowed(problem, sets):
            continue
        limits = enumeration.limited_costs(problem, relaxed, sets, tiny.optimum + 3_000_000, STEPS)
        found = filling.cheapest(problem, sets, limits, tiny.optimum + 3_000_000)
        given_up += int((~found.settled).sum())
        best = least_by_set(tiny, 2)
        if found.settled.all() and min(best.values(), default=HIGH) < tiny.optimum + 3_000_000:
            assert found.units is not None, f"seed {tiny.seed}"
    assert given_up > 10


def test_dominated_fillings_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer are looked at, and the best one costs the same."""
    fewer = 0
    for tiny, problem in _problems(60):
        relaxed, sets = bounds.relax(problem), all_sets(problem, 2)
        if len(sets) == 0 or not allowed(problem, sets):
            continue
        limits = enumeration.limited_costs(problem, relaxed, sets, tiny.optimum + 3_000_000, STEPS)
        both = []
        for dominated_min in (10**9, 1):
            monkeypatch.setattr(filling, "DOMINATED_MIN", dominated_min)
            found = filling.cheapest(problem, sets, limits, tiny.optimum + 90_000_000)
            cost = None if found.units is None else cover(problem, sets[found.index], found.units).objective
            both.append((found.settled.all(), cost, found.looked_at))
        (known, cost, looked_at), (also_known, same, less) = both
        if known and also_known:
            assert cost == same, f"seed {tiny.seed}"
        assert less <= looked_at
        fewer += less < looked_at
    assert fewer > 10

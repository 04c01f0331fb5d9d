"""The best plan over a few offers: compared with every plan there is, and left to others where it is not for this."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from tests.reference import small
from tests.reference.brute import Tiny, all_plans, as_units, price, tiny_problems

from sourcier.engine import bounds, few, primal
from sourcier.engine.formulation import nothing
from sourcier.engine.offers import Fill, Problem, build


def _parts(tiny: Tiny) -> list[Problem]:
    """The problem over every three of its offers, or over all where they are fewer."""
    number = tiny.problem.num_offers
    sets = combinations(range(number), min(number, few.OFFERS_MAX))
    return [tiny.problem.restricted(np.array(offers)) for offers in sets]


@pytest.mark.parametrize("kind", [{}, {"complete": True}, {"heavy": True}], ids=["partial", "whole", "heavy"])
def test_the_best_plan_is_found_wherever_it_says_so(kind: dict[str, bool]) -> None:
    found_some = left = 0
    for tiny in tiny_problems(60, **kind):
        for problem in _parts(tiny):
            best = nothing(problem)
            found = few.best_of_few(problem, bounds.relax(problem), range(problem.num_offers), best)
            if found is None:
                left += 1
                continue
            wanted = int(problem.quantity.sum())
            plans = [p for p in all_plans(problem) if problem.fill is Fill.PARTIAL or sum(map(sum, p.units)) == wanted]
            assert found.objective == min([best.objective, *(p.objective for p in plans)]), f"seed {tiny.seed}"
            assert price(problem, as_units(problem, found.offers, found.units)) == found.objective, f"seed {tiny.seed}"
            found_some += found is not best
    assert found_some > 20
    assert left < 4 * found_some


def test_some_of_the_offers_are_looked_at_alone() -> None:
    for tiny in tiny_problems(60):
        problem, relaxed = tiny.problem, bounds.relax(tiny.problem)
        if problem.fill is not Fill.PARTIAL:
            continue
        for offers in combinations(range(problem.num_offers), 2):
            found = few.best_of_few(problem, relaxed, offers, nothing(problem))
            if found is not None:
                plans = [plan.objective for plan in tiny.plans if set(plan.opened) <= set(offers)]
                assert found.objective == min(plans), f"seed {tiny.seed}: {offers}"


def test_plans_of_several_shipments_are_enough_where_each_offer_was_looked_at_alone() -> None:
    for tiny in tiny_problems(60, complete=True):
        for problem in _parts(tiny):
            everywhere, relaxed = slice(0, problem.num_offers), bounds.relax(problem)
            saving = np.maximum(problem.unfilled[:, None] - problem.unit, 0)
            alone = primal.best_single(problem, primal.singles(problem, saving), everywhere)
            offers = range(problem.num_offers)
            found = few.best_of_few(problem, relaxed, offers, alone, least=2)
            whole = few.best_of_few(problem, relaxed, offers, nothing(problem))
            if found is not None and whole is not None and int(whole.units.sum()) == int(problem.quantity.sum()):
                assert found.objective == whole.objective, f"seed {tiny.seed}"


def test_a_plan_that_is_as_good_stays() -> None:
    for tiny in tiny_problems(40):
        problem = tiny.problem.restricted(np.arange(min(tiny.problem.num_offers, 2)))
        relaxed, offers = bounds.relax(problem), range(problem.num_offers)
        best = few.best_of_few(problem, relaxed, offers, nothing(problem))
        if best is not None:
            assert few.best_of_few(problem, relaxed, offers, best) is best, f"seed {tiny.seed}"


def _problem(units: int, **changes: object) -> Problem:
    """Two nodes that have all of two lines, so many units of each."""
    nodes = [small.node(name, **changes) for name in "xy"]
    world = small.world(nodes, {n.node_id: {"a": units, "b": units} for n in nodes}, small.lines(a=units, b=units))
    return build(world.cart, world.snapshot(), world.compiled_rules(), complete=True)[0]


def test_what_it_is_not_for_is_left_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def settled(problem: Problem) -> bool:
        return few.best_of_few(problem, bounds.relax(problem), range(problem.num_offers), nothing(problem)) is not None

    problem = _problem(2)
    assert problem.num_offers == 2
    assert settled(problem)
    assert not settled(replace(problem, group=np.zeros(2, dtype=np.int64)))  # shared stock
    assert not settled(replace(problem, cap_units=np.full(2, 3)))  # capacity that binds
    assert not settled(_problem(few.WAYS_MAX))
    monkeypatch.setattr(few, "STEPS_MAX", 3)
    assert not settled(problem)
    monkeypatch.setattr(few, "OFFERS_MAX", 1)
    assert not settled(problem)

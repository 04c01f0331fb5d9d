"""Good plans without a solver: feasible, priced right, and optimal where they say so."""

from dataclasses import replace

import numpy as np
import pytest
from tests.reference.brute import Tiny, as_units, price, tiny_problems
from tests.reference.starts import best_single

from sourcier.engine import bounds, primal
from sourcier.engine.formulation import Cover
from sourcier.engine.offers import Problem
from sourcier.engine.tiers import Tiers, tier_tables


def _tiny() -> tuple[Tiny, ...]:
    return (*tiny_problems(80), *tiny_problems(40, 300, complete=True), *tiny_problems(40, heavy=True))


def _good(tiny: Tiny, found: Cover) -> bool:
    exact = price(tiny.problem, as_units(tiny.problem, found.offers, found.units))
    return exact == found.objective >= tiny.optimum


def _heuristics(tiny: Tiny) -> dict[str, Cover]:
    problem, relaxed = tiny.problem, bounds.relax(tiny.problem)
    everything = np.arange(problem.num_offers)
    greedy = primal.greedy(problem, relaxed)
    return {
        "single": best_single(problem),
        "greedy": greedy,
        "marginal": primal.marginal(problem, relaxed, bounds.starting_prices(problem, relaxed)),
        "drop": primal.drop(problem, everything),
        "lighten": primal.lighten(problem, greedy),
    }


@pytest.mark.parametrize("name", ["single", "greedy", "marginal", "drop", "lighten"])
def test_every_plan_found_is_feasible_and_priced_exactly(name: str) -> None:
    bad = [tiny.seed for tiny in _tiny() if not _good(tiny, _heuristics(tiny)[name])]
    assert bad == []


def test_filling_any_offers_gives_a_feasible_plan() -> None:
    for tiny in _tiny():
        problem = tiny.problem
        for subset in range(1, min(64, 1 << problem.num_offers)):
            offers = np.flatnonzero((subset >> np.arange(problem.num_offers)) & 1)
            assert _good(tiny, primal.fill(problem, offers)), f"seed {tiny.seed}: {offers}"


def test_the_best_single_shipment_is_found_where_nothing_but_stock_limits_it() -> None:
    for tiny in tiny_problems(60, quirks=False):
        singles = [plan.objective for plan in tiny.plans if len(plan.opened) <= 1]
        assert best_single(tiny.problem).objective == min(singles), f"seed {tiny.seed}"


@pytest.mark.parametrize("falls", [False, True])
def test_an_offer_alone_costs_what_is_said_or_at_least_so_much(falls: bool) -> None:
    possible = 0
    for tiny in _tiny():
        problem = _with_falling_tiers(tiny.problem) if falls else tiny.problem
        found = primal.singles(problem, np.maximum(problem.unfilled[:, None] - problem.unit, 0))
        for k in range(problem.num_offers):
            plan = as_units(problem, np.array([k]), found.units[:, [k]])
            costs = [price(problem, one.units) for one in tiny.plans if one.opened == (k,)]
            assert all(cost is None or found.least[k] <= cost for cost in costs), f"seed {tiny.seed}: {k}"
            if found.units[:, k].any():
                assert price(problem, plan) == (found.price[k] if found.possible[k] else None), f"seed {tiny.seed}"
                possible += int(found.possible[k])
    assert possible > 100


def _with_falling_tiers(problem: Problem) -> Problem:
    """The same order where heavier parcels cost less."""
    tables = [Tiers(limit_g=table.limit_g, cost=table.cost[::-1] + 500_000) for table in problem.tier_tables]
    return replace(problem, tier_tables=tier_tables(tables))


def test_improving_never_makes_a_plan_worse() -> None:
    for tiny in _tiny():
        found = _heuristics(tiny)
        assert found["lighten"].objective <= found["greedy"].objective


def test_the_heuristics_together_nearly_always_find_the_optimum() -> None:
    """Not a promise, but a sharp fall would show here first."""
    hits = sum(min(c.objective for c in _heuristics(tiny).values()) == tiny.optimum for tiny in _tiny())
    assert hits >= 0.95 * len(_tiny())

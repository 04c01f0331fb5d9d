"""The MIP: optimal on small problems, and a true bound however little time it had."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from tests.reference.brute import as_units, price, tiny_problems
from tests.reference.instances import random_world
from tests.reference.starts import best_single

from sourcier.domain.limits import SOLVE_MS_DEFAULT, SOLVE_MS_MAX
from sourcier.engine import solver
from sourcier.engine.formulation import Cover, ceiling, nothing
from sourcier.engine.offers import Fill, build
from sourcier.engine.refine import Model
from sourcier.engine.solver import Budget, solve

GENEROUS = Budget(solve_ms=10_000)


@pytest.mark.parametrize("complete", [False, True])
def test_small_problems_are_solved_to_the_optimum(complete: bool) -> None:
    for tiny in tiny_problems(100, complete=complete):
        start = nothing(tiny.problem)
        solution = solve(Model(problem=tiny.problem, incumbent=start), GENEROUS)
        if not tiny.is_fillable:  # of no use, whatever fills most of it
            found = solution.cover or start
            assert found.units.sum() < tiny.problem.quantity.sum(), f"seed {tiny.seed}"
            assert solution.bound == ceiling(tiny.problem, found), f"seed {tiny.seed}"
            continue
        assert solution.bound == tiny.optimum, f"seed {tiny.seed}"
        if tiny.optimum == start.objective:
            assert solution.cover is None, f"seed {tiny.seed}: nothing is better than shipping nothing"
        else:
            assert solution.cover is not None
            units = as_units(tiny.problem, solution.cover.offers, solution.cover.units)
            assert price(tiny.problem, units) == solution.cover.objective == tiny.optimum, f"seed {tiny.seed}"


def test_anything_below_the_start_is_an_improvement() -> None:
    """The start may come from offers that are no longer in the problem, whose costs have nothing in common with it."""
    for tiny in tiny_problems(100):
        start = replace(nothing(tiny.problem), objective=tiny.optimum + 1)
        solution = solve(Model(problem=tiny.problem, incumbent=start), GENEROUS)
        if not tiny.is_fillable:
            assert solution.bound == ceiling(tiny.problem, start) < tiny.optimum, f"seed {tiny.seed}"
            continue
        assert solution.bound == tiny.optimum, f"seed {tiny.seed}"
        assert solution.cover is not None, f"seed {tiny.seed}"
        assert solution.cover.objective == tiny.optimum, f"seed {tiny.seed}"


def test_the_mip_alone_finds_any_plan_below_its_target_and_proves_that_there_is_none() -> None:
    """The target may come from offers that are no longer in the problem, whose costs have nothing in common with it."""
    for tiny in tiny_problems(100):
        for above in (1, 2, 777):
            found, bound = solver._minimize(tiny.problem, tiny.optimum + above, 0, seconds=10.0)
            if not tiny.is_fillable:
                assert (found, bound) == (None, tiny.optimum + above), f"seed {tiny.seed}"
                continue
            assert found is not None, f"seed {tiny.seed}"
            assert found.objective == bound == tiny.optimum, f"seed {tiny.seed}"
        assert solver._minimize(tiny.problem, tiny.optimum, 0, seconds=10.0) == (None, tiny.optimum), (
            f"seed {tiny.seed}"
        )


def test_an_optimal_start_comes_back_proven_and_unimproved() -> None:
    for tiny in tiny_problems(60):
        best = min(tiny.plans, key=lambda plan: plan.objective)
        opened = np.array(best.opened, dtype=np.int64)
        units = np.array(best.units, dtype=np.int64)[:, opened]
        start = Cover(offers=opened, units=units, objective=best.objective)
        solution = solve(Model(problem=tiny.problem, incumbent=start), GENEROUS)
        assert (solution.cover, solution.bound) == (None, ceiling(tiny.problem, start)), f"seed {tiny.seed}"


def test_the_bound_is_true_after_a_millisecond() -> None:
    cut_short = 0
    for seed in range(70_000, 70_040):
        world = random_world(seed, lines_max=10, nodes_max=40)
        problem, _, _ = build(world.cart, world.snapshot(), world.compiled_rules())
        if problem.num_offers == 0:
            continue
        start = best_single(problem)
        model = Model(problem=problem, incumbent=start)
        full, hurried = solve(model, GENEROUS), solve(model, Budget(solve_ms=1))
        filled = start if full.cover is None else full.cover
        optimum = filled.objective
        assert full.bound == ceiling(problem, filled), f"seed {seed}"
        if problem.fill is not Fill.PARTIAL and filled.units.sum() < problem.quantity.sum():
            continue  # no plan fills everything; a bound of the others, which are of no use, says nothing
        assert hurried.bound <= optimum, f"seed {seed}"
        if hurried.cover is not None:
            units = as_units(problem, hurried.cover.offers, hurried.cover.units)
            assert price(problem, units) == hurried.cover.objective >= optimum, f"seed {seed}"
        cut_short += hurried.bound < optimum
    assert cut_short > 0


def test_models_and_solutions_travel_between_processes() -> None:
    tiny = next(t for t in tiny_problems(20) if t.optimum < nothing(t.problem).objective)
    model = Model(problem=tiny.problem, incumbent=nothing(tiny.problem))
    solution = pickle.loads(pickle.dumps(solve(pickle.loads(pickle.dumps(model)), GENEROUS)))
    assert solution.cover.objective == solution.bound == tiny.optimum


def test_the_same_model_gives_the_same_answer() -> None:
    for tiny in tiny_problems(20):
        model = Model(problem=tiny.problem, incumbent=nothing(tiny.problem))
        first, second = solve(model, GENEROUS), solve(model, GENEROUS)
        assert first.bound == second.bound
        assert (first.cover is None) == (second.cover is None)
        if first.cover is not None:
            assert np.array_equal(first.cover.units, second.cover.units)


@pytest.mark.parametrize("solve_ms", [1, SOLVE_MS_MAX])
def test_budgets_within_the_limits(solve_ms: int) -> None:
    assert Budget(solve_ms=solve_ms).solve_ms == solve_ms


@pytest.mark.parametrize("solve_ms", [0, -1, SOLVE_MS_MAX + 1])
def test_budgets_beyond_the_limits_are_refused(solve_ms: int) -> None:
    with pytest.raises(ValueError, match="solve_ms must be"):
        Budget(solve_ms=solve_ms)


def test_the_budget_unless_said() -> None:
    assert Budget().solve_ms == SOLVE_MS_DEFAULT

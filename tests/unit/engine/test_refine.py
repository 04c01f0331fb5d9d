"""What runs in the solver process before CP-SAT: rounds of pruning, enumeration, and the MIP only for the rest."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from tests.reference.brute import Tiny, as_units, price, tiny_problems
from tests.reference.instances import random_world
from tests.reference.model import optimum
from tests.reference.starts import best_single

from sourcier.domain.plan import Proof
from sourcier.engine import branching, covering, primal, solver
from sourcier.engine import refine as refining
from sourcier.engine.bounds import Relaxed
from sourcier.engine.formulation import Cover, ceiling, cover, nothing
from sourcier.engine.offers import Fill, Problem, build, by_tier
from sourcier.engine.refine import Model, cheaper, priced_over, refine
from sourcier.engine.solver import Budget, solve


def idle(problem: Problem, target: int, least: int, share: float) -> tuple[Cover | None, int]:
    """A MIP that finds nothing and proves nothing."""
    return None, 0


def _tiny() -> tuple[Tiny, ...]:
    return (*tiny_problems(60), *tiny_problems(40, 300, complete=True), *tiny_problems(40, heavy=True))


def test_without_a_mip_the_bound_is_true_and_the_plan_feasible() -> None:
    proofs: Counter[Proof] = Counter()
    for tiny, start in [(t, start) for t in _tiny() for start in (nothing(t.problem), best_single(t.problem))]:
        solution = refine(Model(problem=tiny.problem, incumbent=start), idle)
        best = solution.cover or start
        units = as_units(tiny.problem, best.offers, best.units)
        assert price(tiny.problem, units) == best.objective, f"seed {tiny.seed}"
        assert solution.bound <= tiny.optimum <= best.objective, f"seed {tiny.seed}"
        if solution.proof is not Proof.MIP:
            assert solution.bound == ceiling(tiny.problem, best), f"seed {tiny.seed}"
            assert not tiny.is_fillable or solution.bound == tiny.optimum, f"seed {tiny.seed}"
        proofs[solution.proof] += 1
    assert proofs[Proof.CERTIFICATE] > 10
    assert proofs[Proof.ENUMERATION] > 10


def test_the_mip_is_asked_only_for_plans_cheaper_than_the_best_one() -> None:
    asked: list[tuple[Problem, int]] = []

    def note(problem: Problem, target: int, least: int, share: float) -> tuple[Cover | None, int]:
        asked.append((problem, target))
        return None, target

    for seed in range(80_000, 80_150):
        world = random_world(seed, lines_max=5, nodes_max=12)
        problem, _, _ = build(world.cart, world.snapshot(), world.compiled_rules())
        if problem.num_offers == 0:
            continue
        asked.clear()
        start = best_single(problem)
        solution = refine(Model(problem=problem, incumbent=start), note)
        best = solution.cover or start
        assert (solution.proof is Proof.MIP) == bool(asked), f"seed {seed}"
        for part, target in asked:
            assert set(part.node.tolist()) <= set(problem.node.tolist())
            assert target == best.objective == solution.bound, f"seed {seed}"


@pytest.mark.parametrize(
    ("sets_max", "work_max", "proof"),
    [
        (refining.SETS_MAX, refining.WORK_MAX, Proof.ENUMERATION),
        (2, refining.WORK_MAX, Proof.ENUMERATION),
        (0, refining.WORK_MAX, Proof.MIP),
        (refining.SETS_MAX, 0, Proof.MIP),
        (2, 1, Proof.MIP),
    ],
    ids=["all sets", "few sets", "no sets", "no work", "little work"],
)
def test_with_the_mip_the_optimum_is_found_from_any_start(
    sets_max: int, work_max: int, proof: Proof, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refining, "SETS_MAX", sets_max)
    monkeypatch.setattr(solver, "WORK_MAX", work_max)
    monkeypatch.setattr(solver, "WORK_PER_CELL", work_max)
    proofs: Counter[Proof] = Counter()
    for seed in range(82_000, 82_060):
        world = random_world(seed, lines_max=5, nodes_max=10)
        problem, _, _ = build(world.cart, world.snapshot(), world.compiled_rules())
        if problem.num_offers == 0 or problem.fill is not Fill.PARTIAL:
            continue
        best = optimum(world)
        for start in (nothing(problem), best_single(problem)):
            solution = solve(Model(problem=problem, incumbent=start), Budget(solve_ms=10_000))
            found = solution.cover.objective if solution.cover is not None else start.objective
            assert found == solution.bound == best, f"seed {seed}"
            proofs[solution.proof] += 1
    assert proofs[proof] > 10


def test_a_search_that_is_not_done_soon_looks_among_the_offers_that_look_best(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refining, "SOON", 0)
    monkeypatch.setattr(refining, "SHORTLISTS", (2, 3))
    monkeypatch.setattr(refining, "FAR", 1.0)
    lengths: list[tuple[int, ...]] = []
    found = 0
    for seed in range(83_000, 83_025):
        world = random_world(seed, lines_max=5, nodes_max=10)
        problem, _, _ = build(world.cart, world.snapshot(), world.compiled_rules())
        if problem.num_offers == 0 or problem.fill is not Fill.PARTIAL:
            continue
        asked: list[tuple[int, Cover | None]] = []

        def note(part: Problem, target: int, least: int, share: float) -> tuple[Cover | None, int]:
            cover, bound = solver._minimize(part, target, least, seconds=10.0)
            if share < 1:
                asked.append((part.num_offers, cover))  # noqa: B023 - called within this round
            return cover, bound

        solution = refine(Model(problem=problem, incumbent=nothing(problem)), note)
        cost = nothing(problem).objective if solution.cover is None else solution.cover.objective
        assert cost == solution.bound == optimum(world), f"seed {seed}"
        lengths.append(tuple(length for length, _ in asked))
        found += any(cover is not None for _, cover in asked)
    assert any(len(asked) == 2 and asked[0] == 2 and 3 <= asked[1] <= 4 for asked in lengths)
    assert () in lengths  # no more offers than that, or the best plan is near its bound
    assert found > 3


def test_branches_settle_what_has_too_many_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    branched = 0

    def note(branch: branching.Branch, relaxed: Relaxed, target: int) -> list[branching.Branch] | None:
        nonlocal branched
        branched += 1
        return branching.split(branch, relaxed, target)

    monkeypatch.setattr(refining, "QUICK_MAX", 2)
    monkeypatch.setattr(covering, "PARTIAL_MAX", 3)
    monkeypatch.setattr(covering, "LAST_MANY", 1)
    monkeypatch.setattr(refining, "split", note)
    proven = 0
    for tiny in _tiny():
        solution = refine(Model(problem=tiny.problem, incumbent=nothing(tiny.problem)), idle)
        best = solution.cover or nothing(tiny.problem)
        assert solution.bound <= tiny.optimum <= best.objective, f"seed {tiny.seed}"
        proven += solution.bound == ceiling(tiny.problem, best)
    assert branched > 20
    assert proven > 100


def test_what_was_known_before_is_kept() -> None:
    for tiny in _tiny()[:40]:
        model = Model(problem=tiny.problem, incumbent=nothing(tiny.problem), bound=tiny.optimum)
        known = min(tiny.optimum, ceiling(tiny.problem, model.incumbent))
        assert refine(model, idle).bound == known, f"seed {tiny.seed}"


def test_a_start_that_is_the_optimum_comes_back_unimproved() -> None:
    for tiny in _tiny():
        best = min(tiny.plans, key=lambda plan: plan.objective)
        opened = np.array(best.opened, dtype=np.int64)
        units = np.array(best.units, dtype=np.int64)[:, opened]
        start = Cover(offers=opened, units=units, objective=best.objective)
        solution = solve(Model(problem=tiny.problem, incumbent=start), Budget(solve_ms=10_000))
        assert (solution.cover, solution.bound) == (None, ceiling(tiny.problem, start)), f"seed {tiny.seed}"


def test_a_plan_of_tier_choices_is_priced_by_its_true_tiers() -> None:
    lower = 0
    for tiny in tiny_problems(100):
        choices = by_tier(tiny.problem)
        plan = primal.drop(choices, np.arange(choices.num_offers))
        back = priced_over(tiny.problem, choices, plan)
        units = as_units(tiny.problem, back.offers, back.units)
        assert price(tiny.problem, units) == back.objective <= plan.objective, f"seed {tiny.seed}"
        for d, k in np.argwhere(choices.supply > 0):
            one_unit = np.zeros((len(choices.quantity), 1), dtype=np.int64)
            one_unit[d] = 1
            if choices.weight[d] <= choices.tier_tables[choices.tiers[k]].limit_g[-1]:
                dear = cover(choices, np.array([k]), one_unit)
                lower += priced_over(tiny.problem, choices, dear).objective < dear.objective
    assert lower > 10


@pytest.mark.parametrize(("objectives", "first"), [((3, 1, 2), 1), ((2, 2), 0), ((5,), 0)])
def test_the_first_of_the_cheapest_is_taken(objectives: tuple[int, ...], first: int) -> None:
    empty = nothing(tiny_problems(1)[0].problem)
    covers = [replace(empty, objective=objective) for objective in objectives]
    assert cheaper(*covers) is covers[first]

"""From a problem to a proven answer, with and without a solver's help."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from tests.reference import small
from tests.reference.brute import as_units, price, tiny_problems
from tests.reference.instances import World, random_world
from tests.reference.model import optimum

from sourcier.domain.plan import Proof
from sourcier.engine.decide import drive
from sourcier.engine.formulation import Cover, ceiling, nothing
from sourcier.engine.offers import Fill, Problem, build
from sourcier.engine.proof import Answer, _fillable, prove, settled
from sourcier.engine.refine import Model, Solution
from sourcier.engine.solver import Budget, solve

GENEROUS = Budget(solve_ms=10_000)


def _problem(world: World) -> Problem:
    return build(world.cart, world.snapshot(), world.compiled_rules())[0]


def _solved(model: Model) -> Solution:
    return solve(model, GENEROUS)


@cache
def _hard() -> tuple[tuple[int, World, Problem], ...]:
    """Worlds that the pre-filter does not settle, where units may stay unfilled."""
    found: list[tuple[int, World, Problem]] = []
    for seed in range(80_000, 80_400):
        world = random_world(seed, lines_max=5, nodes_max=12)
        problem = _problem(world)
        if problem.fill is Fill.PARTIAL and drive(prove(problem), lambda _: None).proof is Proof.MIP:
            found.append((seed, world, problem))
    return tuple(found)


@pytest.mark.parametrize("complete", [False, True])
def test_every_answer_is_the_optimum_and_proven(complete: bool) -> None:
    for tiny in tiny_problems(150, complete=complete):
        answer = drive(prove(tiny.problem), _solved)
        if not tiny.is_fillable:  # proven too, and then any cover will do: none of them ships
            assert answer.bound >= ceiling(tiny.problem, answer.cover), f"seed {tiny.seed}"
            assert len(settled(answer, tiny.problem).cover.offers) == 0, f"seed {tiny.seed}"
            continue
        assert answer.cover.objective == answer.bound == tiny.optimum, f"seed {tiny.seed}"
        units = as_units(answer.problem, answer.cover.offers, answer.cover.units)
        assert price(answer.problem, units) == tiny.optimum, f"seed {tiny.seed}"


def test_most_orders_need_no_solver() -> None:
    proofs = []
    for seed in range(81_000, 81_200):
        problem = _problem(random_world(seed, lines_max=3, nodes_max=8))
        proofs.append(drive(prove(problem), _solved).proof)
    assert sum(proof is not Proof.MIP for proof in proofs) > 160
    assert Proof.ENUMERATION in proofs


def test_an_answer_proven_without_the_solver_is_never_asked_for_one() -> None:
    def refuse(model: Model) -> Solution:
        raise AssertionError("asked")

    tiny = next(t for t in tiny_problems(20) if drive(prove(t.problem), lambda _: None).proof is Proof.CERTIFICATE)
    assert drive(prove(tiny.problem), refuse).bound == tiny.optimum


def test_without_the_solver_the_bound_is_still_true() -> None:
    assert len(_hard()) > 10
    for seed, world, problem in _hard():
        answer = drive(prove(problem), lambda _: None)
        assert answer.solver_failed
        assert answer.bound <= optimum(world) <= answer.cover.objective, f"seed {seed}"


def test_a_solver_that_found_nothing_only_sharpens_the_bound() -> None:
    """The solver's bound is one of its model, which leaves out what no plan can fill."""
    for seed, _, problem in _hard():
        models: list[Model] = []
        failed = drive(prove(problem), lambda model, seen=models: seen.append(model))
        left_out = failed.cover.objective - models[0].incumbent.objective
        middle = (models[0].bound + models[0].incumbent.objective) // 2
        sharper = drive(prove(problem), lambda _, m=middle: Solution(cover=None, bound=m))
        weaker = drive(prove(problem), lambda _: Solution(cover=None, bound=-(10**15)))
        assert left_out >= 0
        assert (sharper.bound, weaker.bound) == (max(middle + left_out, failed.bound), failed.bound), f"seed {seed}"
        assert sharper.cover.objective == failed.cover.objective
        assert not sharper.solver_failed


def test_a_bound_above_the_best_plan_proves_it_and_no_more() -> None:
    seed, _, problem = _hard()[0]
    answer = drive(prove(problem), lambda _: Solution(cover=None, bound=10**15))
    assert answer.bound == answer.cover.objective, f"seed {seed}"


def test_without_offers_the_answer_is_to_ship_nothing() -> None:
    problem = tiny_problems(1)[0].problem.restricted(nothing(tiny_problems(1)[0].problem).offers)
    answer = drive(prove(problem), lambda _: None)
    assert (answer.bound, answer.proof) == (nothing(problem).objective, Proof.CERTIFICATE)


def _answer(problem: Problem, cover: Cover, bound: int) -> Answer:
    return Answer(problem=problem, cover=cover, bound=bound, proof=Proof.MIP)


def test_settling_leaves_partial_orders_alone() -> None:
    problem = next(t.problem for t in tiny_problems(20) if t.problem.fill is Fill.PARTIAL)
    answer = _answer(problem, nothing(problem), 0)
    assert settled(answer, problem) is answer


def test_a_whole_order_that_cannot_be_filled_ships_nothing_and_that_is_proven() -> None:
    problem = next(t.problem for t in tiny_problems(60) if t.problem.fill is Fill.ALL_OR_NOTHING)
    empty = nothing(problem)
    proven = settled(_answer(problem, empty, empty.objective), problem)
    assert (proven.cover.objective, proven.bound) == (problem.nothing, problem.nothing)
    dearest = int(problem.unfilled.min()) - 1  # what a plan that fills everything may cost
    impossible = settled(_answer(problem, empty, dearest + 1), problem)
    assert (impossible.cover.objective, impossible.bound) == (problem.nothing, problem.nothing)
    open_still = settled(_answer(problem, empty, dearest), problem)
    assert (open_still.cover.objective, open_still.bound) == (problem.nothing, min(dearest, problem.nothing))


def test_a_whole_order_ships_only_if_that_costs_no_more_than_not_to() -> None:
    decided = {True: 0, False: 0}
    for tiny in tiny_problems(300):
        quantity = int(tiny.problem.quantity.sum())
        full = [p.objective for p in tiny.plans if sum(map(sum, p.units)) == quantity]
        if tiny.problem.fill is Fill.ALL_OR_NOTHING and full:
            answer = settled(drive(prove(tiny.problem), _solved), tiny.problem)
            ships = min(full) <= tiny.problem.nothing
            assert answer.cover.objective == answer.bound == min(*full, tiny.problem.nothing)
            assert (len(answer.cover.offers) > 0) == ships, f"seed {tiny.seed}"
            decided[ships] += 1
    assert decided[True] > 3
    assert decided[False] > 0


def test_stock_that_cannot_complete_a_line_from_so_many_nodes_is_left_out() -> None:
    """Three of a line are wanted whole: from one node only those with three; from two, what two together bring."""
    nodes = [small.node(name) for name in "wxyz"]
    world = small.world(nodes, {"w": {"a": 3}, "x": {"a": 2}, "y": {"a": 1}, "z": {"b": 1}}, small.lines(a=3, b=1))
    problem = replace(_problem(world), fill=Fill.ALL)
    kept = {
        most: (_fillable(replace(problem, max_nodes_per_line=most)).supply > 0).sum(axis=1).tolist()
        for most in (None, 1, 2)
    }
    assert kept == {None: [3, 1], 1: [1, 1], 2: [3, 1]}
    assert (_fillable(replace(problem, max_nodes_per_line=1, fill=Fill.PARTIAL)).supply == problem.supply).all()


def test_without_offers_nothing_ships() -> None:
    problem = tiny_problems(1)[0].problem.restricted(np.zeros(0, dtype=np.int64))
    answer = drive(prove(problem), lambda _: None)
    assert answer.cover.objective == answer.bound == nothing(problem).objective

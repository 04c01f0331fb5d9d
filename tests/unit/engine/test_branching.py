"""Branches: every plan is in one of the halves, at its own cost, and no bound is above it."""

from collections.abc import Iterator

import numpy as np
from tests.reference.brute import Priced, Tiny, tiny_problems

from sourcier.engine import bounds, dual
from sourcier.engine.branching import Branch, split
from sourcier.engine.formulation import cover

HIGH = 2**45


def _tiny() -> tuple[Tiny, ...]:
    return (*tiny_problems(60), *tiny_problems(30, 300, complete=True), *tiny_problems(40, heavy=True))


def _root(tiny: Tiny, least: int = 1) -> Branch:
    problem, relaxed = tiny.problem, bounds.relax(tiny.problem)
    sizes = dual.at_least(least, problem, relaxed)
    price = bounds.starting_prices(problem, relaxed)
    return Branch(problem=problem, sizes=sizes, opened=frozenset(), price=price, bound=0)


def _halves(branch: Branch, target: int) -> list[Branch] | None:
    return split(branch, bounds.relax(branch.problem), target)


def _leaves(branch: Branch, target: int) -> Iterator[Branch]:
    """What is left where every node is opened or closed."""
    halves = _halves(branch, target)
    if halves is None:
        yield branch
        return
    for half in halves:
        yield from _leaves(half, target)


def _in(branch: Branch, tiny: Tiny) -> list[Priced]:
    """The plans of a branch."""
    lanes = set(branch.problem.lane.tolist())
    return [
        plan
        for plan in tiny.plans
        if branch.sizes.least <= len(plan.opened) <= branch.sizes.most
        and set(tiny.problem.lane[list(plan.opened)].tolist()) <= lanes
        and branch.opened <= set(tiny.problem.node[list(plan.opened)].tolist())
    ]


def test_every_plan_is_in_one_half() -> None:
    for tiny in _tiny():
        root = _root(tiny)
        halves = _halves(root, HIGH)
        assert halves is not None
        assert 1 <= len(halves) <= 2
        both = [plan for half in halves for plan in _in(half, tiny)]
        assert sorted(plan.objective for plan in both) == sorted(plan.objective for plan in _in(root, tiny))


def test_no_plan_costs_less_than_the_bounds_of_its_branch() -> None:
    deep = 0
    for tiny in _tiny():
        for leaf in _leaves(_root(tiny), HIGH):
            least = min((plan.objective for plan in _in(leaf, tiny)), default=bounds.NO_PLAN)
            relaxed = bounds.relax(leaf.problem)
            for price in (leaf.price, leaf.problem.unfilled, np.zeros_like(leaf.price)):
                assert dual.evaluate(leaf.problem, relaxed, price, leaf.sizes).bound <= least, f"seed {tiny.seed}"
            assert leaf.bound <= least, f"seed {tiny.seed}"
            deep += len(leaf.opened) > 1
    assert deep > 30


def test_a_plan_that_opens_what_a_branch_opens_costs_there_what_it_costs() -> None:
    missing = 0
    for tiny in _tiny():
        for leaf in _leaves(_root(tiny), HIGH):
            position = {lane: k for k, lane in enumerate(leaf.problem.lane.tolist())}
            for plan in tiny.plans[:200]:
                lanes = tiny.problem.lane[list(plan.opened)].tolist()
                if not set(lanes) <= position.keys() or not plan.opened:
                    continue
                units = np.array(plan.units, dtype=np.int64)[:, list(plan.opened)]
                priced = cover(leaf.problem, np.array([position[lane] for lane in lanes]), units).objective
                if leaf.opened <= set(tiny.problem.node[list(plan.opened)].tolist()):
                    assert priced == plan.objective, f"seed {tiny.seed}"
                else:
                    assert priced >= HIGH, f"seed {tiny.seed}"
                    missing += 1
    assert missing > 30


def test_what_is_left_out_has_no_plan_below_the_target() -> None:
    left_out = 0
    for tiny in _tiny():
        root = _root(tiny, least=2)
        if not root.sizes.exist:
            continue
        for target in (tiny.optimum, tiny.optimum + 1, tiny.optimum + 2_000_000):
            wanted = sorted(plan.objective for plan in _in(root, tiny) if plan.objective < target)
            found = [plan.objective for leaf in _leaves(root, target) for plan in _in(leaf, tiny)]
            assert sorted(objective for objective in found if objective < target) == wanted, f"seed {tiny.seed}"
            left_out += len(found) < len(_in(root, tiny))
    assert left_out > 10

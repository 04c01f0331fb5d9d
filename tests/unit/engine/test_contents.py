"""What an offer is worth with its contents cut to size: never more than the best contents that fit are worth."""

from dataclasses import replace
from itertools import product

import numpy as np
from tests.reference.brute import tiny_problems

from sourcier.engine.bounds import relax
from sourcier.engine.contents import best_contents
from sourcier.engine.offers import Problem


def _best(problem: Problem, price: np.ndarray, k: int) -> int:
    """The least that offer k is worth with any contents that fit, one by one."""
    table, least = problem.tier_tables[problem.tiers[k]], None
    for units in product(*(range(int(supply) + 1) for supply in problem.supply[:, k])):
        held = np.array(units)
        tier = table.at(int(problem.weight @ held))
        if tier is None or held.sum() > problem.cap_units[k] or (held > 0).sum() > problem.cap_lines[k]:
            continue
        worth = int(problem.fixed[k]) + tier - int((price - problem.unit[:, k]) @ held)
        least = worth if least is None else min(least, worth)
    assert least is not None
    return least


def test_no_contents_that_fit_are_worth_more() -> None:
    tight = compared = 0
    for tiny in (*tiny_problems(60), *tiny_problems(60, heavy=True)):
        rng = np.random.default_rng(tiny.seed)
        capacities = rng.integers(1, 4, (2, tiny.problem.num_offers))
        for problem in (tiny.problem, replace(tiny.problem, cap_units=capacities[0], cap_lines=capacities[1])):
            relaxed, offers = relax(problem), np.arange(problem.num_offers)
            price = (rng.random(len(problem.quantity)) * problem.unfilled).astype(np.int64)
            saving = np.maximum(price[:, None] - problem.unit, 0)
            value, taken = best_contents(problem, relaxed, saving, offers)
            assert ((taken >= 0) & (taken <= problem.supply)).all()
            for k in offers:
                best = _best(problem, price, int(k))
                assert value[k] <= best, f"seed {tiny.seed}: offer {k} at {price}"
                compared += 1
                tight += value[k] == best
    assert tight > compared * 0.7


def test_units_and_lines_are_limited_each_for_itself() -> None:
    """Three units of one line at most: the lesser line with three units is worth more than the better one with two."""
    tiny = next(t for t in tiny_problems(60) if len(t.problem.quantity) == 2 and len(set(t.problem.group)) == 2)
    whole = tiny.problem.restricted(np.array([0]))
    problem = replace(
        whole,
        weight=np.zeros(2, dtype=np.int64),
        quantity=np.array([2, 3]),
        supply=np.array([[2], [3]]),
        available=np.array([[2], [3]]),
        unit=np.zeros((2, 1), dtype=np.int64),
        cap_units=np.array([3]),
        cap_lines=np.array([1]),
        lines_of=((0,), (1,)),
    )
    saving = np.array([[10], [9]])
    value, _ = best_contents(problem, relax(problem), saving, np.array([0]))
    assert value[0] == _best(problem, saving[:, 0], 0) == int(relax(problem).flat[0]) - 27

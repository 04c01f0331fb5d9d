"""First certificates: true for every plan that there is, and the same side by side as alone."""

from dataclasses import fields

import numpy as np
from tests.reference.brute import Tiny, as_units, price, tiny_problems

from sourcier.engine.certificates import Outset, outsets
from sourcier.engine.joined import join
from sourcier.engine.offers import Problem


def _tiny() -> tuple[Tiny, ...]:
    return (*tiny_problems(80), *tiny_problems(40, 300, complete=True), *tiny_problems(40, heavy=True))


def told(outset: Outset) -> dict[str, object]:
    """Everything in it by name; arrays as lists, offers as lanes."""
    cover, rest = outset.best, outset.rest
    lanes = outset.problem.lane[cover.offers]
    found: dict[str, object] = {"lanes": lanes, "units": cover.units, "objective": cover.objective}
    if rest is not None:
        found |= {"single": rest.single, "several": rest.several}
        found |= {one.name: getattr(rest.relaxed, one.name) for one in fields(rest.relaxed)}
        del found["exact"]  # of all the problems
    return {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in found.items()}


def parts_of(problem: Problem) -> list[Problem]:
    """The offers by each date, and those of every other node."""
    by_date = [problem.restricted(np.flatnonzero(problem.arrival <= day)) for day in np.unique(problem.arrival)]
    return [*by_date, problem.restricted(np.flatnonzero(problem.node % 2 == problem.node[0] % 2))]


def test_what_is_settled_is_the_optimum() -> None:
    settled = 0
    for tiny in _tiny():
        (outset,) = outsets(join([tiny.problem]))
        units = as_units(tiny.problem, outset.best.offers, outset.best.units)
        assert price(tiny.problem, units) == outset.best.objective >= tiny.optimum, f"seed {tiny.seed}"
        if outset.rest is None:
            assert outset.best.objective == tiny.optimum, f"seed {tiny.seed}"
            settled += 1
    assert 20 < settled < len(_tiny())


def test_bounds_are_below_the_plans_they_speak_of() -> None:
    looked_at = 0
    for tiny in _tiny():
        (outset,) = outsets(join([tiny.problem]))
        if outset.rest is None:
            continue
        for plan in tiny.plans:
            if len(plan.opened) == 1:
                assert outset.rest.single[plan.opened[0]] <= plan.objective, f"seed {tiny.seed}"
            if len(plan.opened) > 1:
                assert outset.rest.several <= plan.objective, f"seed {tiny.seed}"
        looked_at += 1
    assert 20 < looked_at < len(_tiny())


def test_problems_side_by_side_are_seen_as_alone() -> None:
    open_still = 0
    for tiny in _tiny():
        parts = parts_of(tiny.problem)
        for part, outset in zip(parts, outsets(join(parts)), strict=True):
            (alone,) = outsets(join([part]))
            assert told(outset) == told(alone), f"seed {tiny.seed}"
            open_still += outset.rest is not None
            if outset.rest is not None:
                assert outset.problem.node.tolist() == part.node.tolist()
    assert open_still > 50

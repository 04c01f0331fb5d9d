"""By which dates a plan is conceivable: none is left out by which there is one, and ways do not disturb each other."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
from tests.reference import small
from tests.reference.brute import tiny_problems
from tests.reference.instances import random_world
from tests.unit.engine.test_options import TOMORROW, node, prepared

from sourcier.engine.bounds import can_fill
from sourcier.engine.joined import alone, join
from sourcier.engine.offers import Problem
from sourcier.engine.outlooks import Outlook, arriving_by, outlooks


def test_only_dates_by_which_everything_could_have_come_are_looked_at() -> None:
    nodes = [node("x", 0, 0), node("y", 2, 0), node("z", 5, 0)]
    world = small.world(nodes, {"x": {"a": 1}, "y": {"b": 1}, "z": {"a": 1}}, small.lines(a=1, b=1))
    (outlook,) = outlooks(prepared(world).joined)
    assert outlook is not None
    assert [date.fromordinal(day) - TOMORROW for day in outlook.dates] == [timedelta(days=2), timedelta(days=5)]
    assert outlook.outset is not None
    assert outlook.outset.problem.arrival.max() == outlook.dates[0]


def test_every_date_by_which_a_plan_fills_the_order_is_among_them() -> None:
    for tiny in tiny_problems(150, complete=True):
        problem, wanted = tiny.problem, int(tiny.problem.quantity.sum())
        whole = [plan for plan in tiny.plans if sum(map(sum, plan.units)) == wanted]
        earliest = min((max(problem.arrival[list(plan.opened)]) for plan in whole), default=None)
        (outlook,) = outlooks(alone(problem))
        if earliest is not None:
            assert outlook is not None
            after = sorted({day for day in problem.arrival.tolist() if day >= earliest})
            assert list(outlook.dates[-len(after) :]) == after, f"seed {tiny.seed}"


def test_ways_are_seen_as_alone() -> None:
    failed = dated = 0
    for seed in range(62_000, 62_150):
        problem = prepared(random_world(seed, lines_max=6, nodes_max=14)).problem
        parts = [*(problem.restricted(np.flatnonzero(problem.node % 3 == rest)) for rest in range(3)), problem]
        parts = [part for part in parts if part.num_offers]
        if not parts:
            continue
        for part, outlook in zip(parts, outlooks(join(parts)), strict=True):
            (by_itself,) = outlooks(alone(part))
            assert dates_of(by_itself) == dates_of(outlook) == plausible(part), f"seed {seed}"
            if outlook is not None and outlook.outset is not None and by_itself is not None and by_itself.outset:
                assert outlook.outset.best.objective == by_itself.outset.best.objective, f"seed {seed}"
                assert outlook.outset.problem.arrival[outlook.outset.best.offers].max(initial=0) <= outlook.dates[0]
            dated += outlook is not None
            failed += outlook is not None and outlook.dates[0] > conceivable(part)
    assert dated > 100
    assert failed > 0  # for some, the first date by which there is enough is not one


def dates_of(outlook: Outlook | None) -> tuple[int, ...]:
    return () if outlook is None else outlook.dates


def plausible(problem: Problem) -> tuple[int, ...]:
    """Every date by which the offers can bring everything as far as `can_fill` sees, looked at one by one."""
    return tuple(day for day in sorted(set(problem.arrival.tolist())) if can_fill(arriving_by(problem, day)))


def conceivable(problem: Problem) -> int:
    """The first date by which so much is there as is wanted."""
    days = sorted(set(problem.arrival.tolist()))
    brought = (arriving_by(problem, day).supply.sum(axis=1) for day in days)
    return next(day for day, units in zip(days, brought, strict=True) if (units >= problem.quantity).all())


def test_without_offers_there_are_no_dates() -> None:
    problem = tiny_problems(1)[0].problem
    none = problem.restricted(np.zeros(0, dtype=np.int64))
    assert outlooks(alone(none)) == []


def test_without_enough_there_are_no_dates() -> None:
    for tiny in tiny_problems(20):
        more = replace(tiny.problem, quantity=tiny.problem.supply.sum(axis=1) + 1)
        assert outlooks(alone(more)) == [None], f"seed {tiny.seed}"

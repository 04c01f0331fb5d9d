"""By which dates the whole order could have come, for several ways to get it at once, and how good the first one is."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sourcier.engine.bounds import can_fill, can_fill_each
from sourcier.engine.certificates import Outset, outsets
from sourcier.engine.compile import IntArray
from sourcier.engine.joined import Joined
from sourcier.engine.offers import Problem
from sourcier.engine.trips import FREE


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """The arrival `dates` (ordinals, ascending) by which the offers could bring every unit as far as
    `bounds.can_fill` sees.

    `outset` has the first certificates for the first of them, if they were looked at.
    """

    dates: tuple[int, ...]
    outset: Outset | None


def outlooks(joined: Joined) -> list[Outlook | None]:
    """The outlook of each problem; None where there are no dates."""
    dates = _conceivable(joined)
    first, numbers = joined.arriving_by(_first_days(dates))
    enough = can_fill_each(first) if numbers else []
    if not all(enough):
        for i, fills in zip(numbers, enough, strict=True):
            dates[i] = dates[i] if fills else _plausible(joined.problem(i), dates[i][1:])
        first, numbers = joined.arriving_by(_first_days(dates))
    found: list[Outlook | None] = [None] * len(joined)
    for i, outset in zip(numbers, _outsets(first) if numbers else [], strict=True):
        found[i] = Outlook(dates=dates[i], outset=outset)
    return found


NEVER_SINCE = 0
"""An ordinal before every arrival."""


def _first_days(dates: list[tuple[int, ...]]) -> IntArray:
    return np.array([days[0] if days else NEVER_SINCE for days in dates], dtype=np.int64)


def _outsets(joined: Joined) -> Sequence[Outset | None]:
    """The first certificates, where `proof.prove` would begin with those of the problems as they are."""
    as_they_are = joined.offers.max_nodes_per_line is None and not (joined.offers.family != FREE).any()
    return outsets(joined) if as_they_are else [None] * len(joined)


def _conceivable(joined: Joined) -> list[tuple[int, ...]]:
    """Per problem, the dates by which there could be enough of every demand."""
    problem, start, of = joined.offers, joined.start, joined.problem_of
    dates: list[list[int]] = [[] for _ in range(len(joined))]
    order = np.lexsort((problem.arrival, of))
    arrival = problem.arrival[order]
    supply = problem.supply.take(order, axis=1)
    reached = supply.cumsum(axis=1)
    before = reached.take(start, axis=1) - supply.take(start, axis=1)
    wanted = before + problem.quantity[:, None]
    enough = np.all(reached >= wanted.take(of, axis=1), axis=0)
    of, arrival = of[enough], arrival[enough]
    first = np.ones(len(of), dtype=np.bool_)
    first[1:] = (of[1:] != of[:-1]) | (arrival[1:] != arrival[:-1])
    for number, day in zip(of[first].tolist(), arrival[first].tolist(), strict=True):
        dates[number].append(day)
    return [tuple(days) for days in dates]


def _plausible(problem: Problem, dates: tuple[int, ...]) -> tuple[int, ...]:
    """The dates from the first one on by which the nodes could bring everything; it is found by halving."""
    low, high = 0, len(dates)
    while low < high:
        probe = (low + high) // 2
        if can_fill(arriving_by(problem, dates[probe])):
            high = probe
        else:
            low = probe + 1
    return dates[low:]


def arriving_by(problem: Problem, by: int) -> Problem:
    """The same order over the offers that arrive by the day `by` (an ordinal)."""
    late = problem.arrival > by
    return problem.restricted(np.flatnonzero(~late)) if late.any() else problem

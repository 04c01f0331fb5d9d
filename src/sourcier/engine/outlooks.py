"""By which dates the whole order could have come, for several ways to get it at once, and how good the first one is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from sourcier.engine.bounds import can_fill, can_fill_each
from sourcier.engine.certificates import Outset, outsets
from sourcier.engine.joined import Joined, join
from sourcier.engine.offers import Problem
from sourcier.engine.trips import FREE


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """The arrival `dates` (ordinals, ascending) by which the offers could bring every unit as far as
    `bounds.can_fill` sees.

    `first` has the problem of the first date, if there is any, and its first certificates, if they were looked at.
    """

    dates: tuple[int, ...] = ()
    first: Mapping[int, tuple[Problem, Outset | None]] = field(default_factory=dict)


NO_DATES = Outlook()


def outlooks(problems: Sequence[Problem]) -> list[Outlook]:
    """The outlook of each problem; they differ in their offers alone."""
    found = [NO_DATES] * len(problems)
    dates = _conceivable(problems)
    first = {i: arriving_by(problems[i], days[0]) for i, days in dates.items()}
    if not first:
        return found
    joined = join(list(first.values()))
    enough = dict(zip(first, can_fill_each(joined), strict=True))
    if not all(enough.values()):
        later = {i: _plausible(problems[i], dates[i][1:]) for i, fills in enough.items() if not fills}
        dates |= {i: days for i, (days, _) in later.items()}
        first = {i: part for i in first if (part := later[i][1] if i in later else first[i]) is not None}
        if not first:
            return found
        joined = join(list(first.values()))
    for (i, part), outset in zip(first.items(), _outsets(joined), strict=True):
        found[i] = Outlook(dates=dates[i], first={dates[i][0]: (part, outset)})
    return found


def _outsets(joined: Joined) -> Sequence[Outset | None]:
    """The first certificates, where `proof.prove` would begin with those of the problems as they are."""
    as_they_are = joined.offers.max_nodes_per_line is None and not (joined.offers.family != FREE).any()
    return outsets(joined) if as_they_are else [None] * len(joined.problems)


def _conceivable(problems: Sequence[Problem]) -> dict[int, tuple[int, ...]]:
    """By the number of the problem, the dates by which there could be enough of every demand, if there are any."""
    filled = [i for i, problem in enumerate(problems) if problem.num_offers]
    if not filled:
        return {}
    counts = np.array([problems[i].num_offers for i in filled])
    of, start = np.repeat(np.arange(len(filled)), counts), counts.cumsum() - counts
    arrival = np.concatenate([problems[i].arrival for i in filled])
    order = np.lexsort((arrival, of))
    arrival = arrival[order]
    supply = np.concatenate([problems[i].supply for i in filled], axis=1).take(order, axis=1)
    reached = supply.cumsum(axis=1)
    before = reached.take(start, axis=1) - supply.take(start, axis=1)
    wanted = before + problems[0].quantity[:, None]
    enough = np.all(reached >= wanted.take(of, axis=1), axis=0)
    of, arrival = of[enough], arrival[enough]
    first = np.ones(len(of), dtype=np.bool_)
    first[1:] = (of[1:] != of[:-1]) | (arrival[1:] != arrival[:-1])
    dates: dict[int, list[int]] = {}
    for number, day in zip(of[first].tolist(), arrival[first].tolist(), strict=True):
        dates.setdefault(filled[number], []).append(day)
    return {i: tuple(days) for i, days in dates.items()}


def _plausible(problem: Problem, dates: tuple[int, ...]) -> tuple[tuple[int, ...], Problem | None]:
    """The later ones of the dates from the first on by which the nodes could bring everything, and the problem of that
    date; it is found by halving."""
    low, high, first = 0, len(dates), None
    while low < high:
        probe = (low + high) // 2
        part = arriving_by(problem, dates[probe])
        if can_fill(part):
            high, first = probe, part
        else:
            low = probe + 1
    return dates[low:], first


def arriving_by(problem: Problem, by: int) -> Problem:
    """The same order over the offers that arrive by the day `by` (an ordinal)."""
    late = problem.arrival > by
    return problem.restricted(np.flatnonzero(~late)) if late.any() else problem

"""Several problems over the same demands, side by side: a promise asks for one per way to get a cart.

Their offers lie behind each other, so that what is asked of every problem is one pass over the offers of all.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sourcier.engine.compile import IntArray
from sourcier.engine.offers import PER_DEMAND_AND_OFFER, PER_OFFER, Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """`problems` that differ in their offers alone, each with some, and the `offers` of all behind each other.

    In `offers` nodes are numbered anew, so that no two problems share one; `start[W]` says where each problem begins.
    """

    problems: tuple[Problem, ...]
    offers: Problem
    start: IntArray

    @property
    def problem_of(self) -> IntArray:
        """``[K]``: which of the problems an offer belongs to."""
        return np.repeat(np.arange(len(self.start)), np.diff(self.start, append=self.offers.num_offers))

    @property
    def node_start(self) -> IntArray:
        """Where the nodes of each problem begin among those of all."""
        return self.offers.node_start.searchsorted(self.start)

    def spans(self) -> Iterator[slice]:
        """Where the offers of each problem are."""
        return spans(self.start, self.offers.num_offers)


def spans(start: IntArray, end: int) -> Iterator[slice]:
    """From each start to the next one, the last one to the end."""
    starts = start.tolist()
    return map(slice, starts, [*starts[1:], end])


def join(problems: Sequence[Problem]) -> Joined:
    """Problems side by side; one at least, and each with offers."""
    first = problems[0]
    if len(problems) == 1:
        return Joined(problems=(first,), offers=first, start=np.zeros(1, dtype=np.int64))
    counts = np.array([problem.num_offers for problem in problems])
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(problem, name) for problem in problems], axis=axis)
        for axis, names in enumerate((PER_OFFER, PER_DEMAND_AND_OFFER))
        for name in names
    }
    num_nodes = int(columns["node"].max()) + 1
    columns["node"] += num_nodes * np.repeat(np.arange(len(problems)), counts)
    return Joined(problems=tuple(problems), offers=replace(first, **columns), start=np.cumsum(counts) - counts)

"""Several problems over the same demands, side by side: a promise asks for one per way to get a cart.

Their offers lie behind each other, so that what is asked of every problem is one pass over the offers of all; a problem
is cut out by itself only where it is looked at alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sourcier.engine.compile import IntArray
from sourcier.engine.offers import PER_DEMAND_AND_OFFER, PER_OFFER, Problem, columns_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """Problems that differ in their offers alone, each with some: the `offers` of all behind each other.

    In `offers` nodes are numbered anew, so that no two problems share one: by `first_node` of the problem more than in
    the network. `start[W]` says where each problem begins.
    """

    offers: Problem
    start: IntArray
    first_node: tuple[int, ...]

    def __len__(self) -> int:
        """How many problems there are."""
        return len(self.first_node)

    @property
    def problem_of(self) -> IntArray:
        """``[K]``: which of the problems an offer belongs to."""
        begins = np.zeros(self.offers.num_offers, dtype=np.int64)
        begins[self.start[1:]] = 1
        return begins.cumsum()

    @property
    def node_start(self) -> IntArray:
        """Where the nodes of each problem begin among those of all."""
        return self.offers.node_start.searchsorted(self.start)

    def spans(self) -> list[slice]:
        """Where the offers of each problem are."""
        return list(spans(self.start, self.offers.num_offers))

    def node_spans(self) -> list[slice]:
        """Where the nodes of each problem are among those of all."""
        starts = self.offers.node_start
        return list(spans(starts.searchsorted(self.start), len(starts)))

    def span(self, number: int) -> slice:
        """Where the offers of one problem are."""
        following = number + 1
        end = int(self.start[following]) if following < len(self) else self.offers.num_offers
        return slice(int(self.start[number]), end)

    def problem(self, number: int) -> Problem:
        """One problem alone, its nodes numbered as in the network."""
        if self.first_node == (0,):
            return self.offers
        return cut_out(self.offers, self.span(number), self.first_node[number])

    def only(self, numbers: Sequence[int]) -> tuple["Joined", IntArray | slice]:
        """Some of the problems (ascending), and where their offers are among those of all."""
        if len(numbers) == len(self):
            return self, slice(None)
        first_node = tuple([self.first_node[i] for i in numbers])
        if len(numbers) == 1:
            span = self.span(numbers[0])
            return alone(self.problem(numbers[0])), span
        spans = [self.span(i) for i in numbers]
        offers = np.concatenate([np.arange(span.start, span.stop) for span in spans])
        start = np.cumsum([0, *(span.stop - span.start for span in spans[:-1])])
        return Joined(offers=self.offers.restricted(offers), start=start, first_node=first_node), offers

    def arriving_by(self, day: IntArray) -> tuple["Joined", list[int]]:
        """The problems over their offers that arrive by ``day[W]`` (ordinals), as far as there are any, and the numbers
        of those problems."""
        in_time = self.offers.arrival <= day.take(self.problem_of)
        if in_time.all():
            return self, list(range(len(self)))
        count = np.add.reduceat(in_time, self.start, dtype=np.int64)
        left = count.nonzero()[0].tolist()
        offers = self.offers.restricted(in_time.nonzero()[0])
        start = (count.cumsum() - count)[left]
        return Joined(offers=offers, start=start, first_node=tuple([self.first_node[i] for i in left])), left


def cut_out(problem: Problem, span: slice, first_node: int) -> Problem:
    """The problem over its offers in the span alone, the numbers of nodes less by `first_node`."""
    columns = columns_of(problem)
    for name in PER_OFFER:
        columns[name] = columns[name][span]
    for name in PER_DEMAND_AND_OFFER:
        columns[name] = columns[name][:, span]
    columns["node"] = columns["node"] - first_node
    return Problem(**columns)


def spans(start: IntArray, end: int) -> Iterator[slice]:
    """From each start to the next one, the last one to the end."""
    starts = start.tolist()
    return map(slice, starts, [*starts[1:], end])


def join(problems: Sequence[Problem]) -> Joined:
    """Problems side by side; one at least, and each with offers."""
    first = problems[0]
    if len(problems) == 1:
        return alone(first)
    counts = np.array([problem.num_offers for problem in problems])
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(problem, name) for problem in problems], axis=axis)
        for axis, names in enumerate((PER_OFFER, PER_DEMAND_AND_OFFER))
        for name in names
    }
    first_node = (int(columns["node"].max()) + 1) * np.arange(len(problems))
    columns["node"] += np.repeat(first_node, counts)
    return Joined(
        offers=replace(first, **columns), start=np.cumsum(counts) - counts, first_node=tuple(first_node.tolist())
    )


def alone(problem: Problem) -> Joined:
    """A problem by itself; none if it has no offers."""
    number = min(1, problem.num_offers)
    return Joined(offers=problem, start=np.zeros(number, dtype=np.int64), first_node=(0,) * number)


def by_way(problem: Problem, ways: IntArray) -> tuple[Joined, list[int]]:
    """The same order over the offers of each of the ways, as far as there are any, and the positions of those ways."""
    order = np.argsort(problem.way, kind="stable")
    ranked = problem.way[order]
    low, high = (ranked.searchsorted(ways, side=side) for side in ("left", "right"))
    count = high - low
    left = count.nonzero()[0]
    count = count[left]
    if len(left) == 0:
        return Joined(offers=problem.restricted(left), start=count, first_node=()), []
    start = count.cumsum() - count
    offer = order[np.repeat(low[left] - start, count) + np.arange(int(count.sum()))]
    offers = problem.restricted(offer)
    first_node = (int(problem.node.max()) + 1) * np.arange(len(left))
    offers.node[:] += np.repeat(first_node, count)  # `restricted` has made arrays of its own
    return Joined(offers=offers, start=start, first_node=tuple(first_node.tolist())), left.tolist()

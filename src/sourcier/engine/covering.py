"""Sets of a few offers that a dual point leaves open and that can bring what must be brought.

A plan of m shipments opens a set of m offers of different nodes. At a dual point it costs at least the point's constant
and the values of its offers, so sets whose values add up too high need no further look. Nor do sets that cannot fill
what every plan of interest fills: at the same point a unit left unfilled adds what it costs above its price, so most
demands must be filled whole. Where nodes carry half of a long order, few sets of three or four bring every line of it,
however cheap they are; the sums of values do not see that.

Sets grow offer by offer. The next one brings the demand that is missing and that fewest offers bring. Of the offers of
a set that bring this demand the cheapest is taken first, so every set comes about in one way.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sourcier.engine.columns import copies
from sourcier.engine.compile import BoolArray, IntArray
from sourcier.engine.enumeration import Sets
from sourcier.engine.formulation import heaviest
from sourcier.engine.offers import Problem

LAST_MANY = 3
"""How many times as many there may be where the last offer is chosen: most of them bring too little at a glance."""

PARTIAL_MAX = 100_000
"""Partial sets that are looked at side by side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What a set must bring, row by row: ``wanted[R]`` in all, of which an offer brings ``brings[K, R]`` at most.

    The first `demands` rows are units of one demand each; the others sum them up: grams, units, lines.
    """

    brings: IntArray
    wanted: IntArray
    demands: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The ``sets[S, m]``, None if they are too many, and how many partial sets were looked at."""

    sets: Sets | None
    looked_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ranked:
    """Offers by rising value, and what they bring; the last demand stands for no demand at all, which all bring.

    `carries[d, k]`: offer k brings some of demand d; ``listed[d]`` are these offers, ``upto[d, k]`` of them before k.
    Sets of n offers are worth ``least[n]`` at least and bring ``top[n, R]`` at most. `pivots` are the demands, the one
    that fewest offers bring first.
    """

    value: IntArray
    node: IntArray
    brings: IntArray
    carries: BoolArray
    listed: IntArray
    upto: IntArray
    least: IntArray
    top: IntArray
    pivots: IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class _Partial:
    """Partial sets (axis N): ``chosen[N, n]`` offers, each to bring the demand ``pivot[N, n]``; the `total` of their
    values, and what of each need is `missing[N, R]`."""

    chosen: Sets
    pivot: IntArray
    total: IntArray
    missing: IntArray


def must_fill(problem: Problem, price: IntArray, bound: int, target: int) -> IntArray:
    """Units of each demand that every plan fills which costs less than `target`.

    `bound` is the dual bound at `price`. A unit that is left unfilled adds `unfilled` less its price to that; and it
    costs `unfilled`, whatever else the plan costs.
    """
    above = np.maximum(problem.unfilled - price, 0)
    left = np.where(above > 0, max(target - bound - 1, 0) // np.maximum(above, 1), problem.quantity)
    left = np.minimum(left, max(target - 1, 0) // np.maximum(problem.unfilled, 1))
    found: IntArray = np.maximum(problem.quantity - left, 0)
    return found


def needs(problem: Problem, filled: IntArray) -> Needs:
    """What sets of the problem's offers must bring so that `filled[D]` units of each demand are filled."""
    supply, demands = useful_supply(problem, filled), np.flatnonzero(filled)
    grams = np.minimum(heaviest(problem, slice(None)), problem.weight @ supply)
    units = np.minimum(problem.cap_units, supply.sum(axis=0))
    lines = np.minimum(problem.cap_lines, (supply > 0).sum(axis=0))
    return Needs(
        brings=np.column_stack([supply[demands].T, grams, units, lines]),
        wanted=np.append(filled[demands], [int(problem.weight @ filled), int(filled.sum()), len(demands)]),
        demands=len(demands),
    )


def useful_supply(problem: Problem, filled: IntArray) -> IntArray:
    """``supply[D, K]`` without stock that is too little: where `filled[D]` units must be filled from so many nodes at
    most, an offer has to bring what the best of the others leave."""
    most = problem.max_nodes_per_line
    if most is None or problem.num_offers == 0:
        return problem.supply
    enough = problem.supply + _best_nodes(problem, most - 1)[:, None] >= filled[:, None]
    return np.where(enough, problem.supply, 0)


def fillable(problem: Problem) -> IntArray:
    """Units of each demand that so many nodes as may share a line can bring at most."""
    most = problem.max_nodes_per_line
    if most is None or problem.num_offers == 0:
        return problem.quantity
    return np.minimum(problem.quantity, _best_nodes(problem, most))


def _best_nodes(problem: Problem, number: int) -> IntArray:
    """Units of each demand that the best so many nodes have."""
    of_node = np.maximum.reduceat(problem.supply, problem.node_start, axis=1)
    best: IntArray = np.sort(of_node, axis=1)[:, ::-1][:, :number].sum(axis=1)
    return best


def least_values(value: IntArray, node: IntArray, most: int) -> IntArray:
    """What sets of 0, 1, ... offers of different nodes are worth at least, up to `most` or all nodes."""
    order = np.argsort(value, kind="stable")
    _, first = np.unique(node[order], return_index=True)
    return np.append(0, np.cumsum(value[order[np.sort(first)[:most]]]))


def open_sets(value: IntArray, node: IntArray, needs: Needs, size: int, below: int, most: int) -> Found:
    """All sets of `size` offers of different nodes whose values add up to less than `below` and that bring what is
    needed; None once more than `most` partial sets would have to be looked at side by side, or LAST_MANY times as many
    whole ones.

    `value[K]` is the worth of each offer, `node[K]` where it stands.
    """
    order = np.argsort(value, kind="stable")
    least = least_values(value, node, size)
    if len(least) <= size:
        return Found(sets=np.zeros((0, size), dtype=np.int64), looked_at=0)
    order = order[value[order] < below - least[size - 1]]
    brings = needs.brings[order]
    ranked = _ranked(value[order], node[order], replace(needs, brings=brings), least, size)
    none = np.zeros((1, 0), dtype=np.int64)
    partial = _Partial(chosen=none, pivot=none, total=np.zeros(1, dtype=np.int64), missing=needs.wanted[None])
    looked_at = 0
    for left in range(size, 0, -1):
        extended = _extended(ranked, partial, needs.demands, left, below, most)
        if extended is None:
            return Found(sets=None, looked_at=looked_at)
        partial, count = extended
        looked_at += count
    return Found(sets=order[partial.chosen], looked_at=looked_at)


def _ranked(value: IntArray, node: IntArray, needs: Needs, least: IntArray, size: int) -> _Ranked:
    """The offers, given by rising value."""
    brings = needs.brings
    carries = np.vstack([brings[:, : needs.demands].T > 0, np.ones((1, len(value)), dtype=np.bool_)])
    upto = np.zeros((len(carries), len(value) + 1), dtype=np.int64)
    np.cumsum(carries, axis=1, out=upto[:, 1:])
    best = -np.sort(-brings, axis=0)[:size]
    top = np.zeros((size + 1, brings.shape[1]), dtype=np.int64)
    top[1 : len(best) + 1] = np.cumsum(best, axis=0)
    top[len(best) + 1 :] = top[len(best)]
    return _Ranked(
        value=value,
        node=node,
        brings=brings,
        carries=carries,
        listed=np.argsort(~carries, axis=1, kind="stable"),
        upto=upto,
        least=least,
        top=top,
        pivots=np.append(np.argsort(upto[:-1, -1], kind="stable"), needs.demands),
    )


def _extended(
    ranked: _Ranked, before: _Partial, demands: int, left: int, below: int, most: int
) -> tuple[_Partial, int] | None:
    """Every partial set with every offer that brings its next demand; `left` offers are to be chosen, this one too.

    None where they are too many, or else how many were looked at as well.
    """
    pivot = ranked.pivots[_first(before.missing[:, ranked.pivots[:-1]] > 0)]
    room = below - before.total
    end = np.searchsorted(ranked.value, room - ranked.least[left - 1])
    evenly = np.searchsorted(ranked.value, (room - 1) // left, side="right")
    end = np.where(pivot == demands, np.minimum(end, evenly), end)  # what follows is worth no less than this one
    first = np.zeros_like(pivot)
    if before.pivot.shape[1]:
        again = np.where(pivot == before.pivot[:, -1], before.chosen[:, -1] + 1, 0)
        first = ranked.upto[pivot, again]
    count = np.maximum(ranked.upto[pivot, end] - first, 0)
    looked_at = int(count.sum())
    if looked_at > (most if left > 1 else LAST_MANY * most):
        return None
    row, nth = copies(count)
    new = ranked.listed[pivot[row], first[row] + nth]
    if left == 1:
        row, new = _enough(ranked, before.missing, row, new)
    row, new = _apart(ranked, before, row, new)
    missing = before.missing
    if left > 1:
        missing = np.maximum(before.missing[row] - ranked.brings[new], 0)
        kept = np.flatnonzero((missing <= ranked.top[left - 1]).all(axis=1))
        row, new, missing = row[kept], new[kept], missing[kept]
    after = _Partial(
        chosen=np.column_stack([before.chosen[row], new]),
        pivot=np.column_stack([before.pivot[row], pivot[row]]),
        total=before.total[row] + ranked.value[new],
        missing=missing,
    )
    return after, looked_at


def _first(flags: BoolArray) -> NDArray[np.int64]:
    """Per row the first column that is set; their number where none is."""
    if flags.shape[1] == 0:
        return np.zeros(len(flags), dtype=np.int64)
    first: NDArray[np.int64] = np.where(flags.any(axis=1), flags.argmax(axis=1), flags.shape[1])
    return first


def _enough(ranked: _Ranked, missing: IntArray, row: IntArray, new: IntArray) -> tuple[IntArray, IntArray]:
    """The partial sets and last offers that bring all that is missing."""
    num_needs = missing.shape[1]
    for need in (*ranked.pivots[:-1].tolist(), *range(len(ranked.pivots) - 1, num_needs)):
        kept = np.flatnonzero(missing[:, need].copy()[row] <= ranked.brings[:, need].copy()[new])
        if len(kept) < len(row):
            row, new = row[kept], new[kept]
    return row, new


def _apart(ranked: _Ranked, before: _Partial, row: IntArray, new: IntArray) -> tuple[IntArray, IntArray]:
    """The partial sets and next offers of other nodes, that no set before them has come about with."""
    for chosen, pivot in zip(before.chosen.T, before.pivot.T, strict=True):
        earlier = chosen[row]
        apart = ranked.node[earlier] != ranked.node[new]
        apart &= (new > earlier) | ~ranked.carries[pivot[row], new]
        kept = np.flatnonzero(apart)
        row, new = row[kept], new[kept]
    return row, new

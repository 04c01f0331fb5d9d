"""What is known of problems before any ascent: the best plan of one shipment, and bounds on all plans.

The bounds of the plans of one shipment and of those of more together cover every plan that ships. Where no bound is
below the best single shipment, that is optimal. Most orders are settled by bounds that are had for all problems at
once and without a look at what fits a weight tier; the others get the full ones, and `proof` goes on with what is left.
"""

from dataclasses import dataclass, replace

import numpy as np

from sourcier.engine import bounds, dual, primal
from sourcier.engine.bounds import NO_PLAN, Relaxed
from sourcier.engine.compile import IntArray
from sourcier.engine.formulation import Cover
from sourcier.engine.joined import Joined
from sourcier.engine.offers import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Undecided:
    """What bounds the plans of a problem, micros: ``single[K]`` those that open one offer alone, `several` others."""

    relaxed: Relaxed
    single: IntArray
    several: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outset:
    """The best plan of at most one shipment that was found; `rest` is None where no plan at all costs less.

    What is settled may be told over the offers of all the problems that were looked at together.
    """

    problem: Problem
    best: Cover
    rest: Undecided | None


def outsets(joined: Joined) -> list[Outset]:
    """What is known of each problem at the outset."""
    whole = joined.offers
    saving = np.maximum(whole.unfilled[:, None] - whole.unit, 0)
    alone = primal.singles(whole, saving)
    spans = joined.spans()
    best = [primal.best_single(whole, alone, span) for span in spans]
    cheapest = whole.tier_tables.cheapest.take(whole.tiers)
    several = _several(joined, whole.fixed + cheapest, np.where(alone.units > 0, saving, 0))
    low = [i for i, (bound, cover) in enumerate(zip(several, best, strict=True)) if bound < cover.objective]
    slope = bounds.sloped(whole) if low else None
    if slope is not None:
        base, unit = slope
        saving = np.where(whole.supply > 0, np.maximum(whole.unfilled[:, None] - unit, 0), 0)
        better = _several(joined, whole.fixed + base, saving)
        for i in low:
            several[i] = max(several[i], better[i])
    found = [Outset(problem=whole, best=cover, rest=None) for cover in best]
    least = np.minimum.reduceat(alone.least, joined.start).tolist()
    left = [i for i, cover in enumerate(best) if cover.objective > min(least[i], several[i])]
    if left:
        part, offers = joined.only(left)
        own = [replace(best[i], offers=best[i].offers - int(joined.start[i])) for i in left]
        known = None if slope is None else (slope[0][offers], slope[1][:, offers])
        closer = _closer(part, known, own, alone.least[offers], [several[i] for i in left])
        for i, outset in zip(left, closer, strict=True):
            found[i] = outset
    return found


def _several(joined: Joined, opening: IntArray, saving: IntArray) -> list[int]:
    """Per problem, what plans of two or more shipments cost at least: the two cheapest openings and the cheapest units.

    ``opening[K]`` is the least that a shipment costs but for its units, ``saving[D, K]`` the most that a unit saves
    against leaving it unfilled, 0 where there is none.
    """
    whole = joined.offers
    most = np.maximum.reduceat(saving, joined.start, axis=1)
    units = (whole.quantity @ (whole.unfilled[:, None] - most)).tolist()
    return [
        bounds.cheapest_openings(opening[span], whole.max_shipments) - whole.split + units[i]
        if whole.max_shipments != 1 and whole.node[span.start] < whole.node[span.stop - 1]  # offers stand by node
        else NO_PLAN
        for i, span in enumerate(joined.spans())
    ]


def _closer(
    part: Joined, slope: bounds.Slope | None, best: list[Cover], least: IntArray, several: list[int]
) -> list[Outset]:
    """The full bounds of problems that are not settled at once; `best` are over their own offers, ``least[K]`` and
    `several` what is known of the bounds of an Undecided so far: each bound there is the better of two."""
    whole = part.offers
    relaxed = bounds.relax(whole, slope)
    target = np.array([cover.objective for cover in best])[part.problem_of]
    single = np.maximum(least, dual.single_bounds(whole, relaxed, np.where(least < target, target, _NO_COST)))
    alone = np.minimum.reduceat(single, part.start).tolist()
    found = []
    for i, (cover, span, nodes) in enumerate(zip(best, part.spans(), part.node_spans(), strict=True)):
        if cover.objective <= min(several[i], alone[i]):
            found.append(Outset(problem=whole, best=replace(cover, offers=cover.offers + span.start), rest=None))
            continue
        problem, own, bound = part.problem(i), _cut_out(relaxed, span, nodes), several[i]
        if cover.objective <= alone[i]:  # only then can a closer look at the others settle it
            units_cost = bounds.cheapest_units(problem, own)
            bound = max(bound, bounds.several_shipments_bound(problem, own, units_cost))
        rest = Undecided(relaxed=own, single=single[span], several=bound)
        settled = cover.objective <= min(bound, alone[i])
        found.append(Outset(problem=problem, best=cover, rest=None if settled else rest))
    return found


_NO_COST = 0
"""What no plan costs less than."""


def _cut_out(relaxed: Relaxed, span: slice, nodes: slice) -> Relaxed:
    """That of the offers in the span alone."""
    if len(relaxed.fixed) == span.stop - span.start:
        return relaxed
    low, high = relaxed.limited.searchsorted((span.start, span.stop)).tolist()
    return replace(
        relaxed,
        fixed=relaxed.fixed[span],
        unit=relaxed.unit[:, span],
        flat=relaxed.flat[span],
        limited=relaxed.limited[low:high] - span.start,
        is_limited=relaxed.is_limited[span],
        capped=relaxed.capped[span],
        node_start=relaxed.node_start[nodes] - span.start,
        node_of=relaxed.node_of[span] - nodes.start,
        one_each=nodes.stop - nodes.start == span.stop - span.start,
    )

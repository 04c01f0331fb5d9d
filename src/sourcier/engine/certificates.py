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

    What is settled at once is told over the offers of all the problems that were looked at together.
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
    if low:
        base, unit = bounds.sloped(whole)
        saving = np.where(whole.supply > 0, np.maximum(whole.unfilled[:, None] - unit, 0), 0)
        better = _several(joined, whole.fixed + base, saving)
        for i in low:
            several[i] = max(several[i], better[i])
    return [_outset(joined, i, best[i], alone.least[span], several[i]) for i, span in enumerate(spans)]


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


def _outset(joined: Joined, number: int, best: Cover, single: IntArray, several: int) -> Outset:
    """`best` is over the offers of all; `single` and `several` are as in Undecided, as they are known so far: each
    bound there is the better of two."""
    if best.objective <= min(several, int(single.min())):
        return Outset(problem=joined.offers, best=best, rest=None)
    problem = joined.problem(number)
    if number and len(best.offers):
        best = replace(best, offers=best.offers - int(joined.start[number]))
    relaxed = bounds.relax(problem)
    single = np.maximum(single, dual.single_bounds(problem, relaxed, best.objective))
    settled = best.objective <= int(single.min())
    if settled and several < best.objective:
        units_cost = bounds.cheapest_units(problem, relaxed)
        several = max(several, bounds.several_shipments_bound(problem, relaxed, units_cost))
        settled = best.objective <= several
    return Outset(
        problem=problem,
        best=best,
        rest=None if settled else Undecided(relaxed=relaxed, single=single, several=several),
    )

"""What is known of problems before any ascent: the best plan of one shipment, and bounds on all plans.

The bounds of the plans of one shipment and of those of more together cover every plan that ships. Where no bound is
below the best single shipment, that is optimal; `proof` goes on with the others.
"""

from dataclasses import dataclass, replace

import numpy as np

from sourcier.engine import bounds, dual, primal
from sourcier.engine.bounds import Relaxed
from sourcier.engine.compile import IntArray
from sourcier.engine.formulation import Cover
from sourcier.engine.joined import Joined, spans
from sourcier.engine.offers import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Outset:
    """The best plan of at most one shipment, and lower bounds, micros: ``single[K]`` of the plans that open one offer
    alone, `several` of those of more shipments."""

    problem: Problem
    relaxed: Relaxed
    best: Cover
    single: IntArray
    several: int
    settled: bool


def outsets(joined: Joined) -> list[Outset]:
    """What is known of each problem at the outset."""
    whole, start = joined.offers, joined.start
    relaxed = bounds.relax(whole)
    best = primal.best_singles(joined, relaxed)
    target = np.array([cover.objective for cover in best])
    single = dual.single_bounds(whole, relaxed, target[joined.problem_of])
    alone = (target <= np.minimum.reduceat(single, start)).tolist()
    cheapest = bounds.least_units(joined, relaxed).T
    return [
        _outset(problem, part, best[i], single[span], cheapest[i], alone=alone[i])
        for i, (problem, part, span) in enumerate(
            zip(joined.problems, _taken_apart(relaxed, joined), joined.spans(), strict=True)
        )
    ]


def _outset(
    problem: Problem, relaxed: Relaxed, best: Cover, single: IntArray, units_cost: IntArray, *, alone: bool
) -> Outset:
    """`alone`: no plan of one shipment is cheaper than `best`; only then is the bound of more looked at closely."""
    several = bounds.several_shipments_bound(problem, relaxed, units_cost)
    if alone and several < best.objective:
        several = bounds.several_shipments_bound(problem, relaxed, bounds.cheapest_units(problem, relaxed))
    settled = alone and best.objective <= several
    return Outset(problem=problem, relaxed=relaxed, best=best, single=single, several=several, settled=settled)


def _taken_apart(relaxed: Relaxed, joined: Joined) -> list[Relaxed]:
    """That of each problem alone."""
    if len(joined.problems) == 1:
        return [relaxed]
    limited = relaxed.limited.searchsorted([*joined.start.tolist(), joined.offers.num_offers]).tolist()
    nodes = spans(joined.node_start, len(relaxed.node_start))
    return [
        replace(
            relaxed,
            fixed=relaxed.fixed[span],
            unit=relaxed.unit[:, span],
            flat=relaxed.flat[span],
            limited=relaxed.limited[limited[i] : limited[i + 1]] - span.start,
            is_limited=relaxed.is_limited[span],
            capped=relaxed.capped[span],
            node_start=relaxed.node_start[node] - span.start,
            node_of=relaxed.node_of[span] - node.start,
            one_each=node.stop - node.start == span.stop - span.start,
        )
        for i, (span, node) in enumerate(zip(joined.spans(), nodes, strict=True))
    ]

"""Why the nodes that are not in a plan are not: the mask that stopped them, or what they would have cost."""

from functools import lru_cache

import numpy as np

from sourcier.domain.plan import NodeOutcome, NodeReason
from sourcier.engine import bounds, dual
from sourcier.engine.offers import Problem
from sourcier.engine.prefilter import REASONS, Lanes
from sourcier.engine.proof import Answer
from sourcier.engine.snapshot import Snapshot

OUTCOMES_MAX = 2**16
"""Outcomes without a cost that are kept: more than the largest network has nodes times reasons."""


def left_out(problem: Problem, found: Lanes, answer: Answer, snapshot: Snapshot) -> tuple[NodeOutcome, ...]:
    """One outcome per node without a shipment, in the network's order. `problem` is the whole order's."""
    chosen = set(answer.problem.node[answer.cover.offers].tolist())
    extra = _extra_costs(problem, answer)
    nodes, codes = snapshot.network.network.nodes, found.reason.tolist()
    return tuple(
        [
            _stopped(node.node_id, code) if code else _not_chosen(node.node_id, extra.get(index, 0))
            for index, (node, code) in enumerate(zip(nodes, codes, strict=True))
            if index not in chosen
        ]
    )


def _not_chosen(node_id: str, extra: int) -> NodeOutcome:
    return NodeOutcome(node_id=node_id, reason=NodeReason.NOT_CHOSEN, extra_cost_micros=max(extra, 0))


@lru_cache(maxsize=OUTCOMES_MAX)
def _stopped(node_id: str, code: int) -> NodeOutcome:
    """What is told of a node order after order, one value for all of them; `code` indexes REASONS."""
    reason = REASONS[code]
    assert reason is not None, "a node that is still in was not stopped"
    return NodeOutcome(node_id=node_id, reason=reason)


def _extra_costs(problem: Problem, answer: Answer) -> dict[int, int]:
    """By node, the least that any plan with it costs above the answer: alone, or its forced bound at a dual point."""
    if problem.num_offers == 0:
        return {}
    relaxed = bounds.relax(problem)
    price = bounds.starting_prices(problem, relaxed) if answer.price is None else answer.price
    sizes = dual.at_least(2, problem, relaxed)
    point, single = dual.evaluate_with_singles(problem, relaxed, price, sizes)
    forced = np.minimum(single, dual.forced_bounds(problem, relaxed, point))
    per_node = np.minimum.reduceat(forced, relaxed.node_start) - answer.cover.objective
    return dict(zip(problem.node[relaxed.node_start].tolist(), per_node.tolist(), strict=True))

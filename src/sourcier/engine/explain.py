"""Why the nodes that are not in a plan are not: the mask that stopped them, or what they would have cost."""

import numpy as np

from sourcier.domain.plan import NodeOutcome, NodeReason
from sourcier.engine import bounds, dual
from sourcier.engine.offers import Problem
from sourcier.engine.prefilter import REASONS, Lanes
from sourcier.engine.proof import Answer
from sourcier.engine.snapshot import Snapshot


def left_out(problem: Problem, found: Lanes, answer: Answer, snapshot: Snapshot) -> tuple[NodeOutcome, ...]:
    """One outcome per node without a shipment, in the network's order. `problem` is the whole order's."""
    chosen = set(answer.problem.node[answer.cover.offers].tolist())
    extra = _extra_costs(problem, answer, len(found.reason))
    outcomes = []
    for index, node in enumerate(snapshot.network.network.nodes):
        if index in chosen:
            continue
        reason = REASONS[found.reason[index]]
        if reason is None:
            cost = int(extra[index])
            outcomes.append(NodeOutcome(node_id=node.node_id, reason=NodeReason.NOT_CHOSEN, extra_cost_micros=cost))
        else:
            outcomes.append(NodeOutcome(node_id=node.node_id, reason=reason))
    return tuple(outcomes)


def _extra_costs(problem: Problem, answer: Answer, num_nodes: int) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """Per node, the least that any plan with it costs above the answer: alone, or its forced bound at a dual point."""
    extra = np.zeros(num_nodes, dtype=np.int64)
    if problem.num_offers == 0:
        return extra
    relaxed = bounds.relax(problem)
    price = bounds.starting_prices(problem, relaxed) if answer.price is None else answer.price
    point = dual.evaluate(problem, relaxed, price, dual.at_least(2, problem, relaxed))
    forced = np.minimum(
        dual.single_bounds(problem, relaxed, bounds.NO_PLAN), dual.forced_bounds(problem, relaxed, point)
    )
    per_node = np.minimum.reduceat(forced, relaxed.node_start)
    extra[problem.node[relaxed.node_start]] = np.maximum(per_node - answer.cover.objective, 0)
    return extra

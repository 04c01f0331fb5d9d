"""Branch and bound on nodes: the plans that open a node apart from those that do not.

Once it is decided which of the nodes with much of the order ship, the dual bound of the rest is tight: what it opens by
halves, a branch opens or closes whole. An opened node is credited so much for opening that every plan of interest opens
it, and every plan is debited the same. A plan that opens all of them costs in the branch what it costs; one that does
not costs more by the credit. All that bounds, lists and fills therefore works on a branch as on the order.
"""

from dataclasses import dataclass, replace

import numpy as np

from sourcier.engine import dual
from sourcier.engine.bounds import Relaxed
from sourcier.engine.compile import IntArray
from sourcier.engine.dual import Offers, Sizes
from sourcier.engine.offers import Problem

CREDIT_MAX = 2**50
"""Micros credited for opening a node: sums over thousands of nodes stay within 64 bits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """The plans of these `sizes` over the offers of `problem` that open all the nodes `opened`; the credit for them is
    in `problem`. None costs less than `bound`; `price[D]` is a good dual point to start from."""

    problem: Problem
    sizes: Sizes
    opened: frozenset[int]
    price: IntArray
    bound: int

    def over(self, offers: Offers) -> "Branch":
        """The plans that use these offers alone (ascending positions)."""
        if len(offers) == self.problem.num_offers:
            return self
        problem = self.problem.restricted(offers)
        most = min(self.sizes.most, len(problem.node_start))
        return replace(self, problem=problem, sizes=replace(self.sizes, most=most))


def split(branch: Branch, relaxed: Relaxed, target: int) -> list[Branch] | None:
    """The branch in two, by the node that can bring most: plans without it, and then plans with it.

    What has no plan that costs less than `target` is left out. None where all nodes are opened.
    """
    problem = branch.problem
    nodes = problem.node[relaxed.node_start]
    free = np.array([node not in branch.opened for node in nodes.tolist()])
    if not free.any():
        return None
    point = dual.evaluate(problem, relaxed, branch.price, branch.sizes)
    units = np.maximum.reduceat(np.minimum(problem.supply.sum(axis=0), problem.cap_units), relaxed.node_start)
    chosen = int(np.lexsort((point.node_value, -units, ~free))[0])
    node = int(nodes[chosen])
    without = replace(_closed(branch, node), bound=max(branch.bound, dual.bound_without(problem, point, chosen)))
    halves = [without, _opened(branch, node, target)]
    return [half for half in halves if half.sizes.exist and half.bound < target]


def _closed(branch: Branch, node: int) -> Branch:
    return branch.over(np.flatnonzero(branch.problem.node != node))


def _opened(branch: Branch, node: int, target: int) -> Branch:
    problem, credit = branch.problem, min(target, CREDIT_MAX)
    fixed = problem.fixed - np.where(problem.node == node, credit, 0)
    credited = replace(problem, fixed=fixed, split=problem.split - credit)
    return replace(branch, problem=credited, opened=branch.opened | {node})

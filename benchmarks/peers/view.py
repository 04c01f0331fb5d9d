"""One order as a peer sees it, and what a peer is."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from sourcier.engine.compile import BoolArray, IntArray
from sourcier.engine.formulation import cover
from sourcier.engine.offers import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """An order over lines (axis L) and nodes (axis N), each node by its cheapest offer.

    `wanted[L]` units; `supply[L, N]` units that a node can give of a line; `distance_m[N]`; `warehouse[N]`;
    `max_shipments` is None for peers that know no such limit; `problem` has the costs, with the same axes. No SKU
    stands on two lines.
    """

    problem: Problem
    distance_m: IntArray
    warehouse: BoolArray

    @property
    def wanted(self) -> IntArray:
        """Units per line."""
        return self.problem.quantity

    @property
    def supply(self) -> IntArray:
        """Units that a node can give of a line."""
        return self.problem.supply

    def objective(self, units: IntArray) -> int:
        """What these `units[L, N]` cost, micros, those left unfilled included."""
        return cover(self.problem, np.arange(self.problem.num_offers), units).objective

    def may_open(self, units: IntArray) -> bool:
        """Whether one more node may ship beside those of `units[L, N]`."""
        limit = self.problem.max_shipments
        return limit is None or int(units.any(axis=0).sum()) < limit

    def given(self, left: IntArray) -> IntArray:
        """``units[L, N]``: of each node alone, all that it can give of what is `left[L]`."""
        units = np.minimum(left[:, None], self.supply)
        problem = self.problem
        heaviest = np.array([int(table.limit_g[-1]) for table in problem.tier_tables], dtype=np.int64)
        tight = (
            (units.sum(axis=0) > problem.cap_units)
            | ((units > 0).sum(axis=0) > problem.cap_lines)
            | (problem.weight @ units > heaviest[problem.tiers])
        )
        for node in np.flatnonzero(tight):
            units[:, node] = self.taken(left, int(node))
        return units

    def taken(self, left: IntArray, node: int) -> IntArray:
        """All that a node can give of what is left, line by line, within its capacity and its heaviest parcel."""
        units = np.minimum(left, self.supply[:, node])
        room = int(self.problem.cap_units[node])
        lines = int(self.problem.cap_lines[node])
        table = self.problem.tier_tables[self.problem.tiers[node]]
        grams = int(table.limit_g[-1])
        for line in range(len(units)):
            weight = int(self.problem.weight[line])
            most = min(int(units[line]), room, grams // weight if weight else room) if lines > 0 else 0
            units[line] = most
            room -= most
            grams -= most * weight
            lines -= most > 0
        return units

    def cost_of(self, node: int, units: IntArray) -> int:
        """What a shipment of these `units[L]` from one node costs, micros."""
        problem = self.problem
        table = problem.tier_tables[problem.tiers[node]]
        tier = table.at(int((units * problem.weight).sum()))
        assert tier is not None, "a shipment is heavier than its service carries"
        cost: int = int(problem.fixed[node]) + tier + int((units * problem.unit[:, node]).sum())
        return cost


Plan = Callable[[View], IntArray]
"""Who gives what: ``units[L, N]``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A policy and what it knows of an order's constraints.

    `dates`: by when the order must arrive, and what each service makes of it; without it, it takes the cheapest
    service. `capacity`: what is left of a node's day. `splits`: the limit of shipments of an order.
    """

    name: str
    plan: Plan
    dates: bool = False
    capacity: bool = False
    splits: bool = False


def view_of(problem: Problem, distance_m: IntArray, warehouse: BoolArray, *, splits: bool = True) -> View:
    """An order for peers; `distance_m` and `warehouse` are over all nodes of the network.

    Of a node's offers (services and later days) the cheapest one for the whole order counts.
    """
    whole = problem.fixed + (problem.unit * problem.quantity[:, None]).sum(axis=0)
    order = np.lexsort((whole, problem.node))
    first = order[np.r_[True, problem.node[order][1:] != problem.node[order][:-1]]] if len(order) else order
    kept = problem.restricted(np.sort(first))
    if not splits:
        kept = replace(kept, max_shipments=None)
    return View(problem=kept, distance_m=distance_m[kept.node], warehouse=warehouse[kept.node])

"""One policy over one stream: what it plans on the stock it left itself, what is wrong with that, and what it costs.

A peer that does not know a constraint plans without it. What then cannot be carried out is counted, and repaired: its
nodes ship by a service that is in time, on a day with room, where they have one; if not, they refuse, and the peer
plans again over the nodes that can. Shipments beyond the limit are counted, and shipped all the same.
"""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date
from time import process_time
from typing import Final

import numpy as np

from benchmarks.peers.streams import Stream
from benchmarks.peers.view import Peer, View, view_of
from sourcier.domain.network import CapacityMeasure, NodeType, capacity_pool_id
from sourcier.domain.order import Cart
from sourcier.domain.stock import StockRow
from sourcier.engine.compile import BoolArray, CompiledRules, IntArray, compile_network, distances_m
from sourcier.engine.decide import drive
from sourcier.engine.formulation import breaks, cover
from sourcier.engine.offers import Problem, build
from sourcier.engine.prefilter import Lanes
from sourcier.engine.proof import prove, settled
from sourcier.engine.snapshot import Snapshot
from sourcier.engine.solver import Budget, solve

BUDGET: Final = Budget(solve_ms=1_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One order. `late`, `full` and `split` are what the plan broke; `cost` is of the repaired one.

    `bound` is what any plan for this order on this stock costs at least, `proven` whether the engine met it. CPU is of
    choosing alone: offers and their costs are made before, for all alike.
    """

    cpu_us: float
    cost: int
    bound: int
    proven: bool
    shipments: int
    wanted: int
    filled: int
    late: bool
    full: bool
    split: bool

    @property
    def broken(self) -> bool:
        """Whether the plan broke anything."""
        return self.late or self.full or self.split


def run(stream: Stream, rules: CompiledRules, peer: Peer | None, number: int) -> list[Outcome]:
    """The first orders of a stream, by a peer or (None) by the engine, on a shelf of its own."""
    shelf = Shelf(stream)
    return [_one(shelf, rules, cart, peer) for cart in stream.carts[:number]]


def _one(shelf: "Shelf", rules: CompiledRules, cart: Cart, peer: Peer | None) -> Outcome:
    problem, lanes, _ = build(cart, shelf.snapshot, rules)
    start = process_time()
    best = settled(drive(prove(problem), lambda model: solve(model, BUDGET)), problem)
    spent = process_time() - start
    late = full = False
    if peer is None:
        kept, units = best.problem.restricted(best.cover.offers), best.cover.units
        made = Made(problem=kept, day=lanes.day[kept.lane], units=units)
    else:
        order = _Order(shelf=shelf, rules=rules, cart=cart, problem=problem, lanes=lanes, peer=peer)
        made, spent = order.planned()
        late, full = order.late(made), order.full(made)
        if late or full:
            made, more = order.repaired(made)
            spent += more
    used = np.flatnonzero(made.units.any(axis=0))
    split = problem.max_shipments is not None and len(used) > problem.max_shipments
    cost = made.objective()
    assert not breaks(made.problem, used, made.units[:, used]), "a plan breaks what its peer knows"
    assert split or cost >= best.bound, "a plan beats a proven bound"
    shelf.take(cart, made)
    return Outcome(
        cpu_us=spent * 1e6,
        cost=cost,
        bound=best.bound,
        proven=best.bound == best.cover.objective,
        shipments=len(used),
        wanted=int(problem.quantity.sum()),
        filled=int(made.units.sum()),
        late=late,
        full=full,
        split=split,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A plan: `units[L, K]` from the offers of `problem`, which ship on `day[K]` (ordinals)."""

    problem: Problem
    day: IntArray
    units: IntArray

    def objective(self) -> int:
        """What it costs, micros."""
        return cover(self.problem, np.arange(self.problem.num_offers), self.units).objective


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    """An order as it is (`problem`, `lanes`), and how a peer goes about it."""

    shelf: "Shelf"
    rules: CompiledRules
    cart: Cart
    problem: Problem
    lanes: Lanes
    peer: Peer

    def planned(self) -> tuple[Made, float]:
        """The peer's plan with what it knows: no deliver-by date, or every node's day empty, where it does not."""
        if self.peer.dates and self.peer.capacity:
            return self._plan(self._view(self.problem), self.lanes)
        cart = self.cart if self.peer.dates else replace(self.cart, deliver_by=None)
        snapshot = self.shelf.snapshot if self.peer.capacity else self.shelf.idle
        problem, lanes, _ = build(cart, snapshot, self.rules)
        return self._plan(self._view(problem), lanes)

    def late(self, made: Made) -> bool:
        """Whether a shipment arrives after the order's date."""
        by = self.cart.deliver_by
        return by is not None and bool((made.problem.arrival[made.units.any(axis=0)] > by.toordinal()).any())

    def full(self, made: Made) -> bool:
        """Whether a shipment leaves from a node that takes no more orders that day."""
        used = np.flatnonzero(made.units.any(axis=0))
        return any(self.shelf.is_full(int(made.problem.node[k]), int(made.day[k])) for k in used)

    def repaired(self, made: Made) -> tuple[Made, float]:
        """See the module."""
        view, spent = self._view(self.problem), 0.0
        mended = _moved(made, view)
        if mended is None:
            made, spent = self._plan(view, self.lanes)
        else:
            made = Made(problem=view.problem, day=self.lanes.day[view.problem.lane], units=mended)
        return made, spent

    def _plan(self, view: View, lanes: Lanes) -> tuple[Made, float]:
        start = process_time()
        units = self.peer.plan(view)
        spent = process_time() - start
        return Made(problem=view.problem, day=lanes.day[view.problem.lane], units=units), spent

    def _view(self, problem: Problem) -> View:
        point = self.cart.destination.point
        assert point is not None, "the orders of streams name coordinates"
        distance = distances_m(self.shelf.snapshot.network, point)
        return view_of(problem, distance, self.shelf.warehouse, splits=self.peer.splits)


def _moved(made: Made, view: View) -> IntArray | None:
    """The same units from the same nodes by the offers of a view, or None where it has none that can carry them."""
    column = {int(node): k for k, node in enumerate(view.problem.node)}
    units = np.zeros_like(view.supply)
    for k in np.flatnonzero(made.units.any(axis=0)):
        to = column.get(int(made.problem.node[k]))
        if to is None or (made.units[:, k] > view.supply[:, to]).any():
            return None
        units[:, to] = made.units[:, k]
    used = np.flatnonzero(units.any(axis=0))
    free = replace(view.problem, max_shipments=None)
    return None if breaks(free, used, units[:, used]) else units


class Shelf:
    """The world of one policy, which its own plans use up; `idle` has the same stock, and no capacity used."""

    def __init__(self, stream: Stream) -> None:
        network = compile_network(stream.network)
        self.snapshot, self.idle = Snapshot(network), Snapshot(network)
        self.nodes = network.network.nodes
        self.warehouse: BoolArray = np.array([node.node_type is NodeType.WAREHOUSE for node in self.nodes])
        self._left = {(row.node_id, row.sku): row.on_hand for row in stream.stock}
        self._used: Counter[tuple[int, int]] = Counter()
        self._put(list(stream.stock))

    def is_full(self, node: int, day: int) -> bool:
        """Whether a node takes no more orders that day (an ordinal)."""
        capacity = self.nodes[node].capacity
        assert capacity is None or capacity.measure is CapacityMeasure.ORDERS
        return capacity is not None and self._used[node, day] >= capacity.per_day

    def take(self, cart: Cart, made: Made) -> None:
        """Take the units of a plan and a place in the day of each of its nodes."""
        skus = [cart.lines[lines[0]].sku for lines in made.problem.lines_of]
        rows = []
        for line, k in zip(*np.nonzero(made.units), strict=True):
            key = self.nodes[made.problem.node[k]].node_id, skus[line]
            self._left[key] -= int(made.units[line, k])
            rows.append(StockRow(node_id=key[0], sku=key[1], on_hand=self._left[key]))
        self._put(rows)
        for k in np.flatnonzero(made.units.any(axis=0)):
            node, day = int(made.problem.node[k]), int(made.day[k])
            self._used[node, day] += 1
            pool = capacity_pool_id(self.nodes[node].node_id)
            self.snapshot.put_pool_uses([(pool, date.fromordinal(day).isoformat(), self._used[node, day])])

    def _put(self, rows: list[StockRow]) -> None:
        self.snapshot.put_rows(rows)
        self.idle.put_rows(rows)

"""What a channel may take of every order line at every node: on hand at once, more from the day a supply is ready."""

from dataclasses import dataclass

import numpy as np

from sourcier.domain.order import Cart
from sourcier.domain.supply import SupplyRow
from sourcier.engine.compile import (
    UNLIMITED,
    BoolArray,
    CompiledNetwork,
    CompiledRules,
    IntArray,
    local_days,
)
from sourcier.engine.snapshot import Snapshot

ON_HAND = np.int64(0)
"""The ready day of an offer that waits for no supply; real ordinals are larger."""

_DAYS = np.int64(2**22)
"""Above every ordinal, so that one number sorts rows by line, node and day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Available:
    """Units per order line (axis L), node (axis N) and day, protection taken off.

    `free[L, N]` is the stock before protection, `on_hand[L, N]` what is left of it. Supply rows stand over axis R,
    sorted by line, node, ready day: ``units[R]`` of ``line[R]`` at ``node[R]`` can be picked from ``ready[R]``
    (an ordinal) on. A row of a SKU that stands on several lines is there for each of them. `in_shifts[N]`: the node
    picks in shifts.
    """

    free: IntArray
    on_hand: IntArray
    line: IntArray
    node: IntArray
    ready: IntArray
    units: IntArray
    rows: tuple[SupplyRow, ...]
    in_shifts: BoolArray

    def by(self, node: IntArray, ready: IntArray) -> IntArray:
        """``available[L, C]`` at ``node[C]`` when supplies up to the day ``ready[C]`` can be used."""
        found: IntArray = self.on_hand.take(node, axis=1)
        if not self.rows:
            return found
        waits = (ready > ON_HAND).nonzero()[0]
        if len(waits):
            found[:, waits] += self._dated(node[waits], ready[waits])
            np.minimum(found, UNLIMITED, out=found)
        return found

    def _dated(self, node: IntArray, ready: IntArray) -> IntArray:
        num_lines, num_nodes = self.on_hand.shape
        keys = (self.line * num_nodes + self.node) * _DAYS + self.ready
        before = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(self.units)])
        pair = (np.arange(num_lines)[:, None] * num_nodes + node[None, :]) * _DAYS
        upto = np.searchsorted(keys, pair + ready[None, :], side="right")
        dated: IntArray = before[upto] - before[np.searchsorted(keys, pair)]
        return dated

    def supplying(self) -> BoolArray:
        """``[N]``: where there is a unit of any line, now or on some day."""
        return self._somewhere(self.on_hand, self.units)

    def stocked(self) -> BoolArray:
        """``[N]``: where there is a unit of any line, now or on some day, were nothing kept back."""
        return self._somewhere(self.free, np.array([row.free for row in self.rows], dtype=np.int64))

    def _somewhere(self, units: IntArray, of_rows: IntArray) -> BoolArray:
        there: BoolArray = np.logical_or.reduce(units > 0, axis=0)
        if self.rows:
            there[self.node[of_rows > 0]] = True
        return there

    def useful(self, wanted: IntArray) -> tuple[IntArray, IntArray]:
        """The (node, ready day) pairs, each once, on which supply adds to what ``wanted[L]`` units can come from.

        At nodes with shifts every day counts: work that may begin later can fall into a shift with
        room, where it would have to wait for the start of a still later one otherwise.
        """
        if not self.rows:
            return self.node, self.ready
        before = self._up_to_each_row() + self.on_hand[self.line, self.node] - self.units
        useful = ((self.units > 0) & (before < wanted[self.line])) | self.in_shifts[self.node]
        pairs = np.unique(self.node[useful] * _DAYS + self.ready[useful])
        return pairs // _DAYS, pairs % _DAYS

    def _up_to_each_row(self) -> IntArray:
        """Units of each row and the rows before it of the same line and node."""
        total = np.cumsum(self.units)
        pair = self.line * self.on_hand.shape[1] + self.node
        earlier = total - self.units
        earlier[1:][pair[1:] == pair[:-1]] = 0  # what was there before the first row of a pair only rises
        upto: IntArray = total - np.maximum.accumulate(earlier)
        return upto


def look(cart: Cart, snapshot: Snapshot, rules: CompiledRules) -> Available:
    """What the cart's channel may take of its lines; the channel is one of the rule set's."""
    skus = tuple([line.sku for line in cart.lines])
    free, floor = snapshot.free(skus), floors(snapshot.network, rules, cart.channel)
    on_hand = np.maximum(free - floor, 0)
    supplies = snapshot.supplies(skus)
    if not supplies.rows:
        none = supplies.node
        in_shifts = snapshot.network.in_shifts
        return Available(
            free=free, on_hand=on_hand, line=none, node=none, ready=none, units=none, rows=(), in_shifts=in_shifts
        )
    ready = supplies.ready(local_days(snapshot.network, cart.placed_at))
    units = np.minimum(supplies.available(free, floor), UNLIMITED)
    order = np.lexsort((ready, supplies.node, supplies.sku))
    return Available(
        free=free,
        on_hand=on_hand,
        line=supplies.sku[order],
        node=supplies.node[order],
        ready=ready[order],
        units=units[order],
        rows=tuple([supplies.rows[r] for r in order.tolist()]),
        in_shifts=snapshot.network.in_shifts,
    )


def floors(network: CompiledNetwork, rules: CompiledRules, channel: str) -> IntArray:
    """``floor[N]``: units of every SKU that are kept back from the channel."""
    protection = rules.protection
    of_type: IntArray = protection.kept_back[protection.channel_class[channel]]
    return of_type.take(network.node_type)

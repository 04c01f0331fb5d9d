"""The live picture of stock, dated supply and capacity as arrays. It may be stale, never wrong about safety.

The ledger decides. One thread owns a snapshot: the one that patches it also decides with it.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime

import numpy as np
from numpy.typing import NDArray

from sourcier.domain.limits import TIMETABLE_DAYS
from sourcier.domain.network import NodeStatus, capacity_pool_id, round_pool_id, shift_pool_id
from sourcier.domain.stock import StockRow
from sourcier.domain.supply import SupplyRow
from sourcier.engine.capacity import PoolUses
from sourcier.engine.compile import ROUND_MINUTES, UNLIMITED, BoolArray, CompiledNetwork, IntArray
from sourcier.engine.stock import Level, NodeLevels, StockBook
from sourcier.engine.supply import Supplies, SupplyBook
from sourcier.engine.timetable import Timetable, compile_timetable

TIMETABLE_AGE_DAYS = 3
"""Days after its first one on which orders are still decided with a timetable."""


class Snapshot:
    """``free[sku, node]`` (units not promised to anyone, before protection), dated supply, and what of pools is used.

    `version` is the ledger's journal position that the snapshot has followed.
    """

    def __init__(self, network: CompiledNetwork) -> None:
        self.network = network
        self.version = 0
        self.online: BoolArray = network.online.copy()
        self._stock = StockBook(network.node_index)
        self._supply = SupplyBook(network.node_index)
        self._node_days = PoolUses(capacity_pool_id(node.node_id) for node in network.network.nodes)
        self._shifts = PoolUses(
            shift_pool_id(node.node_id, shift.shift_id) for node in network.network.nodes for shift in node.shifts
        )
        self._rounds = PoolUses(_round_pool_ids(network))
        self._timetables: tuple[Timetable, ...] = ()

    def put_rows(self, rows: Iterable[StockRow]) -> None:
        """Take over the absolute values of stock rows; rows of unknown nodes are ignored."""
        self.put_levels((row.node_id, row.sku, row.free) for row in rows)

    def put_levels(self, levels: Iterable[Level]) -> None:
        """Take over absolute values of what is free; those of unknown nodes are ignored."""
        self._stock.put(levels)

    def fill_levels(self, of_nodes: Iterable[NodeLevels]) -> None:
        """Take over what is free at whole nodes, each at most once, in place of everything there was."""
        self._stock.fill(of_nodes)

    def put_supplies(self, rows: Iterable[SupplyRow]) -> None:
        """Take over the absolute values of supply rows; rows of unknown nodes are ignored."""
        self._supply.put(rows)

    def put_pool_uses(self, uses: Iterable[tuple[str, str, int]]) -> None:
        """Take over (pool id, ISO day, used) of node days, shifts and carrier rounds; other pools are ignored."""
        for pool_id, bucket, used in uses:
            day = date.fromisoformat(bucket).toordinal()
            any(kind.put(pool_id, day, used) for kind in (self._node_days, self._shifts, self._rounds))

    def put_timetable(self, timetable: Timetable) -> None:
        """Take over the timetable of today, compiled elsewhere from the snapshot's network; yesterday's is kept too."""
        self._timetables = (timetable, *self._timetables[:1])

    def add_timetable(self, timetable: Timetable) -> None:
        """Keep a timetable of another day, beside that of today."""
        self._timetables = (*self._timetables[:1], timetable)

    def known_timetable(self, placed_at: datetime) -> Timetable | None:
        """The timetable for orders of that time, if it is one of the two that are kept."""
        day = placed_at.astimezone(UTC).date()
        for known in self._timetables:
            if 0 <= (day - known.first_day).days <= TIMETABLE_AGE_DAYS:
                return known
        return None

    def timetable(self, placed_at: datetime) -> Timetable:
        """The timetable for orders of that time, compiled here if it is not one of the two that are kept."""
        known = self.known_timetable(placed_at)
        if known is None:
            known = timetable_for(self.network, placed_at)
            self.add_timetable(known)
        return known

    def put_statuses(self, statuses: Mapping[str, NodeStatus]) -> None:
        """Switch nodes on or off; nodes that are not named keep the network's own status."""
        self.online = self.network.online.copy()
        for node_id, status in statuses.items():
            node = self.network.node_index.get(node_id)
            if node is not None:
                self.online[node] = status is NodeStatus.OPEN

    def free(self, skus: tuple[str, ...]) -> IntArray:
        """``free[sku, node]``, a copy; an unknown SKU has none anywhere."""
        return self._stock.of(skus)

    def supplies(self, skus: Sequence[str]) -> Supplies:
        """The dated supply of these SKUs."""
        return self._supply.of(skus)

    def node_left(self, node: IntArray, day: NDArray[np.integer]) -> IntArray:
        """What is left of each node's own measure on its ship day (an ordinal); UNLIMITED without capacity."""
        capacity = self.network.capacity[node]
        if self._node_days.unused:
            return capacity
        left = np.maximum(capacity - self._node_days.used(node, day), 0)
        return np.where(capacity == UNLIMITED, UNLIMITED, left)

    def shift_left(self, shift: IntArray, day: IntArray) -> IntArray:
        """What is left of each shift (axis H of the network) on its day, in its own measure."""
        left: IntArray = np.maximum(self.network.shift_limit[shift] - self._shifts.used(shift, day), 0)
        return left

    def round_left(
        self,
        node: IntArray,
        service: IntArray,
        day: NDArray[np.integer],
        minute: NDArray[np.integer],
        parcels: IntArray,
    ) -> IntArray:
        """Parcels left of carriers' rounds with a limit of `parcels` (UNLIMITED: none) by day and pickup minute."""
        if len(self.network.round_keys) == 0:
            return parcels
        left = parcels.copy()
        limited = parcels < UNLIMITED
        if limited.any():
            keys = self.network.round_key(node[limited], service[limited], minute[limited])
            pool = np.searchsorted(self.network.round_keys, keys)
            left[limited] = np.maximum(parcels[limited] - self._rounds.used(pool, day[limited]), 0)
        return left


def timetable_for(network: CompiledNetwork, placed_at: datetime) -> Timetable:
    """A timetable for orders of that day (UTC) and TIMETABLE_AGE_DAYS after it."""
    return compile_timetable(network, placed_at.astimezone(UTC).date(), TIMETABLE_DAYS + TIMETABLE_AGE_DAYS)


def _round_pool_ids(network: CompiledNetwork) -> list[str]:
    """The pool of every round with a limit, in the order of `round_keys`."""
    found = []
    for key in network.round_keys.tolist():
        lane, minute = divmod(key, ROUND_MINUTES)
        node, service = divmod(lane, len(network.services))
        node_id = network.network.nodes[node].node_id
        found.append(round_pool_id(node_id, network.network.services[service].service_id, minute))
    return found

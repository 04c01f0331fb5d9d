"""The live picture of stock and capacity as arrays. It may be stale, never wrong about safety: the ledger decides.

One thread owns a snapshot: the one that patches it also decides with it.
"""

from collections.abc import Iterable, Mapping
from datetime import date

import numpy as np

from sourcier.domain.network import NodeStatus, capacity_pool_id
from sourcier.domain.stock import StockRow
from sourcier.engine.compile import UNLIMITED, BoolArray, CompiledNetwork, IntArray

ROWS_PER_BLOCK = 1_024
"""SKU rows by which the stock matrix grows."""


class Snapshot:
    """``free[sku, node]`` (units not promised to anyone, before protection) and the used node-day capacity.

    `version` is the ledger's journal position that the snapshot has followed.
    """

    def __init__(self, network: CompiledNetwork) -> None:
        self.network = network
        self.version = 0
        self.online: BoolArray = network.online.copy()
        self._row_of: dict[str, int] = {}
        self._free: IntArray = np.zeros((ROWS_PER_BLOCK, len(network.node_index)), dtype=np.int64)
        self._node_of_pool = {capacity_pool_id(node_id): i for node_id, i in network.node_index.items()}
        self._used_on: dict[int, IntArray] = {}

    def put_rows(self, rows: Iterable[StockRow]) -> None:
        """Take over the absolute values of stock rows; rows of unknown nodes are ignored."""
        node_index = self.network.node_index
        for row in rows:
            node = node_index.get(row.node_id)
            if node is not None:
                sku_row = self._row(row.sku)  # may grow the matrix, so before it is indexed
                self._free[sku_row, node] = row.free

    def put_pool_uses(self, uses: Iterable[tuple[str, str, int]]) -> None:
        """Take over (pool id, ISO ship day, used) of node-day capacity; other pools are ignored."""
        for pool_id, bucket, used in uses:
            node = self._node_of_pool.get(pool_id)
            if node is not None:
                day = date.fromisoformat(bucket).toordinal()
                if day not in self._used_on:
                    self._used_on[day] = np.zeros(len(self.network.node_index), dtype=np.int64)
                self._used_on[day][node] = used

    def put_statuses(self, statuses: Mapping[str, NodeStatus]) -> None:
        """Switch nodes on or off; nodes that are not named keep the network's own status."""
        self.online = self.network.online.copy()
        for node_id, status in statuses.items():
            node = self.network.node_index.get(node_id)
            if node is not None:
                self.online[node] = status is NodeStatus.OPEN

    def free(self, skus: tuple[str, ...]) -> IntArray:
        """``free[sku, node]``, a copy; an unknown SKU has none anywhere."""
        rows = [self._row_of.get(sku, -1) for sku in skus]
        found: IntArray = self._free[rows]
        found[[i for i, row in enumerate(rows) if row < 0]] = 0
        return found

    def capacity_left(self, day: int) -> IntArray:
        """Units of each node's own measure that are left on the ship day (an ordinal); UNLIMITED without capacity."""
        used = self._used_on.get(day)
        if used is None:
            return self.network.capacity
        return np.where(self.network.capacity == UNLIMITED, UNLIMITED, np.maximum(self.network.capacity - used, 0))

    def _row(self, sku: str) -> int:
        row = self._row_of.get(sku)
        if row is None:
            row = self._row_of[sku] = len(self._row_of)
            if row == len(self._free):
                block = np.zeros((max(ROWS_PER_BLOCK, row // 2), self._free.shape[1]), dtype=np.int64)
                self._free = np.concatenate([self._free, block])
        return row

"""Dated supply as arrays: which units can be had from which day on.

``available(sku, node, day) = max(0, stock free - floor) + sum of what each supply ready by that day gives``, where a
supply gives what is not pegged, less the protection that the stock on hand does not cover: the ledger checks the same.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sourcier.domain.supply import SupplyRow
from sourcier.engine.compile import IntArray

NO_LEAD = np.int64(-1)
"""Stands for "comes on a date" among lead times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplies:
    """Supply rows (axis R) of some SKUs.

    `sku[R]` is the position among the SKUs asked for, `node[R]` indexes the network; `free[R]` units are not pegged
    yet (negative where a source cut what is promised); `expected[R]` is the ordinal of the day announced, `lead[R]`
    the days after the order, NO_LEAD where there is a day.
    """

    sku: IntArray
    node: IntArray
    free: IntArray
    expected: IntArray
    lead: IntArray
    rows: tuple[SupplyRow, ...]

    def ready(self, order_day: IntArray) -> IntArray:
        """``ready[R]``: the ordinal from which each row can be picked; ``order_day[N]`` is each node's local day."""
        ordered = order_day[self.node]
        ready: IntArray = np.where(
            self.lead == NO_LEAD, np.maximum(self.expected, ordered + 1), ordered + np.maximum(self.lead, 0)
        )
        return ready

    def available(self, stock_free: IntArray, floor: IntArray) -> IntArray:
        """``available[R]`` units that may be pegged, given ``stock_free[sku, N]`` and the channel's ``floor[N]``."""
        uncovered = np.maximum(floor[self.node] - np.maximum(stock_free[self.sku, self.node], 0), 0)
        units: IntArray = np.maximum(self.free - uncovered, 0)
        return units


NONE = np.zeros(0, dtype=np.int64)
NO_SUPPLIES = Supplies(sku=NONE, node=NONE, free=NONE, expected=NONE, lead=NONE, rows=())


class SupplyBook:
    """Every supply row of the known nodes, by SKU; the last row of a supply, node and SKU counts."""

    def __init__(self, node_index: Mapping[str, int]) -> None:
        self._node_index = node_index
        self._rows: dict[str, dict[tuple[str, str], SupplyRow]] = {}
        self._columns: dict[str, tuple[IntArray, tuple[SupplyRow, ...]]] = {}

    def put(self, rows: Iterable[SupplyRow]) -> None:
        """Take over rows; those of unknown nodes are ignored, those that are over and hold no peg are forgotten."""
        for row in rows:
            if row.node_id not in self._node_index:
                continue
            mine = self._rows.setdefault(row.sku, {})
            if row.usable or row.held or row.allocated:
                mine[row.node_id, row.supply_id] = row
            else:
                mine.pop((row.node_id, row.supply_id), None)
            self._columns.pop(row.sku, None)

    def of(self, skus: Sequence[str]) -> Supplies:
        """The rows of these SKUs, by SKU asked, node and supply id; a SKU asked for twice has its rows twice."""
        found = [(position, *self._of_sku(sku)) for position, sku in enumerate(skus) if self._rows.get(sku)]
        if not found:
            return NO_SUPPLIES
        columns = np.concatenate([numbers for _, numbers, _ in found], axis=1)
        return Supplies(
            sku=np.repeat([position for position, _, _ in found], [numbers.shape[1] for _, numbers, _ in found]),
            node=columns[0],
            free=columns[1],
            expected=columns[2],
            lead=columns[3],
            rows=tuple([row for _, _, rows in found for row in rows]),
        )

    def _of_sku(self, sku: str) -> tuple[IntArray, tuple[SupplyRow, ...]]:
        """``(node, free, expected, lead)`` by row, and the rows; made once and kept until the SKU changes."""
        made = self._columns.get(sku)
        if made is None:
            rows = tuple(row for _, row in sorted(self._rows[sku].items()))
            numbers = np.array(
                [
                    (
                        self._node_index[row.node_id],
                        row.free,
                        0 if row.expected_on is None else row.expected_on.toordinal(),
                        NO_LEAD if row.lead_days is None else row.lead_days,
                    )
                    for row in rows
                ],
                dtype=np.int64,
            ).T
            made = self._columns[sku] = (numbers, rows)
        return made

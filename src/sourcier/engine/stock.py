"""What is free of every SKU at every node, as sparse rows: most nodes have most SKUs not.

A shelf holds the nodes of one SKU and their units in two arrays that grow by themselves, so a change moves a few bytes
and nothing ever copies the whole: no reader waits for it.
"""

from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import count, pairwise
from typing import Any

import numpy as np

from sourcier.engine.compile import IntArray

Level = tuple[str, str, int]
"""(node_id, sku, free units)"""

NodeLevels = tuple[str, Sequence[str], IntArray]
"""(node_id, its SKUs, each once, ``free[SKU]``)"""

_NODE, _UNITS = np.dtype(np.uint16), np.dtype(np.int64)
"""What the arrays of a shelf hold."""

_Shelf = tuple["array[int]", "array[int]"]
"""(indices of nodes, ascending; their units)"""


class StockBook:
    """Free units by SKU and node; what was never put is 0. Memory is 10 bytes a row and about 300 a SKU."""

    def __init__(self, node_index: Mapping[str, int]) -> None:
        self._node_index = node_index
        self._shelves: dict[str, _Shelf] = {}

    def put(self, levels: Iterable[Level]) -> None:
        """Take over absolute values; those of unknown nodes are ignored."""
        node_index, shelves = self._node_index, self._shelves
        for node_id, sku, free in levels:
            node = node_index.get(node_id)
            if node is None:
                continue
            shelf = shelves.get(sku)
            if shelf is None:
                shelf = shelves[sku] = array("H"), array("q")
            nodes, units = shelf
            at = bisect_left(nodes, node)
            if at < len(nodes) and nodes[at] == node:
                units[at] = free
            else:
                nodes.insert(at, node)
                units.insert(at, free)

    def fill(self, of_nodes: Iterable[NodeLevels]) -> None:
        """Take over whole nodes, each at most once, in place of everything there was; unknown nodes are ignored."""
        row_of: defaultdict[str, int] = defaultdict(count().__next__)
        found: list[tuple[int, np.ndarray[Any, np.dtype[np.int32]], IntArray]] = []  # (node, rows, units)
        for node_id, skus, free in of_nodes:
            node = self._node_index.get(node_id)
            if node is not None:
                rows = np.fromiter(map(row_of.__getitem__, skus), dtype=np.int32, count=len(skus))
                found.append((node, rows, free))
        found.sort(key=lambda part: part[0])
        ends = np.zeros(len(row_of) + 1, dtype=np.int64)
        for _, rows, _ in found:
            ends[rows + 1] += 1
        np.cumsum(ends, out=ends)
        starts, place = ends.tolist(), ends[:-1].copy()
        nodes, units = np.empty(starts[-1], dtype=_NODE), np.empty(starts[-1], dtype=_UNITS)
        for node, rows, free in found:
            at = place[rows]
            nodes[at], units[at] = node, free
            place[rows] = at + 1
        self._shelves = {
            sku: (array("H", nodes[start:end].tobytes()), array("q", units[start:end].tobytes()))
            for sku, (start, end) in zip(row_of, pairwise(starts), strict=True)
        }

    def of(self, skus: Sequence[str]) -> IntArray:
        """``free[sku, node]``, a copy; an unknown SKU has none anywhere."""
        found = np.zeros((len(skus), len(self._node_index)), dtype=np.int64)
        for row, sku in zip(found, skus, strict=True):
            shelf = self._shelves.get(sku)
            if shelf is not None:
                nodes, units = shelf
                at = np.frombuffer(nodes, _NODE).astype(np.int64)  # what numpy indexes by without a detour
                row[at] = np.frombuffer(units, _UNITS)
        return found

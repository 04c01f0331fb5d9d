"""Pools of capacity: what is used of node days, shifts and carrier rounds."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from sourcier.engine.compile import IntArray

DAYS_AT_FIRST = 8
"""Reported days for which there is place at first; it doubles when they are more."""


class PoolUses:
    """``used[pool]`` by day, for the pools of one kind; nothing is used of a day that was never reported."""

    def __init__(self, pool_ids: Iterable[str]) -> None:
        self._index = {pool_id: i for i, pool_id in enumerate(pool_ids)}
        self._used: IntArray = np.zeros((1, len(self._index)), dtype=np.int64)  # the first row is that of other days
        self._num_rows = 1
        self._first = 0
        self._row_of: IntArray = np.zeros(2, dtype=np.int64)  # from the day before `_first` to the one after the last

    def put(self, pool_id: str, day: int, used: int) -> bool:
        """Take over what is used of a pool on a day (an ordinal), absolute; False if it is no pool of this kind."""
        pool = self._index.get(pool_id)
        if pool is None:
            return False
        row = self._row(day)  # may grow the matrix, so before it is indexed
        self._used[row, pool] = used
        return True

    @property
    def unused(self) -> bool:
        """Whether nothing was ever reported as used."""
        return self._num_rows == 1

    def used(self, pool: IntArray, day: NDArray[np.integer]) -> IntArray:
        """What is used of each pool on its day; two arrays of one shape."""
        if self.unused:
            return np.zeros(pool.shape, dtype=np.int64)
        at = np.minimum(np.maximum(day - (self._first - 1), 0), len(self._row_of) - 1)
        found: IntArray = self._used[self._row_of[at], pool]
        return found

    def _row(self, day: int) -> int:
        """The row of a day, made if it was never reported."""
        if self.unused:
            self._first, self._row_of = day, np.zeros(3, dtype=np.int64)
        at = day - self._first + 1
        if at < 1:
            self._row_of = np.concatenate([np.zeros(1 - at, dtype=np.int64), self._row_of])
            self._first, at = day, 1
        elif at > len(self._row_of) - 2:
            more = np.zeros(at - len(self._row_of) + 2, dtype=np.int64)
            self._row_of = np.concatenate([self._row_of, more])
        if not self._row_of[at]:
            if self._num_rows == len(self._used):
                more = np.zeros((max(DAYS_AT_FIRST, len(self._used)), self._used.shape[1]), dtype=np.int64)
                self._used = np.concatenate([self._used, more])
            self._row_of[at] = self._num_rows
            self._num_rows += 1
        return int(self._row_of[at])

"""Pools of capacity: what is used of node days, shifts and carrier rounds."""

from collections.abc import Iterable

import numpy as np

from sourcier.engine.compile import IntArray


class PoolUses:
    """``used[pool]`` by day, for the pools of one kind; nothing is used of a day that was never reported."""

    def __init__(self, pool_ids: Iterable[str]) -> None:
        self._index = {pool_id: i for i, pool_id in enumerate(pool_ids)}
        self._used_on: dict[int, IntArray] = {}

    def put(self, pool_id: str, day: int, used: int) -> bool:
        """Take over what is used of a pool on a day (an ordinal), absolute; False if it is no pool of this kind."""
        pool = self._index.get(pool_id)
        if pool is None:
            return False
        if day not in self._used_on:
            self._used_on[day] = np.zeros(len(self._index), dtype=np.int64)
        self._used_on[day][pool] = used
        return True

    def used(self, pool: IntArray, day: IntArray) -> IntArray:
        """What is used of each pool on its day; two arrays of one shape."""
        used = np.zeros(pool.shape, dtype=np.int64)
        for one in np.unique(day):
            on_day = self._used_on.get(int(one))
            if on_day is not None:
                mine = day == one
                used[mine] = on_day[pool[mine]]
        return used

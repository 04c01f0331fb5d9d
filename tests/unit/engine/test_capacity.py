"""What is used of pools: absolute, by day, nothing where nothing was reported."""

import numpy as np

from sourcier.engine.capacity import PoolUses


def test_uses_are_absolute_and_by_day() -> None:
    uses = PoolUses(["a", "b", "c"])
    assert uses.unused
    assert uses.put("b", 7, 4)
    assert not uses.unused
    assert uses.put("b", 7, 2)
    assert uses.put("c", 8, 9)
    pool, day = np.array([[0, 1, 2], [1, 1, 2]]), np.array([[7, 7, 7], [6, 8, 8]])
    assert uses.used(pool, day).tolist() == [[0, 2, 0], [0, 0, 9]]


def test_pools_of_another_kind_are_not_taken() -> None:
    assert not PoolUses(["a"]).put("z", 7, 4)
    assert PoolUses([]).used(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)).tolist() == []

"""What is kept for the next time: what was used last, as much as fits."""

import numpy as np
import pytest

from sourcier.engine.compile import IntArray
from sourcier.engine.memo import ENTRY_BYTES, Memo, array_bytes
from sourcier.engine.trips import lying


def array(number: int) -> IntArray:
    """Eight hundred bytes."""
    return np.full(100, number)


def test_a_result_is_made_once() -> None:
    memo, made = Memo(10_000), []
    for _ in range(3):
        assert memo.of("a", lambda: made.append(1) or array(7))[0] == 7
    assert len(made) == 1


def test_what_was_used_longest_ago_goes_first() -> None:
    memo = Memo(2_500)
    for key in (1, 2, 3, 1, 4):
        assert memo.of(key, lambda key=key: array(key))[0] == key
    assert len(memo) == 3
    for key in (1, 3, 4):
        memo.of(key, lambda: pytest.fail("it was kept"))
    assert memo.of(2, lambda: array(5))[0] == 5


def test_a_result_larger_than_all_there_is_room_for_is_kept_alone() -> None:
    memo = Memo(1_000)
    memo.of("small", lambda: array(1))
    memo.of("large", lambda: np.zeros(10_000))
    assert len(memo) == 1
    memo.of("small", lambda: array(1))
    assert len(memo) == 1


def test_a_result_may_need_another_one() -> None:
    memo = Memo(10_000)
    assert memo.of("outer", lambda: memo.of("inner", lambda: array(2)) + 1)[0] == 3
    assert len(memo) == 2


def test_bytes_are_those_of_all_arrays_within() -> None:
    assert array_bytes(array(1)) == 800
    assert array_bytes((array(1), array(2), "text")) == 1_600 + ENTRY_BYTES
    assert array_bytes(lying(0, 0, way=0)) == 10 * 8

"""Dataclasses of arrays: rows taken, parts joined, one within another."""

from dataclasses import dataclass

import numpy as np

from sourcier.engine.columns import Columns, copies
from sourcier.engine.compile import IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner(Columns):
    a: IntArray
    b: IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Outer(Columns):
    inner: Inner
    c: IntArray


def outer(*numbers: int) -> Outer:
    column = np.array(numbers, dtype=np.int64)
    return Outer(inner=Inner(a=column, b=10 * column[:, None]), c=-column)


def columns(found: Outer) -> tuple[list, list, list]:
    return found.inner.a.tolist(), found.inner.b.tolist(), found.c.tolist()


def test_rows_are_taken_in_the_order_asked_for() -> None:
    found = outer(1, 2, 3).take(np.array([2, 0, 2]))
    assert columns(found) == ([3, 1, 3], [[30], [10], [30]], [-3, -1, -3])


def test_parts_are_joined_one_after_the_other() -> None:
    assert columns(Outer.joined([outer(1), outer(), outer(2, 3)])) == columns(outer(1, 2, 3))
    one = outer(4)
    assert Outer.joined([one]) is one


def test_rows_are_repeated_and_their_copies_numbered() -> None:
    row, nth = copies(np.array([2, 0, 3, 1]))
    assert row.tolist() == [0, 0, 2, 2, 2, 3]
    assert nth.tolist() == [0, 1, 0, 1, 2, 0]
    assert [column.tolist() for column in copies(np.array([0, 0]))] == [[], []]

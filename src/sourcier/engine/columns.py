"""Rows of parallel arrays: frozen dataclasses of which some are taken or several joined, and rows repeated."""

from collections.abc import Callable, Sequence
from functools import cache
from operator import attrgetter
from typing import Any, ClassVar, Literal, Self

import numpy as np

from sourcier.engine.compile import IntArray


class Columns:
    """A base of frozen dataclasses with slots, whose fields are arrays, or Columns again, over one axis."""

    __slots__: ClassVar[tuple[str, ...]] = ()

    @property
    def nbytes(self) -> int:
        """What the arrays occupy."""
        return sum([column.nbytes for column in _columns(self.__slots__)(self)])

    def take(self, chosen: IntArray, axis: Literal[0] = 0) -> Self:
        """The chosen rows, in that order; asked for like those of an array."""
        taken = [column.take(chosen, axis) for column in _columns(self.__slots__)(self)]
        return type(self)(**dict(zip(self.__slots__, taken, strict=True)))

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """The rows of all parts, one part after the other."""
        if len(parts) == 1:
            return parts[0]
        columns = map(_joined, zip(*map(_columns(cls.__slots__), parts), strict=True))
        return cls(**dict(zip(cls.__slots__, columns, strict=True)))


@cache
def _columns(names: tuple[str, ...]) -> Callable[[Columns], tuple[Any, ...]]:
    """What gets all columns of these names at once."""
    return attrgetter(*names)


def _joined(parts: Sequence[Any]) -> Any:
    first = parts[0]
    return type(first).joined(parts) if isinstance(first, Columns) else np.concatenate(parts)


def copies(count: IntArray) -> tuple[IntArray, IntArray]:
    """``count[i]`` copies of each row i, row after row: the row of each copy, and its number there from 0 on."""
    row = np.arange(len(count)).repeat(count)
    return row, np.arange(len(row)) - (count.cumsum() - count).repeat(count)

"""Rows of parallel arrays: frozen dataclasses of which some are taken or several joined, and rows repeated."""

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np

from sourcier.engine.compile import IntArray


class Columns:
    """A base of frozen dataclasses with slots, whose fields are arrays, or Columns again, over one axis."""

    __slots__: ClassVar[tuple[str, ...]] = ()

    @property
    def nbytes(self) -> int:
        """What the arrays occupy."""
        return sum([getattr(self, name).nbytes for name in self.__slots__])

    def take(self, chosen: IntArray) -> Self:
        """The chosen rows, in that order."""
        columns: dict[str, Any] = {}
        for name in self.__slots__:
            column = getattr(self, name)
            columns[name] = column.take(chosen) if isinstance(column, Columns) else column[chosen]
        return type(self)(**columns)

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """The rows of all parts, one part after the other."""
        if len(parts) == 1:
            return parts[0]
        return cls(**{name: _joined([getattr(part, name) for part in parts]) for name in cls.__slots__})


def _joined(parts: list[Any]) -> Any:
    first = parts[0]
    return type(first).joined(parts) if isinstance(first, Columns) else np.concatenate(parts)


def copies(count: IntArray) -> tuple[IntArray, IntArray]:
    """``count[i]`` copies of each row i, row after row: the row of each copy, and its number there from 0 on."""
    row = np.repeat(np.arange(len(count)), count)
    return row, np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)

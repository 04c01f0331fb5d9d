"""Frozen dataclasses of parallel arrays: rows taken from them, and several of them one after the other."""

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np

from sourcier.engine.compile import IntArray


class Columns:
    """A base of frozen dataclasses with slots, whose fields are arrays, or Columns again, over one axis."""

    __slots__: ClassVar[tuple[str, ...]] = ()

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

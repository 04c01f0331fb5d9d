"""What was worked out before, kept for the next time."""

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")


class Memo:
    """Results of pure functions by their arguments; of all that is kept, what was used last, `bytes_max` together.

    It is part of the network or timetable that the results depend on, and goes with it. One thread uses it, that of
    the snapshot.
    """

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._kept: dict[Hashable, tuple[Any, int]] = {}
        self._bytes = 0

    def of(self, key: Hashable, make: Callable[[], T]) -> T:
        """The result kept under the key, or what `make` gives, which must depend on nothing else."""
        entry = self._kept.pop(key, None)
        if entry is None:
            made = make()
            entry = (made, array_bytes(made))
            self._bytes += entry[1]
        self._kept[key] = entry  # the one used last stands last
        while self._bytes > self._bytes_max and len(self._kept) > 1:
            self._bytes -= self._kept.pop(next(iter(self._kept)))[1]
        found: T = entry[0]
        return found

    def __len__(self) -> int:
        """How many results are kept."""
        return len(self._kept)


def array_bytes(value: object) -> int:
    """What the arrays in a value occupy, and a little for the value itself; or as many `nbytes` as it says itself."""
    known: int | None = getattr(value, "nbytes", None)
    if known is not None:
        return known
    if isinstance(value, tuple):
        return sum(map(array_bytes, value), ENTRY_BYTES)
    fields = getattr(value, "__dataclass_fields__", None)
    return 0 if fields is None else sum([array_bytes(getattr(value, name)) for name in fields], ENTRY_BYTES)


ENTRY_BYTES = 128
"""What a small object takes, about."""

"""How long stock changes take from the ledger to the decisions of this process, for whoever operates it."""

from collections import deque
from dataclasses import dataclass
from math import ceil
from typing import Final

DELAYS_KEPT: Final = 20_000
"""A look every 20 ms and one after each own commit, for a minute and more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delays:
    """The delays of `looks` at the ledger that found changed stock, milliseconds, by nearest rank."""

    looks: int
    p50_ms: float
    p99_ms: float
    max_ms: float


class Propagation:
    """Collects one delay per look that found changes: that of the oldest of them. Lives on one event loop.

    A delay begins at the instant that the journal gives a change, which lies before its commit, and ends when the
    snapshot has it.
    """

    def __init__(self) -> None:
        self._delays: deque[float] = deque(maxlen=DELAYS_KEPT)

    def add(self, seconds: float) -> None:
        """A look's delay."""
        self._delays.append(max(seconds, 0.0))

    def take(self) -> Delays | None:
        """The delays since this was asked last; None when there were none."""
        delays = sorted(self._delays)
        self._delays.clear()
        if not delays:
            return None
        return Delays(
            looks=len(delays), p50_ms=_rank(delays, 0.5), p99_ms=_rank(delays, 0.99), max_ms=_rank(delays, 1.0)
        )


def _rank(delays: list[float], share: float) -> float:
    return round(1_000 * delays[ceil(share * len(delays)) - 1], 1)

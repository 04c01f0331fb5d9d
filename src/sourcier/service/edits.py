"""What has happened to a snapshot: how often it was patched, and which SKUs that touched."""

import asyncio
from collections import deque
from typing import Final

EDITS_KEPT: Final = 1_000
"""Patches that are remembered one by one; who looks at an older one hears that everything may have changed."""

SKUS_KEPT: Final = 100_000
"""SKUs of all these patches together."""


class Edits:
    """A count of patches that never falls, for one event loop."""

    def __init__(self) -> None:
        self.count = 0
        self._touched: deque[frozenset[str] | None] = deque()
        self._num_skus = 0
        self._next = asyncio.Event()

    def add(self, skus: frozenset[str] | None) -> None:
        """A patch that touched these SKUs; None: everything."""
        self.count += 1
        self._touched.append(skus)
        self._num_skus += len(skus or ())
        while len(self._touched) > EDITS_KEPT or self._num_skus > SKUS_KEPT:
            self._num_skus -= len(self._touched.popleft() or ())
        self._next.set()
        self._next = asyncio.Event()

    def since(self, count: int) -> frozenset[str] | None:
        """The SKUs that patches after the first `count` touched; None: everything."""
        num = self.count - count
        if num > len(self._touched):
            return None
        recent = [self._touched[-i] for i in range(1, num + 1)]
        if any(skus is None for skus in recent):
            return None
        return frozenset().union(*(skus for skus in recent if skus))

    async def after(self, count: int) -> None:
        """Wait until there are more than `count` patches."""
        while self.count <= count:
            await self._next.wait()

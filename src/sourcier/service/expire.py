"""Keeps the ledger tidy: expired holds give their stock back, old requests are forgotten.

Every replica sweeps; the ledger lets each line expire once. A rule activation whose process died is finished too.
"""

import asyncio
import contextlib
import logging
from time import monotonic
from typing import Final

from sourcier.domain.errors import Refusal
from sourcier.ledger.activation import settle_floors
from sourcier.ledger.requests import forget_old
from sourcier.ledger.settle import expire_due
from sourcier.ledger.store import Ledger

logger = logging.getLogger(__name__)

HOLDS_PER_SWEEP_MAX: Final = 500
REQUESTS_PER_BATCH: Final = 200
TIDY_SECONDS: Final = 30.0  # pause between two looks for what is not urgent


class Sweeper:
    """A task that looks for expired holds every `interval_seconds`, and for the rest now and then."""

    def __init__(self, ledger: Ledger, *, interval_seconds: float) -> None:
        self._ledger = ledger
        self._interval_seconds = interval_seconds
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to sweep."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """End; a sweep under way is committed or undone by the ledger."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def sweep(self) -> int:
        """Expire everything that is due now; the number of holds."""
        expired = 0
        while True:
            count = await asyncio.wrap_future(self._ledger.write(expire_due, HOLDS_PER_SWEEP_MAX))
            expired += count
            if count < HOLDS_PER_SWEEP_MAX:
                return expired

    async def tidy(self) -> None:
        """Finish what a dead process left of an activation; forget answered requests that are old enough."""
        await asyncio.to_thread(settle_floors, self._ledger)
        while await asyncio.wrap_future(self._ledger.write(forget_old, REQUESTS_PER_BATCH)) == REQUESTS_PER_BATCH:
            pass

    async def _run(self) -> None:
        tidied_at = -TIDY_SECONDS
        while True:
            try:
                await self.sweep()
                if monotonic() - tidied_at >= TIDY_SECONDS:
                    tidied_at = monotonic()
                    await self.tidy()
            except Refusal as refusal:
                logger.warning("expired holds stay reserved until the ledger answers again: %s", refusal)
            except Exception:
                logger.exception("a sweep for expired holds failed")
            await asyncio.sleep(self._interval_seconds)

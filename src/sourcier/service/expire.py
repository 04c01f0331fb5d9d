"""Gives the stock of expired holds back. Every replica sweeps; the ledger lets each line expire once."""

import asyncio
import contextlib
import logging
from typing import Final

from sourcier.domain.errors import Refusal
from sourcier.ledger.settle import expire_due
from sourcier.ledger.store import Ledger

logger = logging.getLogger(__name__)

LINES_PER_SWEEP_MAX: Final = 500


class Sweeper:
    """A task that looks for expired holds every `interval_seconds`."""

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
        """Expire everything that is due now; the number of lines."""
        expired = 0
        while True:
            count = await asyncio.wrap_future(self._ledger.write(expire_due, LINES_PER_SWEEP_MAX))
            expired += count
            if count < LINES_PER_SWEEP_MAX:
                return expired

    async def _run(self) -> None:
        while True:
            try:
                await self.sweep()
            except Refusal as refusal:
                logger.warning("expired holds stay reserved until the ledger answers again: %s", refusal)
            except Exception:
                logger.exception("a sweep for expired holds failed")
            await asyncio.sleep(self._interval_seconds)

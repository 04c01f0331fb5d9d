"""The live picture of the ledger that decisions are made on, followed change by change.

The ledger decides what is safe; this cache only decides how often it must say no. It is read once at the start, then
patched in the event loop's thread with the absolute values of rows that changed: at once after each commit of this
process, and by polling for those of other replicas. Values are read after the cursor, so a row may be newer than the
snapshot's version, never older than it for good.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Concatenate, Final, ParamSpec, TypeVar

import numpy as np

from sourcier.domain.errors import Refusal
from sourcier.engine.compile import CompiledNetwork, CompiledRules, compile_rules
from sourcier.engine.snapshot import Snapshot
from sourcier.inputs.rules_yaml import parse_rule_set
from sourcier.ledger import changes, registry
from sourcier.ledger.store import Ledger, Tx
from sourcier.service import deadline
from sourcier.service.refusals import network_not_applied, rule_set_not_active

logger = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

CHANGES_PER_READ_MAX: Final = 10_000
POOL_DAYS_BACK: Final = 2  # ship days this long past can still be today somewhere on earth


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What one decision is made on. The snapshot is patched while the event loop runs other work, never within."""

    network: CompiledNetwork
    snapshot: Snapshot
    rules: CompiledRules

    def available(self, skus: tuple[str, ...], channel: str) -> tuple[int, ...]:
        """Units of each SKU that a channel may take from all open nodes together, whatever the destination."""
        channel_class = self.rules.channel_class[channel]
        floors = np.array([self.rules.floors[n.node_type][channel_class] for n in self.network.network.nodes])
        free = np.maximum(self.snapshot.free(skus) - floors, 0)
        return tuple(int(units) for units in free[:, self.snapshot.online].sum(axis=1))


class Snapshots:
    """Follows the ledger for one event loop. `interval_seconds` is the pause between two looks at it."""

    def __init__(self, ledger: Ledger, *, interval_seconds: float, clock: Callable[[], datetime]) -> None:
        self._ledger = ledger
        self._interval_seconds = interval_seconds
        self._clock = clock
        self._following = asyncio.Lock()
        self._committed = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._cursor = changes.START
        self._network_revision = 0
        self._activation = 0
        self._network: CompiledNetwork | None = None
        self._snapshot: Snapshot | None = None
        self._rules: CompiledRules | None = None
        self._followed_at = monotonic()

    async def start(self) -> None:
        """Read everything, then begin to follow. Raises DATABASE_UNAVAILABLE."""
        self._loop = asyncio.get_running_loop()
        await self.catch_up()
        self._ledger.on_commit(self._wake)
        self._task = self._loop.create_task(self._run())

    async def stop(self) -> None:
        """Cease to follow."""
        self._loop = None
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    @property
    def age_seconds(self) -> float:
        """Seconds since the snapshot was last known to be abreast of the ledger."""
        return monotonic() - self._followed_at

    @property
    def network_revision(self) -> int:
        """The revision of the network that is followed; 0 before the first."""
        return self._network_revision

    def view(self) -> View:
        """The present picture. Raises NETWORK_NOT_APPLIED, RULE_SET_NOT_ACTIVE."""
        if self._network is None or self._snapshot is None:
            raise network_not_applied()
        if self._rules is None:
            raise rule_set_not_active()
        return View(network=self._network, snapshot=self._snapshot, rules=self._rules)

    async def refresh(self, stock_keys: tuple[tuple[str, str], ...], pool_keys: tuple[tuple[str, str], ...]) -> None:
        """Read these stock rows (node, SKU) and pools (pool, bucket) again at once: a reserve was refused there."""
        deadline.demand()
        rows, uses = await deadline.wait(self._read(_values, stock_keys, pool_keys))
        if self._snapshot is not None:
            self._snapshot.put_rows(rows)
            self._snapshot.put_pool_uses(uses)

    async def catch_up(self) -> None:
        """Follow everything that was committed before this call."""
        async with self._following:
            while await self._follow():
                pass
            self._followed_at = monotonic()

    def _wake(self) -> None:
        """Called on a thread of the ledger after each commit."""
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop was closed in this very moment
                loop.call_soon_threadsafe(self._committed.set)

    async def _run(self) -> None:
        away = False
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._interval_seconds):
                    await self._committed.wait()
            self._committed.clear()
            try:
                await self.catch_up()
                away = False
            except Refusal as refusal:
                if not away:
                    logger.warning("the snapshot ages until the ledger answers again: %s", refusal)
                away = True
            except Exception:
                logger.exception("the snapshot could not be patched and is read afresh")
                self._network_revision = 0
                self._activation = 0
            if away:
                await asyncio.sleep(self._interval_seconds)

    async def _follow(self) -> bool:
        """Take one batch of changes over; whether there may be more."""
        found = await self._read(_changes, self._cursor)
        if found.changes.network_revision != self._network_revision:
            await self._reload()
            return True
        if found.changes.activation != self._activation:
            await self._recompile()
        if self._snapshot is not None:
            self._snapshot.put_statuses(found.changes.node_statuses)
            self._snapshot.put_rows(found.rows)
            self._snapshot.put_pool_uses(found.uses)
            self._snapshot.version = found.changes.version
        self._cursor = found.changes.cursor
        return found.changes.more

    async def _reload(self) -> None:
        """Build a new snapshot from everything the ledger has, and put it in the old one's place."""
        since = (self._clock() - timedelta(days=POOL_DAYS_BACK)).date().isoformat()
        picture = await self._read(_picture, since)
        network, snapshot = await asyncio.to_thread(_build, picture)
        self._network, self._snapshot = network, snapshot
        self._network_revision, self._cursor = picture.network_revision, picture.cursor

    async def _recompile(self) -> None:
        active = await self._read(registry.active_rule_set)
        if active is not None:
            rule_set = await asyncio.to_thread(parse_rule_set, active.yaml, "rules.yaml")
            self._rules = compile_rules(rule_set, active.name)
            self._activation = active.activation

    async def _read(self, query: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.wrap_future(self._ledger.read(query, *args, **kwargs))

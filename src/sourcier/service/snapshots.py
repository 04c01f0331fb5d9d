"""The live picture of the ledger that decisions are made on, followed change by change.

The ledger decides what is safe; this cache only decides how often it must say no. It is read once at the start, then
patched in the event loop's thread with the absolute values of rows that changed: at once after each commit of this
process, and by polling for those of other replicas. Values are read after the cursor, so a row may be newer than the
snapshot's version, never older than it for good.
"""

import asyncio
import contextlib
import gc
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from time import monotonic
from typing import Concatenate, Final, ParamSpec, TypeVar

import numpy as np

from sourcier.domain.errors import Refusal
from sourcier.domain.network import Network
from sourcier.engine.available import floors
from sourcier.engine.compile import CompiledNetwork, CompiledRules
from sourcier.engine.snapshot import Snapshot, timetable_for
from sourcier.ledger.changes import Cursor
from sourcier.ledger.commands import PoolKey, StockKey, SupplyKey
from sourcier.ledger.store import Ledger, Tx
from sourcier.service import deadline, picture
from sourcier.service.edits import Edits
from sourcier.service.picture import Batch, Values
from sourcier.service.propagation import Propagation
from sourcier.service.refusals import network_not_applied, rule_set_not_active

logger = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

GUARDED_PER_READ_MAX: Final = 500  # a start in the middle of an activation can guard every row there is
LEVELS_PER_TURN: Final = 200  # stock rows taken over in one go: 0.1 to 0.4 ms in which nobody decides
YOUNG_MAX: Final = 10_000  # new objects between two looks for garbage; at Python's 700, 4 % of a feed's time went there
PLENTY: Final = 2**40  # units of an endless supply, in sums that must not overflow
REBUILD_AFTER: Final = timedelta(days=30)  # public holidays are expanded for longer than orders may lie ahead by that
POOL_DAYS_BACK: Final = 2  # ship days this long past can still be today somewhere on earth


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What one decision is made on. The snapshot is patched while the event loop runs other work, never within.

    `edition` counts the patches before this view was taken.
    """

    edition: int
    network: CompiledNetwork
    snapshot: Snapshot
    rules: CompiledRules

    def available(self, skus: tuple[str, ...], channel: str) -> tuple[int, ...]:
        """Units of each SKU that a channel may take from all open nodes together, now or later, wherever to."""
        free, floor = self.snapshot.free(skus), floors(self.network, self.rules, channel)
        units = np.maximum(free - floor, 0)
        dated = self.snapshot.supplies(skus)
        np.add.at(units, (dated.sku, dated.node), np.minimum(dated.available(free, floor), PLENTY))
        return tuple(int(all_nodes) for all_nodes in units[:, self.snapshot.online].sum(axis=1))


class Snapshots:
    """Follows the ledger for one event loop. `interval_seconds` is the pause between two looks at it.

    `edits` tells what was patched when, `propagation` how late.
    """

    def __init__(self, ledger: Ledger, *, interval_seconds: float, clock: Callable[[], datetime]) -> None:
        self._ledger = ledger
        self._interval_seconds = interval_seconds
        self._clock = clock
        self._following = asyncio.Lock()
        self._compiling = asyncio.Lock()
        self._committed = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._cursor = Cursor()
        self._network_revision = 0
        self._activations = 0
        self._snapshot: Snapshot | None = None
        self._rules: CompiledRules | None = None
        self._guarded: frozenset[StockKey] = frozenset()
        self._built_at = datetime.min.replace(tzinfo=UTC)
        self._today = date.min
        self.edits = Edits()
        self.propagation = Propagation()
        self._asked = 0
        self._served = 0
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

    @property
    def network(self) -> Network | None:
        """The network that is followed; None before the first."""
        return None if self._snapshot is None else self._snapshot.network.network

    def view(self) -> View:
        """The present picture. Raises NETWORK_NOT_APPLIED, RULE_SET_NOT_ACTIVE."""
        if self._snapshot is None:
            raise network_not_applied()
        if self._rules is None:
            raise rule_set_not_active()
        return View(
            edition=self.edits.count, network=self._snapshot.network, snapshot=self._snapshot, rules=self._rules
        )

    async def refresh(
        self, stock_keys: Iterable[StockKey], pool_keys: Iterable[PoolKey], supply_keys: Iterable[SupplyKey]
    ) -> None:
        """Read these stock rows, pools and supplies again at once: a reserve was refused there.

        What a supply can give depends on its stock row, which is read with it.
        """
        deadline.demand()
        supplies = frozenset(supply_keys)
        rows = frozenset(stock_keys) | {(node_id, sku) for _, node_id, sku in supplies}
        self._put(await deadline.wait(self._read(picture.read_values, rows, frozenset(pool_keys), supplies)))

    async def catch_up(self) -> None:
        """Follow everything that was committed before this call. Calls that come together share one look."""
        self._asked += 1
        mine = self._asked
        async with self._following:
            if self._served < mine:
                asked = self._asked
                while await self._follow():
                    pass
                self._served, self._followed_at = asked, monotonic()

    async def have_time_for(self, placed_at: datetime) -> None:
        """Have the calendars compiled for orders of that time; on another day than today's that takes up to a second.

        Raises DEADLINE_TOO_SHORT.
        """
        snapshot = self._snapshot
        if snapshot is None or snapshot.known_timetable(placed_at) is not None:
            return
        async with self._compiling:
            if snapshot.known_timetable(placed_at) is None:
                table = asyncio.to_thread(timetable_for, snapshot.network, placed_at)
                snapshot.add_timetable(await deadline.wait(table))

    async def abreast(self) -> None:
        """Catch up within the caller's time."""
        await deadline.wait(self.catch_up())

    async def outdated(self, view: View) -> bool:
        """Whether anything has changed since the view was taken, the very last commits included.

        A refusal that will be remembered must not rest on a picture that the ledger has already overtaken.
        """
        await self.abreast()
        return self.edits.count != view.edition

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
                await self._turn_the_page()
                away = False
            except Refusal as refusal:
                if not away:
                    logger.warning("the snapshot ages until the ledger answers again: %s", refusal)
                away = True
            except Exception:
                logger.exception("the snapshot could not be patched and is read afresh")
                self._network_revision, self._activations = 0, 0
            if away:
                await asyncio.sleep(self._interval_seconds)

    async def _follow(self) -> bool:
        """Read one batch of changes and take it over; whether there may be more."""
        began = monotonic()
        guarded = frozenset(islice(self._guarded, GUARDED_PER_READ_MAX))
        batch = await self._read(picture.read_batch, self._cursor, self._activations, guarded)
        more = await self._take_over(batch)
        if batch.changes.oldest_micros is not None:
            self.propagation.add(batch.changes.oldest_micros / 1e6 + monotonic() - began)
        return more

    async def _take_over(self, batch: Batch) -> bool:
        changes = batch.changes
        if changes.network_revision != self._network_revision:
            await self._reload()
            return True
        if batch.active is not None:
            self._rules = await asyncio.to_thread(picture.compiled, batch.active)
            self.edits.add(None)
        if self._snapshot is not None and changes.node_statuses is not None:
            self._snapshot.put_statuses(picture.statuses(changes.node_statuses))
            self.edits.add(None)
        await self._put_in_turns(batch.values)
        if self._snapshot is not None:
            self._snapshot.version = changes.cursor.version
        self._activations, self._cursor = changes.activations, changes.cursor
        return not changes.complete

    async def _reload(self) -> None:
        """Build a new snapshot from everything the ledger has, and put it in the old one's place."""
        now = self._clock()
        since_day = (now - timedelta(days=POOL_DAYS_BACK)).date().isoformat()
        rules = self._rules
        kept_back = None if rules is None else rules.protection.floors_by_name
        whole = await self._read(picture.read_picture, since_day, kept_back)
        self._snapshot, self._guarded = await asyncio.to_thread(picture.build, whole, now)
        self._built_at, self._today = now, now.astimezone(UTC).date()
        self._network_revision, self._cursor = whole.stored.revision, whole.cursor
        self.edits.add(None)
        gc.set_threshold(YOUNG_MAX)
        gc.freeze()  # to look through millions of rows for garbage, all threads would wait a tenth of a second

    async def _turn_the_page(self) -> None:
        """On a new day, compile its timetable; now and then build anew, before the public holidays known run out."""
        snapshot, now = self._snapshot, self._clock()
        if snapshot is None or now.astimezone(UTC).date() == self._today:
            return
        if now - self._built_at >= REBUILD_AFTER:
            async with self._following:
                await self._reload()
            return
        table = await asyncio.to_thread(timetable_for, snapshot.network, now)
        if snapshot is self._snapshot:
            snapshot.put_timetable(table)
            self._today = table.first_day
            self.edits.add(None)

    async def _put_in_turns(self, values: Values) -> None:
        """Take values over a few at a time, and let others run in between: nobody waits for a whole batch."""
        levels, last = values.levels, 0
        for last in range(LEVELS_PER_TURN, len(values.levels), LEVELS_PER_TURN):
            self._put(Values(levels=levels[last - LEVELS_PER_TURN : last], uses=[], supplies=[]))
            await asyncio.sleep(0)
        self._put(replace(values, levels=levels[last:]))

    def _put(self, values: Values) -> None:
        if self._snapshot is not None:
            guarded = picture.lay_out(self._snapshot, self._rules, values.levels)
            if self._guarded or guarded:
                self._guarded = self._guarded.difference(level[:2] for level in values.levels) | guarded
            self._snapshot.put_pool_uses(values.uses)
            self._snapshot.put_supplies(values.supplies)
            if values.levels or values.uses or values.supplies:
                skus = {level[1] for level in values.levels}
                skus.update(supply.sku for supply in values.supplies)
                self.edits.add(frozenset(skus))

    async def _read(self, query: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.wrap_future(self._ledger.read(query, *args, **kwargs))

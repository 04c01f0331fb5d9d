"""Following the ledger: shared looks, and a database that is away."""

import asyncio
import gc
from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import numpy as np
import pytest
from tests.service.shop import Shop, Wall, cart, key

from sourcier.domain.errors import Reason, Refusal
from sourcier.domain.stock import RecordKind, StockRecord, StockRecords
from sourcier.ledger.store import Ledger, unavailable
from sourcier.service import ingest, picture
from sourcier.service.commands import ApplyStock
from sourcier.service.snapshots import LEVELS_PER_TURN, Snapshots

MIDNIGHT = Wall(datetime(2026, 11, 23, tzinfo=UTC))


class Window:
    """A ledger seen through a window that can be shut; counts what is read."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger, self.shut, self.reads = ledger, False, 0

    def read(self, query: Callable[..., Any], *args: Any) -> "Future[Any]":
        self.reads += 1
        if self.shut:
            future: Future[Any] = Future()
            future.set_exception(unavailable("shut"))
            return future
        return self.ledger.read(query, *args)

    def on_commit(self, callback: Callable[[], None]) -> None:
        self.ledger.on_commit(callback)


def followed(window: Window, interval_seconds: float = 60.0, clock: Callable[[], datetime] = MIDNIGHT) -> Snapshots:
    return Snapshots(cast("Ledger", window), interval_seconds=interval_seconds, clock=clock)


async def eventually(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


async def test_looks_that_come_together_are_shared(shop: Shop) -> None:
    window = Window(shop.app.ledger)
    follower = followed(window)
    await follower.catch_up()
    window.reads = 0
    await asyncio.gather(*(follower.catch_up() for _ in range(50)))
    assert window.reads <= 2


async def test_a_look_begun_before_a_commit_does_not_count_for_it(shop: Shop) -> None:
    follower = followed(Window(shop.app.ledger))
    early = asyncio.create_task(follower.catch_up())
    await asyncio.sleep(0)
    await shop.count("near", "mug", 5)
    await follower.catch_up()
    assert follower.view().snapshot.free(("mug",)).tolist() == [[5, 0, 0]]
    await early


async def test_many_changes_are_taken_over_in_turns(shop: Shop) -> None:
    """Whoever waits for the event loop runs before the whole batch is in the snapshot."""
    follower = followed(Window(shop.app.ledger))
    await follower.catch_up()
    number = 2 * LEVELS_PER_TURN + 1
    records = tuple(
        StockRecord(kind=RecordKind.COUNT, node_id="near", sku=f"s{i}", quantity=i + 1, epoch=1, seq=1)
        for i in range(number)
    )
    await ingest.apply_stock(
        shop.app, ApplyStock(key=key("ApplyStock"), source="wms", records=StockRecords.of(records))
    )
    skus, seen = tuple(record.sku for record in records), set[int]()
    catching_up = asyncio.create_task(follower.catch_up())
    while not catching_up.done():
        await asyncio.sleep(0)
        seen.add(int(np.count_nonzero(follower.view().snapshot.free(skus))))
    assert {0, LEVELS_PER_TURN, 2 * LEVELS_PER_TURN, number} <= seen
    assert follower.view().snapshot.free(skus)[:, 0].tolist() == list(range(1, number + 1))


async def test_a_snapshot_that_was_read_is_no_longer_searched_for_garbage(shop: Shop) -> None:
    """One look through millions of rows would stop every thread for a tenth of a second."""
    gc.unfreeze()
    follower = followed(Window(shop.app.ledger))
    await follower.catch_up()
    assert gc.get_freeze_count() > 0
    assert all(found is not follower.view().snapshot for found in gc.get_objects())


async def test_a_view_is_outdated_once_anything_has_changed(shop: Shop) -> None:
    app = shop.app
    await app.snapshots.catch_up()
    view = app.snapshots.view()
    assert not await app.snapshots.outdated(view)
    await shop.count("near", "mug", 5)
    assert await app.snapshots.outdated(view)
    assert not await app.snapshots.outdated(app.snapshots.view())


async def test_refresh_reads_the_rows_at_once(shop: Shop) -> None:
    follower = followed(Window(shop.app.ledger))
    await follower.catch_up()
    await shop.count("near", "mug", 5)
    await follower.refresh([("near", "mug"), ("far", "mug")], [], [])
    assert follower.view().snapshot.free(("mug",)).tolist() == [[5, 0, 0]]


async def test_a_local_commit_is_seen_without_waiting_for_the_poll(shop: Shop) -> None:
    follower = followed(Window(shop.app.ledger), interval_seconds=3_600)
    await follower.start()
    await shop.count("near", "mug", 5)
    async with asyncio.timeout(5):
        while follower.view().snapshot.free(("mug",)).sum() != 5:
            await asyncio.sleep(0.005)
    await follower.stop()
    await follower.stop()


async def test_how_late_a_change_came_is_measured(shop: Shop) -> None:
    follower = followed(Window(shop.app.ledger))
    await follower.catch_up()
    follower.propagation.take()
    await shop.count("near", "mug", 5)
    await asyncio.sleep(0.2)
    await follower.catch_up()
    await follower.catch_up()
    delays = follower.propagation.take()
    assert delays is not None
    assert delays.looks == 1
    assert 200 <= delays.max_ms < 20_000


async def test_a_database_that_is_away_ages_the_snapshot_and_no_more(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    window = Window(shop.app.ledger)
    follower = followed(window, interval_seconds=0.01)
    await follower.start()
    window.shut = True
    await shop.count("near", "mug", 5)
    await asyncio.sleep(0.2)
    assert follower.age_seconds > 0.15
    assert follower.view().snapshot.free(("mug",)).sum() == 0
    with pytest.raises(Refusal) as caught:
        await follower.refresh([("near", "mug")], [], [])
    assert caught.value.reason is Reason.DATABASE_UNAVAILABLE
    window.shut = False
    async with asyncio.timeout(5):
        while follower.view().snapshot.free(("mug",)).sum() != 5:
            await asyncio.sleep(0.005)
    assert follower.age_seconds < 0.15
    assert caplog.text.count("until the ledger answers again") == 1
    await follower.stop()


async def test_an_odd_failure_makes_it_read_everything_again(
    shop: Shop, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    follower = followed(Window(shop.app.ledger), interval_seconds=0.01)
    await follower.start()
    with monkeypatch.context() as patch:
        patch.setattr(picture, "read_batch", lambda *_: 1 / 0)
        async with asyncio.timeout(5):
            while "is read afresh" not in caplog.text:
                await asyncio.sleep(0.005)
    await shop.count("near", "mug", 5)
    async with asyncio.timeout(5):
        while follower.view().snapshot.free(("mug",)).sum() != 5:
            await asyncio.sleep(0.005)
    assert (await shop.promise(cart(("mug", 5)))).promises.promised
    await follower.stop()


async def test_a_new_day_gets_its_timetable_beside_the_old_one(shop: Shop) -> None:
    wall = Wall(datetime(2026, 11, 23, 23, 59, tzinfo=UTC))
    follower = followed(Window(shop.app.ledger), interval_seconds=0.01, clock=wall)
    await follower.start()
    snapshot = follower.view().snapshot
    old, edition = snapshot.known_timetable(wall.now), follower.edits.count
    assert old is not None
    wall.now += timedelta(minutes=2)
    await eventually(lambda: follower.edits.count > edition)
    new = snapshot.known_timetable(wall.now)
    assert new is not None
    assert (old.first_day, new.first_day) == (date(2026, 11, 23), date(2026, 11, 24))
    assert snapshot.known_timetable(wall.now - timedelta(minutes=2)) is old
    assert follower.view().snapshot is snapshot
    await follower.stop()


async def test_after_a_month_everything_is_built_anew(shop: Shop) -> None:
    wall = Wall(datetime(2026, 11, 23, 8, 0, tzinfo=UTC))
    window = Window(shop.app.ledger)
    follower = followed(window, interval_seconds=0.01, clock=wall)
    await follower.start()
    snapshot = follower.view().snapshot
    wall.now += timedelta(days=31)
    await eventually(lambda: follower.view().snapshot is not snapshot)
    assert follower.view().snapshot.known_timetable(wall.now) is not None
    await follower.stop()


async def test_orders_of_other_days_do_not_push_today_out(shop: Shop) -> None:
    wall = Wall(datetime(2026, 11, 23, 8, 0, tzinfo=UTC))
    follower = followed(Window(shop.app.ledger), clock=wall)
    await follower.have_time_for(wall.now)
    await follower.catch_up()
    snapshot = follower.view().snapshot
    today = snapshot.known_timetable(wall.now)
    for days in (-100, 50, 300):
        other = wall.now + timedelta(days=days)
        await asyncio.gather(*(follower.have_time_for(other) for _ in range(3)))
        assert snapshot.known_timetable(other) is not None
        assert snapshot.known_timetable(wall.now) is today

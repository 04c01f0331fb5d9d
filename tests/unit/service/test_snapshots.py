"""Following the ledger: shared looks, and a database that is away."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from tests.service.shop import Shop, cart

from sourcier.domain.errors import Reason, Refusal
from sourcier.ledger.store import Ledger, unavailable
from sourcier.service import picture
from sourcier.service.snapshots import Snapshots


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


def followed(window: Window, interval_seconds: float = 60.0) -> Snapshots:
    return Snapshots(
        cast("Ledger", window), interval_seconds=interval_seconds, clock=lambda: datetime(2026, 11, 23, tzinfo=UTC)
    )


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

"""Product pages see what decisions see; whoever watches hears each change once, and time pass now and then."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest
from tests.service.shop import BERLIN, MONDAY, PROTECTED, Shop, Wall, running

from sourcier.domain.availability import Availability, AvailabilityQuery
from sourcier.domain.errors import Reason, Refusal
from sourcier.domain.network import NodeStatus
from sourcier.service import availability
from sourcier.service.availability import get_availability, watch_availability

QUERY = AvailabilityQuery(channel="web", skus=("mug", "pan"), destination=BERLIN)


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(availability, "PAUSE_SECONDS", 0.02)


def units(answer: Availability) -> dict[str, int]:
    return {entry.sku: entry.units for entry in answer.skus}


async def following(watch: AsyncIterator[Availability]) -> Availability:
    return await asyncio.wait_for(anext(watch), 5)


async def silent(watch: AsyncIterator[Availability]) -> "asyncio.Task[Availability]":
    """The next answer, which has not come after many pauses."""
    task = asyncio.ensure_future(anext(watch))
    await asyncio.sleep(0.2)
    assert not task.done()
    return task


async def test_a_page_sees_the_stock_of_the_channel(shop: Shop) -> None:
    await shop.activate((await shop.revise(PROTECTED)).revision)
    await shop.count("near", "mug", 9)
    await shop.count("store", "mug", 5)
    answer = await get_availability(shop.app, QUERY)
    assert units(answer) == {"mug": 14, "pan": 0}
    assert units(
        await get_availability(shop.app, AvailabilityQuery(channel="marketplace", skus=("mug",), destination=BERLIN))
    ) == {"mug": 6}
    assert [entry.service_id for entry in answer.skus[0].earliest] == ["express", "ground"]
    assert answer.skus[0].stores[0].store_id == "store"


async def test_a_page_of_a_store_that_is_none_is_refused(shop: Shop) -> None:
    with pytest.raises(Refusal) as caught:
        await get_availability(shop.app, AvailabilityQuery(channel="web", skus=("mug",), store_id="near"))
    assert caught.value.reason is Reason.NODE_UNKNOWN


async def test_a_watch_tells_everything_first_and_then_what_changed(shop: Shop) -> None:
    await shop.count("near", "mug", 9)
    watch = watch_availability(shop.app, QUERY)
    assert units(await following(watch)) == {"mug": 9, "pan": 0}
    await shop.count("near", "pan", 4)
    assert units(await following(watch)) == {"pan": 4}
    await shop.count("near", "spoon", 4)
    task = await silent(watch)
    await shop.count("near", "mug", 8)
    assert units(await asyncio.wait_for(task, 5)) == {"mug": 8}


async def test_changes_that_come_together_are_told_together(shop: Shop) -> None:
    watch = watch_availability(shop.app, QUERY)
    await following(watch)
    for count in range(1, 4):
        await shop.count("near", "mug", count)
        await shop.count("near", "pan", count)
    assert units(await following(watch)) == {"mug": 3, "pan": 3}


async def test_what_changed_and_changed_back_is_not_told(shop: Shop) -> None:
    await shop.count("near", "mug", 9)
    watch = watch_availability(shop.app, QUERY)
    await following(watch)
    await shop.count("near", "mug", 8)
    await shop.count("near", "mug", 9)
    (await silent(watch)).cancel()


async def test_a_closed_node_changes_every_sku_it_has(shop: Shop) -> None:
    await shop.count("near", "mug", 9)
    await shop.count("far", "pan", 1)
    watch = watch_availability(shop.app, QUERY)
    await following(watch)
    await shop.status("near", NodeStatus.OFFLINE)
    assert units(await following(watch)) == {"mug": 0}


async def test_other_rules_are_told(shop: Shop) -> None:
    await shop.count("near", "mug", 9)
    watch = watch_availability(shop.app, AvailabilityQuery(channel="marketplace", skus=("mug",), destination=BERLIN))
    await following(watch)
    await shop.activate((await shop.revise(PROTECTED)).revision)
    assert units(await following(watch)) == {"mug": 5}


async def test_a_watch_of_many_skus_comes_in_parts(shop: Shop) -> None:
    many = tuple(f"sku-{i}" for i in range(250))
    await shop.count("near", "sku-249", 2)
    watch = watch_availability(shop.app, AvailabilityQuery(channel="web", skus=many, destination=BERLIN))
    parts = [await following(watch) for _ in range(3)]
    assert [len(part.skus) for part in parts] == [100, 100, 50]
    assert parts[2].skus[-1].units == 2


async def test_time_alone_is_told_too(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(availability, "WHOLE_SECONDS", 0.05)
    wall = Wall(MONDAY)
    async with running(sqlite_url, clock=wall) as shop:
        await shop.open()
        await shop.count("near", "mug", 9)
        watch = watch_availability(shop.app, QUERY)
        assert (await following(watch)).skus[0].earliest[0].on == date(2026, 11, 24)
        wall.now += timedelta(days=1)
        answer = await following(watch)
        assert [entry.sku for entry in answer.skus] == ["mug"]
        assert answer.skus[0].earliest[0].on == date(2026, 11, 25)

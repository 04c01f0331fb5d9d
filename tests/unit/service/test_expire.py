"""The sweeper works through everything that is due, and outlives a database that is away."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, cast

import pytest
from tests.service.shop import Shop, cart

from sourcier.ledger.requests import forget_old
from sourcier.ledger.settle import expire_due
from sourcier.ledger.store import Ledger, unavailable
from sourcier.service import expire
from sourcier.service.expire import HOLDS_PER_SWEEP_MAX, REQUESTS_PER_BATCH, Sweeper


class Script:
    """A ledger that answers each operation from a list; an exception is raised, an empty list means 0."""

    def __init__(self, **answers: list[Any]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def write(self, operation: Callable[..., Any], *_: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        self.asked.append(operation.__name__)
        left = self.answers.get(operation.__name__, [])
        answer = left.pop(0) if left else 0
        if isinstance(answer, Exception):
            future.set_exception(answer)
        else:
            future.set_result(answer)
        return future


def sweeper(ledger: Script, interval_seconds: float = 0.01) -> Sweeper:
    return Sweeper(cast("Ledger", ledger), interval_seconds=interval_seconds)


async def test_a_sweep_goes_on_until_nothing_is_due() -> None:
    ledger = Script(expire_due=[HOLDS_PER_SWEEP_MAX, HOLDS_PER_SWEEP_MAX, 3])
    assert await sweeper(ledger).sweep() == 2 * HOLDS_PER_SWEEP_MAX + 3
    assert ledger.asked == [expire_due.__name__] * 3


async def test_old_requests_are_forgotten_in_batches() -> None:
    ledger = Script(_take_over=[False], forget_old=[REQUESTS_PER_BATCH, 1])
    await sweeper(ledger).tidy()
    assert ledger.asked == ["_take_over", forget_old.__name__, forget_old.__name__]


async def test_the_sweeper_outlives_a_database_that_is_away(caplog: pytest.LogCaptureFixture) -> None:
    ledger = Script(expire_due=[unavailable("gone"), RuntimeError("odd"), 1, 1])
    tidy = sweeper(ledger)
    tidy.start()
    async with asyncio.timeout(5):
        while ledger.answers["expire_due"]:
            await asyncio.sleep(0.01)
    await tidy.stop()
    assert "until the ledger answers again" in caplog.text
    assert "odd" in caplog.text


async def test_stop_ends_it_at_once() -> None:
    ledger = Script()
    tidy = sweeper(ledger, interval_seconds=60)
    tidy.start()
    await asyncio.sleep(0.05)
    async with asyncio.timeout(1):
        await tidy.stop()
    await tidy.stop()


async def test_holds_expire_by_themselves(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expire, "HOLDS_PER_SWEEP_MAX", 2)
    await shop.count("near", "mug", 5)
    for _ in range(5):
        await shop.promise(cart(("mug", 1)), ttl=1)
    assert (await shop.row("near", "mug")).held == 5
    assert await shop.app.sweeper.sweep() == 0
    async with asyncio.timeout(10):
        while (await shop.row("near", "mug")).held:
            await asyncio.sleep(0.05)

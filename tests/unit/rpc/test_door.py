"""How long the door stands open, by a clock that stands still until a test moves it."""

import asyncio

import pytest

from sourcier.rpc.door import (
    EARNED_SECONDS_MAX,
    FOLLOW_ROUNDS,
    FOLLOW_SECONDS,
    ROUND_SECONDS_MAX,
    SHARE,
    SHUT_SECONDS,
    Door,
)

STEP_SECONDS = FOLLOW_SECONDS / 16


class World:
    """A door, how often it was closed, and the time it stood open."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.door = Door(lambda: self.now)
        self.closed = 0

    def open(self, worked_seconds: float) -> None:
        self.door.open(worked_seconds, self.close)

    def close(self) -> None:
        self.closed += 1

    async def round(self, seconds: float = STEP_SECONDS, *, arrives: bool = False) -> None:
        """One round of the loop, which takes so long."""
        self.now += seconds
        if arrives:
            self.door.arrive()
        await asyncio.sleep(0)

    async def until_closed(self, *, arrives: bool = False, seconds: float = STEP_SECONDS) -> float:
        """Seconds until the door is closed."""
        began, closed = self.now, self.closed
        async with asyncio.timeout(5):
            while self.closed == closed:
                await self.round(seconds, arrives=arrives)
        return self.now - began

    async def rush(self, worked_seconds: float) -> float:
        """Seconds for which it stands open after such a turn while somebody arrives in every round."""
        self.open(worked_seconds)
        return await self.until_closed(arrives=True)


async def test_where_nobody_came_it_closes_after_some_rounds() -> None:
    world = World()
    world.open(1.0)
    for _ in range(FOLLOW_ROUNDS - 2):
        await world.round()
        assert not world.closed
    await world.round()
    assert world.closed == 1


async def test_it_stays_shut_until_some_work_is_done() -> None:
    world = World()
    for shut in range(1, 8):
        world.open(SHUT_SECONDS / 8)
        assert world.closed == shut
    world.open(SHUT_SECONDS / 7)
    assert world.closed == 7
    await world.until_closed()
    world.open(SHUT_SECONDS / 2)
    assert world.closed == 9, "the work before it was open is not counted again"


async def test_who_comes_is_followed_for_a_while() -> None:
    world = World()
    world.open(1.0)
    await world.round(arrives=True)
    open_for = await world.until_closed()
    assert open_for == pytest.approx(FOLLOW_SECONDS, abs=2 * STEP_SECONDS)


async def test_who_comes_is_followed_for_some_rounds_however_long_they_are() -> None:
    world = World()
    world.open(1.0)
    await world.round(arrives=True)
    for _ in range(FOLLOW_ROUNDS - 2):
        await world.round(2 * FOLLOW_SECONDS)
        assert not world.closed
    await world.round(2 * FOLLOW_SECONDS)
    await world.round()
    assert world.closed == 1


async def test_other_work_is_not_taken_for_waiting() -> None:
    world = World()
    world.open(1.0)
    await world.round(arrives=True)
    for _ in range(2 * FOLLOW_ROUNDS):
        await world.round(10 * FOLLOW_SECONDS)
        assert not world.closed
    assert await world.until_closed() == pytest.approx(FOLLOW_SECONDS, abs=2 * STEP_SECONDS)


async def test_every_call_prolongs_it() -> None:
    world = World()
    world.open(1.0)
    for _ in range(5):
        await world.round(0.9 * FOLLOW_SECONDS, arrives=True)
        assert not world.closed
    await world.until_closed()


async def test_a_rush_takes_the_share_that_was_earned() -> None:
    world = World()
    for _ in range(3):
        assert await world.rush(0.1) == pytest.approx(SHARE * 0.1, abs=2 * STEP_SECONDS)


async def test_what_is_not_used_is_kept_up_to_a_limit() -> None:
    world = World()
    for _ in range(2):
        world.open(SHUT_SECONDS)
        await world.until_closed()
    assert await world.rush(SHUT_SECONDS) == pytest.approx(3 * SHARE * SHUT_SECONDS, abs=20 * STEP_SECONDS)
    assert await world.rush(3_600.0) == pytest.approx(EARNED_SECONDS_MAX, abs=2 * STEP_SECONDS)


async def test_rounds_of_other_work_are_not_paid_for() -> None:
    world = World()
    world.open(0.1)
    for _ in range(10):
        await world.round(10 * ROUND_SECONDS_MAX, arrives=True)
        assert not world.closed
    assert await world.until_closed(arrives=True) == pytest.approx(SHARE * 0.1, abs=2 * STEP_SECONDS)

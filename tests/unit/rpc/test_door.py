"""How long the door stands open, by a clock that stands still until a test moves it."""

import asyncio

import pytest

from sourcier.rpc.door import EARNED_SECONDS_MAX, FIRST_ROUNDS, PATIENCE_SECONDS, ROUND_SECONDS_MAX, SHARE, Door

LEAST, MOST = PATIENCE_SECONDS
STEP_SECONDS = LEAST / 8


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
    for _ in range(FIRST_ROUNDS - 2):
        await world.round()
        assert not world.closed
    await world.round()
    assert world.closed == 1


async def test_who_comes_is_followed_for_a_while() -> None:
    world = World()
    world.open(1.0)
    await world.round(arrives=True)
    open_for = await world.until_closed()
    assert open_for == pytest.approx(LEAST, abs=2 * STEP_SECONDS)


async def test_every_call_prolongs_it() -> None:
    world = World()
    world.open(1.0)
    for _ in range(5):
        await world.round(0.9 * LEAST, arrives=True)
        assert not world.closed
    await world.until_closed()


async def test_it_waits_longer_while_calls_follow_each_other_and_less_when_they_do_not() -> None:
    world = World()

    async def follows(count: int) -> float:
        world.open(1.0)
        for _ in range(count):
            await world.round(arrives=True)
        return await world.until_closed()

    assert await follows(2) == pytest.approx(LEAST, abs=2 * STEP_SECONDS)
    assert await follows(2) == pytest.approx(2 * LEAST, abs=2 * STEP_SECONDS)
    for _ in range(8):
        await follows(2)
    assert await follows(2) == pytest.approx(MOST, abs=2 * STEP_SECONDS)
    for _ in range(8):
        await follows(1)
    assert await follows(1) == pytest.approx(LEAST, abs=2 * STEP_SECONDS)


async def test_a_rush_takes_the_share_that_was_earned() -> None:
    world = World()
    for _ in range(3):
        assert await world.rush(0.1) == pytest.approx(SHARE * 0.1, abs=2 * STEP_SECONDS)


async def test_what_is_not_used_is_kept_up_to_a_limit() -> None:
    world = World()
    for _ in range(2):
        world.open(0.02)
        await world.until_closed()
    assert await world.rush(0.02) == pytest.approx(3 * SHARE * 0.02, abs=2 * FIRST_ROUNDS * STEP_SECONDS)
    assert await world.rush(3_600.0) == pytest.approx(EARNED_SECONDS_MAX, abs=2 * STEP_SECONDS)


async def test_rounds_of_other_work_are_not_paid_for() -> None:
    world = World()
    world.open(0.1)
    for _ in range(10):
        await world.round(10 * ROUND_SECONDS_MAX, arrives=True)
        assert not world.closed
    assert await world.until_closed(arrives=True) == pytest.approx(SHARE * 0.1, abs=2 * STEP_SECONDS)

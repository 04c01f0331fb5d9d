"""The loop of deciding and reserving: how often it tries, what it reads again, and when it gives up."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from sourcier.domain.errors import Kind, Reason, Refusal
from sourcier.domain.limits import DECIDE_ATTEMPTS_MAX
from sourcier.domain.reservation import Reservation, State
from sourcier.ledger.commands import Replayed, Reserve, Reserved, Short
from sourcier.service.contention import Proposal, reserve_best
from sourcier.service.turns import Turns

SHORT = Short(stock=(("near", "mug"),), pools=(("node-day:near", "2026-11-23"),), supplies=(("po", "near", "pan"),))
COMMAND = Reserve(
    method="Allocate",
    request_id="r",
    fingerprint="f",
    reservation_id="a",
    order_id="o",
    state=State.ALLOCATED,
    lines=(),
    channel_class=0,
    rule_set_revision="v",
    document=b"",
)
RESERVED = Reserved(
    reservation=Reservation(
        reservation_id="a",
        order_id="o",
        lines=(),
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        expires_at=None,
        rule_set_revision="v",
        document=b"",
    ),
    response=b"r",
)


@dataclass
class World:
    """An app whose ledger answers from a script and whose snapshot counts what is asked of it."""

    outcomes: list[Any]
    editions: int = 0
    refreshed: list[Any] = field(default_factory=list)
    turns: Turns = field(default_factory=Turns)

    @property
    def snapshots(self) -> "World":
        return self

    def view(self) -> int:
        return self.editions

    async def abreast(self) -> None:
        pass

    async def outdated(self, view: int) -> bool:
        self.editions += 1
        return self.editions > view

    async def refresh(self, stock: Any, pools: Any, supplies: Any) -> None:
        self.refreshed.append((stock, pools, supplies))

    async def write(self, *_: Any) -> Any:
        return self.outcomes.pop(0)


async def run(world: World, nothing_on: tuple[int, ...] = ()) -> tuple[list[int], Any]:
    """The views that were decided on, and the outcome; on some there is nothing to reserve."""
    seen: list[int] = []

    async def propose(view: Any) -> Proposal[int]:
        seen.append(view)
        command = None if len(seen) in nothing_on else COMMAND
        return Proposal(view=view, decided=len(seen), command=command, respond=lambda _: b"")

    _, outcome = await reserve_best(cast("Any", world), propose)
    return seen, outcome


@pytest.mark.parametrize("outcome", [RESERVED, Replayed(response=b"r")])
async def test_what_the_ledger_takes_is_the_answer(outcome: Any) -> None:
    world = World(outcomes=[outcome])
    assert await run(world) == ([0], outcome)
    assert world.refreshed == []


async def test_rows_that_refused_are_read_again_before_the_next_try() -> None:
    world = World(outcomes=[SHORT, SHORT, RESERVED])
    seen, outcome = await run(world)
    assert (len(seen), outcome) == (3, RESERVED)
    assert world.refreshed == [(SHORT.stock, SHORT.pools, SHORT.supplies)] * 2


async def test_it_gives_up_after_three_tries() -> None:
    world = World(outcomes=[SHORT] * 9)
    with pytest.raises(Refusal) as caught:
        await run(world)
    assert (caught.value.kind, caught.value.reason) == (Kind.ABORTED, Reason.CONTENDED)
    assert len(world.outcomes) == 9 - DECIDE_ATTEMPTS_MAX


async def test_nothing_to_reserve_is_only_believed_on_the_newest_picture() -> None:
    world = World(outcomes=[RESERVED])
    assert await run(world, nothing_on=(1,)) == ([0, 1], RESERVED)


async def test_nothing_to_reserve_is_believed_the_second_time_whatever_changes() -> None:
    world = World(outcomes=[SHORT])
    assert await run(world, nothing_on=(2, 3)) == ([0, 0, 1], None)


async def test_on_an_unchanged_picture_there_is_no_second_look() -> None:
    class Still(World):
        async def outdated(self, view: int) -> bool:
            return False

    assert await run(Still(outcomes=[]), nothing_on=(1,)) == ([0], None)


async def test_on_the_last_try_no_other_reservation_comes_between() -> None:
    world = World(outcomes=[SHORT] * (DECIDE_ATTEMPTS_MAX - 1) + [RESERVED])
    inside: list[bool] = []

    async def enter() -> None:
        async with world.turns.beside_others():
            pass

    async def propose(view: Any) -> Proposal[int]:
        other = asyncio.create_task(enter())
        for _ in range(10):
            await asyncio.sleep(0)
        inside.append(other.done())
        return Proposal(view=view, decided=0, command=COMMAND, respond=lambda _: b"")

    _, outcome = await reserve_best(cast("Any", world), propose)
    assert outcome == RESERVED
    assert inside == [True] * (DECIDE_ATTEMPTS_MAX - 1) + [False]

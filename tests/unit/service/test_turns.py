"""The gate before the ledger: who goes in together, who goes in alone, and that nobody is locked out."""

import asyncio

import pytest

from sourcier.service.turns import Turns


class Diary:
    """Who is inside, and who ever was, in order."""

    def __init__(self) -> None:
        self.turns = Turns()
        self.inside: set[str] = set()
        self.seen: list[frozenset[str]] = []

    async def visit(self, name: str, leave: asyncio.Event, *, alone: bool = False) -> None:
        async with self.turns.alone() if alone else self.turns.beside_others():
            self.inside.add(name)
            self.seen.append(frozenset(self.inside))
            try:
                await leave.wait()
            finally:
                self.inside.discard(name)


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_many_are_inside_together() -> None:
    diary, leave = Diary(), asyncio.Event()
    tasks = [asyncio.create_task(diary.visit(name, leave)) for name in "abc"]
    await settle()
    assert diary.inside == {"a", "b", "c"}
    leave.set()
    await asyncio.gather(*tasks)


async def test_one_alone_waits_for_those_inside_and_holds_back_those_who_come_later() -> None:
    diary, first, rest = Diary(), asyncio.Event(), asyncio.Event()
    tasks = [asyncio.create_task(diary.visit("first", first))]
    await settle()
    tasks.append(asyncio.create_task(diary.visit("alone", rest, alone=True)))
    await settle()
    tasks.append(asyncio.create_task(diary.visit("late", rest)))
    await settle()
    assert diary.inside == {"first"}
    first.set()
    await settle()
    assert diary.inside == {"alone"}
    rest.set()
    await asyncio.gather(*tasks)
    assert diary.seen == [{"first"}, {"alone"}, {"late"}]


async def test_two_alone_take_turns() -> None:
    diary, leave = Diary(), asyncio.Event()
    tasks = [asyncio.create_task(diary.visit(name, leave, alone=True)) for name in "ab"]
    await settle()
    leave.set()
    await asyncio.gather(*tasks)
    assert diary.seen == [{"a"}, {"b"}]


@pytest.mark.parametrize("alone", [False, True])
async def test_whoever_is_cancelled_inside_or_waiting_lets_the_others_in(alone: bool) -> None:
    diary, leave = Diary(), asyncio.Event()
    inside = asyncio.create_task(diary.visit("inside", leave, alone=alone))
    await settle()
    waiting = asyncio.create_task(diary.visit("waiting", leave, alone=True))
    await settle()
    inside.cancel()
    waiting.cancel()
    await asyncio.gather(inside, waiting, return_exceptions=True)
    leave.set()
    await asyncio.wait_for(diary.visit("next", leave, alone=True), 1)
    assert diary.seen[-1] == {"next"}

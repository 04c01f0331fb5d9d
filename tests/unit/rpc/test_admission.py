"""Turns, queues and refusals, by a clock that stands still until a test moves it."""

import asyncio
from math import inf

import pytest

from sourcier.domain.errors import Kind, Reason, Refusal
from sourcier.rpc.admission import MEAN_WEIGHT, Admission, Limits, Queue
from sourcier.rpc.door import FOLLOW_ROUNDS, FOLLOW_SECONDS

AMPLE = Limits(at_work=10, waiting=10)


class World:
    """Orders before promises, and the names of the calls that began."""

    def __init__(self, orders: Limits = AMPLE, promises: Limits = AMPLE) -> None:
        self.now = 1_000.0
        self.orders, self.promises = Queue(orders), Queue(promises)
        self.admission = Admission((self.orders, self.promises), clock=lambda: self.now)
        self.began: list[str] = []

    def call(self, name: str, *, seconds: float = inf, ends: bool = True, works: float = 0.0) -> "asyncio.Task[None]":
        """A call of the queue that its name begins with, which holds the loop for so long."""
        queue = self.orders if name.startswith("order") else self.promises

        async def made() -> None:
            began_at = await self.admission.enter(queue, seconds)
            self.began.append(name)
            self.now += works
            if ends:
                self.admission.leave(queue, began_at)

        return asyncio.create_task(made())


async def rounds(number: int) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


async def until_began(world: World, *names: str) -> None:
    async with asyncio.timeout(5):
        while len(world.began) < len(names):
            await asyncio.sleep(0)
    assert world.began == list(names)


async def refused(call: "asyncio.Task[None]") -> None:
    with pytest.raises(Refusal) as raised:
        await call
    assert (raised.value.kind, raised.value.reason) == (Kind.RESOURCE_EXHAUSTED, Reason.OVERLOADED)


async def test_who_comes_alone_begins_at_once() -> None:
    world = World()
    assert await world.admission.enter(world.promises, 1.0) == world.now
    assert world.promises.under_way == 1
    world.admission.leave(world.promises, world.now)
    assert world.promises.under_way == 0


async def test_one_begins_at_a_time() -> None:
    world = World()
    calls = [world.call(f"promise {number}") for number in range(3)]
    await rounds(1)
    assert world.began == ["promise 0"]
    await rounds(2)
    assert world.began == ["promise 0", "promise 1"]
    await asyncio.gather(*calls)
    assert world.began == ["promise 0", "promise 1", "promise 2"]
    assert world.promises.under_way == 0


async def test_orders_go_before_promises_that_came_earlier() -> None:
    world = World()
    calls = [world.call(name) for name in ("promise 0", "promise 1", "order 0", "order 1")]
    await asyncio.gather(*calls)
    assert world.began == ["promise 0", "order 0", "order 1", "promise 1"]


async def test_so_many_work_and_so_many_wait() -> None:
    world = World(promises=Limits(at_work=2, waiting=1))
    calls = []
    for number in range(3):
        calls.append(world.call(f"promise {number}", ends=False))
        await rounds(8)
    assert world.began == ["promise 0", "promise 1"]
    assert (world.promises.at_work, len(world.promises.waiting)) == (2, 1)
    assert world.admission.refuses(world.promises)
    assert not world.admission.refuses(world.orders)
    await refused(world.call("promise 3"))
    world.admission.leave(world.promises, world.now)
    await asyncio.gather(*calls)
    assert world.began == ["promise 0", "promise 1", "promise 2"]


@pytest.mark.parametrize(("waiting", "refuses"), [(4, False), (5, True)])
async def test_nobody_waits_longer_than_the_class_may(waiting: int, refuses: bool) -> None:
    world = World(promises=Limits(at_work=1, waiting=9, wait_seconds=0.45))
    world.promises.pace_seconds = 0.1
    calls = [world.call(f"promise {number}", ends=False) for number in range(1 + waiting)]
    await rounds(2)
    assert len(world.promises.waiting) == waiting
    assert world.admission.refuses(world.promises) is refuses
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)


@pytest.mark.parametrize(("seconds", "refuses"), [(0.31, False), (0.29, True)])
async def test_nobody_waits_in_vain_for_his_deadline(seconds: float, refuses: bool) -> None:
    world = World(promises=Limits(at_work=1, waiting=9))
    world.promises.pace_seconds, world.promises.work_seconds = 0.1, 0.2
    calls = [world.call(f"promise {number}", ends=False) for number in range(2)]
    await rounds(2)
    assert world.admission.refuses(world.promises, seconds) is refuses
    calls[1].cancel()
    await asyncio.gather(*calls, return_exceptions=True)


async def test_a_standstill_is_noticed_before_the_mean_knows() -> None:
    world = World(promises=Limits(at_work=1, waiting=9, wait_seconds=1.0))
    calls = [world.call(f"promise {number}", ends=False) for number in range(2)]
    await rounds(2)
    assert not world.admission.refuses(world.promises)
    world.now += 1.1
    assert world.admission.refuses(world.promises)
    calls[1].cancel()
    await asyncio.gather(*calls, return_exceptions=True)


async def test_whose_deadline_is_too_near_at_his_turn_is_passed_over() -> None:
    world = World(promises=Limits(at_work=1, waiting=9))
    first = world.call("promise 0", ends=False)
    patient, hasty = world.call("promise 1", seconds=10.0), world.call("promise 2", seconds=1.0)
    await rounds(8)
    world.promises.waiting.reverse()  # the hasty one is next
    world.now += 0.9
    world.promises.work_seconds = 0.2
    world.admission.leave(world.promises, world.now)
    await refused(hasty)
    await asyncio.gather(first, patient)
    assert world.began == ["promise 0", "promise 1"]


async def test_who_leaves_the_queue_frees_his_place() -> None:
    world = World(promises=Limits(at_work=1, waiting=1))
    first = world.call("promise 0", ends=False)
    second = world.call("promise 1")
    await rounds(8)
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)
    assert world.promises.under_way == 1
    third = world.call("promise 2")
    await rounds(2)
    world.admission.leave(world.promises, world.now)
    await asyncio.gather(first, third)
    assert (world.began, world.promises.under_way) == (["promise 0", "promise 2"], 0)


async def test_who_leaves_in_the_moment_of_his_turn_gives_it_on() -> None:
    world = World(promises=Limits(at_work=1, waiting=2))
    first = world.call("promise 0", ends=False)
    second, third = world.call("promise 1"), world.call("promise 2")
    await rounds(8)
    world.admission.leave(world.promises, world.now)  # the turn is given, and not taken up yet
    second.cancel()
    await asyncio.gather(first, third)
    assert second.cancelled()
    assert (world.began, world.promises.under_way) == (["promise 0", "promise 2"], 0)


async def test_nobody_begins_while_the_door_is_open() -> None:
    world = World()
    names = ["promise 0", "promise 1", "promise 2"]
    calls = [world.call(name, works=0.1) for name in names]
    for number in range(1, 3):
        await rounds(2)
        for _ in range(3):
            world.now += 0.9 * FOLLOW_SECONDS
            world.admission.arrive()
            await rounds(2)
            assert world.began == names[:number]
        world.now += 2 * FOLLOW_SECONDS  # nobody came
        await until_began(world, *names[: number + 1])
    await asyncio.gather(*calls)


async def test_the_pace_is_that_of_a_queue_and_not_of_idle_hours() -> None:
    world = World()
    await world.call("promise 0")
    await rounds(FOLLOW_ROUNDS + 2)
    world.now += 3_600.0
    calls = [world.call(name, works=0.8) for name in ("promise 1", "promise 2")]
    await rounds(4)
    world.now += 0.1
    await asyncio.gather(*calls)
    # It came when the other had worked, and waited while the loop did something else.
    assert world.promises.pace_seconds == pytest.approx(MEAN_WEIGHT * 0.1)

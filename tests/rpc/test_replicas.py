"""Several servers on one PostgreSQL ledger: exactly once and never oversold, whoever is asked."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack

import grpc
import pytest
from tests.rpc import messages
from tests.rpc.servers import Served, count, fill, heard_by_all, serving_at
from tests.rpc.wire import RPCS, answer, refusal_of

from sourcier.client import Client
from sourcier.domain.errors import Reason, Refusal
from sourcier.v1 import inventory_pb2, sourcing_pb2

pytestmark = pytest.mark.slow

REPLICAS = 3


@pytest.fixture
def replicas(postgres_url: str) -> Iterator[list[Served]]:
    with ExitStack() as stack:
        yield [stack.enter_context(serving_at(postgres_url)) for _ in range(REPLICAS)]


async def test_replicas_act_as_one(replicas: list[Served]) -> None:
    clients = [Client(replica.target) for replica in replicas]
    await fill(clients[0])
    await count(clients[0], {"rush": 10, "once": 1_000})
    await heard_by_all(clients)
    await each_order_takes_effect_once(replicas)
    await ten_units_are_sold_ten_times(clients)
    response = await clients[2].get_stock(inventory_pb2.GetStockRequest(node_ids=["near"], skus=["once", "rush"]))
    assert [(row.sku, row.allocated, row.free) for row in response.rows] == [("once", 20, 980), ("rush", 10, 0)]
    await asyncio.gather(*(client.close() for client in clients))


async def each_order_takes_effect_once(replicas: list[Served]) -> None:
    channels = [grpc.aio.insecure_channel(replica.target) for replica in replicas]
    for number in range(20):
        request = messages.allocate(f"once-{number}", messages.line(sku="once", quantity=1))
        answers = await asyncio.gather(*(answer(channel, RPCS["Allocate"], request) for channel in channels * 2))
        assert len(set(answers)) == 1
        request.order.cart.lines[0].quantity = 2
        refusal = await refusal_of(channels[number % REPLICAS], RPCS["Allocate"], request.SerializeToString())
        assert refusal.reason is Reason.REQUEST_ID_REUSED
    await asyncio.gather(*(channel.close() for channel in channels))


async def ten_units_are_sold_ten_times(clients: list[Client]) -> None:
    async def attempt(number: int) -> str:
        request = messages.allocate(f"rush-{number}", messages.line(sku="rush", quantity=1))
        try:
            await clients[number % REPLICAS].allocate(request, seconds=60)
        except Refusal as refusal:
            return refusal.reason
        return "OK"

    outcomes = await asyncio.gather(*(attempt(number) for number in range(200)))
    assert {outcome: outcomes.count(outcome) for outcome in set(outcomes)} == {"OK": 10, "OUT_OF_STOCK": 190}


async def test_a_hold_of_one_replica_is_an_allocation_of_another(replicas: list[Served]) -> None:
    async with Client(replicas[0].target) as first, Client(replicas[1].target) as second:
        await fill(first)
        held = await first.promise_delivery(messages.promise(ttl=messages.HOLD_SECONDS))
        request = messages.allocate("across")
        request.hold = held.hold.name
        allocation = await second.allocate(request)
        assert allocation.lines[0].state == sourcing_pb2.STATE_ALLOCATED

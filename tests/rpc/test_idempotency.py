"""Exactly once: duplicates in the same moment and later get the same bytes, another body under the same id nothing."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
import pytest
from tests.rpc import messages
from tests.rpc.servers import Served, count
from tests.rpc.spoil import assign
from tests.rpc.wire import RPCS, Rpc, answer, refusal_of

from sourcier.client import Client
from sourcier.domain.errors import Kind, Reason
from sourcier.v1 import inventory_pb2, network_pb2, sourcing_pb2

SENDERS = 5
SEQUENCE = itertools.count(1)


@pytest.fixture
async def channels(served: Served) -> AsyncIterator[list[grpc.aio.Channel]]:
    """Connections of their own, so that nothing but the server orders the duplicates."""
    options = [("grpc.use_local_subchannel_pool", 1)]
    opened = [grpc.aio.insecure_channel(served.target, options) for _ in range(SENDERS)]
    await asyncio.gather(*(channel.channel_ready() for channel in opened))
    yield opened
    await asyncio.gather(*(channel.close() for channel in opened))


async def allocated(client: Client, sku: str) -> sourcing_pb2.Allocation:
    await count(client, {sku: 5})
    return await client.allocate(messages.allocate(f"order-{sku}", messages.line(sku=sku, quantity=2)))


async def allocate_request(client: Client) -> Any:
    await count(client, {"once": 5})
    return messages.allocate("once-1", messages.line(sku="once", quantity=2))


async def hold_request(client: Client) -> Any:
    await count(client, {"once-hold": 50}, seq=next(SEQUENCE))
    return messages.promise(messages.line(sku="once-hold", quantity=2), ttl=messages.HOLD_SECONDS)


async def ship_request(client: Client) -> Any:
    allocation = await allocated(client, "once-ship")
    request = messages.ship(allocation.name)
    request.lines[0].line_no = allocation.lines[0].line_no
    return request


async def cancel_request(client: Client) -> Any:
    allocation = await allocated(client, "once-cancel")
    return sourcing_pb2.CancelAllocationRequest(name=allocation.name, request_id=messages.new_id())


async def release_request(client: Client) -> Any:
    await count(client, {"once-release": 5})
    held = await client.promise_delivery(
        messages.promise(messages.line(sku="once-release", quantity=2), ttl=messages.HOLD_SECONDS)
    )
    return messages.release(held.hold.name)


async def stock_request(client: Client) -> Any:
    delta = messages.record(sku="once-delta", quantity=3)
    delta.kind = inventory_pb2.RECORD_KIND_DELTA
    return messages.stock(delta, source="till")


async def supply_request(client: Client) -> Any:
    return messages.supply(messages.supply_record("once-po", sku="once-supply"))


async def network_request(client: Client) -> Any:
    return messages.apply_network()


async def status_request(client: Client) -> Any:
    return network_pb2.SetNodeStatusRequest(
        name="nodes/far", status=network_pb2.NODE_STATUS_OPEN, request_id=messages.new_id()
    )


async def revision_request(client: Client) -> Any:
    return messages.create_revision()


async def activate_request(client: Client) -> Any:
    created = await client.create_rule_set_revision(messages.create_revision())
    return messages.activate(created.name)


# Method, a request that has an effect, a change of its body that is as valid, and the table that shows the effect.
MUTATIONS: list[tuple[str, Callable[[Client], Awaitable[Any]], str, object]] = [
    ("Allocate", allocate_request, "order.cart.lines[0].quantity", 1),
    ("PromiseDelivery", hold_request, "cart.lines[0].quantity", 1),
    ("ShipAllocation", ship_request, "lines[0].quantity", 2),
    ("CancelAllocation", cancel_request, "name", "allocations/other"),
    ("ReleaseHold", release_request, "name", "holds/other"),
    ("ApplyStock", stock_request, "records[0].quantity", 4),
    ("ApplySupply", supply_request, "records[0].quantity", 4),
    ("ApplyNetwork", network_request, "network.postal_areas", []),
    ("SetNodeStatus", status_request, "status", network_pb2.NODE_STATUS_OFFLINE),
    ("CreateRuleSetRevision", revision_request, "comment", "second"),
    ("ActivateRuleSet", activate_request, "name", "ruleSets/main/revisions/1"),
]


async def patient_answer(channel: grpc.aio.Channel, rpc: Rpc, request: Any) -> bytes:
    """An activation is one at a time: a duplicate beside it is told to come again, and then gets the answer."""
    for _ in range(20):
        try:
            return await answer(channel, rpc, request)
        except grpc.aio.AioRpcError as error:
            if rpc.name != "ActivateRuleSet" or error.code() is not grpc.StatusCode.ABORTED:
                raise
            await asyncio.sleep(0.1)
    raise AssertionError("the activation does not end")


def test_every_mutation_is_here() -> None:
    with_id = {name for name, rpc in RPCS.items() if "request_id" in rpc.request.DESCRIPTOR.fields_by_name}
    assert with_id == {name for name, *_ in MUTATIONS}


@pytest.mark.parametrize(("name", "prepare", "path", "value"), MUTATIONS, ids=[name for name, *_ in MUTATIONS])
async def test_a_mutation_takes_effect_once(
    served: Served,
    client: Client,
    channels: list[grpc.aio.Channel],
    name: str,
    prepare: Callable[[Client], Awaitable[Any]],
    path: str,
    value: object,
) -> None:
    rpc, request = RPCS[name], await prepare(client)
    answers = await asyncio.gather(*(patient_answer(channel, rpc, request) for channel in channels))
    assert len(set(answers)) == 1
    after = served.digest()
    assert await answer(channels[0], rpc, request) == answers[0]
    changed = type(request).FromString(request.SerializeToString())
    assign(path, value)(changed)
    refusal = await refusal_of(channels[0], rpc, changed.SerializeToString())
    assert (refusal.kind, refusal.reason) == (Kind.ALREADY_EXISTS, Reason.REQUEST_ID_REUSED)
    assert served.digest() == after


async def test_duplicates_reserve_once(client: Client, channels: list[grpc.aio.Channel]) -> None:
    await count(client, {"twice": 10})
    request = messages.allocate("twice-1", messages.line(sku="twice", quantity=2))
    await asyncio.gather(*(answer(channel, RPCS["Allocate"], request) for channel in channels))
    response = await client.get_stock(inventory_pb2.GetStockRequest(skus=["twice"], node_ids=["near"]))
    assert response.rows[0].allocated == 2


async def test_one_id_serves_one_method(client: Client, channels: list[grpc.aio.Channel]) -> None:
    request = await hold_request(client)
    await client.promise_delivery(request)
    other = messages.allocate("other-method", messages.line(sku="once-hold", quantity=1))
    other.request_id = request.request_id
    refusal = await refusal_of(channels[0], RPCS["Allocate"], other.SerializeToString())
    assert refusal.reason is Reason.REQUEST_ID_REUSED


async def test_an_id_in_capitals_is_the_same_id(client: Client, channels: list[grpc.aio.Channel]) -> None:
    await count(client, {"capital": 10})
    request = messages.allocate("capital-1", messages.line(sku="capital", quantity=2))
    first = await answer(channels[0], RPCS["Allocate"], request)
    request.request_id = request.request_id.upper()
    assert await answer(channels[1], RPCS["Allocate"], request) == first


async def test_a_refused_order_stays_refused(client: Client, channels: list[grpc.aio.Channel]) -> None:
    await count(client, {"late": 0}, seq=1)
    request = messages.allocate("late-1", messages.line(sku="late", quantity=2))
    body = request.SerializeToString()
    refusals = await asyncio.gather(*(refusal_of(channel, RPCS["Allocate"], body) for channel in channels))
    assert {refusal.reason for refusal in refusals} == {Reason.OUT_OF_STOCK}
    await count(client, {"late": 10}, seq=2)
    again = await refusal_of(channels[0], RPCS["Allocate"], body)
    assert (again.reason, again.message) == (refusals[0].reason, refusals[0].message)
    request.request_id = messages.new_id()
    await client.allocate(request)


async def test_an_order_line_is_allocated_once_whatever_the_ids(
    client: Client, channels: list[grpc.aio.Channel]
) -> None:
    await count(client, {"line": 10})
    await client.allocate(messages.allocate("line-1", messages.line(sku="line", quantity=2)))
    again = messages.allocate("line-1", messages.line(sku="line", quantity=2))
    refusal = await refusal_of(channels[0], RPCS["Allocate"], again.SerializeToString())
    assert refusal.reason is Reason.ORDER_LINE_ALREADY_ALLOCATED


async def test_two_hundred_callers_take_ten_units(served: Served, client: Client) -> None:
    await count(client, {"rush": 10})
    requests = [messages.allocate(f"rush-{i}", messages.line(sku="rush", quantity=1)) for i in range(200)]

    async def attempt(sender: Client, request: sourcing_pb2.AllocateRequest) -> str:
        try:
            await sender.allocate(request, seconds=60)
        except Exception as error:
            return str(getattr(error, "reason", error))
        return "OK"

    async with Client(served.target) as other:
        outcomes = await asyncio.gather(
            *(attempt(client if i % 2 else other, request) for i, request in enumerate(requests))
        )
    assert {outcome: outcomes.count(outcome) for outcome in set(outcomes)} == {"OK": 10, "OUT_OF_STOCK": 190}

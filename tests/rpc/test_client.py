"""The client's own part: ids, deadlines, retries, errors."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest
from tests.rpc import messages

from sourcier import client as client_module
from sourcier.client import Client
from sourcier.domain.errors import Kind, Reason, Refusal
from sourcier.v1 import inventory_pb2, sourcing_pb2, sourcing_pb2_grpc


class Flaky(sourcing_pb2_grpc.SourcingServiceServicer):
    """Fails so many times with a code, then answers; keeps what it was sent."""

    def __init__(self, failures: int, code: grpc.StatusCode) -> None:
        self.failures = failures
        self.code = code
        self.requests: list[Any] = []
        self.times: list[float | None] = []

    async def Allocate(self, request: sourcing_pb2.AllocateRequest, context: Any) -> sourcing_pb2.Allocation:
        self.requests.append(request)
        self.times.append(context.time_remaining())
        if len(self.requests) <= self.failures:
            await context.abort(self.code, "not now")
        return sourcing_pb2.Allocation(order_id=request.order.order_id)


@asynccontextmanager
async def against(servicer: Any) -> AsyncIterator[Client]:
    server = grpc.aio.server()
    sourcing_pb2_grpc.add_SourcingServiceServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with Client(f"127.0.0.1:{port}") as client:
        yield client
    await server.stop(0)


@pytest.mark.parametrize("code", [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED])
async def test_passing_failures_are_retried_with_the_same_id(code: grpc.StatusCode) -> None:
    flaky = Flaky(2, code)
    request = messages.allocate()
    request.request_id = ""
    async with against(flaky) as client:
        assert (await client.allocate(request)).order_id == "order-1"
    assert len(flaky.requests) == 3
    assert {sent.request_id for sent in flaky.requests} == {request.request_id}
    assert request.request_id


@pytest.mark.parametrize(
    "code", [grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.ABORTED, grpc.StatusCode.INTERNAL]
)
async def test_nothing_else_is_retried(code: grpc.StatusCode) -> None:
    flaky = Flaky(1, code)
    async with against(flaky) as client:
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await client.allocate(messages.allocate())
    assert failed.value.code() is code
    assert len(flaky.requests) == 1


async def test_an_id_that_the_caller_made_is_kept() -> None:
    flaky = Flaky(0, grpc.StatusCode.OK)
    request = messages.allocate()
    before = request.request_id
    async with against(flaky) as client:
        await client.allocate(request)
        await client.allocate(request)
    assert {sent.request_id for sent in flaky.requests} == {before}


async def test_every_call_has_a_deadline() -> None:
    flaky = Flaky(0, grpc.StatusCode.OK)
    async with against(flaky) as client:
        await client.allocate(messages.allocate())
        await client.allocate(messages.allocate(), seconds=3)
    assert flaky.times[0] is not None
    assert 8 < flaky.times[0] < client_module.CALL_SECONDS + 0.5
    assert flaky.times[1] is not None
    assert 1 < flaky.times[1] < 3.5


async def test_a_missed_deadline_is_a_refusal() -> None:
    class Asleep(sourcing_pb2_grpc.SourcingServiceServicer):
        async def Allocate(self, request: Any, context: Any) -> sourcing_pb2.Allocation:
            await asyncio.sleep(5)
            return sourcing_pb2.Allocation()

    async with against(Asleep()) as client:
        with pytest.raises(Refusal) as refused:
            await client.allocate(messages.allocate(), seconds=0.1)
    assert (refused.value.kind, refused.value.reason) == (Kind.DEADLINE_EXCEEDED, Reason.DEADLINE_TOO_SHORT)


async def test_only_a_hold_makes_a_promise_need_an_id(client: Client) -> None:
    plain = messages.promise()
    await client.promise_delivery(plain)
    assert not plain.request_id
    held = messages.promise(ttl=messages.HOLD_SECONDS)
    held.request_id = ""
    await client.promise_delivery(held)
    assert held.request_id


async def test_batches_come_from_lists_and_from_streams(client: Client) -> None:
    async def stream() -> AsyncIterator[inventory_pb2.ApplyStockRequest]:
        for seq in (3, 4):
            yield messages.stock(messages.record(sku="streamed", seq=seq))

    batches = [messages.stock(messages.record(sku="streamed", seq=seq)) for seq in (1, 2)]
    batches[0].request_id = ""
    answers = [answer async for answer in client.apply_stock(batches)]
    assert [answer.request_id for answer in answers] == [batch.request_id for batch in batches]
    assert [answer.results[0].verdict async for answer in client.apply_stock(stream())] == [1, 1]

"""A server that gets more promises than it can make: it refuses some of them and says when to return; orders pass."""

import asyncio
from collections import Counter

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from tests.rpc import messages
from tests.rpc.servers import Served

from sourcier.client import Client
from sourcier.v1 import common_pb2, sourcing_pb2_grpc

CALLERS = 200
LINES = 100  # of a cart, so that a promise takes longer than a refusal by far
REFUSALS = 30
ORDERS = 10
SECONDS_MAX = 30.0


async def test_promises_are_refused_with_a_delay_while_orders_pass(served: Served, client: Client) -> None:
    # Other SKUs than those of the stock: refused by the engine, after the work on a hundred lines.
    lines = [messages.line(str(number), f"cup-{number}", 1) for number in range(LINES)]
    request = messages.promise(*lines)
    ended: Counter[grpc.StatusCode] = Counter()
    delays: list[int] = []
    enough = asyncio.Event()

    async def caller(stub: sourcing_pb2_grpc.SourcingServiceStub) -> None:
        while not enough.is_set():
            try:
                await stub.PromiseDelivery(request, timeout=SECONDS_MAX)
                ended[grpc.StatusCode.OK] += 1
            except grpc.aio.AioRpcError as error:
                ended[error.code()] += 1
                if error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED:
                    delays.append(delay_ms(error))
            if len(delays) >= REFUSALS:
                enough.set()

    async with asyncio.timeout(SECONDS_MAX), grpc.aio.insecure_channel(served.target) as channel:
        stub = sourcing_pb2_grpc.SourcingServiceStub(channel)
        async with asyncio.TaskGroup() as group:
            for _ in range(CALLERS):
                group.create_task(caller(stub))
            for number in range(ORDERS):
                order = messages.allocate(f"overload-{number}", messages.line("1", "tea", 1))
                allocation = await client.allocate(order, seconds=SECONDS_MAX)
                assert allocation.decision.status == common_pb2.STATUS_OPTIMAL
            await enough.wait()
    assert ended[grpc.StatusCode.OK] > 0
    assert all(100 <= delay <= 300 for delay in delays)
    # gRPC drops what it cannot hand over in time.
    assert set(ended) <= {grpc.StatusCode.OK, grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.CANCELLED}


def delay_ms(error: grpc.aio.AioRpcError) -> int:
    """When to come back, of an OVERLOADED."""
    status = rpc_status.from_call(error)
    assert status is not None
    info, retry = error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo()
    for detail in status.details:
        for known in (info, retry):
            if detail.Is(known.DESCRIPTOR):
                detail.Unpack(known)
    assert info.reason == "OVERLOADED"
    return int(retry.retry_delay.ToMilliseconds())

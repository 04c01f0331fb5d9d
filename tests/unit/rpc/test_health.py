"""Health as every watcher sees it, whoever else comes and goes."""

import asyncio
from collections.abc import AsyncIterator

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from sourcier.rpc.health import NOT_SERVING, SERVICE_UNKNOWN, SERVING, Health
from sourcier.rpc.interceptors import Guard


@pytest.fixture
async def stub(health: Health) -> AsyncIterator[health_pb2_grpc.HealthStub]:
    server = grpc.aio.server(interceptors=(Guard(),))
    health_pb2_grpc.add_HealthServicer_to_server(health, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield health_pb2_grpc.HealthStub(channel)
    await server.stop(0)


@pytest.fixture
async def health() -> Health:
    return Health(["a", "b"])


def request(service: str = "") -> health_pb2.HealthCheckRequest:
    return health_pb2.HealthCheckRequest(service=service)


async def states(stub: health_pb2_grpc.HealthStub) -> list[int]:
    return [(await stub.Check(request(name), timeout=20)).status for name in ("", "a", "b")]


async def test_a_lost_ledger_takes_the_services_and_not_the_server(
    health: Health, stub: health_pb2_grpc.HealthStub
) -> None:
    assert await states(stub) == [SERVING, SERVING, SERVING]
    health.reach(ledger=False)
    assert await states(stub) == [SERVING, NOT_SERVING, NOT_SERVING]
    health.reach(ledger=True)
    assert await states(stub) == [SERVING, SERVING, SERVING]


async def test_an_end_is_for_good(health: Health, stub: health_pb2_grpc.HealthStub) -> None:
    health.end()
    health.reach(ledger=True)
    assert await states(stub) == [NOT_SERVING, NOT_SERVING, NOT_SERVING]


async def test_unknown_names_are_not_found(stub: health_pb2_grpc.HealthStub) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await stub.Check(request("c"), timeout=20)
    assert failed.value.code() is grpc.StatusCode.NOT_FOUND
    watch = stub.Watch(request("c"), timeout=20)
    assert (await watch.read()).status == SERVICE_UNKNOWN
    watch.cancel()


async def test_watchers_are_told_when_another_has_left(health: Health, stub: health_pb2_grpc.HealthStub) -> None:
    watches = [stub.Watch(request(), timeout=20) for _ in range(3)]
    assert [(await watch.read()).status for watch in watches] == [SERVING] * 3
    watches[1].cancel()
    await asyncio.sleep(0.1)
    health.end()
    assert [(await watch.read()).status for watch in (watches[0], watches[2])] == [NOT_SERVING] * 2


async def test_watchers_are_told_of_changes_only(health: Health, stub: health_pb2_grpc.HealthStub) -> None:
    watch = stub.Watch(request("a"), timeout=20)
    assert (await watch.read()).status == SERVING
    health.reach(ledger=True)
    health.reach(ledger=False)
    assert (await watch.read()).status == NOT_SERVING
    watch.cancel()

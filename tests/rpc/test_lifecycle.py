"""Start, health, reflection, and an end that loses nothing."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from tests.rpc import messages
from tests.rpc.servers import ROOT, Served, fill, serving
from tests.rpc.wire import RPCS, answer

from sourcier.client import Client
from sourcier.domain.errors import Reason, Refusal
from sourcier.rpc.server import SERVICES
from sourcier.v1 import inventory_pb2

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Served]:
    """A server that the test may end; it gives callers a second to notice."""
    with serving(tmp_path, notice_seconds=1.0) as server:
        yield server


@pytest.mark.parametrize("service", ["", *SERVICES])
async def test_every_service_is_healthy(client: Client, service: str) -> None:
    assert await client.serving(service)


async def test_health_does_not_know_other_services(client: Client) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await client.serving("sourcier.v1.Nothing")
    assert failed.value.code() is grpc.StatusCode.NOT_FOUND


async def test_reflection_tells_every_method(served: Served) -> None:
    async def ask() -> list[reflection_pb2.ServerReflectionResponse]:
        async with grpc.aio.insecure_channel(served.target) as channel:
            stub = reflection_pb2_grpc.ServerReflectionStub(channel)
            requests = [
                reflection_pb2.ServerReflectionRequest(list_services=""),
                *(reflection_pb2.ServerReflectionRequest(file_containing_symbol=service) for service in SERVICES),
            ]
            return [answer async for answer in stub.ServerReflectionInfo(iter(requests), timeout=20)]

    listing, *files = await ask()
    names = {service.name for service in listing.list_services_response.service}
    assert {*SERVICES, "grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"} <= names
    methods = {
        method.name
        for answer in files
        for body in answer.file_descriptor_response.file_descriptor_proto
        for service in FileDescriptorProto.FromString(body).service
        for method in service.method
    }
    assert methods == set(RPCS)


async def test_an_end_finishes_what_is_under_way(own: Served) -> None:
    async with Client(own.target) as client:
        await fill(client)
        orders = [messages.allocate(f"drain-{i}", messages.line(sku="tea", quantity=1)) for i in range(40)]
        calls = [asyncio.create_task(client.allocate(order, seconds=20)) for order in orders]
        await asyncio.sleep(0.01)
        own.process.send_signal(signal.SIGTERM)
        answers = await asyncio.gather(*calls)
        assert len({answer.name for answer in answers}) == len(orders)
        assert await asyncio.to_thread(own.process.wait, 15) == 0


async def test_an_end_without_notice_answers_or_refuses_and_loses_nothing(tmp_path: Path) -> None:
    orders = [messages.allocate(f"cut-{i}", messages.line(sku="tea", quantity=1)) for i in range(100)]
    with serving(tmp_path) as server:
        async with Client(server.target) as client:
            await fill(client)
            calls = [asyncio.create_task(client.allocate(order, seconds=20)) for order in orders]
            await calls[0]
            server.process.send_signal(signal.SIGTERM)
            outcomes = await asyncio.gather(*calls, return_exceptions=True)
            assert await asyncio.to_thread(server.process.wait, 15) == 0
    refused = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    codes = {outcome.code() for outcome in refused if isinstance(outcome, grpc.aio.AioRpcError)}
    assert codes <= {grpc.StatusCode.UNAVAILABLE}
    with serving(tmp_path) as server:
        async with Client(server.target) as client:
            again = await asyncio.gather(*(client.allocate(order, seconds=20) for order in orders))
    for before, after in zip(outcomes, again, strict=True):
        assert isinstance(before, BaseException) or before == after


async def test_callers_of_two_servers_do_not_notice_that_one_ends(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("a", "b")]
    for folder in folders:
        folder.mkdir()
    with serving(folders[0], notice_seconds=0.5) as first, serving(folders[1]) as second:
        for server in (first, second):
            async with Client(server.target) as client:
                await fill(client)
        async with Client(f"ipv4:{first.target},{second.target}") as client:
            calls = []
            for number in range(300):
                if number == 100:
                    first.process.send_signal(signal.SIGTERM)
                calls.append(asyncio.create_task(client.promise_delivery(messages.promise(), seconds=20)))
                await asyncio.sleep(0.01)
            answers = await asyncio.gather(*calls)
            assert all(answer.promised for answer in answers)
            assert await asyncio.to_thread(first.process.wait, 15) == 0


async def test_health_turns_first_and_calls_still_work_meanwhile(own: Served) -> None:
    async with Client(own.target) as client, grpc.aio.insecure_channel(own.target) as channel:
        await fill(client)
        watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(), timeout=20)
        assert (await watch.read()).status == SERVING
        own.process.send_signal(signal.SIGTERM)
        assert (await watch.read()).status == NOT_SERVING
        # A caller who does not look at health is served nevertheless.
        assert await answer(channel, RPCS["Allocate"], messages.allocate("meanwhile"))
        assert await asyncio.to_thread(own.process.wait, 15) == 0
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await client.get_network(seconds=1)
        assert failed.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_open_streams_do_not_hold_up_the_end(own: Served) -> None:
    async with Client(own.target) as client, grpc.aio.insecure_channel(own.target) as channel:
        await fill(client)
        watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(), timeout=30)
        await watch.read()
        go = asyncio.Event()

        async def batches() -> object:
            yield messages.stock(messages.record(sku="open"))
            await go.wait()

        feed = client.apply_stock(batches())  # type: ignore[arg-type]
        assert (await anext(feed)).results[0].verdict == inventory_pb2.VERDICT_APPLIED
        own.process.send_signal(signal.SIGTERM)
        with pytest.raises(Refusal) as refused:
            await anext(feed)
        assert refused.value.reason is Reason.SHUTTING_DOWN
        # One second of notice, and not the ten of the drain.
        assert await asyncio.to_thread(own.process.wait, 6) == 0


async def test_a_second_signal_cuts_the_notice_short(tmp_path: Path) -> None:
    with serving(tmp_path, notice_seconds=60.0) as server:
        server.process.send_signal(signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):
            await asyncio.to_thread(server.process.wait, 0.5)
        server.process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(server.process.wait, 10) == 0


def test_a_taken_port_is_said_at_once(served: Served, tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from sourcier.bootstrap import build\n"
        "from sourcier.config import Config\n"
        "from sourcier.rpc.server import Listen, run\n"
        "try:\n"
        f"    run(build(Config(database_url='sqlite:///{tmp_path}/x.db')), Listen(port={served.port}))\n"
        "except OSError as error:\n"
        "    sys.exit(str(error))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 1
    assert f"cannot listen on 127.0.0.1:{served.port}" in done.stderr


async def test_what_was_acknowledged_is_there_after_a_restart(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        async with Client(server.target) as client:
            await fill(client)
            order = messages.allocate("survivor")
            allocation = await client.allocate(order)
        server.process.kill()
        server.process.wait(10)
    with serving(tmp_path) as server:
        async with Client(server.target) as client:
            assert await client.allocate(order) == allocation

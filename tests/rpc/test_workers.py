"""``sourcier serve --workers 2``: two processes act as one server, and lose nothing when one of them or all are killed.

To start two workers takes seconds, so one test per database asks the same server everything.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, closing, contextmanager
from pathlib import Path

import grpc
import pytest
from benchmarks.children import free_port
from benchmarks.processes import SOLVER, WORKER, callers, children, cores, running
from tests.rpc import messages
from tests.rpc.servers import Served, count, fill, heard_by_all
from tests.rpc.wire import RPCS, send

from sourcier.cli.audit import audit_ledger
from sourcier.client import Client
from sourcier.domain.errors import Reason, Refusal
from sourcier.domain.reservation import State
from sourcier.ledger import open_ledger, stock
from sourcier.v1 import inventory_pb2, sourcing_pb2

pytestmark = pytest.mark.timeout(240)

WORKERS = 2
CONNECTIONS_MAX = 40
REFUSED = (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.INVALID_ARGUMENT)
FAST = ("--solve-ms", "50")


@contextmanager
def serving(url: str, log: Path = Path(os.devnull)) -> Iterator[Served]:
    """A real server with two workers; killed at the end if it still runs."""
    command = [sys.executable, "-m", "sourcier", "serve", "--workers", str(WORKERS), "--port", "0", *FAST]
    environment = os.environ | {"SOURCIER_DB": url}
    with log.open("w") as errors:
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True)
    assert process.stdout is not None
    try:
        said = process.stdout.readline()
        assert said.startswith("sourcier serves on "), f"it ended with {process.wait(10)}"
        yield Served(process=process, port=int(said.rpartition(":")[2]), url=url)
    finally:
        process.kill()
        process.wait(10)
        process.stdout.close()


BOTH = pytest.mark.parametrize(
    "fresh_url", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)], indirect=True
)


@BOTH
async def test_two_workers_act_as_one(fresh_url: str, tmp_path: Path) -> None:
    with serving(fresh_url, tmp_path / "server.log") as served:
        async with client_of_each(served) as clients:
            await fill(clients[0])
            await every_method_is_understood(clients[0])
            await heard_by_all(clients)
            await the_last_units_are_sold_once(clients)
            await a_request_takes_effect_once_whichever_worker_hears_it(clients)
            await a_hold_of_one_worker_is_an_allocation_of_the_other(clients)
        another_server_cannot_have_the_port(served, f"sqlite:///{tmp_path}/other.db")
        await each_worker_is_on_one_core_and_its_solver_on_any(served)
        await a_worker_killed_under_load_loses_nothing_and_is_replaced(served)
        await a_signal_lets_both_workers_finish(served)
    both_workers_told_how_late_stock_came(tmp_path / "server.log")
    assert audit_ledger(fresh_url).violations == ()


def workers_of(served: Served) -> list[int]:
    return children(served.process.pid, WORKER)


@asynccontextmanager
async def client_of_each(served: Served) -> AsyncIterator[list[Client]]:
    """A client connected to each worker, in the order of their process ids."""
    pids = workers_of(served)
    assert len(pids) == WORKERS
    found: dict[int, Client] = {}
    async with AsyncExitStack() as stack:
        for _ in range(CONNECTIONS_MAX):
            before = {pid: callers(pid, served.port) for pid in pids}
            client = await stack.enter_async_context(Client(served.target))
            assert await client.serving()
            for pid in pids:
                if callers(pid, served.port) - before[pid]:
                    found.setdefault(pid, client)
            if len(found) == len(pids):
                break
        assert set(found) == set(pids), "the kernel spreads connections over all workers"
        yield [found[pid] for pid in pids]


async def each_worker_is_on_one_core_and_its_solver_on_any(served: Served) -> None:
    everywhere = os.sched_getaffinity(0)
    for pid in workers_of(served):
        async with asyncio.timeout(20):
            while max(map(len, cores(pid))) > 1:  # a thread may have begun since the last look
                await asyncio.sleep(0.05)
        for solver in children(pid, SOLVER):
            assert all(allowed == everywhere for allowed in cores(solver))
    assert all(allowed == everywhere for allowed in cores(served.process.pid))


async def every_method_is_understood(client: Client) -> None:
    """Whatever it sends to the ledger can travel to the process that owns it."""
    codes = {}
    for rpc in RPCS.values():
        if rpc.name == "ApplyNetwork":  # `fill` has sent it, and its network has to stay
            continue
        try:
            await send(client._channel, rpc, rpc.valid().SerializeToString())
        except grpc.aio.AioRpcError as error:
            codes[rpc.name] = error.code()
    assert {name: code for name, code in codes.items() if code not in REFUSED} == {}
    assert "SetNodeStatus" not in codes


async def outcome_of(client: Client, request: sourcing_pb2.AllocateRequest) -> str:
    try:
        await client.allocate(request, seconds=60)
    except Refusal as refusal:
        return refusal.reason
    return "OK"


async def stock_of(client: Client, sku: str) -> inventory_pb2.StockRow:
    request = inventory_pb2.GetStockRequest(node_ids=["near"], skus=[sku], page_size=10)
    (row,) = (await client.get_stock(request)).rows
    return row


async def the_last_units_are_sold_once(clients: list[Client]) -> None:
    await count(clients[0], {"rush": 10})
    requests = [messages.allocate(f"rush-{n}", messages.line(sku="rush", quantity=1)) for n in range(60)]
    outcomes = await asyncio.gather(*(outcome_of(clients[n % 2], each) for n, each in enumerate(requests)))
    assert outcomes.count("OK") == 10
    assert set(outcomes) <= {"OK", Reason.OUT_OF_STOCK, Reason.CONTENDED}
    row = await stock_of(clients[1], "rush")
    assert (row.allocated, row.free) == (10, 0)
    # What was contended may be sent again; there is nothing left for it.
    again = await asyncio.gather(*(outcome_of(clients[n % 2], each) for n, each in enumerate(requests)))
    assert Counter(again) == {"OK": 10, Reason.OUT_OF_STOCK: 50}


async def a_request_takes_effect_once_whichever_worker_hears_it(clients: list[Client]) -> None:
    await count(clients[0], {"once": 100})
    for number in range(10):
        request = messages.allocate(f"once-{number}", messages.line(sku="once", quantity=1))
        answers = await asyncio.gather(*(client.allocate(request, seconds=60) for client in clients * 2))
        assert len({answer.SerializeToString(deterministic=True) for answer in answers}) == 1
        request.order.cart.lines[0].quantity = 2
        with pytest.raises(Refusal) as refused:
            await clients[number % 2].allocate(request)
        assert refused.value.reason is Reason.REQUEST_ID_REUSED
    assert (await stock_of(clients[0], "once")).allocated == 10


async def a_hold_of_one_worker_is_an_allocation_of_the_other(clients: list[Client]) -> None:
    first, second = clients
    await count(first, {"held": 5})
    line = messages.line(sku="held", quantity=5)
    held = await first.promise_delivery(messages.promise(line, ttl=messages.HOLD_SECONDS), seconds=20)
    row = await stock_of(second, "held")
    assert (row.held, row.free) == (5, 0)
    assert await outcome_of(second, messages.allocate("held-other", line)) == Reason.OUT_OF_STOCK
    request = messages.allocate("held-1", line)
    request.hold = held.hold.name
    allocation = await second.allocate(request, seconds=20)
    assert allocation.lines[0].state == sourcing_pb2.STATE_ALLOCATED
    assert (await stock_of(first, "held")).allocated == 5


async def a_worker_killed_under_load_loses_nothing_and_is_replaced(served: Served) -> None:
    before = workers_of(served)
    acknowledged: dict[str, sourcing_pb2.Allocation] = {}
    sent: dict[str, sourcing_pb2.AllocateRequest] = {}
    ended = asyncio.Event()

    async def order_on(caller: int) -> None:
        async with Client(served.target) as client:
            number = 0
            while not ended.is_set():
                number += 1
                name = f"kill-{caller}-{number}"
                request = sent[name] = messages.allocate(name, messages.line(sku="steady", quantity=1))
                try:
                    acknowledged[name] = await client.allocate(request, seconds=20)
                except (Refusal, grpc.aio.AioRpcError):
                    await asyncio.sleep(0.05)

    async with Client(served.target) as client:
        await count(client, {"steady": 100_000})
    orders = [asyncio.create_task(order_on(caller)) for caller in range(8)]
    await until(lambda: len(acknowledged) > 20)
    os.kill(before[0], signal.SIGKILL)
    at_kill = len(acknowledged)
    await until(lambda: len(acknowledged) > at_kill + 20)
    ended.set()
    await asyncio.gather(*orders)
    async with Client(served.target) as client:
        await asyncio.gather(*(client.allocate(sent[name], seconds=60) for name in sent.keys() - acknowledged.keys()))
        for name, told in acknowledged.items():
            assert (await client.get_allocation(messages.get_allocation(told.name))).order_id == name
        assert (await stock_of(client, "steady")).allocated == len(sent)
    await until(lambda: len(workers_of(served)) == WORKERS)
    (survivor,) = set(before) & set(workers_of(served))
    (replacement,) = set(workers_of(served)) - {survivor}
    await until(lambda: len(children(replacement, SOLVER)) == 1)
    async with client_of_each(served) as clients:
        for client in clients:
            assert (await stock_of(client, "steady")).allocated == len(sent)


async def a_signal_lets_both_workers_finish(served: Served) -> None:
    async with client_of_each(served) as clients:
        channels = [client._channel for client in clients]
        requests = [messages.allocate(f"drain-{n}", messages.line(quantity=1)) for n in range(40)]
        calls = [
            asyncio.create_task(send(channels[n % 2], RPCS["Allocate"], each.SerializeToString()))
            for n, each in enumerate(requests)
        ]
        await asyncio.sleep(0.01)
        served.process.send_signal(signal.SIGTERM)
        assert len(await asyncio.gather(*calls)) == len(requests)
    assert await asyncio.to_thread(served.process.wait, 30) == 0


def another_server_cannot_have_the_port(served: Served, other_url: str) -> None:
    """Neither one that wants it for itself nor one whose workers would share it."""
    for workers in ("1", "2"):
        command = [sys.executable, "-m", "sourcier", "serve", "--workers", workers, "--port", str(served.port)]
        environment = os.environ | {"SOURCIER_DB": other_url}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 1
        assert "cannot serve" in done.stderr
        assert f"127.0.0.1:{served.port}" in done.stderr


def both_workers_told_how_late_stock_came(log: Path) -> None:
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    told = [line for line in lines if line["event"] == "stock propagation"]
    assert {line["worker"] for line in told} == {1, 2}
    assert all(0 < line["p50_ms"] <= line["p99_ms"] <= line["max_ms"] for line in told)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.01)


@BOTH
async def test_when_the_parent_is_killed_nobody_stays_and_nothing_is_lost(fresh_url: str) -> None:
    acknowledged: list[sourcing_pb2.Allocation] = []
    with serving(fresh_url) as served:
        everybody = workers_of(served)
        everybody += [solver for worker in everybody for solver in children(worker, SOLVER)]
        assert len(everybody) == 2 * WORKERS
        async with Client(served.target) as client:
            await fill(client)

            async def order_on(caller: int) -> None:
                for number in range(10_000):
                    request = messages.allocate(f"o-{caller}-{number}", messages.line(quantity=1))
                    acknowledged.append(await client.allocate(request))

            orders = [asyncio.create_task(order_on(caller)) for caller in range(8)]
            await until(lambda: len(acknowledged) > 20)
            served.process.kill()
            await asyncio.gather(*orders, return_exceptions=True)
        await until(lambda: not any(map(running, everybody)))
    with closing(open_ledger(fresh_url, create=False)) as ledger:
        for told in acknowledged:
            found = ledger.read(stock.get_reservation, told.name.removeprefix("allocations/")).result(30)
            assert found is not None
            assert [line.state for line in found.lines] == [State.ALLOCATED]
    assert audit_ledger(fresh_url).violations == ()


def test_a_ledger_that_cannot_be_had_is_told(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sourcier", "serve", "--workers", "2", "--port", str(free_port())]
    environment = os.environ | {"SOURCIER_DB": "postgresql://nobody@127.0.0.1:1/none"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert "DATABASE_UNAVAILABLE" in done.stderr

"""The guard, round a servicer that misbehaves on request, over a real connection."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest
import structlog
from google.protobuf.empty_pb2 import Empty
from grpc_status import rpc_status

from sourcier.domain.errors import Kind, Reason, Refusal, invalid
from sourcier.domain.errors import Violation as Fault
from sourcier.rpc import interceptors
from sourcier.rpc.admission import Limits
from sourcier.rpc.interceptors import Guard
from sourcier.rpc.server import SERVICES
from sourcier.rpc.status import parse_status
from sourcier.service import deadline
from sourcier.v1 import (
    availability_pb2,
    inventory_pb2,
    inventory_pb2_grpc,
    rules_pb2,
    rules_pb2_grpc,
    sourcing_pb2,
    sourcing_pb2_grpc,
)

CANARY = "password=hunter2"
ONE = Limits(at_work=1, waiting=0)


class Slow:
    """Calls that wait until they are let go; `entered` counts them."""

    def __init__(self) -> None:
        self.entered = 0
        self.go = asyncio.Event()

    async def wait(self) -> None:
        self.entered += 1
        await self.go.wait()

    async def until(self, entered: int) -> None:
        while self.entered < entered:
            await asyncio.sleep(0.005)


class Rules(rules_pb2_grpc.RuleServiceServicer):
    """GetRuleSet runs what the test put in."""

    def __init__(self) -> None:
        self.act: Callable[[Any], Any] = lambda _: None

    async def GetRuleSet(self, request: rules_pb2.GetRuleSetRequest, context: Any) -> rules_pb2.RuleSetRevision:
        found = self.act(context)
        if asyncio.iscoroutine(found):
            found = await found
        return rules_pb2.RuleSetRevision(comment=str(found))


class Sourcing(sourcing_pb2_grpc.SourcingServiceServicer):
    """PromiseDelivery and ReleaseHold wait; WatchAvailability tells two times, and then waits or fails."""

    def __init__(self, slow: Slow) -> None:
        self.slow = slow
        self.ended = False

    async def PromiseDelivery(self, request: Any, context: Any) -> sourcing_pb2.PromiseDeliveryResponse:
        await self.slow.wait()
        return sourcing_pb2.PromiseDeliveryResponse()

    async def ReleaseHold(self, request: Any, context: Any) -> Empty:
        await self.slow.wait()
        return Empty()

    async def WatchAvailability(
        self, request: availability_pb2.WatchAvailabilityRequest, context: Any
    ) -> AsyncIterator[availability_pb2.WatchAvailabilityResponse]:
        try:
            for version in (1, 2):
                yield availability_pb2.WatchAvailabilityResponse(snapshot_version=version)
            if request.channel == "fail":
                raise RuntimeError(CANARY)
            await self.slow.wait()
        finally:
            self.ended = True


class Inventory(inventory_pb2_grpc.InventoryServiceServicer):
    """ApplyStock answers each batch, and fails on a source called so."""

    async def ApplyStock(self, request_iterator: Any, context: Any) -> AsyncIterator[inventory_pb2.ApplyStockResponse]:
        async for request in request_iterator:
            if request.source == "fail":
                raise RuntimeError(CANARY)
            yield inventory_pb2.ApplyStockResponse(request_id=request.request_id)


class World:
    """A guarded server and a channel to it."""

    def __init__(self, guard: Guard) -> None:
        self.guard = guard
        self.rules = Rules()
        self.slow = Slow()
        self.server = grpc.aio.server(interceptors=(guard,))
        rules_pb2_grpc.add_RuleServiceServicer_to_server(self.rules, self.server)
        self.sourcing = Sourcing(self.slow)
        sourcing_pb2_grpc.add_SourcingServiceServicer_to_server(self.sourcing, self.server)
        inventory_pb2_grpc.add_InventoryServiceServicer_to_server(Inventory(), self.server)
        self.port = self.server.add_insecure_port("127.0.0.1:0")
        self.channel: Any = None

    def call(self, act: Callable[[Any], Any], **options: Any) -> Any:
        """GetRuleSet, which does this."""
        self.rules.act = act
        return rules_pb2_grpc.RuleServiceStub(self.channel).GetRuleSet(rules_pb2.GetRuleSetRequest(), **options)

    def promise(self, **options: Any) -> Any:
        request = sourcing_pb2.PromiseDeliveryRequest()
        return sourcing_pb2_grpc.SourcingServiceStub(self.channel).PromiseDelivery(request, **options)

    def release(self, **options: Any) -> Any:
        request = sourcing_pb2.ReleaseHoldRequest()
        return sourcing_pb2_grpc.SourcingServiceStub(self.channel).ReleaseHold(request, **options)

    def watch(self, channel: str = "web") -> Any:
        request = availability_pb2.WatchAvailabilityRequest(channel=channel)
        return sourcing_pb2_grpc.SourcingServiceStub(self.channel).WatchAvailability(request, timeout=20)

    def feed(self, *sources: str) -> Any:
        requests = [inventory_pb2.ApplyStockRequest(source=source) for source in sources]
        return inventory_pb2_grpc.InventoryServiceStub(self.channel).ApplyStock(iter(requests), timeout=20)


@asynccontextmanager
async def world(**limits: Any) -> AsyncIterator[World]:
    made = World(Guard(**limits))
    await made.server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{made.port}") as channel:
        made.channel = channel
        yield made
    await made.server.stop(0)


async def answered(call: Any) -> None:
    await call


async def refused(call: Any) -> Refusal:
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await call
    status = rpc_status.from_call(failed.value)
    assert status is not None
    refusal = parse_status(status)
    assert refusal is not None
    assert CANARY not in str(failed.value)
    return refusal


def thrown(error: BaseException) -> Callable[[Any], None]:
    def act(_: Any) -> None:
        raise error

    return act


EXCEPTIONS = [
    *(kind(CANARY) for kind in (RuntimeError, ValueError, KeyError, TypeError, AssertionError, OSError, Exception)),
    *(kind(CANARY) for kind in (LookupError, ArithmeticError, MemoryError, NotImplementedError, StopIteration)),
    *(kind(CANARY) for kind in (StopAsyncIteration, EOFError, BufferError, RecursionError, ConnectionResetError)),
    UnicodeDecodeError("utf-8", CANARY.encode(), 0, 1, CANARY),
    ExceptionGroup(CANARY, [ValueError(CANARY)]),
]


@pytest.mark.parametrize("error", EXCEPTIONS, ids=lambda error: type(error).__name__)
async def test_unexpected_exceptions_leave_only_an_id(error: Exception) -> None:
    with structlog.testing.capture_logs() as logs:
        async with world() as here:
            refusal = await refused(here.call(thrown(error)))
    assert (refusal.kind, refusal.reason) == (Kind.INTERNAL, Reason.INTERNAL)
    (log,) = [entry for entry in logs if entry["event"] == "internal error"]
    assert log["error_id"] == refusal.metadata["error_id"]
    assert log["error_id"] in refusal.message
    assert CANARY not in str(logs)
    assert any(frame.endswith(" act") for entry in log["exceptions"] for frame in entry["frames"])


async def test_the_log_names_the_exceptions_behind_an_exception() -> None:
    def act(_: Any) -> None:
        try:
            raise KeyError(CANARY)
        except KeyError as error:
            raise RuntimeError(CANARY) from error

    with structlog.testing.capture_logs() as logs:
        async with world() as here:
            await refused(here.call(act))
    assert [entry["type"] for entry in logs[0]["exceptions"]] == ["builtins.RuntimeError", "builtins.KeyError"]


async def test_refusals_reach_the_caller() -> None:
    async with world() as here:
        refusal = await refused(here.call(thrown(invalid([Fault(field="name", description="is bad")]))))
    assert (refusal.reason, refusal.violations) == (Reason.FIELD_INVALID, (Fault(field="name", description="is bad"),))


async def test_internal_refusals_of_the_use_cases_leave_an_id_too() -> None:
    broken = Refusal(kind=Kind.INTERNAL, reason=Reason.INTERNAL, message=CANARY)
    with structlog.testing.capture_logs() as logs:
        async with world() as here:
            refusal = await refused(here.call(thrown(broken)))
    assert refusal.metadata["error_id"] == logs[0]["error_id"]
    assert CANARY not in str(logs)


async def test_refusals_for_which_we_are_to_blame_are_logged() -> None:
    away = Refusal(kind=Kind.UNAVAILABLE, reason=Reason.DATABASE_UNAVAILABLE, message="the ledger is away")
    with structlog.testing.capture_logs() as logs:
        async with world() as here:
            assert (await refused(here.call(thrown(away)))).reason is Reason.DATABASE_UNAVAILABLE
    assert [entry["reason"] for entry in logs] == ["DATABASE_UNAVAILABLE"]


async def test_a_time_out_that_nobody_translated_is_a_deadline() -> None:
    async with world() as here:
        refusal = await refused(here.call(thrown(TimeoutError())))
    assert (refusal.kind, refusal.reason) == (Kind.DEADLINE_EXCEEDED, Reason.DEADLINE_TOO_SHORT)


async def test_a_status_that_a_handler_set_itself_stands() -> None:
    async with world() as here:
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await here.call(lambda context: context.abort(grpc.StatusCode.DATA_LOSS, "gone"))
    assert (failed.value.code(), failed.value.details()) == (grpc.StatusCode.DATA_LOSS, "gone")


async def test_undecodable_requests_are_malformed() -> None:
    async with world() as here:
        call = here.channel.unary_unary("/sourcier.v1.RuleService/GetRuleSet")(b"\xff", timeout=20)
        assert (await refused(call)).reason is Reason.MALFORMED_MESSAGE


@pytest.mark.parametrize(("timeout", "low", "high"), [(3.0, 1.0, 3.5), (None, 8.0, deadline.DEFAULT_SECONDS)])
async def test_the_callers_time_is_known_below(timeout: float | None, low: float, high: float) -> None:
    async with world() as here:
        answer = await here.call(lambda _: deadline.remaining(), timeout=timeout)
    assert low < float(answer.comment) <= high


async def test_calls_have_names_in_the_log() -> None:
    async with world() as here:
        answer = await here.call(lambda _: structlog.contextvars.get_contextvars())
    assert "'rpc': '/sourcier.v1.RuleService/GetRuleSet'" in answer.comment
    assert "call_id" in answer.comment


async def test_what_does_not_fit_is_refused_at_once_and_may_come_again() -> None:
    async with world(critical=Limits(at_work=2, waiting=1)) as here:
        waiting = []
        for under_way in (1, 2, 3):
            waiting.append(asyncio.create_task(answered(here.release(timeout=20))))
            while here.guard._critical.under_way < under_way:
                await asyncio.sleep(0.005)
        refusals = [await refused(here.release(timeout=20)) for _ in range(3)]
        assert {(refusal.kind, refusal.reason) for refusal in refusals} == {
            (Kind.RESOURCE_EXHAUSTED, Reason.OVERLOADED)
        }
        here.slow.go.set()
        await asyncio.gather(*waiting)
        await here.release(timeout=20)


async def test_a_call_that_would_wait_beyond_its_deadline_is_refused() -> None:
    async with world(critical=Limits(at_work=1, waiting=5)) as here:
        here.guard._critical.pace_seconds = 3.0
        calls = [asyncio.create_task(answered(here.release(timeout=20))) for _ in range(2)]
        await here.slow.until(1)
        while here.guard._critical.under_way < 2:
            await asyncio.sleep(0.005)
        assert (await refused(here.release(timeout=2))).reason is Reason.OVERLOADED
        here.slow.go.set()
        await asyncio.gather(*calls)


async def test_promises_are_shed_before_orders() -> None:
    async with world(sheddable=ONE, critical=ONE) as here:
        promised = here.promise(timeout=20)
        await here.slow.until(1)
        assert (await refused(here.promise(timeout=20))).reason is Reason.OVERLOADED
        released = here.release(timeout=20)
        await here.slow.until(2)
        here.slow.go.set()
        await asyncio.gather(promised, released)


async def test_a_call_that_its_caller_left_frees_its_place() -> None:
    async with world(critical=ONE) as here:
        left = here.release(timeout=20)
        await here.slow.until(1)
        left.cancel()
        with pytest.raises(asyncio.CancelledError):
            await left
        here.slow.go.set()
        for _ in range(100):
            try:
                await here.release(timeout=20)
                return
            except grpc.aio.AioRpcError:
                await asyncio.sleep(0.01)
        raise AssertionError("the place was never freed")


async def test_streams_answer_each_request_and_hide_what_goes_wrong() -> None:
    with structlog.testing.capture_logs() as logs:
        async with world() as here:
            call = here.feed("a", "b", "fail", "c")
            assert await call.read() == inventory_pb2.ApplyStockResponse()
            assert await call.read() == inventory_pb2.ApplyStockResponse()
            refusal = await refused(call.read())
    assert refusal.reason is Reason.INTERNAL
    assert CANARY not in str(logs)


async def test_streams_are_counted_too() -> None:
    async with world(streams_max=1) as here:
        stub = inventory_pb2_grpc.InventoryServiceStub(here.channel)
        first = stub.ApplyStock(timeout=20)
        await first.write(inventory_pb2.ApplyStockRequest())
        await first.read()
        assert (await refused(here.feed("a").read())).reason is Reason.OVERLOADED
        await first.done_writing()
        assert await first.read() is grpc.aio.EOF
        assert await here.feed("a").read() == inventory_pb2.ApplyStockResponse()


async def test_a_stream_that_waits_ends_when_the_server_closes() -> None:
    async with world() as here:
        stub = inventory_pb2_grpc.InventoryServiceStub(here.channel)
        idle = stub.ApplyStock(timeout=20)
        await idle.write(inventory_pb2.ApplyStockRequest())
        await idle.read()
        closing = asyncio.create_task(here.guard.close())
        refusal = await refused(idle.read())
        await closing
    assert (refusal.kind, refusal.reason) == (Kind.UNAVAILABLE, Reason.SHUTTING_DOWN)


async def test_closing_refuses_new_calls_and_waits_for_those_under_way() -> None:
    async with world() as here:
        waiting = here.release(timeout=20)
        await here.slow.until(1)
        closing = asyncio.create_task(here.guard.close())
        await asyncio.sleep(0)
        refusal = await refused(here.release(timeout=20))
        assert (refusal.kind, refusal.reason) == (Kind.UNAVAILABLE, Reason.SHUTTING_DOWN)
        assert not closing.done()
        here.slow.go.set()
        await asyncio.gather(waiting, closing)


def test_what_may_be_shed_exists() -> None:
    assert {path.split("/")[1] for path in interceptors.SHEDDABLE} <= set(SERVICES)


async def told(watch: Any) -> list[int]:
    """The versions that a watcher is told before it waits."""
    return [(await watch.read()).snapshot_version for _ in range(2)]


async def test_a_watcher_that_leaves_ends_what_it_watched() -> None:
    async with world(watchers_max=1) as served:
        watch = served.watch()
        assert await told(watch) == [1, 2]
        assert (await refused(served.watch().read())).reason is Reason.OVERLOADED
        assert (await served.feed("wms").read()).request_id == ""  # a feed has a room of its own
        watch.cancel()
        async with asyncio.timeout(5):
            while not served.sourcing.ended:
                await asyncio.sleep(0.005)
        assert await told(served.watch()) == [1, 2]


async def test_a_watcher_is_told_when_the_server_closes_or_fails() -> None:
    async with world() as served:
        failing = served.watch("fail")
        assert await told(failing) == [1, 2]
        assert (await refused(failing.read())).reason is Reason.INTERNAL
        watch = served.watch()
        assert await told(watch) == [1, 2]
        closing = asyncio.create_task(served.guard.close())
        assert (await refused(watch.read())).reason is Reason.SHUTTING_DOWN
        await closing

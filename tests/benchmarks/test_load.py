"""The load generator speaks gRPC, counts every call once and from the moment at which it was due."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import cycle, islice
from typing import Any

import grpc
import pytest
from benchmarks.load import asked, overload
from benchmarks.load.echo import Echo
from benchmarks.load.http2 import Connection, Method
from benchmarks.load.servers import RULES
from benchmarks.load.traffic import (
    CANCELLED,
    DEADLINE_EXCEEDED,
    OK,
    RESOURCE_EXHAUSTED,
    Ended,
    Generator,
    Kind,
    Run,
    generator,
    quantile,
)

from benchmarks import shop, soak
from sourcier.inputs.rules_yaml import parse_rule_set
from sourcier.rpc import status
from sourcier.v1 import sourcing_pb2, sourcing_pb2_grpc

ANSWER = sourcing_pb2.PromiseDeliveryResponse(rule_set_revision="ruleSets/r/revisions/1" * 4_000)  # several frames
REQUEST = sourcing_pb2.PromiseDeliveryRequest(request_id="0" * 60_000).SerializeToString()  # the window's first size


class Waiting(Echo):
    """PromiseDelivery answers, Allocate waits for ever, ReleaseHold refuses."""

    def __init__(self) -> None:
        super().__init__({"promise": ANSWER.SerializeToString(), "allocate": b""})
        self.asked: list[str] = []
        self.left = 0

    async def PromiseDelivery(self, request: Any, context: Any) -> sourcing_pb2.PromiseDeliveryResponse:
        self.asked.append(request.request_id)
        return await super().PromiseDelivery(request, context)

    async def Allocate(self, request: Any, context: Any) -> sourcing_pb2.Allocation:
        try:
            await asyncio.Event().wait()
        finally:
            self.left += 1
        return sourcing_pb2.Allocation()

    async def ReleaseHold(self, request: Any, context: Any) -> Any:
        await status.abort(context, status.overloaded())


@asynccontextmanager
async def served(streams_max: int = 100) -> AsyncIterator[tuple[Waiting, Generator]]:
    """The servicer, and a generator with two connections to it."""
    servicer = Waiting()
    server = grpc.aio.server(options=(("grpc.max_concurrent_streams", streams_max),))
    sourcing_pb2_grpc.add_SourcingServiceServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with generator(f"127.0.0.1:{port}", 2) as load:
        yield servicer, load
    await server.stop(0)


def kind(name: str, method: str, *, seconds: float = 20.0, request: bytes = b"", **rest: Any) -> Kind:
    path = f"/sourcier.v1.SourcingService/{method}"
    return Kind(name=name, method=Method(path=path, seconds=seconds), requests=cycle([request]), **rest)


async def test_requests_and_answers_pass_whole() -> None:
    async with served() as (servicer, load):
        run = await load.closed([kind("promise", "PromiseDelivery", request=REQUEST)], concurrency=6, seconds=0.3)
    assert set(run.statuses("promise")) == {OK}
    assert run.good() == len(servicer.asked) >= 6
    assert set(servicer.asked) == {"0" * 60_000}
    assert sourcing_pb2.PromiseDeliveryResponse.FromString(run.messages["promise"]) == ANSWER


async def test_refusals_are_told_from_answers() -> None:
    async with served() as (_, load):
        kinds = [kind("promise", "PromiseDelivery"), kind("release", "ReleaseHold"), kind("nothing", "Nothing")]
        run = await load.closed(kinds, concurrency=3, seconds=0.2)
    assert set(run.statuses("promise")) == {OK}
    assert set(run.statuses("release")) == {RESOURCE_EXHAUSTED}
    assert all(call.detailed for call in run.ended["release"])
    assert set(run.statuses("nothing")) == {grpc.StatusCode.UNIMPLEMENTED.value[0]}


async def test_calls_that_are_not_answered_end_with_their_deadline_or_their_caller() -> None:
    async with served(streams_max=4) as (servicer, load):
        late = kind("late", "Allocate", seconds=0.3)
        gone = kind("gone", "Allocate", seconds=5.0, left_share=1.0, left_seconds=0.1)
        run = await load.arrivals([(late, 60.0), (gone, 60.0)], seconds=0.5, seed=3)
        async with asyncio.timeout(5):
            while servicer.left < 1:
                await asyncio.sleep(0.01)
    assert set(run.statuses("late")) == {DEADLINE_EXCEEDED}
    assert set(run.statuses("gone")) == {CANCELLED}
    assert len(run.ended["late"]) + len(run.ended["gone"]) > 20
    assert all(call.seconds >= 0.3 for call in run.ended["late"])


async def test_arrivals_come_at_their_rate_and_wait_for_room() -> None:
    async with served(streams_max=1) as (_, load):
        run = await load.arrivals([(kind("promise", "PromiseDelivery"), 300.0)], seconds=1.0, seed=5)
    assert 200 < len(run.ended["promise"]) < 400
    assert run.good() == len(run.ended["promise"])


def test_a_late_generator_is_not_valid() -> None:
    run = Run(begin=0.0, end=10.0, lags=[0.001] * 98 + [0.05] * 2, cpu_seconds=1.0)
    assert not run.valid
    run.lags = [0.001] * 100
    assert run.valid
    run.cpu_seconds = 9.5
    assert not run.valid


def test_quantiles() -> None:
    assert quantile([], 0.5) == 0.0
    assert quantile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert quantile([3.0, 1.0, 2.0], 0.99) == 3.0


def test_orders_are_new_ones_and_carts_are_those_of_the_retailer() -> None:
    carts = shop.carts(asked.LINES, 3)
    orders = [sourcing_pb2.AllocateRequest.FromString(data) for data in islice(asked.orders(carts), 9)]
    assert len({order.request_id for order in orders}) == len({order.order.order_id for order in orders}) == 9
    promises = [sourcing_pb2.PromiseDeliveryRequest.FromString(data) for data in islice(asked.promises(carts), 3)]
    assert [promise.cart for promise in promises] == [order.order.cart for order in orders[:3]]


def test_the_planner_s_page_says_what_the_value_says() -> None:
    assert parse_rule_set(RULES.read_text(encoding="utf-8"), RULES.name) == shop.rules()


def test_recovery_ends_with_the_last_call_that_was_not_answered() -> None:
    calls = [Ended(10.5, OK, 0.1, False), Ended(11.0, RESOURCE_EXHAUSTED, 0.5, True), Ended(12.0, OK, 0.1, False)]
    run = Run(begin=10.0, end=20.0, ended={"promise": calls})
    assert overload.recovery(run) == 1.5
    assert overload.detailed_share(run) == 1.0
    assert overload.recovery(Run(begin=10.0, end=20.0, ended={"promise": calls[:1]})) == 0.0


def sample(seconds: float, mib: float, handles: int = 40, processes: int = 2) -> soak.Sample:
    each = dict.fromkeys(range(processes), mib / processes)
    return soak.Sample(seconds=seconds, mib=each, handles=handles)


def test_the_slope_leaves_the_warm_up_out() -> None:
    warm = [sample(5.0 * number, 500.0 - number) for number in range(4)]
    samples = (*warm, *(sample(20.0 + 5.0 * number, 200.0 + number / 60) for number in range(16)))
    mib_an_hour, fit = soak.slope(samples)
    assert mib_an_hour == pytest.approx(12.0)
    assert soak.slope(samples, 1)[0] == pytest.approx(6.0)
    assert fit == pytest.approx(1.0)


def test_what_is_left_behind_is_named() -> None:
    before = sample(0.0, 100.0)

    def found(after: soak.Sample, held: int = 0, violations: int = 0) -> list[str]:
        whole = soak.Found(
            capacity=1.0,
            run=Run(),
            before=before,
            samples=(),
            after=after,
            names={},
            held=held,
            violations=violations,
        )
        return list(whole.leaks())

    assert not found(sample(9.0, 900.0, handles=40 + soak.HANDLES_MORE))
    assert len(found(sample(9.0, 100.0, handles=60, processes=3), held=2, violations=1)) == 4


def test_a_connection_sends_headers_whole_only_once() -> None:
    async def blocks() -> tuple[bytes, bytes, bytes]:
        connection = Connection()
        one, two = Method(path="/one", seconds=1.0), Method(path="/two", seconds=1.0)
        return connection._block(one), connection._block(two), connection._block(one)

    first, second, third = asyncio.run(blocks())
    assert b"/one" in first
    assert b"application/grpc" in first
    assert b"/two" in second
    assert b"application/grpc" not in second
    assert b"/one" not in third

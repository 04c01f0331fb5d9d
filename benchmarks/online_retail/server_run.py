"""The stream through a running server: promise with a hold, then allocate from it, as checkout and an OMS would.

A promise is for the whole cart. Where nothing brings all of it there is no hold, and the order is allocated afresh,
with whatever part of it can be had. Times are milliseconds of waiting for one call, seen by the client.

Time order is kept by dispatching in order: callers take the next order when they are done with theirs.
"""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from time import perf_counter
from typing import Final, TypeVar

import grpc
from google.type.money_pb2 import Money

from benchmarks.online_retail.outcome import Answered, Outcome
from sourcier.client import Client
from sourcier.domain.errors import Reason, Refusal
from sourcier.domain.network import Network
from sourcier.domain.order import Order
from sourcier.domain.rules import RuleSet
from sourcier.domain.stock import StockRecord, Verdict
from sourcier.loading import load_network, load_rule_set, load_stock
from sourcier.rpc.translate_common import PROOFS, STATUSES, fill_cart, fill_order
from sourcier.v1 import common_pb2, sourcing_pb2

T = TypeVar("T")

SOURCE: Final = "benchmark"
CALL_SECONDS: Final = 60.0
"""Far above any latency of interest: a deadline would cut the distribution off."""

HOLD_SECONDS: Final = 900


class NotEmpty(RuntimeError):
    """The database has a network already: orders of another run would be in the way."""


@dataclass(slots=True, kw_only=True)
class Timer:
    """Milliseconds and refusals of one order's calls, by name."""

    milliseconds: dict[str, float] = field(default_factory=dict)
    refusals: dict[str, str] = field(default_factory=dict)

    async def call(self, name: str, answer: Awaitable[T]) -> T | None:
        """The answer, or None if the call failed; a failed call is counted, its time is not."""
        start = perf_counter()
        try:
            result = await answer
        except Refusal as refusal:
            self.refusals[name] = refusal.reason
            return None
        except grpc.aio.AioRpcError as error:
            self.refusals[name] = error.code().name
            return None
        self.milliseconds[name] = 1_000 * (perf_counter() - start)
        return result


async def load(client: Client, network: Network, rule_set: tuple[RuleSet, str], stock: Iterable[StockRecord]) -> float:
    """Put network, rule set (and its text) and stock into an empty server; stock records a second.

    Raises NotEmpty.
    """
    if await _has_network(client):
        raise NotEmpty("the database has a network already; the benchmark needs an empty one")
    await load_network(client, network)
    await load_rule_set(client, rule_set[0].rule_set_id, rule_set[1], "benchmark")
    start = perf_counter()
    sent = await load_stock(client, SOURCE, stock, lambda _: None)
    seconds = perf_counter() - start
    if set(sent.verdicts) != {Verdict.APPLIED}:
        raise RuntimeError(f"stock was not taken in: {dict(sent.verdicts)} {sent.troubles[:3]}")
    return sent.verdicts[Verdict.APPLIED] / seconds


async def run(
    client: Client, orders: Iterable[Order], concurrency: int, done: Callable[[], None]
) -> tuple[list[Outcome], float]:
    """One outcome per order, in the order of their ends, and the seconds it took; `done` hears of each."""
    outcomes: list[Outcome] = []
    waiting: Iterator[Order] = iter(orders)

    async def caller() -> None:
        for order in waiting:
            outcomes.append(await serve_order(client, order))
            done()

    start = perf_counter()
    async with asyncio.TaskGroup() as callers:
        for _ in range(concurrency):
            callers.create_task(caller())
    return outcomes, perf_counter() - start


async def serve_order(client: Client, order: Order) -> Outcome:
    """Promise and hold, then allocate."""
    timer, num_lines = Timer(), len(order.cart.lines)
    promise = sourcing_pb2.PromiseDeliveryRequest(
        hold=sourcing_pb2.HoldWanted(ttl_seconds=HOLD_SECONDS), request_id=str(uuid.uuid4())
    )
    fill_cart(promise.cart, order.cart)
    promised = await timer.call("promise", client.promise_delivery(promise, seconds=CALL_SECONDS))
    hold = "" if promised is None else promised.hold.name
    if promised is not None and not hold:
        timer.refusals["promise"] = "/".join(sorted({unpromised.reason for unpromised in promised.unpromised}))
    request = sourcing_pb2.AllocateRequest(hold=hold, request_id=str(uuid.uuid4()))
    fill_order(request.order, order)
    name = "allocate_hold" if hold else "allocate_afresh"
    allocation = await timer.call(name, client.allocate(request, seconds=CALL_SECONDS))
    return Outcome(
        order_id=order.order_id,
        num_lines=num_lines,
        num_units=sum(line.quantity for line in order.cart.lines),
        milliseconds=timer.milliseconds,
        refusals=timer.refusals,
        decision=None if allocation is None else answered(allocation.decision, num_lines),
        from_hold=bool(hold) and allocation is not None,
    )


def answered(decision: common_pb2.Decision, num_lines: int) -> Answered:
    """The figures of a decision as it came over the wire."""
    plan = decision.plan
    return Answered(
        status=STATUSES.to_domain[decision.status].name,
        proof=PROOFS.to_domain[decision.proof].name,
        objective_micros=_micros(decision.objective),
        gap_micros=_micros(decision.gap),
        num_shipments=len(plan.shipments),
        units_shipped=sum(line.quantity for shipment in plan.shipments for line in shipment.lines),
        lines_filled=num_lines - len({line.line_id for line in plan.unfilled}),
    )


def _micros(money: Money) -> int:
    return money.units * 1_000_000 + money.nanos // 1_000


async def _has_network(client: Client) -> bool:
    try:
        await client.get_network()
    except Refusal as refusal:
        if refusal.reason is Reason.NETWORK_NOT_APPLIED:
            return False
        raise
    return True

"""The stream through a running server: promise with a hold, then allocate from it, as checkout and an OMS would.

A promise is for the whole cart. Where nothing brings all of it there is no hold, and the order is allocated afresh,
with whatever part of it can be had. Times are milliseconds of waiting for one call, seen by the client.

Time order is kept by dispatching in order: callers take the next order when they are done with theirs.
"""

import asyncio
import uuid
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import chain
from time import perf_counter
from typing import Final, TypeVar

import grpc
from google.type.date_pb2 import Date
from google.type.money_pb2 import Money

from benchmarks.online_retail.outcome import Answered, Bound, Outcome, Said
from benchmarks.online_retail.supply import Feed
from sourcier.client import Client
from sourcier.domain.errors import Reason, Refusal
from sourcier.domain.limits import STOCK_RECORDS_PER_BATCH_MAX
from sourcier.domain.network import Network
from sourcier.domain.order import Order
from sourcier.domain.rules import RuleSet
from sourcier.domain.stock import StockRecord, Verdict
from sourcier.loading import load_network, load_rule_set, load_stock
from sourcier.rpc.translate_common import PROOFS, STATUSES, fill_cart, fill_order
from sourcier.rpc.translate_supply import fill_supply_record
from sourcier.v1 import common_pb2, inventory_pb2, sourcing_pb2

T = TypeVar("T")

SOURCE: Final = "benchmark"
CALL_SECONDS: Final = 60.0
"""Far above any latency of interest: a deadline would cut the distribution off."""

HOLD_SECONDS: Final = 900
TOKEN_EVERY: Final = 10
"""Of the orders of a caller one in so many is not held."""

TOKEN_LAG: Final = 25
"""So many orders with a token wait meanwhile before the oldest is placed."""


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
    client: Client, events: Iterable[Order | Feed], concurrency: int, done: Callable[[], None], *, tokens: bool
) -> tuple[list[Outcome], float]:
    """One outcome per order, in the order of their ends, and the seconds it took; `done` hears of each.

    With `tokens` some orders are not held at checkout: the token of the promise binds them, and they are placed later.
    """
    outcomes: list[Outcome] = []
    waiting: Iterator[Order | Feed] = iter(events)
    later: deque[Promised] = deque()

    async def finish(promised: Promised) -> None:
        outcomes.append(await allocate(client, promised))
        done()

    async def caller() -> None:
        for number, event in enumerate(waiting):
            if isinstance(event, Feed):
                await apply_supply(client, event)
                continue
            promised = await promise(client, event, hold=number % TOKEN_EVERY > 0 or not tokens)
            if promised.token and not promised.hold:
                later.append(promised)
            else:
                await finish(promised)
            if len(later) > TOKEN_LAG:
                await finish(later.popleft())
        while later:
            await finish(later.popleft())

    first = next(waiting)
    if isinstance(first, Feed):  # every purchase order is known before the first order comes
        await apply_supply(client, first)
    else:
        waiting = chain([first], waiting)
    start = perf_counter()
    async with asyncio.TaskGroup() as callers:
        for _ in range(concurrency):
            callers.create_task(caller())
    return outcomes, perf_counter() - start


async def apply_supply(client: Client, feed: Feed) -> None:
    """Tell the server what purchasing says."""
    requests = []
    for start in range(0, len(feed.records), STOCK_RECORDS_PER_BATCH_MAX):
        request = inventory_pb2.ApplySupplyRequest(source=SOURCE, request_id=str(uuid.uuid4()))
        for record in feed.records[start : start + STOCK_RECORDS_PER_BATCH_MAX]:
            fill_supply_record(request.records.add(), record)
        requests.append(request)
    async for response in client.apply_supply(requests):
        if any(result.verdict != inventory_pb2.VERDICT_APPLIED for result in response.results):
            raise RuntimeError(f"supply was not taken in: {response.results[:3]}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Promised:
    """An order on its way: its promise, and the hold or the token that binds it (empty: nothing does)."""

    order: Order
    timer: Timer
    said: Said | None = None
    hold: str = ""
    token: str = ""


async def promise(client: Client, order: Order, *, hold: bool) -> Promised:
    """Promise an order, and hold the cheapest option or take its token."""
    timer = Timer()
    request = sourcing_pb2.PromiseDeliveryRequest(request_id=str(uuid.uuid4()))
    if hold:
        request.hold.ttl_seconds = HOLD_SECONDS
    fill_cart(request.cart, order.cart)
    answer = await timer.call("promise", client.promise_delivery(request, seconds=CALL_SECONDS))
    if answer is None:
        return Promised(order=order, timer=timer)
    if not answer.promised:
        timer.refusals["promise"] = "/".join(sorted({unpromised.reason for unpromised in answer.unpromised}))
        return Promised(order=order, timer=timer)
    if hold:
        option = answer.promised[answer.hold.option]
    else:
        option = min(answer.promised, key=lambda promised: _micros(promised.decision.objective))
    return Promised(
        order=order, timer=timer, said=_said(option, option.service_id), hold=answer.hold.name, token=option.token
    )


async def allocate(client: Client, promised: Promised) -> Outcome:
    """Place the order: from its hold, by its token, or afresh."""
    order, timer, num_lines = promised.order, promised.timer, len(promised.order.cart.lines)
    by = "hold" if promised.hold else "token" if promised.token else "afresh"
    request = sourcing_pb2.AllocateRequest(
        hold=promised.hold, promise_token="" if promised.hold else promised.token, request_id=str(uuid.uuid4())
    )
    fill_order(request.order, order)
    allocation = await timer.call(f"allocate_{by}", client.allocate(request, seconds=CALL_SECONDS))
    return Outcome(
        order_id=order.order_id,
        num_lines=num_lines,
        num_units=sum(line.quantity for line in order.cart.lines),
        milliseconds=timer.milliseconds,
        refusals=timer.refusals,
        decision=None if allocation is None else answered(allocation.decision, num_lines),
        from_hold=by == "hold" and allocation is not None,
        bound=None if promised.said is None else _bound(by, promised.said, allocation),
    )


def _bound(by: str, said: Said, allocation: sourcing_pb2.Allocation | None) -> Bound:
    if allocation is None or not allocation.HasField("kept"):
        return Bound(by=by, promised=said)
    shipments = allocation.decision.plan.shipments
    services = {shipment.service_id for shipment in shipments}
    service_id = services.pop() if len(services) == 1 else "several"
    arrives = max((_day(shipment.deliver_on) for shipment in shipments), default=None)
    return Bound(by=by, promised=said, kept=_said(allocation.kept, service_id), arrives=arrives)


def _said(message: sourcing_pb2.Promise | sourcing_pb2.Kept, service_id: str) -> Said:
    return Said(
        service_id=service_id,
        earliest=_day(message.earliest),
        latest=_day(message.latest),
        fee_micros=_micros(message.fee),
    )


def _day(message: Date) -> date:
    return date(message.year, message.month, message.day)


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

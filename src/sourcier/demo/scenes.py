"""Single calls that the demo shows in full: one customer at checkout, and what a server refuses."""

import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sourcier.client import Client
from sourcier.demo.traffic import message_of
from sourcier.domain.errors import Refusal
from sourcier.domain.order import Order
from sourcier.terminal.words import decimal
from sourcier.v1 import common_pb2, sourcing_pb2

HOLD_SECONDS: Final = 900
CANDIDATES_MAX: Final = 80  # carts that are looked at for one worth showing


async def pick_customer(client: Client, orders: Sequence[Order]) -> Order:
    """An order worth a look: every service can bring it whole, and the cheapest plan needs two nodes.

    Carts may use any service here. Without such an order, the one with the most lines.
    """
    candidates = sorted(orders[:CANDIDATES_MAX], key=lambda order: -len(order.cart.lines))
    for order in candidates:
        shown = replace(order, order_id="CHECKOUT-1", cart=replace(order.cart, services=()))
        promises = await client.promise_delivery(sourcing_pb2.PromiseDeliveryRequest(cart=message_of(shown).cart))
        if _is_worth_a_look(promises):
            return shown
    return replace(candidates[0], order_id="CHECKOUT-1")


def _is_worth_a_look(promises: sourcing_pb2.PromiseDeliveryResponse) -> bool:
    decisions = [promise.decision for promise in promises.promised]
    if promises.unpromised or any(decision.status != common_pb2.STATUS_OPTIMAL for decision in decisions):
        return False
    cheapest = min(decisions, key=lambda decision: decimal(decision.objective))
    return len(cheapest.plan.shipments) > 1


async def check_out(client: Client, order: Order) -> sourcing_pb2.PromiseDeliveryResponse:
    """Promises for the cart, the cheapest one held and explained."""
    request = sourcing_pb2.PromiseDeliveryRequest(cart=message_of(order).cart, explain=True)
    request.hold.ttl_seconds = HOLD_SECONDS
    return await client.promise_delivery(request)


async def place(client: Client, order: Order, hold: str) -> sourcing_pb2.Allocation:
    """The order, allocated from its hold, with the nodes that were left out."""
    made = await client.allocate(sourcing_pb2.AllocateRequest(order=message_of(order), hold=hold))
    request = sourcing_pb2.GetAllocationRequest(name=made.name, view=sourcing_pb2.ALLOCATION_VIEW_FULL)
    return await client.get_allocation(request)


@dataclass(frozen=True, slots=True, kw_only=True)
class Provoked:
    """What was sent and what the answer was, and the one allocation that came of it."""

    answers: tuple[tuple[str, str], ...]
    allocation: sourcing_pb2.Allocation


async def provoke(client: Client, placed: Order, allocation: sourcing_pb2.Allocation) -> Provoked:
    """Things that go wrong in real life, and what the server says to each."""
    nowhere = replace(placed, cart=replace(placed.cart, destination=replace(placed.cart.destination, postal_code="X1")))
    again = sourcing_pb2.AllocateRequest(order=message_of(replace(placed, order_id="CHECKOUT-2")), request_id=_new_id())
    first = await client.allocate(again)
    retried = await client.allocate(again)
    same = "the same answer, and nothing reserved twice" if retried == first else "another answer"
    other = sourcing_pb2.AllocateRequest()
    other.CopyFrom(again)
    other.order.cart.lines[0].quantity += 1
    missing = sourcing_pb2.GetAllocationRequest(name=f"{allocation.name}x")
    twice = sourcing_pb2.AllocateRequest(order=message_of(placed))
    answers = (
        ("An unknown postal code", await _answer(client.promise_delivery, _promise(nowhere))),
        ("An allocation sent again, as after a lost answer", same),
        ("The same request id with another quantity", await _answer(client.allocate, other)),
        (f"Order {placed.order_id} allocated a second time", await _answer(client.allocate, twice)),
        ("An allocation that is not there", await _answer(client.get_allocation, missing)),
    )
    return Provoked(answers=answers, allocation=first)


def _promise(order: Order) -> sourcing_pb2.PromiseDeliveryRequest:
    return sourcing_pb2.PromiseDeliveryRequest(cart=message_of(order).cart)


def _new_id() -> str:
    return str(uuid.uuid4())


async def _answer(call: Callable[..., Awaitable[object]], request: object) -> str:
    try:
        await call(request)
    except Refusal as refusal:
        return f"{refusal.kind.value} / {refusal.reason.value}: {refusal.message}"
    return "accepted"

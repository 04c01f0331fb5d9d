"""Single calls that the demo shows in full: one customer at checkout, and what a server refuses."""

import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sourcier.client import Client
from sourcier.demo.retailer import WAREHOUSES
from sourcier.demo.traffic import message_of
from sourcier.demo.week import LOWEST_COST, ONE_PARCEL, PROTECT_STORES, activate
from sourcier.domain.errors import Refusal
from sourcier.domain.order import Order
from sourcier.rpc.translate_common import fill_destination
from sourcier.terminal.words import amount
from sourcier.v1 import availability_pb2, common_pb2, sourcing_pb2

HELD: Final = "standard"
HOLD_SECONDS: Final = 900
SMALL_MICROS: Final = 20_000_000  # price of goods for which delivery is not free of charge
EARLY_MAX: Final = 200  # orders of which the first day's customer is one
CANDIDATES_MAX: Final = 40  # carts that are looked at for one worth showing
MEETINGS_MAX: Final = 4  # orders from two warehouses that are looked at for one that is worth a hub
CHOICES: Final = (sourcing_pb2.CHOICE_EARLIEST, sourcing_pb2.CHOICE_CHEAPEST, sourcing_pb2.CHOICE_FEWEST_SHIPMENTS)


async def pick_customer(client: Client, orders: Sequence[Order]) -> Order:
    """The order most worth a look: many ways to get it, a plan of two nodes among them, and few options to read.

    Carts may use any service here.
    """
    shown = [
        replace(order, order_id="CHECKOUT-1", cart=replace(order.cart, services=(), store_ids=(), deliver_by=None))
        for order in [*(order for order in orders[:EARLY_MAX] if len(order.cart.lines) > 1), orders[0]]
    ][:CANDIDATES_MAX]
    worth = [_worth(await client.promise_delivery(_options(order))) for order in shown]
    return shown[worth.index(max(worth))]


def _worth(promises: sourcing_pb2.PromiseDeliveryResponse) -> tuple[bool, int, bool, int]:
    """How much there is to see: proven plans, services, a plan of several shipments, few options in all."""
    decisions = [promise.decision for promise in promises.promised]
    proven = all(decision.status == common_pb2.STATUS_OPTIMAL for decision in decisions)
    held = any(promise.service_id == HELD for promise in promises.promised)
    split = any(len(decision.plan.shipments) > 1 for decision in decisions)
    return proven and held, len({promise.service_id for promise in promises.promised}), split, -len(decisions)


def _options(order: Order) -> sourcing_pb2.PromiseDeliveryRequest:
    """A question for every option that a checkout can show."""
    return sourcing_pb2.PromiseDeliveryRequest(cart=message_of(order).cart, choices=CHOICES)


async def product_pages(client: Client, order: Order, scarce: str) -> availability_pb2.GetAvailabilityResponse:
    """What the customer sees of the articles in the cart, and of a `scarce` one, before there is a cart."""
    request = availability_pb2.GetAvailabilityRequest(channel=order.cart.channel)
    request.skus.extend(dict.fromkeys([*(line.sku for line in order.cart.lines), scarce]))
    fill_destination(request.destination, order.cart.destination)
    return await client.get_availability(request)


async def check_out(client: Client, order: Order) -> sourcing_pb2.PromiseDeliveryResponse:
    """Every option for the cart, the cheapest one by the standard service held, and all explained."""
    request = _options(order)
    request.hold.service_id, request.hold.choice = HELD, sourcing_pb2.CHOICE_CHEAPEST
    request.explain = True
    request.hold.ttl_seconds = HOLD_SECONDS
    return await client.promise_delivery(request)


async def place(client: Client, order: Order, hold: str) -> sourcing_pb2.Allocation:
    """The order, allocated from its hold, with the nodes that were left out."""
    made = await client.allocate(sourcing_pb2.AllocateRequest(order=message_of(order), hold=hold))
    request = sourcing_pb2.GetAllocationRequest(name=made.name, view=sourcing_pb2.ALLOCATION_VIEW_FULL)
    return await client.get_allocation(request)


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """One order as two rule sets would ship it: in two parcels, and in one that leaves a hub. Nothing is reserved."""

    revision: str
    apart: sourcing_pb2.Allocation
    together: sourcing_pb2.Allocation


async def meet(client: Client, orders: Sequence[Order]) -> Meeting | None:
    """The first order that ships from both warehouses and would rather meet at a hub; LOWEST_COST stays in force."""
    wanted = [order for order in orders[:EARLY_MAX] if len(order.cart.lines) > 1 and order.cart.services == (HELD,)]
    split: list[tuple[Order, sourcing_pb2.Allocation]] = []
    for order in wanted:
        apart = await _look(client, order)
        if {shipment.node_id for shipment in apart.decision.plan.shipments} == set(WAREHOUSES):
            split.append((order, apart))
        if len(split) == MEETINGS_MAX:
            break
    revision = await activate(client, ONE_PARCEL)
    try:
        for order, apart in split:
            together = await _look(client, order)
            if together.decision.plan.HasField("onward"):
                return Meeting(revision=revision, apart=apart, together=together)
    finally:
        await activate(client, LOWEST_COST)
    return None


async def _look(client: Client, order: Order) -> sourcing_pb2.Allocation:
    """What would be allocated."""
    return await client.allocate(sourcing_pb2.AllocateRequest(order=message_of(order), validate_only=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Provoked:
    """What was sent and what the answer was, and the allocations that came of it."""

    answers: tuple[tuple[str, str], ...]
    allocations: tuple[sourcing_pb2.Allocation, ...]


async def provoke(client: Client, placed: Order, allocation: sourcing_pb2.Allocation, token: str) -> Provoked:
    """Things that go wrong in real life, and what the server says to each; `token` is of a promise for `placed`."""
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
    forged = sourcing_pb2.AllocateRequest(order=again.order, promise_token=f"{token[:-8]}AAAAAAAA")
    exchanged = sourcing_pb2.AllocateRequest(order=other.order, promise_token=token)
    bound, fee = await _outlive_rules(client, placed)
    answers = (
        ("An unknown postal code", await _answer(client.promise_delivery, _promise(nowhere))),
        ("An allocation sent again, as after a lost answer", same),
        ("The same request id with another quantity", await _answer(client.allocate, other)),
        ("A promise token that somebody changed", await _answer(client.allocate, forged)),
        ("A promise token with another cart", await _answer(client.allocate, exchanged)),
        ("A promise token after another rule set came into force", fee),
        (f"Order {placed.order_id} allocated a second time", await _answer(client.allocate, twice)),
        ("An allocation that is not there", await _answer(client.get_allocation, missing)),
    )
    return Provoked(answers=answers, allocations=(first, *bound))


async def _outlive_rules(client: Client, placed: Order) -> tuple[list[sourcing_pb2.Allocation], str]:
    """A small order, promised before a rule set with other fees comes into force, and allocated after."""
    line = replace(placed.cart.lines[0], quantity=1, unit_price_micros=SMALL_MICROS)
    order = replace(placed, order_id="CHECKOUT-3", cart=replace(placed.cart, lines=(line,), services=(HELD,)))
    before = (await client.promise_delivery(_promise(order))).promised
    name = await activate(client, PROTECT_STORES)
    after = (await client.promise_delivery(_promise(order))).promised
    if not before or not after:
        return [], f"{line.sku} is sold out by now"
    request = sourcing_pb2.AllocateRequest(order=message_of(order), promise_token=before[0].token)
    try:
        made = await client.allocate(request)
    except Refusal as refusal:
        return [], _refused(refusal)
    return [made], f"its fee of {amount(made.kept.fee)} is kept, though {name} now says {amount(after[0].fee)}"


def _promise(order: Order) -> sourcing_pb2.PromiseDeliveryRequest:
    return sourcing_pb2.PromiseDeliveryRequest(cart=message_of(order).cart)


def _new_id() -> str:
    return str(uuid.uuid4())


async def _answer(call: Callable[..., Awaitable[object]], request: object) -> str:
    try:
        await call(request)
    except Refusal as refusal:
        return _refused(refusal)
    return "accepted"


def _refused(refusal: Refusal) -> str:
    return f"{refusal.kind.value} / {refusal.reason.value}: {refusal.message}"

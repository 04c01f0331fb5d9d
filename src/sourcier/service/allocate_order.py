"""Decides where an order ships from and reserves the stock for good, exactly once, from a hold or afresh."""

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from sourcier.domain.errors import Kind, Reason, Refusal
from sourcier.domain.order import Cart, Order
from sourcier.domain.plan import Decision, Status
from sourcier.domain.reservation import State
from sourcier.engine.decide import decide_steps
from sourcier.ledger import stock
from sourcier.ledger.commands import AllocateHold, Replayed, Reserve, Reserved
from sourcier.ledger.reserve import allocate_hold
from sourcier.service import codec, replay
from sourcier.service.commands import Allocate, Allocation
from sourcier.service.contention import Proposal, reserve_best
from sourcier.service.drive import drive
from sourcier.service.refusals import hold_not_found, mismatch, unfillable
from sourcier.service.reservations import (
    AllocationRecord,
    Document,
    allocation,
    new_id,
    pinned_floors,
    pool_uses,
    record,
    reserve_lines,
)

if TYPE_CHECKING:
    from sourcier.service.app import App
    from sourcier.service.snapshots import View


async def allocate(app: "App", request: Allocate) -> Allocation:
    """Reserve the order; the answer names what of it stays unfilled, where the rules allow that.

    Raises NETWORK_NOT_APPLIED, RULE_SET_NOT_ACTIVE, what the engine raises about the cart, OUT_OF_STOCK, NO_PLAN,
    CONTENDED when others took the stock each time, ORDER_LINE_ALREADY_ALLOCATED, and for holds HOLD_NOT_FOUND,
    HOLD_EXPIRED, HOLD_NOT_OPEN, HOLD_MISMATCH.
    """
    if request.validate_only:
        return await _preview(app, request)
    return await replay.once(app, request.key, lambda: _allocate(app, request), partial(restore, app))


async def get_allocation(app: "App", allocation_id: str) -> Allocation:
    """The allocation as it stands. Raises ALLOCATION_NOT_FOUND."""
    reservation = await app.read(stock.get_reservation, allocation_id)
    if reservation is None or not reservation.order_id:
        raise Refusal(
            kind=Kind.NOT_FOUND,
            reason=Reason.ALLOCATION_NOT_FOUND,
            message=f"there is no allocation {allocation_id!r}",
            metadata={"allocation": f"allocations/{allocation_id}"},
        )
    return allocation(reservation, codec.load(Document, reservation.document))


async def restore(app: "App", stored: bytes) -> Allocation:
    """The answer that was given before; raises the refusal if it was one."""
    answered = codec.load(AllocationRecord, stored)
    reservation = await app.read(stock.get_reservation, answered.allocation_id)
    if reservation is None:
        raise AssertionError(f"the ledger answered for allocation {answered.allocation_id} and has lost it")
    return allocation(answered, codec.load(Document, reservation.document))


async def _allocate(app: "App", request: Allocate) -> Allocation:
    if not request.hold_id:
        return await _afresh(app, request)
    try:
        return await _from_hold(app, request)
    except Refusal as refusal:
        if refusal.reason is not Reason.HOLD_EXPIRED or not request.reallocate_if_expired:
            raise
    return await _afresh(app, request)


async def _preview(app: "App", request: Allocate) -> Allocation:
    if request.hold_id:
        document = await _held(app, request)
    else:
        view = app.snapshots.view()
        document = Document(cart=request.order.cart, decision=await _decide(app, view, request.order.cart))
        if document.decision.status is Status.UNFILLABLE:
            raise unfillable(document.decision, request.order.cart, view)
    return Allocation(
        allocation_id="",
        order_id=request.order.order_id,
        currency_code=request.order.cart.currency_code,
        created_at=app.clock(),
        decision=document.decision,
        lines=(),
        hold_id=request.hold_id,
    )


async def _afresh(app: "App", request: Allocate) -> Allocation:
    cart = request.order.cart

    async def propose(view: "View") -> Proposal[Document]:
        decision = await _decide(app, view, cart)
        document = Document(cart=cart, decision=decision, hold_id=request.hold_id, reallocated=bool(request.hold_id))
        command = None if decision.status is Status.UNFILLABLE else _command(app, request, view, document)
        return Proposal(view=view, decided=document, command=command, respond=record)

    proposal, outcome = await reserve_best(app, propose)
    match outcome:
        case None:
            raise unfillable(proposal.decided.decision, cart, proposal.view)
        case Reserved(reservation=reservation):
            return allocation(reservation, proposal.decided)
        case Replayed(response=response):
            return await restore(app, response)


async def _decide(app: "App", view: "View", cart: Cart) -> Decision:
    return await drive(decide_steps(cart, view.snapshot, view.rules), app.solvers, app.solve_ms)


def _command(app: "App", request: Allocate, view: "View", document: Document) -> Reserve:
    key, order, plan = request.key, request.order, document.decision.plan
    channel_class = view.rules.channel_class[order.cart.channel]
    return Reserve(
        method=key.method,
        request_id=key.request_id,
        fingerprint=key.fingerprint,
        reservation_id=new_id(app.clock()),
        order_id=order.order_id,
        state=State.ALLOCATED,
        lines=reserve_lines(plan),
        ordered=tuple((line.line_id, line.quantity) for line in order.cart.lines),
        pools=pool_uses(plan, view.network),
        pinned_floors=pinned_floors(plan, view.network, view.rules, channel_class),
        channel_class=channel_class,
        rule_set_revision=document.decision.rule_set_revision,
        document=codec.dump(document),
    )


async def _from_hold(app: "App", request: Allocate) -> Allocation:
    key = request.key
    document = replace(await _held(app, request), cart=request.order.cart, hold_id=request.hold_id)
    command = AllocateHold(
        method=key.method,
        request_id=key.request_id,
        fingerprint=key.fingerprint,
        hold_id=request.hold_id,
        order_id=request.order.order_id,
        held=tuple((line.line_id, line.sku, line.quantity) for line in reserve_lines(document.decision.plan)),
        ordered=tuple((line.line_id, line.quantity) for line in request.order.cart.lines),
        document=codec.dump(document),
    )
    match await app.write(allocate_hold, command, record):
        case Replayed(response=response):
            return await restore(app, response)
        case reserved:
            return allocation(reserved.reservation, document)


async def _held(app: "App", request: Allocate) -> Document:
    """The document of the hold, if it was made for this order."""
    hold = await app.read(stock.get_reservation, request.hold_id)
    if hold is None:
        raise hold_not_found(request.hold_id)
    document = codec.load(Document, hold.document)
    check_match(request.order, document)
    return document


def check_match(order: Order, document: Document) -> None:
    """Refuse an order for which the held plan was not made: other goods, another channel, place, service or date."""
    cart, held = order.cart, document.cart
    plan = document.decision.plan
    if sorted((ln.line_id, ln.sku, ln.quantity) for ln in cart.lines) != sorted(
        (ln.line_id, ln.sku, ln.quantity) for ln in held.lines
    ):
        raise mismatch("order.cart.lines")
    if cart.channel != held.channel:
        raise mismatch("order.cart.channel")
    if cart.destination != held.destination:
        raise mismatch("order.cart.destination")
    if cart.services and any(shipment.service_id not in cart.services for shipment in plan.shipments):
        raise mismatch("order.cart.services")
    if cart.deliver_by is not None and any(s.deliver_on > cart.deliver_by for s in plan.shipments):
        raise mismatch("order.cart.deliver_by")

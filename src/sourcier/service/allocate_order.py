"""Decides where an order ships from and reserves the stock for good, exactly once, from a hold or afresh."""

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from sourcier.domain.errors import Kind, Reason, Refusal
from sourcier.domain.order import Order
from sourcier.domain.reservation import State
from sourcier.ledger import stock
from sourcier.ledger.commands import AllocateHold, Replayed, Reserve, Reserved
from sourcier.ledger.reserve import allocate_hold
from sourcier.service import codec, replay
from sourcier.service.commands import Allocate, Allocation
from sourcier.service.contention import Proposal, reserve_best
from sourcier.service.keep_promise import Broken, arrives_on, keep, promise_anew
from sourcier.service.matching import Made, demand_match, goods
from sourcier.service.refusals import hold_not_found
from sourcier.service.reservations import (
    AllocationRecord,
    Document,
    allocation,
    new_id,
    pinned_floors,
    pool_uses,
    record,
    reserve_lines,
    to_order,
)
from sourcier.service.tokens import check_cart

if TYPE_CHECKING:
    from sourcier.service.app import App
    from sourcier.service.snapshots import View


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """What was decided on which view: the document to allocate, or why nothing may be allocated."""

    view: "View"
    outcome: Document | Refusal


async def allocate(app: "App", request: Allocate) -> Allocation:
    """Reserve the order; the answer names what of it stays unfilled, where the rules allow that.

    With a promise token the whole order is allocated, and its dates and fee are kept; where no plan does that any more
    the allocation is late or refused, as the rule set in force says.

    Raises NETWORK_NOT_APPLIED, RULE_SET_NOT_ACTIVE, what the engine raises about the cart, OUT_OF_STOCK, NO_PLAN,
    UNDECIDED, CONTENDED when others took the stock each time, ORDER_LINE_ALREADY_ALLOCATED, for holds HOLD_NOT_FOUND,
    HOLD_EXPIRED, HOLD_NOT_OPEN, HOLD_MISMATCH, and for tokens PROMISE_TOKEN_INVALID, PROMISE_TOKEN_EXPIRED,
    PROMISE_MISMATCH, PROMISE_BROKEN.
    """
    await app.snapshots.have_time_for(request.order.cart.placed_at)
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
        drafted = (await _draft(app, app.snapshots.view(), request)).outcome
        if isinstance(drafted, Refusal):
            raise drafted
        document = drafted
    return Allocation(
        allocation_id="",
        order_id=request.order.order_id,
        currency_code=request.order.cart.currency_code,
        created_at=app.clock(),
        decision=document.decision,
        lines=(),
        hold_id=request.hold_id,
        kept=document.kept,
        to_order=to_order(document.decision.plan),
    )


async def _afresh(app: "App", request: Allocate) -> Allocation:
    async def propose(view: "View") -> Proposal[Document | Refusal]:
        draft = await _draft(app, view, request)
        outcome = draft.outcome
        command = None if isinstance(outcome, Refusal) else _command(app, request, draft.view, outcome)
        return Proposal(view=draft.view, decided=outcome, command=command, respond=record)

    proposal, outcome = await reserve_best(app, propose)
    if isinstance(proposal.decided, Refusal):
        raise proposal.decided
    match outcome:
        case Reserved(reservation=reservation):
            return allocation(reservation, proposal.decided)
        case Replayed(response=response):
            return await restore(app, response)
        case None:
            raise AssertionError("what may be allocated is reserved")


async def _draft(app: "App", view: "View", request: Allocate) -> _Draft:
    """Decide the order: as its token promises, or so that it costs least."""
    cart = request.order.cart
    if request.promise_token:
        token = app.tokens.read(request.promise_token, now=app.clock())
        check_cart(token, cart)
        kept = await keep(app, view, cart, token)
    else:
        kept = await promise_anew(app, view, cart)
    if isinstance(kept, Broken):
        return _Draft(view=kept.view, outcome=kept.refusal)
    document = Document(
        cart=cart,
        decision=kept.decision,
        hold_id=request.hold_id,
        reallocated=bool(request.hold_id),
        kept=kept.kept,
    )
    return _Draft(view=kept.view, outcome=document)


def _command(app: "App", request: Allocate, view: "View", document: Document) -> Reserve:
    key, order = request.key, request.order
    plan = document.decision.plan
    channel_class = view.rules.protection.channel_class[order.cart.channel]
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
        priority=order.priority,
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
        priority=request.order.priority,
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
    """Refuse an order for which the hold was not made: other goods, another channel, place, service, store or date."""
    cart, held, kept = order.cart, document.cart, document.kept
    demand_match(
        cart,
        Made(
            service_id=document.service_id,
            method=None if kept is None else kept.method,
            store_id="" if kept is None else kept.store_id,
            latest=arrives_on(document.decision.plan),
        ),
        lines=goods(cart) == goods(held),
        channel=cart.channel == held.channel,
        destination=cart.destination == held.destination,
        reason=Reason.HOLD_MISMATCH,
    )

"""Promises a cart from the snapshot alone, and on request reserves one of the promises until it expires."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from sourcier.domain.errors import Violation, invalid
from sourcier.domain.order import Cart
from sourcier.domain.promise import Kept, Promise, Promises
from sourcier.domain.reservation import Reservation, State
from sourcier.engine.promise import promise_steps
from sourcier.ledger.commands import Replayed, Reserve, Reserved
from sourcier.service import codec, replay
from sourcier.service.commands import Hold, HoldWanted, PromiseAnswer, PromiseDelivery, RequestKey
from sourcier.service.contention import Proposal, reserve_best
from sourcier.service.drive import drive
from sourcier.service.reservations import Document, new_id, pinned_floors, pool_uses, reserve_lines
from sourcier.service.solver_time import SolverTime

if TYPE_CHECKING:
    from sourcier.service.app import App
    from sourcier.service.snapshots import View


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldRecord:
    """The stored part of a promise's answer that the ledger's clock decides; an empty id when nothing was held."""

    hold_id: str = ""
    option: int = 0
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """The other stored part: the promises, and their tokens, which expire together."""

    promises: Promises
    tokens: tuple[str, ...]
    tokens_expire_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Offered:
    """An offer, the option to hold, and the offer as bytes: made once, outside the ledger's transaction."""

    offer: Offer
    chosen: int | None
    stored: bytes


async def promise_delivery(app: "App", request: PromiseDelivery) -> PromiseAnswer:
    """All promises for the cart, each with its token. Without a hold no database is read or written.

    A wanted hold is missing from the answer when no option fits it; the answer says why. Raises NETWORK_NOT_APPLIED,
    RULE_SET_NOT_ACTIVE, what the engine raises about the cart, and CONTENDED when others took the stock of the promise
    each time.
    """
    await app.snapshots.have_time_for(request.cart.placed_at)
    time = SolverTime(decision_ms=app.solve_ms, total_ms=app.promise_solve_ms)
    if request.hold is None:
        view = app.snapshots.view()
        return _answer(_signed(app, view, request, await _promises(app, view, request, time)), HoldRecord())
    if request.key is None:
        raise invalid([Violation(field="request_id", description="is required with a hold")])
    check_hold(request.hold, request)
    work = partial(_promise_and_hold, app, request, request.hold, request.key, time)
    return await replay.once(app, request.key, work, _restore)


def check_hold(wanted: HoldWanted, request: PromiseDelivery) -> None:
    """Refuse with FIELD_INVALID a hold on what was not asked for."""
    cart = request.cart
    faults = []
    if wanted.service_id and cart.services and wanted.service_id not in cart.services:
        faults.append(Violation(field="hold.service_id", description="must be one of cart.services"))
    if wanted.store_id and cart.store_ids and wanted.store_id not in cart.store_ids:
        faults.append(Violation(field="hold.store_id", description="must be one of cart.store_ids"))
    if wanted.choice is not None and wanted.choice not in request.choices:
        faults.append(Violation(field="hold.choice", description="must be one of choices"))
    if faults:
        raise invalid(faults)


async def _promises(app: "App", view: "View", request: PromiseDelivery, time: SolverTime) -> Promises:
    steps = promise_steps(request.cart, view.snapshot, view.rules, choices=request.choices, explained=request.explain)
    return await drive(steps, app.solvers, time)


def _signed(app: "App", view: "View", request: PromiseDelivery, promises: Promises) -> Offer:
    minutes = view.rules.rule_set.promising.token_minutes
    until = (app.clock() + timedelta(minutes=minutes)).replace(microsecond=0)
    tokens = app.tokens.write(promises.promised, request.cart, until=until)
    return Offer(promises=promises, tokens=tokens, tokens_expire_at=until)


async def _promise_and_hold(
    app: "App", request: PromiseDelivery, wanted: HoldWanted, key: RequestKey, time: SolverTime
) -> PromiseAnswer:
    async def propose(view: "View") -> Proposal[_Offered]:
        promises = await _promises(app, view, request, time)
        chosen = choose(promises, wanted)
        offer = _signed(app, view, request, promises)
        offered = _Offered(offer=offer, chosen=chosen, stored=codec.dump(offer))
        return Proposal(
            view=view,
            decided=offered,
            command=None
            if chosen is None
            else _command(app, view, request.cart, promises.promised[chosen], wanted, key),
            respond=partial(_respond, chosen, offered.stored),
        )

    proposal, outcome = await reserve_best(app, propose)
    offered = proposal.decided
    match outcome:
        case None:
            unheld = codec.join(codec.dump(HoldRecord()), offered.stored)
            return await _restore(await replay.remember(app, key, unheld))
        case Reserved(reservation=reservation):
            return _answer(offered.offer, _record(offered.chosen, reservation))
        case Replayed(response=response):
            return await _restore(response)


def choose(promises: Promises, wanted: HoldWanted) -> int | None:
    """The option to hold: the cheapest of those that fit, the earlier one where two cost the same."""
    options = promises.promised
    fitting = [
        i
        for i, option in enumerate(options)
        if (not wanted.service_id or option.service_id == wanted.service_id)
        and (not wanted.store_id or option.store_id == wanted.store_id)
        and (wanted.choice is None or wanted.choice in option.choices)
    ]
    return min(
        fitting,
        key=lambda i: (options[i].decision.objective_micros, options[i].latest, options[i].service_id, i),
        default=None,
    )


def _command(app: "App", view: "View", cart: Cart, chosen: Promise, wanted: HoldWanted, key: RequestKey) -> Reserve:
    plan = chosen.decision.plan
    channel_class = view.rules.protection.channel_class[cart.channel]
    document = Document(cart=cart, decision=chosen.decision, service_id=chosen.service_id, kept=kept(chosen))
    return Reserve(
        method=key.method,
        request_id=key.request_id,
        fingerprint=key.fingerprint,
        reservation_id=new_id(app.clock()),
        order_id="",
        state=State.HELD,
        ttl_seconds=wanted.ttl_seconds,
        lines=reserve_lines(plan),
        pools=pool_uses(plan, view.network),
        pinned_floors=pinned_floors(plan, view.network, view.rules, channel_class),
        channel_class=channel_class,
        rule_set_revision=chosen.decision.rule_set_revision,
        document=codec.dump(document),
    )


def kept(promise: Promise) -> Kept:
    """What an allocation of this very option tells of its promise."""
    return Kept(
        method=promise.method,
        earliest=promise.earliest,
        latest=promise.latest,
        time_zone=promise.time_zone,
        fee_micros=promise.fee_micros,
        store_id=promise.store_id,
        rule_set_revision=promise.decision.rule_set_revision,
    )


def _record(chosen: int | None, reservation: Reservation) -> HoldRecord:
    assert chosen is not None, "only a chosen promise is reserved"
    return HoldRecord(hold_id=reservation.reservation_id, option=chosen, expires_at=reservation.expires_at)


def _respond(chosen: int | None, stored: bytes, reservation: Reservation) -> bytes:
    return codec.join(codec.dump(_record(chosen, reservation)), stored)


async def _restore(stored: bytes) -> PromiseAnswer:
    head, tail = codec.split(stored)
    return _answer(codec.load(Offer, tail), codec.load(HoldRecord, head))


def _answer(offer: Offer, record: HoldRecord) -> PromiseAnswer:
    if record.expires_at is None:
        return PromiseAnswer(promises=offer.promises, tokens=offer.tokens, tokens_expire_at=offer.tokens_expire_at)
    promised = offer.promises.promised[record.option]
    return PromiseAnswer(
        promises=offer.promises,
        tokens=offer.tokens,
        tokens_expire_at=offer.tokens_expire_at,
        hold=Hold(
            hold_id=record.hold_id,
            service_id=promised.service_id,
            store_id=promised.store_id,
            option=record.option,
            expires_at=record.expires_at,
            decision=promised.decision,
        ),
    )

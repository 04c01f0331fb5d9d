"""Promises a cart from the snapshot alone, and on request reserves one of the promises until it expires."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from sourcier.domain.errors import Violation, invalid
from sourcier.domain.order import Cart
from sourcier.domain.promise import Promise, Promises
from sourcier.domain.reservation import Reservation, State
from sourcier.engine.promise import promise_steps
from sourcier.ledger.commands import Replayed, Reserve, Reserved
from sourcier.service import codec, replay
from sourcier.service.commands import Hold, HoldWanted, PromiseAnswer, PromiseDelivery, RequestKey
from sourcier.service.contention import Proposal, reserve_best
from sourcier.service.drive import drive
from sourcier.service.reservations import Document, new_id, pinned_floors, pool_uses, reserve_lines

if TYPE_CHECKING:
    from sourcier.service.app import App
    from sourcier.service.snapshots import View


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldRecord:
    """The stored part of a promise's answer that the ledger's clock decides; empty ids when nothing was held."""

    hold_id: str = ""
    service_id: str = ""
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Offered:
    """The promises, the one to hold, and the promises as bytes: made once, outside the ledger's transaction."""

    promises: Promises
    chosen: Promise | None
    stored: bytes


async def promise_delivery(app: "App", request: PromiseDelivery) -> PromiseAnswer:
    """All promises for the cart. Without a hold nothing is read from or written to the database.

    A wanted hold is missing from the answer when its service (or any, if none was named) cannot bring the cart; the
    answer says why. Raises NETWORK_NOT_APPLIED, RULE_SET_NOT_ACTIVE, what the engine raises about the cart, and
    CONTENDED when others took the stock of the promise each time.
    """
    if request.hold is None:
        return PromiseAnswer(promises=await _promises(app, app.snapshots.view(), request))
    if request.key is None:
        raise invalid([Violation(field="request_id", description="is required with a hold")])
    wanted, services = request.hold.service_id, request.cart.services
    if wanted and services and wanted not in services:
        raise invalid([Violation(field="hold.service_id", description="must be one of cart.services")])
    work = partial(_promise_and_hold, app, request, request.hold, request.key)
    return await replay.once(app, request.key, work, _restore)


async def _promises(app: "App", view: "View", request: PromiseDelivery) -> Promises:
    steps = promise_steps(request.cart, view.snapshot, view.rules, explained=request.explain)
    return await drive(steps, app.solvers, app.solve_ms)


async def _promise_and_hold(app: "App", request: PromiseDelivery, wanted: HoldWanted, key: RequestKey) -> PromiseAnswer:
    async def propose(view: "View") -> Proposal[_Offered]:
        promises = await _promises(app, view, request)
        chosen = choose(promises, wanted.service_id)
        offered = _Offered(promises=promises, chosen=chosen, stored=codec.dump(promises))
        return Proposal(
            view=view,
            decided=offered,
            command=None if chosen is None else _command(app, view, request.cart, chosen, wanted, key),
            respond=partial(_respond, offered),
        )

    proposal, outcome = await reserve_best(app, propose)
    offered = proposal.decided
    match outcome:
        case None:
            unheld = codec.join(codec.dump(HoldRecord()), offered.stored)
            return await _restore(await replay.remember(app, key, unheld))
        case Reserved(reservation=reservation):
            return _answer(offered.promises, _record(offered, reservation))
        case Replayed(response=response):
            return await _restore(response)


def choose(promises: Promises, service_id: str) -> Promise | None:
    """The promise to hold: that of the service, or the cheapest, the earlier one where two cost the same."""
    candidates = [p for p in promises.promised if not service_id or p.service_id == service_id]
    return min(candidates, key=lambda p: (p.decision.objective_micros, p.latest, p.service_id), default=None)


def _command(app: "App", view: "View", cart: Cart, chosen: Promise, wanted: HoldWanted, key: RequestKey) -> Reserve:
    plan = chosen.decision.plan
    channel_class = view.rules.channel_class[cart.channel]
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
        document=codec.dump(Document(cart=cart, decision=chosen.decision, service_id=chosen.service_id)),
    )


def _record(offered: _Offered, reservation: Reservation) -> HoldRecord:
    assert offered.chosen is not None, "only a chosen promise is reserved"
    return HoldRecord(
        hold_id=reservation.reservation_id,
        service_id=offered.chosen.service_id,
        expires_at=reservation.expires_at,
    )


def _respond(offered: _Offered, reservation: Reservation) -> bytes:
    return codec.join(codec.dump(_record(offered, reservation)), offered.stored)


async def _restore(stored: bytes) -> PromiseAnswer:
    head, tail = codec.split(stored)
    return _answer(codec.load(Promises, tail), codec.load(HoldRecord, head))


def _answer(promises: Promises, record: HoldRecord) -> PromiseAnswer:
    if record.expires_at is None:
        return PromiseAnswer(promises=promises)
    decision = next(p.decision for p in promises.promised if p.service_id == record.service_id)
    return PromiseAnswer(
        promises=promises,
        hold=Hold(
            hold_id=record.hold_id,
            service_id=record.service_id,
            expires_at=record.expires_at,
            decision=decision,
        ),
    )

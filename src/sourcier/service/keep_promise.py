"""Decides an order so that what was promised is kept, and says by how much where no plan keeps it any more.

Without a promise the order is decided at least cost, and the decision is the promise. With one, the plans are looked
for in this order, and the first that exists is taken:

1. on time by the same service and store: in as few shipments where few were chosen, else in any number;
2. on time by another service of the same method that the order allows;
3. as 1, by the rules by which it was promised, where others are in force by now, but under the protection in force;
4. late by any service of the method, its lateness priced: only where the rule set in force says LATE.

Transit is always measured as when it was promised. A channel that the rules in force have dropped has its promises kept
all the same, as a channel that none of their entries names. Before the promise is given up the picture is brought up to
date, since it must not be broken for a stale cache.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from sourcier.domain.errors import Kind, Reason, Refusal, Violation, invalid
from sourcier.domain.order import Cart
from sourcier.domain.plan import Decision, Plan, Status
from sourcier.domain.promise import Kept
from sourcier.domain.rules import BrokenPromise, DeliverBy
from sourcier.engine.compile import CompiledNetwork, CompiledRules, with_channel
from sourcier.engine.decide import decide_steps
from sourcier.engine.fees import fee_micros
from sourcier.engine.options import arrival as arrival_day
from sourcier.engine.places import locate
from sourcier.engine.prefilter import wanted_services
from sourcier.engine.stores import chosen_stores
from sourcier.service.drive import drive
from sourcier.service.promised_rules import at_the_quantile, under_protection
from sourcier.service.refusals import undecided, unfillable
from sourcier.service.solver_time import SolverTime
from sourcier.service.tokens import PromiseToken

if TYPE_CHECKING:
    from sourcier.service.app import App
    from sourcier.service.snapshots import View


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """What was decided on a view, and the promise as its plan keeps it."""

    view: "View"
    decision: Decision
    kept: Kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """Nothing may be allocated, for a reason seen on a view."""

    view: "View"
    refusal: Refusal


async def promise_anew(app: "App", view: "View", cart: Cart) -> Keeping | Broken:
    """Decide the cart at least cost by any way that it allows; what the plan says is promised by that."""
    decisions = [(await _decide(app, view, way, view.rules, complete=False), way) for way in ways(cart, view.network)]
    decision, way = min(decisions, key=lambda decided: decided[0].objective_micros)
    if decision.status is Status.UNFILLABLE:
        least_known = max((decision for decision, _ in decisions), key=lambda decision: decision.gap_micros)
        return Broken(view=view, refusal=unfillable(least_known, cart, view))
    return Keeping(view=view, decision=decision, kept=_made(decision, way, view))


def ways(cart: Cart, network: CompiledNetwork) -> tuple[Cart, ...]:
    """The cart by each way in which one plan can bring it: delivered, or by a service collected at a store.

    Goods are collected only where the cart names the method or the service. Raises FIELD_INVALID where it allows no
    way, or names no store to collect at, SERVICE_UNKNOWN, and NODE_UNKNOWN for a store that there is not.
    """
    wanted = [network.network.services[index] for index in wanted_services(cart, network)]
    fitting = [service for service in wanted if not cart.methods or service.method in cart.methods]
    delivered = tuple(service.service_id for service in fitting if not service.method.collected)
    found = [replace(cart, services=delivered, methods=(), store_ids=())] if delivered else []
    if cart.methods or cart.services:
        collected = [service for service in fitting if service.method.collected]
        stores = [network.network.nodes[store].node_id for store in chosen_stores(cart, network)]
        if collected and not stores and not found:
            raise invalid([Violation(field="order.cart.store_ids", description="must name a store to collect at")])
        found += [
            replace(cart, services=(service.service_id,), methods=(), store_ids=(store,))
            for service in collected
            for store in stores
        ]
    if not found:
        raise invalid([Violation(field="order.cart.methods", description="the network has no service that fits")])
    return tuple(found)


async def keep(app: "App", view: "View", cart: Cart, token: PromiseToken) -> Keeping | Broken:
    """Decide the cart as the token promises; `token` must be one for this cart."""
    promised = await app.promised_rules.get(app, token.rule_set_revision)
    view = _for_channel(view, cart)
    decision, impossible = await _on_time(app, view, cart, token, promised)
    if decision is None and await app.snapshots.outdated(view):
        view = _for_channel(app.snapshots.view(), cart)
        decision, impossible = await _on_time(app, view, cart, token, promised)
    if decision is not None:
        return Keeping(view=view, decision=decision, kept=token.kept(arrives_on(decision.plan)))
    if not impossible and view.rules.rule_set.promising.broken is BrokenPromise.REFUSE:
        return Broken(view=view, refusal=undecided())
    return await _not_on_time(app, view, cart, token, promised)


async def _not_on_time(
    app: "App", view: "View", cart: Cart, token: PromiseToken, promised: CompiledRules
) -> Keeping | Broken:
    """The promise cannot be kept: the order comes late, or not at all."""
    services = _same_method(cart, token, view)
    if not services:
        why = "the network has no such service or store any more"
        return Broken(view=view, refusal=_broken(token, view, why, {"cause": "NO_SERVICE"}))
    soft = _with(at_the_quantile(view.rules, promised), deliver_by=DeliverBy.SOFT)
    decision = await _decide(app, view, _wanted(cart, token, services), soft, complete=True)
    if decision.status is Status.UNFILLABLE:
        cause = unfillable(decision, cart, view, whole=True)
        if cause.reason is Reason.UNDECIDED:
            return Broken(view=view, refusal=cause)
        told = {"cause": cause.reason.value, **cause.metadata}
        return Broken(view=view, refusal=_broken(token, view, cause.message, told))
    arrival = arrives_on(decision.plan)
    if view.rules.rule_set.promising.broken is BrokenPromise.REFUSE:
        why = f"the whole order could arrive on {arrival}, and the rule set refuses late plans"
        told = {"cause": "TOO_LATE", "arrival": arrival.isoformat()}
        return Broken(view=view, refusal=_broken(token, view, why, told))
    return Keeping(view=view, decision=decision, kept=token.kept(arrival))


def _for_channel(view: "View", cart: Cart) -> "View":
    """The view, with rules for the cart's channel also where those in force have dropped it since it was promised."""
    return replace(view, rules=with_channel(view.rules, cart.channel))


def arrives_on(plan: Plan) -> date:
    """The day on which the last of a plan's goods are with the customer, or at the store."""
    return date.fromordinal(arrival_day(plan))


def _made(decision: Decision, cart: Cart, view: "View") -> Kept:
    """The promise that an allocation makes by its plan; `cart` allows one way to bring it.

    The method is the one by which it is collected, or that of the parcel which arrives last.
    """
    plan, network = decision.plan, view.network
    legs = plan.shipments if plan.onward is None else (plan.onward,)
    last = max(legs, key=lambda shipment: shipment.deliver_on)
    store_id = cart.store_ids[0] if cart.store_ids else ""
    service_id = cart.services[0] if store_id else last.service_id  # goods may travel to a store by several
    method = network.network.services[network.service_index[service_id]].method
    if store_id:
        time_zone = network.network.nodes[network.node_index[store_id]].time_zone
    else:
        time_zone = locate(network, cart.destination)[1]
    return Kept(
        method=method,
        earliest=max(shipment.deliver_from or shipment.deliver_on for shipment in legs),
        latest=last.deliver_on,
        time_zone=time_zone,
        fee_micros=fee_micros(cart, method, network, view.rules),
        store_id=store_id,
        rule_set_revision=decision.rule_set_revision,
    )


async def _on_time(
    app: "App", view: "View", cart: Cart, token: PromiseToken, promised: CompiledRules
) -> tuple[Decision | None, bool]:
    """A decision that keeps the promise, or None and whether it is proven that none does."""
    impossible = True
    for wanted, rules in _attempts(cart, token, view, promised):
        decision = await _decide(app, view, wanted, rules, complete=True)
        if decision.status is not Status.UNFILLABLE:
            return decision, False
        impossible &= decision.gap_micros == 0
    return None, impossible


def _attempts(
    cart: Cart, token: PromiseToken, view: "View", promised: CompiledRules
) -> Iterator[tuple[Cart, CompiledRules]]:
    """Carts and rules whose plans keep the promise, in the order in which they are tried."""
    now = at_the_quantile(view.rules, promised)
    services = _same_method(cart, token, view)
    others = tuple(service_id for service_id in services if service_id != token.service_id)
    if token.service_id in services:
        yield from _as_promised(cart, token, now)
    if others:
        yield _wanted(cart, token, others), _with(now, deliver_by=DeliverBy.HARD)
    if token.service_id in services and promised.revision_name != now.revision_name:
        yield from _as_promised(cart, token, under_protection(promised, now))


def _as_promised(cart: Cart, token: PromiseToken, rules: CompiledRules) -> Iterator[tuple[Cart, CompiledRules]]:
    wanted = _wanted(cart, token, (token.service_id,))
    if token.shipments_max:
        yield wanted, _with(rules, deliver_by=DeliverBy.HARD, shipments_max=token.shipments_max)
    yield wanted, _with(rules, deliver_by=DeliverBy.HARD)


def _same_method(cart: Cart, token: PromiseToken, view: "View") -> tuple[str, ...]:
    """The services of the promised method that the network has now and the cart allows; none if the store is gone."""
    if token.store_id and token.store_id not in view.network.node_index:
        return ()
    return tuple(
        service.service_id
        for service in view.network.network.services
        if service.method is token.method and (not cart.services or service.service_id in cart.services)
    )


def _wanted(cart: Cart, token: PromiseToken, services: tuple[str, ...]) -> Cart:
    return replace(
        cart,
        services=services,
        methods=(),
        store_ids=(token.store_id,) if token.store_id else (),
        deliver_by=token.deliver_by,
    )


def _with(rules: CompiledRules, *, deliver_by: DeliverBy, shipments_max: int = 0) -> CompiledRules:
    """The rules, with the promise's date as a hard limit or a price, and no more shipments than that."""
    constraints = replace(rules.rule_set.constraints, deliver_by=deliver_by)
    if shipments_max:
        fewest = min(shipments_max, constraints.max_shipments or shipments_max)
        constraints = replace(constraints, max_shipments=fewest)
    return replace(rules, rule_set=replace(rules.rule_set, constraints=constraints))


async def _decide(app: "App", view: "View", cart: Cart, rules: CompiledRules, *, complete: bool) -> Decision:
    time = SolverTime(decision_ms=app.solve_ms, total_ms=app.solve_ms)
    return await drive(decide_steps(cart, view.snapshot, rules, complete=complete), app.solvers, time)


def _broken(token: PromiseToken, view: "View", why: str, cause: Mapping[str, str]) -> Refusal:
    broken = view.rules.rule_set.promising.broken
    return Refusal(
        kind=Kind.FAILED_PRECONDITION,
        reason=Reason.PROMISE_BROKEN,
        message=f"no plan keeps the promise of {token.deliver_by}: {why}",
        metadata={"latest": token.deliver_by.isoformat(), "broken": broken.value, **cause},
    )

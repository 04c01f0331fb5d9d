"""What can be promised: for every way to get the whole cart, its options, or why there are none and what would help.

A way is a service, at a store where it is collected. `engine.options` searches the dates of one way.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from itertools import chain

import numpy as np

from sourcier.domain.calendar import is_working_day
from sourcier.domain.network import Method, NodeCalendar, Service
from sourcier.domain.order import Cart
from sourcier.domain.plan import Decision, Plan, Shipment
from sourcier.domain.promise import Choice, Obstacle, Promise, Promises, Remedy, Unpromised
from sourcier.domain.rules import DeliverBy
from sourcier.engine import carbon
from sourcier.engine.alike import Proven
from sourcier.engine.compile import CompiledNetwork, CompiledRules
from sourcier.engine.decide import Prepared, Steps, parts, prepare, side_by_side, written
from sourcier.engine.fees import fee_micros
from sourcier.engine.options import Option, arrival, options
from sourcier.engine.outlooks import Outlook, outlooks
from sourcier.engine.places import locate, place_of
from sourcier.engine.prefilter import check_cart, excluded_nodes, wanted_services
from sourcier.engine.remedies import obstacle_steps
from sourcier.engine.snapshot import Snapshot
from sourcier.engine.stores import chosen_stores, nearest_stores
from sourcier.engine.trips import NONE, way_of

EARLIEST_ONLY = frozenset({Choice.EARLIEST})
NO_REMEDY = Remedy()
CERTAIN_BP = 10_000
"""All parcels, in basis points."""


def promise_steps(
    cart: Cart,
    snapshot: Snapshot,
    rules: CompiledRules,
    *,
    choices: frozenset[Choice] = EARLIEST_ONLY,
    explained: bool = False,
) -> Steps[Promises]:
    """Promise a cart in every way that it allows. Raises the Refusals of `engine.prefilter` and `engine.stores`.

    Every option brings the whole cart by its date, which is firm: a cart's own deliver-by date cuts off later ones.
    """
    firm = rules if cart.deliver_by is None else _firm(rules)
    check_cart(cart, snapshot, rules)
    version = snapshot.version
    ways = tuple(_ways(cart, snapshot, rules))
    together = _together(cart, snapshot, firm, ways) if not explained else {}
    proven: list[Proven] = []
    looks = [_look_at(cart, snapshot, firm, way, together.get(way), choices, proven, explained) for way in ways]
    found = list(chain.from_iterable((yield from side_by_side(looks))))
    shown = [one for one in found if isinstance(one, Option)]
    decisions = written([option.settled for option in shown], explained=explained)
    network = snapshot.network
    methods = {network.services[index].service.method for index, _ in ways} if shown else ()
    fees = {method: fee_micros(cart, method, network, rules) for method in methods}
    promised = [_promise(option, decision, network, fees) for option, decision in zip(shown, decisions, strict=True)]
    promised.sort(key=lambda p: (p.latest, p.decision.objective_micros, p.service_id, p.store_id))
    return Promises(
        promised=tuple(promised),
        unpromised=tuple(one for one in found if isinstance(one, Unpromised)),
        rule_set_revision=rules.revision_name,
        snapshot_version=version,
    )


def _firm(rules: CompiledRules) -> CompiledRules:
    """The same rules, by which nothing may arrive after the cart's deliver-by date."""
    constraints = replace(rules.rule_set.constraints, deliver_by=DeliverBy.HARD)
    return replace(rules, rule_set=replace(rules.rule_set, constraints=constraints))


_Way = tuple[int, str]
"""A service, and the store where it is collected; without one where goods are delivered, and where no store in question
offers what is collected."""

_Part = tuple[Prepared, Outlook | None]
"""One of several ways that were looked at together."""


def _look_at(
    cart: Cart,
    snapshot: Snapshot,
    rules: CompiledRules,
    way: _Way,
    part: _Part | None,
    choices: frozenset[Choice],
    proven: list[Proven],
    explained: bool,
) -> Steps[Sequence[Option | Unpromised]]:
    """The options of one way, or why there are none."""
    index, store_id = way
    service = snapshot.network.network.services[index]
    if part is None:
        if service.method.collected and not _gives_out(snapshot, index, store_id):
            return [_unpromised(service, store_id, Obstacle.NO_STORE)]
        prepared = prepare(_asking_for(cart, service, store_id), snapshot, rules, complete=True)
        found = yield from options(prepared, choices, proven=proven, explained=explained)
    else:
        prepared, outlook = part
        found = () if outlook is None else (yield from options(prepared, choices, outlook=outlook, proven=proven))
    if found:
        return found
    nothing_comes = part is not None and prepared.number is None
    if nothing_comes and not store_id and not _reaches(cart, snapshot, rules, index):
        return [_unpromised(service, store_id, Obstacle.NO_LANE)]
    if (part is not None and cart.deliver_by is not None) or (nothing_comes and len(prepared.lanes) == 0):
        prepared = prepare(prepared.cart, snapshot, rules, complete=True)  # the reasons of its nodes, and of no others
    why = yield from obstacle_steps(prepared)
    return [_unpromised(service, store_id, *why)]


def _ways(cart: Cart, snapshot: Snapshot, rules: CompiledRules) -> Iterator[_Way]:
    """Every way to get the cart."""
    network, promising = snapshot.network, rules.rule_set.promising
    chosen = chosen_stores(cart, network)
    distance = place_of(network, cart.destination).distance_m
    for index in wanted_services(cart, network):
        method = network.network.services[index].method
        if not method.collected:
            yield index, ""
            continue
        stores = chosen or nearest_stores(
            snapshot, index, distance, radius_m=promising.store_radius_m, count=promising.nearest_stores
        )
        for store in stores:
            yield index, network.network.nodes[store].node_id
        if not stores:
            yield index, ""


def _together(cart: Cart, snapshot: Snapshot, rules: CompiledRules, ways: Sequence[_Way]) -> dict[_Way, _Part]:
    """The order prepared for each way, with its outlook: looked at for all of them at once, then taken apart.

    Services by which orders are consolidated are not among them: their parcels share the last leg.
    """
    network = snapshot.network
    services = network.network.services
    at_a_hub = {method for entry in rules.rule_set.consolidation for method in entry.methods}
    wanted = [
        (index, network.node_index[store] if store else int(NONE))
        for index, store in ways
        if (_gives_out(snapshot, index, store) if services[index].method.collected else True)
        and services[index].method not in at_a_hub
    ]
    if len(wanted) < 2:
        return {}
    ids = tuple(dict.fromkeys(services[index].service_id for index, _ in wanted))
    pickups = [(index, store) for index, store in wanted if store != NONE]
    asked = replace(cart, services=ids, methods=(), store_ids=())
    whole = prepare(asked, snapshot, rules, complete=True, pickups=pickups, reasons=False)
    named = [(index, network.network.nodes[store].node_id if store != NONE else "") for index, store in wanted]
    carts = [_asking_for(cart, services[index], store_id) for index, store_id in named]
    keys = way_of(network, *np.array(wanted, dtype=np.int64).T)
    separate = parts(whole, list(zip(carts, keys.tolist(), strict=True)))
    outlook = outlooks(separate[0].joined)
    return {
        way: (part, None if part.number is None else outlook[part.number])
        for way, part in zip(named, separate, strict=True)
    }


def _asking_for(cart: Cart, service: Service, store_id: str) -> Cart:
    return replace(cart, services=(service.service_id,), methods=(), store_ids=(store_id,) if store_id else ())


def _gives_out(snapshot: Snapshot, index: int, store_id: str) -> bool:
    """Whether there is a store, and customers can collect there what comes by the service."""
    network = snapshot.network
    return bool(store_id) and bool(network.gives_out[network.node_index[store_id], index])


def _reaches(cart: Cart, snapshot: Snapshot, rules: CompiledRules, index: int) -> bool:
    """Whether a service comes to the destination from any node that takes part."""
    network = snapshot.network
    taking_part = snapshot.online & ~excluded_nodes(cart, network, rules)
    node = np.flatnonzero(network.collects[:, index] & taking_part)
    place = place_of(network, cart.destination)
    transit = snapshot.timetable(cart.placed_at).transit
    rows = transit.rows(node, np.full(len(node), index), place.distance_m[node], place.zone_id)
    return bool((rows >= 0).any())


def _unpromised(
    service: Service,
    store_id: str,
    obstacle: Obstacle,
    line_ids: tuple[str, ...] = (),
    remedy: Remedy = NO_REMEDY,
) -> Unpromised:
    return Unpromised(
        method=service.method,
        service_id=service.service_id,
        reason=obstacle,
        line_ids=line_ids,
        store_id=store_id,
        remedy=remedy,
    )


def _promise(option: Option, decision: Decision, network: CompiledNetwork, fees: Mapping[Method, int]) -> Promise:
    """What the customer is told of an option; its cart asks for one service, and for one store if it is collected."""
    plan, cart = decision.plan, option.settled.prepared.cart
    service = network.services[network.service_index[cart.services[0]]].service
    store_id = cart.store_ids[0] if cart.store_ids else ""
    latest = date.fromordinal(arrival(plan))
    store = network.network.nodes[network.node_index[store_id]] if store_id else None
    last = _last_legs(plan)
    assert latest.toordinal() == option.settled.latest, "the search knew another date than its plan has"
    return Promise(
        method=service.method,
        service_id=service.service_id,
        order_by=min([shipment.order_by for shipment in plan.shipments]),
        ship_by=max([shipment.ship_by for shipment in last]),
        earliest=max([shipment.deliver_from or shipment.deliver_on for shipment in last]),
        latest=latest,
        time_zone=store.time_zone if store else locate(network, cart.destination)[1],
        decision=decision,
        choices=option.choices,
        store_id=store_id,
        ready_at=_ready_at(plan),
        windows=_opening(store.calendar, latest) if store else _delivery_windows(service, latest),
        fee_micros=fees[service.method],
        co2_grams=carbon.plan_grams(plan),
        confidence_bp=confidence_bp(plan),
    )


def _last_legs(plan: Plan) -> tuple[Shipment, ...]:
    """What the customer receives: the shipments, or the one parcel of a hub."""
    return plan.shipments if plan.onward is None else (plan.onward,)


def _ready_at(plan: Plan) -> datetime | None:
    """The instant at which everything is there, if every shipment has one."""
    instants = [shipment.ready_at for shipment in _last_legs(plan)]
    return None if None in instants else max(instant for instant in instants if instant is not None)


def confidence_bp(plan: Plan) -> int:
    """The share of such plans that arrive in time, in basis points, as if each shipment were late for itself."""
    legs = plan.shipments if plan.onward is None else (*plan.shipments, plan.onward)
    share = CERTAIN_BP
    for leg in legs:
        share = share * leg.confidence_bp // CERTAIN_BP
    return share


def _delivery_windows(service: Service, day: date) -> tuple[tuple[int, int], ...]:
    """The hours of the day in which the service delivers."""
    return tuple(sorted((w.from_minute, w.to_minute) for w in service.windows if day.isoweekday() in w.days))


def _opening(calendar: NodeCalendar, day: date) -> tuple[tuple[int, int], ...]:
    """The hours of the day in which customers can collect; empty where the store has none."""
    for exception in calendar.exceptions:
        if exception.day == day:
            return tuple(sorted(exception.opening))
    if not is_working_day(calendar, day):
        return ()
    return tuple(sorted((h.from_minute, h.to_minute) for h in calendar.opening_hours if day.isoweekday() in h.days))

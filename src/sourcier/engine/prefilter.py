"""Eligibility: which nodes can serve an order at all, by which service, leaving and arriving when.

Vectorized masks over all nodes at once; the first mask that fails names the node's reason.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sourcier.domain.errors import Kind, Reason, Refusal, Violation, invalid
from sourcier.domain.order import Cart
from sourcier.domain.place import Destination, GeoPoint
from sourcier.domain.plan import NodeReason
from sourcier.domain.rules import DeliverBy
from sourcier.engine.candidates import Ask, Load, caps
from sourcier.engine.compile import (
    NODE_TYPES,
    UNLIMITED,
    BoolArray,
    CompiledNetwork,
    CompiledRules,
    IntArray,
    distances_m,
)
from sourcier.engine.going import Going, collected, delivered, nowhere
from sourcier.engine.postal_zones import zone_of
from sourcier.engine.snapshot import Snapshot
from sourcier.engine.stores import chosen_stores
from sourcier.engine.timetable import Timetable

REASONS = (None, *NodeReason)
_CODE = {reason: np.int8(code) for code, reason in enumerate(REASONS)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lanes:
    """Candidates over axis C: lane, departure and shift, and why nodes fell out.

    `departure[C]` is a position among the rounds of `table`, `shift[C]` among its shifts (NONE without; what is
    collected where it lies has no departure). `day[C]` is the ship day, `at[C]` the instant of departure or readiness,
    `earliest[C]` and `arrival[C]` the first and last day on which it is there (ordinals), `confidence_bp[C]` the share
    that has come by the last, `ready_at[C]` the instant (NEVER: some time that day); `cap_units[C]`, `cap_lines[C]`
    what pools let through. A candidate may wait for dated supply that is ready by `ready[C]` (an ordinal; ON_HAND: for
    none). `to[C]` is the store or hub it goes to (NONE: the customer), and `leg_service[C, legs]` (-1: none),
    `leg_metres[C, legs]` are what transport costs.

    `reason[N]` indexes REASONS (0: still in); what stock and capacity have against a node is added by `offers.build`.
    `work[N]` are the seconds of work on the order.
    """

    node: IntArray
    service: IntArray
    departure: IntArray
    shift: IntArray
    ready: IntArray
    day: IntArray
    at: IntArray
    earliest: IntArray
    arrival: IntArray
    confidence_bp: IntArray
    ready_at: IntArray
    to: IntArray
    leg_service: IntArray
    leg_metres: IntArray
    cap_units: IntArray
    cap_lines: IntArray
    reason: NDArray[np.int8]
    table: Timetable
    work: IntArray


def locate(network: CompiledNetwork, destination: Destination) -> tuple[GeoPoint, str]:
    """The point and time zone of a destination; the longest known postal prefix wins.

    Coordinates without a known postal code take the network's own zone. Raises Refusal POSTAL_CODE_UNKNOWN.
    """
    code = destination.postal_code
    for length in range(len(code), 0, -1):
        found = network.postal_areas.get((destination.country_code, code[:length]))
        if found is not None:
            area = network.network.postal_areas[found]
            return destination.point or area.point, area.time_zone
    if destination.point is not None:
        return destination.point, network.network.time_zone
    raise Refusal(
        kind=Kind.INVALID_ARGUMENT,
        reason=Reason.POSTAL_CODE_UNKNOWN,
        message="no postal area of the network covers this postal code, and no coordinates were given",
        metadata={"country_code": destination.country_code, "postal_code": code},
    )


def wanted_services(cart: Cart, network: CompiledNetwork) -> tuple[int, ...]:
    """Indices of the services that the cart allows, by name and by method; raises Refusal SERVICE_UNKNOWN."""
    unknown = [s for s in cart.services if s not in network.service_index]
    if unknown:
        faults = [
            Violation(field=f"services[{i}]", description=f"the network has no service {s!r}")
            for i, s in enumerate(cart.services)
            if s in unknown
        ]
        raise invalid(faults, Reason.SERVICE_UNKNOWN)
    named = {network.service_index[s] for s in cart.services} or range(len(network.services))
    services = network.network.services
    return tuple(s for s in sorted(named) if not cart.methods or services[s].method in cart.methods)


def check_cart(cart: Cart, snapshot: Snapshot, rules: CompiledRules) -> None:
    """Refuse a cart whose channel or currency the rule set and the network do not know."""
    if cart.channel not in rules.channel_class:
        known = ", ".join(rules.rule_set.channels)
        raise invalid(
            [Violation(field="channel", description=f"the active rule set knows only: {known}")],
            Reason.CHANNEL_UNKNOWN,
        )
    currency = snapshot.network.network.currency_code
    if cart.currency_code != currency:
        raise invalid(
            [Violation(field="currency_code", description=f"the network's currency is {currency}")],
            Reason.CURRENCY_MISMATCH,
        )


NONE_LATER = (np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))
"""No (node, ready day) pair."""


def lanes(
    cart: Cart,
    snapshot: Snapshot,
    rules: CompiledRules,
    load: tuple[int, int],
    later: tuple[IntArray, IntArray] = NONE_LATER,
) -> Lanes:
    """Every candidate on which some of the order could travel; `load` is its number of (order lines, units).

    `later` are (node, ready day) pairs of dated supply that is worth waiting for. An order is collected if every
    service that it allows is, at the one store that it names; otherwise it is delivered, by those that deliver.
    """
    network = snapshot.network
    ask, excluded = ask_for(cart, snapshot, rules, load, later)
    services = wanted_services(cart, network)
    methods = {network.network.services[s].method for s in services}
    stores = chosen_stores(cart, network)
    if methods and all(method.collected for method in methods):
        going = collected(ask, stores[0], services) if len(stores) == 1 else nowhere(ask)
    else:
        going = to_the_door(ask, cart, services)
    reason = _first_failure(
        (NodeReason.OFFLINE, snapshot.online),
        (NodeReason.NODE_TYPE_EXCLUDED, ~excluded),
        (NodeReason.NO_SERVICE, going.served),
        (NodeReason.OUT_OF_RANGE, going.reached),
        (NodeReason.TOO_LATE, going.in_time),
    )
    found, arrivals = going.found, going.arrivals
    cap_units, cap_lines = caps(ask, found)
    return Lanes(
        node=found.starts.node,
        service=going.service,
        departure=found.departure,
        shift=found.starts.shift,
        ready=found.starts.ready,
        day=found.day,
        at=found.at,
        earliest=arrivals.earliest,
        arrival=arrivals.latest,
        confidence_bp=arrivals.confidence_bp,
        ready_at=going.ready_at,
        to=going.to,
        leg_service=going.leg_service,
        leg_metres=going.leg_metres,
        cap_units=cap_units,
        cap_lines=cap_lines,
        reason=reason,
        table=ask.table,
        work=ask.load.work,
    )


def ask_for(
    cart: Cart, snapshot: Snapshot, rules: CompiledRules, load: tuple[int, int], later: tuple[IntArray, IntArray]
) -> tuple[Ask, BoolArray]:
    """The cart as an order from wherever, and the nodes ``excluded[N]`` by their type."""
    network, table = snapshot.network, snapshot.timetable(cart.placed_at)
    excluded: BoolArray = np.isin(network.node_type, [NODE_TYPES.index(t) for t in rules.excluded[cart.channel]])
    ask = Ask(
        snapshot=snapshot,
        table=table,
        placed=table.placed(cart.placed_at),
        load=Load(lines=load[0], units=load[1], work=table.work(load[1])),
        usable=snapshot.online & ~excluded,
        later=later,
        quantile_bp=rules.rule_set.promising.quantile_bp,
        deadline=_deadline(cart, rules),
    )
    return ask, excluded


def to_the_door(ask: Ask, cart: Cart, services: tuple[int, ...]) -> Going:
    """The order delivered to the cart's destination, by those of the services that deliver."""
    network = ask.snapshot.network
    point, time_zone = locate(network, cart.destination)
    zone = zone_of(network.postal_zones, cart.destination)
    zone_id = network.network.zones[zone].zone_id if zone >= 0 else ""
    carried = tuple(s for s in services if not network.network.services[s].method.collected)
    return delivered(ask, carried, distances_m(network, point), time_zone, zone_id)


def reject(lanes_reason: NDArray[np.int8], nodes: BoolArray, reason: NodeReason) -> None:
    """Name `reason` for the nodes of the mask that have none yet."""
    lanes_reason[nodes & (lanes_reason == 0)] = _CODE[reason]


def _deadline(cart: Cart, rules: CompiledRules) -> int:
    hard = rules.rule_set.constraints.deliver_by is DeliverBy.HARD
    return cart.deliver_by.toordinal() if hard and cart.deliver_by is not None else int(UNLIMITED)


def _first_failure(*masks: tuple[NodeReason, BoolArray]) -> NDArray[np.int8]:
    reason = np.zeros(len(masks[0][1]), dtype=np.int8)
    for name, passed in masks:
        reject(reason, ~passed, name)
    return reason

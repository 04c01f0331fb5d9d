"""Eligibility: which nodes can serve an order at all, by which service, leaving and arriving when.

Vectorized masks over all nodes at once; the first mask that fails names the node's reason.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sourcier.domain.errors import Kind, Reason, Refusal, Violation, invalid
from sourcier.domain.order import Cart
from sourcier.domain.place import Destination, GeoPoint
from sourcier.domain.plan import NodeReason
from sourcier.domain.rules import DeliverBy
from sourcier.engine.candidates import Ask, Load, Starts, caps, starts
from sourcier.engine.compile import (
    NODE_TYPES,
    UNLIMITED,
    BoolArray,
    CompiledNetwork,
    CompiledRules,
    IntArray,
    distances_m,
)
from sourcier.engine.going import Going, collected, delivered, joined, nowhere, through_hub
from sourcier.engine.hubs import ALONE, VIA, Onward, consolidates, hub_of, onward
from sourcier.engine.postal_zones import zone_of
from sourcier.engine.snapshot import Snapshot
from sourcier.engine.stores import chosen_stores
from sourcier.engine.timetable import Timetable
from sourcier.engine.transit import Arrivals

REASONS = (None, *NodeReason)
_CODE = {reason: np.int8(code) for code, reason in enumerate(REASONS)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lanes:
    """Candidates over axis C: lane, departure and shift, and why nodes fell out.

    `way[C]` says which way to get the order it is part of (`going.way_of`). `departure[C]` is a position among the
    rounds of `table`, `shift[C]` among its shifts (NONE without; what is collected where it lies has no departure).
    `day[C]` is the ship day, `at[C]` the instant of departure or readiness, `arrival[C]` the day by which the customer
    has it (an ordinal), `ready_at[C]` the instant (NEVER: some time that day). `there` are the days on which it is
    where it goes: `to[C]` is a store or hub (NONE: the customer), `at_hub[C]` since when it is at a hub (NEVER: it goes
    to none), `family[C]` what it goes together with (`engine.hubs`), and `parcels` are the hubs' parcels of the
    families from VIA on. `leg_service[C, legs]` (-1: none) and `leg_metres[C, legs]` are what transport costs,
    `cap_units[C]` and `cap_lines[C]` what pools let through. A candidate may wait for dated supply that is ready by
    `ready[C]` (an ordinal; ON_HAND: for none).

    `reason[N]` indexes REASONS (0: still in); what stock and capacity have against a node is added by `offers.build`.
    `work[N]` are the seconds of work on the order, `ask` is what was asked.
    """

    node: IntArray
    service: IntArray
    way: IntArray
    departure: IntArray
    shift: IntArray
    ready: IntArray
    day: IntArray
    at: IntArray
    arrival: IntArray
    there: Arrivals
    at_hub: IntArray
    family: IntArray
    parcels: tuple[Onward, ...]
    ready_at: IntArray
    to: IntArray
    leg_service: IntArray
    leg_metres: IntArray
    cap_units: IntArray
    cap_lines: IntArray
    reason: NDArray[np.int8]
    table: Timetable
    work: IntArray
    ask: Ask


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
    pickups: Sequence[tuple[int, int]] = (),
) -> Lanes:
    """Every candidate on which some of the order could travel; `load` is its number of (order lines, units).

    `later` are (node, ready day) pairs of dated supply that is worth waiting for. An order is collected if every
    service that it allows is, at the one store that it names; otherwise it is delivered, by those that deliver, or
    collected, for any of the (service, store) `pickups`.
    """
    network = snapshot.network
    ask, excluded = ask_for(cart, snapshot, rules, load, later)
    services = wanted_services(cart, network)
    methods = {network.network.services[s].method for s in services}
    stores = chosen_stores(cart, network)
    parcels: tuple[Onward, ...] = ()
    if methods and all(method.collected for method in methods):
        pickups = pickups or [(service, store) for service in services for store in stores if len(stores) == 1]
        going = collected(ask, pickups, starts(ask)) if pickups else nowhere(ask)
    else:
        begins = starts(ask)
        going, parcels = _through_hubs(ask, cart, rules, to_the_door(ask, cart, services, begins), services)
        going = joined([going, collected(ask, pickups, begins)]) if pickups else going
    reason = _first_failure(
        (NodeReason.OFFLINE, snapshot.online),
        (NodeReason.NODE_TYPE_EXCLUDED, ~excluded),
        (NodeReason.NO_SERVICE, going.served),
        (NodeReason.OUT_OF_RANGE, going.reached),
        (NodeReason.TOO_LATE, going.in_time),
    )
    found = going.found
    cap_units, cap_lines = caps(ask, found)
    return Lanes(
        node=found.starts.node,
        service=going.service,
        way=going.way,
        departure=found.departure,
        shift=found.starts.shift,
        ready=found.starts.ready,
        day=found.day,
        at=found.at,
        arrival=going.arrivals.latest,
        there=going.there,
        at_hub=going.at_hub,
        family=going.family,
        parcels=parcels,
        ready_at=going.ready_at,
        to=going.to,
        leg_service=going.leg_service,
        leg_metres=going.leg_metres,
        cap_units=cap_units,
        cap_lines=cap_lines,
        reason=reason,
        table=ask.table,
        work=ask.load.work,
        ask=ask,
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


def to_the_door(ask: Ask, cart: Cart, services: tuple[int, ...], begins: Starts) -> Going:
    """The order delivered to the cart's destination from `begins` on, by those of the services that deliver."""
    services = tuple(s for s in services if not ask.snapshot.network.services[s].service.method.collected)
    return delivered(ask, services, *_door(ask.snapshot.network, cart), begins)


def _door(network: CompiledNetwork, cart: Cart) -> tuple[IntArray, str, str]:
    """How far it is from every node, the time zone there, and the id of the postal zone (empty: none)."""
    point, time_zone = locate(network, cart.destination)
    zone = zone_of(network.postal_zones, cart.destination)
    return distances_m(network, point), time_zone, network.network.zones[zone].zone_id if zone >= 0 else ""


def _through_hubs(
    ask: Ask, cart: Cart, rules: CompiledRules, going: Going, services: tuple[int, ...]
) -> tuple[Going, tuple[Onward, ...]]:
    """Where the rules ask for it, by way of hubs as well: what then goes directly goes alone."""
    network = ask.snapshot.network
    meeting = np.array([s for s in services if consolidates(rules, network, s)], dtype=np.int64)
    if len(meeting) == 0:
        return going, ()
    going.family[np.isin(going.service, meeting)] = ALONE
    door = _door(network, cart)
    hubs = [(s, hub_of(rules, network, s)) for s in meeting.tolist()]
    found = [onward(ask, cart, s, hub, *door) for s, hub in hubs if hub is not None]
    parcels = tuple(parcel for parcel in found if parcel is not None)
    return joined([going, *(through_hub(ask, p, VIA + i) for i, p in enumerate(parcels))]), parcels


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

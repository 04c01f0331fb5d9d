"""Eligibility: which nodes can serve an order at all, by which service, leaving and arriving when.

Vectorized masks over all nodes at once; the first mask that fails names the node's reason.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sourcier.domain.errors import Reason, Violation, invalid
from sourcier.domain.order import Cart
from sourcier.domain.plan import NodeReason
from sourcier.domain.rules import DeliverBy
from sourcier.engine.candidates import Ask, Load, caps, starts
from sourcier.engine.compile import (
    UNLIMITED,
    BoolArray,
    CompiledNetwork,
    CompiledRules,
    IntArray,
)
from sourcier.engine.going import Going, going, in_time
from sourcier.engine.hubs import Onward, consolidates, hub_of, onward
from sourcier.engine.places import Place, place_of
from sourcier.engine.snapshot import Snapshot
from sourcier.engine.stores import chosen_stores
from sourcier.engine.tariffs import Tariff
from sourcier.engine.timetable import Timetable
from sourcier.engine.transit import Arrivals
from sourcier.engine.trips import ALONE, VIA, Reach, reach, through_hub, with_more

REASONS = (None, *NodeReason)
_CODE = {reason: np.int8(code) for code, reason in enumerate(REASONS)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lanes:
    """Candidates over axis C: lane, departure and shift, and why nodes fell out.

    `way[C]` says which way to get the order it is part of (`trips.way_of`). `departure[C]` is a position among the
    rounds of `table`, `shift[C]` among its shifts (NONE without; what is collected where it lies has no departure).
    `day[C]` is the ship day, `at[C]` the instant of departure or readiness, `arrival[C]` the day by which the customer
    has it (an ordinal), `ready_at[C]` the instant (NEVER: some time that day). `there` are the days on which it is
    where it goes: `to[C]` is a store or hub (NONE: the customer), `at_hub[C]` since when it is at a hub (NEVER: it goes
    to none), `family[C]` what it goes together with (`engine.hubs`), and `parcels` are the hubs' parcels of the
    families from VIA on. `leg_service[C, legs]` (-1: none) and `leg_metres[C, legs]` are what transport costs,
    `cap_units[C]` and `cap_lines[C]` what pools let through. A candidate may wait for dated supply that is ready by
    `ready[C]` (an ordinal; ON_HAND: for none).

    `trip[C]` is its position in `tariff`, which says what that costs.

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
    trip: IntArray
    tariff: Tariff
    cap_units: IntArray
    cap_lines: IntArray
    reason: NDArray[np.int8]
    table: Timetable
    work: IntArray
    ask: Ask


def wanted_services(cart: Cart, network: CompiledNetwork) -> tuple[int, ...]:
    """Indices of the services that the cart allows, by name and by method; raises Refusal SERVICE_UNKNOWN."""
    if not cart.services and not cart.methods:
        return tuple(range(len(network.services)))
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
    if cart.channel not in rules.protection.channel_class:
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
    supplying: BoolArray | None = None,
) -> Lanes:
    """Every candidate on which some of the order could travel; `load` is its number of (order lines, units).

    `later` are (node, ready day) pairs of dated supply that is worth waiting for. An order is collected if every
    service that it allows is, at the one store that it names; otherwise it is delivered, by those that deliver, or
    collected, for any of the (service, store) `pickups`. With a mask ``supplying[N]`` other nodes are looked at only
    for the ways that none of these is on, and no node gets a reason.
    """
    ask, excluded = ask_for(cart, snapshot, rules, load, later)
    whole, parcels = _reach(cart, ask, rules, pickups)
    if supplying is not None:
        ask = ask.among(whole.with_nodes_of_other_ways(supplying))
    begins = starts(ask)
    found = going(ask, whole, parcels, begins)
    trips, trip, start = whole.trips, found.departing.trip, found.departing.start
    cap_units, cap_lines = caps(ask, begins, found.departing)
    return Lanes(
        node=trips.node[trip],
        service=trips.service[trip],
        way=trips.way[trip],
        departure=found.departing.departure,
        shift=begins.shift[start],
        ready=begins.ready[start],
        day=found.departing.day,
        at=found.departing.at,
        arrival=found.arrival,
        there=found.there,
        at_hub=found.at_hub,
        family=trips.family[trip],
        parcels=parcels,
        ready_at=found.ready_at,
        to=trips.to[trip],
        leg_service=trips.leg_service.take(trip, axis=0),
        leg_metres=trips.leg_metres.take(trip, axis=0),
        trip=trip,
        tariff=whole.tariff,
        cap_units=cap_units,
        cap_lines=cap_lines,
        reason=_reasons(ask, excluded, whole, found) if supplying is None else np.zeros(len(excluded), dtype=np.int8),
        table=ask.table,
        work=ask.load.work,
        ask=ask,
    )


def _reasons(ask: Ask, excluded: BoolArray, whole: Reach, found: Going) -> NDArray[np.int8]:
    """What is against each node, stock and capacity apart; the first failure counts."""
    served, reached, trips = whole.served, whole.reached, whole.trips
    if whole.to_hubs:  # a way to a hub counts where it can be taken
        trip = found.departing.trip
        served, reached = served.copy(), reached.copy()
        to_hubs = trips.node[trip[trips.family[trip] >= VIA]]
        served[to_hubs] = reached[to_hubs] = True
    return first_failed(
        {
            NodeReason.OFFLINE: ask.snapshot.online,
            NodeReason.NODE_TYPE_EXCLUDED: ~excluded,
            NodeReason.NO_SERVICE: served,
            NodeReason.OUT_OF_RANGE: reached,
            NodeReason.TOO_LATE: in_time(ask, whole, found),
        }
    )


def first_failed(passed: Mapping[NodeReason, BoolArray]) -> NDArray[np.int8]:
    """``reason[N]``: the first of the masks ``passed[N]`` that a node is not in; 0 for those in all."""
    masks = [*passed.values()]
    codes = np.array([*(_CODE[reason] for reason in passed), 0], dtype=np.int8)
    first: NDArray[np.int8] = codes[np.array([*masks, np.zeros(len(masks[0]), dtype=np.bool_)]).argmin(axis=0)]
    return first


def _reach(
    cart: Cart, ask: Ask, rules: CompiledRules, pickups: Sequence[tuple[int, int]]
) -> tuple[Reach, tuple[Onward, ...]]:
    """Where the order can come from, by way of hubs as well where the rules ask for it, and the hubs' parcels."""
    network = ask.snapshot.network
    services = wanted_services(cart, network)
    methods = [network.services[s].service.method for s in services]
    stores = chosen_stores(cart, network)
    delivering = [s for s, method in zip(services, methods, strict=True) if not method.collected]
    if services and not delivering:
        own = [(service, store) for service in services for store in stores if len(stores) == 1]
        return reach(ask.table, None, (), pickups or own), ()
    place = place_of(network, cart.destination)
    direct = reach(ask.table, place, delivering, pickups)
    if not rules.rule_set.consolidation:
        return direct, ()
    meeting = [s for s in services if consolidates(rules, network, s)]
    return _through_hubs(ask, cart, rules, place, direct, meeting) if meeting else (direct, ())


def excluded_nodes(cart: Cart, network: CompiledNetwork, rules: CompiledRules) -> BoolArray:
    """``excluded[N]``: the node's type takes no part in orders of the cart's channel."""
    return rules.takes_no_part[cart.channel].take(network.node_type)


def ask_for(
    cart: Cart, snapshot: Snapshot, rules: CompiledRules, load: tuple[int, int], later: tuple[IntArray, IntArray]
) -> tuple[Ask, BoolArray]:
    """The cart as an order from wherever, and the nodes ``excluded[N]`` by their type."""
    network, table = snapshot.network, snapshot.timetable(cart.placed_at)
    excluded = excluded_nodes(cart, network, rules)
    ask = Ask(
        snapshot=snapshot,
        table=table,
        placed=table.placed(cart.placed_at),
        load=Load(lines=load[0], units=load[1], work=table.work(load[1])),
        usable=snapshot.online & ~excluded,
        later=later,
        quantile_bp=rules.rule_set.promising.quantile_bp,
        deadline=_deadline(cart, rules),
        at_once=len(later[0]) == 0 and len(network.shift_limit) == 0,
    )
    return ask, excluded


def _through_hubs(
    ask: Ask, cart: Cart, rules: CompiledRules, place: Place, direct: Reach, meeting: Sequence[int]
) -> tuple[Reach, tuple[Onward, ...]]:
    """By way of the hubs at which orders by the services of `meeting` meet; what then goes directly goes alone."""
    network, trips = ask.snapshot.network, direct.trips
    alone = replace(trips, family=np.where(np.isin(trips.way, meeting), ALONE, trips.family))  # way: not collected
    found = [onward(ask, cart, s, hub, place) for s in meeting if (hub := hub_of(rules, network, s)) is not None]
    parcels = tuple(parcel for parcel in found if parcel is not None)
    parts = [part for i, p in enumerate(parcels) for part in through_hub(ask.table, p.service, p.hub, VIA + i)]
    return with_more(network, direct, alone, parts), parcels


def reject(lanes_reason: NDArray[np.int8], nodes: BoolArray, reason: NodeReason) -> None:
    """Name `reason` for the nodes of the mask that have none yet."""
    lanes_reason[nodes & (lanes_reason == 0)] = _CODE[reason]


def _deadline(cart: Cart, rules: CompiledRules) -> int:
    hard = rules.rule_set.constraints.deliver_by is DeliverBy.HARD
    return cart.deliver_by.toordinal() if hard and cart.deliver_by is not None else int(UNLIMITED)

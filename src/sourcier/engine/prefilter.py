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
from sourcier.engine.candidates import Load, Ways, caps, departing, latest_ready, starts
from sourcier.engine.compile import (
    NODE_TYPES,
    UNLIMITED,
    BoolArray,
    CompiledNetwork,
    CompiledRules,
    IntArray,
    distances_m,
)
from sourcier.engine.hours import NEVER
from sourcier.engine.postal_zones import zone_of
from sourcier.engine.snapshot import Snapshot
from sourcier.engine.timetable import Timetable
from sourcier.engine.transit import Arrivals

REASONS = (None, *NodeReason)
_CODE = {reason: np.int8(code) for code, reason in enumerate(REASONS)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lanes:
    """Candidates over axis C: lane, departure and shift, and why nodes fell out.

    `departure[C]` is a position among the rounds of `table`, `shift[C]` among its shifts (NONE without). `day[C]` is
    the ship day, `earliest[C]` and `arrival[C]` the first and last day of delivery (ordinals), `confidence_bp[C]` the
    share that has come by the last; `cap_units[C]`, `cap_lines[C]` what pools let through. A candidate may wait for
    dated supply that is ready by `ready[C]` (an ordinal; ON_HAND: for none).

    `reason[N]` indexes REASONS (0: still in); what stock and capacity have against a node is added by `offers.build`.
    `distance_m[N]` is to the destination, `work[N]` the seconds of work on the order.
    """

    node: IntArray
    service: IntArray
    departure: IntArray
    shift: IntArray
    ready: IntArray
    day: IntArray
    earliest: IntArray
    arrival: IntArray
    confidence_bp: IntArray
    cap_units: IntArray
    cap_lines: IntArray
    reason: NDArray[np.int8]
    distance_m: IntArray
    time_zone: str
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
    """Indices of the services that the cart allows; raises Refusal SERVICE_UNKNOWN."""
    unknown = [s for s in cart.services if s not in network.service_index]
    if unknown:
        faults = [
            Violation(field=f"services[{i}]", description=f"the network has no service {s!r}")
            for i, s in enumerate(cart.services)
            if s in unknown
        ]
        raise invalid(faults, Reason.SERVICE_UNKNOWN)
    if cart.services:
        return tuple(sorted({network.service_index[s] for s in cart.services}))
    return tuple(range(len(network.services)))


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

    `later` are (node, ready day) pairs of dated supply that is worth waiting for.
    """
    network, table = snapshot.network, snapshot.timetable(cart.placed_at)
    placed, weighs = table.placed(cart.placed_at), Load(lines=load[0], units=load[1], work=table.work(load[1]))
    point, time_zone = locate(network, cart.destination)
    distance = distances_m(network, point)
    excluded = np.isin(network.node_type, [NODE_TYPES.index(t) for t in rules.excluded[cart.channel]])
    usable = snapshot.online & ~excluded
    node, service, served = _collecting(cart, network, usable)
    zone = zone_of(network.postal_zones, cart.destination)
    zone_id = network.network.zones[zone].zone_id if zone >= 0 else ""
    transit = table.transit.rows(node, service, distance[node], zone_id)
    reached = np.flatnonzero(transit >= 0)
    node, service, transit = node[reached], service[reached], transit[reached]
    ways = Ways(node=node, service=service, schedule=table.schedules(time_zone)[node, service].astype(np.int64))
    quantile, deadline = rules.rule_set.promising.quantile_bp, _deadline(cart, rules)
    soonest = table.first_round(node, ways.schedule, placed, np.full(len(node), placed), weighs.work[node])
    in_time = (soonest >= 0) & (_arrivals(table, transit, soonest, quantile).latest <= deadline)
    reason = _first_failure(
        (NodeReason.OFFLINE, snapshot.online),
        (NodeReason.NODE_TYPE_EXCLUDED, ~excluded),
        (NodeReason.NO_SERVICE, served),
        (NodeReason.OUT_OF_RANGE, _among(network, node)),
        (NodeReason.TOO_LATE, _among(network, node[in_time])),
    )
    found = departing(snapshot, table, ways, starts(snapshot, table, usable, placed, later, weighs), placed, weighs)
    found = found.take(latest_ready(found))
    arrivals = _arrivals(table, transit[found.way], found.departure, quantile)
    found = found.take(np.flatnonzero(arrivals.latest <= deadline))
    arrivals = _arrivals(table, transit[found.way], found.departure, quantile)
    cap_units, cap_lines = caps(snapshot, table, found)
    return Lanes(
        node=found.starts.node,
        service=service[found.way],
        departure=found.departure,
        shift=found.starts.shift,
        ready=found.starts.ready,
        day=table.rounds.day[found.departure].astype(np.int64),
        earliest=arrivals.earliest,
        arrival=arrivals.latest,
        confidence_bp=arrivals.confidence_bp,
        cap_units=cap_units,
        cap_lines=cap_lines,
        reason=reason,
        distance_m=distance,
        time_zone=time_zone,
        table=table,
        work=weighs.work,
    )


def _collecting(cart: Cart, network: CompiledNetwork, usable: BoolArray) -> tuple[IntArray, IntArray, BoolArray]:
    """``node[L]``, ``service[L]`` of the lanes by wanted services at usable nodes; nodes that have such a service."""
    services = np.array(wanted_services(cart, network), dtype=np.int64)
    served: BoolArray = network.collects[:, services]
    node, position = np.nonzero(served & usable[:, None])
    has_one: BoolArray = np.any(served, axis=1)
    return node, services[position], has_one


def _among(network: CompiledNetwork, node: IntArray) -> BoolArray:
    mask = np.zeros(len(network.node_index), dtype=np.bool_)
    mask[node] = True
    return mask


def _arrivals(table: Timetable, transit: IntArray, departure: IntArray, quantile_bp: int) -> Arrivals:
    """When what leaves with each departure arrives; -1 never leaves."""
    day = np.full(len(departure), NEVER)
    leaves = departure >= 0
    day[leaves] = table.rounds.day[departure[leaves]]
    return table.transit.arrivals(transit, day, quantile_bp)


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

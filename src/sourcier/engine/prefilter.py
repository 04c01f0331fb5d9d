"""Eligibility: which nodes can serve an order at all, by which service, leaving and arriving when.

Vectorized masks over all nodes at once; the first mask that fails names the node's reason.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from sourcier.domain.calendar import delivery_day, first_ship_day, next_ship_day
from sourcier.domain.errors import Kind, Reason, Refusal, Violation, invalid
from sourcier.domain.limits import SHIP_HORIZON_DAYS
from sourcier.domain.network import Service
from sourcier.domain.order import Cart
from sourcier.domain.place import Destination, GeoPoint
from sourcier.domain.plan import NodeReason
from sourcier.domain.rules import DeliverBy
from sourcier.engine.compile import (
    NODE_TYPES,
    UNLIMITED,
    BoolArray,
    CompiledNetwork,
    CompiledRules,
    IntArray,
    distances_m,
)
from sourcier.engine.snapshot import Snapshot

REASONS = (None, *NodeReason)
_CODE = {reason: np.int8(code) for code, reason in enumerate(REASONS)}
NEVER = np.int64(0)
"""The ordinal that stands for "no such day"; real ordinals are larger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lanes:
    """Candidate (node, service, ship day) triples over axis C, and why nodes fell out.

    `day[C]`, `arrival[C]` are ordinals; `left[C]` is the capacity left in the node's own measure. `reason[N]` indexes
    REASONS (0: still in); what stock and capacity have against a node is added by `offers.build`. `distance_m[N]` is
    to the destination.
    """

    node: IntArray
    service: IntArray
    day: IntArray
    arrival: IntArray
    left: IntArray
    reason: NDArray[np.int8]
    distance_m: IntArray
    time_zone: str


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


def lanes(cart: Cart, snapshot: Snapshot, rules: CompiledRules, load: tuple[int, int]) -> Lanes:
    """Every lane on which some of the order could travel; `load` is its number of (order lines, units).

    Of a node and service only those ship days are kept on which more capacity is left than on every earlier one: a
    later day with no more room costs as much and arrives no earlier, so no plan needs it.
    """
    check_cart(cart, snapshot, rules)
    network = snapshot.network
    point, time_zone = locate(network, cart.destination)
    distance = distances_m(network, point)
    deadline = _deadline(cart, rules)
    excluded_types = [NODE_TYPES.index(t) for t in rules.excluded[cart.channel]]
    excluded = np.isin(network.node_type, excluded_types) if excluded_types else np.zeros_like(snapshot.online)
    usable = snapshot.online & ~excluded
    services = wanted_services(cart, network)
    found: list[tuple[IntArray, IntArray, IntArray, IntArray, IntArray]] = []
    served, in_band, in_time = np.zeros_like(usable), np.zeros_like(usable), np.zeros_like(usable)
    first_days = _first_days(network, cart.placed_at)
    for service in services:
        collected = usable & network.collects[:, service]
        served |= collected
        days = _transit_days(network, service, distance)
        collected &= days >= 0
        in_band |= collected
        shipped = first_days[network.calendar_of]
        arrival = _arrivals(network.services[service].service, shipped, np.where(collected, days, -1))
        in_time |= (arrival != NEVER) & (arrival <= deadline)
        nodes = np.flatnonzero((arrival != NEVER) & (arrival <= deadline))
        found.append((nodes, np.full(len(nodes), service), shipped[nodes], arrival[nodes], days[nodes]))
    reason = _first_failure(
        (NodeReason.OFFLINE, snapshot.online),
        (NodeReason.NODE_TYPE_EXCLUDED, ~excluded),
        (NodeReason.NO_SERVICE, served),
        (NodeReason.OUT_OF_RANGE, in_band),
        (NodeReason.TOO_LATE, in_time),
    )
    node, service_of, day, arrival, left = _with_capacity(snapshot, found, load, deadline)
    return Lanes(
        node=node,
        service=service_of,
        day=day,
        arrival=arrival,
        left=left,
        reason=reason,
        distance_m=distance,
        time_zone=time_zone,
    )


def reject(lanes_reason: NDArray[np.int8], nodes: BoolArray, reason: NodeReason) -> None:
    """Name `reason` for the nodes of the mask that have none yet."""
    lanes_reason[nodes & (lanes_reason == 0)] = _CODE[reason]


def _deadline(cart: Cart, rules: CompiledRules) -> int:
    hard = rules.rule_set.constraints.deliver_by is DeliverBy.HARD
    return cart.deliver_by.toordinal() if hard and cart.deliver_by is not None else int(UNLIMITED)


def _first_days(network: CompiledNetwork, placed_at: datetime) -> IntArray:
    """The first ship day per distinct calendar, NEVER where there is none within the horizon."""
    days = [first_ship_day(calendar, zone, placed_at, SHIP_HORIZON_DAYS) for calendar, zone in network.calendars]
    return np.array([NEVER if day is None else day.toordinal() for day in days], dtype=np.int64)


def _transit_days(network: CompiledNetwork, service: int, distance: IntArray) -> IntArray:
    """Business days from every node, -1 where no transit band reaches the destination."""
    compiled = network.services[service]
    band = np.searchsorted(compiled.band_limit_m, distance, side="left")
    reached = band < len(compiled.band_days)
    return np.where(reached, compiled.band_days[np.minimum(band, len(compiled.band_days) - 1)], -1)


def _arrivals(service: Service, shipped: IntArray, transit: IntArray) -> IntArray:
    """Arrival ordinals, one calendar walk per distinct (ship day, transit); NEVER where either is missing."""
    codes = np.where((shipped != NEVER) & (transit >= 0), shipped * 1_000 + transit, 0)
    distinct, back = np.unique(codes, return_inverse=True)
    days = [
        NEVER if code == 0 else arrival_ordinal(service, int(code) // 1_000, int(code) % 1_000) for code in distinct
    ]
    return np.array(days, dtype=np.int64)[back]


def arrival_ordinal(service: Service, shipped: int, transit: int) -> int:
    """The delivery day of a shipment that leaves on `shipped` (ordinal), or NEVER."""
    day = delivery_day(service.delivery_days, service.closed_dates, date.fromordinal(shipped), transit)
    return int(NEVER) if day is None else day.toordinal()


def _first_failure(*masks: tuple[NodeReason, BoolArray]) -> NDArray[np.int8]:
    reason = np.zeros(len(masks[0][1]), dtype=np.int8)
    for name, passed in masks:
        reject(reason, ~passed, name)
    return reason


def _with_capacity(
    snapshot: Snapshot,
    found: list[tuple[IntArray, IntArray, IntArray, IntArray, IntArray]],
    load: tuple[int, int],
    deadline: int,
) -> tuple[IntArray, IntArray, IntArray, IntArray, IntArray]:
    """Lanes with room: the first ship day where it holds the whole order, a staircase of later days elsewhere."""
    network = snapshot.network
    node, service, day, arrival, transit = (np.concatenate(column) for column in zip(*found, strict=True))
    left = np.full(len(node), UNLIMITED)
    for ordinal_day in np.unique(day):
        on_day = day == ordinal_day
        left[on_day] = snapshot.capacity_left(int(ordinal_day))[node[on_day]]
    enough = np.array([0, 1, *load], dtype=np.int64)[network.measure[node]]
    tight = np.flatnonzero(left < enough)
    if len(tight) == 0:
        return node, service, day, arrival, left
    keep = left > 0
    stairs: list[tuple[int, int, int, int, int]] = []
    for lane in tight:
        n, s = int(node[lane]), int(service[lane])
        stairs += _later_days(
            snapshot, n, s, int(day[lane]), int(transit[lane]), int(left[lane]), int(enough[lane]), deadline
        )
    extra = np.array(stairs, dtype=np.int64).reshape(-1, 5)
    columns = zip((node, service, day, arrival, left), extra.T, strict=True)
    merged = tuple(np.concatenate([old[keep], new]) for old, new in columns)
    return merged[0], merged[1], merged[2], merged[3], merged[4]


def _later_days(
    snapshot: Snapshot, node: int, service: int, day: int, transit: int, most: int, enough: int, deadline: int
) -> list[tuple[int, int, int, int, int]]:
    network = snapshot.network
    calendar, _ = network.calendars[network.calendar_of[node]]
    last = date.fromordinal(day) + timedelta(days=SHIP_HORIZON_DAYS)
    stairs = []
    current = date.fromordinal(day)
    while most < enough:
        following = next_ship_day(calendar, current, last)
        if following is None:
            break
        current = following
        arrival = arrival_ordinal(network.services[service].service, current.toordinal(), transit)
        if arrival == NEVER or arrival > deadline:
            break
        left = int(snapshot.capacity_left(current.toordinal())[node])
        if left > most:
            most = left
            stairs.append((node, service, current.toordinal(), arrival, left))
    return stairs

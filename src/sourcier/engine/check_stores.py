"""The checker's rules of what is collected: from the store's own stock, or sent there over transfer lanes."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sourcier.domain.calendar import (
    collectable_at,
    departures,
    local_instant,
    makes,
    open_from,
    opening_spans,
    ready_at,
    start_by,
    work_on,
)
from sourcier.domain.network import Method, Node, Service
from sourcier.domain.plan import Shipment
from sourcier.engine.check_time import SECOND, begins, by_supply, late, metres_between, shift_faults, transit_of, travel
from sourcier.engine.seen import Seen

LEGS_MAX = 3
"""Transfer lanes one after the other."""

_CERTAIN = (None, 10_000, None, 0)
"""No earlier day, the share, the round and the distance of what stays where it is."""

Legs = tuple[tuple[Service, int], ...]
"""The services that carry goods, and how many metres each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trip:
    """Legs so far, the node they lead to, and the first and last day on which goods are there."""

    legs: Legs
    node: Node
    earliest: date
    latest: date
    sure: int


def stays_for_collection(shipment: Shipment, node: Node, service: Service, seen: Seen) -> list[str]:
    """The customer collects at this store what lies there, from when it is ready and the store is open."""
    faults = shift_faults(shipment, node)
    cart, zone, calendar = seen.cart, ZoneInfo(node.time_zone), node.calendar
    if cart.store_ids != (node.node_id,):
        faults.append("is not the store at which the customer collects")
    if service.method is Method.CLICK_AND_COLLECT and service.service_id not in node.services:
        faults.append("service does not collect here")
    work = work_on(calendar, sum(line.quantity for line in cart.lines))
    done = [] if faults else [ready_at(calendar, node.time_zone, b, work) for b in _begins(shipment, node, seen, work)]
    if shipment.ship_by not in done or shipment.ship_by.astimezone(zone).date() != shipment.ship_day:
        faults.append("is not ready then")
    opens = open_from(calendar, node.time_zone, shipment.ship_by)
    if opens is None or (shipment.ready_at, shipment.deliver_on) != (opens, opens.astimezone(zone).date()):
        return [*faults, f"can be collected from {opens} on"]
    if (shipment.deliver_from, shipment.confidence_bp, shipment.round_minute, shipment.distance_m) != _CERTAIN:
        faults.append("is there for certain, by no round, 0 metres away")
    if shipment.order_by != _last_order(shipment, node, seen, work):
        faults.append("order-by is not the last instant for this day")
    return faults + late(shipment, seen)


def _begins(shipment: Shipment, node: Node, seen: Seen, work: timedelta) -> Iterator[datetime]:
    """When the work may start: at once, or on any later day up to the day of readiness, which waits for room."""
    for begin in begins(shipment, node, seen, work):
        yield begin
        day = begin.astimezone(ZoneInfo(node.time_zone)).date()
        while day < shipment.ship_day:
            day += timedelta(days=1)
            yield local_instant(day, 0, node.time_zone)


def _last_order(shipment: Shipment, node: Node, seen: Seen, work: timedelta) -> datetime | None:
    """The last instant from which everything is ready while the store is still open that day."""
    closes = max(end for start, end in opening_spans(node.calendar, node.time_zone, shipment.deliver_on) if start < end)
    latest = start_by(node.calendar, node.time_zone, closes - SECOND, work)
    return None if latest is None else by_supply(shipment, node, seen, latest, latest)


def legs_to_store(shipment: Shipment, node: Node, service: Service, seen: Seen) -> tuple[list[str], list[Legs]]:
    """What is wrong with the way to the store, and the legs of every way that keeps the days that are told."""
    if seen.cart.store_ids != (shipment.to_node_id,):
        return ["does not go to the store at which the customer collects"], []
    fitting = [
        trip.legs
        for trip in trips(shipment, node, service, seen)
        if trip.node.node_id == shipment.to_node_id and _there(trip, seen) == _told(shipment)
    ]
    faults = [] if fitting else ["no way over transfer lanes brings it to the store on that day"]
    return faults + late(shipment, seen), fitting


def _told(shipment: Shipment) -> tuple[datetime | None, date, date, int, int]:
    earliest = shipment.deliver_from or shipment.deliver_on
    return shipment.ready_at, earliest, shipment.deliver_on, shipment.confidence_bp, shipment.distance_m


def _there(trip: _Trip, seen: Seen) -> tuple[datetime | None, date, date, int, int] | None:
    """When it can be collected, if the customer asked for the service of the last leg."""
    cart, service, store = seen.cart, trip.legs[-1][0], trip.node
    if service.method is not Method.SHIP_TO_STORE or (cart.services and service.service_id not in cart.services):
        return None
    first, last = (
        collectable_at(store.calendar, store.time_zone, day, service.collect_minutes)
        for day in (trip.earliest, trip.latest)
    )
    if first is None or last is None:
        return None
    zone = ZoneInfo(store.time_zone)
    days = first.astimezone(zone).date(), last.astimezone(zone).date()
    return last, days[0], days[1], trip.sure, sum(metres for _, metres in trip.legs)


def trips(shipment: Shipment, node: Node, service: Service, seen: Seen) -> Iterator[_Trip]:
    """Every way of at most LEGS_MAX legs over transfer lanes, of which the first is by the shipment's service."""
    start = _Trip(legs=(), node=node, earliest=shipment.ship_day, latest=shipment.ship_day, sure=10_000)
    target = shipment.to_node_id
    open_ends = list(_onward(start, seen, target, {service.service_id: shipment.ship_day}))
    while open_ends:
        trip = open_ends.pop()
        yield trip
        if len(trip.legs) < LEGS_MAX:
            open_ends += _onward(trip, seen, target, None)


def _onward(trip: _Trip, seen: Seen, target: str, first: dict[str, date] | None) -> Iterator[_Trip]:
    """The trip with one more leg, to the target or to where lanes go on from; `first` is how it begins, and when."""
    lanes = seen.network.transfer_lanes
    useful = {target, *(lane.from_node_id for lane in lanes)}
    for lane in lanes:
        if lane.from_node_id != trip.node.node_id or (first is not None and lane.service_id not in first):
            continue
        if lane.to_node_id not in useful:
            continue
        service = next(s for s in seen.network.services if s.service_id == lane.service_id)
        to = next(node for node in seen.network.nodes if node.node_id == lane.to_node_id)
        metres = round(metres_between(trip.node.point, to.point))
        transit = transit_of(service, trip.node, metres, None)
        if transit is None:
            continue
        ends = []
        for day in (trip.earliest, trip.latest):
            leaves = day if first is not None else leaves_from(trip.node, service, day, seen)
            ends.append(None if leaves is None else travel(service, transit, leaves, seen))
        soon, late_end = ends
        if soon is not None and late_end is not None:
            legs = (*trip.legs, (service, metres))
            sure = trip.sure * late_end[2] // 10_000
            yield _Trip(legs=legs, node=to, earliest=soon[0], latest=late_end[1], sure=sure)


def leaves_from(node: Node, service: Service, day: date, seen: Seen) -> date | None:
    """The day on which goods that are at a node from the start of `day` go on."""
    departs = departs_from(node, service, day, seen)
    return None if departs is None else departs.astimezone(ZoneInfo(node.time_zone)).date()


def departs_from(node: Node, service: Service, day: date, seen: Seen) -> datetime | None:
    """The first pickup that goods make which are at a node from the start of `day`."""
    cart = seen.cart
    work = work_on(node.calendar, sum(line.quantity for line in cart.lines))
    begin = max(cart.placed_at, local_instant(day, 0, node.time_zone))
    for offset in range(-1, 60):
        for departure in departures(node, service.service_id, day + timedelta(days=offset)):
            if makes(node, departure, cart.placed_at, begin, work):
                return departure.pickup
    return None

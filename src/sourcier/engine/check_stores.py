"""The checker's rules of what is collected: from the store's own stock, or sent there over transfer lanes."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sourcier.domain.calendar import (
    collectable_at,
    courier_delivers,
    departures_made,
    local_instant,
    open_from,
    opening_spans,
    ready_at,
)
from sourcier.domain.network import Method, Node, Service
from sourcier.domain.plan import Shipment
from sourcier.engine.check_costs import Legs
from sourcier.engine.check_facts import Facts, metres_between
from sourcier.engine.check_time import (
    SECOND,
    begins,
    by_supply,
    late,
    shift_faults,
    transit_of,
    travel,
)

LEGS_MAX = 3
"""Transfer lanes one after the other."""

_CERTAIN = (None, 10_000, None, 0)
"""No earlier day, the share, the round and the distance of what stays where it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """Legs so far, the node they lead to, the first and last day on which goods are there, and since when.

    `soon` and `late` are the starts of these days, or the departures if those were later.
    """

    legs: Legs
    node: Node
    earliest: date
    latest: date
    soon: datetime
    late: datetime
    sure: int


def stays_for_collection(shipment: Shipment, node: Node, service: Service, facts: Facts) -> list[str]:
    """The customer collects at this store what lies there, from when it is ready and the store is open."""
    zone = ZoneInfo(node.time_zone)
    faults = readiness_faults(shipment, node, facts)
    if facts.cart.store_ids != (node.node_id,):
        faults.append("is not the store at which the customer collects")
    if service.method is Method.CLICK_AND_COLLECT and service.service_id not in node.services:
        faults.append("service does not collect here")
    opens = open_from(node.calendar, node.time_zone, shipment.ship_by)
    if opens is None or (shipment.ready_at, shipment.deliver_on) != (opens, opens.astimezone(zone).date()):
        return [*faults, f"can be collected from {opens} on"]
    if (shipment.deliver_from, shipment.confidence_bp, shipment.round_minute, shipment.distance_m) != _CERTAIN:
        faults.append("is there for certain, by no round, 0 metres away")
    if shipment.order_by != _last_order(shipment, node, facts):
        faults.append("order-by is not the last instant for this day")
    return faults + late(shipment, facts)


def readiness_faults(shipment: Shipment, node: Node, facts: Facts) -> list[str]:
    """What stays where it is picked, in a store or at a hub, is ready when and on the day that is told."""
    faults = shift_faults(shipment, node)
    begins_at = () if faults else _begins(shipment, node, facts)
    done = [ready_at(node.calendar, node.time_zone, begin, facts.work(node)) for begin in begins_at]
    if (
        shipment.ship_by not in done
        or shipment.ship_by.astimezone(ZoneInfo(node.time_zone)).date() != shipment.ship_day
    ):
        faults.append("is not ready then")
    return faults


def _begins(shipment: Shipment, node: Node, facts: Facts) -> Iterator[datetime]:
    """When the work may start: at once, or on any later day up to the day of readiness, which waits for room."""
    for begin in begins(shipment, node, facts):
        yield begin
        day = begin.astimezone(ZoneInfo(node.time_zone)).date()
        while day < shipment.ship_day:
            day += timedelta(days=1)
            yield local_instant(day, 0, node.time_zone)


def _last_order(shipment: Shipment, node: Node, facts: Facts) -> datetime | None:
    """The last instant from which everything is ready while the store is still open that day."""
    closes = max(end for start, end in opening_spans(node.calendar, node.time_zone, shipment.deliver_on) if start < end)
    latest = facts.start_by(node, closes - SECOND)
    return None if latest is None else by_supply(shipment, node, facts, latest, latest)


def legs_to_store(shipment: Shipment, node: Node, service: Service, facts: Facts) -> tuple[list[str], list[Legs]]:
    """What is wrong with the way to the store, and the legs of every way that keeps the days that are told."""
    if facts.cart.store_ids != (shipment.to_node_id,):
        return ["does not go to the store at which the customer collects"], []
    fitting = [trip.legs for trip in trips(shipment, node, service, facts) if _there(trip, facts) == _told(shipment)]
    faults = [] if fitting else ["no way over transfer lanes brings it to the store on that day"]
    return faults + late(shipment, facts), fitting


def _told(shipment: Shipment) -> tuple[datetime | None, date, date, int, int]:
    earliest = shipment.deliver_from or shipment.deliver_on
    return shipment.ready_at, earliest, shipment.deliver_on, shipment.confidence_bp, shipment.distance_m


def _there(trip: Trip, facts: Facts) -> tuple[datetime | None, date, date, int, int] | None:
    """When it can be collected, if the customer asked for the service of the last leg."""
    cart, service, store = facts.cart, trip.legs[-1][0], trip.node
    if service.method is not Method.SHIP_TO_STORE or (cart.services and service.service_id not in cart.services):
        return None
    collectable = [
        collectable_at(store.calendar, store.time_zone, since, service.collect_minutes)
        for since in ((trip.soon,) if trip.soon == trip.late else (trip.soon, trip.late))
    ]
    first, last = collectable[0], collectable[-1]
    if first is None or last is None:
        return None
    zone = ZoneInfo(store.time_zone)
    days = first.astimezone(zone).date(), last.astimezone(zone).date()
    return last, days[0], days[1], trip.sure, sum(metres for _, metres in trip.legs)


def trips(shipment: Shipment, node: Node, service: Service, facts: Facts) -> Iterator[Trip]:
    """Every way of at most LEGS_MAX legs over transfer lanes to where the shipment goes, first by its own service."""
    day, leaves = shipment.ship_day, shipment.ship_by
    within = [{shipment.to_node_id}]
    for _ in range(LEGS_MAX - 1):
        before = (lane.from_node_id for end in within[-1] for lane in facts.seen.directory.lanes_to.get(end, ()))
        within.append(within[-1].union(before))
    open_ends = [Trip(legs=(), node=node, earliest=day, latest=day, soon=leaves, late=leaves, sure=10_000)]
    while open_ends:
        trip = open_ends.pop()
        if trip.legs and trip.node.node_id == shipment.to_node_id:
            yield trip
        if len(trip.legs) < LEGS_MAX:
            first_service = None if trip.legs else service.service_id
            open_ends += _onward(trip, within[LEGS_MAX - 1 - len(trip.legs)], facts, first_service)


def _onward(trip: Trip, ends: Collection[str], facts: Facts, first_service: str | None) -> Iterator[Trip]:
    """The trip with one more leg to one of the `ends`; the first leg leaves as the shipment says, others at once."""
    for lane in facts.seen.directory.lanes_from.get(trip.node.node_id, ()):
        if lane.to_node_id not in ends or first_service not in (None, lane.service_id):
            continue
        service, to = facts.seen.directory.services[lane.service_id], facts.seen.directory.nodes[lane.to_node_id]
        metres = round(metres_between(trip.node.point, to.point))
        transit = transit_of(service, trip.node, metres, None)
        leaves, follows = (trip.earliest, trip.soon), (trip.latest, trip.late)
        if first_service is None:
            onward = [departs_from(trip.node, service, since, facts) for since in (trip.soon, trip.late)]
            if onward[0] is None or onward[1] is None:
                continue
            leaves, follows = onward[0], onward[1]
        if transit is None:
            continue
        (soon_day, soon), (late_day, late_at) = leaves, follows
        earliest, latest, sure = travel(service, transit, late_day, facts)
        if soon_day != late_day:
            earliest, _, _ = travel(service, transit, soon_day, facts)
        yield Trip(
            legs=(*trip.legs, (service, metres)),
            node=to,
            earliest=earliest,
            latest=latest,
            soon=max(soon, local_instant(earliest, 0, to.time_zone)),
            late=max(late_at, local_instant(latest, 0, to.time_zone)),
            sure=trip.sure * sure // 10_000,
        )


def departs_from(
    node: Node, service: Service, since: datetime, facts: Facts, *, courier_to: str | None = None
) -> tuple[date, datetime] | None:
    """The day and instant of the first pickup that goods make which are at a node since an instant.

    For a courier to a destination in the zone `courier_to`: the first of those that it delivers.
    """
    placed_at = facts.cart.placed_at
    made = departures_made(node, service.service_id, placed_at, max(placed_at, since), facts.work(node))
    for departure in made:
        if courier_to is None or courier_delivers(service, departure, courier_to):
            return departure.day, departure.pickup
    return None

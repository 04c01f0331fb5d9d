"""The checker's rules of consolidation: what comes from several nodes meets at the hub and leaves it as one parcel."""

from collections import Counter
from datetime import datetime

from sourcier.domain.calendar import Departure, order_by, start_by
from sourcier.domain.network import Method, Node, Service
from sourcier.domain.plan import Decision, Shipment
from sourcier.engine.check_costs import Legs
from sourcier.engine.check_stores import departs_from, readiness_faults, trips
from sourcier.engine.check_time import (
    arrives_on_time,
    by_supply,
    leaving_with,
    time_zone,
    travel_to_door,
    work_of,
)
from sourcier.engine.seen import Seen


def meets_where_it_must(decision: Decision, seen: Seen) -> list[str]:
    """Orders by the methods of a consolidation come from one node, or by way of its hub."""
    plan = decision.plan
    services = seen.directory.services
    hubs = {method: entry.hub_id for entry in reversed(seen.rules.consolidation) for method in entry.methods}
    if plan.onward is None:
        direct = [s for s in plan.shipments if services[s.service_id].method in hubs and not s.to_node_id]
        return ["several nodes send to the customer what must meet at the hub"] if direct[1:] else []
    if hubs.get(services[plan.onward.service_id].method) != plan.onward.node_id:
        return ["the parcel does not leave the hub of its method"]
    return ["not everything goes to the hub"] * any(s.to_node_id != plan.onward.node_id for s in plan.shipments)


def legs_to_hub(shipment: Shipment, node: Node, service: Service, onward: Shipment, seen: Seen) -> tuple[
    list[str], list[Legs]
]:  # fmt: skip
    """What is wrong with the way to the hub, and the legs of every way that keeps the days that are told."""
    if node.node_id == onward.node_id:
        return _lies_there(shipment, node, onward, seen), [()]
    told = (shipment.deliver_from or shipment.deliver_on, shipment.deliver_on, shipment.confidence_bp)
    fitting = [
        trip.legs
        for trip in trips(shipment, node, service, seen)
        if shipment.to_node_id == onward.node_id
        and (trip.earliest, trip.latest, trip.sure) == told
        and sum(metres for _, metres in trip.legs) == shipment.distance_m
        and _in_time(trip.late, onward, seen)
        and _late(shipment, trip.late, onward, seen)
    ]
    return ([] if fitting else ["no way over transfer lanes brings it to the hub in time"]), fitting


def _lies_there(shipment: Shipment, hub: Node, onward: Shipment, seen: Seen) -> list[str]:
    """The hub's own goods are ready before the parcel is packed."""
    work = work_of(hub, seen)
    faults = readiness_faults(shipment, hub, seen, work)
    told = (shipment.deliver_from, shipment.deliver_on, shipment.confidence_bp, shipment.distance_m)
    if told != (None, shipment.ship_day, 10_000, 0) or not _in_time(shipment.ship_by, onward, seen):
        faults.append("is not at the hub in time")
    if not _late(shipment, shipment.ship_by, onward, seen):
        faults.append("is late by another number of days")
    latest, departure = _latest_start(hub, onward, seen), _departure(onward, hub)
    own = None if latest is None else start_by(hub.calendar, hub.time_zone, latest, work)
    if own is None or departure is None:
        return [*faults, "the parcel leaves with nothing"]
    if shipment.order_by != by_supply(shipment, hub, seen, min(own, departure.cut_off), own):
        faults.append("order-by is not the last instant for the parcel")
    return faults


def _departure(onward: Shipment, hub: Node) -> Departure | None:
    return leaving_with(onward, hub, onward.service_id)


def _latest_start(hub: Node, onward: Shipment, seen: Seen) -> datetime | None:
    """By when everything must be at the hub."""
    work = work_of(hub, seen)
    return start_by(hub.calendar, hub.time_zone, onward.ship_by, work)


def _in_time(there: datetime, onward: Shipment, seen: Seen) -> bool:
    hub = seen.directory.nodes[onward.node_id]
    latest = _latest_start(hub, onward, seen)
    return latest is not None and there <= latest


def _late(shipment: Shipment, there: datetime, onward: Shipment, seen: Seen) -> bool:
    """Lateness is priced by the day on which a parcel would be delivered that waits for this shipment alone."""
    wanted = seen.cart.deliver_by
    if wanted is None:
        return shipment.late_micros == 0
    hub = seen.directory.nodes[onward.node_id]
    service = seen.directory.services[onward.service_id]
    courier = service.method is Method.SAME_DAY
    leaves = departs_from(hub, service, there, seen, courier_to=time_zone(seen) if courier else None)
    door = None if leaves is None else travel_to_door(service, hub, leaves[0], onward.distance_m, seen)
    if door is None or leaves is None:
        return False
    units = sum(part.quantity for part in shipment.lines)
    days = max(0, ((leaves[0] if courier else door[1]) - wanted).days)
    return shipment.late_micros == units * days * seen.rules.prices.late_per_unit_day_micros


def parcel_is_sound(onward: Shipment, hub: Node, service: Service, decision: Decision, seen: Seen) -> list[str]:
    """The hub's parcel holds everything, leaves with what leaves first, and arrives as carriers take."""
    shipped: Counter[str] = Counter()
    for shipment in decision.plan.shipments:
        for part in shipment.lines:
            shipped[part.line_id] += part.quantity
    faults = [] if Counter({p.line_id: p.quantity for p in onward.lines}) == shipped else ["the parcel is another"]
    departure = _departure(onward, hub)
    if departure is None:
        return [*faults, "nothing leaves the hub then"]
    work = work_of(hub, seen)
    last = order_by(hub, departure, work)
    if seen.cart.placed_at > departure.cut_off or last is None:
        faults.append("the parcel's round was missed")
    if onward.order_by != min(shipment.order_by for shipment in decision.plan.shipments):
        faults.append("order-by of the parcel is not that of its first shipment")
    return faults + arrives_on_time(onward, hub, service, seen)

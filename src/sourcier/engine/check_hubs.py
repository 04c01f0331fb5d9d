"""The checker's rules of consolidation: what comes from several nodes meets at the hub and leaves it as one parcel."""

from collections import Counter
from datetime import datetime

from sourcier.domain.network import Method, Node, Service
from sourcier.domain.plan import Decision, Shipment
from sourcier.engine.check_costs import Legs
from sourcier.engine.check_facts import Facts
from sourcier.engine.check_stores import departs_from, readiness_faults, trips
from sourcier.engine.check_time import (
    arrives_on_time,
    by_supply,
    leaving_with,
    travel_to_door,
)


def meets_where_it_must(decision: Decision, facts: Facts) -> list[str]:
    """Orders by the methods of a consolidation come from one node, or by way of its hub."""
    plan = decision.plan
    services = facts.seen.directory.services
    hubs = {method: entry.hub_id for entry in reversed(facts.seen.rules.consolidation) for method in entry.methods}
    if plan.onward is None:
        direct = [s for s in plan.shipments if services[s.service_id].method in hubs and not s.to_node_id]
        return ["several nodes send to the customer what must meet at the hub"] if direct[1:] else []
    if hubs.get(services[plan.onward.service_id].method) != plan.onward.node_id:
        return ["the parcel does not leave the hub of its method"]
    return ["not everything goes to the hub"] * any(s.to_node_id != plan.onward.node_id for s in plan.shipments)


def legs_to_hub(shipment: Shipment, node: Node, service: Service, onward: Shipment, facts: Facts) -> tuple[
    list[str], list[Legs]
]:  # fmt: skip
    """What is wrong with the way to the hub, and the legs of every way that keeps the days that are told."""
    if node.node_id == onward.node_id:
        return _lies_there(shipment, node, onward, facts), [()]
    told = (shipment.deliver_from or shipment.deliver_on, shipment.deliver_on, shipment.confidence_bp)
    fitting = [
        trip.legs
        for trip in trips(shipment, node, service, facts)
        if shipment.to_node_id == onward.node_id
        and (trip.earliest, trip.latest, trip.sure) == told
        and sum(metres for _, metres in trip.legs) == shipment.distance_m
        and _in_time(trip.late, onward, facts)
        and _late(shipment, trip.late, onward, facts)
    ]
    return ([] if fitting else ["no way over transfer lanes brings it to the hub in time"]), fitting


def _lies_there(shipment: Shipment, hub: Node, onward: Shipment, facts: Facts) -> list[str]:
    """The hub's own goods are ready before the parcel is packed."""
    faults = readiness_faults(shipment, hub, facts)
    told = (shipment.deliver_from, shipment.deliver_on, shipment.confidence_bp, shipment.distance_m)
    if told != (None, shipment.ship_day, 10_000, 0) or not _in_time(shipment.ship_by, onward, facts):
        faults.append("is not at the hub in time")
    if not _late(shipment, shipment.ship_by, onward, facts):
        faults.append("is late by another number of days")
    latest, departure = facts.start_by(hub, onward.ship_by), leaving_with(onward, hub, onward.service_id, facts)
    own = None if latest is None else facts.start_by(hub, latest)
    if own is None or departure is None:
        return [*faults, "the parcel leaves with nothing"]
    if shipment.order_by != by_supply(shipment, hub, facts, min(own, departure.cut_off), own):
        faults.append("order-by is not the last instant for the parcel")
    return faults


def _in_time(there: datetime, onward: Shipment, facts: Facts) -> bool:
    """Whether goods are at the hub by when everything must be."""
    latest = facts.start_by(facts.seen.directory.nodes[onward.node_id], onward.ship_by)
    return latest is not None and there <= latest


def _late(shipment: Shipment, there: datetime, onward: Shipment, facts: Facts) -> bool:
    """Lateness is priced by the day on which a parcel would be delivered that waits for this shipment alone."""
    wanted = facts.cart.deliver_by
    if wanted is None:
        return shipment.late_micros == 0
    hub = facts.seen.directory.nodes[onward.node_id]
    service = facts.seen.directory.services[onward.service_id]
    courier = service.method is Method.SAME_DAY
    leaves = departs_from(hub, service, there, facts, courier_to=facts.time_zone if courier else None)
    door = None if leaves is None else travel_to_door(service, hub, leaves[0], onward.distance_m, facts)
    if door is None or leaves is None:
        return False
    units = sum(part.quantity for part in shipment.lines)
    days = max(0, ((leaves[0] if courier else door[1]) - wanted).days)
    return shipment.late_micros == units * days * facts.seen.rules.prices.late_per_unit_day_micros


def parcel_is_sound(onward: Shipment, hub: Node, service: Service, decision: Decision, facts: Facts) -> list[str]:
    """The hub's parcel holds everything, leaves with what leaves first, and arrives as carriers take."""
    shipped: Counter[str] = Counter()
    for shipment in decision.plan.shipments:
        for part in shipment.lines:
            shipped[part.line_id] += part.quantity
    faults = [] if Counter({p.line_id: p.quantity for p in onward.lines}) == shipped else ["the parcel is another"]
    departure = leaving_with(onward, hub, onward.service_id, facts)
    if departure is None:
        return [*faults, "nothing leaves the hub then"]
    if facts.cart.placed_at > departure.cut_off or facts.start_by(hub, departure.pickup) is None:
        faults.append("the parcel's round was missed")
    if onward.order_by != min(shipment.order_by for shipment in decision.plan.shipments):
        faults.append("order-by of the parcel is not that of its first shipment")
    return faults + arrives_on_time(onward, hub, service, facts)

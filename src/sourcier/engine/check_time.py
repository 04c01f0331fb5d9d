"""The checker's rules of time: when a shipment leaves, when it arrives, by when it had to be ordered.

Single answers of `domain.calendar`, walked day by day; nothing of the timetable.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sourcier.domain.calendar import (
    Departure,
    courier_delivers,
    is_working_day,
    local_instant,
)
from sourcier.domain.limits import TIMETABLE_DAYS
from sourcier.domain.network import Method, Node, Service, TransitBand, TransitShare, ZoneTransit
from sourcier.domain.plan import Shipment
from sourcier.domain.rules import DeliverBy
from sourcier.engine.check_facts import Facts

SECOND = timedelta(seconds=1)
"""The unit of instants."""


def leaves_on_time(shipment: Shipment, node: Node, service: Service, facts: Facts) -> list[str]:
    """With a round or cut-off that exists, ready for it, ordered in time; and the order-by is the last such instant."""
    departure = leaving_with(shipment, node, service.service_id, facts)
    if departure is None:
        if not is_working_day(node.calendar, shipment.ship_day):
            return ["ships on a day on which the node does not work"]
        return ["cut-off is not the node's: nothing leaves then"]
    cart, faults = facts.cart, shift_faults(shipment, node)
    latest = facts.start_by(node, departure.pickup)
    if latest is None:
        return [*faults, "nothing is ready for this departure"]
    starts = () if faults or cart.placed_at > departure.cut_off else begins(shipment, node, facts)
    if all(begin > latest for begin in starts):
        faults.append("order was placed after the order-by of the ship day, or is not ready by then")
    if shipment.order_by != by_supply(shipment, node, facts, min(latest, departure.cut_off), latest):
        faults.append("order-by is not the last instant for this departure")
    if shipment.ship_day > cart.placed_at.date() + timedelta(days=TIMETABLE_DAYS + 8):
        faults.append("ships beyond the horizon")
    return faults


def leaving_with(shipment: Shipment, node: Node, service_id: str, facts: Facts) -> Departure | None:
    """The departure of the node that the shipment names; None if nothing leaves then."""
    for departure in facts.departures(node, service_id, shipment.ship_day, shipment.round_minute):
        if departure.pickup == shipment.ship_by:
            return departure
    return None


def shift_faults(shipment: Shipment, node: Node) -> list[str]:
    """Where a node picks in shifts, one of them picks the shipment."""
    if not node.shifts:
        return [] if shipment.shift is None else ["the node has no shifts"]
    known = shipment.shift is not None and shipment.shift[0] in {shift.shift_id for shift in node.shifts}
    return [] if known else ["no shift of the node picks it"]


def begins(shipment: Shipment, node: Node, facts: Facts) -> Iterator[datetime]:
    """When the work may start: when the order is placed and its last supply is there, in the shift that is told.

    An order may also wait for any later supply of its SKUs, whether it takes of it in the end or not.
    """
    shift = None if shipment.shift is None else next(s for s in node.shifts if s.shift_id == shipment.shift[0])
    for day in _days(shipment, node, facts):
        begin = max(facts.cart.placed_at, local_instant(day, 0, node.time_zone))
        if shift is None or shipment.shift is None:
            yield begin
        elif (starts := facts.shift_begin(node, shift, shipment.shift[1], begin)) is not None:
            yield max(begin, starts)


def _days(shipment: Shipment, node: Node, facts: Facts) -> Iterator[date]:
    """The day of the last supply that the shipment waits for, or of the order; then any later one it could wait for."""
    order_day = facts.cart.placed_at.astimezone(ZoneInfo(node.time_zone)).date()
    pegged = max((peg.expected_on for line in shipment.lines for peg in line.pegs), default=order_day)
    yield pegged
    if node.shifts:
        days = {row.ready_on(order_day) for row in facts.seen.supplies.get(node.node_id, ())}
        yield from sorted(day for day in days if day > pegged)


def by_supply(shipment: Shipment, node: Node, facts: Facts, last: datetime, latest_start: datetime) -> datetime:
    """`last`, or the last instant of an order whose supply is still there on the day of the latest start."""
    if not [line for line in shipment.lines if line.pegs]:
        return last
    rows = {(row.supply_id, row.sku): row for row in facts.seen.supplies.get(node.node_id, ())}
    work_day = latest_start.astimezone(ZoneInfo(node.time_zone)).date()
    for line in shipment.lines:
        for peg in line.pegs:
            row = rows.get((peg.supply_id, line.sku))
            if row is None or (row.expected_on is not None and row.expected_on > work_day):
                continue  # no order is early enough: `makes` says so
            day = work_day
            while row.ready_on(day) > work_day:
                day -= timedelta(days=1)
            last = min(last, local_instant(day + timedelta(days=1), 0, node.time_zone) - SECOND)
    return last


def arrives_on_time(shipment: Shipment, node: Node, service: Service, facts: Facts) -> list[str]:
    """On the days that its zone or distance takes at the quantile asked for, and before a hard deliver-by date."""
    transit = _transit_to_door(service, node, shipment.distance_m, facts)
    if transit is None:
        return ["destination is out of the service's range"]
    if service.method is Method.SAME_DAY:
        return _couriered(shipment, node, service, facts)
    earliest, arrival, sure = travel(service, transit, shipment.ship_day, facts)
    faults = []
    if arrival != shipment.deliver_on:
        faults.append(f"arrives on {arrival}, not {shipment.deliver_on}")
    if (shipment.deliver_from or shipment.deliver_on) != earliest:
        faults.append(f"arrives from {earliest} on, not {shipment.deliver_from}")
    if shipment.confidence_bp != sure:
        faults.append(f"{sure} of 10,000 arrive by then, not {shipment.confidence_bp}")
    return faults + late(shipment, facts)


def travel_to_door(
    service: Service, node: Node, shipped: date, metres: int, facts: Facts
) -> tuple[date, date, int] | None:
    """`travel` to the customer; None where the service does not reach."""
    transit = _transit_to_door(service, node, metres, facts)
    return None if transit is None else travel(service, transit, shipped, facts)


def travel(service: Service, transit: TransitBand | ZoneTransit, shipped: date, facts: Facts) -> tuple[date, date, int]:
    """The first and last day of arrival at the quantile asked for, and the share that has come by then."""
    days = service.delivery_days
    if isinstance(transit, ZoneTransit) and transit.delivery_days is not None:
        days = transit.delivery_days
    shares = transit.distribution or (TransitShare(business_days=transit.business_days, share_bp=10_000),)
    sure, slowest = 0, 0
    for share in shares:
        sure, slowest = sure + share.share_bp, share.business_days
        if sure >= facts.seen.rules.promising.quantile_bp:
            break
    fastest = next(share.business_days for share in shares if share.share_bp > 0)
    return _walk(service, days, shipped, fastest), _walk(service, days, shipped, slowest), sure


def late(shipment: Shipment, facts: Facts) -> list[str]:
    """Nothing arrives after a hard deliver-by date."""
    hard, wanted = facts.seen.rules.constraints.deliver_by is DeliverBy.HARD, facts.cart.deliver_by
    too_late = hard and wanted is not None and shipment.deliver_on > wanted
    return ["arrives after the deliver-by date"] if too_late else []


def _couriered(shipment: Shipment, node: Node, service: Service, facts: Facts) -> list[str]:
    departure = leaving_with(shipment, node, service.service_id, facts)
    told = (shipment.deliver_on, shipment.deliver_from, shipment.confidence_bp, shipment.ready_at)
    there = shipment.ship_by + timedelta(minutes=service.courier_minutes)
    faults = [] if told == (shipment.ship_day, None, 10_000, there) else ["a courier arrives on the day, at its time"]
    if departure is not None and not courier_delivers(service, departure, facts.time_zone):
        faults.append("no window of the courier")
    return faults + late(shipment, facts)


def _transit_to_door(service: Service, node: Node, metres: int, facts: Facts) -> TransitBand | ZoneTransit | None:
    return transit_of(service, node, metres, facts.zone_id if service.zone_transit else None)


def transit_of(service: Service, node: Node, metres: int, zone_id: str | None) -> TransitBand | ZoneTransit | None:
    """The node's own lane to the zone, that of all nodes, or the band of the distance; None if nothing reaches it."""
    mine = [entry for entry in service.zone_transit if zone_id is not None and entry.zone_id == zone_id]
    for entry in mine:
        if node.node_id in entry.node_ids:
            return entry
    for entry in mine:
        if not entry.node_ids:
            return entry
    return next((b for b in service.transit if b.max_distance_m is None or metres <= b.max_distance_m), None)


def _walk(service: Service, days: frozenset[int], shipped: date, business_days: int) -> date:
    arrival, remaining = shipped, business_days
    while remaining or arrival.isoweekday() not in days or arrival in service.closed_dates:
        arrival += timedelta(days=1)
        if remaining and arrival.isoweekday() in days and arrival not in service.closed_dates:
            remaining -= 1
    return arrival

"""The checker's rules of time: when a shipment leaves, when it arrives, by when it had to be ordered.

Single answers of `domain.calendar`, walked day by day; nothing of the timetable.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sourcier.domain.calendar import (
    Departure,
    courier_delivers,
    departures,
    is_working_day,
    local_instant,
    makes,
    order_by,
    shift_begin,
    start_by,
    work_on,
)
from sourcier.domain.limits import TIMETABLE_DAYS
from sourcier.domain.network import Method, Node, Service, TransitBand, TransitShare, ZoneTransit
from sourcier.domain.order import Cart
from sourcier.domain.plan import Shipment
from sourcier.domain.rules import DeliverBy
from sourcier.engine.seen import Seen

_SECOND = timedelta(seconds=1)


def leaves_on_time(shipment: Shipment, node: Node, service: Service, seen: Seen) -> list[str]:
    """With a round or cut-off that exists, ready for it, ordered in time; and the order-by is the last such instant."""
    if not is_working_day(node.calendar, shipment.ship_day):
        return ["ships on a day on which the node does not work"]
    departure = _departure(shipment, node, service)
    if departure is None:
        return ["cut-off is not the node's: nothing leaves then"]
    cart = seen.cart
    work = work_on(node.calendar, sum(line.quantity for line in cart.lines))
    faults = _shift_faults(shipment, node)
    begins = [] if faults else _begins(shipment, node, seen, work)
    if not any(makes(node, departure, cart.placed_at, begin, work) for begin in begins):
        faults.append("order was placed after the order-by of the ship day, or is not ready by then")
    if shipment.order_by != _last_order(shipment, node, departure, seen, work):
        faults.append("order-by is not the last instant for this departure")
    if shipment.ship_day > cart.placed_at.date() + timedelta(days=TIMETABLE_DAYS + 8):
        faults.append("ships beyond the horizon")
    return faults


def _departure(shipment: Shipment, node: Node, service: Service) -> Departure | None:
    for departure in departures(node, service.service_id, shipment.ship_day):
        if (departure.pickup, departure.minute) == (shipment.ship_by, shipment.round_minute):
            return departure
    return None


def _shift_faults(shipment: Shipment, node: Node) -> list[str]:
    if not node.shifts:
        return [] if shipment.shift is None else ["the node has no shifts"]
    known = shipment.shift is not None and shipment.shift[0] in {shift.shift_id for shift in node.shifts}
    return [] if known else ["no shift of the node picks it"]


def _begins(shipment: Shipment, node: Node, seen: Seen, work: timedelta) -> Iterable[datetime]:
    """When the work may start: when the order is placed and its last supply is there, in the shift that is told.

    An order may also wait for any later supply of its SKUs, whether it takes of it in the end or not.
    """
    placed_at, zone = seen.cart.placed_at, node.time_zone
    order_day = placed_at.astimezone(ZoneInfo(zone)).date()
    pegged = max((peg.expected_on for line in shipment.lines for peg in line.pegs), default=order_day)
    days = {row.ready_on(order_day) for row in seen.supplies if row.node_id == node.node_id}
    waits = {day for day in days if day >= pegged} if node.shifts else set()
    begins = [max(placed_at, local_instant(day, 0, zone)) for day in sorted({pegged, *waits})]
    if shipment.shift is None:
        return begins
    shift = next(shift for shift in node.shifts if shift.shift_id == shipment.shift[0])
    day = shipment.shift[1]
    in_shift = ((begin, shift_begin(node, shift, day, begin, work)) for begin in begins)
    return (max(begin, starts) for begin, starts in in_shift if starts is not None)


def _last_order(shipment: Shipment, node: Node, departure: Departure, seen: Seen, work: timedelta) -> datetime | None:
    last = order_by(node, departure, work)
    latest = start_by(node.calendar, node.time_zone, departure.pickup, work)
    if last is None or latest is None:
        return None
    rows = {(row.supply_id, row.sku): row for row in seen.supplies if row.node_id == node.node_id}
    work_day = latest.astimezone(ZoneInfo(node.time_zone)).date()
    for line in shipment.lines:
        for peg in line.pegs:
            row = rows.get((peg.supply_id, line.sku))
            day = work_day
            while row is not None and row.ready_on(day) > work_day:
                day -= timedelta(days=1)
            if row is not None:
                last = min(last, local_instant(day + timedelta(days=1), 0, node.time_zone) - _SECOND)
    return last


def arrives_on_time(shipment: Shipment, node: Node, service: Service, seen: Seen) -> list[str]:
    """On the days that its zone or distance takes at the quantile asked for, and before a hard deliver-by date."""
    transit = _transit(shipment, node, service, seen)
    if transit is None:
        return ["destination is out of the service's range"]
    if service.method is Method.SAME_DAY:
        return _couriered(shipment, node, service, seen)
    days = service.delivery_days
    if isinstance(transit, ZoneTransit) and transit.delivery_days is not None:
        days = transit.delivery_days
    shares = transit.distribution or (TransitShare(business_days=transit.business_days, share_bp=10_000),)
    sure, latest = 0, None
    for share in shares:
        sure += share.share_bp
        latest = share
        if sure >= seen.rules.promising.quantile_bp:
            break
    first = next(share for share in shares if share.share_bp > 0)
    assert latest is not None, "a distribution has a share"
    arrival = _walk(service, days, shipment.ship_day, latest.business_days)
    earliest = _walk(service, days, shipment.ship_day, first.business_days)
    faults = []
    if arrival != shipment.deliver_on:
        faults.append(f"arrives on {arrival}, not {shipment.deliver_on}")
    if (shipment.deliver_from or shipment.deliver_on) != earliest:
        faults.append(f"arrives from {earliest} on, not {shipment.deliver_from}")
    if shipment.confidence_bp != sure:
        faults.append(f"{sure} of 10,000 arrive by then, not {shipment.confidence_bp}")
    return faults + _late(shipment, seen)


def _late(shipment: Shipment, seen: Seen) -> list[str]:
    hard, wanted = seen.rules.constraints.deliver_by is DeliverBy.HARD, seen.cart.deliver_by
    late = hard and wanted is not None and shipment.deliver_on > wanted
    return ["arrives after the deliver-by date"] if late else []


def _couriered(shipment: Shipment, node: Node, service: Service, seen: Seen) -> list[str]:
    departure = _departure(shipment, node, service)
    told = (shipment.deliver_on, shipment.deliver_from, shipment.confidence_bp, shipment.ready_at)
    there = shipment.ship_by + timedelta(minutes=service.courier_minutes)
    faults = [] if told == (shipment.ship_day, None, 10_000, there) else ["a courier arrives on the day, at its time"]
    if departure is not None and not courier_delivers(service, departure, _time_zone(seen)):
        faults.append("no window of the courier")
    return faults + _late(shipment, seen)


def _time_zone(seen: Seen) -> str:
    cart, code = seen.cart, seen.cart.destination.postal_code
    areas = [
        area
        for area in seen.network.postal_areas
        if area.country_code == cart.destination.country_code and code and code.startswith(area.prefix)
    ]
    return max(areas, key=lambda area: len(area.prefix)).time_zone if areas else seen.network.time_zone


def _transit(shipment: Shipment, node: Node, service: Service, seen: Seen) -> TransitBand | ZoneTransit | None:
    zone_id = _zone(seen, seen.cart)
    mine = [entry for entry in service.zone_transit if zone_id is not None and entry.zone_id == zone_id]
    for entry in mine:
        if node.node_id in entry.node_ids:
            return entry
    for entry in mine:
        if not entry.node_ids:
            return entry
    bands = [b for b in service.transit if b.max_distance_m is None or shipment.distance_m <= b.max_distance_m]
    return bands[0] if bands else None


def _zone(seen: Seen, cart: Cart) -> str | None:
    code = cart.destination.postal_code
    for zone in seen.network.zones:
        for one in zone.ranges:
            head = code[: len(one.low)]
            here = one.country_code == cart.destination.country_code and len(head) == len(one.low)
            if here and one.low <= head <= one.high:
                return zone.zone_id
    return None


def _walk(service: Service, days: frozenset[int], shipped: date, business_days: int) -> date:
    arrival, remaining = shipped, business_days
    while remaining or arrival.isoweekday() not in days or arrival in service.closed_dates:
        arrival += timedelta(days=1)
        if remaining and arrival.isoweekday() in days and arrival not in service.closed_dates:
            remaining -= 1
    return arrival

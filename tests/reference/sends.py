"""Everything that a node can send, and when, from the domain objects alone: no timetable, no pre-filter."""

import math
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from itertools import accumulate
from zoneinfo import ZoneInfo

from tests.reference.instances import World

from sourcier.domain.calendar import (
    courier_delivers,
    departures,
    departures_made,
    local_instant,
    makes,
    open_from,
    ready_at,
    shift_begin,
    work_on,
)
from sourcier.domain.limits import SHIP_HORIZON_DAYS
from sourcier.domain.network import (
    CapacityMeasure,
    Method,
    Node,
    NodeStatus,
    Service,
    capacity_pool_id,
    round_pool_id,
    shift_pool_id,
)
from sourcier.domain.place import GeoPoint
from sourcier.domain.rules import DeliverBy

EARTH_RADIUS_M = 6_371_008.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A node, a service and a departure; `stock` by SKU that it can wait for, `pools` as (measure, left).

    `legs` are the services that carry the goods, and how many metres each.
    """

    node: Node
    service: Service
    arrival: date
    legs: tuple[tuple[Service, int], ...]
    stock: dict[str, int]
    pools: tuple[tuple[CapacityMeasure, int], ...]


def _takes_part(world: World, node: Node) -> bool:
    excluded = any(node.node_type in e.exclude_node_types for e in world.rules.eligibility)
    return node.status is NodeStatus.OPEN and not excluded


def _begins(world, node, work):
    """(instant, stock, pools) of every start of the work."""
    return [
        (shift_begins, stock, pools)
        for begin, stock in _starts(world, node)
        for shift_begins, pools in _in_shifts(world, node, begin, work)
    ]


def offers_of(world: World, node: Node) -> list[Offer]:
    """Everything that a node can send, by every service, and when."""
    if not _takes_part(world, node):
        return []
    work = work_on(node.calendar, sum(line.quantity for line in world.cart.lines))
    begins = _begins(world, node, work)
    wanted = [s for s in world.network.services if not world.cart.methods or s.method in world.cart.methods]
    if all(service.method.collected for service in wanted):
        return [offer for begin in begins for offer in _collected(world, node, wanted, work, *begin)]
    legs = [((service, _metres(node, world)),) for service in wanted if service.service_id in node.services]
    return [
        offer
        for one in legs
        if _transit(world, node, one[0][0]) is not None
        for begin in begins
        for offer in _leaving(world, node, one, partial(_at_the_door, world, node, one[0][0]), work, *begin)
    ]


def _collected(world, node, wanted, work, begin, stock, pools):
    """What lies in the store, from the day on which it is ready; what other nodes send there."""
    store = next(n for n in world.network.nodes if n.node_id == world.cart.store_ids[0])
    for service in wanted:
        click = service.method is Method.CLICK_AND_COLLECT
        if node is store and (not click or service.service_id in node.services):
            yield from _lying(world, node, service, ((service, 0),) if click else (), work, begin, stock, pools)
        if not click:
            for legs, nodes in _paths(world, node, store, service):
                there = partial(_at_the_store, world, (node, *nodes), legs)
                yield from _leaving(world, node, legs, there, work, begin, stock, pools)


def _lying(world, node, service, legs, work, begin, stock, pools):
    return _waiting(world, node, service, partial(_opened, node), legs, work, begin, stock, pools)


def _opened(node, since):
    opens = open_from(node.calendar, node.time_zone, since)
    return None if opens is None else opens.astimezone(ZoneInfo(node.time_zone)).date()


def _waiting(world, node, service, there, legs, work, begin, stock, pools):
    """Every day on which goods that stay at the node are ready; ``there(ready)`` is when the customer has them."""
    used = {(pool, bucket): units for pool, bucket, units in world.pool_uses}
    zone = ZoneInfo(node.time_zone)
    first = None
    for offset in range(SHIP_HORIZON_DAYS + 2):
        day = None if first is None else first + timedelta(days=offset)
        waits = begin if day is None else max(begin, local_instant(day, 0, node.time_zone))
        done = ready_at(node.calendar, node.time_zone, waits, work)
        arrival = None if done is None else there(done)
        if arrival is None or _too_late(world, arrival):
            return
        day, mine, taken = done.astimezone(zone).date(), list(pools), 0
        first = first or day
        if node.capacity is not None:
            taken = used.get((capacity_pool_id(node.node_id), day.isoformat()), 0)
            mine.append((node.capacity.measure, max(0, node.capacity.per_day - taken)))
        yield Offer(node=node, service=service, arrival=arrival, legs=legs, stock=stock, pools=tuple(mine))
        if not taken:
            return


def _paths(world, node, store, service, most=3):
    """Legs (service, metres) from the node to the store, the last by the service, and the nodes at their ends."""
    by_id = {n.node_id: n for n in world.network.nodes}
    services = {s.service_id: s for s in world.network.services}
    for lane in world.network.transfer_lanes:
        if lane.from_node_id != node.node_id or most == 0:
            continue
        to, by = by_id[lane.to_node_id], services[lane.service_id]
        leg = (by, _between(node.point, to.point))
        if not any(b.max_distance_m is None or leg[1] <= b.max_distance_m for b in by.transit):
            continue
        if to is store and by is service:
            yield (leg,), (to,)
        for legs, nodes in _paths(world, to, store, service, most - 1):
            yield (leg, *legs), (to, *nodes)


def _at_the_store(world, nodes, legs, departure):
    """The day on which goods that leave then can be collected."""
    store, since = nodes[-1], _end_of(world, nodes, legs, departure)
    opens = None if since is None else open_from(store.calendar, store.time_zone, since)
    minutes = timedelta(minutes=legs[-1][0].collect_minutes)
    opens = None if opens is None else open_from(store.calendar, store.time_zone, opens + minutes)
    return None if opens is None else opens.astimezone(ZoneInfo(store.time_zone)).date()


def _end_of(world, nodes, legs, departure):
    """Since when goods that leave then are at the last node; each node on the way works on them like on an order."""
    day, since, cart = departure.day, departure.pickup, world.cart
    for i, (service, metres) in enumerate(legs):
        node = nodes[i]
        if i:
            work = work_on(node.calendar, sum(line.quantity for line in cart.lines))
            begin = max(cart.placed_at, since)
            departure = next(departures_made(node, service.service_id, cart.placed_at, begin, work), None)
            if departure is None:
                return None
            day, since = departure.day, departure.pickup
        band = next(b for b in service.transit if b.max_distance_m is None or metres <= b.max_distance_m)
        shares = [(s.business_days, s.share_bp) for s in band.distribution] or [(band.business_days, 10_000)]
        arrived = _arrival(service, (shares, service.delivery_days), world.rules, day)
        if service.method is Method.SAME_DAY and arrived != day:
            return None
        day, since = arrived, max(since, local_instant(arrived, 0, nodes[i + 1].time_zone))
    return since


def hub_offers_of(world: World, node: Node, hub: Node, service: Service) -> list[Offer]:
    """Everything that a node can bring to the hub, and when the hub's parcel would be delivered that waits for it."""
    if not _takes_part(world, node):
        return []
    work = work_on(node.calendar, sum(line.quantity for line in world.cart.lines))
    to_door = partial(_onward, world, hub, service)
    found = []
    for begin, stock, pools in _begins(world, node, work):
        if node is hub:
            found += _waiting(world, node, service, to_door, (), work, begin, stock, pools)
        for by in world.network.services:
            for legs, nodes in _paths(world, node, hub, by):
                there = partial(_through, world, to_door, (node, *nodes), legs)
                found += _leaving(world, node, legs, there, work, begin, stock, pools)
    return found


def _through(world, to_door, nodes, legs, departure):
    since = _end_of(world, nodes, legs, departure)
    return None if since is None else to_door(since)


def _onward(world, hub, service, since):
    """When a parcel is delivered whose last goods are at the hub since an instant."""
    cart = world.cart
    work = work_on(hub.calendar, sum(line.quantity for line in cart.lines))
    made = departures_made(hub, service.service_id, cart.placed_at, max(cart.placed_at, since), work)
    arrivals = (_at_the_door(world, hub, service, departure) for departure in made)
    return next((arrival for arrival in arrivals if arrival is not None), None)


def parcel_cost(world: World, hub: Node, service: Service) -> int | None:
    """What the hub's parcel costs, for the whole order; None where the hub cannot send it."""
    if service.service_id not in hub.services or not _takes_part(world, hub) or _transit(world, hub, service) is None:
        return None
    grams = sum(line.quantity * line.unit_weight_grams for line in world.cart.lines)
    tiers = [t.cost_micros for t in service.weight_tiers if t.max_grams is None or grams <= t.max_grams]
    if service.weight_tiers and not tiers:
        return None
    metres = _metres(hub, world)
    cost = service.per_shipment_micros + _km(service.per_shipment_km_micros, metres) + sum(tiers[:1])
    for line in world.cart.lines:
        each = service.per_unit_micros + _km(service.per_unit_km_micros, metres) + hub.handling_per_unit_micros
        cost += line.quantity * (each + _km(service.per_kg_micros, line.unit_weight_grams))
    return cost + hub.handling_per_shipment_micros


def _km(rate: int, thousandths: int) -> int:
    return (2 * rate * thousandths + 1_000) // 2_000


def _too_late(world, arrival: date) -> bool:
    cart = world.cart
    hard = world.rules.constraints.deliver_by is DeliverBy.HARD
    return hard and cart.deliver_by is not None and arrival > cart.deliver_by


def _starts(world: World, node: Node) -> list[tuple[datetime, dict[str, int]]]:
    """Every instant from which work can start, and the stock that is there by then."""
    placed_at, floor = world.cart.placed_at, _floor(world, node.node_id)
    free = {row.sku: row.free for row in world.rows if row.node_id == node.node_id}
    order_day = placed_at.astimezone(ZoneInfo(node.time_zone)).date()
    rows = [(row.ready_on(order_day), row) for row in world.supplies if row.node_id == node.node_id]
    skus = {line.sku for line in world.cart.lines}
    found = []
    for day in [None, *sorted({ready for ready, _ in rows})]:
        stock = {sku: max(0, free.get(sku, 0) - floor) for sku in skus}
        for ready, row in rows:
            if day is not None and ready <= day and row.sku in skus:
                stock[row.sku] += row.available(free.get(row.sku, 0), floor)
        begin = placed_at if day is None else max(placed_at, local_instant(day, 0, node.time_zone))
        found.append((begin, stock))
    return found


def _in_shifts(world: World, node: Node, begin: datetime, work: timedelta):
    """Every shift that can take an order from `begin` on: when its work starts, and the shift's pool."""
    if not node.shifts:
        return [(begin, ())]
    used = {(pool, bucket): units for pool, bucket, units in world.pool_uses}
    first = begin.astimezone(ZoneInfo(node.time_zone)).date()
    found = []
    for offset in range(-3, 14):
        day = first + timedelta(days=offset)
        for shift in node.shifts:
            starts = shift_begin(node, shift, day, begin, work)
            if starts is not None:
                taken = used.get((shift_pool_id(node.node_id, shift.shift_id), day.isoformat()), 0)
                found.append((max(begin, starts), ((shift.measure, max(0, shift.limit - taken)),)))
    return found


def _leaving(world, node, legs, there, work, begin, stock, pools):
    """Every departure made from `begin` on, up to the first with nothing used: no later one does better.

    ``there(departure)`` is the day on which it is there, None if never.
    """
    service = legs[0][0]
    used = {(pool, bucket): units for pool, bucket, units in world.pool_uses}
    first = begin.astimezone(ZoneInfo(node.time_zone)).date()
    for offset in range(-1, SHIP_HORIZON_DAYS + 2):
        day = first + timedelta(days=offset)
        for departure in departures(node, service.service_id, day):
            if not makes(node, departure, world.cart.placed_at, begin, work):
                continue
            arrival = there(departure)
            if arrival is None:
                continue
            if _too_late(world, arrival):
                return
            taken = 0
            mine = list(pools)
            if node.capacity is not None:
                taken = used.get((capacity_pool_id(node.node_id), day.isoformat()), 0)
                mine.append((node.capacity.measure, max(0, node.capacity.per_day - taken)))
            if departure.parcels is not None:
                pool = round_pool_id(node.node_id, service.service_id, departure.minute)
                parcels = used.get((pool, day.isoformat()), 0)
                taken += parcels
                mine.append((CapacityMeasure.ORDERS, max(0, departure.parcels - parcels)))
            yield Offer(node=node, service=service, arrival=arrival, legs=legs, stock=stock, pools=tuple(mine))
            if not taken:
                return


def _at_the_door(world, node, service, departure):
    if service.method is Method.SAME_DAY:
        return departure.day if courier_delivers(service, departure, world.network.time_zone) else None
    return _arrival(service, _transit(world, node, service), world.rules, departure.day)


def _transit(world, node, service):
    """(shares, delivery days) to the destination: the node's lane to its zone, any node's, the band of the distance."""
    code = world.cart.destination.postal_code
    zones = [z.zone_id for z in world.network.zones for r in z.ranges if code and r.low <= code[: len(r.low)] <= r.high]
    lanes = [t for t in service.zone_transit if t.zone_id in zones]
    lanes.sort(key=lambda t: not t.node_ids)
    metres = _metres(node, world)
    bands = [b for b in service.transit if b.max_distance_m is None or metres <= b.max_distance_m]
    for found in [t for t in lanes if not t.node_ids or node.node_id in t.node_ids] + bands:
        shares = [(s.business_days, s.share_bp) for s in found.distribution] or [(found.business_days, 10_000)]
        return shares, getattr(found, "delivery_days", None) or service.delivery_days
    return None


def _arrival(service, transit, rules, day: date) -> date:
    shares, delivery_days = transit
    come = list(accumulate(share for _, share in shares))
    remaining = next(days for (days, _), sum_ in zip(shares, come, strict=True) if sum_ >= rules.promising.quantile_bp)

    def delivers(day):
        return day.isoweekday() in delivery_days and day not in service.closed_dates

    while remaining > 0 or not delivers(day):
        day += timedelta(days=1)
        remaining -= delivers(day)
    return day


def _metres(node: Node, world: World) -> int:
    return _between(node.point, world.cart.destination.point)


def _between(a: GeoPoint, b: GeoPoint) -> int:
    lat_a, lon_a, lat_b, lon_b = (math.radians(v / 1e6) for v in (a.lat_e6, a.lon_e6, b.lat_e6, b.lon_e6))
    h = math.sin((lat_a - lat_b) / 2) ** 2 + math.cos(lat_a) * math.cos(lat_b) * math.sin((lon_a - lon_b) / 2) ** 2
    return round(2 * EARTH_RADIUS_M * math.asin(math.sqrt(h)))


def _floor(world: World, node_id: str) -> int:
    node = next(n for n in world.network.nodes if n.node_id == node_id)
    return max((s.units for s in world.rules.safety_stock if node.node_type in s.node_types), default=0)

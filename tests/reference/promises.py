"""Every plan for a whole small cart by one service, one by one, in plain Python: the yardstick for dated options.

It shares nothing with the engine but the domain. A plan says how many units of each line come from which node; what a
node ships leaves on the first day that can take it, since a later one costs as much and arrives no sooner.
"""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from itertools import product
from math import prod

from tests.reference.instances import World

from sourcier.domain.calendar import is_working_day, local_instant
from sourcier.domain.limits import SHIP_HORIZON_DAYS
from sourcier.domain.network import CapacityMeasure, Node, NodeStatus, Service, capacity_pool_id

EARTH_RADIUS_M = 6_371_008.8

PLANS_MAX = 60_000
"""Ways to divide one cart that are looked at, possible or not."""


@dataclass(frozen=True, slots=True, order=True, kw_only=True)
class Outcome:
    """What a plan comes to: when the last shipment arrives, what it costs (micros), how many shipments it has."""

    latest: date
    cost: int
    shipments: int


def outcomes(world: World, service_id: str) -> set[Outcome] | None:
    """What every plan for the whole cart comes to; None where there are too many plans to look at."""
    service = next(s for s in world.network.services if s.service_id == service_id)
    nodes = [node for node in world.network.nodes if _takes_part(world, node, service)]
    stock = {(r.node_id, r.sku): max(0, r.free - _floor(world, r.node_id)) for r in world.rows}
    lines = world.cart.lines
    ways = [list(_divided(line.quantity, [stock.get((n.node_id, line.sku), 0) for n in nodes])) for line in lines]
    if prod(map(len, ways)) > PLANS_MAX:
        return None
    shipped = cache(lambda position, units: _shipped(world, nodes[position], service, units))
    found = set()
    for plan in product(*ways):
        outcome = _outcome(world, nodes, stock, plan, shipped)
        if outcome is not None:
            found.add(outcome)
    return found


def frontier(found: set[Outcome]) -> list[tuple[date, int]]:
    """Every (date, cost) for which no plan is as early and as cheap and better in one of them, by date."""
    least: dict[date, int] = {}
    for outcome in found:
        least[outcome.latest] = min(outcome.cost, least.get(outcome.latest, outcome.cost))
    return [(day, cost) for day, cost in sorted(least.items()) if all(c > cost for d, c in least.items() if d < day)]


def _divided(quantity: int, most: list[int]) -> Iterator[tuple[int, ...]]:
    """Every way to take exactly `quantity` units from nodes that have so many."""
    if not most:
        if quantity == 0:
            yield ()
        return
    for units in range(min(quantity, most[0]) + 1):
        for rest in _divided(quantity - units, most[1:]):
            yield (units, *rest)


def _outcome(world, nodes, stock, plan, shipped) -> Outcome | None:
    rules, lines = world.rules, world.cart.lines
    most = 1 if rules.constraints.ship_complete else rules.constraints.max_shipments
    per_line = rules.constraints.max_nodes_per_line
    loads = [tuple(row[position] for row in plan) for position in range(len(nodes))]
    opened = [position for position, load in enumerate(loads) if any(load)]
    if most is not None and len(opened) > most:
        return None
    if per_line is not None and any(sum(u > 0 for u in row) > per_line for row in plan):
        return None
    arrivals, cost = [], rules.prices.split_micros * (len(opened) - 1)
    for position in opened:
        drawn: Counter[str] = Counter()
        for line, units in zip(lines, loads[position], strict=True):
            drawn[line.sku] += units
        if any(units > stock.get((nodes[position].node_id, sku), 0) for sku, units in drawn.items()):
            return None
        shipment = shipped(position, loads[position])
        if shipment is None:
            return None
        arrivals.append(shipment[0])
        cost += shipment[1]
    return Outcome(latest=max(arrivals), cost=cost, shipments=len(opened))


def _shipped(world: World, node: Node, service: Service, units: tuple[int, ...]) -> tuple[date, int] | None:
    """The first arrival of such a shipment and its cost; None if it is too heavy, or no day can take it in time."""
    lines, distance = world.cart.lines, _metres(node, world)
    grams = sum(line.unit_weight_grams * u for line, u in zip(lines, units, strict=True))
    tiers = [t.cost_micros for t in service.weight_tiers if t.max_grams is None or grams <= t.max_grams]
    if service.weight_tiers and not tiers:
        return None
    cost = (
        service.per_shipment_micros + _km(service.per_shipment_km_micros, distance) + node.handling_per_shipment_micros
    )
    cost += tiers[0] if tiers else 0
    for line, number in zip(lines, units, strict=True):
        each = service.per_unit_micros + _km(service.per_unit_km_micros, distance) + node.handling_per_unit_micros
        cost += number * (each + _km(service.per_kg_micros, line.unit_weight_grams))
    days = (world.cart.placed_at.date() + timedelta(days=d) for d in range(-1, SHIP_HORIZON_DAYS + 2))
    for day in days:
        if _can_leave(world, node, day, units):
            arrives = _arrival(service, day, _transit_days(service, distance))
            late = world.cart.deliver_by is not None and arrives > world.cart.deliver_by
            return None if late else (arrives, cost)
    return None


def _can_leave(world: World, node: Node, day: date, units: tuple[int, ...]) -> bool:
    if not is_working_day(node.calendar, day):
        return False
    cut_off = local_instant(day, node.calendar.cut_off_minute, node.time_zone)
    if cut_off - timedelta(minutes=node.calendar.processing_minutes) < world.cart.placed_at:
        return False
    if node.capacity is None:
        return True
    used = {(pool, bucket): u for pool, bucket, u in world.pool_uses}
    left = node.capacity.per_day - used.get((capacity_pool_id(node.node_id), day.isoformat()), 0)
    load = {
        CapacityMeasure.ORDERS: 1,
        CapacityMeasure.LINES: sum(u > 0 for u in units),
        CapacityMeasure.UNITS: sum(units),
    }
    return load[node.capacity.measure] <= left


def _takes_part(world: World, node: Node, service: Service) -> bool:
    excluded = any(node.node_type in e.exclude_node_types for e in world.rules.eligibility)
    open_for_it = node.status is NodeStatus.OPEN and service.service_id in node.services
    return open_for_it and not excluded and _transit_days(service, _metres(node, world)) is not None


def _transit_days(service: Service, distance: int) -> int | None:
    bands = (b for b in service.transit if b.max_distance_m is None or distance <= b.max_distance_m)
    return next((band.business_days for band in bands), None)


def _arrival(service: Service, day: date, business_days: int) -> date:
    remaining = business_days
    while remaining > 0 or day.isoweekday() not in service.delivery_days:
        day += timedelta(days=1)
        remaining -= day.isoweekday() in service.delivery_days
    return day


def _floor(world: World, node_id: str) -> int:
    node = next(n for n in world.network.nodes if n.node_id == node_id)
    return max((s.units for s in world.rules.safety_stock if node.node_type in s.node_types), default=0)


def _metres(node: Node, world: World) -> int:
    """Great-circle metres on a sphere of mean radius, through the chord between the two places."""
    places = [(p.lat_e6, p.lon_e6) for p in (node.point, world.cart.destination.point)]
    (x0, y0, z0), (x1, y1, z1) = (_on_sphere(math.radians(lat / 1e6), math.radians(lon / 1e6)) for lat, lon in places)
    chord = math.dist((x0, y0, z0), (x1, y1, z1))
    return round(2 * EARTH_RADIUS_M * math.asin(chord / 2))


def _on_sphere(lat: float, lon: float) -> tuple[float, float, float]:
    return math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)


def _km(rate: int, thousandths: int) -> int:
    return (2 * rate * thousandths + 1_000) // 2_000

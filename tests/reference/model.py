"""The unfiltered model, stated for CP-SAT from the domain objects alone: every node, service and useful ship day.

It shares nothing with the engine but the domain: its own distances, dates, tariffs and constraints, no pre-filter, no
merging, no bounds. Slow and plain on purpose.
"""

import math
from datetime import date, timedelta

from ortools.sat.python import cp_model
from tests.reference.instances import World

from sourcier.domain.calendar import is_working_day, ship_moment
from sourcier.domain.limits import SHIP_HORIZON_DAYS
from sourcier.domain.network import CapacityMeasure, Node, NodeStatus, Service, capacity_pool_id
from sourcier.domain.rules import DeliverBy

EARTH_RADIUS_M = 6_371_008.8


class Unproven(Exception):
    """The time was up: the optimum lies between `bound` and `objective` (infinite if no plan was found)."""

    def __init__(self, *, bound: float, objective: float) -> None:
        super().__init__(f"optimum between {bound} and {objective}")
        self.bound, self.objective = bound, objective


def optimum(world: World, *, complete: bool = False, through: str | None = None, seconds: float = 60.0) -> int | None:
    """The least objective of any plan, micros; None if there is no such plan.

    `complete`: of the plans that fill every unit; `through`: of those with a shipment from this node.
    Raises Unproven if CP-SAT does not settle it within `seconds`.
    """
    model = cp_model.CpModel()
    offers = [offer for node in world.network.nodes for offer in _offers(world, node)]
    stock = {(r.node_id, r.sku): max(0, r.free - _floor(world, r.node_id)) for r in world.rows}
    opened = [model.new_bool_var("") for _ in offers]
    units = _units(model, world, offers, stock, opened)
    cost = []
    for k, offer in enumerate(offers):
        column = [row[k] for row in units]
        cost += _shipping_terms(model, world, offer, column, opened[k])
        _limit_capacity(model, world, offer[0], offer[2], column)
    unfilled = []
    for line, row in zip(world.cart.lines, units, strict=True):
        unfilled.append(model.new_int_var(0, line.quantity, ""))
        model.add(sum(row) + unfilled[-1] == line.quantity)
        prices = world.rules.prices
        value = _half_up(line.unit_price_micros * prices.unfilled_value_bp, 10_000)
        cost.append((prices.unfilled_per_unit_micros + value) * unfilled[-1])
        _limit_nodes(model, world, row)
    _limit_stock(model, world, offers, stock, units)
    cost.append(_split_term(model, world, offers, opened))
    _limit_what_stays(model, world, opened, unfilled, complete=complete)
    if through is not None:
        model.add(sum(y for y, offer in zip(opened, offers, strict=True) if offer[0].node_id == through) >= 1)
    model.minimize(sum(cost))
    return _least(model, may_be_impossible=complete or through is not None, seconds=seconds)


def _least(model, *, may_be_impossible, seconds):
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.num_workers = 1
    solver.parameters.linearization_level = 2
    status = solver.solve(model)
    if status == cp_model.INFEASIBLE and may_be_impossible:
        return None
    if status != cp_model.OPTIMAL:
        found = solver.objective_value if status == cp_model.FEASIBLE else math.inf
        raise Unproven(bound=solver.best_objective_bound, objective=found)
    return round(solver.objective_value)


def _units(model, world, offers, stock, opened):
    """``units[line][offer]``, within the stock of the offer's node; an opened offer ships something."""
    most = [[min(line.quantity, stock.get((o[0].node_id, line.sku), 0)) for o in offers] for line in world.cart.lines]
    units = [[model.new_int_var(0, m, "") for m in row] for row in most]
    for k, y in enumerate(opened):
        for row, limits in zip(units, most, strict=True):
            model.add(row[k] <= limits[k] * y)
        model.add(sum(row[k] for row in units) >= y)
    return units


def _shipping_terms(model, world, offer, column, opened):
    node, service, _, arrival = offer
    metres, cart = _metres(node, world), world.cart
    late = max(0, (arrival - cart.deliver_by).days) if cart.deliver_by else 0
    per_shipment = service.per_shipment_micros + _km(service.per_shipment_km_micros, metres)
    terms = [(per_shipment + node.handling_per_shipment_micros) * opened]
    for line, x in zip(cart.lines, column, strict=True):
        unit = service.per_unit_micros + _km(service.per_unit_km_micros, metres) + node.handling_per_unit_micros
        unit += _km(service.per_kg_micros, line.unit_weight_grams) + late * world.rules.prices.late_per_unit_day_micros
        terms.append(unit * x)
    return terms + _tier_terms(model, world, service, column, opened)


def _limit_stock(model, world, offers, stock, units):
    for (node_id, sku), most in stock.items():
        drawn = [
            x
            for line, row in zip(world.cart.lines, units, strict=True)
            if line.sku == sku
            for offer, x in zip(offers, row, strict=True)
            if offer[0].node_id == node_id
        ]
        if drawn:
            model.add(sum(drawn) <= most)


def _split_term(model, world, offers, opened):
    """Every shipment after the first costs; a node ships once, the order so many times."""
    limits = world.rules.constraints
    for node in world.network.nodes:
        mine = [y for y, offer in zip(opened, offers, strict=True) if offer[0] is node]
        if len(mine) > 1:
            model.add(sum(mine) <= 1)
    most = 1 if limits.ship_complete else limits.max_shipments
    if most is not None and opened:
        model.add(sum(opened) <= most)
    extra = model.new_int_var(0, max(1, len(offers)), "")
    model.add(extra >= sum(opened) - 1)
    return world.rules.prices.split_micros * extra


def _limit_what_stays(model, world, opened, unfilled, *, complete):
    limits = world.rules.constraints
    if complete:
        model.add(sum(unfilled) == 0)
    elif limits.ship_complete or not limits.partial_orders:
        all_of_it = model.new_bool_var("")
        model.add(sum(unfilled) == 0).only_enforce_if(all_of_it)
        if opened:
            model.add(sum(opened) == 0).only_enforce_if(all_of_it.negated())


def _offers(world: World, node: Node) -> list[tuple[Node, Service, date, date]]:
    rules, cart = world.rules, world.cart
    excluded = any(node.node_type in e.exclude_node_types for e in rules.eligibility)
    if node.status is not NodeStatus.OPEN or excluded:
        return []
    found = []
    used = {(pool, bucket) for pool, bucket, _ in world.pool_uses}
    for service in world.network.services:
        metres = _metres(node, world)
        band = next((b for b in service.transit if b.max_distance_m is None or metres <= b.max_distance_m), None)
        if service.service_id not in node.services or band is None:
            continue
        for offset in range(-1, SHIP_HORIZON_DAYS + 2):
            day = cart.placed_at.date() + timedelta(days=offset)
            if not is_working_day(node.calendar, day):
                continue
            if ship_moment(node.calendar, node.time_zone, day).order_by < cart.placed_at:
                continue
            arrival = _arrival(service, day, band.business_days)
            if rules.constraints.deliver_by is DeliverBy.HARD and cart.deliver_by and arrival > cart.deliver_by:
                continue
            found.append((node, service, day, arrival))
            if (capacity_pool_id(node.node_id), day.isoformat()) not in used:
                break  # nothing is used that day: no later one has more room, is cheaper or arrives sooner
    return found


def _arrival(service: Service, day: date, business_days: int) -> date:
    remaining = business_days
    while remaining > 0 or day.isoweekday() not in service.delivery_days:
        day += timedelta(days=1)
        remaining -= day.isoweekday() in service.delivery_days
    return day


def _metres(node: Node, world: World) -> int:
    a, b = node.point, world.cart.destination.point
    lat_a, lon_a, lat_b, lon_b = (math.radians(v / 1e6) for v in (a.lat_e6, a.lon_e6, b.lat_e6, b.lon_e6))
    h = math.sin((lat_a - lat_b) / 2) ** 2 + math.cos(lat_a) * math.cos(lat_b) * math.sin((lon_a - lon_b) / 2) ** 2
    return round(2 * EARTH_RADIUS_M * math.asin(math.sqrt(h)))


def _km(rate: int, thousandths: int) -> int:
    return _half_up(rate * thousandths, 1_000)


def _half_up(amount: int, divisor: int) -> int:
    return (2 * amount + divisor) // (2 * divisor)


def _floor(world: World, node_id: str) -> int:
    node = next(n for n in world.network.nodes if n.node_id == node_id)
    return max((s.units for s in world.rules.safety_stock if node.node_type in s.node_types), default=0)


def _tier_terms(model, world, service, units, opened):
    if not service.weight_tiers:
        return []
    grams = sum(line.unit_weight_grams * u for line, u in zip(world.cart.lines, units, strict=True))
    chosen = [model.new_bool_var("") for _ in service.weight_tiers]
    model.add(sum(chosen) == opened)
    heaviest = sum(line.unit_weight_grams * line.quantity for line in world.cart.lines)
    limits = [heaviest if tier.max_grams is None else tier.max_grams for tier in service.weight_tiers]
    model.add(grams <= sum(limit * z for limit, z in zip(limits, chosen, strict=True)))
    return [tier.cost_micros * z for tier, z in zip(service.weight_tiers, chosen, strict=True)]


def _limit_capacity(model, world, node, day, units):
    if node.capacity is None:
        return
    used = {(p, b): u for p, b, u in world.pool_uses}.get((capacity_pool_id(node.node_id), day.isoformat()), 0)
    left = max(0, node.capacity.per_day - used)
    if node.capacity.measure is CapacityMeasure.UNITS:
        model.add(sum(units) <= left)
    elif node.capacity.measure is CapacityMeasure.LINES:
        model.add(sum(_touched(model, u) for u in units) <= left)
    elif left == 0:
        model.add(sum(units) == 0)


def _limit_nodes(model, world, row):
    most = world.rules.constraints.max_nodes_per_line
    if most is not None and row:
        model.add(sum(_touched(model, x) for x in row) <= most)


def _touched(model, units):
    touched = model.new_bool_var("")
    model.add(units == 0).only_enforce_if(touched.negated())
    return touched

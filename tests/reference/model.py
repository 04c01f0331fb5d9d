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
    cart, rules = world.cart, world.rules
    prices, limits = rules.prices, rules.constraints
    offers = [offer for node in world.network.nodes for offer in _offers(world, node)]
    stock = {(r.node_id, r.sku): max(0, r.free - _floor(world, r.node_id)) for r in world.rows}
    x, y, cost = {}, {}, []
    for k, (node, service, day, arrival) in enumerate(offers):
        y[k] = model.new_bool_var("")
        metres = _metres(node, world)
        late = max(0, (arrival - cart.deliver_by).days) if cart.deliver_by else 0
        per_shipment = service.per_shipment_micros + _km(service.per_shipment_km_micros, metres)
        cost.append((per_shipment + node.handling_per_shipment_micros) * y[k])
        for i, line in enumerate(cart.lines):
            most = min(line.quantity, stock.get((node.node_id, line.sku), 0))
            x[i, k] = model.new_int_var(0, most, "")
            model.add(x[i, k] <= most * y[k])
            unit = service.per_unit_micros + _km(service.per_unit_km_micros, metres) + node.handling_per_unit_micros
            unit += _km(service.per_kg_micros, line.unit_weight_grams) + late * prices.late_per_unit_day_micros
            cost.append(unit * x[i, k])
        model.add(sum(x[i, k] for i in range(len(cart.lines))) >= y[k])
        cost += _tier_terms(model, world, service, [x[i, k] for i in range(len(cart.lines))], y[k])
        _limit_capacity(model, world, node, day, [x[i, k] for i in range(len(cart.lines))])
    unfilled = []
    for i, line in enumerate(cart.lines):
        u = model.new_int_var(0, line.quantity, "")
        model.add(sum(x[i, k] for k in range(len(offers))) + u == line.quantity)
        price = prices.unfilled_per_unit_micros + _half_up(line.unit_price_micros * prices.unfilled_value_bp, 10_000)
        cost.append(price * u)
        unfilled.append(u)
        _limit_nodes(model, world, [(offers[k][0].node_id, x[i, k]) for k in range(len(offers))])
    for (node_id, sku), units in stock.items():
        drawn = [
            x[i, k]
            for k in range(len(offers))
            if offers[k][0].node_id == node_id
            for i, line in enumerate(cart.lines)
            if line.sku == sku
        ]
        if drawn:
            model.add(sum(drawn) <= units)
    for node in world.network.nodes:
        mine = [y[k] for k in range(len(offers)) if offers[k][0] is node]
        if len(mine) > 1:
            model.add(sum(mine) <= 1)
    shipments = sum(y.values())
    most = 1 if limits.ship_complete else limits.max_shipments
    if most is not None and y:
        model.add(shipments <= most)
    extra = model.new_int_var(0, max(1, len(offers)), "")
    model.add(extra >= shipments - 1)
    cost.append(prices.split_micros * extra)
    if complete:
        model.add(sum(unfilled) == 0)
    elif limits.ship_complete or not limits.partial_orders:
        all_of_it = model.new_bool_var("")
        model.add(sum(unfilled) == 0).only_enforce_if(all_of_it)
        if y:
            model.add(shipments == 0).only_enforce_if(all_of_it.negated())
    if through is not None:
        model.add(sum(y[k] for k in range(len(offers)) if offers[k][0].node_id == through) >= 1)
    model.minimize(sum(cost))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.num_workers = 1
    solver.parameters.linearization_level = 2
    status = solver.solve(model)
    if status == cp_model.INFEASIBLE and (complete or through is not None):
        return None
    if status != cp_model.OPTIMAL:
        found = solver.objective_value if status == cp_model.FEASIBLE else math.inf
        raise Unproven(bound=solver.best_objective_bound, objective=found)
    return round(solver.objective_value)


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


def _limit_nodes(model, world, parts):
    most = world.rules.constraints.max_nodes_per_line
    if most is not None and parts:
        model.add(sum(_touched(model, u) for _, u in parts) <= most)


def _touched(model, units):
    touched = model.new_bool_var("")
    model.add(units == 0).only_enforce_if(touched.negated())
    return touched

"""The unfiltered model, stated for CP-SAT from the domain objects alone: every node, service, shift and departure.

It shares nothing with the engine but the domain: its own distances, dates, tariffs and constraints, no pre-filter, no
merging, no bounds. Slow and plain on purpose.
"""

import math
from dataclasses import replace

from ortools.sat.python import cp_model
from tests.reference.instances import World
from tests.reference.sends import EARTH_RADIUS_M, Offer, hub_offers_of, offers_of, parcel_cost

from sourcier.domain.network import CapacityMeasure

__all__ = ("EARTH_RADIUS_M", "Offer", "Unproven", "offers_of", "optimum")


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
    direct = [offer for node in world.network.nodes for offer in offers_of(world, node)]
    if not world.rules.consolidation:
        return _optimum(world, direct, complete=complete, through=through, seconds=seconds)
    (entry,) = world.rules.consolidation
    hub = next(node for node in world.network.nodes if node.node_id == entry.hub_id)
    free = [offer for offer in direct if offer.service.method not in entry.methods]
    alone = replace(world, rules=replace(world.rules, constraints=replace(world.rules.constraints, max_shipments=1)))
    found = [
        _optimum(world, free, complete=complete, through=through, seconds=seconds),
        _optimum(alone, direct, complete=complete, through=through, seconds=seconds),
    ]
    for service in world.network.services:
        parcel = parcel_cost(world, hub, service)
        wanted = service.method in entry.methods and service.method in (world.cart.methods or entry.methods)
        if wanted and parcel is not None:
            meeting = [offer for node in world.network.nodes for offer in hub_offers_of(world, node, hub, service)]
            found.append(_optimum(world, meeting, complete=complete, through=through, seconds=seconds, parcel=parcel))
    return min((cost for cost in found if cost is not None), default=None)


def _optimum(world, offers, *, complete, through, seconds, parcel=None):
    """The least objective over some offers; `parcel` is what the parcel of a hub costs where they meet at one."""
    model = cp_model.CpModel()
    opened = [model.new_bool_var("") for _ in offers]
    units = _units(model, world, offers, opened)
    cost = []
    for k, offer in enumerate(offers):
        column = [row[k] for row in units]
        cost += _shipping_terms(model, world, offer, column, opened[k])
        for measure, left in offer.pools:
            _limit_pool(model, measure, left, column)
    unfilled = []
    for line, row in zip(world.cart.lines, units, strict=True):
        unfilled.append(model.new_int_var(0, line.quantity, ""))
        model.add(sum(row) + unfilled[-1] == line.quantity)
        prices = world.rules.prices
        value = _half_up(line.unit_price_micros * prices.unfilled_value_bp, 10_000)
        cost.append((prices.unfilled_per_unit_micros + value) * unfilled[-1])
        _limit_nodes(model, world, row)
    _limit_stock(model, world, offers, units)
    cost.append(_split_term(model, world, offers, opened, parcel))
    _limit_what_stays(model, world, opened, unfilled, complete=complete)
    if through is not None:
        model.add(sum(y for y, offer in zip(opened, offers, strict=True) if offer.node.node_id == through) >= 1)
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


def _units(model, world, offers, opened):
    """``units[line][offer]``, within what the offer can wait for; an opened offer ships something."""
    most = [[min(line.quantity, o.stock.get(line.sku, 0)) for o in offers] for line in world.cart.lines]
    units = [[model.new_int_var(0, m, "") for m in row] for row in most]
    for k, y in enumerate(opened):
        for row, limits in zip(units, most, strict=True):
            model.add(row[k] <= limits[k] * y)
        model.add(sum(row[k] for row in units) >= y)
    return units


def _shipping_terms(model, world, offer, column, opened):
    node, arrival, cart = offer.node, offer.arrival, world.cart
    late = max(0, (arrival - cart.deliver_by).days) if cart.deliver_by else 0
    terms = [node.handling_per_shipment_micros * opened]
    for service, metres in offer.legs:
        terms.append((service.per_shipment_micros + _km(service.per_shipment_km_micros, metres)) * opened)
        terms += _tier_terms(model, world, service, column, opened)
    for line, x in zip(cart.lines, column, strict=True):
        unit = node.handling_per_unit_micros + late * world.rules.prices.late_per_unit_day_micros
        for service, metres in offer.legs:
            unit += service.per_unit_micros + _km(service.per_unit_km_micros, metres)
            unit += _km(service.per_kg_micros, line.unit_weight_grams)
        terms.append(unit * x)
    return terms


def _limit_stock(model, world, offers, units):
    for sku in {line.sku for line in world.cart.lines}:
        rows = [row for line, row in zip(world.cart.lines, units, strict=True) if line.sku == sku]
        if len(rows) > 1:
            for k, offer in enumerate(offers):
                model.add(sum(row[k] for row in rows) <= min(offer.stock.get(sku, 0), 2**40))


def _split_term(model, world, offers, opened, parcel):
    """Every shipment after the first costs, or the hub's parcel; a node ships once, the order so many times."""
    limits = world.rules.constraints
    for node in world.network.nodes:
        mine = [y for y, offer in zip(opened, offers, strict=True) if offer.node is node]
        if len(mine) > 1:
            model.add(sum(mine) <= 1)
    most = 1 if limits.ship_complete else limits.max_shipments
    if most is not None and opened:
        model.add(sum(opened) <= most)
    if parcel is not None:
        ships = model.new_bool_var("")
        model.add(sum(opened) <= len(offers) * ships)
        return parcel * ships
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


def _km(rate: int, thousandths: int) -> int:
    return _half_up(rate * thousandths, 1_000)


def _half_up(amount: int, divisor: int) -> int:
    return (2 * amount + divisor) // (2 * divisor)


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


def _limit_pool(model, measure, left, units):
    if measure is CapacityMeasure.UNITS:
        model.add(sum(units) <= left)
    elif measure is CapacityMeasure.LINES:
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

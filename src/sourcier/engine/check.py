"""The independent checker: every plan is verified from the domain objects alone before anyone sees it.

It shares no arithmetic with the engine: distances, dates, tariffs and limits are worked out again, one by one.
`check_time` has the rules of time, `check_supply` those of stock, supply and pools, `check_stores` those of stores,
`check_hubs` those of consolidation.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping

from sourcier.domain.network import Method, Node, Service
from sourcier.domain.plan import Decision, Shipment, Status
from sourcier.engine.check_hubs import legs_to_hub, meets_where_it_must, parcel_costs, parcel_is_sound
from sourcier.engine.check_stores import Legs, legs_to_store, stays_for_collection
from sourcier.engine.check_supply import within_pools, within_stock, within_supply
from sourcier.engine.check_time import arrives_on_time, leaves_on_time, metres_between
from sourcier.engine.seen import Seen

DISTANCE_TOLERANCE_M = 2
"""Metres by which two haversine computations may differ by rounding."""


class PlanRejected(AssertionError):
    """The engine produced a plan that breaks a rule: a fault of the engine, answered as an internal error."""


def accept(decision: Decision, seen: Seen) -> None:
    """Raise PlanRejected, naming every breach, unless the decision holds."""
    breaches = check_decision(decision, seen)
    if breaches:
        raise PlanRejected("; ".join(breaches))


def check_decision(decision: Decision, seen: Seen) -> list[str]:
    """Every breach of a decision, empty if it holds. One function per rule."""
    by_id, services = seen.directory.nodes, seen.directory.services
    breaches = _names_what_was_ordered(decision, seen)
    if breaches:
        return breaches
    for shipment in decision.plan.shipments:
        if shipment.node_id not in by_id or shipment.service_id not in services:
            return [f"shipment from unknown {shipment.node_id} by {shipment.service_id}"]
        node, service = by_id[shipment.node_id], services[shipment.service_id]
        faults = _shipment_faults(shipment, node, service, decision.plan.onward, seen)
        breaches += [f"{shipment.node_id}: {fault}" for fault in faults]
    if decision.plan.onward is not None:
        breaches += _onward_faults(decision.plan.onward, by_id, services, decision, seen)
    for plan_rule in _PLAN_RULES:
        breaches += plan_rule(decision, seen)
    return breaches


def _onward_faults(
    onward: Shipment, nodes: Mapping[str, Node], services: Mapping[str, Service], decision: Decision, seen: Seen
) -> list[str]:
    """What is wrong with the parcel of a hub."""
    if onward.node_id not in nodes or onward.service_id not in services:
        return [f"parcel from unknown {onward.node_id} by {onward.service_id}"]
    hub, service = nodes[onward.node_id], services[onward.service_id]
    faults = [
        fault for rule in (_eligible, _served, _travels_the_distance) for fault in rule(onward, hub, service, seen)
    ]
    return faults + parcel_is_sound(onward, hub, service, decision, seen) + parcel_costs(onward, hub, service, seen)


def _shipment_faults(
    shipment: Shipment, node: Node, service: Service, onward: Shipment | None, seen: Seen
) -> list[str]:
    """What is wrong with a shipment to the customer, to a store or hub, or with what is collected where it lies."""
    legs: list[Legs] = [((service, shipment.distance_m),)]
    faults: list[str] = []
    if onward is not None:
        rules = _SENT_RULES if node.node_id != onward.node_id else (_eligible, within_pools)
        faults, legs = legs_to_hub(shipment, node, service, onward, seen)
    elif shipment.to_node_id:
        rules = _SENT_RULES
        faults, legs = legs_to_store(shipment, node, service, seen)
    elif service.method.collected:
        rules = _KEPT_RULES
        legs = legs if service.method is Method.CLICK_AND_COLLECT else [()]
    else:
        rules = _SHIPMENT_RULES
    faults += [fault for rule in rules for fault in rule(shipment, node, service, seen)]
    costs = [_costs_its_tariff(shipment, node, one, seen, to_hub=onward is not None) for one in legs]
    return faults + min(costs, key=len, default=[])


def _names_what_was_ordered(decision: Decision, seen: Seen) -> list[str]:
    plan = decision.plan
    if any(not shipment.lines for shipment in plan.shipments):
        return ["an empty shipment"]
    ordered = {line.line_id: line.sku for line in seen.cart.lines}
    faults = []
    for part in [part for shipment in plan.shipments for part in shipment.lines] + list(plan.unfilled):
        if part.quantity <= 0:
            faults.append(f"an empty part of line {part.line_id}")
        if part.line_id not in ordered:
            faults.append(f"unknown line {part.line_id}")
        elif part.sku != ordered[part.line_id]:
            faults.append(f"line {part.line_id} is of SKU {ordered[part.line_id]}, not {part.sku}")
    return faults


def _eligible(shipment: Shipment, node: Node, service: Service, seen: Seen) -> list[str]:
    faults = []
    if not seen.online[seen.directory.position[node.node_id]]:
        faults.append("node is offline")
    faults += [
        "node type is excluded"
        for rule in seen.rules.eligibility
        if node.node_type in rule.exclude_node_types and (not rule.channels or seen.cart.channel in rule.channels)
    ]
    return faults


def _served(shipment: Shipment, node: Node, service: Service, seen: Seen) -> list[str]:
    faults = [] if service.service_id in node.services else ["service does not collect here"]
    return faults if shipment.to_node_id else faults + _wanted(shipment, node, service, seen)


def _wanted(shipment: Shipment, node: Node, service: Service, seen: Seen) -> list[str]:
    cart = seen.cart
    by_name = not cart.services or service.service_id in cart.services
    by_method = not cart.methods or service.method in cart.methods
    return [] if by_name and by_method else ["service is not among those wanted"]


def _travels_the_distance(shipment: Shipment, node: Node, service: Service, seen: Seen) -> list[str]:
    point = seen.cart.destination.point
    if point is None:
        code, country = seen.cart.destination.postal_code, seen.cart.destination.country_code
        areas = [a for a in seen.network.postal_areas if a.country_code == country and code.startswith(a.prefix)]
        point = max(areas, key=lambda a: len(a.prefix)).point
    if abs(metres_between(node.point, point) - shipment.distance_m) > DISTANCE_TOLERANCE_M:
        return [f"distance is {metres_between(node.point, point):.0f} m, not {shipment.distance_m}"]
    return []


def _costs_its_tariff(shipment: Shipment, node: Node, legs: Legs, seen: Seen, *, to_hub: bool) -> list[str]:
    lines = {line.line_id: line for line in seen.cart.lines}
    units = sum(part.quantity for part in shipment.lines)
    grams = sum(part.quantity * lines[part.line_id].unit_weight_grams for part in shipment.lines)
    shipping = 0
    for service, metres in legs:
        tiers = service.weight_tiers
        tier = next((t.cost_micros for t in tiers if t.max_grams is None or grams <= t.max_grams), None)
        if tiers and tier is None:
            return [f"{grams} g are too heavy for the service"]
        shipping += service.per_shipment_micros + _half_up(service.per_shipment_km_micros * metres) + (tier or 0)
        per_unit = service.per_unit_micros + _half_up(service.per_unit_km_micros * metres)
        for part in shipment.lines:
            per_kg = _half_up(service.per_kg_micros * lines[part.line_id].unit_weight_grams)
            shipping += part.quantity * (per_unit + per_kg)
    handling = node.handling_per_shipment_micros + units * node.handling_per_unit_micros
    days_late = max(0, (shipment.deliver_on - seen.cart.deliver_by).days) if seen.cart.deliver_by else 0
    late = units * days_late * seen.rules.prices.late_per_unit_day_micros
    if to_hub:
        late = shipment.late_micros  # by the day of the parcel: `check_hubs` sees to it
    told = (shipment.weight_grams, shipment.shipping_micros, shipment.handling_micros, shipment.late_micros)
    return (
        [] if told == (grams, shipping, handling, late) else [f"costs {(grams, shipping, handling, late)}, not {told}"]
    )


def _half_up(thousandths: int) -> int:
    return math.floor(thousandths / 1_000 + 0.5) if thousandths < 2**50 else (thousandths + 500) // 1_000


def _fills_what_it_says(decision: Decision, seen: Seen) -> list[str]:
    placed: Counter[str] = Counter()
    for parts in [shipment.lines for shipment in decision.plan.shipments] + [decision.plan.unfilled]:
        for part in parts:
            placed[part.line_id] += part.quantity
    wanted = {line.line_id: line.quantity for line in seen.cart.lines}
    return [] if placed == Counter(wanted) else [f"units placed and unfilled are {dict(placed)}, ordered {wanted}"]


def _within_splits(decision: Decision, seen: Seen) -> list[str]:
    shipments, limits = decision.plan.shipments, seen.rules.constraints
    faults = []
    if limits.max_shipments is not None and len(shipments) > limits.max_shipments:
        faults.append(f"{len(shipments)} shipments, at most {limits.max_shipments}")
    if len({s.node_id for s in shipments}) < len(shipments):
        faults.append("a node ships the order twice")
    nodes_of: dict[str, set[str]] = {}
    for shipment in shipments:
        for part in shipment.lines:
            nodes_of.setdefault(part.line_id, set()).add(shipment.node_id)
    most = max((len(nodes) for nodes in nodes_of.values()), default=0)
    if limits.max_nodes_per_line is not None and most > limits.max_nodes_per_line:
        faults.append(f"a line comes from {most} nodes, at most {limits.max_nodes_per_line}")
    return faults


def _complete_if_it_must(decision: Decision, seen: Seen) -> list[str]:
    limits, plan = seen.rules.constraints, decision.plan
    whole = limits.ship_complete or not limits.partial_orders or seen.complete
    if not plan.shipments:
        return [] if decision.status is Status.UNFILLABLE else ["nothing ships, yet the status says otherwise"]
    if whole and plan.unfilled:
        return ["leaves units unfilled although the order must be whole"]
    return ["ship complete, yet more than one shipment"] if limits.ship_complete and len(plan.shipments) > 1 else []


def _costs_its_parts(decision: Decision, seen: Seen) -> list[str]:
    prices, plan = seen.rules.prices, decision.plan
    lines = {line.line_id: line for line in seen.cart.lines}
    unfilled = 0
    for part in plan.unfilled:
        value = lines[part.line_id].unit_price_micros * prices.unfilled_value_bp
        unfilled += part.quantity * (prices.unfilled_per_unit_micros + (value + 5_000) // 10_000)
    parcels = plan.shipments if plan.onward is None else (*plan.shipments, plan.onward)
    parts = (
        sum(s.shipping_micros for s in parcels),
        sum(s.handling_micros for s in parcels),
        prices.split_micros * max(0, len(plan.shipments) - 1) * (plan.onward is None),
        sum(s.late_micros for s in plan.shipments),
        unfilled,
    )
    costs = plan.costs
    told = (costs.shipping, costs.handling, costs.split, costs.late, costs.unfilled)
    faults = [] if parts == told else [f"costs are {parts}, not {told}"]
    if sum(parts) != decision.objective_micros:
        faults.append(f"objective is {sum(parts)}, not {decision.objective_micros}")
    if decision.bound_micros > decision.objective_micros:
        faults.append("bound is above the objective")
    return faults


_ShipmentRule = Callable[[Shipment, Node, Service, Seen], list[str]]
_SHIPMENT_RULES: tuple[_ShipmentRule, ...] = (
    _eligible,
    _served,
    leaves_on_time,
    arrives_on_time,
    _travels_the_distance,
    within_pools,
)
_SENT_RULES: tuple[_ShipmentRule, ...] = (_eligible, _served, leaves_on_time, within_pools)
_KEPT_RULES: tuple[_ShipmentRule, ...] = (_eligible, _wanted, stays_for_collection, within_pools)
_PLAN_RULES: tuple[Callable[[Decision, Seen], list[str]], ...] = (
    _fills_what_it_says,
    within_stock,
    within_supply,
    _within_splits,
    _complete_if_it_must,
    meets_where_it_must,
    _costs_its_parts,
)

"""The independent checker: every plan is verified from the domain objects alone before anyone sees it.

It shares no arithmetic with the engine: distances, dates, tariffs and limits are worked out again, one by one.
`check_time` has the rules of time, `check_supply` those of stock, supply and pools, `check_costs` those of costs,
`check_stores` those of stores, `check_hubs` those of consolidation. What is read off the network for several plans of
one order is read once (`check_facts`).
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import chain

from sourcier.domain.network import Method, Node, Service
from sourcier.domain.order import Cart
from sourcier.domain.plan import Decision, Shipment, Status
from sourcier.engine.check_costs import Legs, costs_its_parts, costs_its_tariff, parcel_costs
from sourcier.engine.check_facts import Facts, facts_of
from sourcier.engine.check_hubs import legs_to_hub, meets_where_it_must, parcel_is_sound
from sourcier.engine.check_stores import legs_to_store, stays_for_collection
from sourcier.engine.check_supply import within_pools, within_stock, within_supply
from sourcier.engine.check_time import arrives_on_time, leaves_on_time
from sourcier.engine.seen import Seen

DISTANCE_TOLERANCE_M = 2
"""Metres by which two haversine computations may differ by rounding."""


class PlanRejected(AssertionError):
    """The engine produced a plan that breaks a rule: a fault of the engine, answered as an internal error."""


def accept(decisions: Sequence[tuple[Decision, Cart]], seen: Seen) -> None:
    """Raise PlanRejected, naming every breach, unless the decisions hold.

    They are for one order, what was `seen` of it the same; their carts may ask for it in different ways.
    """
    facts = facts_of(seen)
    breaches = [breach for decision, cart in decisions for breach in _breaches(decision, facts.asked(cart))]
    if breaches:
        raise PlanRejected("; ".join(breaches))


def check_decision(decision: Decision, seen: Seen) -> list[str]:
    """Every breach of a decision, empty if it holds. One function per rule."""
    return _breaches(decision, facts_of(seen))


def _breaches(decision: Decision, facts: Facts) -> list[str]:
    by_id, services = facts.seen.directory.nodes, facts.seen.directory.services
    breaches = _names_what_was_ordered(decision, facts)
    if breaches:
        return breaches
    for shipment in decision.plan.shipments:
        if shipment.node_id not in by_id or shipment.service_id not in services:
            return [f"shipment from unknown {shipment.node_id} by {shipment.service_id}"]
        node, service = by_id[shipment.node_id], services[shipment.service_id]
        faults = _shipment_faults(shipment, node, service, decision.plan.onward, facts)
        breaches += [f"{shipment.node_id}: {fault}" for fault in faults]
    if decision.plan.onward is not None:
        breaches += _onward_faults(decision.plan.onward, by_id, services, decision, facts)
    for plan_rule in _PLAN_RULES:
        breaches += plan_rule(decision, facts)
    return breaches


def _onward_faults(
    onward: Shipment, nodes: Mapping[str, Node], services: Mapping[str, Service], decision: Decision, facts: Facts
) -> list[str]:
    """What is wrong with the parcel of a hub."""
    if onward.node_id not in nodes or onward.service_id not in services:
        return [f"parcel from unknown {onward.node_id} by {onward.service_id}"]
    hub, service = nodes[onward.node_id], services[onward.service_id]
    faults = [
        fault for rule in (_eligible, _served, _travels_the_distance) for fault in rule(onward, hub, service, facts)
    ]
    return faults + parcel_is_sound(onward, hub, service, decision, facts) + parcel_costs(onward, hub, service, facts)


def _shipment_faults(
    shipment: Shipment, node: Node, service: Service, onward: Shipment | None, facts: Facts
) -> list[str]:
    """What is wrong with a shipment to the customer, to a store or hub, or with what is collected where it lies."""
    legs: list[Legs] = [((service, shipment.distance_m),)]
    faults: list[str] = []
    if onward is not None:
        rules = _SENT_RULES if node.node_id != onward.node_id else (_eligible, within_pools)
        faults, legs = legs_to_hub(shipment, node, service, onward, facts)
    elif shipment.to_node_id:
        rules = _SENT_RULES
        faults, legs = legs_to_store(shipment, node, service, facts)
    elif service.method.collected:
        rules = _KEPT_RULES
        legs = legs if service.method is Method.CLICK_AND_COLLECT else [()]
    else:
        rules = _SHIPMENT_RULES
    faults += [fault for rule in rules for fault in rule(shipment, node, service, facts)]
    costs = [costs_its_tariff(shipment, node, one, facts, to_hub=onward is not None) for one in legs]
    return faults + min(costs, key=len, default=[])


def _names_what_was_ordered(decision: Decision, facts: Facts) -> list[str]:
    contents = [shipment.lines for shipment in decision.plan.shipments]
    if not all(contents):
        return ["an empty shipment"]
    faults = []
    for part in chain(*contents, decision.plan.unfilled):
        line = facts.lines.get(part.line_id)
        if part.quantity <= 0:
            faults.append(f"an empty part of line {part.line_id}")
        if line is None:
            faults.append(f"unknown line {part.line_id}")
        elif part.sku != line.sku:
            faults.append(f"line {part.line_id} is of SKU {line.sku}, not {part.sku}")
    return faults


def _eligible(shipment: Shipment, node: Node, service: Service, facts: Facts) -> list[str]:
    faults = []
    if not facts.seen.online[facts.seen.directory.position[node.node_id]]:
        faults.append("node is offline")
    faults += [
        "node type is excluded"
        for rule in facts.seen.rules.eligibility
        if node.node_type in rule.exclude_node_types and (not rule.channels or facts.cart.channel in rule.channels)
    ]
    return faults


def _served(shipment: Shipment, node: Node, service: Service, facts: Facts) -> list[str]:
    faults = [] if service.service_id in node.services else ["service does not collect here"]
    return faults if shipment.to_node_id else faults + _wanted(shipment, node, service, facts)


def _wanted(shipment: Shipment, node: Node, service: Service, facts: Facts) -> list[str]:
    cart = facts.cart
    by_name = not cart.services or service.service_id in cart.services
    by_method = not cart.methods or service.method in cart.methods
    return [] if by_name and by_method else ["service is not among those wanted"]


def _travels_the_distance(shipment: Shipment, node: Node, service: Service, facts: Facts) -> list[str]:
    metres = facts.metres_to_door(node)
    if metres is None:
        return ["destination is nowhere"]
    return (
        []
        if abs(metres - shipment.distance_m) <= DISTANCE_TOLERANCE_M
        else [f"distance is {metres:.0f} m, not {shipment.distance_m}"]
    )


def _fills_what_it_says(decision: Decision, facts: Facts) -> list[str]:
    placed = dict.fromkeys(facts.lines, 0)
    for part in chain(*[shipment.lines for shipment in decision.plan.shipments], decision.plan.unfilled):
        placed[part.line_id] += part.quantity
    wanted = {line.line_id: line.quantity for line in facts.cart.lines}
    return [] if placed == wanted else [f"units placed and unfilled are {placed}, ordered {wanted}"]


def _within_splits(decision: Decision, facts: Facts) -> list[str]:
    shipments, limits = decision.plan.shipments, facts.seen.rules.constraints
    faults = []
    if limits.max_shipments is not None and len(shipments) > limits.max_shipments:
        faults.append(f"{len(shipments)} shipments, at most {limits.max_shipments}")
    if len({s.node_id for s in shipments}) < len(shipments):
        faults.append("a node ships the order twice")
    if limits.max_nodes_per_line is not None:
        nodes_of: dict[str, set[str]] = {}
        for shipment in shipments:
            for part in shipment.lines:
                nodes_of.setdefault(part.line_id, set()).add(shipment.node_id)
        most = max((len(nodes) for nodes in nodes_of.values()), default=0)
        if most > limits.max_nodes_per_line:
            faults.append(f"a line comes from {most} nodes, at most {limits.max_nodes_per_line}")
    return faults


def _complete_if_it_must(decision: Decision, facts: Facts) -> list[str]:
    limits, plan = facts.seen.rules.constraints, decision.plan
    whole = limits.ship_complete or not limits.partial_orders or facts.seen.complete
    if not plan.shipments:
        return [] if decision.status is Status.UNFILLABLE else ["nothing ships, yet the status says otherwise"]
    if whole and plan.unfilled:
        return ["leaves units unfilled although the order must be whole"]
    return ["ship complete, yet more than one shipment"] if limits.ship_complete and len(plan.shipments) > 1 else []


_ShipmentRule = Callable[[Shipment, Node, Service, Facts], list[str]]
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
_PLAN_RULES: tuple[Callable[[Decision, Facts], list[str]], ...] = (
    _fills_what_it_says,
    within_stock,
    within_supply,
    _within_splits,
    _complete_if_it_must,
    meets_where_it_must,
    costs_its_parts,
)

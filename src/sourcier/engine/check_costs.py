"""The checker's rules of costs: tariffs, handling and lateness added up one by one, and what they come to."""

from sourcier.domain.network import Node, Service
from sourcier.domain.order import Line
from sourcier.domain.plan import Decision, Shipment
from sourcier.engine.check_facts import Facts

Legs = tuple[tuple[Service, int], ...]
"""The services that carry goods, and how many metres each."""


def costs_its_tariff(shipment: Shipment, node: Node, legs: Legs, facts: Facts, *, to_hub: bool) -> list[str]:
    """The weight, and the tariff of all legs, handling and lateness that are told of a shipment."""
    contents = [(facts.lines[part.line_id], part.quantity) for part in shipment.lines]
    units, grams = _units_and_grams(contents)
    fares = [_fare(service, metres, contents, grams) for service, metres in legs]
    if None in fares:
        return [f"{grams} g are too heavy for the service"]
    shipping = sum([fare for fare in fares if fare is not None])
    handling = node.handling_per_shipment_micros + units * node.handling_per_unit_micros
    days_late = max(0, (shipment.deliver_on - facts.cart.deliver_by).days) if facts.cart.deliver_by else 0
    late = units * days_late * facts.seen.rules.prices.late_per_unit_day_micros
    if to_hub:
        late = shipment.late_micros  # by the day of the parcel: `check_hubs` sees to it
    told = (shipment.weight_grams, shipment.shipping_micros, shipment.handling_micros, shipment.late_micros)
    found = (grams, shipping, handling, late)
    return [] if told == found else [f"costs {found}, not {told}"]


def parcel_costs(onward: Shipment, hub: Node, service: Service, facts: Facts) -> list[str]:
    """The parcel is priced as if it held the whole order."""
    contents = [(line, line.quantity) for line in facts.cart.lines]
    units, grams = _units_and_grams(contents)
    shipping = _fare(service, onward.distance_m, contents, grams)
    if shipping is None:
        return ["the whole order is too heavy for one parcel"]
    handling = hub.handling_per_shipment_micros + units * hub.handling_per_unit_micros
    told, found = (onward.shipping_micros, onward.handling_micros, onward.late_micros), (shipping, handling, 0)
    return [] if told == found else [f"the parcel costs {found}, not {told}"]


def costs_its_parts(decision: Decision, facts: Facts) -> list[str]:
    """The plan's costs are those of its shipments and what it leaves out; the objective is their sum."""
    prices, plan = facts.seen.rules.prices, decision.plan
    unfilled = 0
    for part in plan.unfilled:
        value = facts.lines[part.line_id].unit_price_micros * prices.unfilled_value_bp
        unfilled += part.quantity * (prices.unfilled_per_unit_micros + (value + 5_000) // 10_000)
    parcels = plan.shipments if plan.onward is None else (*plan.shipments, plan.onward)
    parts = (
        sum([s.shipping_micros for s in parcels]),
        sum([s.handling_micros for s in parcels]),
        prices.split_micros * max(0, len(plan.shipments) - 1) * (plan.onward is None),
        sum([s.late_micros for s in plan.shipments]),
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


def _fare(service: Service, metres: int, contents: list[tuple[Line, int]], grams: int) -> int | None:
    """What the service takes for lines, so many units of each, that weigh `grams`; None where that is too heavy."""
    tiers = service.weight_tiers
    tier = next((t.cost_micros for t in tiers if t.max_grams is None or grams <= t.max_grams), None)
    if tiers and tier is None:
        return None
    fare = service.per_shipment_micros + _half_up(service.per_shipment_km_micros * metres) + (tier or 0)
    per_unit = service.per_unit_micros + _half_up(service.per_unit_km_micros * metres)
    for line, units in contents:
        fare += units * (per_unit + _half_up(service.per_kg_micros * line.unit_weight_grams))
    return fare


def _units_and_grams(contents: list[tuple[Line, int]]) -> tuple[int, int]:
    return sum([units for _, units in contents]), sum([units * line.unit_weight_grams for line, units in contents])


def _half_up(thousandths: int) -> int:
    return (thousandths + 500) // 1_000

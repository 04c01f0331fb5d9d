"""An answer over demands and offers, written out as shipments of order lines with dates and costs by component."""

from datetime import date

import numpy as np
from numpy.typing import NDArray

from sourcier.domain.calendar import ship_moment
from sourcier.domain.order import Cart
from sourcier.domain.plan import Costs, Plan, Shipment, ShipmentLine
from sourcier.engine.compile import CompiledRules, IntArray
from sourcier.engine.formulation import tier_costs
from sourcier.engine.offers import thousandths
from sourcier.engine.prefilter import Lanes
from sourcier.engine.proof import Answer
from sourcier.engine.snapshot import Snapshot


def write_plan(cart: Cart, snapshot: Snapshot, rules: CompiledRules, found: Lanes, answer: Answer) -> Plan:
    """The plan of an answer; shipments sorted by node, service and ship day, lines in the order's own sequence."""
    units, left = _units_per_line(cart, answer)
    tiers = tier_costs(answer.problem, answer.cover.offers, answer.cover.units)
    shipments = [
        _shipment(cart, snapshot, rules, found, answer, j, units[:, j], tiers[j])
        for j in range(len(answer.cover.offers))
    ]
    shipments.sort(key=lambda s: (s.node_id, s.service_id, s.ship_day))
    prices = rules.rule_set.prices
    unfilled_price = [
        prices.unfilled_per_unit_micros + (line.unit_price_micros * prices.unfilled_value_bp + 5_000) // 10_000
        for line in cart.lines
    ]
    return Plan(
        shipments=tuple(shipments),
        unfilled=tuple(
            ShipmentLine(line_id=line.line_id, sku=line.sku, quantity=int(left[i]))
            for i, line in enumerate(cart.lines)
            if left[i]
        ),
        costs=Costs(
            shipping=sum(s.shipping_micros for s in shipments),
            handling=sum(s.handling_micros for s in shipments),
            split=prices.split_micros * max(0, len(shipments) - 1),
            late=sum(s.late_micros for s in shipments),
            unfilled=sum(int(left[i]) * price for i, price in enumerate(unfilled_price)),
        ),
    )


def _units_per_line(cart: Cart, answer: Answer) -> tuple[IntArray, IntArray]:
    """``units[line, shipment]`` and what is left unfilled per line: each demand's units go to its lines in turn."""
    units = np.zeros((len(cart.lines), len(answer.cover.offers)), dtype=np.int64)
    left = np.array([line.quantity for line in cart.lines], dtype=np.int64)
    for d, positions in enumerate(answer.problem.lines_of):
        for j in range(len(answer.cover.offers)):
            supply = int(answer.cover.units[d, j])
            for position in positions:
                taken = min(supply, int(left[position]))
                units[position, j] += taken
                left[position] -= taken
                supply -= taken
    return units, left


def _shipment(
    cart: Cart,
    snapshot: Snapshot,
    rules: CompiledRules,
    found: Lanes,
    answer: Answer,
    j: int,
    units: NDArray[np.int64],
    tier_micros: int,
) -> Shipment:
    problem, offer = answer.problem, int(answer.cover.offers[j])
    node_index = int(problem.node[offer])
    node = snapshot.network.network.nodes[node_index]
    service = snapshot.network.network.services[int(problem.service[offer])]
    distance = int(found.distance_m[node_index])
    moment = ship_moment(node.calendar, node.time_zone, date.fromordinal(int(problem.day[offer])))
    arrival = date.fromordinal(int(problem.arrival[offer]))
    total = int(units.sum())
    weights = np.array([line.unit_weight_grams for line in cart.lines], dtype=np.int64)
    by_weight = int((units * thousandths(np.full_like(weights, service.per_kg_micros), weights)).sum())
    late_days = 0 if cart.deliver_by is None else max(0, (arrival - cart.deliver_by).days)
    return Shipment(
        node_id=node.node_id,
        service_id=service.service_id,
        ship_day=moment.day,
        deliver_on=arrival,
        order_by=moment.order_by,
        ship_by=moment.ship_by,
        distance_m=distance,
        weight_grams=int((units * weights).sum()),
        lines=tuple(
            ShipmentLine(line_id=line.line_id, sku=line.sku, quantity=int(units[i]))
            for i, line in enumerate(cart.lines)
            if units[i]
        ),
        shipping_micros=service.per_shipment_micros
        + _per_km(service.per_shipment_km_micros, distance)
        + tier_micros
        + total * (service.per_unit_micros + _per_km(service.per_unit_km_micros, distance))
        + by_weight,
        handling_micros=node.handling_per_shipment_micros + total * node.handling_per_unit_micros,
        late_micros=total * late_days * rules.rule_set.prices.late_per_unit_day_micros,
    )


def _per_km(rate: int, metres: int) -> int:
    return (rate * metres + 500) // 1_000

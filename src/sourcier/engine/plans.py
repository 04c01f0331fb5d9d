"""An answer over demands and offers, written out as shipments of order lines with dates and costs by component."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np
from numpy.typing import NDArray

from sourcier.domain.network import Method, Node
from sourcier.domain.order import Cart
from sourcier.domain.plan import Costs, Plan, Shipment, ShipmentLine
from sourcier.engine.available import Available
from sourcier.engine.candidates import NONE
from sourcier.engine.carbon import shipment_grams
from sourcier.engine.compile import CompiledNetwork, CompiledRules, IntArray
from sourcier.engine.formulation import Cover, tier_costs
from sourcier.engine.offers import Problem, thousandths
from sourcier.engine.pegs import Used, last_order_day, pegged
from sourcier.engine.prefilter import Lanes
from sourcier.engine.proof import Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What a plan is written from: the order, and everything that was seen when its problem was built."""

    cart: Cart
    network: CompiledNetwork
    rules: CompiledRules
    found: Lanes
    available: Available


def write_plan(basis: Basis, answer: Answer) -> Plan:
    """The plan of an answer; shipments sorted by node, service and ship day, lines in the order's own sequence.

    Every shipment is pulled forward to the first departure at which its node sends the same for the same price.
    """
    cart, problem = basis.cart, answer.problem
    offers = pulled_forward(problem, answer.cover)
    units, left = _units_per_line(cart, answer)
    tiers = tier_costs(problem, offers, answer.cover.units)
    shipments = [
        _shipment(basis, problem, int(offer), units[:, j], tier_micros)
        for j, (offer, tier_micros) in enumerate(zip(offers, tiers, strict=True))
    ]
    shipments.sort(key=lambda s: (s.node_id, s.service_id, s.ship_day))
    prices = basis.rules.rule_set.prices
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


def pulled_forward(problem: Problem, found: Cover) -> NDArray[np.int64]:
    """For every shipment the offer of its node that arrives first with the same contents at the same price."""
    offers = [_first_alike(problem, int(k), found.units[:, j]) for j, k in enumerate(found.offers)]
    return np.array(offers, dtype=np.int64)


def _first_alike(problem: Problem, offer: int, units: IntArray) -> int:
    mine = np.flatnonzero(problem.node == problem.node[offer])
    if len(mine) == 1:
        return offer
    together = units @ (problem.group[:, None] == problem.group[None, :])  # of the demands that share stock
    lines = sum(len(positions) for d, positions in enumerate(problem.lines_of) if units[d])
    grams = int(problem.weight @ units)
    fits = (
        (units[:, None] <= problem.supply[:, mine]).all(axis=0)
        & ((together[:, None] <= problem.available[:, mine]) | (units[:, None] == 0)).all(axis=0)
        & (units.sum() <= problem.cap_units[mine])
        & (lines <= problem.cap_lines[mine])
    )
    tiers = [problem.tier_tables[problem.tiers[k]].at(grams) for k in mine]
    cost = problem.fixed[mine] + units @ problem.unit[:, mine]
    own = int(np.flatnonzero(mine == offer)[0])
    price = int(cost[own]) + (tiers[own] or 0)
    alike = [int(k) for i, k in enumerate(mine) if fits[i] and tiers[i] is not None and cost[i] + tiers[i] == price]
    return min(alike, key=lambda k: (problem.arrival[k], problem.lane[k]), default=offer)


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


def _shipment(basis: Basis, problem: Problem, offer: int, units: IntArray, tier_micros: int) -> Shipment:
    cart, found = basis.cart, basis.found
    lane, node_index = int(problem.lane[offer]), int(problem.node[offer])
    node = basis.network.network.nodes[node_index]
    service = basis.network.network.services[int(problem.service[offer])]
    distance, arrival = int(found.distance_m[node_index]), date.fromordinal(int(problem.arrival[offer]))
    total = int(units.sum())
    weights = np.array([line.unit_weight_grams for line in cart.lines], dtype=np.int64)
    by_weight = int((units * thousandths(np.full_like(weights, service.per_kg_micros), weights)).sum())
    late_days = 0 if cart.deliver_by is None else max(0, (arrival - cart.deliver_by).days)
    lines, used = pegged(cart.lines, units.tolist(), basis.available, node_index, int(found.ready[lane]))
    earliest = date.fromordinal(int(found.earliest[lane]))
    departure, shift = int(found.departure[lane]), int(found.shift[lane])
    grams = int((units * weights).sum())
    minute = int(found.table.rounds.minute[departure])
    ready_at = None
    if service.method is Method.SAME_DAY:
        ready_at = _instant(found.table.rounds.pickup[departure] + 60 * service.courier_minutes)
    return Shipment(
        node_id=node.node_id,
        service_id=service.service_id,
        ship_day=date.fromordinal(int(found.day[lane])),
        deliver_on=arrival,
        order_by=_order_by(found, lane, used),
        ship_by=_instant(found.table.rounds.pickup[departure]),
        distance_m=distance,
        weight_grams=grams,
        lines=lines,
        shipping_micros=service.per_shipment_micros
        + _per_km(service.per_shipment_km_micros, distance)
        + tier_micros
        + total * (service.per_unit_micros + _per_km(service.per_unit_km_micros, distance))
        + by_weight,
        handling_micros=node.handling_per_shipment_micros + total * node.handling_per_unit_micros,
        late_micros=total * late_days * basis.rules.rule_set.prices.late_per_unit_day_micros,
        deliver_from=None if earliest == arrival else earliest,
        ready_at=ready_at,
        confidence_bp=int(found.confidence_bp[lane]),
        co2_grams=shipment_grams(service, grams, distance),
        shift=None if shift == NONE else _shift(found, shift, node),
        round_minute=None if minute < 0 else minute,
    )


def _order_by(found: Lanes, lane: int, used: list[Used]) -> datetime:
    """The last instant to place the order for the departure, in time for its supply too."""
    table = found.table
    node, departure = found.node[[lane]], found.departure[[lane]]
    work, calendar = found.work[node], table.network.calendar_of[node]
    last = int(table.order_by(node, departure, work)[0])
    pickup = table.rounds.pickup[departure]
    latest = np.minimum(table.picking.leave(calendar, table.picking.worked(calendar, pickup) - work), pickup)
    order_day = last_order_day(used, int(table.local_day(node, latest)[0]))
    if order_day is not None:
        last = min(last, int(table.midnight(node, np.array([order_day + 1]))[0]) - 1)
    return _instant(last)


def _shift(found: Lanes, shift: int, node: Node) -> tuple[str, date]:
    which = node.shifts[int(found.table.shifts.which[shift])]
    return which.shift_id, date.fromordinal(int(found.table.shifts.day[shift]))


def _instant(seconds: "int | np.int64") -> datetime:
    return datetime.fromtimestamp(int(seconds), tz=UTC)


def _per_km(rate: int, metres: int) -> int:
    return (rate * metres + 500) // 1_000

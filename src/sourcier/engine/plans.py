"""An answer over demands and offers, written out as shipments of order lines with dates and costs by component."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np
from numpy.typing import NDArray

from sourcier.domain.network import Node
from sourcier.domain.order import Cart
from sourcier.domain.plan import Costs, Plan, Shipment, ShipmentLine
from sourcier.engine.available import Available
from sourcier.engine.candidates import NONE
from sourcier.engine.carbon import shipment_grams
from sourcier.engine.compile import CompiledNetwork, CompiledRules, IntArray
from sourcier.engine.formulation import Cover, tier_costs
from sourcier.engine.hours import NEVER
from sourcier.engine.offers import Problem
from sourcier.engine.pegs import Used, last_order_day, pegged
from sourcier.engine.prefilter import Lanes
from sourcier.engine.proof import Answer
from sourcier.engine.tariffs import transport
from sourcier.engine.timetable import Timetable


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
    cart, found, nodes = basis.cart, basis.found, basis.network.network.nodes
    lane, node_index = int(problem.lane[offer]), int(problem.node[offer])
    node = nodes[node_index]
    arrival, earliest = (date.fromordinal(int(days[lane])) for days in (found.arrival, found.earliest))
    total = int(units.sum())
    weights = np.array([line.unit_weight_grams for line in cart.lines], dtype=np.int64)
    grams = int((units * weights).sum())
    tariff = transport(basis.network, found.leg_service[[lane]], found.leg_metres[[lane]], weights)
    late_days = 0 if cart.deliver_by is None else max(0, (arrival - cart.deliver_by).days)
    lines, used = pegged(cart.lines, units.tolist(), basis.available, node_index, int(found.ready[lane]))
    shift, to = int(found.shift[lane]), int(found.to[lane])
    ready_at = int(found.ready_at[lane])
    return Shipment(
        node_id=node.node_id,
        service_id=basis.network.network.services[int(problem.service[offer])].service_id,
        ship_day=date.fromordinal(int(found.day[lane])),
        deliver_on=arrival,
        order_by=_order_by(found, lane, used),
        ship_by=_instant(int(found.at[lane])),
        distance_m=int(found.leg_metres[lane].sum()),
        weight_grams=grams,
        lines=lines,
        shipping_micros=int(tariff.fixed[0]) + tier_micros + int(units @ tariff.unit[:, 0]),
        handling_micros=node.handling_per_shipment_micros + total * node.handling_per_unit_micros,
        late_micros=total * late_days * basis.rules.rule_set.prices.late_per_unit_day_micros,
        deliver_from=None if earliest == arrival else earliest,
        ready_at=None if ready_at >= NEVER else _instant(ready_at),
        confidence_bp=int(found.confidence_bp[lane]),
        co2_grams=_emitted(basis, lane, grams),
        shift=None if shift == NONE else _shift(found, shift, node),
        round_minute=_round_minute(found, lane),
        to_node_id="" if to == NONE else nodes[to].node_id,
    )


def _emitted(basis: Basis, lane: int, grams: int) -> int:
    """Grams of carbon dioxide over all legs."""
    services = basis.network.network.services
    legs = zip(basis.found.leg_service[lane].tolist(), basis.found.leg_metres[lane].tolist(), strict=True)
    return sum(shipment_grams(services[service], grams, metres) for service, metres in legs if service >= 0)


def _round_minute(found: Lanes, lane: int) -> int | None:
    departure = int(found.departure[lane])
    minute = -1 if departure == NONE else int(found.table.rounds.minute[departure])
    return None if minute < 0 else minute


def _order_by(found: Lanes, lane: int, used: list[Used]) -> datetime:
    """The last instant to place the order for the departure (or for the day of collection), in time for its supply."""
    table, node = found.table, found.node[[lane]]
    work, calendar = found.work[node], table.network.calendar_of[node]
    if found.departure[lane] == NONE:
        done_by = _closing(found, lane)
        last = latest = _start_by(table, calendar, done_by, work)
    else:
        last = table.order_by(node, found.departure[[lane]], work)
        latest = _start_by(table, calendar, table.rounds.pickup[found.departure[[lane]]], work)
    order_day = last_order_day(used, int(table.local_day(node, latest)[0]))
    if order_day is None:
        return _instant(int(last[0]))
    midnight = table.midnight(node, np.array([order_day + 1]))
    return _instant(min(int(last[0]), int(midnight[0]) - 1))


def _start_by(table: Timetable, calendar: IntArray, done_by: IntArray, work: IntArray) -> IntArray:
    """The last instants at which work can start that is done in time."""
    return np.minimum(table.picking.leave(calendar, table.picking.worked(calendar, done_by) - work), done_by)


def _closing(found: Lanes, lane: int) -> IntArray:
    """The last instant at which the node is open to customers on the day of collection."""
    table, node = found.table, found.node[[lane]]
    calendar = table.network.calendar_of[node]
    ends = table.midnight(node, found.arrival[[lane]] + 1)
    return table.opening.reach(calendar, table.opening.worked(calendar, ends)) - 1


def _shift(found: Lanes, shift: int, node: Node) -> tuple[str, date]:
    which = node.shifts[int(found.table.shifts.which[shift])]
    return which.shift_id, date.fromordinal(int(found.table.shifts.day[shift]))


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, tz=UTC)

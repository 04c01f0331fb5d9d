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
from sourcier.engine.hours import NEVER
from sourcier.engine.hubs import VIA, Onward, delivered_from, leaving
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
    meeting = _meeting(basis, problem, offers)
    shipments = [
        _shipment(basis, problem, int(offer), units[:, j], tier_micros, meeting)
        for j, (offer, tier_micros) in enumerate(zip(offers, tiers, strict=True))
    ]
    onward = None if meeting is None else _onward(basis, meeting, units.sum(axis=1), shipments)
    shipments.sort(key=lambda s: (s.node_id, s.service_id, s.ship_day))
    parcels = shipments if onward is None else [*shipments, onward]
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
            shipping=sum(s.shipping_micros for s in parcels),
            handling=sum(s.handling_micros for s in parcels),
            split=0 if onward else prices.split_micros * max(0, len(shipments) - 1),
            late=sum(s.late_micros for s in shipments),
            unfilled=sum(int(left[i]) * price for i, price in enumerate(unfilled_price)),
        ),
        onward=onward,
    )


def pulled_forward(problem: Problem, found: Cover) -> NDArray[np.int64]:
    """For every shipment the offer of its node that arrives first with the same contents at the same price."""
    offers = [_first_alike(problem, int(k), found.units[:, j]) for j, k in enumerate(found.offers)]
    return np.array(offers, dtype=np.int64)


def _first_alike(problem: Problem, offer: int, units: IntArray) -> int:
    mine = np.flatnonzero((problem.node == problem.node[offer]) & (problem.family == problem.family[offer]))
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Meeting:
    """The hub's parcel of a plan, the departure that it makes, and the last instant for goods to be there."""

    parcel: Onward
    departure: IntArray
    there_by: IntArray
    cut_off: int


def _meeting(basis: Basis, problem: Problem, offers: NDArray[np.int64]) -> _Meeting | None:
    """Where the goods of the chosen offers meet, if they do."""
    found = basis.found
    if len(offers) == 0 or problem.family[offers[0]] < VIA:
        return None
    parcel, lanes = found.parcels[int(problem.family[offers[0]]) - VIA], problem.lane[offers]
    departure = leaving(found.ask, parcel, found.at_hub[lanes].max(keepdims=True))
    table, hub = found.table, np.array([parcel.hub])
    calendar, pickup = table.network.calendar_of[hub], table.rounds.pickup[departure]
    return _Meeting(
        parcel=parcel,
        departure=departure,
        there_by=_start_by(table, calendar, pickup, found.work[hub]),
        cut_off=int(table.rounds.cut_off[departure[0]]),
    )


def _onward(basis: Basis, meeting: _Meeting, units: IntArray, shipments: list[Shipment]) -> Shipment:
    """The hub's parcel; it costs the same whatever it holds."""
    found, parcel, cart = basis.found, meeting.parcel, basis.cart
    rounds, departure = found.table.rounds, int(meeting.departure[0])
    days = delivered_from(found.ask, parcel, meeting.departure)
    earliest, latest = (date.fromordinal(int(day[0])) for day in (days.earliest, days.latest))
    grams = sum(int(units[i]) * line.unit_weight_grams for i, line in enumerate(cart.lines))
    service = basis.network.network.services[parcel.service]
    minute = int(rounds.minute[departure])
    ready_at = None
    if service.method is Method.SAME_DAY:
        ready_at = _instant(int(rounds.pickup[departure]) + 60 * service.courier_minutes)
    return Shipment(
        node_id=basis.network.network.nodes[parcel.hub].node_id,
        service_id=service.service_id,
        ship_day=date.fromordinal(int(rounds.day[departure])),
        deliver_on=latest,
        order_by=min(shipment.order_by for shipment in shipments),
        ship_by=_instant(int(rounds.pickup[departure])),
        distance_m=parcel.metres,
        weight_grams=grams,
        lines=tuple(
            ShipmentLine(line_id=line.line_id, sku=line.sku, quantity=int(units[i]))
            for i, line in enumerate(cart.lines)
            if units[i]
        ),
        shipping_micros=parcel.shipping,
        handling_micros=parcel.handling,
        late_micros=0,
        deliver_from=None if earliest == latest else earliest,
        ready_at=ready_at,
        confidence_bp=int(days.confidence_bp[0]),
        co2_grams=shipment_grams(service, grams, parcel.metres),
        round_minute=None if minute < 0 else minute,
    )


def _shipment(
    basis: Basis, problem: Problem, offer: int, units: IntArray, tier_micros: int, meeting: _Meeting | None
) -> Shipment:
    cart, found, nodes = basis.cart, basis.found, basis.network.network.nodes
    lane, node_index = int(problem.lane[offer]), int(problem.node[offer])
    node = nodes[node_index]
    there_by, there_from = (date.fromordinal(int(d[lane])) for d in (found.there.latest, found.there.earliest))
    total = int(units.sum())
    weights = np.array([line.unit_weight_grams for line in cart.lines], dtype=np.int64)
    grams = int((units * weights).sum())
    tariff = transport(basis.network, found.leg_service[[lane]], found.leg_metres[[lane]], weights)
    late_days = 0 if cart.deliver_by is None else max(0, int(found.arrival[lane]) - cart.deliver_by.toordinal())
    lines, used = pegged(cart.lines, units.tolist(), basis.available, node_index, int(found.ready[lane]))
    shift, to = int(found.shift[lane]), int(found.to[lane])
    ready_at = int(found.ready_at[lane])
    return Shipment(
        node_id=node.node_id,
        service_id=basis.network.network.services[int(found.service[lane])].service_id,
        ship_day=date.fromordinal(int(found.day[lane])),
        deliver_on=there_by,
        order_by=_order_by(found, lane, used, meeting),
        ship_by=_instant(int(found.at[lane])),
        distance_m=int(found.leg_metres[lane].sum()),
        weight_grams=grams,
        lines=lines,
        shipping_micros=int(tariff.fixed[0]) + tier_micros + int(units @ tariff.unit[:, 0]),
        handling_micros=node.handling_per_shipment_micros + total * node.handling_per_unit_micros,
        late_micros=total * late_days * basis.rules.rule_set.prices.late_per_unit_day_micros,
        deliver_from=None if there_from == there_by else there_from,
        ready_at=None if ready_at >= NEVER else _instant(ready_at),
        confidence_bp=int(found.there.confidence_bp[lane]),
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


def _order_by(found: Lanes, lane: int, used: list[Used], meeting: _Meeting | None) -> datetime:
    """The last instant to place the order for its departure, day of collection or hub's parcel, and for its supply."""
    table, node = found.table, found.node[[lane]]
    work, calendar = found.work[node], table.network.calendar_of[node]
    if found.departure[lane] == NONE:
        done_by = _closing(found, lane) if meeting is None else meeting.there_by
        last = latest = _start_by(table, calendar, done_by, work)
    else:
        last = table.order_by(node, found.departure[[lane]], work)
        latest = _start_by(table, calendar, table.rounds.pickup[found.departure[[lane]]], work)
    instants = [int(last[0])] if meeting is None else [int(last[0]), meeting.cut_off]
    order_day = last_order_day(used, int(table.local_day(node, latest)[0]))
    if order_day is not None:
        instants.append(int(table.midnight(node, np.array([order_day + 1]))[0]) - 1)
    return _instant(min(instants))


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

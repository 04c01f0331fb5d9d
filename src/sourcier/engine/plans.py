"""Answers over demands and offers, written out as shipments of order lines with dates and costs by component."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import NamedTuple

import numpy as np

from sourcier.domain.network import Method, Node
from sourcier.domain.order import Cart
from sourcier.domain.plan import Costs, Plan, Shipment, ShipmentLine
from sourcier.engine.available import Available
from sourcier.engine.carbon import shipment_grams
from sourcier.engine.compile import BoolArray, CompiledNetwork, CompiledRules, IntArray
from sourcier.engine.formulation import Cover, tier_costs
from sourcier.engine.hours import NEVER
from sourcier.engine.hubs import Onward, delivered_from, leaving
from sourcier.engine.offers import Problem
from sourcier.engine.pegs import Drawn, Used, drawn_from, last_order_day, pegged
from sourcier.engine.prefilter import Lanes
from sourcier.engine.proof import Answer
from sourcier.engine.timetable import Timetable
from sourcier.engine.trips import NONE, VIA


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What a plan is written from: the order, and everything that was seen when its problem was built."""

    cart: Cart
    network: CompiledNetwork
    rules: CompiledRules
    found: Lanes
    available: Available


def write_plans(basis: Basis, answers: Sequence[Answer]) -> list[Plan]:
    """The plans of answers; shipments sorted by node, service and ship day, lines in the order's own sequence.

    What the shipments have of their lanes is gathered for all plans at once.
    """
    found = basis.found
    meetings = [_meeting(basis, answer) for answer in answers]
    lanes = np.concatenate([answer.problem.lane[answer.cover.offers] for answer in answers])
    there_by = [
        NEVER if meeting is None else meeting.there_by
        for answer, meeting in zip(answers, meetings, strict=True)
        for _ in answer.cover.offers
    ]
    chosen = iter(_chosen(found, lanes, np.array(there_by, dtype=np.int64)))
    drawn = drawn_from(basis.available, found.node[lanes], found.ready[lanes])
    return [
        _write(basis, answer, meeting, [next(chosen) for _ in answer.cover.offers], drawn)
        for answer, meeting in zip(answers, meetings, strict=True)
    ]


class _Chosen(NamedTuple):
    """The lane of a shipment: its columns among `Lanes`, the minute of its round (-1: none), and for its departure the
    last instants at which work can start and the order be placed."""

    node: int
    service: int
    ready: int
    day: int
    at: int
    arrival: int
    there_from: int
    there_by: int
    confidence_bp: int
    ready_at: int
    to: int
    shift: int
    leg_service: list[int]
    leg_metres: list[int]
    minute: int
    last_start: int
    last_order: int


def _chosen(found: Lanes, lanes: IntArray, there_by: IntArray) -> list[_Chosen]:
    """The chosen lanes; `there_by` is the instant by which a hub needs the goods (NEVER: no hub)."""
    departure, node, rounds = found.departure[lanes], found.node[lanes], found.table.rounds
    start, last = _latest(found, lanes, node, departure, there_by)
    return [
        _Chosen(
            node=of_node,
            service=found.service.item(lane),
            ready=found.ready.item(lane),
            day=found.day.item(lane),
            at=found.at.item(lane),
            arrival=found.arrival.item(lane),
            there_from=found.there.earliest.item(lane),
            there_by=found.there.latest.item(lane),
            confidence_bp=found.there.confidence_bp.item(lane),
            ready_at=found.ready_at.item(lane),
            to=found.to.item(lane),
            shift=found.shift.item(lane),
            leg_service=found.leg_service[lane].tolist(),
            leg_metres=found.leg_metres[lane].tolist(),
            minute=-1 if leaves == NONE else rounds.minute.item(leaves),
            last_start=last_start,
            last_order=last_order,
        )
        for lane, of_node, leaves, last_start, last_order in zip(
            lanes.tolist(), node.tolist(), departure.tolist(), start.tolist(), last.tolist(), strict=True
        )
    ]


def _write(basis: Basis, answer: Answer, meeting: "_Meeting | None", chosen: Sequence[_Chosen], drawn: Drawn) -> Plan:
    """One plan: every opened offer with the lane that it stands for."""
    cart, problem, cover = basis.cart, answer.problem, answer.cover
    units, left = _units_per_line(cart, answer)
    grams, carriage = _carriage(problem, cover)
    shipments = [
        _shipment(basis, lane, [of_line[j] for of_line in units], grams[j], carriage[j], meeting, drawn)
        for j, lane in enumerate(chosen)
    ]
    onward = None if meeting is None else _onward(basis, meeting, [sum(of_line) for of_line in units], shipments)
    if len(shipments) > 1:
        shipments.sort(key=lambda s: (s.node_id, s.service_id, s.ship_day))
    parcels = shipments if onward is None else [*shipments, onward]
    prices = basis.rules.rule_set.prices
    unfilled = [(line, missing) for line, missing in zip(cart.lines, left, strict=True) if missing]
    return Plan(
        shipments=tuple(shipments),
        unfilled=tuple([ShipmentLine(line_id=line.line_id, sku=line.sku, quantity=count) for line, count in unfilled]),
        costs=Costs(
            shipping=sum([s.shipping_micros for s in parcels]),
            handling=sum([s.handling_micros for s in parcels]),
            split=0 if onward else prices.split_micros * max(0, len(shipments) - 1),
            late=sum([s.late_micros for s in shipments]),
            unfilled=sum(
                [
                    count
                    * (
                        prices.unfilled_per_unit_micros
                        + (line.unit_price_micros * prices.unfilled_value_bp + 5_000) // 10_000
                    )
                    for line, count in unfilled
                ]
            ),
        ),
        onward=onward,
    )


def _carriage(problem: Problem, cover: Cover) -> tuple[list[int], list[int]]:
    """Per opened offer the grams of its contents, and what it takes for them, micros."""
    offers, units = cover.offers, cover.units
    grams = (problem.weight @ units).tolist()
    costs = problem.fixed[offers] + np.add.reduce(problem.unit.take(offers, axis=1) * units, axis=0)
    return grams, [cost + tier for cost, tier in zip(costs.tolist(), tier_costs(problem, offers, grams), strict=True)]


def pulled_forward(answer: Answer) -> Answer:
    """Every shipment by the offer of its node that arrives first with the same contents at the same price."""
    cover, problem = answer.cover, answer.problem
    chosen = cover.offers.tolist()
    offers = [_first_alike(problem, k, cover.units[:, j]) for j, k in enumerate(chosen)]
    return (
        answer if offers == chosen else replace(answer, cover=replace(cover, offers=np.array(offers, dtype=np.int64)))
    )


def fitting(problem: Problem, offers: IntArray | slice, units: IntArray) -> BoolArray:
    """Which of the offers can bring ``units[D]`` alone, by stock and capacity; weight is another matter."""
    lines = sum([len(positions) for positions, count in zip(problem.lines_of, units.tolist(), strict=True) if count])
    fits: BoolArray = np.logical_and.reduce(units[:, None] <= problem.supply[:, offers], axis=0)
    fits &= (units.sum() <= problem.cap_units[offers]) & (lines <= problem.cap_lines[offers])
    if problem.shares_stock:
        together = units @ (problem.group[:, None] == problem.group[None, :])
        fits &= ((together[:, None] <= problem.available[:, offers]) | (units[:, None] == 0)).all(axis=0)
    return fits


def latest_arrival(answer: Answer) -> int:
    """The day (an ordinal) on which the last of the goods is with the customer; some must be shipped."""
    arrivals: list[int] = answer.problem.arrival[answer.cover.offers].tolist()
    return max(arrivals)


def _first_alike(problem: Problem, offer: int, units: IntArray) -> int:
    """The first offer of its node and family, by arrival, that brings the same at the same price."""
    low, high = problem.node.searchsorted([node := problem.node.item(offer), node + 1]).tolist()
    if high - low == 1:
        return offer
    columns = (column[low:high].tolist() for column in (problem.family, problem.arrival, problem.lane))
    ranked = list(zip(*columns, range(low, high), strict=True))
    family, *rank, _ = ranked[offer - low]
    sooner = [k for of, *order, k in sorted(ranked) if of == family and order < rank]
    if not sooner:
        return offer
    grams = int(problem.weight @ units)
    price = _price(problem, offer, units, grams)
    alike = np.array([k for k in sooner if _price(problem, k, units, grams) == price], dtype=np.int64)
    fits = alike[fitting(problem, alike, units)]
    return int(fits[0]) if len(fits) else offer


def _price(problem: Problem, offer: int, units: IntArray, grams: int) -> int | None:
    """What an offer takes for units of so many grams, micros; None if that is too heavy for it."""
    tier = problem.tier_tables[problem.tiers[offer]].at(grams)
    return None if tier is None else int(problem.fixed[offer]) + int(units @ problem.unit[:, offer]) + tier


def _units_per_line(cart: Cart, answer: Answer) -> tuple[list[list[int]], list[int]]:
    """``units[line][shipment]`` and what is left unfilled per line: each demand's units go to its lines in turn."""
    units: list[list[int]] = [[] for _ in cart.lines]
    for brought, positions in zip(answer.cover.units.tolist(), answer.problem.lines_of, strict=True):
        for position in positions[:-1]:
            units[position] = _taken(brought, cart.lines[position].quantity)
        units[positions[-1]] = brought
    return units, [line.quantity - sum(of_line) for line, of_line in zip(cart.lines, units, strict=True)]


def _taken(brought: list[int], wanted: int) -> list[int]:
    """So many of the units that shipments bring, the first ones first; they are `brought` no more."""
    taken = []
    for j, there in enumerate(brought):
        taken.append(min(there, wanted))
        brought[j] -= taken[-1]
        wanted -= taken[-1]
    return taken


@dataclass(frozen=True, slots=True, kw_only=True)
class _Meeting:
    """The hub's parcel of a plan, the departure that it makes, and the last instant for goods to be there."""

    parcel: Onward
    departure: IntArray
    there_by: int
    cut_off: int


def _meeting(basis: Basis, answer: Answer) -> _Meeting | None:
    """Where the goods of the chosen offers meet, if they do."""
    found, problem, offers = basis.found, answer.problem, answer.cover.offers
    if len(offers) == 0 or problem.family[offers[0]] < VIA:
        return None
    parcel, lanes = found.parcels[int(problem.family[offers[0]]) - VIA], problem.lane[offers]
    departure = leaving(found.ask, parcel, found.at_hub[lanes].max(keepdims=True))
    table, hub = found.table, np.array([parcel.hub])
    calendar, pickup = table.network.calendar_of[hub], table.rounds.pickup[departure]
    return _Meeting(
        parcel=parcel,
        departure=departure,
        there_by=int(_start_by(table, calendar, pickup, found.work[hub])[0]),
        cut_off=int(table.rounds.cut_off[departure[0]]),
    )


def _onward(basis: Basis, meeting: _Meeting, units: Sequence[int], shipments: list[Shipment]) -> Shipment:
    """The hub's parcel; it costs the same whatever it holds."""
    found, parcel, cart = basis.found, meeting.parcel, basis.cart
    rounds, departure = found.table.rounds, int(meeting.departure[0])
    days = delivered_from(found.ask, parcel, meeting.departure)
    earliest, latest = (date.fromordinal(int(day[0])) for day in (days.earliest, days.latest))
    grams = sum([count * line.unit_weight_grams for count, line in zip(units, cart.lines, strict=True)])
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
            [
                ShipmentLine(line_id=line.line_id, sku=line.sku, quantity=count)
                for count, line in zip(units, cart.lines, strict=True)
                if count
            ]
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
    basis: Basis,
    lane: _Chosen,
    units: Sequence[int],
    grams: int,
    carriage: int,
    meeting: _Meeting | None,
    drawn: Drawn,
) -> Shipment:
    """The shipment by a lane: ``units[line]`` of the order's lines, for all of which it takes `carriage` micros."""
    cart, found, nodes, prices = basis.cart, basis.found, basis.network.network.nodes, basis.rules.rule_set.prices
    services = basis.network.network.services
    node, there_by, total = nodes[lane.node], date.fromordinal(lane.there_by), sum(units)
    late_days = 0 if cart.deliver_by is None else max(0, lane.arrival - cart.deliver_by.toordinal())
    late = total * late_days * prices.late_per_unit_day_micros
    handling = node.handling_per_shipment_micros + total * node.handling_per_unit_micros
    split = prices.split_micros if meeting is None else 0
    lines, used = pegged(cart.lines, units, drawn, lane.node, lane.ready)
    legs = [(services[s], metres) for s, metres in zip(lane.leg_service, lane.leg_metres, strict=True) if s >= 0]
    return Shipment(
        node_id=node.node_id,
        service_id=services[lane.service].service_id,
        ship_day=date.fromordinal(lane.day),
        deliver_on=there_by,
        order_by=_order_by(found, lane, used, meeting),
        ship_by=_instant(lane.at),
        distance_m=sum(lane.leg_metres),
        weight_grams=grams,
        lines=lines,
        shipping_micros=carriage - split - handling - late,
        handling_micros=handling,
        late_micros=late,
        deliver_from=None if lane.there_from == lane.there_by else date.fromordinal(lane.there_from),
        ready_at=None if lane.ready_at >= NEVER else _instant(lane.ready_at),
        confidence_bp=lane.confidence_bp,
        co2_grams=sum([shipment_grams(service, grams, metres) for service, metres in legs]),
        shift=None if lane.shift == NONE else _shift(found, lane.shift, node),
        round_minute=None if lane.minute < 0 else lane.minute,
        to_node_id="" if lane.to == NONE else nodes[lane.to].node_id,
    )


def _latest(
    found: Lanes, lane: IntArray, node: IntArray, departure: IntArray, there_by: IntArray
) -> tuple[IntArray, IntArray]:
    """Per chosen lane, the last instants at which work can start and the order be placed."""
    table, leaves = found.table, departure != NONE
    calendar = table.network.calendar_of[node]
    if leaves.all():
        start = _start_by(table, calendar, table.rounds.pickup[departure], found.work[node])
        return start, np.minimum(start, table.rounds.cut_off[departure])
    done_by = there_by.copy()
    done_by[leaves] = table.rounds.pickup[departure[leaves]]
    stays = np.flatnonzero(~leaves & (there_by == NEVER))
    if len(stays):
        done_by[stays] = _closing(found, lane[stays])
    start = _start_by(table, calendar, done_by, found.work[node])
    last = start.copy()
    last[leaves] = np.minimum(start[leaves], table.rounds.cut_off[departure[leaves]])
    return start, last


def _order_by(found: Lanes, lane: _Chosen, used: list[Used], meeting: _Meeting | None) -> datetime:
    """The last instant to place the order for its departure, day of collection or hub's parcel, and for its supply."""
    last = lane.last_order if meeting is None else min(lane.last_order, meeting.cut_off)
    if used:
        table, node = found.table, np.array([lane.node])
        order_day = last_order_day(used, int(table.local_day(node, np.array([lane.last_start]))[0]))
        last = min(last, int(table.midnight(node, np.array([order_day + 1]))[0]) - 1)
    return _instant(last)


def _start_by(table: Timetable, calendar: IntArray, done_by: IntArray, work: IntArray) -> IntArray:
    """The last instants at which work can start that is done in time."""
    return np.minimum(table.picking.leave(calendar, table.picking.worked(calendar, done_by) - work), done_by)


def _closing(found: Lanes, lane: IntArray) -> IntArray:
    """The last instant at which each node is open to customers on the day of collection."""
    table, node = found.table, found.node[lane]
    calendar = table.network.calendar_of[node]
    ends = table.midnight(node, found.arrival[lane] + 1)
    return table.opening.reach(calendar, table.opening.worked(calendar, ends)) - 1


def _shift(found: Lanes, shift: int, node: Node) -> tuple[str, date]:
    which = node.shifts[int(found.table.shifts.which[shift])]
    return which.shift_id, date.fromordinal(int(found.table.shifts.day[shift]))


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, tz=UTC)

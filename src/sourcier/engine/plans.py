"""Answers over demands and offers, written out as shipments of order lines with dates and costs by component."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

import numpy as np

from sourcier.domain.network import Method, Node
from sourcier.domain.order import Cart
from sourcier.domain.plan import Costs, Plan, Shipment, ShipmentLine
from sourcier.engine.available import Available
from sourcier.engine.carbon import shipment_grams
from sourcier.engine.compile import BoolArray, CompiledNetwork, CompiledRules, IntArray
from sourcier.engine.formulation import tier_costs
from sourcier.engine.hours import NEVER
from sourcier.engine.hubs import Onward, delivered_from, leaving
from sourcier.engine.offers import Problem
from sourcier.engine.pegs import Used, last_order_day, pegged
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


def write_plans(drafts: Sequence[tuple[Basis, Answer]]) -> list[Plan]:
    """The plans of answers; shipments sorted by node, service and ship day, lines in the order's own sequence."""
    plans: dict[int, Plan] = {}
    alike: dict[int, list[int]] = {}
    for position, (basis, _) in enumerate(drafts):
        alike.setdefault(id(basis.found), []).append(position)
    for positions in alike.values():
        written = _write_together([drafts[position] for position in positions])
        plans.update(zip(positions, written, strict=True))
    return [plans[position] for position in range(len(drafts))]


def _write_together(drafts: Sequence[tuple[Basis, Answer]]) -> list[Plan]:
    """Plans of one order over the same lanes: when to order for each of their shipments is found for all at once."""
    found = drafts[0][0].found
    meetings = [_meeting(basis, answer) for basis, answer in drafts]
    lanes = np.concatenate([answer.problem.lane[answer.cover.offers] for _, answer in drafts])
    there_by = np.repeat(
        [NEVER if meeting is None else meeting.there_by for meeting in meetings],
        [len(answer.cover.offers) for _, answer in drafts],
    )
    starts = zip(*_latest(found, lanes, there_by), strict=True)
    return [
        _write(basis, answer, meeting, [next(starts) for _ in answer.cover.offers])
        for (basis, answer), meeting in zip(drafts, meetings, strict=True)
    ]


def _write(basis: Basis, answer: Answer, meeting: "_Meeting | None", starts: Sequence["_Start"]) -> Plan:
    """One plan; `starts` say for each opened offer when its work can start and its order be placed at the latest."""
    cart, problem, cover = basis.cart, answer.problem, answer.cover
    units, left = _units_per_line(cart, answer)
    tiers = tier_costs(problem, cover.offers, cover.units)
    shipments = [
        _shipment(basis, answer, j, units[:, j], tier_micros, meeting, start)
        for j, (tier_micros, start) in enumerate(zip(tiers, starts, strict=True))
    ]
    onward = None if meeting is None else _onward(basis, meeting, units.sum(axis=1), shipments)
    shipments.sort(key=lambda s: (s.node_id, s.service_id, s.ship_day))
    parcels = shipments if onward is None else [*shipments, onward]
    prices = basis.rules.rule_set.prices
    unfilled = [(line, int(left[i])) for i, line in enumerate(cart.lines) if left[i]]
    return Plan(
        shipments=tuple(shipments),
        unfilled=tuple(ShipmentLine(line_id=line.line_id, sku=line.sku, quantity=count) for line, count in unfilled),
        costs=Costs(
            shipping=sum(s.shipping_micros for s in parcels),
            handling=sum(s.handling_micros for s in parcels),
            split=0 if onward else prices.split_micros * max(0, len(shipments) - 1),
            late=sum(s.late_micros for s in shipments),
            unfilled=sum(
                count
                * (
                    prices.unfilled_per_unit_micros
                    + (line.unit_price_micros * prices.unfilled_value_bp + 5_000) // 10_000
                )
                for line, count in unfilled
            ),
        ),
        onward=onward,
    )


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
    together = units @ (problem.group[:, None] == problem.group[None, :])  # of the demands that share stock
    lines = sum(len(positions) for positions, count in zip(problem.lines_of, units.tolist(), strict=True) if count)
    fits: BoolArray = (
        (units[:, None] <= problem.supply[:, offers]).all(axis=0)
        & ((together[:, None] <= problem.available[:, offers]) | (units[:, None] == 0)).all(axis=0)
        & (units.sum() <= problem.cap_units[offers])
        & (lines <= problem.cap_lines[offers])
    )
    return fits


def latest_arrival(answer: Answer) -> int:
    """The day (an ordinal) on which the last of the goods is with the customer; some must be shipped."""
    return int(answer.problem.arrival[answer.cover.offers].max())


def _first_alike(problem: Problem, offer: int, units: IntArray) -> int:
    """The first offer of its node and family, by arrival, that brings the same at the same price."""
    node = problem.node[offer]
    low, high = int(problem.node.searchsorted(node)), int(problem.node.searchsorted(node, side="right"))
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


def _units_per_line(cart: Cart, answer: Answer) -> tuple[IntArray, IntArray]:
    """``units[line, shipment]`` and what is left unfilled per line: each demand's units go to its lines in turn."""
    wanted = np.array([line.quantity for line in cart.lines], dtype=np.int64)
    units = np.zeros((len(wanted), len(answer.cover.offers)), dtype=np.int64)
    lines_of = answer.problem.lines_of
    units[[positions[0] for positions in lines_of]] = answer.cover.units
    for rest, positions in zip(answer.cover.units, lines_of, strict=True):
        for position in positions if len(positions) > 1 else ():
            before = np.cumsum(rest) - rest
            units[position] = np.clip(wanted[position] - before, 0, rest)
            rest = rest - units[position]
    return units, wanted - units.sum(axis=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Meeting:
    """The hub's parcel of a plan, the departure that it makes, and the last instant for goods to be there."""

    parcel: Onward
    departure: IntArray
    there_by: int
    cut_off: int


_Start = tuple[int, int]
"""The last instant at which work can start, and the last at which the order can be placed for its departure."""


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
    basis: Basis, answer: Answer, j: int, units: IntArray, tier_micros: int, meeting: _Meeting | None, start: _Start
) -> Shipment:
    """The shipment of the j-th opened offer: ``units[line]`` of the order's lines."""
    cart, found, nodes, problem = basis.cart, basis.found, basis.network.network.nodes, answer.problem
    offer, contents = int(answer.cover.offers[j]), answer.cover.units[:, j]
    lane, node_index = int(problem.lane[offer]), int(problem.node[offer])
    node, prices = nodes[node_index], basis.rules.rule_set.prices
    there_by, there_from = (date.fromordinal(int(d[lane])) for d in (found.there.latest, found.there.earliest))
    total, grams = int(contents.sum()), int(problem.weight @ contents)
    late_days = 0 if cart.deliver_by is None else max(0, int(found.arrival[lane]) - cart.deliver_by.toordinal())
    late = total * late_days * prices.late_per_unit_day_micros
    handling = node.handling_per_shipment_micros + total * node.handling_per_unit_micros
    split = prices.split_micros if meeting is None else 0
    costs = int(problem.fixed[offer]) - split + tier_micros + int(contents @ problem.unit[:, offer])
    lines, used = pegged(cart.lines, units.tolist(), basis.available, node_index, int(found.ready[lane]))
    shift, to = int(found.shift[lane]), int(found.to[lane])
    ready_at = int(found.ready_at[lane])
    return Shipment(
        node_id=node.node_id,
        service_id=basis.network.network.services[int(found.service[lane])].service_id,
        ship_day=date.fromordinal(int(found.day[lane])),
        deliver_on=there_by,
        order_by=_order_by(found, lane, used, meeting, start),
        ship_by=_instant(int(found.at[lane])),
        distance_m=int(found.leg_metres[lane].sum()),
        weight_grams=grams,
        lines=lines,
        shipping_micros=costs - handling - late,
        handling_micros=handling,
        late_micros=late,
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


def _latest(found: Lanes, lane: IntArray, there_by: IntArray) -> tuple[list[int], list[int]]:
    """Per chosen lane, as _Start says; `there_by` is the instant by which a hub needs the goods (NEVER: no hub)."""
    table, node, departure = found.table, found.node[lane], found.departure[lane]
    calendar, leaves = table.network.calendar_of[node], departure != NONE
    done_by = there_by.copy()
    done_by[leaves] = table.rounds.pickup[departure[leaves]]
    stays = np.flatnonzero(~leaves & (there_by == NEVER))
    if len(stays):
        done_by[stays] = _closing(found, lane[stays])
    start = _start_by(table, calendar, done_by, found.work[node])
    last = start.copy()
    last[leaves] = np.minimum(start[leaves], table.rounds.cut_off[departure[leaves]])
    return start.tolist(), last.tolist()


def _order_by(found: Lanes, lane: int, used: list[Used], meeting: _Meeting | None, start: _Start) -> datetime:
    """The last instant to place the order for its departure, day of collection or hub's parcel, and for its supply."""
    latest, last = start
    instants = [last] if meeting is None else [last, meeting.cut_off]
    if used:
        table, node = found.table, found.node[[lane]]
        order_day = last_order_day(used, int(table.local_day(node, np.array([latest]))[0]))
        instants.append(int(table.midnight(node, np.array([order_day + 1]))[0]) - 1)
    return _instant(min(instants))


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

"""What leaves when: carriers' rounds, calendars' cut-offs and shifts of every node as runs of instants."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sourcier.domain.calendar_checks import pickup_minutes
from sourcier.domain.network import Method, Round, Service
from sourcier.engine.columns import copies
from sourcier.engine.compile import UNLIMITED, BoolArray, CompiledNetwork, IntArray
from sourcier.engine.hours import Calendars, weekdays
from sourcier.engine.zones import SPAN, Zones


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """Departures in runs of one schedule each, by pickup (axis R): carriers' rounds, or cut-offs of calendars.

    `pickup[R]` is when it leaves and `cut_off[R]` the last instant to place an order for it (the pickup itself where
    being ready is enough). `day[R]` is the node's local day, `minute[R]` the round's pickup minute (-1: a calendar's
    cut-off, no round), `parcels[R]` what one round takes (UNLIMITED: any number). `stop[schedule]` is where a run ends.
    The keys are what `first_round` searches in.
    """

    pickup: IntArray
    cut_off: IntArray
    day: NDArray[np.int32]
    minute: NDArray[np.int16]
    parcels: IntArray
    stop: IntArray
    work_key: IntArray
    cut_key: IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Shifts:
    """Shifts in runs of one node each, by start (axis Q).

    `start[Q]`, `end[Q]` are instants, `day[Q]` the local day on which it starts, `which[Q]` the position in
    ``node.shifts``. `stop[node]` is where a run ends: nodes without shifts have an empty one.
    """

    start: IntArray
    end: IntArray
    day: NDArray[np.int32]
    which: NDArray[np.int16]
    stop: IntArray
    work_key: IntArray


def compile_rounds(network: CompiledNetwork, calendars: Calendars) -> tuple[NDArray[np.int32], Rounds]:
    """``schedule[N, S]`` and the departures: lanes with the same calendar and rounds share a schedule."""
    nodes = network.network.nodes
    schedule = np.full((len(nodes), len(network.services)), -1, dtype=np.int32)
    distinct: dict[tuple[int, tuple[Round, ...]], int] = {}
    for n, (node, calendar) in enumerate(zip(nodes, network.calendar_of.tolist(), strict=True)):
        by_service: dict[str, tuple[Round, ...]] = {}
        for one in node.rounds:
            by_service[one.service_id] = (*by_service.get(one.service_id, ()), one)
        for service_id in node.services:
            key = (calendar, by_service.get(service_id, ()))
            schedule[n, network.service_index[service_id]] = distinct.setdefault(key, len(distinct))
    return schedule, _departures(calendars, list(distinct))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pickups:
    """What leaves on every day of `days[P, D]` on which its calendar works; minutes are local."""

    schedule: IntArray
    calendar: IntArray
    days: BoolArray
    minute: IntArray
    cut_off: IntArray
    parcels: IntArray
    is_round: BoolArray


def _departures(calendars: Calendars, distinct: Sequence[tuple[int, tuple[Round, ...]]]) -> Rounds:
    rows = _pickups(calendars, distinct)
    row, column = np.nonzero(calendars.works[rows.calendar] & rows.days)
    calendar, day = rows.calendar[row], calendars.first + column
    zone = calendars.zone_of[calendar]
    pickup = calendars.zones.instant(zone, day, rows.minute[row])
    cut_off = calendars.zones.instant(zone, day, rows.cut_off[row])
    schedule = rows.schedule[row]
    order = np.argsort(schedule * SPAN + pickup - calendars.origin, kind="stable")
    row, column, pickup, cut_off, schedule = (a[order] for a in (row, column, pickup, cut_off, schedule))
    return _keyed(
        schedule=schedule,
        num_schedules=len(distinct),
        worked=calendars.picking.worked(rows.calendar[row], pickup),
        origin=calendars.origin,
        pickup=pickup,
        cut_off=cut_off,
        day=(calendars.first + column).astype(np.int32),
        minute=np.where(rows.is_round[row], rows.minute[row], -1).astype(np.int16),
        parcels=rows.parcels[row],
    )


def _keyed(
    *,
    schedule: IntArray,
    num_schedules: int,
    worked: IntArray,
    origin: int,
    pickup: IntArray,
    cut_off: IntArray,
    day: NDArray[np.int32],
    minute: NDArray[np.int16],
    parcels: IntArray,
) -> Rounds:
    """Departures sorted by schedule and pickup, with the keys to search them.

    Cut-offs need not rise with the pickups; their running maximum finds the first one that is not before an instant.
    """
    return Rounds(
        pickup=pickup,
        cut_off=cut_off,
        day=day,
        minute=minute,
        parcels=parcels,
        stop=np.searchsorted(schedule, np.arange(num_schedules), side="right").astype(np.int64),
        work_key=schedule * SPAN + worked,
        cut_key=np.maximum.accumulate(schedule * SPAN + cut_off - origin),
    )


def _pickups(calendars: Calendars, distinct: Sequence[tuple[int, tuple[Round, ...]]]) -> _Pickups:
    """Every round of every schedule, those that come again and again written out; the cut-off where none is stated."""
    rows: list[tuple[int, int, int, int, int, int, int]] = []
    days = []
    every_day = frozenset(range(1, 8))
    for schedule, (calendar, stated) in enumerate(distinct):
        if not stated:
            minute = calendars.cut_off_minute[calendar]
            rows.append((schedule, calendar, minute, minute, int(UNLIMITED), 1, 1))
            days.append(weekdays(every_day, calendars.first, calendars.num_days))
        for one in stated:
            minutes = pickup_minutes(one)
            cut_off = one.pickup_minute if one.cut_off_minute is None else one.cut_off_minute
            parcels = int(UNLIMITED) if one.parcels is None else one.parcels
            rows.append((schedule, calendar, one.pickup_minute, cut_off, parcels, minutes.step, len(minutes)))
            days.append(weekdays(one.days, calendars.first, calendars.num_days))
    table = np.array(rows, dtype=np.int64).reshape(-1, 7)
    source, nth = copies(table[:, 6])
    is_round = np.array([bool(stated) for _, stated in distinct], dtype=np.bool_)
    return _Pickups(
        schedule=table[source, 0],
        calendar=table[source, 1],
        days=np.array(days, dtype=np.bool_).reshape(-1, calendars.num_days)[source],
        minute=table[source, 2] + nth * table[source, 5],
        cut_off=table[source, 3] + nth * table[source, 5],
        parcels=table[source, 4],
        is_round=is_round[table[source, 0]],
    )


def compile_couriers(
    network: CompiledNetwork, zones: Zones, destinations: Sequence[str], schedule: NDArray[np.int32], rounds: Rounds
) -> tuple[Rounds, dict[str, NDArray[np.int32]]]:
    """Departures extended by those of couriers, and ``schedule[N, S]`` by zone of the destination.

    For a SAME_DAY service only those departures stay that it delivers on the very day, in a window, on a day on which
    it delivers.
    """
    couriers = [s for s, one in enumerate(network.services) if one.service.method is Method.SAME_DAY]
    if not couriers:
        return rounds, {}
    parts, matrices, found = [rounds], {}, len(rounds.stop)
    for zone in destinations:
        matrices[zone] = schedule.copy()
        for s in couriers:
            used = np.unique(schedule[:, s][schedule[:, s] >= 0]).astype(np.int64)
            delivered = _delivered(network.services[s].service, zones, zone, rounds)
            renamed = np.full(len(rounds.stop) + 1, -1, dtype=np.int32)
            renamed[used] = found + np.arange(len(used))
            matrices[zone][:, s] = renamed[schedule[:, s]]
            parts.append(_restricted(rounds, used, delivered, found, zones.origin))
            found += len(used)
    return _joined(parts), matrices


def _delivered(service: Service, zones: Zones, zone: str, rounds: Rounds) -> BoolArray:
    """Which departures the courier delivers on their very day in a window."""
    there = rounds.pickup + 60 * service.courier_minutes
    day = rounds.day.astype(np.int64)
    in_zone = np.full(len(day), zones.index[zone])
    weekday = (day + 6) % 7 + 1
    closed = np.array([d.toordinal() for d in service.closed_dates], dtype=np.int64)
    delivers = np.isin(weekday, list(service.delivery_days)) & ~np.isin(day, closed)
    spans = [(w.days, w.from_minute, w.to_minute) for w in service.windows] or [(frozenset(range(1, 8)), 0, 1_440)]
    in_window = np.zeros(len(day), dtype=np.bool_)
    for days, from_minute, to_minute in spans:
        opens = zones.instant(in_zone, day, np.full(len(day), from_minute))
        closes = zones.instant(in_zone, day, np.full(len(day), to_minute))
        in_window |= np.isin(weekday, list(days)) & (opens <= there) & (there < closes)
    return delivers & in_window


def _restricted(rounds: Rounds, used: IntArray, kept: BoolArray, first: int, origin: int) -> Rounds:
    """The kept departures of some schedules, as schedules of their own numbered from `first` on."""
    owner = np.repeat(np.arange(len(rounds.stop)), np.diff(rounds.stop, prepend=0))
    position = np.full(len(rounds.stop), -1)
    position[used] = np.arange(len(used))
    at = np.flatnonzero(kept & (position[owner] >= 0))
    schedule = first + position[owner[at]]
    return _keyed(
        schedule=schedule,
        num_schedules=first + len(used),
        worked=rounds.work_key[at] - owner[at] * SPAN,
        origin=origin,
        pickup=rounds.pickup[at],
        cut_off=rounds.cut_off[at],
        day=rounds.day[at],
        minute=rounds.minute[at],
        parcels=rounds.parcels[at],
    )


def _joined(parts: Sequence[Rounds]) -> Rounds:
    """Parts with schedules that follow each other's, as one; `stop` of a part starts with the schedules before it."""
    stops, total, known = [], 0, 0
    for part in parts:
        stops.append(total + part.stop[known:])
        total += len(part.pickup)
        known = len(part.stop)
    columns = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in ("pickup", "cut_off", "day", "minute", "parcels", "work_key", "cut_key")
    }
    return Rounds(stop=np.concatenate(stops), **columns)


def compile_shifts(network: CompiledNetwork, calendars: Calendars) -> Shifts:
    """The shifts of every node on the days on which it works."""
    rows = np.array(
        [
            (n, position, shift.from_minute, shift.to_minute)
            for n, node in enumerate(network.network.nodes)
            for position, shift in enumerate(node.shifts)
        ],
        dtype=np.int64,
    ).reshape(-1, 4)
    calendar = network.calendar_of[rows[:, 0]]
    row, column = np.nonzero(calendars.works[calendar])
    node, day, zone = rows[row, 0], calendars.first + column, calendars.zone_of[calendar[row]]
    start = calendars.zones.instant(zone, day, rows[row, 2])
    end = calendars.zones.instant(zone, day, rows[row, 3])
    order = np.argsort(node * SPAN + start - calendars.origin, kind="stable")
    node, start, row = node[order], start[order], row[order]
    return Shifts(
        start=start,
        end=end[order],
        day=day[order].astype(np.int32),
        which=rows[row, 1].astype(np.int16),
        stop=np.searchsorted(node, np.arange(len(network.network.nodes)), side="right").astype(np.int64),
        work_key=node * SPAN + calendars.picking.worked(calendar[row], start),
    )

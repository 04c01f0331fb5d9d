"""From lanes to candidates: when the work can start, which departure it makes, where pools have room.

A node and service could send an order on every departure of sixty days, out of every shift, waiting for any supply.
Nearly all of that is useless: what waits without need costs no less and arrives no earlier. What can be of use is

    starts       now, and every day on which supply is ready that adds to what the order can take (at nodes with
                 shifts: every day on which supply is ready)
    shifts       of a start: the first one, and each later one with more room than every one before it
    departures   of a start and shift: the first one made, and each later one with more room than every one before

Let a plan use a node from start m, in shift h, on departure r. The first shift from m with room for its load is among
the candidates and not after h; so the first departure made from there with room is among them too and not after r.
It brings the same for the same price, no later: no plan is lost.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sourcier.domain.limits import SHIP_HORIZON_DAYS
from sourcier.domain.network import CapacityMeasure
from sourcier.engine.available import ON_HAND
from sourcier.engine.compile import MEASURES, UNLIMITED, BoolArray, IntArray
from sourcier.engine.hours import NEVER
from sourcier.engine.snapshot import Snapshot
from sourcier.engine.timetable import Timetable

NONE = np.int64(-1)
"""Stands for "no shift" and "no departure"."""

BLOCK = 32
"""Departures or shifts that are looked at in one go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Starts:
    """When work on the order can begin (axis B): `begin[B]` instants at `node[B]`, in `shift[B]` (axis Q or NONE).

    It may use supply that is ready by the day `ready[B]`; `left[B]` is the room in the shift, in its own measure.
    """

    node: IntArray
    begin: IntArray
    ready: IntArray
    shift: IntArray
    left: IntArray

    def take(self, chosen: IntArray) -> "Starts":
        """The chosen ones, in that order."""
        return Starts(
            node=self.node[chosen],
            begin=self.begin[chosen],
            ready=self.ready[chosen],
            shift=self.shift[chosen],
            left=self.left[chosen],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What an order weighs on pools: its lines and units, and `work[N]` seconds at every node."""

    lines: int
    units: int
    work: IntArray

    def enough(self, measure: NDArray[np.integer]) -> IntArray:
        """What is room enough for the whole order, by measure (indexes MEASURES)."""
        whole: IntArray = np.array([0, 1, self.lines, self.units], dtype=np.int64)[measure]
        return whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One order, wherever it goes: placed at an instant, what it weighs, from which nodes, by which day (an ordinal).

    `later` are (node, ready day) pairs of dated supply that is worth waiting for. `quantile_bp` of the parcels must
    have arrived on the day told.
    """

    snapshot: Snapshot
    table: Timetable
    placed: int
    load: Load
    usable: BoolArray
    later: tuple[IntArray, IntArray]
    quantile_bp: int
    deadline: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Departing:
    """Starts on a lane with the departure they make (axis C).

    `way[C]` is on axis L, `departure[C]` on axis R; NONE leaves with nothing, it stays for the customer to collect.
    `day[C]` is the node's day on which it is ready or leaves, `at[C]` the instant.
    """

    starts: Starts
    way: IntArray
    departure: IntArray
    day: IntArray
    at: IntArray

    def take(self, chosen: IntArray) -> "Departing":
        """The chosen ones, in that order."""
        return Departing(
            starts=self.starts.take(chosen),
            way=self.way[chosen],
            departure=self.departure[chosen],
            day=self.day[chosen],
            at=self.at[chosen],
        )

    @staticmethod
    def joined(parts: "Sequence[Departing]") -> "Departing":
        """The candidates of all parts, one part after the other."""
        return Departing(
            starts=_joined(*(part.starts for part in parts)),
            way=np.concatenate([part.way for part in parts]),
            departure=np.concatenate([part.departure for part in parts]),
            day=np.concatenate([part.day for part in parts]),
            at=np.concatenate([part.at for part in parts]),
        )


def starts(ask: Ask) -> Starts:
    """All useful starts at usable nodes: now, and when supply is ready."""
    table, placed, usable = ask.table, ask.placed, ask.usable
    now = np.flatnonzero(usable)
    node, ready = ask.later
    waits = usable[node]
    node = np.concatenate([now, node[waits]])
    ready = np.concatenate([np.full(len(now), ON_HAND), ready[waits]])
    begin = np.where(ready > ON_HAND, np.maximum(placed, table.midnight(node, ready)), placed)
    known = begin < NEVER
    node, ready, begin = node[known], ready[known], begin[known]
    whole = Starts(
        node=node, begin=begin, ready=ready, shift=np.full(len(node), NONE), left=np.full(len(node), UNLIMITED)
    )
    network = ask.snapshot.network
    if len(network.shift_limit) == 0:
        return whole
    in_shifts = network.in_shifts[node]
    worked = _in_shifts(ask, whole.take(np.flatnonzero(in_shifts)))
    return _joined(whole.take(np.flatnonzero(~in_shifts)), worked)


def _joined(*parts: Starts) -> Starts:
    names = ("node", "begin", "ready", "shift", "left")
    return Starts(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def _in_shifts(ask: Ask, found: Starts) -> Starts:
    """Every start in its first shift, and in each later one with more room than those before."""
    snapshot, table, load = ask.snapshot, ask.table, ask.load
    first, begin = table.first_shift(found.node, found.begin, load.work[found.node])
    there = np.flatnonzero(first >= 0)
    found, first, begin = found.take(there), first[there], begin[there]
    network, shifts = snapshot.network, table.shifts

    def left_in(shift: IntArray, node: IntArray) -> IntArray:
        return snapshot.shift_left(network.first_shift[node] + shifts.which[shift], shifts.day[shift].astype(np.int64))

    def measure_of(shift: IntArray, node: IntArray) -> NDArray[np.int8]:
        measure: NDArray[np.int8] = network.shift_measure[network.first_shift[node] + shifts.which[shift]]
        return measure

    def room_in(counted: np.int8) -> Callable[[IntArray, IntArray], IntArray]:
        def room(row: IntArray, shift: IntArray) -> IntArray:
            node = found.node[row]
            measure = measure_of(shift, node)
            share = _share(left_in(shift, node), load.enough(measure))
            return np.where((measure == counted) | (share == WHOLE), share, 0)

        return room

    # Room in one measure does not compare with room in another.
    climbs = [climb(first, shifts.stop[found.node], room_in(m)) for m in np.unique(network.shift_measure)]
    row, shift = np.unique(np.concatenate(climbs, axis=1), axis=1)
    node = found.node[row]
    return Starts(
        node=node,
        begin=np.where(shift == first[row], begin[row], np.maximum(found.begin[row], shifts.start[shift])),
        ready=found.ready[row],
        shift=shift,
        left=left_in(shift, node),
    )


WHOLE = np.int64(2**40)
"""Room for the whole order; less room counts less."""


def _share(left: IntArray, enough: IntArray) -> IntArray:
    """Room as a number that compares: WHOLE where it is enough, else what is left, 0 for none."""
    return np.where(left >= enough, WHOLE, left)


def climb(first: IntArray, stop: IntArray, room: Callable[[IntArray, IntArray], IntArray]) -> tuple[IntArray, IntArray]:
    """(row, position) of the positions ``first[row] .. stop[row] - 1`` with more room than every one before.

    ``room(rows, positions)`` is 0 where there is none; a row ends with the first WHOLE.
    """
    rows, at, most = np.arange(len(first)), first, np.zeros(len(first), dtype=np.int64)
    found = [(rows[:0], first[:0])]
    width = 1
    while len(rows):
        positions = at[:, None] + np.arange(width)
        inside = positions < stop[rows, None]
        of_row = np.broadcast_to(rows[:, None], positions.shape)
        value = np.zeros(positions.shape, dtype=np.int64)
        value[inside] = room(of_row[inside], positions[inside])
        before = np.maximum.accumulate(np.column_stack([most, value]), axis=1)
        more = value > before[:, :-1]
        found.append((of_row[more], positions[more]))
        most, at = before[:, -1], at + width
        going = (most < WHOLE) & (at < stop[rows])
        rows, at, most, width = rows[going], at[going], most[going], BLOCK
    return np.concatenate([row for row, _ in found]), np.concatenate([position for _, position in found])


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """Lanes over axis L: `node[L]`, `service[L]`, and the run `schedule[L]` of departures (-1: none)."""

    node: IntArray
    service: IntArray
    schedule: IntArray


def departing(ask: Ask, ways: Ways, found: Starts) -> Departing:
    """Every useful departure of the lanes, from every start at their nodes."""
    snapshot, table, placed, load = ask.snapshot, ask.table, ask.placed, ask.load
    way, start = _at_their_nodes(ways.node, found.node)
    node, schedule = ways.node[way], ways.schedule[way]
    first = table.first_round(node, schedule, placed, found.begin[start], load.work[node])
    made = np.flatnonzero(first >= 0)
    way, start, first, node, service = way[made], start[made], first[made], node[made], ways.service[way[made]]
    rounds = table.rounds
    last_day = rounds.day[first] + SHIP_HORIZON_DAYS

    def room(row: IntArray, departure: IntArray) -> IntArray:
        day = rounds.day[departure].astype(np.int64)
        left = snapshot.node_left(node[row], day)
        parcels, minute = rounds.parcels[departure], rounds.minute[departure].astype(np.int64)
        takes = snapshot.round_left(node[row], service[row], day, minute, parcels) > 0
        takes &= (rounds.cut_off[departure] >= placed) & (day <= last_day[row])
        return np.where(takes, _share(left, load.enough(snapshot.network.measure[node[row]])), 0)

    row, departure = climb(first, rounds.stop[schedule[made]], room)
    chosen = Departing(
        starts=found.take(start[row]),
        way=way[row],
        departure=departure,
        day=rounds.day[departure].astype(np.int64),
        at=rounds.pickup[departure],
    )
    return chosen.take(_latest_ready(chosen))


def staying(ask: Ask, found: Starts) -> Departing:
    """Every useful day on which an order is ready at nodes where it stays, from every start there."""
    snapshot, table, load = ask.snapshot, ask.table, ask.load
    node = found.node
    first = table.local_day(node, table.ready(node, found.begin, load.work[node]))
    known = np.flatnonzero(first < NEVER)
    found, node, first = found.take(known), node[known], first[known]

    def ready(row: IntArray, wait: IntArray) -> IntArray:
        since = table.midnight(node[row], first[row] + wait)
        begin = np.where(wait > 0, np.maximum(found.begin[row], since), found.begin[row])
        done = table.ready(node[row], np.where(begin < NEVER, begin, 0), load.work[node[row]])
        return np.where(begin < NEVER, done, NEVER)

    def room(row: IntArray, wait: IntArray) -> IntArray:
        day = table.local_day(node[row], ready(row, wait))
        left = snapshot.node_left(node[row], day)
        return np.where(day < NEVER, _share(left, load.enough(snapshot.network.measure[node[row]])), 0)

    row, wait = climb(np.zeros(len(node), dtype=np.int64), np.full(len(node), SHIP_HORIZON_DAYS + 1), room)
    at = ready(row, wait)
    chosen = Departing(
        starts=found.take(row),
        way=np.full(len(row), NONE),
        departure=np.full(len(row), NONE),
        day=table.local_day(node[row], at),
        at=at,
    )
    return chosen.take(_latest_ready(chosen))


def _at_their_nodes(node: IntArray, start_node: IntArray) -> tuple[IntArray, IntArray]:
    """Every (lane, start) pair of one node."""
    order = np.argsort(start_node, kind="stable")
    low = np.searchsorted(start_node[order], node, side="left")
    count = np.searchsorted(start_node[order], node, side="right") - low
    way = np.repeat(np.arange(len(node)), count)
    nth = np.arange(len(way)) - np.repeat(np.cumsum(count) - count, count)
    return way, order[low[way] + nth]


def _latest_ready(found: Departing) -> IntArray:
    """Of candidates that differ only in the supply that they can wait for, the one that can wait for all of it."""
    keys = (found.starts.ready, found.starts.shift, found.at, found.way, found.starts.node)
    order = np.lexsort(keys)
    last = np.ones(len(order), dtype=np.bool_)
    alike = np.ones(max(0, len(order) - 1), dtype=np.bool_)
    for key in keys[1:]:
        alike &= key[order][1:] == key[order][:-1]
    last[:-1] = ~alike
    return order[last]


def caps(ask: Ask, found: Departing) -> tuple[IntArray, IntArray]:
    """``units[C]`` and ``lines[C]`` that the pools of each candidate let through."""
    network, table, node, shift = ask.snapshot.network, ask.table, found.starts.node, found.starts.shift
    measures = [network.measure[node]]
    lefts = [ask.snapshot.node_left(node, found.day)]
    if (shift != NONE).any():
        which = network.first_shift[node] + table.shifts.which[shift]
        measures.append(np.where(shift != NONE, network.shift_measure[np.where(shift != NONE, which, 0)], 0))
        lefts.append(found.starts.left)
    units, lines = np.full(len(node), UNLIMITED), np.full(len(node), UNLIMITED)
    for measure, left in zip(measures, lefts, strict=True):
        units = np.where(measure == MEASURES.index(CapacityMeasure.UNITS), np.minimum(units, left), units)
        lines = np.where(measure == MEASURES.index(CapacityMeasure.LINES), np.minimum(lines, left), lines)
    return units, lines

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

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from sourcier.domain.limits import SHIP_HORIZON_DAYS
from sourcier.domain.network import CapacityMeasure
from sourcier.engine.available import ON_HAND
from sourcier.engine.columns import Columns, copies
from sourcier.engine.compile import MEASURES, UNLIMITED, BoolArray, IntArray
from sourcier.engine.hours import NEVER
from sourcier.engine.snapshot import Snapshot
from sourcier.engine.timetable import Timetable
from sourcier.engine.trips import NONE, Trips

WholeNumbers = NDArray[np.integer]
"""Integers of any width; an annotation within a function is worked out whenever that is called, a name is not."""

BLOCK = 32
"""Departures or shifts that are looked at in one go, after the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Starts(Columns):
    """When work on the order can begin (axis B): `begin[B]` instants at `node[B]`, in `shift[B]` (axis Q or NONE).

    The work is over when the node's picking clock shows `done[B]`. It may use supply that is ready by the day
    `ready[B]`; `left[B]` is the room in the shift, in its own measure.
    """

    node: IntArray
    begin: IntArray
    done: IntArray
    ready: IntArray
    shift: IntArray
    left: IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What an order weighs on pools: its lines and units, and `work[N]` seconds at every node."""

    lines: int
    units: int
    work: IntArray

    def enough(self, measure: WholeNumbers) -> IntArray:
        """What is room enough for the whole order, by measure (indexes MEASURES); 1 where nothing is measured."""
        whole: IntArray = np.array([1, 1, self.lines, self.units], dtype=np.int64)[measure]
        return whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One order, wherever it goes: placed at an instant, what it weighs, from which nodes, by which day (an ordinal).

    `later` are (node, ready day) pairs of dated supply that is worth waiting for. `quantile_bp` of the parcels must
    have arrived on the day told. `at_once`: every node has one start, since no supply is worth waiting for, and none
    picks in shifts.
    """

    snapshot: Snapshot
    table: Timetable
    placed: int
    load: Load
    usable: BoolArray
    later: tuple[IntArray, IntArray]
    quantile_bp: int
    deadline: int
    at_once: bool

    def among(self, nodes: BoolArray) -> "Ask":
        """The same order from the nodes of the mask ``nodes[N]`` alone."""
        return Ask(
            snapshot=self.snapshot,
            table=self.table,
            placed=self.placed,
            load=self.load,
            usable=self.usable & nodes,
            later=self.later,
            quantile_bp=self.quantile_bp,
            deadline=self.deadline,
            at_once=self.at_once,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Departing(Columns):
    """Starts on a trip with the departure they make (axis C).

    `start[C]` is on axis B, `trip[C]` on axis T, `departure[C]` on axis R; NONE leaves with nothing, it stays for the
    customer to collect. `day[C]` is the node's day on which it is ready or leaves, `at[C]` the instant.
    """

    start: IntArray
    trip: IntArray
    departure: IntArray
    day: IntArray
    at: IntArray


def starts(ask: Ask) -> Starts:
    """All useful starts: now, and when supply is ready. At a node that is not usable nothing departs from them."""
    if ask.at_once:
        return _now_everywhere(ask)
    table, placed, usable, work = ask.table, ask.placed, ask.usable, ask.load.work
    now = usable.nonzero()[0]
    later, day = ask.later
    since = np.maximum(table.midnight(later, day), placed)
    waits = (usable[later] & (since < NEVER)).nonzero()[0]
    later, day, since = later[waits], day[waits], since[waits]
    node = np.concatenate([now, later])
    ready = np.concatenate([np.full(len(now), ON_HAND), day])
    begin = np.concatenate([np.full(len(now), placed), since])
    done = np.concatenate([table.done_from(placed, now, work[now]), table.done(later, since, work[later])])
    network = ask.snapshot.network
    if len(network.shift_limit) == 0:
        shift, left = np.full(len(node), NONE), np.full(len(node), UNLIMITED)
        return Starts(node=node, begin=begin, done=done, ready=ready, shift=shift, left=left)
    in_shifts = network.in_shifts[node]
    plain, mine = (~in_shifts).nonzero()[0], in_shifts.nonzero()[0]
    row, begins, shift = _in_shifts(ask, node[mine], begin[mine], done[mine])
    worked = mine[row]
    there, every = node[worked], np.concatenate([plain, worked])
    return Starts(
        node=node[every],
        begin=np.concatenate([begin[plain], begins]),
        done=np.concatenate([done[plain], table.done(there, begins, work[there])]),
        ready=ready[every],
        shift=np.concatenate([np.full(len(plain), NONE), shift]),
        left=np.concatenate([np.full(len(plain), UNLIMITED), _left_in(ask, shift, there)]),
    )


def _now_everywhere(ask: Ask) -> Starts:
    """One start of every node, in their order."""
    work = ask.load.work
    node, ready, shift, left = _no_need(len(work))
    done = ask.table.done_from(ask.placed, node, work)
    return Starts(node=node, begin=np.full(len(work), ask.placed), done=done, ready=ready, shift=shift, left=left)


@lru_cache(maxsize=8)
def _no_need(num_nodes: int) -> IntArray:
    """Each node, and of a start that waits for no supply and falls into no shift: when it is ready, its shift, what is
    left there; not to be written to."""
    found = np.array([[0], [ON_HAND], [NONE], [UNLIMITED]]).repeat(num_nodes, axis=1)
    found[0] = np.arange(num_nodes)
    found.setflags(write=False)
    return found


def _in_shifts(ask: Ask, node: IntArray, begin: IntArray, done: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """(row, begin, shift) of every start in its first shift, and in each later one with more room than before."""
    network, table, load = ask.snapshot.network, ask.table, ask.load
    shifts = table.shifts
    first, started = table.first_shift(node, begin, done)
    stop = np.where(first >= 0, shifts.stop[node], first)  # no shift, no room

    def climbed(counted: int) -> tuple[IntArray, IntArray]:
        enough = load.enough(np.full(len(first), counted))

        def room(row: IntArray, shift: IntArray) -> IntArray:
            measure = network.shift_measure[network.first_shift[node[row]] + shifts.which[shift]]
            left = _left_in(ask, shift, node[row])
            return np.where(left >= load.enough(measure), enough[row], np.where(measure == counted, left, 0))

        return climb(first, stop, room, enough)

    # Room in one measure does not compare with room in another.
    climbs = [climbed(measure) for measure in network.shift_measures]
    row, shift = climbs[0] if len(climbs) == 1 else _each_once(climbs)
    later = shift != first[row]
    return row, np.where(later, np.maximum(begin[row], shifts.start[shift]), started[row]), shift


def _left_in(ask: Ask, shift: IntArray, node: IntArray) -> IntArray:
    """What is left of shifts (axis Q) of the nodes, in their own measures."""
    which, day = ask.table.shifts.which[shift], ask.table.shifts.day[shift].astype(np.int64)
    return ask.snapshot.shift_left(ask.snapshot.network.first_shift[node] + which, day)


def _each_once(climbs: list[tuple[IntArray, IntArray]]) -> tuple[IntArray, IntArray]:
    """The (row, position) pairs of all climbs, each once, by row."""
    row, position = (np.concatenate(parts) for parts in zip(*climbs, strict=True))
    keys = np.unique(row * _POSITIONS + position)
    return keys // _POSITIONS, keys % _POSITIONS


_POSITIONS = np.int64(2**32)
"""Above every position of a climb, so that one number sorts pairs of row and position."""


def climb(
    first: IntArray, stop: IntArray, room: Callable[[IntArray, IntArray], IntArray], highest: IntArray
) -> tuple[IntArray, IntArray]:
    """(row, position) of the positions ``first[row] .. stop[row] - 1`` with more room than every one before, by row.

    ``room(rows, positions)`` is 0 where there is none, and nowhere above ``highest[row]``: a row ends with the first
    position that has so much. Nearly always that is the first one, so it is looked at alone.
    """
    rows = (first < stop).nonzero()[0]
    at = first[rows]
    most = room(rows, at)
    found = [(rows, at)]
    if np.count_nonzero(most) < len(rows):
        roomy = most > 0
        found = [(rows[roomy], at[roomy])]
    going = ((most < highest[rows]) & (at + 1 < stop[rows])).nonzero()[0]
    if len(going) == 0:
        return found[0]
    rows, at, most = rows[going], at[going] + 1, most[going]
    while len(rows):
        positions = at[:, None] + np.arange(BLOCK)
        inside = positions < stop[rows, None]
        of_row = np.broadcast_to(rows[:, None], positions.shape)
        value = np.zeros(positions.shape, dtype=np.int64)
        value[inside] = room(of_row[inside], positions[inside])
        before = np.maximum.accumulate(np.column_stack([most, value]), axis=1)
        more = value > before[:, :-1]
        found.append((of_row[more], positions[more]))
        most, at = before[:, -1], at + BLOCK
        going = ((most < highest[rows]) & (at < stop[rows])).nonzero()[0]
        rows, at, most = rows[going], at[going], most[going]
    return _each_once(found)


def departing(ask: Ask, trips: Trips, begins: Starts, trip: IntArray, start: IntArray) -> Departing:
    """Every useful departure of trips that move, ``trip[L]`` from ``start[L]``."""
    snapshot, table, placed = ask.snapshot, ask.table, ask.placed
    rounds, schedule = table.rounds, trips.schedule[trip]
    first = table.first_round(schedule, placed, begins.begin[start], begins.done[start])
    made = (first >= 0).nonzero()[0]
    if len(made) < len(first):
        trip, start, first, schedule = trip[made], start[made], first[made], schedule[made]
    node, first_day = trips.node[trip], rounds.day[first].astype(np.int64)
    if _all_have_room(ask, node, first_day):
        return Departing(start=start, trip=trip, departure=first, day=first_day, at=rounds.pickup[first])
    service, last_day = trips.service[trip], first_day + SHIP_HORIZON_DAYS
    room_at, highest = _room_at(ask, node)

    def room(row: IntArray, departure: IntArray) -> IntArray:
        day = rounds.day[departure]
        takes = (rounds.cut_off[departure] >= placed) & (day <= last_day[row])
        left = snapshot.round_left(node[row], service[row], day, rounds.minute[departure], rounds.parcels[departure])
        return room_at(row, day) * (takes & (left > 0))

    row, departure = climb(first, rounds.stop[schedule], room, highest)
    return Departing(
        start=start[row],
        trip=trip[row],
        departure=departure,
        day=rounds.day[departure].astype(np.int64),
        at=rounds.pickup[departure],
    )


def _all_have_room(ask: Ask, node: IntArray, day: IntArray) -> bool:
    """Whether each node has as much room on its day as it ever has, or more than enough: no later day has more."""
    network = ask.snapshot.network
    if len(network.round_keys):
        return False
    if not network.measures:
        return True
    left, whole = ask.snapshot.node_left(node, day), network.capacity[node]
    room = np.minimum(whole, ask.load.enough(network.measure[node]))
    return bool(((left >= room) & (room > 0)).all())


def _room_at(ask: Ask, node: IntArray) -> tuple[Callable[[IntArray, WholeNumbers], IntArray], IntArray]:
    """What is left of the capacity of ``node[row]`` on a day, no more than is enough, and the most that it can be."""
    snapshot, network = ask.snapshot, ask.snapshot.network
    enough = ask.load.enough(network.measure[node])

    def room_at(row: IntArray, day: WholeNumbers) -> IntArray:
        return np.minimum(snapshot.node_left(node[row], day), enough[row])

    return room_at, np.minimum(network.capacity[node], enough)


def staying(ask: Ask, begins: Starts, trip: IntArray, start: IntArray) -> Departing:
    """Every useful day on which an order is ready at the nodes of trips that stay, ``trip[L]`` from ``start[L]``."""
    table, load = ask.table, ask.load
    node, begin = begins.node[start], begins.begin[start]
    at_once = table.ready(node, begin, load.work[node], begins.done[start])
    first = table.local_day(node, at_once)
    if not (known := first < NEVER).all():
        trip, start, node, begin, at_once, first = (a[known] for a in (trip, start, node, begin, at_once, first))

    def ready(row: IntArray, wait: IntArray) -> tuple[IntArray, IntArray]:
        waits = wait.nonzero()[0]
        at, day = at_once[row], first[row]
        if len(waits):
            there = node[row[waits]]
            since = np.maximum(begin[row[waits]], table.midnight(there, first[row[waits]] + wait[waits]))
            ends = since < NEVER
            since, work = np.where(ends, since, 0), load.work[there]
            done = table.ready(there, since, work, table.done(there, since, work))
            at[waits] = np.where(ends, done, NEVER)
            day[waits] = table.local_day(there, at[waits])
        return at, day

    room_at, highest = _room_at(ask, node)

    def room(row: IntArray, wait: IntArray) -> IntArray:
        _, day = ready(row, wait)
        return room_at(row, day) * (day < NEVER)

    row, wait = climb(np.zeros(len(node), dtype=np.int64), np.full(len(node), SHIP_HORIZON_DAYS + 1), room, highest)
    at, day = ready(row, wait)
    return Departing(start=start[row], trip=trip[row], departure=np.full(len(row), NONE), day=day, at=at)


def at_their_nodes(ask: Ask, trips: Trips, begins: Starts) -> tuple[IntArray, IntArray]:
    """Every (trip, start) pair of one node, by trip."""
    node = trips.node
    if ask.at_once:  # starts are those of every node
        trip = ask.usable[node].nonzero()[0]
        return trip, node[trip]
    there = np.bincount(begins.node, minlength=len(ask.usable))
    order = begins.node.argsort(kind="stable")
    trip, nth = copies(there[node])
    return trip, order[(there.cumsum() - there)[node[trip]] + nth]


def by_node(trips: Trips, begins: Starts, found: Departing) -> IntArray:
    """The positions of candidates by node, then by trip, each trip's by the instant at which it leaves or is ready.

    Of those that differ only in the supply that they can wait for, that one alone which can wait for all of it.
    """
    ready, shift = begins.ready[found.start], begins.shift[found.start]
    trip = trips.node[found.trip] * len(trips.node) + found.trip
    keys = shift, found.at, trip
    order = np.lexsort((ready, *keys))
    differs = np.zeros(max(0, len(order) - 1), dtype=np.bool_)
    for key in keys:
        ranked = key[order]
        differs |= ranked[1:] != ranked[:-1]
    return order if np.count_nonzero(differs) == len(differs) else order[np.append(differs, True)]


def caps(ask: Ask, begins: Starts, found: Departing) -> tuple[IntArray, IntArray]:
    """``units[C]`` and ``lines[C]`` that the pools of each candidate let through."""
    network, table = ask.snapshot.network, ask.table
    units = lines = np.full(len(found.start), UNLIMITED)
    pools = []
    if _UNITS in network.measures or _LINES in network.measures:
        node = begins.node[found.start]
        pools.append((network.measures, network.measure[node], ask.snapshot.node_left(node, found.day)))
    if len(network.shift_limit) and ((shift := begins.shift[found.start]) != NONE).any():
        which = network.first_shift[begins.node[found.start]] + table.shifts.which[shift]
        measure = np.where(shift != NONE, network.shift_measure[np.where(shift != NONE, which, 0)], 0)
        pools.append((network.shift_measures, measure, begins.left[found.start]))
    for measures, measure, left in pools:
        if _UNITS in measures:
            units = np.where(measure == _UNITS, np.minimum(units, left), units)
        if _LINES in measures:
            lines = np.where(measure == _LINES, np.minimum(lines, left), lines)
    return units, lines


_UNITS, _LINES = MEASURES.index(CapacityMeasure.UNITS), MEASURES.index(CapacityMeasure.LINES)

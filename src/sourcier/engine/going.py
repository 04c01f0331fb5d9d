"""Where goods go and when they are there: to the customer's door, to a store where the customer collects, to a hub."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sourcier.engine.candidates import Ask, Departing, Starts, at_their_nodes, by_node, departing, staying
from sourcier.engine.columns import Columns
from sourcier.engine.compile import BoolArray, IntArray
from sourcier.engine.hours import NEVER
from sourcier.engine.hubs import Onward, delivered_from, leaving
from sourcier.engine.transfers import There, arriving, leaving_from
from sourcier.engine.transit import ALL_BP, Arrivals
from sourcier.engine.trips import VIA, Reach


@dataclass(frozen=True, slots=True, kw_only=True)
class Going(Columns):
    """Candidates with the days on which they are there (axis C), by node, then by trip.

    They are at the end of their trips on the days `there`, and with the customer by the day `arrival[C]`; the two
    differ where the parcel of a hub waits for them. `at_hub[C]` is the instant since which they are at the hub (NEVER:
    they go to none), `ready_at[C]` that at which the customer can have them (NEVER: some time that day).
    """

    departing: Departing
    there: Arrivals
    arrival: IntArray
    at_hub: IntArray
    ready_at: IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ends(Columns):
    """When some candidates are at the end of their trips, apart from what hubs have to do with it."""

    there: Arrivals
    ready_at: IntArray
    at: IntArray


def going(ask: Ask, reach: Reach, parcels: Sequence[Onward], begins: Starts) -> Going:
    """Every useful candidate of the trips that is with the customer by the deadline."""
    trips = reach.trips
    trip, start = at_their_nodes(ask, trips, begins)
    if len(reach.kept) == 0:
        candidates = departing(ask, trips, begins, trip, start)
        end = _moved(ask, reach, candidates.trip, candidates.day, candidates.at)
    else:
        moves = trips.leg_transit[trip, 0] >= 0
        moving, staying_there = moves.nonzero()[0], (~moves).nonzero()[0]
        moved = departing(ask, trips, begins, trip[moving], start[moving])
        kept = staying(ask, begins, trip[staying_there], start[staying_there])
        candidates = Departing.joined([moved, kept])
        ends = _moved(ask, reach, moved.trip, moved.day, moved.at), _kept(ask, reach, kept.trip, kept.at)
        end = _Ends.joined(ends)
    arrival, at_hub = end.there.latest, np.full(len(end.at), NEVER)
    for i, parcel in enumerate(parcels):
        via = np.flatnonzero(trips.family[candidates.trip] == VIA + i)
        at_hub[via] = end.at[via]
        arrival = arrival.copy()
        arrival[via] = delivered_from(ask, parcel, leaving(ask, parcel, at_hub[via])).latest
    every = Going(departing=candidates, there=end.there, arrival=arrival, at_hub=at_hub, ready_at=end.ready_at)
    in_time = arrival <= ask.deadline
    if ask.at_once and reach.by_node:
        return every if np.count_nonzero(in_time) == len(in_time) else every.take(in_time.nonzero()[0])
    order = by_node(trips, begins, candidates)
    return every.take(order[in_time[order]])


def _moved(ask: Ask, reach: Reach, trip: IntArray, day: IntArray, at: IntArray) -> _Ends:
    """What leaves on ``trip[C]`` on the ship `day`, at the instant ``at``."""
    network, trips = ask.table.network, reach.trips
    first = ask.table.transit.arrivals(trips.leg_transit[trip, 0], day, ask.quantile_bp)
    ready_at = np.full(len(trip), NEVER)
    if ask.table.couriers:
        courier = network.courier_seconds[trips.service[trip]]
        ready_at = np.where(courier >= 0, at + courier, NEVER)
    to_the_door = _Ends(there=first, ready_at=ready_at, at=at)
    lanes = (trips.to[trip] >= 0).nonzero()[0]
    if len(lanes) == 0:
        return to_the_door
    there = arriving(ask, trips, trip[lanes], first.take(lanes), at[lanes])
    if not reach.to_hubs:
        return _put(to_the_door, lanes, _at_stores(ask, reach, trip[lanes], there))
    over_lanes = _Ends(there=there.days, ready_at=np.full(len(lanes), NEVER), at=there.late)
    to_stores = (trips.family[trip[lanes]] < VIA).nonzero()[0]
    if len(to_stores):
        over_lanes = _put(over_lanes, to_stores, _at_stores(ask, reach, trip[lanes[to_stores]], there.take(to_stores)))
    return _put(to_the_door, lanes, over_lanes)


def _at_stores(ask: Ask, reach: Reach, trip: IntArray, there: There) -> _Ends:
    """What ``trip[C]`` bring to stores: the customer can have it some time after they open."""
    network, table = ask.table.network, ask.table
    store = reach.trips.to[trip]
    minutes = network.collect_minutes[reach.trips.way[trip] % len(network.services)]
    ready_at = table.collectable(store, there.late, minutes)
    latest = earliest = table.local_day(store, ready_at)
    if (there.soon != there.late).any():
        earliest = table.local_day(store, table.collectable(store, there.soon, minutes))
    days = Arrivals(earliest=earliest, latest=latest, confidence_bp=there.days.confidence_bp)
    return _Ends(there=days, ready_at=ready_at, at=there.late)


def _kept(ask: Ask, reach: Reach, trip: IntArray, at: IntArray) -> _Ends:
    """What is ready at an instant and stays at the node of ``trip[C]``: at a store, until it is open."""
    table, node = ask.table, reach.trips.node[trip]
    opened = table.next_opening(node, at)
    via = reach.trips.family[trip] >= VIA
    day = table.local_day(node, np.where(via, at, opened))
    days = Arrivals(earliest=day, latest=day, confidence_bp=np.full(len(trip), ALL_BP))
    return _Ends(there=days, ready_at=np.where(via, NEVER, opened), at=at)


def _put(whole: _Ends, at: IntArray, part: _Ends) -> _Ends:
    """The same ends, but for the positions ``at``."""

    def put(into: IntArray, some: IntArray) -> IntArray:
        found = into.copy()
        found[at] = some
        return found

    days, others = whole.there, part.there
    return _Ends(
        there=Arrivals(
            earliest=put(days.earliest, others.earliest),
            latest=put(days.latest, others.latest),
            confidence_bp=put(days.confidence_bp, others.confidence_bp),
        ),
        ready_at=put(whole.ready_at, part.ready_at),
        at=put(whole.at, part.at),
    )


def in_time(ask: Ask, reach: Reach, found: Going) -> BoolArray:
    """``in_time[N]``: what comes from the node can be there by the deadline, if nothing is full.

    A node without a candidate is full or too late: without looking at room, the two can be told apart.
    """
    trips = reach.trips
    mask = np.zeros(len(ask.usable), dtype=np.bool_)
    mask[trips.node[found.departing.trip]] = True
    moved = reach.moved[(ask.usable & ~mask)[trips.node[reach.moved]]]
    moved = moved[trips.family[moved] < VIA]
    if len(moved):
        node, now = trips.node[moved], np.full(len(moved), ask.placed)
        ends = _moved(ask, reach, moved, *leaving_from(ask, node, trips.schedule[moved], now))
        mask[node[ends.there.latest <= ask.deadline]] = True
    kept = reach.kept[trips.family[reach.kept] < VIA]
    if len(kept):
        node, now = trips.node[kept], np.full(len(kept), ask.placed)
        work = ask.load.work[node]
        ready = ask.table.ready(node, now, work, ask.table.done(node, now, work))
        mask[node[_kept(ask, reach, kept, ready).there.latest <= ask.deadline]] = True
    return mask

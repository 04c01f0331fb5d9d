"""When every node can ship, for many days at once: compiled once per network and day, then only gathered from.

Axes: N nodes, S services, C distinct calendars (with their zone), R departures, Q shifts; L is whatever lanes the
caller asks about, given by parallel arrays. Instants are UTC epoch seconds, days are ordinals; NEVER is later than all.

How a caller goes about it, for lanes `node[L]`, `service[L]` of one cart::

    placed = table.placed(cart.placed_at)                     # seconds, rounded up
    work = table.work(units)                                  # [N] seconds from the start of the work to readiness
    schedule = table.schedules(time_zone)[node, service]      # [L], -1: does not collect there
    done = table.done(node, begin, work[node])                # [L] what the picking clock shows at the end of the work
    at = table.first_round(schedule, placed, begin, done)     # [L] positions on axis R, -1: none
    table.rounds.day[at], .pickup[at], .minute[at], .parcels[at]

`begin` is when the work can start: `placed`, or ``max(placed, table.midnight(node, day))`` for goods that come on a
later day, or the start of a later shift (`first_shift`). The next departure of the same lane is ``at + 1`` as long as
that is less than ``table.rounds.stop[schedule]``; an order that makes a departure makes every later one whose cut-off
is not before `placed`. `order_by` inverts: the last instant to place the order for a departure. Goods that are
collected have `ready` and `next_opening` instead of departures. Then `transit`::

    row = table.transit.rows(node, service, distance_m, zone_id)             # [L], -1: out of range
    arrivals = table.transit.arrivals(row, table.rounds.day[at], quantile_bp)  # earliest, latest, confidence_bp
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from sourcier.domain.limits import TIMETABLE_DAYS
from sourcier.engine.compile import CompiledNetwork, IntArray
from sourcier.engine.departures import Rounds, Shifts, compile_couriers, compile_rounds, compile_shifts
from sourcier.engine.hours import NEVER, HoursTable, compile_calendars
from sourcier.engine.memo import Memo
from sourcier.engine.transit import Transit, compile_transit
from sourcier.engine.zones import EPOCH, SPAN, Zones, compile_zones, seconds

REACHES_BYTES_MAX = 64 * 2**20
"""For the trips to the places asked for last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timetable:
    """The time of a network for orders placed from the start of `first_day` (UTC) on, `days` local days ahead.

    `work_fixed[N]` and `work_per_unit[N]` are seconds. `schedule[N, S]` names runs of `rounds`; for destinations in the
    zones of `couriers`, that matrix counts instead: there, SAME_DAY departures that no window takes are left out.
    `reaches` keeps what `engine.trips` worked out last.
    """

    network: CompiledNetwork
    first_day: date
    days: int
    zones: Zones
    zone_of: IntArray
    work_fixed: IntArray
    work_per_unit: IntArray
    picking: HoursTable
    opening: HoursTable
    rounds: Rounds
    shifts: Shifts
    schedule: NDArray[np.int32]
    couriers: Mapping[str, NDArray[np.int32]]
    transit: Transit
    reaches: Memo = field(compare=False, repr=False)

    def placed(self, at: datetime) -> int:
        """The instant of an order, UTC epoch seconds, rounded up; ValueError where the timetable does not reach."""
        instant = seconds(at)
        since_midnight = instant - 86_400 * (self.first_day.toordinal() - EPOCH.toordinal())
        if not 0 <= since_midnight < self.days * 86_400:
            raise ValueError(f"{at} is outside the {self.days} days from {self.first_day}")
        return instant

    def work(self, units: int) -> IntArray:
        """``work[N]``: seconds that each node must work before an order of `units` units is ready."""
        return self.work_fixed + self.work_per_unit * units

    def schedules(self, time_zone: str) -> NDArray[np.int32]:
        """``schedule[N, S]`` for destinations in the zone of a postal area, or of the network; -1: does not collect."""
        return self.couriers[time_zone] if self.couriers else self.schedule

    def done(self, node: IntArray, begin: IntArray, work: IntArray) -> IntArray:
        """What the picking clock of each node shows when it has worked `work` seconds from `begin` on."""
        done: IntArray = np.minimum(self.picking.worked(self.network.calendar_of[node], begin) + work, SPAN - 1)
        return done

    def done_from(self, begin: int, node: IntArray, work: IntArray) -> IntArray:
        """The same for work that begins everywhere at once."""
        shown = self.picking.worked(np.arange(len(self.picking.stop)), begin)[self.network.calendar_of[node]]
        done: IntArray = np.minimum(shown + work, SPAN - 1)
        return done

    def first_round(self, schedule: IntArray, placed: int, begin: IntArray, done: IntArray) -> IntArray:
        """The first departure that an order makes on each lane, a position in `rounds`; -1 where there is none.

        It makes one if it was placed by its cut-off, and work that starts at `begin` and is `done` when the picking
        clock shows that has ended by its pickup. All arguments but `placed` are over L.
        """
        rounds = self.rounds
        if len(rounds.pickup) == 0:
            return np.full(len(schedule), -1)
        run = schedule * SPAN
        since = placed - self.picking.origin
        if len(rounds.stop) < len(schedule):  # lanes share schedules, and what they have missed by now
            cut = rounds.cut_key.searchsorted(np.arange(len(rounds.stop)) * SPAN + since)[schedule]
        else:
            cut = rounds.cut_key.searchsorted(run + since)
        at = np.maximum(rounds.work_key.searchsorted(run + done), cut)
        stop = np.where(schedule >= 0, rounds.stop[schedule], 0)
        made = at < stop
        left = made.nonzero()[0]
        while len(left):  # past cut-offs that lie before those of earlier pickups, and pickups before the work begins
            now = at[left]
            left = left[(rounds.cut_off[now] < placed) | (rounds.pickup[now] < begin[left])]
            if len(left):
                at[left] += 1
                made[left] = at[left] < stop[left]
                left = left[made[left]]
        return at if np.count_nonzero(made) == len(made) else np.where(made, at, -1)

    def order_by(self, node: IntArray, departure: IntArray, work: IntArray) -> IntArray:
        """The last instant at which an order still makes each departure; departures must be makeable at all."""
        calendar = self.network.calendar_of[node]
        pickup = self.rounds.pickup[departure]
        spare = self.picking.worked(calendar, pickup) - work
        return np.minimum(self.picking.leave(calendar, spare), self.rounds.cut_off[departure])

    def ready(self, node: IntArray, begin: IntArray, work: IntArray, done: IntArray) -> IntArray:
        """The instant at which `work` that starts at `begin` is `done`, NEVER where the timetable ends before."""
        return np.where(work > 0, self.picking.reach(self.network.calendar_of[node], done), begin)

    def next_opening(self, node: IntArray, instant: IntArray) -> IntArray:
        """The first instant from each on at which the node is open to customers; NEVER where it is not."""
        known = instant < NEVER
        found = self.opening.next(self.network.calendar_of[node], np.where(known, instant, self.opening.origin))
        return np.where(known, found, NEVER)

    def collectable(self, store: IntArray, since: IntArray, minutes: IntArray) -> IntArray:
        """When what is at a store since an instant can be collected: `minutes` after it is first open, while it is."""
        opened = self.next_opening(store, since)
        return self.next_opening(store, np.where(opened < NEVER, opened + 60 * minutes, NEVER))

    def first_shift(self, node: IntArray, begin: IntArray, done: IntArray) -> tuple[IntArray, IntArray]:
        """The first shift that can take each order, and when the work on it starts; -1 where there is none.

        An order belongs to the shift in which it becomes ready, or to the last one before that; where that was over
        before the order came, to the next one, and then its work starts with the shift. Later shifts follow in
        `shifts` until ``shifts.stop[node]``; they can take the order too, and its work starts with them.
        """
        shifts = self.shifts
        if len(shifts.start) == 0:
            return np.full(len(node), -1), begin
        at = shifts.work_key.searchsorted(node * SPAN + done)
        first = np.where(node > 0, shifts.stop[node - 1], 0)
        stop = shifts.stop[node]
        while (early := (at < stop) & (shifts.start[np.minimum(at, len(shifts.start) - 1)] < begin)).any():
            at[early] += 1
        running = (at > first) & (shifts.end[np.maximum(at, 1) - 1] >= begin)
        at = np.where(running, at - 1, at)
        there = at < stop
        start = shifts.start[np.where(there, at, 0)]
        return np.where(there, at, -1), np.where(running | ~there, begin, start)

    def midnight(self, node: IntArray, day: IntArray) -> IntArray:
        """The instant at which the local `day` (ordinal) starts at each node; NEVER beyond the timetable."""
        last = self.zones.midnight.shape[1] - 1
        column = np.maximum(day - self.zones.first, 0)
        return np.where(column <= last, self.zones.midnight[self.zone_of[node], np.minimum(column, last)], NEVER)

    def local_day(self, node: IntArray, instant: IntArray) -> IntArray:
        """The local day (ordinal) of an instant at each node; NEVER of NEVER."""
        known = instant < NEVER
        if np.count_nonzero(known) == len(known):
            return self.zones.day(self.zone_of[node], instant)
        days = self.zones.day(self.zone_of[node], np.where(known, instant, self.zones.origin))
        return np.where(known, days, NEVER)


def compile_timetable(network: CompiledNetwork, first_day: date, days: int = TIMETABLE_DAYS) -> Timetable:
    """The timetable of a valid network; public holidays must already be among its closed dates.

    It covers the local days from the one before `first_day` (zones behind UTC) to `days` after it.
    """
    whole = network.network
    before = first_day - timedelta(days=1)
    destinations = {whole.time_zone, *(area.time_zone for area in whole.postal_areas)}
    names = (*(zone for _, zone in network.calendars), *destinations)
    zones = compile_zones(names, before, days + 4)  # a night shift of the last day ends two days on
    calendars = compile_calendars(network, zones, days + 2)
    schedule, rounds = compile_rounds(network, calendars)
    rounds, couriers = compile_couriers(network, zones, sorted(destinations), schedule, rounds)
    node_calendars = [node.calendar for node in whole.nodes]
    minutes = [calendar.backlog_minutes + calendar.processing_minutes for calendar in node_calendars]
    return Timetable(
        network=network,
        first_day=first_day,
        days=days,
        zones=zones,
        zone_of=calendars.zone_of[network.calendar_of],
        work_fixed=60 * np.array(minutes, dtype=np.int64),
        work_per_unit=np.array([calendar.processing_seconds_per_unit for calendar in node_calendars], dtype=np.int64),
        picking=calendars.picking,
        opening=calendars.opening,
        rounds=rounds,
        shifts=compile_shifts(network, calendars),
        schedule=schedule,
        couriers=MappingProxyType(couriers),
        transit=compile_transit(network, zones.first, days + 2),
        reaches=Memo(REACHES_BYTES_MAX),
    )

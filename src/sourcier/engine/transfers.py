"""When goods that are sent over transfer lanes are at the end of them.

What arrives at a node on a day is there when that day starts, as dated supply is; where it goes on, the node works on
it like on an order of its own.
"""

from dataclasses import dataclass

import numpy as np

from sourcier.engine.candidates import Ask
from sourcier.engine.columns import Columns
from sourcier.engine.compile import IntArray
from sourcier.engine.hours import NEVER
from sourcier.engine.transit import Arrivals
from sourcier.engine.trips import Trips


@dataclass(frozen=True, slots=True, kw_only=True)
class There(Columns):
    """When goods are at the end of their trips: on `days`, from the instants `soon` or `late` on at the latest."""

    days: Arrivals
    soon: IntArray
    late: IntArray


def arriving(ask: Ask, trips: Trips, trip: IntArray, days: Arrivals, at: IntArray) -> There:
    """When goods get to the end of ``trip[C]`` that leave at the instant ``at`` and end the first leg on the `days`."""
    transit, to = trips.leg_transit[trip], trips.leg_to[trip]
    there = _since(ask, to[:, 0], days, at, at)
    for leg in range(1, transit.shape[1]):
        goes_on = np.flatnonzero((transit[:, leg] >= 0) & (there.late < NEVER))
        if len(goes_on):
            there = _gone_on(ask, trips, trip, leg, there, goes_on)
    return there


def _since(ask: Ask, node: IntArray, days: Arrivals, soon: IntArray, late: IntArray) -> There:
    """Goods are there from the start of the day of arrival on, if they left before."""

    def since(day: IntArray, left: IntArray) -> IntArray:
        return np.where(day < NEVER, np.maximum(ask.table.midnight(node, np.minimum(day, NEVER - 1)), left), NEVER)

    found = since(days.latest, late)
    certain = soon is late and (days.earliest == days.latest).all()
    return There(days=days, soon=found if certain else since(days.earliest, soon), late=found)


def _gone_on(ask: Ask, trips: Trips, trip: IntArray, leg: int, there: There, at: IntArray) -> There:
    """The same goods, those of the positions ``at`` one leg further."""
    going = trip[at]
    node, to = trips.leg_to[going, leg - 1], trips.leg_to[going, leg]
    schedule = ask.table.schedule[node, trips.leg_service[going, leg]].astype(np.int64)
    ends = []
    for since in (there.soon[at], there.late[at]):
        day, pickup = leaving_from(ask, node, schedule, since)
        days = ask.table.transit.arrivals(trips.leg_transit[going, leg], day, ask.quantile_bp)
        ends.append(_since(ask, to, days, pickup, pickup))
    first, last = ends
    earliest, latest, share = there.days.earliest.copy(), there.days.latest.copy(), there.days.confidence_bp.copy()
    soon, late = there.soon.copy(), there.late.copy()
    earliest[at], latest[at] = first.days.earliest, last.days.latest
    share[at] = share[at] * last.days.confidence_bp // 10_000
    soon[at], late[at] = first.soon, last.late
    return There(days=Arrivals(earliest=earliest, latest=latest, confidence_bp=share), soon=soon, late=late)


def leaving_from(ask: Ask, node: IntArray, schedule: IntArray, since: IntArray) -> tuple[IntArray, IntArray]:
    """The day and the instant at which goods that are at a node leave it; NEVER if they do not."""
    departure = departure_after(ask, node, schedule, since)
    day, pickup = np.full(len(node), NEVER), np.full(len(node), NEVER)
    made = departure >= 0
    day[made] = ask.table.rounds.day[departure[made]]
    pickup[made] = ask.table.rounds.pickup[departure[made]]
    return day, pickup


def departure_after(ask: Ask, node: IntArray, schedule: IntArray, since: IntArray) -> IntArray:
    """The first departure that goods make which are at a node since an instant; -1 if there is none."""
    known = since < NEVER
    begin = np.where(known, np.maximum(since, ask.placed), ask.placed)
    done = ask.table.done(node, begin, ask.load.work[node])
    return np.where(known, ask.table.first_round(schedule, ask.placed, begin, done), -1)

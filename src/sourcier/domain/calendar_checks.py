"""What must fit together in the times of a node: hours, exceptions, carrier rounds, shifts.

`network_checks.faults` calls these; the paths in what they find begin with the path of the node.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Final

from sourcier.domain.errors import Violation
from sourcier.domain.limits import ROUND_EVERY_MINUTES_MIN
from sourcier.domain.network import DayException, Hours, Method, Node, NodeCalendar, Round, Service, Shift

MINUTES_PER_DAY: Final = 1_440
CLOSED_DAYS_MAX: Final = 366  # days on end without one that works: such a calendar never opens

Found = Iterator[Violation]


def fault(path: str, description: str) -> Violation:
    """One fault of the field at `path`."""
    return Violation(field=path, description=description)


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def node_faults(path: str, node: Node, services: Mapping[str, Service]) -> Found:
    """The faults of a node's calendar, rounds and shifts; `services` are those of the network by id."""
    yield from _calendar(f"{path}.calendar", node.calendar)
    yield from _rounds(f"{path}.rounds", node, services)
    yield from _shifts(f"{path}.shifts", node.shifts)


def _calendar(path: str, calendar: NodeCalendar) -> Found:
    yield from hour_faults(f"{path}.picking_hours", calendar.picking_hours)
    yield from hour_faults(f"{path}.opening_hours", calendar.opening_hours)
    yield from _exceptions(f"{path}.exceptions", calendar.exceptions)
    works = {e.day for e in calendar.exceptions if e.picking or e.opening}
    rests = {e.day for e in calendar.exceptions} | calendar.closed_dates
    if calendar.working_days and (closed := closed_run(calendar.working_days, rests, works)):
        yield fault(f"{path}.working_days", f"never opens: {closed}")
    for name, hours in (("picking_hours", calendar.picking_hours), ("opening_hours", calendar.opening_hours)):
        days = frozenset[int]().union(*(entry.days for entry in hours))
        if days and calendar.working_days and not days & calendar.working_days:
            yield fault(f"{path}.{name}", "never opens: none of these days is a working day")


def hour_faults(path: str, hours: Sequence[Hours]) -> Found:
    """Each from an earlier to a later minute of a day, and none over another one of the same weekday."""
    for k, entry in enumerate(hours):
        yield from _span(f"{path}[{k}]", entry.from_minute, entry.to_minute)
        if not entry.days:
            yield fault(f"{path}[{k}].days", "must name at least one day")
        for before in hours[:k]:
            if before.days & entry.days and _meet(before, entry):
                span = f"{_clock(before.from_minute)}-{_clock(before.to_minute)}"
                yield fault(f"{path}[{k}]", f"overlaps {span} on the same day")
                break


def _meet(one: Hours, other: Hours) -> bool:
    return one.from_minute < other.to_minute and other.from_minute < one.to_minute


def _span(path: str, from_minute: int, to_minute: int, last: int = MINUTES_PER_DAY) -> Found:
    if not 0 <= from_minute < MINUTES_PER_DAY:
        yield fault(f"{path}.from_minute", f"must be a minute of the day, 0 to 1439, not {from_minute}")
    elif not from_minute < to_minute <= last:
        what = "must be after its beginning" if to_minute <= from_minute else f"must not be after {_clock(last)}"
        yield fault(f"{path}.to_minute", f"the end {_clock(max(to_minute, 0))} {what}")


def _exceptions(path: str, exceptions: Sequence[DayException]) -> Found:
    seen: set[date] = set()
    for k, entry in enumerate(exceptions):
        if entry.day in seen:
            yield fault(f"{path}[{k}].day", f"{entry.day} has an exception already")
        seen.add(entry.day)
        for name, spans in (("picking", entry.picking), ("opening", entry.opening)):
            for m, (begin, end) in enumerate(spans):
                yield from _span(f"{path}[{k}].{name}[{m}]", begin, end)
            for m, (before, after) in enumerate(pairwise(spans)):
                if after[0] < before[1]:
                    yield fault(f"{path}[{k}].{name}[{m + 1}]", "must begin after the one before it ends")


def closed_run(weekdays: frozenset[int], closed: Iterable[date], opened: Iterable[date] = ()) -> str:
    """The first run of CLOSED_DAYS_MAX days without one that works, in words; empty if there is none.

    `weekdays` work, at least one, but for the dates `closed`; the dates `opened` work in any case.
    """
    works_always = {day.toordinal() for day in opened}
    rests = {day.toordinal() for day in closed} - works_always
    if len(rests) < CLOSED_DAYS_MAX // 7 * len(weekdays):
        return ""  # too few even for every such weekday of a year

    def works(day: int) -> bool:
        return day in works_always or ((day - 1) % 7 + 1 in weekdays and day not in rests)

    first = before = min(rests)
    for rest in sorted(rests):
        # Of seven days that no date closes at least one works.
        if any(works(day) for day in range(before + 1, min(rest, before + 8))):
            first = rest
        before = rest
        if rest - first < CLOSED_DAYS_MAX - 14:
            continue
        begin = next(day for day in range(first, first - 8, -1) if works(day - 1))
        end = next((day for day in range(rest, rest + 7) if works(day + 1)), rest)
        if end - begin + 1 >= CLOSED_DAYS_MAX:
            from_day, to_day = date.fromordinal(max(begin, 1)), date.fromordinal(min(end, date.max.toordinal()))
            return f"every day from {from_day} to {to_day} is closed"
    return ""


def pickup_minutes(entry: Round) -> range:
    """Every minute of a day at which the round comes; empty where its times do not fit together."""
    if entry.every_minutes is None:
        return range(entry.pickup_minute, entry.pickup_minute + 1)
    last = entry.pickup_minute if entry.last_pickup_minute is None else entry.last_pickup_minute
    return range(max(entry.pickup_minute, 0), min(last + 1, MINUTES_PER_DAY), max(entry.every_minutes, 1))


def _rounds(path: str, node: Node, services: Mapping[str, Service]) -> Found:
    num_entries = Counter(entry.service_id for entry in node.rounds)
    met: dict[tuple[str, int], tuple[frozenset[int], int | None]] = {}  # (service, minute) -> days taken, parcels
    for k, entry in enumerate(node.rounds):
        here = f"{path}[{k}]"
        yield from _round(here, entry, node, services)
        for minute in pickup_minutes(entry) if num_entries[entry.service_id] > 1 else ():
            days, parcels = met.get((entry.service_id, minute), (frozenset[int](), entry.parcels))
            if days & entry.days:
                yield fault(f"{here}.pickup_minute", f"{entry.service_id} comes at {_clock(minute)} already that day")
                break
            if parcels != entry.parcels:
                told = f"the round at {_clock(minute)} of other days takes another number; they must be alike"
                yield fault(f"{here}.parcels", told)
                break
            met[entry.service_id, minute] = (days | entry.days, parcels)


def _round(path: str, entry: Round, node: Node, services: Mapping[str, Service]) -> Found:
    service = services.get(entry.service_id)
    if entry.service_id and entry.service_id not in node.services:
        yield fault(f"{path}.service_id", f"{entry.service_id!r} is not a service that collects at this node")
    elif service and service.method is Method.CLICK_AND_COLLECT:
        yield fault(f"{path}.service_id", f"{entry.service_id!r} is collected by the customer, not by a carrier")
    works = node.calendar.working_days.union(e.day.isoweekday() for e in node.calendar.exceptions if e.picking)
    if not entry.days:
        yield fault(f"{path}.days", "must name at least one day")
    elif node.calendar.working_days and not entry.days & works:
        yield fault(f"{path}.days", "the round never comes: none of these days is a working day of the node")
    if not 0 <= entry.pickup_minute < MINUTES_PER_DAY:
        yield fault(f"{path}.pickup_minute", f"must be a minute of the day, 0 to 1439, not {entry.pickup_minute}")
    if entry.cut_off_minute is not None and not 0 <= entry.cut_off_minute <= entry.pickup_minute:
        cut_off = _clock(max(entry.cut_off_minute, 0))
        yield fault(
            f"{path}.cut_off_minute", f"{cut_off} must not be after the pickup at {_clock(entry.pickup_minute)}"
        )
    if entry.every_minutes is None:
        if entry.last_pickup_minute is not None:
            yield fault(f"{path}.last_pickup_minute", "goes with every_minutes, which is missing")
    elif entry.every_minutes < ROUND_EVERY_MINUTES_MIN:
        yield fault(f"{path}.every_minutes", f"must be at least {ROUND_EVERY_MINUTES_MIN}")
    elif entry.last_pickup_minute is None:
        yield fault(f"{path}.every_minutes", "goes with a last pickup, which is missing")
    elif not entry.pickup_minute <= entry.last_pickup_minute < MINUTES_PER_DAY:
        told = f"must be from the first pickup at {_clock(entry.pickup_minute)} to 23:59"
        yield fault(f"{path}.last_pickup_minute", told)


def _shifts(path: str, shifts: Sequence[Shift]) -> Found:
    """A night shift ends beyond midnight: its `to_minute` is then above 1440."""
    seen: set[str] = set()
    for k, shift in enumerate(shifts):
        yield from _span(f"{path}[{k}]", shift.from_minute, shift.to_minute, shift.from_minute + MINUTES_PER_DAY)
        if shift.shift_id and shift.shift_id in seen:
            yield fault(f"{path}[{k}].shift_id", f"{shift.shift_id!r} is a shift of this node already")
        seen.add(shift.shift_id)

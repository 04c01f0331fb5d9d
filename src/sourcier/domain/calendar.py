"""Dates and instants: when a node works, when something leaves it, when customers can come.

Instants are UTC; a calendar day belongs to a zone. Where a local time does not exist (spring gap) the first valid
instant after it is taken; where it exists twice (autumn fold), the first. So a span of local times runs, in real time,
from the first reading of its begin to the first reading of its end: hours that the clock repeats count twice in it.

These functions answer for one node and one order, day by day; the engine's timetable answers the same for all at once.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from sourcier.domain.calendar_checks import pickup_minutes
from sourcier.domain.limits import TIMETABLE_DAYS
from sourcier.domain.network import DayException, Hours, Node, NodeCalendar, Round, Service, Shift

MINUTES_PER_DAY = 24 * 60
_ONE_DAY = timedelta(days=1)
_YEAR_DAYS = 366
_NO_TIME = timedelta(0)

Span = tuple[datetime, datetime]
"""From the first instant up to, not including, the second."""


@lru_cache(maxsize=65_536)
def local_instant(day: date, minute: int, zone: str) -> datetime:
    """The UTC instant of `minute` minutes after local midnight of `day` (0..1440), gaps and folds decided.

    `fold=0` names the first of two equal wall times, and for a wall time in a gap it applies the offset before the
    gap, which lands as far behind the gap as the time stood inside it. The round trip finds that case; the first
    valid instant is then the transition itself.
    """
    whole_days, rest = divmod(minute, MINUTES_PER_DAY)
    wall = datetime.combine(day + timedelta(days=whole_days), time(rest // 60, rest % 60), tzinfo=ZoneInfo(zone))
    instant = wall.astimezone(UTC)
    back = instant.astimezone(wall.tzinfo)
    if back.replace(tzinfo=None) == wall.replace(tzinfo=None):
        return instant
    return _gap_end(wall.replace(tzinfo=None), ZoneInfo(zone))


def _gap_end(wall: datetime, zone: ZoneInfo) -> datetime:
    """The instant at which the gap around the non-existing local time `wall` ends.

    The two readings of `wall` (offset before and after the gap) enclose the transition; it is found by bisection to
    the second, the unit of the time-zone database.
    """
    late = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    early = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    offset_before = early.astimezone(zone).utcoffset()
    while late - early > timedelta(seconds=1):
        middle = early + timedelta(seconds=int((late - early).total_seconds()) // 2)
        if middle.astimezone(zone).utcoffset() == offset_before:
            early = middle
        else:
            late = middle
    return late


def is_working_day(calendar: NodeCalendar, day: date) -> bool:
    """Whether the node works on this local day: it picks, and carriers come."""
    exception = _exception(calendar, day)
    return _is_ordinary(calendar, day) if exception is None else bool(exception.picking)


def _is_ordinary(calendar: NodeCalendar, day: date) -> bool:
    """Whether the node works on a day without an exception."""
    return day.isoweekday() in calendar.working_days and day not in calendar.closed_dates


def _exception(calendar: NodeCalendar, day: date) -> DayException | None:
    for exception in calendar.exceptions:
        if exception.day == day:
            return exception
    return None


def picking_spans(calendar: NodeCalendar, zone: str, day: date) -> tuple[Span, ...]:
    """When the picking clock runs on a local day: in the picking hours if the node works.

    A calendar without picking hours runs around the clock on every day, working or not. An exception replaces both.
    """
    exception = _exception(calendar, day)
    if exception is not None:
        return _spans(exception.picking, zone, day)
    if not calendar.picking_hours:
        return _spans([(0, MINUTES_PER_DAY)], zone, day)
    return _spans(_of_day(calendar.picking_hours, day), zone, day) if _is_ordinary(calendar, day) else ()


def opening_spans(calendar: NodeCalendar, zone: str, day: date) -> tuple[Span, ...]:
    """When customers can collect on a local day: in the opening hours of a working day, all day where there are none.

    On a day with an exception they can in its opening hours alone, whether the node picks or not.
    """
    exception = _exception(calendar, day)
    if exception is not None:
        return _spans(exception.opening, zone, day)
    if not _is_ordinary(calendar, day):
        return ()
    return _spans(_of_day(calendar.opening_hours, day) if calendar.opening_hours else [(0, 1_440)], zone, day)


def _of_day(hours: Iterable[Hours], day: date) -> list[tuple[int, int]]:
    weekday = day.isoweekday()
    return [(entry.from_minute, entry.to_minute) for entry in hours if weekday in entry.days]


def _spans(minutes: Iterable[tuple[int, int]], zone: str, day: date) -> tuple[Span, ...]:
    return tuple([(local_instant(day, a, zone), local_instant(day, b, zone)) for a, b in sorted(minutes)])


def work_on(calendar: NodeCalendar, units: int) -> timedelta:
    """How long a node works, backlog first, until an order of `units` units is ready."""
    minutes = calendar.backlog_minutes + calendar.processing_minutes
    return timedelta(minutes=minutes, seconds=units * calendar.processing_seconds_per_unit)


def ready_at(calendar: NodeCalendar, zone: str, begin: datetime, work: timedelta) -> datetime | None:
    """The instant at which work that starts at `begin` is done; None if a year is not enough."""
    if work <= _NO_TIME:
        return begin
    day = begin.astimezone(ZoneInfo(zone)).date() - _ONE_DAY
    for _ in range(_YEAR_DAYS):
        for start, end in picking_spans(calendar, zone, day):
            span = end - max(start, begin)
            if span >= work:
                return max(start, begin) + work
            work -= max(span, _NO_TIME)
        day += _ONE_DAY
    return None


def start_by(calendar: NodeCalendar, zone: str, end_by: datetime, work: timedelta) -> datetime | None:
    """The last instant at which work can start that is done by `end_by`; None if a year is not enough."""
    if work <= _NO_TIME:
        return end_by
    day = end_by.astimezone(ZoneInfo(zone)).date() + _ONE_DAY
    for _ in range(_YEAR_DAYS):
        for start, end in reversed(picking_spans(calendar, zone, day)):
            span = min(end, end_by) - start
            if span >= work:
                return min(end, end_by) - work
            work -= max(span, _NO_TIME)
        day -= _ONE_DAY
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """When a service leaves a node: with a carrier's round, or at the calendar's cut-off (`minute` None).

    `day` is the node's local day, `minute` the pickup minute of the round, `cut_off` the last instant to place an order
    for it (`pickup` itself where being ready is enough), `parcels` what the round takes (None: any number).
    """

    day: date
    pickup: datetime
    cut_off: datetime
    minute: int | None = None
    parcels: int | None = None


def departures(node: Node, service_id: str, day: date) -> tuple[Departure, ...]:
    """What leaves on a local day of the node by the service, in the order of time; nothing if it does not work."""
    if not is_working_day(node.calendar, day):
        return ()
    rounds = [entry for entry in node.rounds if entry.service_id == service_id]
    if not rounds:
        return (_at_the_cut_off(node, day),)
    found = [
        _picked_up(node, entry, day, minute)
        for entry in rounds
        if day.isoweekday() in entry.days
        for minute in pickup_minutes(entry)
    ]
    return tuple(sorted(found, key=lambda departure: departure.pickup))


def departures_at(node: Node, service_id: str, day: date, minute: int | None) -> tuple[Departure, ...]:
    """Those of `departures` with the round of that minute; at the cut-off where it is None."""
    if not is_working_day(node.calendar, day):
        return ()
    rounds = [entry for entry in node.rounds if entry.service_id == service_id]
    if minute is None or not rounds:
        return () if rounds or minute is not None else (_at_the_cut_off(node, day),)
    return tuple(
        [
            _picked_up(node, entry, day, minute)
            for entry in rounds
            if day.isoweekday() in entry.days and minute in pickup_minutes(entry)
        ]
    )


def _at_the_cut_off(node: Node, day: date) -> Departure:
    cut_off = local_instant(day, node.calendar.cut_off_minute, node.time_zone)
    return Departure(day=day, pickup=cut_off, cut_off=cut_off)


def _picked_up(node: Node, entry: Round, day: date, minute: int) -> Departure:
    """What a round collects at one of its minutes."""
    before = 0 if entry.cut_off_minute is None else entry.pickup_minute - entry.cut_off_minute
    return Departure(
        day=day,
        pickup=local_instant(day, minute, node.time_zone),
        cut_off=local_instant(day, minute - before, node.time_zone),
        minute=minute,
        parcels=entry.parcels,
    )


def makes(node: Node, departure: Departure, placed_at: datetime, begin: datetime, work: timedelta) -> bool:
    """Whether an order makes a departure: placed by its cut-off, and ready if its work starts at `begin`."""
    if placed_at > departure.cut_off or begin > departure.pickup:
        return False
    latest = start_by(node.calendar, node.time_zone, departure.pickup, work)
    return latest is not None and begin <= latest


def departures_made(
    node: Node, service_id: str, placed_at: datetime, begin: datetime, work: timedelta
) -> Iterator[Departure]:
    """What an order makes of the departures within TIMETABLE_DAYS of `begin`, in the order of time."""
    first = begin.astimezone(ZoneInfo(node.time_zone)).date()
    for offset in range(-1, TIMETABLE_DAYS):
        for departure in departures(node, service_id, first + timedelta(days=offset)):
            if makes(node, departure, placed_at, begin, work):
                yield departure


def order_by(node: Node, departure: Departure, work: timedelta) -> datetime | None:
    """The last instant to place an order, on which work starts at once, for a departure; None if there is none."""
    latest = start_by(node.calendar, node.time_zone, departure.pickup, work)
    return None if latest is None else min(latest, departure.cut_off)


def open_from(calendar: NodeCalendar, zone: str, instant: datetime) -> datetime | None:
    """The first instant from `instant` on at which customers can collect; None if there is none within a year."""
    day = instant.astimezone(ZoneInfo(zone)).date() - _ONE_DAY
    for _ in range(_YEAR_DAYS):
        for start, end in opening_spans(calendar, zone, day):
            if instant < end and start < end:
                return max(start, instant)
        day += _ONE_DAY
    return None


def collectable_at(calendar: NodeCalendar, zone: str, since: datetime, minutes: int) -> datetime | None:
    """When goods that are at a store since an instant can be collected: `minutes` after it opens, while it is open."""
    opens = open_from(calendar, zone, since)
    return None if opens is None else open_from(calendar, zone, opens + timedelta(minutes=minutes))


def shift_span(node: Node, shift: Shift, day: date) -> Span:
    """When a shift that starts on a local day runs; one that ends beyond midnight ends on the next day."""
    return local_instant(day, shift.from_minute, node.time_zone), local_instant(day, shift.to_minute, node.time_zone)


def shift_begin(node: Node, shift: Shift, day: date, begin: datetime, work: timedelta) -> datetime | None:
    """When the work on an order starts that is picked in this shift of this day; None if it is not picked in it.

    An order whose work can start at `begin` belongs to the last shift that starts before the order would be ready,
    unless that is over by `begin`. It can be left to every later shift; its work then starts with that shift.
    """
    if not is_working_day(node.calendar, day):
        return None
    ready = ready_at(node.calendar, node.time_zone, begin, work)
    if ready is None:
        return None
    start, end = shift_span(node, shift, day)
    if ready <= start:
        return start
    last = _last_shift_before(node, ready, day - _ONE_DAY)
    return begin if begin <= end and last == (start, node.shifts.index(shift), day) else None


def _last_shift_before(node: Node, instant: datetime, since: date) -> tuple[datetime, int, date] | None:
    """When the last shift before an instant starts, its position and its day; None if none has since a day.

    Days are looked at backwards from the last one in question: the one before the day that is found is looked at as
    well, since all of a day that the clock leaves out is the first instant of the next.
    """
    found: list[tuple[datetime, int, date]] = []
    day = instant.date() + _ONE_DAY
    while day >= since:
        several = bool(found)
        if is_working_day(node.calendar, day):
            starts = [local_instant(day, shift.from_minute, node.time_zone) for shift in node.shifts]
            found += [(start, position, day) for position, start in enumerate(starts) if start < instant]
        if several:
            break
        day -= _ONE_DAY
    return max(found, default=None)


def courier_delivers(service: Service, departure: Departure, zone: str) -> bool:
    """Whether a SAME_DAY service brings what leaves then to a destination in `zone` on that day, in a window."""
    day = departure.day
    if day.isoweekday() not in service.delivery_days or day in service.closed_dates:
        return False
    there = departure.pickup + timedelta(minutes=service.courier_minutes)
    windows = _of_day(service.windows, day) if service.windows else [(0, MINUTES_PER_DAY)]
    return any(start <= there < end for start, end in _spans(windows, zone, day))

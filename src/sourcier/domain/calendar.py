"""Dates and instants: when a node ships and when a carrier delivers.

Instants are UTC; a calendar day belongs to a zone. Where a local time does not exist (spring gap) the first valid
instant after it is taken; where it exists twice (autumn fold), the first.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from sourcier.domain.network import NodeCalendar

MINUTES_PER_DAY = 24 * 60
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipMoment:
    """A ship day of a node. `order_by` is the last instant to order for it, `ship_by` its cut-off (both UTC)."""

    day: date
    order_by: datetime
    ship_by: datetime


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
    """Whether the node works on this local day."""
    return day.isoweekday() in calendar.working_days and day not in calendar.closed_dates


@lru_cache(maxsize=65_536)
def ship_moment(calendar: NodeCalendar, zone: str, day: date) -> ShipMoment:
    """The cut-off of a working day, and the order-by that leaves time for processing."""
    cut_off = local_instant(day, calendar.cut_off_minute, zone)
    return ShipMoment(day=day, order_by=cut_off - timedelta(minutes=calendar.processing_minutes), ship_by=cut_off)


def first_ship_day(calendar: NodeCalendar, zone: str, placed_at: datetime, horizon_days: int) -> date | None:
    """The first working day whose order-by is not before `placed_at`; None if there is none within the horizon."""
    start = placed_at.astimezone(ZoneInfo(zone)).date() - _ONE_DAY
    for offset in range(horizon_days + 2):
        day = start + timedelta(days=offset)
        if is_working_day(calendar, day) and ship_moment(calendar, zone, day).order_by >= placed_at:
            return day
    return None


def next_ship_day(calendar: NodeCalendar, day: date, last: date) -> date | None:
    """The first working day after `day`, up to and including `last`."""
    while day < last:
        day += _ONE_DAY
        if is_working_day(calendar, day):
            return day
    return None


@lru_cache(maxsize=65_536)
def delivery_day(
    delivery_days: frozenset[int], closed_dates: frozenset[date], ship_day: date, business_days: int
) -> date | None:
    """The `business_days`-th delivery day after `ship_day`; for 0, the first one from `ship_day` itself on.

    None if a year brings no such day: the carrier never delivers.
    """
    remaining = max(business_days, 1)
    day = ship_day - _ONE_DAY if business_days == 0 else ship_day
    for _ in range(366):
        day += _ONE_DAY
        if day.isoweekday() in delivery_days and day not in closed_dates:
            remaining -= 1
            if remaining == 0:
                return day
    return None

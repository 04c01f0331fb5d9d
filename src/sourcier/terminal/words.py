"""Amounts, days, instants and distances of the API as short words."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final
from zoneinfo import ZoneInfo

from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date
from google.type.money_pb2 import Money

CENT: Final = Decimal("0.01")


def decimal(money: Money) -> Decimal:
    """An amount, exactly."""
    return Decimal(money.units) + Decimal(money.nanos).scaleb(-9)


def amount(money: Money) -> str:
    """An amount rounded to cents, without its currency: ``1,234.50``."""
    return cents(decimal(money))


def cents(value: Decimal) -> str:
    """A number of the currency, rounded to cents."""
    return f"{value.quantize(CENT, ROUND_HALF_EVEN):,}"


def day(value: Date) -> str:
    """``Tue 24 Nov``."""
    return to_date(value).strftime("%a %-d %b")


def to_date(value: Date) -> date:
    """The same day."""
    return date(value.year, value.month, value.day)


def days(first: Date, last: Date) -> str:
    """``Tue 24 Nov``, or ``Tue 24 Nov – Thu 26 Nov`` where the days differ."""
    return day(last) if first == last else f"{day(first)} – {day(last)}"


def days_between(first: Date, last: Date) -> int:
    """How many days `last` is after `first`."""
    return (to_date(last) - to_date(first)).days


def clock(minute: int) -> str:
    """``08:30`` of minutes after midnight."""
    return f"{minute // 60:02}:{minute % 60:02}"


def span(from_minute: int, to_minute: int) -> str:
    """``08:30–12:00``."""
    return f"{clock(from_minute)}–{clock(to_minute)}"


def percent(basis_points: int) -> str:
    """``92.5 %``."""
    return f"{basis_points / 100:g} %"


def grams(value: int) -> str:
    """``640 g`` or ``1.25 kg``."""
    return f"{value} g" if value < 1_000 else f"{value / 1_000:,.2f} kg"


def kilometres(metres: int) -> str:
    """``1.2 km``."""
    return f"{metres / 1_000:,.1f} km"


def instant(value: Timestamp, time_zone: str) -> str:
    """``Mon 23 Nov 14:00``, local time of the zone."""
    return to_datetime(value).astimezone(ZoneInfo(time_zone)).strftime("%a %-d %b %H:%M")


def to_datetime(value: Timestamp) -> datetime:
    """The same instant in UTC, cut to microseconds."""
    return value.ToDatetime(tzinfo=UTC)


def countdown(seconds: float) -> str:
    """``2 d 3 h``, ``3 h 12 min`` or ``5 min``; ``now`` when nothing is left."""
    minutes = int(seconds // 60)
    if minutes <= 0:
        return "now"
    days, hours = minutes // 1_440, minutes // 60 % 24
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"


def word(name: str, prefix: str) -> str:
    """The name of an enum's value without its prefix: ``NODE_REASON_NO_STOCK`` to ``NO_STOCK``."""
    return name.removeprefix(f"{prefix}_")


def counted(number: int, noun: str, plural: str = "") -> str:
    """``1 line``, ``2 lines``, ``3 breaches``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def listed(names: Iterable[str], *, at_most: int) -> str:
    """Names with commas, and how many more there are."""
    every = list(names)
    shown = ", ".join(every[:at_most])
    return f"{shown} and {len(every) - at_most} more" if len(every) > at_most else shown

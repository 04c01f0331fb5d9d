"""Checks of single fields and their counterparts that fill answers.

`Check` walks a request and notes every fault with its path; nothing is refused before the walk is over, so a caller
learns of all faults at once. After a fault a check returns a harmless value of the right type, and the walk goes on.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any, Final, Generic, Protocol, TypeVar
from zoneinfo import available_timezones

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date
from google.type.latlng_pb2 import LatLng
from google.type.money_pb2 import Money

from sourcier.domain.errors import Violation, invalid
from sourcier.domain.limits import (
    MONEY_MICROS_MAX,
    PAGE_SIZE_DEFAULT,
    PAGE_SIZE_MAX,
    PAGE_TOKEN_BYTES_MAX,
    TEXT_BYTES_MAX,
)
from sourcier.domain.place import GeoPoint

E = TypeVar("E", bound=StrEnum)
T = TypeVar("T")

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
DAY_ONE: Final = date(1, 1, 1)
NOWHERE: Final = GeoPoint(lat_e6=0, lon_e6=0)

MICROS: Final = 1_000_000
NANOS_PER_MICRO: Final = 1_000
NANOS_PER_SECOND: Final = 1_000_000_000
SECONDS_MIN: Final = -62_135_596_800  # 0001-01-01T00:00:00Z
SECONDS_MAX: Final = 253_402_300_799  # 9999-12-31T23:59:59Z

FAULTS_MAX: Final = 1_000
"""Faults after which the walk over a request ends: an answer has room for fewer, and hostile messages have millions."""

_UUID4: Final = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-4[0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}")
_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")


class ProtoEnum(Protocol):
    """A generated enum."""

    def Value(self, name: str) -> int:
        """The number of a member."""
        ...


class EnumTable(Generic[E]):
    """One enum of the API beside the domain's, member by member; members have the same names."""

    def __init__(self, proto: ProtoEnum, domain: type[E], prefix: str) -> None:
        # Any: every generated enum has an integer type of its own.
        self.to_proto: dict[E, Any] = {member: proto.Value(f"{prefix}_{member}") for member in domain}
        self.to_domain: dict[int, E] = {number: member for member, number in self.to_proto.items()}
        self.first = next(iter(domain))


class Check:
    """Checks the fields of one message. `path` leads to it; faults of a whole request share one list."""

    __slots__ = ("faults", "path")

    def __init__(self, path: str = "", faults: list[Violation] | None = None) -> None:
        self.path = path
        self.faults = [] if faults is None else faults

    def inside(self, name: str) -> "Check":
        """The check of the message in field `name`."""
        return Check(f"{self.path}{name}.", self.faults)

    def required(self, name: str, parent: Message) -> "Check":
        """The check of the message in field `name`. If it is missing that is the fault, and not what it lacks."""
        if parent.HasField(name):
            return self.inside(name)
        self.fault(name, "is required")
        return Check()

    def item(self, name: str, index: int) -> "Check":
        """The check of the message at `index` of the repeated field `name`."""
        return Check(f"{self.path}{name}[{index}].", self.faults)

    def fault(self, name: str, description: str) -> None:
        """Note a fault of field `name`. The last one that is noted at all ends the walk."""
        self.faults.append(Violation(field=f"{self.path}{name}", description=description))
        if len(self.faults) >= FAULTS_MAX:
            raise invalid(self.faults)

    def finish(self) -> None:
        """Raise the Refusal with every fault, if there are any."""
        if self.faults:
            raise invalid(self.faults)

    def text(self, name: str, value: str, *, required: bool = True, bytes_max: int = TEXT_BYTES_MAX) -> str:
        """A name of something: printable, no blanks at the ends, not empty where required."""
        if not value:
            if required:
                self.fault(name, "is required")
        # A character has at most 4 bytes, so short texts need no encoding to be measured.
        elif len(value) * 4 > bytes_max and len(value.encode()) > bytes_max:
            self.fault(name, f"must have at most {bytes_max} bytes, not {len(value.encode())}")
        elif not value.isprintable() or value != value.strip():
            self.fault(name, "must be printable text without blanks at the ends")
        return value

    def prose(self, name: str, value: str, *, bytes_max: int, required: bool = False) -> str:
        """A free text of several lines."""
        if required and not value:
            self.fault(name, "is required")
        elif len(value.encode()) > bytes_max:
            self.fault(name, f"must have at most {bytes_max} bytes, not {len(value.encode())}")
        elif "\0" in value:
            self.fault(name, "must not have NUL characters")
        return value

    def segment(self, name: str, value: str) -> str:
        """An id that becomes part of a resource name."""
        if "/" in value:
            self.fault(name, "must not have a /")
        return self.text(name, value)

    def resource(self, name: str, value: str, collection: str, *, required: bool = True) -> str:
        """The id in a resource name ``collection/id``."""
        if not value and not required:
            return ""
        head, slash, tail = value.partition("/")
        if not value:
            self.fault(name, "is required")
        elif head != collection or not slash or not tail or "/" in tail:
            self.fault(name, f"must look like {collection}/{{id}}")
        else:
            self.text(name, tail)
        return tail

    def request_id(self, value: str, *, required: bool = True) -> str:
        """A UUID of version 4, in lower case."""
        if not value:
            if required:
                self.fault("request_id", "is required")
        elif not _UUID4.fullmatch(value):
            self.fault("request_id", "must be a UUID of version 4")
        return value.lower()

    def country(self, name: str, value: str) -> str:
        """Two capital letters."""
        return self._code(name, value, _COUNTRY, "two capital letters (ISO 3166-1 alpha-2)")

    def currency(self, name: str, value: str) -> str:
        """Three capital letters."""
        return self._code(name, value, _CURRENCY, "three capital letters (ISO 4217)")

    def _code(self, name: str, value: str, pattern: re.Pattern[str], words: str) -> str:
        if not value:
            self.fault(name, "is required")
        elif not pattern.fullmatch(value):
            self.fault(name, f"must be {words}")
        return value

    def zone(self, name: str, value: str) -> str:
        """The IANA name of a time zone."""
        if not value:
            self.fault(name, "is required")
        elif value not in _zones():
            self.fault(name, "is not the IANA name of a time zone")
        return value

    def whole(self, name: str, value: int, low: int, high: int) -> int:
        """A number from `low` to `high`."""
        if not low <= value <= high:
            self.fault(name, f"must be {low} to {high}, not {value}")
            return low
        return value

    def count(self, name: str, items: Sequence[object], low: int, high: int) -> None:
        """A list of `low` to `high` entries."""
        if len(items) < low:
            self.fault(name, "is required" if low == 1 else f"must have at least {low} entries")
        elif len(items) > high:
            self.fault(name, f"must have at most {high} entries, not {len(items)}")

    def entries(self, name: str, items: Sequence[T], low: int, high: int) -> Iterator[tuple["Check", T]]:
        """The messages of a list of `low` to `high` entries, each with its check; those beyond are not looked at."""
        self.count(name, items, low, high)
        return ((self.item(name, index), item) for index, item in enumerate(items[:high]))

    def unique(self, names: Iterable[tuple[str, object]], description: str) -> None:
        """No two of the (field path, key) pairs have the same key."""
        seen: set[object] = set()
        for name, key in names:
            if key in seen:
                self.fault(name, description)
            seen.add(key)

    def texts(self, name: str, values: Sequence[str], high: int) -> tuple[str, ...]:
        """At most `high` names, each one once."""
        self.count(name, values, 0, high)
        texts = tuple(self.text(f"{name}[{index}]", value) for index, value in enumerate(values[:high]))
        if len(set(texts)) < len(texts):
            self.unique(((f"{name}[{index}]", text) for index, text in enumerate(texts)), "is named twice")
        return texts

    def member(self, name: str, value: int, table: EnumTable[E], *, default: E | None = None) -> E:
        """A known member of an enum; the zero value is `default`, or refused where there is none."""
        found = table.to_domain.get(value)
        if found is not None:
            return found
        if value == 0 and default is not None:
            return default
        self.fault(name, "is required" if value == 0 else f"{value} is not a known value")
        return table.first

    def members(self, name: str, values: Sequence[int], table: EnumTable[E]) -> tuple[E, ...]:
        """Known members of an enum, each one once."""
        high = len(table.to_domain)
        self.count(name, values, 0, high)
        members = tuple(self.member(f"{name}[{index}]", value, table) for index, value in enumerate(values[:high]))
        known = ((f"{name}[{index}]", value) for index, value in enumerate(values[:high]) if value in table.to_domain)
        self.unique(known, "is named twice")
        return members

    def money(self, name: str, parent: Message, currency_code: str) -> int:
        """Micros of a Money field of `parent` in the given currency; absent means 0."""
        if not parent.HasField(name):
            return 0
        money: Money = getattr(parent, name)
        micros = money.units * MICROS + money.nanos // NANOS_PER_MICRO
        if money.currency_code != currency_code:
            self.fault(f"{name}.currency_code", f"must be {currency_code!r}, not {money.currency_code!r}")
        if not -NANOS_PER_SECOND < money.nanos < NANOS_PER_SECOND or money.nanos % NANOS_PER_MICRO:
            self.fault(f"{name}.nanos", "must be a multiple of 1000 below 1,000,000,000")
        elif money.units < 0 or money.nanos < 0:
            self.fault(name, "must not be negative")
        elif micros > MONEY_MICROS_MAX:
            self.fault(name, f"must be at most {MONEY_MICROS_MAX // MICROS}")
        else:
            return micros
        return 0

    def instant(self, name: str, timestamp: Timestamp) -> datetime:
        """A UTC instant, cut to microseconds."""
        if not SECONDS_MIN <= timestamp.seconds <= SECONDS_MAX or not 0 <= timestamp.nanos < NANOS_PER_SECOND:
            self.fault(name, "must lie in the years 1 to 9999")
            return EPOCH
        return EPOCH + timedelta(seconds=timestamp.seconds, microseconds=timestamp.nanos // NANOS_PER_MICRO)

    def day(self, name: str, value: Date) -> date:
        """A day of the calendar."""
        try:
            return date(value.year, value.month, value.day)
        except (ValueError, OverflowError):
            self.fault(name, "is not a day of the calendar")
            return DAY_ONE

    def required_day(self, name: str, parent: Message) -> date:
        """A Date field of `parent` that must be there."""
        if parent.HasField(name):
            return self.day(name, getattr(parent, name))
        self.fault(name, "is required")
        return DAY_ONE

    def days(self, name: str, values: Sequence[Date], high: int) -> frozenset[date]:
        """At most `high` days, each one once."""
        self.count(name, values, 0, high)
        days = [self.day(f"{name}[{index}]", value) for index, value in enumerate(values[:high])]
        self.unique(((f"{name}[{index}]", day) for index, day in enumerate(days)), "is named twice")
        return frozenset(days)

    def weekdays(self, name: str, values: Sequence[int]) -> frozenset[int]:
        """Days of the week as ISO numbers, at least one and each one once; DayOfWeek numbers them the same way."""
        self.count(name, values, 1, 7)
        days = values[:7]
        for index, value in enumerate(days):
            if not 1 <= value <= 7:
                self.fault(f"{name}[{index}]", "is required" if value == 0 else f"{value} is not a known value")
        if len(set(days)) < len(days):
            self.unique(((f"{name}[{index}]", value) for index, value in enumerate(days)), "is named twice")
        return frozenset(days)

    def point(self, name: str, parent: Message) -> GeoPoint:
        """A required LatLng field of `parent`."""
        if not parent.HasField(name):
            self.fault(name, "is required")
            return NOWHERE
        point: LatLng = getattr(parent, name)
        # Written so that NaN fails too.
        if not -90.0 <= point.latitude <= 90.0:
            self.fault(f"{name}.latitude", "must be -90 to 90")
        elif not -180.0 <= point.longitude <= 180.0:
            self.fault(f"{name}.longitude", "must be -180 to 180")
        else:
            return GeoPoint(lat_e6=round(point.latitude * MICROS), lon_e6=round(point.longitude * MICROS))
        return NOWHERE

    def page(self, page_size: int, page_token: str) -> tuple[int, str]:
        """Size and token of a page: 0 is the default size, too large a size is read as the largest."""
        if page_size < 0:
            self.fault("page_size", f"must not be negative, not {page_size}")
        self.text("page_token", page_token, required=False, bytes_max=PAGE_TOKEN_BYTES_MAX)
        return min(page_size or PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX), page_token


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def fill_money(money: Money, micros: int, currency_code: str) -> None:
    """Write an amount into an empty message; one that is below zero has both parts below zero."""
    money.currency_code = currency_code
    if micros > 0:
        units, rest = divmod(micros, MICROS)
        money.units, money.nanos = units, rest * NANOS_PER_MICRO
    elif micros:
        units, rest = divmod(-micros, MICROS)
        money.units, money.nanos = -units, -rest * NANOS_PER_MICRO


def fill_instant(timestamp: Timestamp, instant: datetime) -> None:
    """Write a UTC instant."""
    since = instant - EPOCH
    timestamp.seconds = since.days * 86_400 + since.seconds
    timestamp.nanos = since.microseconds * NANOS_PER_MICRO


def fill_day(message: Date, day: date) -> None:
    """Write a day of the calendar."""
    message.year = day.year
    message.month = day.month
    message.day = day.day


def fill_point(message: LatLng, point: GeoPoint) -> None:
    """Write a place."""
    message.latitude = point.lat_e6 / MICROS
    message.longitude = point.lon_e6 / MICROS
    message.SetInParent()

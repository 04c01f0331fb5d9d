"""Single values from their text, exactly as written: no float is made, nothing rounded but coordinates.

Every function takes the text and returns the value, or raises `Unfit` with what the value must be. The YAML,
CSV and JSON readers share them, so an amount or a time is written in one way everywhere.
"""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Final, TypeVar
from zoneinfo import available_timezones

from sourcier.domain.limits import DISTANCE_M_MAX, MONEY_MICROS_MAX, TEXT_BYTES_MAX
from sourcier.inputs.faults import nearest, shown

MONEY_PLACES: Final = 6  # decimals of an amount: micros
POSTAL_CODE_CHARACTERS_MAX: Final = 16
DIGITS_MAX: Final = 19  # a longer number is out of every range here
WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")  # ISO weekdays 1 .. 7

Word = TypeVar("Word", bound=StrEnum)

_DECIMAL = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_WHOLE = re.compile(r"[+-]?[0-9]+")
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_SPAN = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-(?:([01][0-9]|2[0-3]):([0-5][0-9])|24:00)")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})"
)
_POSTAL_CODE = re.compile(r"[0-9A-Z][0-9A-Z -]*")


class Unfit(Exception):
    """The text is not such a value; the message says what it must be."""


def scaled(places: int, low: int, high: int, what: str) -> Callable[[str], int]:
    """A reader of decimal numbers with at most `places` decimals, as integers of that many places.

    `low` and `high` are in those integers; `what` names the thing in messages ("an amount").
    """

    def read(text: str) -> int:
        if not _DECIMAL.fullmatch(text):
            comma = _DECIMAL.fullmatch(text.replace(",", "."))
            hint = "; write decimals with a point" if comma else ""
            raise Unfit(f"must be {what} such as 2.50, found {shown(text)}{hint}")
        whole, _, decimals = text.partition(".")
        if len(decimals) > places:
            most = f"at most {places} decimals" if places else "no decimals"
            raise Unfit(f"must be {what} with {most}, found {shown(text)}")
        value = int(Decimal(text).scaleb(places)) if len(whole) <= DIGITS_MAX else high + 1
        if not low <= value <= high:
            span = f"from {_plain(low, places)} to {_plain(high, places)}"
            raise Unfit(f"must be {what} {span}, found {shown(text)}")
        return value

    return read


def _plain(value: int, places: int) -> str:
    """`value` with its decimals, without trailing zeros."""
    return f"{Decimal(value).scaleb(-places).normalize():f}"


money: Final = scaled(MONEY_PLACES, 0, MONEY_MICROS_MAX, "an amount")
metres_from_km: Final = scaled(3, 1, DISTANCE_M_MAX, "a distance in km")


def whole(low: int, high: int) -> Callable[[str], int]:
    """A reader of whole numbers from `low` to `high`."""

    def read(text: str) -> int:
        if not _WHOLE.fullmatch(text):
            raise Unfit(f"must be a whole number from {low} to {high}, found {shown(text)}")
        value = int(text) if len(text) <= DIGITS_MAX else high + 1
        if not low <= value <= high:
            raise Unfit(f"must be from {low} to {high}, found {shown(text)}")
        return value

    return read


def truth(text: str) -> bool:
    """``true`` or ``false``."""
    if text not in {"true", "false"}:
        raise Unfit(f"must be true or false, found {shown(text)}")
    return text == "true"


def word_of(words: type[Word], exclude: Iterable[Word] = ()) -> Callable[[str], Word]:
    """A reader of one of an enum's words, in small or capital letters."""
    known = {word.value.casefold(): word for word in words if word not in set(exclude)}

    def read(text: str) -> Word:
        if text.casefold() not in known:
            raise Unfit(f"must be one of {', '.join(known)}, found {shown(text)}{nearest(text, known)}")
        return known[text.casefold()]

    return read


def identifier(text: str) -> str:
    """An id that becomes part of a resource name: a `name` without a slash."""
    if "/" in text:
        raise Unfit(f"must not have a slash, found {shown(text)}")
    return name(text)


def name(text: str) -> str:
    """A SKU, channel or other code: printable, no blanks at the ends, at most TEXT_BYTES_MAX bytes."""
    if any("\udc80" <= character <= "\udcff" for character in text):
        raise Unfit(f"must be UTF-8, found {shown(text)}")
    if not text or text != text.strip() or not text.isprintable():
        raise Unfit(f"must be printable text without blanks at the ends, found {shown(text)}")
    if len(text.encode()) > TEXT_BYTES_MAX:
        raise Unfit(f"must have at most {TEXT_BYTES_MAX} bytes, found {len(text.encode())}")
    return text


def known_in(known: Iterable[str], what: str) -> Callable[[str], str]:
    """A reader of names that the file itself declares; `what` says as what ("a channel of this rule set")."""
    names = dict.fromkeys(known)

    def read(text: str) -> str:
        if text not in names:
            raise Unfit(f"must be {what}, found {shown(text)}{nearest(text, names)}")
        return text

    return read


def country_code(text: str) -> str:
    """An ISO 3166-1 alpha-2 code in capitals."""
    if not re.fullmatch(r"[A-Z]{2}", text):
        raise Unfit(f"must be an ISO 3166 country code such as FR, found {shown(text)}")
    return text


def currency_code(text: str) -> str:
    """An ISO 4217 code in capitals."""
    if not re.fullmatch(r"[A-Z]{3}", text):
        raise Unfit(f"must be an ISO 4217 currency code such as EUR, found {shown(text)}")
    return text


def postal_code(text: str) -> str:
    """A postal code or the beginning of one."""
    if len(text) > POSTAL_CODE_CHARACTERS_MAX or not _POSTAL_CODE.fullmatch(text):
        raise Unfit(f"must be capitals, digits, blanks and hyphens as in 75011, found {shown(text)}")
    return text


def postal_range(text: str) -> tuple[str, str]:
    """The beginning of postal codes as in ``201``, or two of them as in ``201 to 206``: the first and the last."""
    low, *high = re.split(" to ", text, maxsplit=1, flags=re.IGNORECASE)
    return postal_code(low), postal_code(high[0] if high else low)


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def time_zone(text: str) -> str:
    """An IANA time zone name."""
    if text not in _time_zones():
        hint = nearest(text, _time_zones())
        raise Unfit(f"must be an IANA time zone such as Europe/Paris, found {shown(text)}{hint}")
    return text


def minute_of_day(text: str) -> int:
    """A time of day as HH:MM, in minutes after midnight."""
    match = _TIME.fullmatch(text)
    if match is None:
        raise Unfit(f"must be a time of day from 00:00 to 23:59, found {shown(text)}")
    return int(match[1]) * 60 + int(match[2])


def span(text: str) -> tuple[int, int]:
    """A part of one day as HH:MM-HH:MM, in minutes after midnight; it may end at 24:00."""
    begin, end = _span(text)
    if end <= begin:
        hint = f"; write {text[:5]}-24:00 and 00:00-{text[6:]}" if end else f"; write {text[:5]}-24:00"
        raise Unfit(f"must end after it begins, found {shown(text)}{hint if begin != end else ''}")
    return begin, end


def night_span(text: str) -> tuple[int, int]:
    """A part of a day as HH:MM-HH:MM; one that ends on the next day ends after minute 1440."""
    begin, end = _span(text)
    if begin == end:
        raise Unfit(f"must end after it begins, found {shown(text)}")
    return begin, end if begin < end else end + 1_440


def _span(text: str) -> tuple[int, int]:
    match = _SPAN.fullmatch(text)
    if match is None:
        raise Unfit(f"must be hours such as 09:00-18:00, found {shown(text)}")
    begin = int(match[1]) * 60 + int(match[2])
    return begin, 1_440 if match[3] is None else int(match[3]) * 60 + int(match[4])


def iso_date(text: str) -> date:
    """A date as YYYY-MM-DD."""
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise Unfit(f"must be a date such as 2026-12-24, found {shown(text)}")


def instant(text: str) -> datetime:
    """An RFC 3339 instant with its offset, in UTC."""
    try:
        if _INSTANT.fullmatch(text):
            return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise Unfit(f"must be an instant with its offset such as 2026-03-02T09:30:00Z, found {shown(text)}")


def weekdays(text: str) -> frozenset[int]:
    """One weekday or a range of them, such as ``mon-sat``, as ISO weekdays."""
    first, dash, last = text.casefold().partition("-")
    if first in WEEKDAYS and (last in WEEKDAYS or not dash):
        start = WEEKDAYS.index(first)
        end = WEEKDAYS.index(last) if dash else start
        if start <= end:
            return frozenset(range(start + 1, end + 2))
    raise Unfit(f"must be weekdays from mon to sun, such as fri or mon-sat, found {shown(text)}")


def latitude(text: str) -> int:
    """Degrees north, in microdegrees."""
    return _microdegrees(text, 90)


def longitude(text: str) -> int:
    """Degrees east, in microdegrees."""
    return _microdegrees(text, 180)


def _microdegrees(text: str, most: int) -> int:
    """Coordinates come with any number of decimals; beyond the sixth they say nothing about a place."""
    if not _DECIMAL.fullmatch(text) or len(text) > 40 or abs(Decimal(text)) > most:
        raise Unfit(f"must be degrees from -{most} to {most} such as 48.8566, found {shown(text)}")
    return round(Decimal(text).scaleb(6))

"""The times in network.proto beside the domain's: hours, calendars, carrier rounds and shifts."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final, Protocol

from google.protobuf.message import Message
from google.type.date_pb2 import Date

from sourcier.domain.calendar_checks import MINUTES_PER_DAY
from sourcier.domain.limits import (
    CAPACITY_PER_DAY_MAX,
    CLOSED_DATES_MAX,
    DAY_EXCEPTIONS_MAX,
    HOURS_MAX,
    PROCESSING_MINUTES_MAX,
    PROCESSING_SECONDS_PER_UNIT_MAX,
    ROUND_EVERY_MINUTES_MIN,
    ROUND_PARCELS_MAX,
    ROUNDS_MAX,
    SHIFTS_MAX,
)
from sourcier.domain.network import CapacityMeasure, DayException, Hours, NodeCalendar, Round, Shift
from sourcier.rpc.fields import Check, EnumTable, fill_day
from sourcier.v1 import common_pb2
from sourcier.v1 import network_pb2 as pb

CAPACITY_MEASURES: Final = EnumTable(pb.CapacityMeasure, CapacityMeasure, "CAPACITY_MEASURE")

LAST_MINUTE_OF_DAY: Final = MINUTES_PER_DAY - 1


class Span(Protocol):
    """A message that lasts from one minute to another."""

    from_minute: int
    to_minute: int


def parse_span(check: Check, message: Span, *, minutes_max: int | None = None) -> tuple[int, int]:
    """From a minute of the day until a later one of that day, or until `minutes_max` minutes after it."""
    begin = check.whole("from_minute", message.from_minute, 0, LAST_MINUTE_OF_DAY)
    last = MINUTES_PER_DAY if minutes_max is None else begin + minutes_max
    return begin, check.whole("to_minute", message.to_minute, begin + 1, last)


def parse_spans(check: Check, name: str, messages: Sequence[common_pb2.TimeSpan]) -> tuple[tuple[int, int], ...]:
    """Spans of one day."""
    return tuple(parse_span(at, message) for at, message in check.entries(name, messages, 0, HOURS_MAX))


def fill_spans(messages: Sequence[common_pb2.TimeSpan], spans: Iterable[tuple[int, int]]) -> None:
    """Write spans of one day."""
    for begin, end in spans:
        messages.add(from_minute=begin, to_minute=end)  # type: ignore[attr-defined]


def parse_hours(check: Check, name: str, messages: Sequence[pb.Hours]) -> tuple[Hours, ...]:
    """Spans of days of the week."""
    hours = []
    for at, message in check.entries(name, messages, 0, HOURS_MAX):
        begin, end = parse_span(at, message)
        hours.append(Hours(days=at.weekdays("days", message.days), from_minute=begin, to_minute=end))
    return tuple(hours)


def fill_hours(messages: Sequence[pb.Hours], hours: Iterable[Hours]) -> None:
    """Write spans of days of the week."""
    for entry in hours:
        messages.add(  # type: ignore[attr-defined]
            days=sorted(entry.days), from_minute=entry.from_minute, to_minute=entry.to_minute
        )


def parse_calendar(check: Check, message: pb.NodeCalendar) -> NodeCalendar:
    """When a node works."""
    return NodeCalendar(
        working_days=check.weekdays("working_days", message.working_days),
        cut_off_minute=check.whole("cut_off_minute", message.cut_off_minute, 0, LAST_MINUTE_OF_DAY),
        processing_minutes=check.whole("processing_minutes", message.processing_minutes, 0, PROCESSING_MINUTES_MAX),
        closed_dates=check.days("closed_dates", message.closed_dates, CLOSED_DATES_MAX),
        picking_hours=parse_hours(check, "picking_hours", message.picking_hours),
        opening_hours=parse_hours(check, "opening_hours", message.opening_hours),
        exceptions=_parse_exceptions(check, message.exceptions),
        holidays=check.text("holidays", message.holidays, required=False),
        processing_seconds_per_unit=check.whole(
            "processing_seconds_per_unit",
            message.processing_seconds_per_unit,
            0,
            PROCESSING_SECONDS_PER_UNIT_MAX,
        ),
        backlog_minutes=check.whole("backlog_minutes", message.backlog_minutes, 0, PROCESSING_MINUTES_MAX),
    )


def fill_calendar(message: pb.NodeCalendar, calendar: NodeCalendar) -> None:
    """Write when a node works."""
    message.working_days.extend(sorted(calendar.working_days))  # type: ignore[arg-type]
    message.cut_off_minute = calendar.cut_off_minute
    message.processing_minutes = calendar.processing_minutes
    fill_days(message.closed_dates, calendar.closed_dates)
    fill_hours(message.picking_hours, calendar.picking_hours)
    fill_hours(message.opening_hours, calendar.opening_hours)
    for exception in calendar.exceptions:
        entry = message.exceptions.add()
        fill_day(entry.day, exception.day)
        fill_spans(entry.picking, exception.picking)
        fill_spans(entry.opening, exception.opening)
    message.holidays = calendar.holidays
    message.processing_seconds_per_unit = calendar.processing_seconds_per_unit
    message.backlog_minutes = calendar.backlog_minutes


def _parse_exceptions(check: Check, messages: Sequence[pb.DayException]) -> tuple[DayException, ...]:
    return tuple(
        DayException(
            day=at.required_day("day", message),
            picking=parse_spans(at, "picking", message.picking),
            opening=parse_spans(at, "opening", message.opening),
        )
        for at, message in check.entries("exceptions", messages, 0, DAY_EXCEPTIONS_MAX)
    )


def fill_days(messages: Sequence[Date], days: Iterable[date]) -> None:
    """Write days of the calendar, sorted."""
    for day in sorted(days):
        fill_day(messages.add(), day)  # type: ignore[attr-defined]


def parse_rounds(check: Check, messages: Sequence[pb.Round]) -> tuple[Round, ...]:
    """When the carriers come to a node."""
    return tuple(_parse_round(at, message) for at, message in check.entries("rounds", messages, 0, ROUNDS_MAX))


def _parse_round(check: Check, message: pb.Round) -> Round:
    pickup = check.whole("pickup_minute", message.pickup_minute, 0, LAST_MINUTE_OF_DAY)
    return Round(
        service_id=check.text("service_id", message.service_id),
        days=check.weekdays("days", message.days),
        pickup_minute=pickup,
        cut_off_minute=_optional(check, "cut_off_minute", message, 0, pickup),
        every_minutes=_optional(check, "every_minutes", message, ROUND_EVERY_MINUTES_MIN, MINUTES_PER_DAY),
        last_pickup_minute=_optional(check, "last_pickup_minute", message, pickup, LAST_MINUTE_OF_DAY),
        parcels=_optional(check, "parcels", message, 0, ROUND_PARCELS_MAX),
    )


def _optional(check: Check, name: str, message: Message, low: int, high: int) -> int | None:
    return check.whole(name, getattr(message, name), low, high) if message.HasField(name) else None


def fill_round(message: pb.Round, entry: Round) -> None:
    """Write when a carrier comes."""
    message.service_id = entry.service_id
    message.days.extend(sorted(entry.days))  # type: ignore[arg-type]
    message.pickup_minute = entry.pickup_minute
    for name in ("cut_off_minute", "every_minutes", "last_pickup_minute", "parcels"):
        if (value := getattr(entry, name)) is not None:
            setattr(message, name, value)


def parse_shifts(check: Check, messages: Sequence[pb.Shift]) -> tuple[Shift, ...]:
    """The shifts of a node."""
    shifts = []
    for at, message in check.entries("shifts", messages, 0, SHIFTS_MAX):
        begin, end = parse_span(at, message, minutes_max=MINUTES_PER_DAY)
        shift = Shift(
            shift_id=at.text("shift_id", message.shift_id),
            from_minute=begin,
            to_minute=end,
            measure=at.member("measure", message.measure, CAPACITY_MEASURES),
            limit=at.whole("limit", message.limit, 0, CAPACITY_PER_DAY_MAX),
        )
        shifts.append(shift)
    return tuple(shifts)


def fill_shift(message: pb.Shift, shift: Shift) -> None:
    """Write a shift."""
    message.shift_id = shift.shift_id
    message.from_minute = shift.from_minute
    message.to_minute = shift.to_minute
    message.measure = CAPACITY_MEASURES.to_proto[shift.measure]
    message.limit = shift.limit

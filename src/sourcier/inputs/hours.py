"""Weekdays, hours of the day by weekday, and days that are an exception, as networks write them."""

from datetime import date
from typing import Final

from sourcier.domain.limits import CLOSED_DATES_MAX, DAY_EXCEPTIONS_MAX, HOURS_MAX
from sourcier.domain.network import DayException, Hours
from sourcier.inputs import values
from sourcier.inputs.fields import Fields, read_scalar
from sourcier.inputs.network_keys import NETWORK_KEYS
from sourcier.inputs.spots import Spots
from sourcier.inputs.yaml_nodes import Node

CLOSED: Final = "closed"  # in place of the hours of an exceptional day
EVERY_DAY: Final = frozenset(range(1, 8))
_ALL_DAY: Final = ((0, 1_440),)

Spans = tuple[tuple[int, int], ...]


def weekdays(entry: Fields, key: str, *, required: bool = True) -> frozenset[int]:
    """Days of the week: one day or range, or a list of them."""
    if entry.text(key) is not None:
        return entry.value(key, values.weekdays, frozenset())
    parts = entry.values(key, values.weekdays, len(values.WEEKDAYS), required=required or key in entry)
    return frozenset[int]().union(*parts)


def closed_dates(entry: Fields) -> frozenset[date]:
    """The dates under ``closed_dates``."""
    return frozenset(entry.values("closed_dates", values.iso_date, CLOSED_DATES_MAX))


def weekly_hours(entry: Fields, key: str, spots: Spots, path: str) -> tuple[Hours, ...]:
    """A list of {days, hours}; each span of hours becomes one entry, whose place is noted below `path`."""
    found: list[Hours] = []
    for item in entry.sections(key, NETWORK_KEYS["services[].windows[]"], HOURS_MAX):
        days = weekdays(item, "days")
        for (begin, end), node, at in _spans(item, "hours", required=True):
            spots.value(f"{path}[{len(found)}]", node, at, item.faults)
            found.append(Hours(days=days, from_minute=begin, to_minute=end))
    return tuple(found)


def _spans(entry: Fields, key: str, *, required: bool = False) -> list[tuple[tuple[int, int], Node, str]]:
    """The fit spans of hours under a key, one or a list of them, each with its place."""
    items = entry.one_or_more(key, HOURS_MAX, required=required)
    read = [(read_scalar(node, at, values.span, entry.faults), node, at) for node, at in items]
    return [(span, node, at) for span, node, at in read if span is not None]


def day_exceptions(entry: Fields, spots: Spots, path: str, *, required: bool) -> tuple[DayException, ...]:
    """The days that are an exception.

    Hours that the node has must be given for the day as well, or be ``closed``; where it has none it works (or is
    open) all day. `required` False reads entries of which a part may stand elsewhere.
    """
    found: list[DayException] = []
    for item in entry.sections("exceptions", NETWORK_KEYS["nodes[].exceptions[]"], DAY_EXCEPTIONS_MAX):
        here = f"{path}[{len(found)}]"
        spots.entry(here, item)
        day = item.value("date", values.iso_date, date.min, required=True)
        closed = item.value("closed", values.truth, False)
        spans: dict[str, Spans] = {}
        for key, hours in (("picking", "picking_hours"), ("opening", "opening_hours")):
            if closed:
                if key in item:
                    item.fault("must not be given on a day that is closed", key)
                spans[key] = ()
            elif key in item:
                spans[key] = _day_hours(item, key, spots, f"{here}.{key}")
            elif hours in entry:
                spans[key] = ()
                if required:
                    item.missing(key, f"; give hours, or {CLOSED}, where there are {hours}")
            else:
                spans[key] = _ALL_DAY
        if not closed and "picking" not in item and "opening" not in item and required:
            item.fault("does not say what is different: closed: true, or hours of picking or opening")
        found.append(DayException(day=day, picking=spans["picking"], opening=spans["opening"]))
    return tuple(found)


def _day_hours(item: Fields, key: str, spots: Spots, path: str) -> Spans:
    if item.text(key) == CLOSED:
        return ()
    found = _spans(item, key, required=True)
    for k, (_, node, at) in enumerate(found):
        spots.value(f"{path}[{k}]", node, at, item.faults)
    return tuple(span for span, _, _ in found)

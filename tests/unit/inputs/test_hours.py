"""Hours and exceptional days as one entry writes them."""

from datetime import date

import pytest

from sourcier.domain.errors import Reason
from sourcier.domain.network import DayException, Hours
from sourcier.inputs.faults import Faults
from sourcier.inputs.fields import Fields, read_fields
from sourcier.inputs.hours import closed_dates, day_exceptions, weekdays, weekly_hours
from sourcier.inputs.spots import Spots
from sourcier.inputs.yaml_nodes import compose

KEYS = ("days", "picking_hours", "opening_hours", "exceptions", "closed_dates")
DAY = date(2026, 11, 27)


def entry(text: str) -> Fields:
    faults = Faults(filename="f", reason=Reason.NETWORK_INVALID)
    return read_fields(compose(text, 10_000, faults), "", KEYS, faults)


def exceptions(text: str, *, required: bool = True) -> tuple[tuple[DayException, ...], int]:
    fields = entry(text)
    return day_exceptions(fields, Spots(), "e", required=required), len(fields.faults)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("days: tue", {2}),
        ("days: mon-wed", {1, 2, 3}),
        ("days: [mon, thu-sat]", {1, 4, 5, 6}),
        ("closed_dates: []", set()),
    ],
)
def test_weekdays(text: str, days: set[int]) -> None:
    assert weekdays(entry(text), "days", required=False) == days


def test_closed_dates() -> None:
    assert closed_dates(entry("closed_dates: [2026-11-27]")) == {DAY}


def test_weekly_hours_are_one_span_each() -> None:
    fields = entry(
        "picking_hours: [{days: mon, hours: 01:00-02:00}, {days: tue-wed, hours: [03:00-04:00, 05:00-06:00]}]"
    )
    assert weekly_hours(fields, "picking_hours", Spots(), "p") == (
        Hours(days=frozenset({1}), from_minute=60, to_minute=120),
        Hours(days=frozenset({2, 3}), from_minute=180, to_minute=240),
        Hours(days=frozenset({2, 3}), from_minute=300, to_minute=360),
    )


def test_a_day_that_is_closed_has_no_hours() -> None:
    found = (DayException(day=DAY), DayException(day=DAY))
    text = "exceptions: [{date: 2026-11-27, closed: true}, {date: 2026-11-27, picking: closed, opening: closed}]"
    assert exceptions(text) == (found, 0)


def test_hours_that_the_node_has_must_be_said() -> None:
    hours = "opening_hours: [{days: mon, hours: 01:00-02:00}]\n"
    assert exceptions(f"{hours}exceptions: [{{date: 2026-11-27, picking: 09:00-10:00}}]")[1] == 1
    (found,), num_faults = exceptions(f"{hours}exceptions: [{{date: 2026-11-27, opening: 09:00-10:00}}]")
    assert (found.picking, found.opening, num_faults) == (((0, 1440),), ((540, 600),), 0)


def test_defaults_may_leave_a_part_to_the_node() -> None:
    text = "picking_hours: [{days: mon, hours: 01:00-02:00}]\nexceptions: [{date: 2026-11-27, opening: 09:00-10:00}]"
    assert exceptions(text)[1] == 1
    assert exceptions(text, required=False)[1] == 0


def test_open_is_not_closed() -> None:
    assert exceptions("exceptions: [{date: 2026-11-27, closed: false}]")[1] == 1

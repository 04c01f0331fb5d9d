"""Amounts, days, instants and counts as words."""

from datetime import UTC, datetime

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date
from google.type.money_pb2 import Money

from sourcier.terminal import words


@pytest.mark.parametrize(
    ("units", "nanos", "told"),
    [
        (0, 0, "0.00"),
        (12, 340_000_000, "12.34"),
        (1_234, 500_000_000, "1,234.50"),
        (-3, -250_000_000, "-3.25"),
        (1, 5_000_000, "1.00"),
        (1, 15_000_000, "1.02"),
    ],
)
def test_amounts_are_rounded_half_even_to_cents(units: int, nanos: int, told: str) -> None:
    assert words.amount(Money(units=units, nanos=nanos, currency_code="EUR")) == told


def test_spans_of_days_and_of_hours() -> None:
    tuesday, thursday = Date(year=2026, month=11, day=24), Date(year=2026, month=11, day=26)
    assert words.days(tuesday, tuesday) == "Tue 24 Nov"
    assert [words.days_between(tuesday, other) for other in (tuesday, thursday)] == [0, 2]
    assert words.days(tuesday, thursday) == "Tue 24 Nov – Thu 26 Nov"
    assert (words.clock(0), words.span(510, 1_440)) == ("00:00", "08:30–24:00")


def test_shares_weights_and_distances() -> None:
    assert (words.percent(10_000), words.percent(9_250)) == ("100 %", "92.5 %")
    assert (words.grams(0), words.grams(999), words.grams(12_345)) == ("0 g", "999 g", "12.35 kg")
    assert words.kilometres(1_240) == "1.2 km"


def test_days_and_instants_are_local() -> None:
    instant = Timestamp()
    instant.FromDatetime(datetime(2026, 11, 23, 23, 30, tzinfo=UTC))
    assert words.day(Date(year=2026, month=11, day=4)) == "Wed 4 Nov"
    assert words.instant(instant, "Europe/Paris") == "Tue 24 Nov 00:30"
    assert words.instant(instant, "America/New_York") == "Mon 23 Nov 18:30"


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(-5, "now"), (59, "now"), (300, "5 min"), (3_600, "1 h 0 min"), (11_520, "3 h 12 min"), (183_600, "2 d 3 h")],
)
def test_countdowns(seconds: float, told: str) -> None:
    assert words.countdown(seconds) == told


def test_counts_and_lists() -> None:
    assert words.counted(1, "line") == "1 line"
    assert words.counted(1_200, "line") == "1,200 lines"
    assert words.counted(2, "breach", "breaches") == "2 breaches"
    assert words.listed("abc", at_most=3) == "a, b, c"
    assert words.listed("abcd", at_most=2) == "a, b and 2 more"

"""Single values: what each reader takes, exactly, and what it refuses."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sourcier.domain.network import NodeType
from sourcier.inputs import values
from sourcier.inputs.values import Unfit

READ = [
    (values.money, "0", 0),
    (values.money, "+2.5", 2_500_000),
    (values.money, "007.000001", 7_000_001),
    (values.money, "1000000", 10**12),
    (values.metres_from_km, "0.001", 1),
    (values.scaled(2, -100, 100, "a change"), "-0.75", -75),
    (values.whole(-5, 5), "-5", -5),
    (values.whole(0, 9), "+9", 9),
    (values.truth, "true", True),
    (values.truth, "false", False),
    (values.word_of(NodeType), "Store", NodeType.STORE),
    (values.identifier, "Größe 12", "Größe 12"),
    (values.name, "a/b", "a/b"),
    (values.known_in(["web"], "a channel"), "web", "web"),
    (values.country_code, "FR", "FR"),
    (values.currency_code, "EUR", "EUR"),
    (values.postal_code, "SW1A 1AA", "SW1A 1AA"),
    (values.time_zone, "America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"),
    (values.minute_of_day, "00:00", 0),
    (values.minute_of_day, "23:59", 1_439),
    (values.span, "00:00-24:00", (0, 1_440)),
    (values.span, "09:05-09:06", (545, 546)),
    (values.night_span, "09:00-18:00", (540, 1_080)),
    (values.night_span, "22:00-06:00", (1_320, 1_800)),
    (values.night_span, "22:00-00:00", (1_320, 1_440)),
    (values.postal_range, "201", ("201", "201")),
    (values.postal_range, "97100 to 97890", ("97100", "97890")),
    (values.postal_range, "20 TO 21", ("20", "21")),
    (values.postal_range, "00-950 to 04-999", ("00-950", "04-999")),
    (values.iso_date, "2028-02-29", date(2028, 2, 29)),
    (values.instant, "2026-11-23T18:05:00+01:00", datetime(2026, 11, 23, 17, 5, tzinfo=UTC)),
    (values.instant, "2026-11-23T17:05Z", datetime(2026, 11, 23, 17, 5, tzinfo=UTC)),
    (values.instant, "2026-11-23T17:05:00.25Z", datetime(2026, 11, 23, 17, 5, 0, 250_000, tzinfo=UTC)),
    (values.weekdays, "sun", frozenset({7})),
    (values.weekdays, "Mon-Sat", frozenset(range(1, 7))),
    (values.latitude, "-90", -90_000_000),
    (values.longitude, "2.35222221111", 2_352_222),
]

UNFIT = [
    (values.money, ["", "-1", "1e2", "1_000", "1,5", ".5", "5.", "0x1", "NaN", "1 ", "٣", "9" * 400, "1.0000000"]),
    (values.metres_from_km, ["0", "0.0001", "20100.001"]),
    (values.whole(0, 9), ["", "10", "-1", "1.0", "1e0", " 1", "9" * 5_000, "²"]),
    (values.truth, ["", "True", "yes", "1"]),
    (values.word_of(NodeType), ["", "shop", "ware house"]),
    (values.identifier, ["", " a", "a ", "a\nb", "a/b", "\x07", "x" * 129, "é" * 65, "\udce9", "\ud800"]),
    (values.name, ["", "\u200b", "a\u2028b"]),
    (values.known_in(["web"], "a channel"), ["", "WEB", "wep"]),
    (values.country_code, ["", "fr", "FRA", "F1", "FR\n"]),
    (values.currency_code, ["", "eur", "EURO"]),
    (values.postal_code, ["", "sw1", " 1", "-1", "1" * 17, "75_1"]),
    (values.time_zone, ["", "CEST+", "Europe/paris", "../UTC"]),
    (values.minute_of_day, ["", "24:00", "9:00", "09:60", "0900", "09:00:00"]),
    (
        values.span,
        ["", "09:00", "9:00-18:00", "09:00-24:01", "24:00-24:00", "18:00-09:00", "09:00 - 10:00", "-1:00-09:00"],
    ),
    (values.night_span, ["", "09:00-09:00", "09:00-25:00"]),
    (values.postal_range, ["", "20 to ", " to 20", "20 to 21 to 22x", "20..21"]),
    (values.iso_date, ["", "2026-02-29", "20260101", "2026-1-1", "0000-01-01", "2026-W01-1"]),
    (values.instant, ["", "2026-11-23", "2026-11-23T18:05", "2026-11-23 18:05Z", "2026-13-01T00:00Z", "now"]),
    (values.instant, ["0001-01-01T00:00+01:00", "2026-11-23T24:00Z", "2026-11-23T18:05+25:00"]),
    (values.weekdays, ["", "monday", "sat-mon", "mon-", "-mon", "mon-fri-sat", "1"]),
    (values.latitude, ["", "90.0000001", "-91", "north", "1e1", "nan", "0." + "1" * 60]),
    (values.longitude, ["180.1", "-181"]),
]


@pytest.mark.parametrize(("read", "text", "value"), READ)
def test_reads(read: Callable[[str], object], text: str, value: object) -> None:
    assert read(text) == value


@pytest.mark.parametrize(("read", "text"), [(read, text) for read, texts in UNFIT for text in texts])
def test_refuses(read: Callable[[str], object], text: str) -> None:
    with pytest.raises(Unfit, match="must"):
        read(text)


@given(st.integers(0, 10**12))
def test_amounts_come_back_as_they_were_written(micros: int) -> None:
    assert values.money(f"{Decimal(micros).scaleb(-6):f}") == micros


@given(st.integers(-90_000_000, 90_000_000), st.integers(-180_000_000, 180_000_000))
def test_coordinates_come_back_as_they_were_written(lat_e6: int, lon_e6: int) -> None:
    lat, lon = (f"{Decimal(degrees).scaleb(-6):f}" for degrees in (lat_e6, lon_e6))
    assert (values.latitude(lat), values.longitude(lon)) == (lat_e6, lon_e6)


@given(st.text())
def test_no_text_breaks_a_reader(text: str) -> None:
    for read, _ in UNFIT:
        try:
            read(text)
        except Unfit as unfit:
            assert "must" in str(unfit)  # noqa: PT017 - a fit text is as good as a refused one


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2,50", "write decimals with a point"),
        ("0.0000001", "at most 6 decimals"),
        ("1000001", "from 0 to 1000000"),
    ],
)
def test_says_what_an_amount_must_be(text: str, words: str) -> None:
    with pytest.raises(Unfit, match=words):
        values.money(text)

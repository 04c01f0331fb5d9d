"""Single fields: every limit one below, at, and one above it; faults collected with their paths."""

from datetime import UTC, date, datetime

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date
from google.type.latlng_pb2 import LatLng
from google.type.money_pb2 import Money
from tests.rpc.spoil import REQUEST_IDS_REFUSED, TEXTS_REFUSED, TEXTS_TAKEN

from sourcier.domain.errors import Reason, Refusal
from sourcier.domain.place import GeoPoint
from sourcier.rpc import fields
from sourcier.rpc.fields import Check
from sourcier.v1 import common_pb2, network_pb2


def faults(check: Check) -> list[str]:
    return [violation.field for violation in check.faults]


def test_all_faults_of_a_request_come_at_once_with_their_paths() -> None:
    check = Check()
    check.text("channel", "")
    line = check.inside("cart").item("lines", 2)
    line.whole("quantity", 0, 1, 10)
    line.inside("unit_price").fault("nanos", "is odd")
    with pytest.raises(Refusal) as refused:
        check.finish()
    assert [violation.field for violation in refused.value.violations] == [
        "channel",
        "cart.lines[2].quantity",
        "cart.lines[2].unit_price.nanos",
    ]
    assert refused.value.reason is Reason.FIELD_INVALID


def test_without_faults_nothing_is_raised() -> None:
    Check().finish()


@pytest.mark.parametrize("value", TEXTS_TAKEN)
def test_a_name_may_be_any_printable_text(value: str) -> None:
    check = Check()
    assert check.text("sku", value) == value
    assert not check.faults


@pytest.mark.parametrize("value", TEXTS_REFUSED)
def test_a_name_is_printable_and_short(value: str) -> None:
    check = Check()
    check.text("sku", value)
    assert faults(check) == ["sku"]


def test_an_optional_name_may_be_empty() -> None:
    check = Check()
    assert check.text("postal_code", "", required=False) == ""
    assert not check.faults


@pytest.mark.parametrize(("length", "taken"), [(0, True), (9, True), (10, True), (11, False)])
def test_prose_has_a_length(length: int, taken: bool) -> None:
    check = Check()
    check.prose("comment", "x" * length, bytes_max=10)
    assert bool(check.faults) is not taken


def test_prose_may_have_lines_but_no_nul() -> None:
    check = Check()
    check.prose("yaml", "a:\n\tb", bytes_max=10, required=True)
    assert not check.faults
    check.prose("yaml", "a\0", bytes_max=10)
    check.prose("text", "", bytes_max=10, required=True)
    assert faults(check) == ["yaml", "text"]


@pytest.mark.parametrize(
    "value", ["", "x", "nodes", "nodes/", "/x", "node/x", "nodes/x/y", "nodes/ x", "nodes/" + "x" * 129]
)
def test_a_resource_name_has_its_collection_and_one_id(value: str) -> None:
    check = Check()
    check.resource("name", value, "nodes")
    assert faults(check) == ["name"]


def test_a_resource_name_gives_its_id() -> None:
    check = Check()
    assert check.resource("name", "nodes/x 1", "nodes") == "x 1"
    assert check.resource("hold", "", "holds", required=False) == ""
    assert not check.faults


def test_an_id_in_a_name_has_no_slash() -> None:
    check = Check()
    check.segment("rule_set_id", "a/b")
    assert faults(check) == ["rule_set_id"]


@pytest.mark.parametrize("value", REQUEST_IDS_REFUSED)
def test_a_request_id_is_a_uuid_of_version_4(value: str) -> None:
    check = Check()
    check.request_id(value)
    assert faults(check) == ["request_id"]


def test_request_ids_do_not_depend_on_case() -> None:
    check = Check()
    assert check.request_id("6F1C1F0E-3A5E-4C9E-9C58-1C2D3E4F5A6B") == "6f1c1f0e-3a5e-4c9e-9c58-1c2d3e4f5a6b"
    assert check.request_id("", required=False) == ""
    assert not check.faults


@pytest.mark.parametrize("value", ["", "D", "DEU", "de", "D1", "DE\n"])
def test_countries_are_two_capitals(value: str) -> None:
    check = Check()
    check.country("country_code", value)
    assert faults(check) == ["country_code"]


@pytest.mark.parametrize("value", ["", "EU", "EURO", "eur", "E1R"])
def test_currencies_are_three_capitals(value: str) -> None:
    check = Check()
    check.currency("currency_code", value)
    assert faults(check) == ["currency_code"]


@pytest.mark.parametrize(
    "value", ["", "Berlin", "europe/berlin", "../../etc/passwd", "/etc/localtime", "Europe", "x" * 5_000]
)
def test_time_zones_are_known_names(value: str) -> None:
    check = Check()
    check.zone("time_zone", value)
    assert faults(check) == ["time_zone"]


def test_time_zones_are_taken() -> None:
    check = Check()
    assert check.zone("time_zone", "Australia/Lord_Howe") == "Australia/Lord_Howe"
    assert not check.faults


@pytest.mark.parametrize(("value", "taken"), [(0, False), (1, True), (10, True), (11, False), (-(2**63), False)])
def test_numbers_have_both_limits(value: int, taken: bool) -> None:
    check = Check()
    assert check.whole("quantity", value, 1, 10) == (value if taken else 1)
    assert bool(check.faults) is not taken


@pytest.mark.parametrize(("length", "taken"), [(0, False), (1, True), (3, True), (4, False)])
def test_lists_have_both_limits(length: int, taken: bool) -> None:
    check = Check()
    check.count("lines", ["x"] * length, 1, 3)
    assert bool(check.faults) is not taken


def test_names_in_a_list_stand_once() -> None:
    check = Check()
    check.texts("skus", ["a", "b", "a", "", "a"], 5)
    assert faults(check) == ["skus[3]", "skus[2]", "skus[4]"]


@pytest.mark.parametrize(
    ("money", "micros"),
    [
        (Money(currency_code="EUR"), 0),
        (Money(currency_code="EUR", nanos=1_000), 1),
        (Money(currency_code="EUR", units=1, nanos=999_999_000), 1_999_999),
        (Money(currency_code="EUR", units=1_000_000), 10**12),
    ],
)
def test_money_is_exact_to_the_micro(money: Money, micros: int) -> None:
    check = Check()
    assert check.money("unit_price", common_pb2.Line(unit_price=money), "EUR") == micros
    assert not check.faults
    back = Money()
    fields.fill_money(back, micros, "EUR")
    assert back == money


@pytest.mark.parametrize(
    ("money", "field"),
    [
        (Money(units=1), "unit_price.currency_code"),
        (Money(currency_code="USD", units=1), "unit_price.currency_code"),
        (Money(currency_code="EUR", nanos=1), "unit_price.nanos"),
        (Money(currency_code="EUR", nanos=999_999_999), "unit_price.nanos"),
        (Money(currency_code="EUR", nanos=1_000_000_000), "unit_price.nanos"),
        (Money(currency_code="EUR", nanos=-1_000_000_000), "unit_price.nanos"),
        (Money(currency_code="EUR", nanos=-1_000), "unit_price"),
        (Money(currency_code="EUR", units=-1), "unit_price"),
        (Money(currency_code="EUR", units=1, nanos=-1_000), "unit_price"),
        (Money(currency_code="EUR", units=1_000_000, nanos=1_000), "unit_price"),
        (Money(currency_code="EUR", units=2**63 - 1), "unit_price"),
        (Money(currency_code="EUR", units=-(2**63)), "unit_price"),
    ],
)
def test_money_out_of_bounds_is_refused(money: Money, field: str) -> None:
    check = Check()
    assert check.money("unit_price", common_pb2.Line(unit_price=money), "EUR") in {0, money.units * 10**6}
    assert faults(check) == [field]


def test_absent_money_is_nothing_and_negative_money_keeps_one_sign() -> None:
    assert Check().money("unit_price", common_pb2.Line(), "EUR") == 0
    back = Money()
    fields.fill_money(back, -1_500_000, "EUR")
    assert (back.units, back.nanos) == (-1, -500_000_000)


@pytest.mark.parametrize(
    "instant",
    [
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(2026, 11, 23, 8, 0, 0, 123_456, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    ],
)
def test_instants_go_there_and_back(instant: datetime) -> None:
    message = Timestamp()
    fields.fill_instant(message, instant)
    assert Check().instant("placed_at", message) == instant


@pytest.mark.parametrize(
    "message",
    [
        Timestamp(seconds=fields.SECONDS_MIN - 1),
        Timestamp(seconds=fields.SECONDS_MAX + 1),
        Timestamp(seconds=2**63 - 1),
        Timestamp(nanos=-1),
        Timestamp(nanos=1_000_000_000),
    ],
)
def test_instants_beyond_the_calendar_are_refused(message: Timestamp) -> None:
    check = Check()
    check.instant("placed_at", message)
    assert faults(check) == ["placed_at"]


def test_instants_are_cut_to_microseconds() -> None:
    assert Check().instant("placed_at", Timestamp(nanos=999_999_999)).microsecond == 999_999


@pytest.mark.parametrize("day", [date(1, 1, 1), date(2024, 2, 29), date(9999, 12, 31)])
def test_days_go_there_and_back(day: date) -> None:
    message = Date()
    fields.fill_day(message, day)
    assert Check().day("deliver_by", message) == day


@pytest.mark.parametrize(
    ("year", "month", "day"),
    [
        (0, 1, 1),
        (2025, 0, 1),
        (2025, 1, 0),
        (2025, 2, 29),
        (2025, 13, 1),
        (10_000, 1, 1),
        (-1, 1, 1),
        (2**31 - 1, 1, 1),
    ],
)
def test_days_that_do_not_exist_are_refused(year: int, month: int, day: int) -> None:
    check = Check()
    check.day("deliver_by", Date(year=year, month=month, day=day))
    assert faults(check) == ["deliver_by"]


def test_closed_dates_stand_once_and_are_counted() -> None:
    check = Check()
    christmas = Date(year=2026, month=12, day=25)
    assert check.days("closed_dates", [christmas], 1) == {date(2026, 12, 25)}
    assert not check.faults
    check.days("closed_dates", [christmas, christmas], 2)
    check.days("closed_dates", [christmas, christmas], 1)
    assert faults(check) == ["closed_dates[1]", "closed_dates"]


@pytest.mark.parametrize(
    ("values", "at"),
    [([], ["working_days"]), ([0], ["working_days[0]"]), ([1, 8], ["working_days[1]"]), ([1, 1], ["working_days[1]"])],
)
def test_weekdays_are_monday_to_sunday_once(values: list[int], at: list[str]) -> None:
    check = Check()
    check.weekdays("working_days", values)
    assert faults(check) == at


def test_weekdays_have_iso_numbers() -> None:
    check = Check()
    assert check.weekdays("working_days", [7, 1]) == {1, 7}
    assert not check.faults


@pytest.mark.parametrize(("latitude", "longitude"), [(-90, -180), (90, 180), (52.530001, 13.38), (0, 0)])
def test_points_go_there_and_back(latitude: float, longitude: float) -> None:
    point = GeoPoint(lat_e6=round(latitude * 1e6), lon_e6=round(longitude * 1e6))
    node = network_pb2.Node()
    fields.fill_point(node.point, point)
    assert Check().point("point", node) == point


@pytest.mark.parametrize(
    ("latitude", "longitude", "field"),
    [
        (90.000001, 0, "point.latitude"),
        (-90.000001, 0, "point.latitude"),
        (0, 180.000001, "point.longitude"),
        (0, -180.000001, "point.longitude"),
        (float("nan"), 0, "point.latitude"),
        (0, float("nan"), "point.longitude"),
        (float("inf"), 0, "point.latitude"),
    ],
)
def test_points_off_the_map_are_refused(latitude: float, longitude: float, field: str) -> None:
    check = Check()
    check.point("point", network_pb2.Node(point=LatLng(latitude=latitude, longitude=longitude)))
    assert faults(check) == [field]


def test_a_missing_point_is_refused() -> None:
    check = Check()
    check.point("point", network_pb2.Node())
    assert faults(check) == ["point"]


@pytest.mark.parametrize(("asked", "given"), [(0, 100), (1, 1), (1_000, 1_000), (1_001, 1_000), (2**31 - 1, 1_000)])
def test_page_sizes_are_brought_into_range(asked: int, given: int) -> None:
    check = Check()
    assert check.page(asked, "token") == (given, "token")
    assert not check.faults


def test_bad_pages_are_refused() -> None:
    check = Check()
    check.page(-1, "x" * 1_025)
    assert faults(check) == ["page_size", "page_token"]


def test_entries_beyond_the_limit_are_not_looked_at() -> None:
    check = Check()
    lines = [common_pb2.Line(line_id=str(number)) for number in range(4)]
    assert [(at.path, line.line_id) for at, line in check.entries("lines", lines, 1, 2)] == [
        ("lines[0].", "0"),
        ("lines[1].", "1"),
    ]
    assert faults(check) == ["lines"]
    assert check.texts("skus", ["a", "b", ""], 2) == ("a", "b")
    assert check.days("days", [Date()] * 9, 0) == frozenset()
    assert check.weekdays("weekdays", [1, 2, 3, 4, 5, 6, 7, 8]) == frozenset(range(1, 8))
    assert faults(check) == ["lines", "skus", "days", "weekdays"]


def test_the_walk_ends_after_so_many_faults() -> None:
    check = Check()
    for number in range(1, fields.FAULTS_MAX):
        check.fault(str(number), "is odd")
    with pytest.raises(Refusal) as refused:
        check.fault("last", "is odd")
    assert len(refused.value.violations) == fields.FAULTS_MAX


def test_a_day_that_must_be_there_is_asked_for() -> None:
    check = Check()
    exception = network_pb2.DayException()
    check.required_day("day", exception)
    assert faults(check) == ["day"]
    exception.day.year, exception.day.month, exception.day.day = 2026, 12, 24
    assert check.required_day("day", exception) == date(2026, 12, 24)

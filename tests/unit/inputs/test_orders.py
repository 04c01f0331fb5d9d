"""Order files: the same orders from CSV and from JSON lines, and every bad row at once."""

import json
import random
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sourcier.domain.errors import Reason, Refusal
from sourcier.domain.network import Method
from sourcier.domain.order import Cart, Line, Order
from sourcier.domain.place import Destination, GeoPoint
from sourcier.inputs.orders import read_orders

COLUMNS = (
    *("order_id", "line_id", "sku", "quantity", "unit_weight_grams", "unit_price", "channel", "currency_code"),
    *("country_code", "postal_code", "lat", "lon", "placed_at", "methods", "services", "store_ids"),
    *("deliver_by", "priority"),
)
GOOD = {
    "order_id": "o1",
    "line_id": "1",
    "sku": "A",
    "quantity": "2",
    "unit_weight_grams": "500",
    "unit_price": "9.99",
    "channel": "web",
    "currency_code": "EUR",
    "country_code": "FR",
    "postal_code": "75011",
    "lat": "",
    "lon": "",
    "placed_at": "2026-11-23T18:05:00+01:00",
    "methods": "home_delivery;Ship_To_Store",
    "services": "standard;express",
    "store_ids": "s1",
    "deliver_by": "2026-11-27",
    "priority": "7",
}
ORDER = Order(
    order_id="o1",
    cart=Cart(
        channel="web",
        destination=Destination(country_code="FR", postal_code="75011"),
        lines=(Line(line_id="1", sku="A", quantity=2, unit_weight_grams=500, unit_price_micros=9_990_000),),
        currency_code="EUR",
        placed_at=datetime(2026, 11, 23, 17, 5, tzinfo=UTC),
        services=("standard", "express"),
        deliver_by=date(2026, 11, 27),
        methods=(Method.HOME_DELIVERY, Method.SHIP_TO_STORE),
        store_ids=("s1",),
    ),
    priority=7,
)


def table(*rows: dict[str, str]) -> str:
    lines = [",".join(COLUMNS), *(",".join((GOOD | row)[column] for column in COLUMNS) for row in rows)]
    return "\n".join(lines) + "\n"


def write(folder: Path, text: str, name: str = "orders.csv") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_reads_an_order_from_csv(tmp_path: Path) -> None:
    assert list(read_orders(write(tmp_path, table({})))) == [ORDER]


def test_reads_the_same_order_from_json_lines(tmp_path: Path) -> None:
    line_fields = ("line_id", "sku", "quantity", "unit_weight_grams", "unit_price")
    order = {key: value for key, value in GOOD.items() if key not in line_fields and value}
    order |= {"methods": ["home_delivery", "ship_to_store"], "services": ["standard", "express"], "store_ids": ["s1"]}
    order |= {"priority": 7, "lines": [{key: GOOD[key] for key in line_fields}]}
    text = json.dumps(order) + "\n" + json.dumps(order | {"order_id": "o2"}).replace('"9.99"', "9.99") + "\n"
    first, second = read_orders(write(tmp_path, text, "orders.JSONL"))
    assert first == ORDER
    assert second.cart == ORDER.cart


def test_consecutive_rows_are_one_order(tmp_path: Path) -> None:
    text = table({}, {"line_id": "2", "sku": "A"}, {"order_id": "o2"}, {"order_id": "o3"})
    found = list(read_orders(write(tmp_path, text)))
    assert [(order.order_id, len(order.cart.lines)) for order in found] == [("o1", 2), ("o2", 1), ("o3", 1)]


def test_columns_that_say_nothing_may_be_left_out(tmp_path: Path) -> None:
    text = (
        "order_id,line_id,sku,quantity,channel,currency_code,country_code,lat,lon,placed_at\n"
        "o1,1,A,1,web,EUR,FR,48.85,2.35,2026-11-23T17:05:00Z\n"
    )
    (order,) = read_orders(write(tmp_path, text))
    assert order.cart.destination == Destination(country_code="FR", point=GeoPoint(lat_e6=48_850_000, lon_e6=2_350_000))
    assert order.cart.lines == (Line(line_id="1", sku="A", quantity=1),)
    assert (order.cart.services, order.cart.deliver_by) == ((), None)
    assert (order.cart.methods, order.cart.store_ids, order.priority) == ((), (), 0)


@pytest.mark.parametrize(
    ("column", "text", "fault"),
    [
        ("order_id", "", "order_id: is empty"),
        ("line_id", " 1", "line_id: must be printable text without blanks at the ends"),
        ("sku", "", "sku: is empty"),
        ("quantity", "0", "quantity: must be from 1 to 1000000, found '0'"),
        ("unit_weight_grams", "0.5", "unit_weight_grams: must be a whole number"),
        ("unit_price", "9.9999999", "unit_price: must be an amount with at most 6 decimals"),
        ("unit_price", '"9,99"', "unit_price: must be an amount such as 2.50, found '9,99'; write decimals"),
        ("channel", "", "channel: is empty"),
        ("currency_code", "€", "currency_code: must be an ISO 4217"),
        ("country_code", "FRA", "country_code: must be an ISO 3166"),
        ("postal_code", "", "must have a postal_code, or lat and lon"),
        ("lat", "48.85", "lat and lon go together"),
        ("placed_at", "2026-11-23T18:05:00", "placed_at: must be an instant with its offset"),
        ("services", "a;a", "services: names one twice"),
        ("services", "a;", "services: must be printable text"),
        ("services", ";".join(f"s{n}" for n in range(17)), "services: must name at most 16"),
        ("methods", "pickup", "methods: must be one of home_delivery"),
        ("methods", "express;express", "methods: names one twice"),
        ("store_ids", "a/b", "store_ids: must not have a slash"),
        ("store_ids", ";".join(f"s{n}" for n in range(17)), "store_ids: must name at most 16"),
        ("priority", "-1", "priority: must be from 0 to 1000000"),
        ("deliver_by", "27/11/2026", "deliver_by: must be a date"),
    ],
)
def test_refuses(faults_of, column: str, text: str, fault: str) -> None:
    (found,) = faults_of(read_orders, table({}, {"order_id": "o2", column: text}))
    assert found.startswith(f"file.csv:3: {fault}")


def test_rows_of_an_order_must_agree(faults_of) -> None:
    assert faults_of(read_orders, table({}, {"line_id": "2", "channel": "shop", "deliver_by": ""})) == [
        "file.csv:3: channel: differs from line 2, the first of this order",
        "file.csv:3: deliver_by: differs from line 2, the first of this order",
    ]


def test_an_order_or_a_line_must_not_come_twice(faults_of) -> None:
    assert faults_of(read_orders, table({}, {"sku": "B"}, {"order_id": "o2"}, {})) == [
        "file.csv:3: line_id: stands twice in this order",
        "file.csv:5: order_id: was on line 2 already; the rows of an order must follow each other",
    ]


def test_an_order_has_at_most_a_hundred_lines(tmp_path: Path, faults_of) -> None:
    rows = [{"line_id": str(number)} for number in range(150)]
    (order,) = read_orders(write(tmp_path, table(*rows[:100])))
    assert len(order.cart.lines) == 100
    assert faults_of(read_orders, table(*rows)) == ["file.csv:2: lines: must have 1 to 100 lines"]


def test_an_order_has_at_least_one_line(faults_of) -> None:
    order = {
        key: GOOD[key] for key in ("order_id", "channel", "currency_code", "country_code", "postal_code", "placed_at")
    }
    found = faults_of(
        read_orders, json.dumps(order | {"lines": []}) + "\n" + json.dumps(order | {"order_id": "o2"}), "f.jsonl"
    )
    assert found == [
        "f.jsonl:1: lines: must have 1 to 100 lines",
        "f.jsonl:2: lines: must be a list of objects",
        "f.jsonl:2: lines: must have 1 to 100 lines",
    ]


def test_orders_before_the_first_fault_come_and_none_after_it(tmp_path: Path) -> None:
    text = table({}, {"order_id": "o2", "quantity": "x"}, {"order_id": "o3"}, {"order_id": "o4", "lat": "1"})
    orders = read_orders(write(tmp_path, text))
    assert next(orders) == ORDER
    with pytest.raises(Refusal) as caught:
        list(orders)
    assert caught.value.reason is Reason.FIELD_INVALID
    assert [violation.field.rpartition(":")[2] for violation in caught.value.violations] == ["3", "5"]


def test_faults_end_reading_when_there_are_too_many(faults_of) -> None:
    found = faults_of(read_orders, table(*({"order_id": f"o{number}", "quantity": "x"} for number in range(500))))
    assert len(found) == 101
    assert found[-1] == "file.csv:102: more faults from here on"


def test_another_kind_of_file_is_refused(faults_of) -> None:
    assert faults_of(read_orders, "", "orders.xlsx") == ["orders.xlsx:1: must be named .csv or .jsonl"]


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), name=st.sampled_from(["f.csv", "f.jsonl"]))
def test_no_bytes_break_the_reader(tmp_path: Path, seed: int, name: str) -> None:
    rng = random.Random(seed)
    good = table({}, {"line_id": "2"}, {"order_id": "o2"})
    if name == "f.jsonl":
        good = '{"order_id":"o1","services":["a"],"placed_at":"2026-11-23T17:05Z","lat":1.5,"lines":[{"sku":"x"}]}\n'
    content = bytearray(good.encode())
    for _ in range(rng.randint(1, 8)):
        at = rng.randrange(len(content))
        content[at : at + rng.randint(0, 5)] = bytes(rng.choices(range(256), k=rng.randint(0, 4)))
    (tmp_path / name).write_bytes(content)
    try:
        assert all(isinstance(order, Order) for order in read_orders(tmp_path / name))
        told = True
    except Refusal as refusal:
        told = bool(refusal.violations)
    assert told

"""Carts from options and from files."""

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import typer

from sourcier.cli.carts import CartOptions, fill_currency, orders_of
from sourcier.domain.errors import Refusal
from sourcier.v1 import common_pb2

ORDERS = """order_id,line_id,sku,quantity,channel,currency_code,country_code,postal_code,placed_at
A,1,MUG,2,web,EUR,FR,75011,2026-11-23T18:05:00+01:00
B,1,BOWL,1,web,EUR,FR,31000,2026-11-23T18:07:30+01:00
"""


def test_options_make_one_order() -> None:
    (order,) = orders_of(
        None,
        CartOptions(
            order_id="A-1",
            lines=("MUG=2", "SET=OF=3"),
            to="FR:75011",
            channel="marketplace",
            services=("express",),
            deliver_by="2026-11-27",
            placed_at="2026-11-23T18:05:00+01:00",
            currency="EUR",
            methods=("same-day", "CLICK_AND_COLLECT"),
            stores=("store-1", "store-2"),
            priority=7,
        ),
    )
    assert order.priority == 7
    assert list(order.cart.methods) == [common_pb2.METHOD_SAME_DAY, common_pb2.METHOD_CLICK_AND_COLLECT]
    assert list(order.cart.store_ids) == ["store-1", "store-2"]
    cart = order.cart
    assert order.order_id == "A-1"
    assert [(line.line_id, line.sku, line.quantity) for line in cart.lines] == [("1", "MUG", 2), ("2", "SET=OF", 3)]
    assert (cart.destination.country_code, cart.destination.postal_code) == ("FR", "75011")
    assert (cart.channel, cart.currency_code, list(cart.services)) == ("marketplace", "EUR", ["express"])
    assert (cart.deliver_by.year, cart.deliver_by.month, cart.deliver_by.day) == (2026, 11, 27)
    assert cart.placed_at.ToDatetime(tzinfo=UTC) == datetime(2026, 11, 23, 17, 5, tzinfo=UTC)


def test_what_is_not_said_is_left_to_the_server() -> None:
    (order,) = orders_of(None, CartOptions(lines=("MUG=1",), to="FR:75011"))
    assert order.cart.channel == "web"
    assert not order.cart.HasField("placed_at")
    assert not order.cart.HasField("deliver_by")


@pytest.mark.parametrize(
    "options",
    [
        CartOptions(),
        CartOptions(lines=("MUG=1",)),
        CartOptions(to="FR:75011"),
        CartOptions(lines=("MUG",), to="FR:75011"),
        CartOptions(lines=("MUG=two",), to="FR:75011"),
        CartOptions(lines=("MUG=-1",), to="FR:75011"),
        CartOptions(lines=("MUG=1",), to="75011"),
        CartOptions(lines=("MUG=1",), to="FR:75011", methods=("drone",)),
        CartOptions(lines=("MUG=1",), to="FR:75011", methods=("unspecified",)),
        CartOptions(lines=("MUG=1",), to="FR:75011", deliver_by="tomorrow"),
        CartOptions(lines=("MUG=1",), to="FR:75011", placed_at="2026-11-23T18:05:00"),
    ],
)
def test_options_that_make_no_cart_are_usage_errors(options: CartOptions) -> None:
    with pytest.raises(typer.BadParameter):
        orders_of(None, options)


def test_a_file_holds_many_orders(tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    file.write_text(ORDERS)
    assert [order.order_id for order in orders_of(file, CartOptions())] == ["A", "B"]


@pytest.mark.parametrize("options", [CartOptions(to="FR:75011"), CartOptions(order_id="A"), CartOptions(channel="x")])
def test_a_file_and_options_do_not_mix(tmp_path: Path, options: CartOptions) -> None:
    with pytest.raises(typer.BadParameter):
        orders_of(tmp_path / "orders.csv", options)


def test_faults_of_a_file_come_all_at_once(tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    file.write_text(ORDERS.replace(",2,web", ",none,web").replace("FR,31000", "France,31000"))
    with pytest.raises(Refusal) as refused:
        orders_of(file, CartOptions())
    assert [fault.field for fault in refused.value.violations] == [f"{file}:2", f"{file}:3"]


async def test_a_missing_currency_is_the_networks() -> None:
    asked = []

    async def get_network() -> SimpleNamespace:
        asked.append(True)
        return SimpleNamespace(currency_code="EUR")

    client = cast(Any, SimpleNamespace(get_network=get_network))
    orders = [common_pb2.Order(), common_pb2.Order(cart=common_pb2.Cart(currency_code="USD"))]
    await fill_currency(client, orders)
    assert [order.cart.currency_code for order in orders] == ["EUR", "USD"]
    await fill_currency(client, orders)
    assert asked == [True]

"""Carts and orders: plain values that compare, hash and stay as they are."""

import pickle
from dataclasses import FrozenInstanceError, replace
from datetime import UTC, datetime

import pytest

from sourcier.domain.order import Cart, Line, Order
from sourcier.domain.place import Destination

CART = Cart(
    channel="web",
    destination=Destination(country_code="DE", postal_code="10115"),
    lines=(Line(line_id="1", sku="A", quantity=2), Line(line_id="2", sku="A", quantity=1)),
    currency_code="EUR",
    placed_at=datetime(2026, 3, 4, 9, 30, tzinfo=UTC),
)


def test_a_cart_wants_any_service_and_any_date_unless_it_says_so() -> None:
    assert CART.services == ()
    assert CART.deliver_by is None


def test_orders_compare_and_hash_by_value() -> None:
    order = Order(order_id="o-1", cart=CART)
    assert {order, Order(order_id="o-1", cart=replace(CART))} == {order}
    assert replace(order, order_id="o-2") != order
    assert replace(CART, lines=CART.lines[::-1]) != CART


def test_an_order_travels_between_processes_unchanged() -> None:
    assert pickle.loads(pickle.dumps(Order(order_id="o-1", cart=CART))) == Order(order_id="o-1", cart=CART)


def test_lines_do_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        CART.lines[0].quantity = 5  # type: ignore[misc]


def test_fields_are_given_by_name() -> None:
    with pytest.raises(TypeError):
        Line("1", "A", 2)  # type: ignore[misc]


def test_a_cart_is_worth_what_its_units_cost() -> None:
    lines = (
        Line(line_id="1", sku="A", quantity=3, unit_price_micros=2_500_000),
        Line(line_id="2", sku="B", quantity=9),
    )
    assert replace(CART, lines=lines).value_micros == 7_500_000

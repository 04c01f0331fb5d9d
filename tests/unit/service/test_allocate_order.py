"""Which orders a hold was made for."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from tests.service.shop import cart
from tests.unit.service.test_codec import decision

from sourcier.domain.errors import Reason, Refusal
from sourcier.domain.network import Method
from sourcier.domain.order import Line, Order
from sourcier.domain.place import Destination
from sourcier.domain.promise import Kept
from sourcier.service.allocate_order import check_match
from sourcier.service.reservations import Document

HELD = replace(cart(("mug ☕", 3)), services=("ground", "express"))
KEPT = Kept(
    method=Method.HOME_DELIVERY,
    earliest=date(2026, 11, 26),
    latest=date(2026, 11, 26),
    time_zone="Europe/Berlin",
    fee_micros=0,
)
DOCUMENT = Document(cart=HELD, decision=decision(0), service_id="ground", kept=KEPT)


def check(**changes: Any) -> None:
    check_match(Order(order_id="o", cart=replace(HELD, **changes)), DOCUMENT)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"services": ()},
        {"services": ("ground",)},
        {"methods": (Method.HOME_DELIVERY,)},
        {"store_ids": ("store",)},
        {"deliver_by": date(2026, 11, 26)},
        {"lines": (replace(HELD.lines[0], unit_price_micros=1),)},
    ],
)
def test_the_same_order_fits(changes: dict[str, Any]) -> None:
    check(**changes)


def test_the_order_of_the_lines_does_not_matter() -> None:
    two = cart(("mug", 1), ("pan", 2))
    document = replace(DOCUMENT, cart=two)
    check_match(Order(order_id="o", cart=replace(two, lines=two.lines[::-1])), document)


def test_another_store_does_not_fit() -> None:
    collected = replace(KEPT, method=Method.CLICK_AND_COLLECT, store_id="store")
    document = replace(DOCUMENT, service_id="collect", kept=collected)
    order = Order(order_id="o", cart=replace(HELD, services=(), store_ids=("corner", "store")))
    check_match(order, document)
    with pytest.raises(Refusal) as caught:
        check_match(replace(order, cart=replace(order.cart, store_ids=("corner",))), document)
    assert caught.value.metadata["field"] == "order.cart.store_ids"


def test_a_hold_of_before_there_were_methods_fits_any() -> None:
    old = replace(DOCUMENT, kept=None)
    check_match(Order(order_id="o", cart=replace(HELD, methods=(Method.EXPRESS,), store_ids=("store",))), old)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"channel": "marketplace"}, "order.cart.channel"),
        ({"destination": Destination(country_code="DE", postal_code="10117")}, "order.cart.destination"),
        ({"lines": (Line(line_id="1", sku="mug ☕", quantity=2),)}, "order.cart.lines"),
        ({"lines": (Line(line_id="1", sku="pan", quantity=3),)}, "order.cart.lines"),
        ({"lines": (Line(line_id="2", sku="mug ☕", quantity=3),)}, "order.cart.lines"),
        ({"lines": ()}, "order.cart.lines"),
        ({"services": ("express",)}, "order.cart.services"),
        ({"methods": (Method.EXPRESS,)}, "order.cart.methods"),
        ({"deliver_by": date(2026, 11, 25)}, "order.cart.deliver_by"),
    ],
)
def test_another_order_does_not(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(Refusal) as caught:
        check(**changes)
    assert caught.value.reason is Reason.HOLD_MISMATCH
    assert caught.value.metadata["field"] == field

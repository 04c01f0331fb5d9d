"""Which field of an order is named when it is not the one that something was made for."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from tests.service.shop import cart

from sourcier.domain.errors import Kind, Reason, Refusal
from sourcier.domain.network import Method
from sourcier.service.matching import Made, demand_match, goods

CART = cart(("mug", 2), ("pan", 1))
MADE = Made(service_id="ground", method=Method.HOME_DELIVERY, store_id="", latest=date(2026, 11, 26))
SAME = {"lines": True, "channel": True, "destination": True}


def test_goods_are_the_same_in_any_order_at_any_price() -> None:
    dear = tuple(replace(line, unit_price_micros=1, unit_weight_grams=2) for line in CART.lines[::-1])
    assert goods(replace(CART, lines=dear)) == goods(CART) == [("1", "mug", 2), ("2", "pan", 1)]


@pytest.mark.parametrize(
    ("reason", "told"), [(Reason.HOLD_MISMATCH, "the hold was"), (Reason.PROMISE_MISMATCH, "the promise was")]
)
def test_the_first_field_that_does_not_fit_is_named(reason: Reason, told: str) -> None:
    demand_match(CART, MADE, **SAME, reason=reason)
    with pytest.raises(Refusal, match=told) as caught:
        demand_match(replace(CART, services=("express",)), MADE, **SAME | {"channel": False}, reason=reason)
    assert (caught.value.kind, caught.value.reason) == (Kind.FAILED_PRECONDITION, reason)
    assert caught.value.metadata == {"field": "order.cart.channel"}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"services": ("express",)}, "services"),
        ({"methods": (Method.EXPRESS,)}, "methods"),
        ({"store_ids": ("corner",)}, "store_ids"),
        ({"deliver_by": date(2026, 11, 25)}, "deliver_by"),
    ],
)
def test_the_way_must_be_one_that_the_cart_allows(changes: dict[str, Any], field: str) -> None:
    made = replace(MADE, store_id="store")
    with pytest.raises(Refusal) as caught:
        demand_match(replace(CART, **changes), made, **SAME, reason=Reason.HOLD_MISMATCH)
    assert caught.value.metadata == {"field": f"order.cart.{field}"}

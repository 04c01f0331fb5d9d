"""In which ways an order can be brought, and what its plan promises."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from tests.service.shop import NETWORK, cart
from tests.unit.service.test_reservations import shipment

from sourcier.domain.errors import Reason, Refusal
from sourcier.domain.network import Method
from sourcier.domain.plan import Costs, Plan
from sourcier.engine.compile import compile_network
from sourcier.service.keep_promise import arrives_on, ways

COLLECT = replace(NETWORK.services[0], service_id="collect", method=Method.CLICK_AND_COLLECT)
SHIP = replace(NETWORK.services[0], service_id="ship", method=Method.SHIP_TO_STORE)
NODES = (*NETWORK.nodes, replace(NETWORK.nodes[2], node_id="corner"))
SHOPS = compile_network(replace(NETWORK, nodes=NODES, services=(*NETWORK.services, COLLECT, SHIP)))


def found(**wanted: Any) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """(services, stores) of each way."""
    return [(way.services, way.store_ids) for way in ways(replace(cart(("mug", 1)), **wanted), SHOPS)]


def test_goods_are_delivered_unless_the_cart_names_a_store_s_method() -> None:
    assert found() == [(("ground", "express"), ())]
    assert found(store_ids=("store",)) == [(("ground", "express"), ())]
    assert found(services=("express",)) == [(("express",), ())]
    assert found(methods=(Method.HOME_DELIVERY,)) == [(("ground", "express"), ())]


def test_goods_are_collected_at_one_store_by_one_service() -> None:
    both = (Method.CLICK_AND_COLLECT, Method.SHIP_TO_STORE)
    assert found(methods=both, store_ids=("store", "corner")) == [
        (("collect",), ("store",)),
        (("collect",), ("corner",)),
        (("ship",), ("store",)),
        (("ship",), ("corner",)),
    ]
    assert found(services=("ship",), store_ids=("corner",)) == [(("ship",), ("corner",))]


def test_a_cart_may_leave_it_open_whether_goods_are_delivered() -> None:
    either = (Method.HOME_DELIVERY, Method.CLICK_AND_COLLECT)
    assert found(methods=either, store_ids=("store",)) == [(("ground", "express"), ()), (("collect",), ("store",))]
    assert found(methods=either) == [(("ground", "express"), ())]


@pytest.mark.parametrize(
    ("wanted", "reason", "field"),
    [
        ({"methods": (Method.CLICK_AND_COLLECT,)}, Reason.FIELD_INVALID, "order.cart.store_ids"),
        ({"methods": (Method.SAME_DAY,)}, Reason.FIELD_INVALID, "order.cart.methods"),
        ({"methods": (Method.EXPRESS,), "services": ("ground",)}, Reason.FIELD_INVALID, "order.cart.methods"),
        ({"services": ("drone",)}, Reason.SERVICE_UNKNOWN, "services[0]"),
        ({"services": ("collect",), "store_ids": ("near",)}, Reason.NODE_UNKNOWN, "store_ids[0]"),
    ],
)
def test_a_cart_that_allows_no_way_is_refused(wanted: dict[str, Any], reason: Reason, field: str) -> None:
    with pytest.raises(Refusal) as caught:
        found(**wanted)
    assert caught.value.reason is reason
    assert caught.value.violations[0].field == field


def test_a_plan_arrives_with_its_last_parcel_or_with_that_of_the_hub() -> None:
    parcel = shipment("near")
    late = replace(parcel, deliver_on=date(2026, 11, 28))
    plan = Plan(shipments=(late, parcel), unfilled=(), costs=Costs())
    assert arrives_on(plan) == date(2026, 11, 28)
    assert arrives_on(replace(plan, onward=replace(parcel, deliver_on=date(2026, 12, 1)))) == date(2026, 12, 1)

"""Goods that customers collect: promised for a store, held, allocated, and kept there."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from tests.service.promises import PROMISING, assert_kept, balanced, option, refused
from tests.service.shop import EVERY_DAY, MONDAY, NETWORK, Shop, Wall, cart

from sourcier.domain.errors import Reason
from sourcier.domain.network import Hours, Method, Network, Service, TransferLane, TransitBand
from sourcier.domain.order import Cart
from sourcier.domain.promise import Obstacle

OPEN = (Hours(days=EVERY_DAY, from_minute=540, to_minute=1_200),)


def service(service_id: str, method: Method, **other: Any) -> Service:
    return Service(
        service_id=service_id,
        method=method,
        transit=(TransitBand(max_distance_m=None, business_days=2),),
        delivery_days=EVERY_DAY,
        **other,
    )


def with_stores(network: Network = NETWORK) -> Network:
    """Two stores to collect at; what they lack comes from the warehouse nearby."""
    near, far, store = network.nodes
    near = replace(near, services=(*near.services, "send"))
    opened = replace(store.calendar, opening_hours=OPEN)
    store = replace(store, calendar=opened, services=(*store.services, "click", "send"))
    return replace(
        network,
        nodes=(near, far, store, replace(store, node_id="corner")),
        services=(
            *network.services,
            service("click", Method.CLICK_AND_COLLECT),
            service("send", Method.SHIP_TO_STORE, per_shipment_micros=2_000_000, collect_minutes=60),
        ),
        transfer_lanes=tuple(
            TransferLane(from_node_id="near", to_node_id=store_id, service_id="send")
            for store_id in ("store", "corner")
        ),
    )


@pytest.fixture
async def shop(ledger_url: str) -> AsyncIterator[Shop]:
    """A shop with stores on a Monday morning."""
    async with balanced(ledger_url, Wall(MONDAY), PROMISING, with_stores()) as shop:
        yield shop


def collecting(*lines: tuple[str, int], **other: Any) -> Cart:
    wanted = {"methods": (Method.CLICK_AND_COLLECT, Method.SHIP_TO_STORE), "store_ids": ("store", "corner"), **other}
    return cart(*lines, **wanted)


async def test_the_store_s_own_stock_is_promised_held_and_given_out(shop: Shop) -> None:
    await shop.count("store", "mug", 3)
    wanted = collecting(("mug", 2))
    answer = await shop.promise(wanted, ttl=60, service="click", store_id="store")
    promise, _ = option(answer, "click", "store")
    assert promise.latest == MONDAY.date()
    assert answer.hold is not None
    assert (answer.hold.service_id, answer.hold.store_id) == ("click", "store")
    made = await shop.allocate("o", wanted, hold_id=answer.hold.hold_id)
    assert_kept(made, promise)
    assert [line.node_id for line in made.lines] == ["store"]
    assert (await shop.row("store", "mug")).allocated == 2


async def test_a_hold_at_one_store_is_none_at_another(shop: Shop) -> None:
    await shop.count("store", "mug", 3)
    answer = await shop.promise(collecting(("mug", 2)), ttl=60, service="click")
    assert answer.hold is not None
    other = collecting(("mug", 2), store_ids=("corner",))
    assert (await refused(shop.allocate("o", other, hold_id=answer.hold.hold_id))).metadata == {
        "field": "order.cart.store_ids"
    }


@pytest.mark.parametrize("service_id", ["click", "send"])
async def test_a_token_keeps_service_store_and_date(shop: Shop, service_id: str) -> None:
    await shop.count("store", "mug", 3)
    await shop.count("corner", "mug", 3)
    await shop.count("near", "mug", 9)
    wanted = collecting(("mug", 2))
    promise, token = option(await shop.promise(wanted), service_id, "corner")
    made = await shop.allocate("o", wanted, promise_token=token)
    assert_kept(made, promise)
    assert {line.node_id for line in made.lines} <= {"corner", "near"}
    refusal = await refused(shop.allocate("p", collecting(("mug", 2), store_ids=("store",)), promise_token=token))
    assert (refusal.reason, refusal.metadata["field"]) == (Reason.PROMISE_MISMATCH, "order.cart.store_ids")


async def test_what_a_store_has_no_more_breaks_the_promise_and_goes_to_no_other_store(shop: Shop) -> None:
    await shop.count("store", "mug", 3)
    await shop.count("corner", "mug", 3)
    wanted = collecting(("mug", 2), methods=(Method.CLICK_AND_COLLECT,))
    _, token = option(await shop.promise(wanted), "click", "store")
    await shop.count("store", "mug", 1)
    refusal = await refused(shop.allocate("o", wanted, promise_token=token))
    assert refusal.reason is Reason.PROMISE_BROKEN
    assert (await shop.row("corner", "mug")).free == 3


async def test_a_store_that_is_gone_breaks_the_promise(shop: Shop) -> None:
    await shop.count("corner", "mug", 3)
    wanted = collecting(("mug", 2))
    _, token = option(await shop.promise(wanted), "click", "corner")
    network = with_stores()
    await shop.network(replace(network, nodes=network.nodes[:3], transfer_lanes=network.transfer_lanes[:1]))
    refusal = await refused(shop.allocate("o", replace(wanted, store_ids=()), promise_token=token))
    assert (refusal.reason, refusal.metadata["cause"]) == (Reason.PROMISE_BROKEN, "NO_SERVICE")


async def test_goods_come_to_the_store_from_elsewhere(shop: Shop) -> None:
    await shop.count("near", "mug", 2)
    answer = await shop.promise(collecting(("mug", 2), store_ids=("corner",)))
    promise, token = option(answer, "send", "corner")
    assert [entry.reason for entry in answer.promises.unpromised] == [Obstacle.OUT_OF_STOCK]
    assert promise.latest > MONDAY.date()
    made = await shop.allocate("o", collecting(("mug", 2)), promise_token=token)
    assert_kept(made, promise)
    assert [(s.node_id, s.to_node_id) for s in made.decision.plan.shipments] == [("near", "corner")]


async def test_without_a_token_the_cheapest_store_and_service_are_taken(shop: Shop) -> None:
    await shop.count("near", "mug", 2)
    await shop.count("corner", "mug", 2)
    made = await shop.allocate("o", collecting(("mug", 2)))
    assert made.kept is not None
    assert (made.kept.method, made.kept.store_id, made.kept.latest) == (
        Method.CLICK_AND_COLLECT,
        "corner",
        MONDAY.date(),
    )
    again = await shop.allocate("p", collecting(("mug", 2)))
    assert again.kept is not None
    assert again.kept.method is Method.SHIP_TO_STORE
    assert again.kept.store_id in ("store", "corner")


async def test_what_is_not_asked_for_is_delivered(shop: Shop) -> None:
    await shop.count("store", "mug", 2)
    made = await shop.allocate("o", cart(("mug", 2)))
    assert made.kept is not None
    assert made.kept.method is Method.HOME_DELIVERY
    refusal = await refused(shop.allocate("p", collecting(("mug", 1), store_ids=())))
    assert (refusal.reason, refusal.metadata["field"]) == (Reason.FIELD_INVALID, "order.cart.store_ids")

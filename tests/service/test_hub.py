"""Orders from two nodes that meet at a hub: promised, held, kept, and cancelled."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from tests.service.promises import PROMISING, assert_kept, balanced
from tests.service.shop import MONDAY, NETWORK, Shop, Wall, cart
from tests.service.test_collect import service

from sourcier.domain.network import Method, TransferLane
from sourcier.domain.plan import Plan
from sourcier.domain.reservation import State

MEETING = PROMISING + "consolidation:\n  - {hub: near, methods: [home_delivery]}\n"
WANTED = cart(("mug", 2), ("pan", 1), services=("ground",))


@pytest.fixture
async def shop(ledger_url: str) -> AsyncIterator[Shop]:
    """The warehouse nearby is a hub; half of what is wanted lies far away."""
    near, far, store = NETWORK.nodes
    network = replace(
        NETWORK,
        nodes=(near, replace(far, services=(*far.services, "freight")), store),
        services=(*NETWORK.services, service("freight", Method.SHIP_TO_STORE, per_shipment_micros=1_000_000)),
        transfer_lanes=(TransferLane(from_node_id="far", to_node_id="near", service_id="freight"),),
    )
    async with balanced(ledger_url, Wall(MONDAY), MEETING, network) as shop:
        await shop.count("near", "mug", 5)
        await shop.count("far", "pan", 5)
        yield shop


def assert_meets(plan: Plan) -> None:
    assert plan.onward is not None
    assert (plan.onward.node_id, plan.onward.service_id) == ("near", "ground")
    assert {shipment.node_id for shipment in plan.shipments} == {"near", "far"}


async def test_what_meets_at_a_hub_is_promised_held_and_allocated(shop: Shop) -> None:
    answer = await shop.promise(WANTED, ttl=60)
    (promise,) = answer.promises.promised
    assert_meets(promise.decision.plan)
    assert answer.hold is not None
    made = await shop.allocate("o", WANTED, hold_id=answer.hold.hold_id)
    assert made.decision == promise.decision
    assert made.kept is not None
    assert (made.kept.latest, made.kept.late_days) == (promise.latest, 0)
    assert {(line.node_id, line.quantity) for line in made.lines} == {("near", 2), ("far", 1)}
    cancelled = await shop.cancel(made.allocation_id)
    assert {line.state for line in cancelled.lines} == {State.CANCELLED}
    assert (await shop.row("far", "pan")).free == 5


async def test_its_token_keeps_the_day_of_the_hub_s_parcel(shop: Shop) -> None:
    answer = await shop.promise(WANTED)
    (promise,), (token,) = answer.promises.promised, answer.tokens
    assert promise.decision.plan.onward is not None
    assert promise.latest == promise.decision.plan.onward.deliver_on
    made = await shop.allocate("o", WANTED, promise_token=token)
    assert_meets(made.decision.plan)
    assert made.kept is not None
    assert (made.kept.method, made.kept.latest, made.kept.late_days) == (Method.HOME_DELIVERY, promise.latest, 0)


async def test_a_parcel_for_each_node_is_promised_and_kept_when_they_meet_later_on(shop: Shop) -> None:
    """Rules that let orders meet take longer than those by which it was promised."""
    await shop.activate((await shop.revise(PROMISING)).revision)
    answer = await shop.promise(WANTED)
    (promise,), (token,) = answer.promises.promised, answer.tokens
    assert promise.decision.plan.onward is None
    await shop.activate((await shop.revise(MEETING)).revision)
    (slower,) = (await shop.promise(WANTED)).promises.promised
    assert slower.latest > promise.latest
    assert_kept(await shop.allocate("o", WANTED, promise_token=token), promise)


async def test_without_a_token_it_stands_for_the_parcel(shop: Shop) -> None:
    made = await shop.allocate("o", WANTED)
    assert_meets(made.decision.plan)
    assert made.kept is not None
    assert made.decision.plan.onward is not None
    assert (made.kept.method, made.kept.latest) == (Method.HOME_DELIVERY, made.decision.plan.onward.deliver_on)

"""From promise to shipment, with every turn that an order can take on the way."""

import asyncio
import uuid
from dataclasses import replace
from datetime import date

import pytest
from tests.service.promises import refused
from tests.service.shop import NETWORK, Shop, cart

from sourcier.domain.errors import Kind, Reason, Refusal
from sourcier.domain.place import Destination
from sourcier.domain.plan import Status
from sourcier.domain.reservation import State
from sourcier.ledger.audit import audit
from sourcier.service import allocate_order


@pytest.fixture(autouse=True)
async def _books_balance(shop: Shop) -> None:
    """After each test the ledger's own audit finds nothing."""
    yield
    report = await shop.app.read(audit)
    assert report.violations == ()


async def test_promise_hold_allocate_ship(shop: Shop) -> None:
    await shop.count("near", "mug", 5)
    wanted = cart(("mug", 2))
    promised = await shop.promise(wanted, ttl=60)
    assert [p.service_id for p in promised.promises.promised] == ["express", "ground"]
    hold = promised.hold
    assert hold is not None
    assert hold.service_id == "ground"
    assert (await shop.row("near", "mug")).held == 2

    made = await shop.allocate("o-1", wanted, hold_id=hold.hold_id)
    assert made.allocation_id == made.hold_id == hold.hold_id
    assert made.decision == hold.decision
    assert not made.reallocated
    assert made.currency_code == "EUR"
    assert [(line.node_id, line.quantity, line.state) for line in made.lines] == [("near", 2, State.ALLOCATED)]
    assert await allocate_order.get_allocation(shop.app, made.allocation_id) == made

    shipped = await shop.ship(made.allocation_id, (1, 1))
    assert [(line.line_no, line.quantity, line.state) for line in shipped.lines] == [
        (1, 1, State.ALLOCATED),
        (2, 1, State.SHIPPED),
    ]
    done = await shop.ship(made.allocation_id)
    assert {line.state for line in done.lines} == {State.SHIPPED}
    assert done.decision == made.decision
    row = await shop.row("near", "mug")
    assert (row.on_hand, row.held, row.allocated, row.unsettled, row.free) == (5, 0, 0, 2, 3)


async def test_a_fresh_order_is_allocated_and_cancelled(shop: Shop) -> None:
    await shop.count("store", "mug", 5)
    made = await shop.allocate("o-1", cart(("mug", 5)))
    assert made.decision.status is Status.OPTIMAL
    assert (await refused(shop.allocate("o-2", cart(("mug", 1))))).reason is Reason.OUT_OF_STOCK
    cancelled = await shop.cancel(made.allocation_id)
    assert {line.state for line in cancelled.lines} == {State.CANCELLED}
    assert (await shop.row("store", "mug")).free == 5
    again = await shop.allocate("o-1", cart(("mug", 5)))
    assert again.allocation_id != made.allocation_id
    assert (await refused(shop.cancel(made.allocation_id))).reason is Reason.ALLOCATION_STATE


async def test_what_cannot_be_filled_is_reported_and_can_follow_later(shop: Shop) -> None:
    await shop.count("near", "mug", 2)
    made = await shop.allocate("o-1", cart(("mug", 2), ("pan", 1)))
    assert [(line.line_id, line.quantity) for line in made.decision.plan.unfilled] == [("2", 1)]
    assert [line.line_id for line in made.lines] == ["1"]
    await shop.count("far", "pan", 1)
    rest = await shop.allocate(
        "o-1", replace(cart(("mug", 2), ("pan", 1)), lines=cart(("mug", 2), ("pan", 1)).lines[1:])
    )
    assert [(line.line_id, line.node_id) for line in rest.lines] == [("2", "far")]


async def test_an_order_line_is_never_allocated_twice(shop: Shop) -> None:
    await shop.count("near", "mug", 9)
    await shop.allocate("o-1", cart(("mug", 2)))
    refusal = await refused(shop.allocate("o-1", cart(("mug", 2))))
    assert (refusal.kind, refusal.reason) == (Kind.FAILED_PRECONDITION, Reason.ORDER_LINE_ALREADY_ALLOCATED)
    assert (await shop.row("near", "mug")).allocated == 2


async def test_validate_only_reserves_nothing(shop: Shop) -> None:
    await shop.count("near", "mug", 2)
    preview = await shop.allocate("o-1", cart(("mug", 2)), validate_only=True)
    assert preview.allocation_id == ""
    assert preview.lines == ()
    assert preview.decision.plan.shipments[0].node_id == "near"
    assert (await shop.row("near", "mug")).free == 2
    refusal = await refused(shop.allocate("o-1", cart(("pan", 2)), validate_only=True))
    assert refusal.reason is Reason.OUT_OF_STOCK


class TestReplay:
    async def test_the_same_request_gets_the_same_answer(self, shop: Shop) -> None:
        await shop.count("near", "mug", 9)
        wanted = cart(("mug", 2))
        ids = [str(uuid.uuid4()) for _ in range(5)]
        promised = await shop.promise(wanted, ttl=60, request_id=ids[0])
        assert promised.hold is not None
        made = await shop.allocate("o-1", wanted, request_id=ids[1], hold_id=promised.hold.hold_id)
        fresh = await shop.allocate("o-2", wanted, request_id=ids[2])
        shipped = await shop.ship(made.allocation_id, (1, 1), request_id=ids[3])
        cancelled = await shop.cancel(fresh.allocation_id, request_id=ids[4])
        before = await shop.row("near", "mug")
        await shop.count("near", "other", 1)

        assert await shop.promise(wanted, ttl=60, request_id=ids[0]) == promised
        assert await shop.allocate("o-1", wanted, request_id=ids[1], hold_id=promised.hold.hold_id) == made
        assert await shop.allocate("o-2", wanted, request_id=ids[2]) == fresh
        assert await shop.ship(made.allocation_id, (1, 1), request_id=ids[3]) == shipped
        assert await shop.cancel(fresh.allocation_id, request_id=ids[4]) == cancelled
        assert await shop.row("near", "mug") == before

    async def test_five_at_once_have_one_effect(self, shop: Shop) -> None:
        await shop.count("near", "mug", 9)
        request_id = str(uuid.uuid4())
        answers = await asyncio.gather(
            *(shop.allocate("o-1", cart(("mug", 2)), request_id=request_id) for _ in range(5))
        )
        assert all(answer == answers[0] for answer in answers)
        assert (await shop.row("near", "mug")).allocated == 2

    async def test_five_holds_at_once_are_one(self, shop: Shop) -> None:
        await shop.count("near", "mug", 9)
        request_id = str(uuid.uuid4())
        answers = await asyncio.gather(
            *(shop.promise(cart(("mug", 2)), ttl=60, request_id=request_id) for _ in range(5))
        )
        assert all(answer == answers[0] for answer in answers)
        assert (await shop.row("near", "mug")).held == 2

    async def test_another_body_with_the_same_id_is_refused(self, shop: Shop) -> None:
        await shop.count("near", "mug", 9)
        request_id = str(uuid.uuid4())
        await shop.allocate("o-1", cart(("mug", 2)), request_id=request_id)
        refusal = await refused(shop.allocate("o-2", cart(("mug", 2)), request_id=request_id))
        assert (refusal.kind, refusal.reason) == (Kind.ALREADY_EXISTS, Reason.REQUEST_ID_REUSED)
        assert (await shop.row("near", "mug")).allocated == 2

    async def test_an_order_refused_for_stock_stays_refused(self, shop: Shop) -> None:
        request_id = str(uuid.uuid4())
        first = await refused(shop.allocate("o-1", cart(("mug", 2)), request_id=request_id))
        assert (first.kind, first.reason) == (Kind.FAILED_PRECONDITION, Reason.OUT_OF_STOCK)
        await shop.count("near", "mug", 9)
        again = await refused(shop.allocate("o-1", cart(("mug", 2)), request_id=request_id))
        assert (again.reason, again.message, again.metadata) == (first.reason, first.message, first.metadata)
        assert (await shop.row("near", "mug")).allocated == 0
        assert (await shop.allocate("o-1", cart(("mug", 2)))).lines

    async def test_a_cart_that_could_not_be_held_is_remembered_too(self, shop: Shop) -> None:
        request_id = str(uuid.uuid4())
        first = await shop.promise(cart(("mug", 2)), ttl=60, request_id=request_id)
        assert first.hold is None
        assert first.promises.promised == ()
        await shop.count("near", "mug", 9)
        assert await shop.promise(cart(("mug", 2)), ttl=60, request_id=request_id) == first
        assert (await shop.row("near", "mug")).held == 0

    async def test_a_fault_of_the_request_may_be_mended_under_the_same_id(self, shop: Shop) -> None:
        await shop.count("near", "mug", 9)
        request_id = str(uuid.uuid4())
        wrong = cart(("mug", 2), channel="unknown")
        refusal = await refused(shop.allocate("o-1", wrong, request_id=request_id))
        assert refusal.reason is Reason.CHANNEL_UNKNOWN
        assert (await shop.allocate("o-1", cart(("mug", 2)), request_id=request_id)).lines


class TestHolds:
    async def test_the_named_service_is_held(self, shop: Shop) -> None:
        await shop.count("near", "mug", 9)
        answer = await shop.promise(cart(("mug", 2)), ttl=60, service="express")
        assert answer.hold is not None
        assert answer.hold.service_id == "express"
        assert {s.service_id for s in answer.hold.decision.plan.shipments} == {"express"}

    async def test_a_service_outside_the_cart_s_is_refused(self, shop: Shop) -> None:
        wanted = cart(("mug", 2), services=("ground",))
        refusal = await refused(shop.promise(wanted, ttl=60, service="express"))
        assert refusal.reason is Reason.FIELD_INVALID

    async def test_a_released_hold_gives_everything_back(self, shop: Shop) -> None:
        await shop.count("store", "mug", 2)
        answer = await shop.promise(cart(("mug", 2)), ttl=60)
        assert answer.hold is not None
        request_id = str(uuid.uuid4())
        await shop.release(answer.hold.hold_id, request_id)
        await shop.release(answer.hold.hold_id, request_id)
        assert (await shop.row("store", "mug")).held == 0
        assert (await refused(shop.release(answer.hold.hold_id))).reason is Reason.HOLD_NOT_OPEN
        late = await refused(shop.allocate("o-1", cart(("mug", 2)), hold_id=answer.hold.hold_id))
        assert late.reason is Reason.HOLD_NOT_OPEN

    async def test_a_hold_allocates_once(self, shop: Shop) -> None:
        await shop.count("near", "mug", 9)
        answer = await shop.promise(cart(("mug", 2)), ttl=60)
        assert answer.hold is not None
        outcomes = await asyncio.gather(
            *(shop.allocate(f"o-{i}", cart(("mug", 2)), hold_id=answer.hold.hold_id) for i in range(4)),
            return_exceptions=True,
        )
        refusals = [outcome for outcome in outcomes if isinstance(outcome, Refusal)]
        assert len(refusals) == 3
        assert {refusal.reason for refusal in refusals} == {Reason.HOLD_NOT_OPEN}
        assert (await shop.row("near", "mug")).allocated == 2

    @pytest.mark.parametrize(
        "changed",
        [
            cart(("mug", 3)),
            cart(("mug", 2), channel="marketplace"),
            cart(("mug", 2), deliver_by=date(2026, 11, 24)),
            cart(("mug", 2), services=("express",)),
            replace(cart(("mug", 2)), destination=Destination(country_code="DE", postal_code="12345")),
        ],
    )
    async def test_a_hold_fits_no_other_order(self, shop: Shop, changed: object) -> None:
        await shop.count("near", "mug", 9)
        answer = await shop.promise(cart(("mug", 2)), ttl=60)
        assert answer.hold is not None
        refusal = await refused(shop.allocate("o-1", changed, hold_id=answer.hold.hold_id))  # type: ignore[arg-type]
        assert (refusal.kind, refusal.reason) == (Kind.FAILED_PRECONDITION, Reason.HOLD_MISMATCH)
        assert (await shop.allocate("o-1", cart(("mug", 2)), hold_id=answer.hold.hold_id)).lines

    async def test_an_unknown_hold_is_not_found(self, shop: Shop) -> None:
        assert (await refused(shop.allocate("o", cart(("mug", 1)), hold_id="0" * 32))).reason is Reason.HOLD_NOT_FOUND
        assert (await refused(shop.release("0" * 32))).reason is Reason.HOLD_NOT_FOUND

    async def test_an_allocation_is_no_hold_and_a_hold_no_allocation(self, shop: Shop) -> None:
        await shop.count("near", "mug", 9)
        made = await shop.allocate("o-1", cart(("mug", 1)))
        answer = await shop.promise(cart(("mug", 2)), ttl=60)
        assert answer.hold is not None
        refusal = await refused(allocate_order.get_allocation(shop.app, answer.hold.hold_id))
        assert (refusal.kind, refusal.reason) == (Kind.NOT_FOUND, Reason.ALLOCATION_NOT_FOUND)
        assert (await refused(shop.ship(answer.hold.hold_id))).reason is Reason.ALLOCATION_NOT_FOUND
        late = await refused(shop.allocate("o-2", cart(("mug", 1)), hold_id=made.allocation_id))
        assert late.reason is Reason.HOLD_NOT_OPEN

    async def test_an_expired_hold_is_refused_or_decided_afresh(self, shop: Shop) -> None:
        await shop.count("near", "mug", 2)
        answer = await shop.promise(cart(("mug", 2)), ttl=1)
        assert answer.hold is not None
        assert (await refused(shop.allocate("o-9", cart(("mug", 1))))).reason is Reason.OUT_OF_STOCK
        await asyncio.sleep(1.1)
        hold_id, request_id = answer.hold.hold_id, str(uuid.uuid4())
        late = await refused(shop.allocate("o-1", cart(("mug", 2)), hold_id=hold_id))
        assert (late.kind, late.reason) == (Kind.FAILED_PRECONDITION, Reason.HOLD_EXPIRED)
        until = asyncio.get_running_loop().time() + 5
        while (await shop.row("near", "mug")).held:
            assert asyncio.get_running_loop().time() < until, "the sweeper does not sweep"
            await asyncio.sleep(0.05)
        again = await shop.allocate("o-1", cart(("mug", 2)), request_id, hold_id=hold_id, reallocate_if_expired=True)
        assert again.reallocated
        assert again.hold_id == hold_id != again.allocation_id
        assert await allocate_order.get_allocation(shop.app, again.allocation_id) == again


class TestPlans:
    async def test_stock_that_no_rule_lets_go_is_no_plan(self, shop: Shop) -> None:
        await shop.count("far", "mug", 9)
        refusal = await refused(shop.allocate("o-1", cart(("mug", 1), deliver_by=date(2026, 11, 23))))
        assert (refusal.kind, refusal.reason) == (Kind.FAILED_PRECONDITION, Reason.NO_PLAN)
        assert "TOO_LATE" in refusal.metadata

    async def test_capacity_is_counted_and_given_back(self, shop: Shop) -> None:
        store = next(node for node in NETWORK.nodes if node.node_id == "store")
        assert store.capacity is not None
        small = replace(store, capacity=replace(store.capacity, per_day=1))
        nodes = tuple(small if node.node_id == "store" else node for node in NETWORK.nodes)
        await shop.network(replace(NETWORK, nodes=nodes))
        await shop.count("store", "mug", 9)
        first = await shop.allocate("o-1", cart(("mug", 1)))
        second = await shop.allocate("o-2", cart(("mug", 1)))
        days = [made.decision.plan.shipments[0].ship_day for made in (first, second)]
        assert days[0] < days[1]
        await shop.cancel(first.allocation_id)
        await shop.app.snapshots.catch_up()
        third = await shop.allocate("o-3", cart(("mug", 1)))
        assert third.decision.plan.shipments[0].ship_day == days[0]

    async def test_unknown_places_and_services_are_refused(self, shop: Shop) -> None:
        nowhere = replace(cart(("mug", 1)), destination=Destination(country_code="FR", postal_code="75001"))
        assert (await refused(shop.promise(nowhere))).reason is Reason.POSTAL_CODE_UNKNOWN
        assert (await refused(shop.allocate("o", nowhere))).reason is Reason.POSTAL_CODE_UNKNOWN
        by_mule = cart(("mug", 1), services=("mule",))
        assert (await refused(shop.promise(by_mule))).reason is Reason.SERVICE_UNKNOWN
        in_francs = replace(cart(("mug", 1)), currency_code="CHF")
        assert (await refused(shop.promise(in_francs))).reason is Reason.CURRENCY_MISMATCH

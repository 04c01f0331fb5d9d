"""What was promised is what is allocated: with a hold, with a token, and whatever has happened since."""

import asyncio
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from random import Random

import pytest
from tests.service.promises import BY_DISTANCE, PROMISING, assert_kept, balanced, option, refused, slow
from tests.service.shop import NETWORK, Shop, Wall, cart, running

from sourcier.domain.errors import Kind, Reason
from sourcier.domain.network import NodeStatus, TransitBand
from sourcier.domain.order import Cart
from sourcier.domain.place import Destination
from sourcier.domain.promise import Choice
from sourcier.service import allocate_order
from sourcier.service.commands import Allocation

CHOICES = frozenset(Choice)


@pytest.fixture
async def shop(ledger_url: str, wall: Wall) -> AsyncIterator[Shop]:
    """Only what is near arrives soon."""
    async with balanced(ledger_url, wall, PROMISING, slow()) as shop:
        yield shop


class TestKept:
    async def test_with_a_hold(self, shop: Shop) -> None:
        await shop.count("near", "mug", 5)
        answer = await shop.promise(cart(("mug", 2)), ttl=60, service="express")
        promise, _ = option(answer, "express")
        assert answer.hold is not None
        await shop.activate((await shop.revise(PROMISING.replace("4.90", "9.90"))).revision)
        await shop.count("near", "mug", 2)
        made = await shop.allocate("o", cart(("mug", 2)), hold_id=answer.hold.hold_id)
        assert_kept(made, promise)
        assert made.decision == promise.decision

    async def test_with_a_token_in_the_same_world(self, shop: Shop) -> None:
        await shop.count("near", "mug", 5)
        await shop.count("far", "pan", 5)
        wanted = cart(("mug", 2), ("pan", 1))
        answer = await shop.promise(wanted, choices=CHOICES)
        assert len(answer.tokens) == len(answer.promises.promised) > 1
        for i, (promise, token) in enumerate(zip(answer.promises.promised, answer.tokens, strict=True)):
            made = await shop.allocate(f"o-{i}", wanted, promise_token=token, validate_only=True)
            assert_kept(made, promise)
            assert made.decision.objective_micros == promise.decision.objective_micros
            made = await shop.allocate(f"o-{i}", wanted, promise_token=token)
            assert_kept(made, promise)
            await shop.cancel(made.allocation_id)

    async def test_with_a_token_when_another_rule_set_is_in_force(self, shop: Shop) -> None:
        await shop.count("near", "mug", 5)
        promise, token = option(await shop.promise(cart(("mug", 2))))
        other = PROMISING.replace("4.90", "9.90").replace("split: 3", "split: 30").replace("late\n", "refuse\n")
        revision = await shop.activate((await shop.revise(other)).revision)
        made = await shop.allocate("o", cart(("mug", 2)), promise_token=token)
        assert_kept(made, promise)
        assert promise.fee_micros == 4_900_000
        assert made.decision.rule_set_revision == revision.name != promise.decision.rule_set_revision
        (anew, _) = option(await shop.promise(cart(("mug", 2))))
        assert anew.fee_micros == 9_900_000

    async def test_the_order_comes_later_with_the_token_s_date(self, shop: Shop, wall: Wall) -> None:
        await shop.count("near", "mug", 5)
        promise, token = option(await shop.promise(cart(("mug", 2))))
        wall.now += timedelta(minutes=29)
        later = replace(cart(("mug", 2)), placed_at=wall.now)
        assert_kept(await shop.allocate("o", later, promise_token=token), promise)

    async def test_a_token_outlives_the_server_that_made_it(self, ledger_url: str, wall: Wall) -> None:
        async with running(ledger_url, clock=wall) as shop:
            await shop.open(PROMISING)
            await shop.count("near", "mug", 5)
            promise, token = option(await shop.promise(cart(("mug", 2))))
        async with running(ledger_url, clock=wall) as shop:
            assert_kept(await shop.allocate("o", cart(("mug", 2)), promise_token=token), promise)

    async def test_few_shipments_stay_few(self, shop: Shop) -> None:
        await shop.count("near", "mug", 5)
        await shop.count("store", "pan", 5)
        wanted = cart(("mug", 1), ("pan", 1))
        await shop.count("far", "mug", 5)
        await shop.count("far", "pan", 5)
        answer = await shop.promise(replace(wanted, services=("ground",)), choices=CHOICES)
        few, token = next(
            (promise, token)
            for promise, token in zip(answer.promises.promised, answer.tokens, strict=True)
            if Choice.FEWEST_SHIPMENTS in promise.choices
        )
        assert len(few.decision.plan.shipments) == 1
        made = await shop.allocate("o", wanted, promise_token=token)
        assert_kept(made, few)
        assert len(made.decision.plan.shipments) == 1

    async def test_another_service_of_the_method_keeps_the_date(self, shop: Shop) -> None:
        fast = tuple(
            replace(service, transit=BY_DISTANCE if service.service_id == "ground" else BY_DISTANCE[1:])
            for service in NETWORK.services
        )
        express = replace(fast[1], transit=(TransitBand(max_distance_m=None, business_days=1),))
        await shop.network(replace(NETWORK, services=(fast[0], express)))
        await shop.count("near", "mug", 2)
        await shop.count("far", "mug", 2)
        promise, token = option(await shop.promise(cart(("mug", 2))))
        await shop.count("near", "mug", 0)
        made = await shop.allocate("o", cart(("mug", 2)), promise_token=token)
        assert_kept(made, promise)
        assert {shipment.service_id for shipment in made.decision.plan.shipments} == {"express"}
        only = replace(cart(("mug", 2)), services=("ground",))
        await shop.cancel(made.allocation_id)
        late = await shop.allocate("o", only, promise_token=token)
        assert late.kept is not None
        assert late.kept.late_days == 3

    async def test_stock_that_came_this_very_moment_keeps_the_promise(self, ledger_url: str, wall: Wall) -> None:
        """A server whose picture is old looks again before it breaks a promise."""
        async with running(ledger_url, clock=wall, follow_interval_ms=60_000) as one:
            await one.open(PROMISING)
            await one.network(slow())
            await one.count("near", "mug", 2)
            promise, token = option(await one.promise(cart(("mug", 2))))
            made = await one.allocate("first", cart(("mug", 2)))
            if ledger_url.startswith("sqlite"):
                await one.cancel(made.allocation_id)
            else:
                async with running(ledger_url, clock=wall) as other:
                    await other.cancel(made.allocation_id)
            assert_kept(await one.allocate("o", cart(("mug", 2)), promise_token=token), promise)


class TestBroken:
    async def test_late_where_the_rules_say_so(self, shop: Shop) -> None:
        await shop.count("near", "mug", 2)
        await shop.count("far", "mug", 2)
        promise, token = option(await shop.promise(cart(("mug", 2))))
        await shop.count("near", "mug", 1)
        made = await shop.allocate("o", cart(("mug", 2)), promise_token=token)
        assert made.kept is not None
        assert (made.kept.latest, made.kept.fee_micros) == (promise.latest, promise.fee_micros)
        assert made.kept.late_days == 3
        assert made.decision.plan.costs.late > 0
        assert not made.decision.plan.unfilled

    async def test_refused_where_the_rules_say_so(self, shop: Shop) -> None:
        await shop.count("near", "mug", 2)
        await shop.count("far", "mug", 2)
        promise, token = option(await shop.promise(cart(("mug", 2))))
        await shop.activate((await shop.revise(PROMISING.replace("late\n", "refuse\n"))).revision)
        await shop.count("near", "mug", 0)
        request_id = str(uuid.uuid4())
        refusal = await refused(shop.allocate("o", cart(("mug", 2)), request_id=request_id, promise_token=token))
        assert (refusal.kind, refusal.reason) == (Kind.FAILED_PRECONDITION, Reason.PROMISE_BROKEN)
        assert refusal.metadata["latest"] == promise.latest.isoformat()
        assert (refusal.metadata["broken"], refusal.metadata["cause"]) == ("REFUSE", "TOO_LATE")
        assert refusal.metadata["arrival"] == "2026-11-27"
        assert (await shop.row("far", "mug")).free == 2
        await shop.count("near", "mug", 2)
        again = await refused(shop.allocate("o", cart(("mug", 2)), request_id=request_id, promise_token=token))
        assert again.metadata == refusal.metadata
        assert_kept(await shop.allocate("o", cart(("mug", 2)), promise_token=token), promise)

    @pytest.mark.parametrize("broken", ["LATE", "REFUSE"])
    async def test_refused_where_nothing_is_left(self, shop: Shop, broken: str) -> None:
        await shop.activate((await shop.revise(PROMISING.replace("late\n", f"{broken}\n".lower()))).revision)
        await shop.count("near", "mug", 2)
        _, token = option(await shop.promise(cart(("mug", 2))))
        await shop.count("near", "mug", 1)
        refusal = await refused(shop.allocate("o", cart(("mug", 2)), promise_token=token))
        assert refusal.reason is Reason.PROMISE_BROKEN
        assert (refusal.metadata["broken"], refusal.metadata["cause"]) == (broken, "OUT_OF_STOCK")
        assert refusal.metadata["skus"] == "mug"
        assert (await shop.row("near", "mug")).free == 1

    async def test_a_method_that_is_gone_breaks_the_promise(self, shop: Shop) -> None:
        await shop.count("near", "mug", 2)
        _, token = option(await shop.promise(cart(("mug", 2))))
        await shop.status("near", NodeStatus.OFFLINE)
        refusal = await refused(shop.allocate("o", cart(("mug", 2)), promise_token=token))
        assert refusal.reason is Reason.PROMISE_BROKEN
        assert refusal.metadata["OFFLINE"] == "1"

    async def test_thirty_promises_of_ten_units(self, shop: Shop) -> None:
        """The last units are promised to many; ten have them in time, the others late, nobody twice."""
        await shop.count("near", "mug", 10)
        await shop.count("far", "mug", 12)
        promises = [option(await shop.promise(cart(("mug", 1)))) for _ in range(30)]
        orders = [
            shop.allocate(f"o-{i}", cart(("mug", 1)), promise_token=token) for i, (_, token) in enumerate(promises)
        ]
        outcomes = await asyncio.gather(*orders, return_exceptions=True)
        words = Counter(
            f"late {outcome.kept.late_days}"
            if isinstance(outcome, Allocation) and outcome.kept is not None
            else outcome.reason.value  # type: ignore[union-attr]
            for outcome in outcomes
        )
        assert words == {"late 0": 10, "late 3": 12, "PROMISE_BROKEN": 8}


class TestTokens:
    @pytest.fixture
    async def token(self, shop: Shop) -> str:
        await shop.count("near", "mug", 9)
        _, token = option(await shop.promise(cart(("mug", 2))))
        return token

    async def test_a_changed_token_is_refused(self, shop: Shop, token: str) -> None:
        changed = token[:40] + ("A" if token[40] != "A" else "B") + token[41:]
        request_id = str(uuid.uuid4())
        refusal = await refused(shop.allocate("o", cart(("mug", 2)), request_id=request_id, promise_token=changed))
        assert (refusal.kind, refusal.reason) == (Kind.INVALID_ARGUMENT, Reason.PROMISE_TOKEN_INVALID)
        assert (await shop.row("near", "mug")).free == 9

    async def test_a_token_of_another_database_is_refused(self, shop: Shop, tmp_path: Path) -> None:
        async with running(f"sqlite:///{tmp_path}/other.db") as elsewhere:
            await elsewhere.open(PROMISING)
            await elsewhere.count("near", "mug", 9)
            _, token = option(await elsewhere.promise(cart(("mug", 2))))
        await shop.count("near", "mug", 9)
        refusal = await refused(shop.allocate("o", cart(("mug", 2)), promise_token=token))
        assert refusal.reason is Reason.PROMISE_TOKEN_INVALID

    async def test_an_expired_token_is_refused_for_good(self, shop: Shop, token: str, wall: Wall) -> None:
        wall.now += timedelta(minutes=30)
        request_id = str(uuid.uuid4())
        refusal = await refused(shop.allocate("o", cart(("mug", 2)), request_id=request_id, promise_token=token))
        assert (refusal.kind, refusal.reason) == (Kind.FAILED_PRECONDITION, Reason.PROMISE_TOKEN_EXPIRED)
        wall.now -= timedelta(minutes=10)
        again = await refused(shop.allocate("o", cart(("mug", 2)), request_id=request_id, promise_token=token))
        assert again.reason is Reason.PROMISE_TOKEN_EXPIRED

    @pytest.mark.parametrize(
        ("changed", "field"),
        [
            (cart(("mug", 3)), "lines"),
            (cart(("pan", 2)), "lines"),
            (cart(("mug", 2), channel="marketplace"), "channel"),
            (cart(("mug", 2), deliver_by=date(2026, 11, 23)), "deliver_by"),
            (cart(("mug", 2), services=("express",)), "services"),
            (replace(cart(("mug", 2)), destination=Destination(country_code="DE", postal_code="12345")), "destination"),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    async def test_a_token_fits_no_other_cart(self, shop: Shop, token: str, changed: Cart, field: str) -> None:
        refusal = await refused(shop.allocate("o", changed, promise_token=token))
        assert (refusal.kind, refusal.reason) == (Kind.FAILED_PRECONDITION, Reason.PROMISE_MISMATCH)
        assert refusal.metadata == {"field": f"order.cart.{field}"}

    async def test_a_replayed_request_has_one_effect(self, shop: Shop, token: str, wall: Wall) -> None:
        request_id = str(uuid.uuid4())
        made = await shop.allocate("o", cart(("mug", 2)), request_id=request_id, promise_token=token)
        wall.now += timedelta(days=1)
        assert await shop.allocate("o", cart(("mug", 2)), request_id=request_id, promise_token=token) == made
        assert (await shop.row("near", "mug")).allocated == 2

    async def test_an_order_uses_a_token_once(self, shop: Shop, token: str) -> None:
        await shop.allocate("o", cart(("mug", 2)), promise_token=token)
        refusal = await refused(shop.allocate("o", cart(("mug", 2)), promise_token=token))
        assert refusal.reason is Reason.ORDER_LINE_ALREADY_ALLOCATED
        second = await shop.allocate("o-2", cart(("mug", 2)), promise_token=token)
        assert second.kept is not None
        assert (await shop.row("near", "mug")).allocated == 4

    async def test_a_hold_keeps_its_own_promise_whatever_the_token_says(self, shop: Shop, wall: Wall) -> None:
        await shop.count("near", "mug", 9)
        answer = await shop.promise(cart(("mug", 2)), ttl=600, service="express")
        assert answer.hold is not None
        promise, _ = option(answer, "express")
        _, token = option(answer, "ground")
        wall.now += timedelta(days=1)
        made = await shop.allocate("o", cart(("mug", 2)), hold_id=answer.hold.hold_id, promise_token=token)
        assert_kept(made, promise)


class TestWithoutToken:
    async def test_an_allocation_makes_a_promise(self, shop: Shop) -> None:
        await shop.count("near", "mug", 2)
        await shop.count("far", "pan", 1)
        made = await shop.allocate("o", cart(("mug", 2), ("pan", 1)))
        assert made.kept is not None
        assert made.kept.latest == date(2026, 11, 27)
        assert (made.kept.earliest, made.kept.late_days) == (date(2026, 11, 27), 0)
        assert (made.kept.fee_micros, made.kept.time_zone) == (4_900_000, "Europe/Berlin")
        assert made.kept.rule_set_revision == made.decision.rule_set_revision
        assert (await allocate_order.get_allocation(shop.app, made.allocation_id)).kept == made.kept

    async def test_it_is_kept_when_other_rules_are_in_force(self, shop: Shop) -> None:
        await shop.count("near", "mug", 2)
        made = await shop.allocate("o", cart(("mug", 2)))
        await shop.activate((await shop.revise(PROMISING.replace("4.90", "9.90"))).revision)
        assert (await shop.ship(made.allocation_id)).kept == made.kept

    async def test_a_preview_tells_it_too(self, shop: Shop) -> None:
        await shop.count("near", "mug", 2)
        preview = await shop.allocate("o", cart(("mug", 2)), validate_only=True)
        assert preview.kept == (await shop.allocate("o", cart(("mug", 2)))).kept


async def test_any_option_of_any_cart_is_kept_by_its_token(shop: Shop) -> None:
    """Random stock, carts and options: what was promised a moment ago is what is allocated."""
    random = Random(20_261_122)
    skus = ("mug", "pan", "pot")
    for sku in skus:
        for node_id in ("near", "far", "store"):
            await shop.count(node_id, sku, random.randrange(60))
    kept = 0
    for i in range(40):
        lines = [(sku, random.randint(1, 4)) for sku in random.sample(skus, random.randint(1, 3))]
        await shop.app.snapshots.catch_up()  # or it promises what the order before has just taken
        wanted = cart(*lines, channel=random.choice(("web", "marketplace")))
        answer = await shop.promise(wanted, choices=frozenset(random.sample(list(Choice), random.randint(1, 4))))
        if not answer.tokens:
            continue
        pick = random.randrange(len(answer.tokens))
        made = await shop.allocate(f"o-{i}", wanted, promise_token=answer.tokens[pick])
        assert_kept(made, answer.promises.promised[pick])
        assert made.decision.objective_micros == answer.promises.promised[pick].decision.objective_micros
        kept += 1
    assert kept >= 30

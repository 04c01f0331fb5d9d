"""Promises in a world that does not stand still: stock, rules, rounds and other customers change all the time."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from tests.service.promises import PROMISING, assert_kept, balanced, refused, slow
from tests.service.shop import MONDAY, NETWORK, Shop, Wall, cart

from sourcier.domain.errors import Reason, Refusal
from sourcier.domain.network import CapacityMeasure, Round, Shift, TransitBand, TransitShare
from sourcier.domain.order import Cart
from sourcier.domain.promise import Choice, Promise
from sourcier.domain.rules import BrokenPromise
from sourcier.service.commands import Allocation
from sourcier.service.keep_promise import arrives_on

SKUS = ("mug", "pan", "pot")
TWO_A_DAY = Round(service_id="ground", days=frozenset(range(1, 8)), pickup_minute=900, cut_off_minute=840, parcels=2)
SHIFTS = tuple(
    Shift(shift_id=name, from_minute=start, to_minute=start + 240, measure=CapacityMeasure.UNITS, limit=6)
    for name, start in (("early", 480), ("late", 720))
)


@pytest.fixture
async def shop(ledger_url: str, wall: Wall) -> AsyncIterator[Shop]:
    """Only what is near arrives soon."""
    async with balanced(ledger_url, wall, PROMISING, slow()) as shop:
        yield shop


@dataclass(slots=True)
class Customers:
    """What was promised so far and not ordered yet, and how the orders ended."""

    shop: Shop
    random: Random
    waiting: list[tuple[Cart, Promise, dict[str, str]]] = field(default_factory=list)
    words: Counter[str] = field(default_factory=Counter)

    async def look(self) -> None:
        """Ask for options, and keep one of them with its token or with a hold."""
        lines = [(sku, self.random.randint(1, 3)) for sku in self.random.sample(SKUS, self.random.randint(1, 3))]
        wanted = cart(*lines)
        choices = frozenset(self.random.sample(list(Choice), 2))
        await self.shop.app.snapshots.catch_up()  # so that every run of the test is the same
        held = self.random.random() < 0.25
        answer = await self.shop.promise(wanted, ttl=600 if held else None, choices=choices)
        if answer.hold is not None:
            chosen = answer.promises.promised[answer.hold.option]
            self.waiting.append((wanted, chosen, {"hold_id": answer.hold.hold_id}))
        elif answer.tokens:
            i = self.random.randrange(len(answer.tokens))
            self.waiting.append((wanted, answer.promises.promised[i], {"promise_token": answer.tokens[i]}))

    async def order(self, rules: BrokenPromise) -> None:
        """Place the order of somebody who was promised something, and hold the answer against it."""
        if not self.waiting:
            return
        wanted, promise, proof = self.waiting.pop(self.random.randrange(len(self.waiting)))
        order = self.shop.allocate(f"o-{self.words.total()}", wanted, **proof)
        (outcome,) = await asyncio.gather(order, return_exceptions=True)
        if isinstance(outcome, Allocation):
            self.hold_against(outcome, promise, held="hold_id" in proof, rules=rules)
        else:
            assert isinstance(outcome, Refusal), outcome
            assert (outcome.reason, list(proof)) == (Reason.PROMISE_BROKEN, ["promise_token"])
            self.words["broken"] += 1

    def hold_against(self, made: Allocation, promise: Promise, *, held: bool, rules: BrokenPromise) -> None:
        kept, plan = made.kept, made.decision.plan
        assert kept is not None
        assert (kept.latest, kept.earliest, kept.fee_micros) == (promise.latest, promise.earliest, promise.fee_micros)
        assert kept.rule_set_revision == promise.decision.rule_set_revision
        assert not plan.unfilled
        assert kept.late_days == max(0, (arrives_on(plan) - promise.latest).days)
        if held:
            assert made.decision == promise.decision
        if kept.late_days:
            assert not held
            assert rules is BrokenPromise.LATE
        self.words["held" if held else "late" if kept.late_days else "kept"] += 1


async def test_a_busy_day_of_promises(shop: Shop) -> None:
    random = Random(23)
    customers, rules = Customers(shop, random), BrokenPromise.LATE
    for sku in SKUS:
        for node_id in ("near", "far", "store"):
            await shop.count(node_id, sku, random.randrange(12))
    for _ in range(150):
        match random.choices(("look", "order", "count", "rules"), (5, 3, 4, 1))[0]:
            case "look":
                await customers.look()
            case "order":
                await customers.order(rules)
            case "count":
                await shop.count(random.choice(("near", "far", "store")), random.choice(SKUS), random.randrange(6))
            case "rules":
                rules = random.choice(list(BrokenPromise))
                text = PROMISING.replace("late\n", f"{rules.value.lower()}\n").replace(
                    "4.90", f"{random.randrange(9)}.50"
                )
                await shop.activate((await shop.revise(text)).revision)
    while customers.waiting:
        await customers.order(rules)
    assert min(customers.words[word] for word in ("held", "kept", "late", "broken")) > 0, customers.words


CHANGES = {
    "percentile": "promising: {percent_on_time: 99}\n",
    "eligibility": "eligibility:\n  - exclude_node_types: [warehouse]\n",
    "limits": "constraints: {max_shipments: 1}\n",
}


@pytest.mark.parametrize("change", CHANGES)
async def test_a_change_of_rules_breaks_no_promise(shop: Shop, change: str) -> None:
    """Rules by which nobody could be promised it any more: the world is the same, and so is the promise."""
    measured = (TransitShare(business_days=1, share_bp=9_500), TransitShare(business_days=6, share_bp=500))
    band = TransitBand(max_distance_m=None, business_days=0, distribution=measured)
    await shop.network(replace(NETWORK, services=(replace(NETWORK.services[0], transit=(band,)), NETWORK.services[1])))
    await shop.count("near", "mug", 2)
    await shop.count("far", "pan", 2)
    wanted = cart(("mug", 2), ("pan", 2), services=("ground",))
    answer = await shop.promise(wanted)
    (promise,), (token,) = answer.promises.promised, answer.tokens
    old = PROMISING.partition("promising")[0] if change == "percentile" else PROMISING
    revision = await shop.activate((await shop.revise(old + CHANGES[change])).revision)
    anew = (await shop.promise(wanted)).promises.promised
    assert not anew or anew[0].latest > promise.latest
    made = await shop.allocate("o", wanted, promise_token=token)
    assert_kept(made, promise)
    by_new = made.decision.rule_set_revision == revision.name
    assert by_new is (change == "percentile")


async def test_the_countdown_counts_for_tokens_too(shop: Shop, wall: Wall) -> None:
    """Who orders after the order-by instant has the date only where another departure makes it."""
    near, far, store = NETWORK.nodes
    early, late = replace(TWO_A_DAY, cut_off_minute=840), replace(TWO_A_DAY, pickup_minute=1_000, cut_off_minute=900)
    wall.now = MONDAY.replace(hour=12, minute=50)
    wanted = cart(("mug", 1), services=("ground",))
    await shop.network(replace(NETWORK, nodes=(replace(near, rounds=(early, late)), far, store)))
    await shop.count("near", "mug", 9)
    answer = await shop.promise(replace(wanted, placed_at=wall.now))
    (promise,), (token,) = answer.promises.promised, answer.tokens
    for minutes, pickup in ((5, 900), (25, 1_000)):
        ordered = replace(wanted, placed_at=wall.now + timedelta(minutes=minutes))
        made = await shop.allocate(f"o-{minutes}", ordered, promise_token=token)
        assert made.kept is not None
        assert (made.kept.latest, made.kept.late_days) == (promise.latest, 0)
        assert made.decision.plan.shipments[0].round_minute == pickup
    assert promise.order_by == wall.now + timedelta(minutes=10)
    too_late = replace(wanted, placed_at=wall.now + timedelta(minutes=70, seconds=1))
    made = await shop.allocate("late", too_late, promise_token=token)
    assert made.kept is not None
    assert (made.kept.latest, made.kept.late_days) == (promise.latest, 1)


async def test_raised_protection_is_kept_before_promises(shop: Shop) -> None:
    await shop.count("near", "mug", 2)
    answer = await shop.promise(cart(("mug", 2)))
    protected = PROMISING + "protection:\n  safety_stock:\n    - {units: 1}\n"
    await shop.activate((await shop.revise(protected)).revision)
    refusal = await refused(shop.allocate("o", cart(("mug", 2)), promise_token=answer.tokens[0]))
    assert refusal.reason is Reason.PROMISE_BROKEN
    assert (await shop.row("near", "mug")).allocated == 0


async def test_a_channel_that_is_gone_has_its_promises_kept(shop: Shop) -> None:
    await shop.count("near", "mug", 7)
    (token, _), (other, _) = [(await shop.promise(cart(("mug", 2)))).tokens for _ in range(2)]
    (promise, _) = (await shop.promise(cart(("mug", 2)))).promises.promised
    gone = PROMISING.replace("[web, marketplace]", "[marketplace]")
    kept_back = "protection:\n  safety_stock:\n    - {units: 1}\n    - {units: 5, channels: [marketplace]}\n"
    revision = await shop.activate((await shop.revise(gone + kept_back)).revision)
    anew = await refused(shop.allocate("o", cart(("mug", 2))))
    assert anew.reason is Reason.CHANNEL_UNKNOWN
    made = await shop.allocate("o", cart(("mug", 2)), promise_token=token)
    assert_kept(made, promise)
    assert made.decision.rule_set_revision == revision.name
    await shop.activate((await shop.revise(gone + kept_back.replace("units: 1", "units: 4"))).revision)
    refusal = await refused(shop.allocate("p", cart(("mug", 2)), promise_token=other))
    assert (refusal.reason, refusal.metadata["cause"]) == (Reason.PROMISE_BROKEN, "OUT_OF_STOCK")
    assert (await shop.row("near", "mug")).allocated == 2


async def test_a_token_serves_when_the_hold_has_expired(shop: Shop) -> None:
    await shop.count("near", "mug", 5)
    wanted = cart(("mug", 2), services=("ground",))
    answer = await shop.promise(wanted, ttl=1)
    assert answer.hold is not None
    await asyncio.sleep(1.1)
    hold, token = answer.hold.hold_id, answer.tokens[answer.hold.option]
    assert (await refused(shop.allocate("o", wanted, hold_id=hold, promise_token=token))).reason is Reason.HOLD_EXPIRED
    other = PROMISING.replace("4.90", "9.90")
    await shop.activate((await shop.revise(other)).revision)
    made = await shop.allocate("o", wanted, hold_id=hold, promise_token=token, reallocate_if_expired=True)
    assert made.reallocated
    assert made.kept is not None
    assert made.kept.fee_micros == 4_900_000


async def days(shop: Shop, num_orders: int, **wanted: Any) -> Counter[date]:
    """On which days so many orders of one mug leave, asked for at once."""
    orders = [shop.allocate(f"o-{i}", cart(("mug", 1), services=("ground",), **wanted)) for i in range(num_orders)]
    made = await asyncio.gather(*orders)
    return Counter(allocation.decision.plan.shipments[0].ship_day for allocation in made)


async def test_a_carrier_s_round_takes_no_more_parcels_than_fit(shop: Shop) -> None:
    await shop.network(replace(NETWORK, nodes=(replace(NETWORK.nodes[0], rounds=(TWO_A_DAY,)),)))
    await shop.count("near", "mug", 20)
    full = await days(shop, 7)
    assert sorted(full.values(), reverse=True) == [2, 2, 2, 1]
    assert sorted(full) == [MONDAY.date() + timedelta(days=i) for i in range(4)]
    (promise,) = (await shop.promise(cart(("mug", 1), services=("ground",)))).promises.promised
    assert promise.ship_by.date() == date(2026, 11, 26)


async def test_a_shift_takes_no_more_units_than_fit_and_gets_them_back(shop: Shop) -> None:
    await shop.network(replace(NETWORK, nodes=(replace(NETWORK.nodes[0], shifts=SHIFTS),)))
    await shop.count("near", "mug", 99)
    made = [await shop.allocate(f"o-{i}", cart(("mug", 3), services=("ground",))) for i in range(5)]
    taken = Counter(allocation.decision.plan.shipments[0].shift for allocation in made)
    today = MONDAY.date()
    assert taken == {("early", today): 2, ("late", today): 2, ("early", today + timedelta(days=1)): 1}
    await shop.cancel(made[0].allocation_id)
    await shop.app.snapshots.catch_up()
    again = await shop.allocate("again", cart(("mug", 3), services=("ground",)))
    assert again.decision.plan.shipments[0].shift == ("early", today)

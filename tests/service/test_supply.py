"""Goods that are not there yet: promised, reserved, received, late, and asked for by many at once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from tests.service.promises import balanced, refused
from tests.service.shop import MONDAY, NETWORK, PROTECTED, RULES, Shop, Wall, cart, running

from sourcier.domain.errors import Reason
from sourcier.domain.plan import Marking
from sourcier.domain.promise import Choice
from sourcier.domain.reservation import State
from sourcier.domain.supply import RiskReason, SupplyKind
from sourcier.service import allocate_order
from sourcier.service.commands import Allocation, ToOrder

FRIDAY = date(2026, 11, 27)
PRIORITIES = {"last": 0, "first": 1, "top": 7}
ASK: dict[str, Any] = {"kind": SupplyKind.SUPPLIER_ORDERABLE, "lead_days": 5}


@pytest.fixture
async def shop(ledger_url: str) -> AsyncIterator[Shop]:
    async with balanced(ledger_url, Wall(MONDAY), RULES) as shop:
        yield shop


def ground(*lines: tuple[str, int], **other: Any) -> Any:
    return cart(*lines, services=("ground",), **other)


def lines(made: Allocation) -> list[tuple[str, str, int, State]]:
    return [(line.sku, line.supply_id, line.quantity, line.state) for line in made.lines]


class TestBackorders:
    async def test_a_cart_half_on_a_purchase_order_waits_for_it(self, shop: Shop) -> None:
        await shop.count("near", "mug", 2)
        await shop.expect("po", "near", "mug", 8, expected_on=FRIDAY)
        (promise,) = (await shop.promise(ground(("mug", 5)))).promises.promised
        (shipment,) = promise.decision.plan.shipments
        assert (shipment.ship_day, promise.latest) == (FRIDAY, date(2026, 11, 30))
        (line,) = shipment.lines
        assert line.marking is Marking.BACKORDER
        assert [(peg.supply_id, peg.expected_on) for peg in line.pegs] == [("po", FRIDAY)]

        made = await shop.allocate("o", ground(("mug", 5)))
        assert made.kept is not None
        assert made.kept.latest == promise.latest
        pegged = sum(line.quantity for line in made.lines if line.supply_id == "po")
        assert (await shop.coming("po")).allocated == pegged == sum(peg.quantity for peg in line.pegs)
        assert (await shop.row("near", "mug")).allocated == 5 - pegged

    async def test_it_ships_once_it_came_in(self, shop: Shop) -> None:
        await shop.expect("po", "near", "mug", 8, expected_on=FRIDAY)
        made = await shop.allocate("o", ground(("mug", 5)))
        assert lines(made) == [("mug", "po", 5, State.ALLOCATED)]
        assert (await refused(shop.ship(made.allocation_id))).reason is Reason.SUPPLY_NOT_RECEIVED
        await shop.expect("po", "near", "mug", 8, expected_on=FRIDAY, received=8)
        row = await shop.row("near", "mug")
        assert (row.on_hand, row.allocated, row.free) == (8, 5, 3)
        shipped = await shop.ship(made.allocation_id)
        assert lines(shipped) == [("mug", "", 5, State.SHIPPED)]
        assert shipped.decision == made.decision

    async def test_a_hold_on_goods_to_come_keeps_them(self, shop: Shop) -> None:
        await shop.expect("po", "near", "mug", 5, expected_on=FRIDAY)
        answer = await shop.promise(ground(("mug", 5)), ttl=600)
        assert answer.hold is not None
        assert (await shop.coming("po")).held == 5
        assert (await refused(shop.allocate("o", ground(("mug", 1))))).reason is Reason.OUT_OF_STOCK
        await shop.expect("po", "near", "mug", 5, expected_on=FRIDAY, received=2)
        made = await shop.allocate("p", ground(("mug", 5)), hold_id=answer.hold.hold_id)
        assert made.decision == answer.promises.promised[answer.hold.option].decision
        assert Counter(line.supply_id for line in made.lines for _ in range(line.quantity)) == {"": 2, "po": 3}
        await shop.cancel(made.allocation_id)
        assert ((await shop.coming("po")).free, (await shop.row("near", "mug")).free) == (3, 2)

    async def test_the_higher_priority_is_served_first_then_the_earlier(self, shop: Shop) -> None:
        await shop.expect("po", "near", "mug", 3, expected_on=FRIDAY)
        low = await shop.allocate("low", ground(("mug", 1)))
        second = await shop.allocate("second", ground(("mug", 1)), priority=5)
        high = await shop.allocate("high", ground(("mug", 1)), priority=9)
        await shop.expect("po", "near", "mug", 3, expected_on=FRIDAY, received=1)
        assert lines(await shop.ship(high.allocation_id)) == [("mug", "", 1, State.SHIPPED)]
        assert (await refused(shop.ship(second.allocation_id))).reason is Reason.SUPPLY_NOT_RECEIVED
        await shop.expect("po", "near", "mug", 3, expected_on=FRIDAY, received=2)
        await shop.ship(second.allocation_id)
        assert (await refused(shop.ship(low.allocation_id))).reason is Reason.SUPPLY_NOT_RECEIVED

    async def test_protection_holds_for_goods_to_come(self, shop: Shop) -> None:
        await shop.activate((await shop.revise(PROTECTED)).revision)
        await shop.expect("po", "near", "mug", 5, expected_on=FRIDAY)
        made = await shop.allocate("o", ground(("mug", 3), channel="marketplace"))
        assert [line.quantity for line in made.decision.plan.unfilled] == [2]
        assert (await shop.allocate("p", ground(("mug", 4)))).decision.plan.unfilled == ()

    async def test_a_token_keeps_a_promise_of_goods_to_come(self, shop: Shop) -> None:
        await shop.expect("po", "near", "mug", 5, expected_on=FRIDAY)
        answer = await shop.promise(ground(("mug", 5)), choices=frozenset(Choice))
        made = await shop.allocate("o", ground(("mug", 5)), promise_token=answer.tokens[0])
        assert made.kept is not None
        assert (made.kept.latest, made.kept.late_days) == (answer.promises.promised[0].latest, 0)
        await shop.app.snapshots.catch_up()
        assert (await shop.promise(ground(("mug", 5)))).promises.promised == ()


class TestOrdering:
    async def test_what_nobody_has_bought_must_be_ordered(self, shop: Shop) -> None:
        await shop.count("near", "mug", 1)
        await shop.expect("acme", "near", "mug", None, **ASK)
        preview = await shop.allocate("o", ground(("mug", 4)), validate_only=True)
        made = await shop.allocate("o", ground(("mug", 4)))
        (wanted,) = made.to_order
        pegged = sum(line.quantity for line in made.lines if line.supply_id)
        assert wanted == ToOrder(
            supply_id="acme", node_id="near", sku="mug", quantity=pegged, expected_on=date(2026, 11, 28)
        )
        assert preview.to_order == made.to_order
        assert (await allocate_order.get_allocation(shop.app, made.allocation_id)).to_order == made.to_order

    async def test_there_is_no_end_to_it(self, shop: Shop) -> None:
        await shop.expect("acme", "near", "mug", None, **ASK)
        for i in range(3):
            made = await shop.allocate(f"o-{i}", ground(("mug", 1_000_000)))
            assert made.to_order[0].quantity == 1_000_000


class TestRisk:
    async def test_a_cut_order_puts_the_last_ones_at_risk(self, shop: Shop) -> None:
        await shop.expect("po", "near", "mug", 6, expected_on=FRIDAY)
        made = {name: await shop.allocate(name, ground(("mug", 2)), priority=p) for name, p in PRIORITIES.items()}
        assert await shop.at_risk() == ()
        await shop.expect("po", "near", "mug", 3, expected_on=FRIDAY)
        risks = await shop.at_risk()
        assert [(entry.risk.order_id, entry.risk.short, entry.risk.reason) for entry in risks] == [
            ("first", 1, RiskReason.SHORT),
            ("last", 2, RiskReason.SHORT),
        ]
        assert [entry.kept for entry in risks] == [made["first"].kept, made["last"].kept]
        assert [entry.risk.priority for entry in risks] == [1, 0]

    async def test_a_late_order_puts_all_at_risk(self, shop: Shop) -> None:
        await shop.expect("po", "near", "mug", 6, expected_on=FRIDAY)
        for name, priority in PRIORITIES.items():
            await shop.allocate(name, ground(("mug", 2)), priority=priority)
        later = date(2026, 12, 3)
        await shop.expect("po", "near", "mug", 6, expected_on=later)
        risks = await shop.at_risk(supply_ids=("po",))
        assert [entry.risk.order_id for entry in risks] == ["top", "first", "last"]
        assert {(entry.risk.ship_day, entry.risk.ready_on, entry.risk.reason) for entry in risks} == {
            (FRIDAY, later, RiskReason.LATE)
        }


class TestMany:
    async def test_eight_units_to_come_go_to_eight_of_sixty_orders(self, shop: Shop) -> None:
        await shop.count("near", "mug", 3)
        await shop.expect("po", "near", "mug", 5, expected_on=FRIDAY)
        outcomes = await asyncio.gather(
            *(shop.allocate(f"o-{i}", ground(("mug", 1))) for i in range(60)), return_exceptions=True
        )
        words = Counter("made" if isinstance(o, Allocation) else o.reason.value for o in outcomes)  # type: ignore[union-attr]
        assert words == {"made": 8, Reason.OUT_OF_STOCK.value: 52}
        assert ((await shop.coming("po")).free, (await shop.row("near", "mug")).free) == (0, 0)

    async def test_two_servers_see_each_other_s_pegs(self, postgres_url: str) -> None:
        async with running(postgres_url, clock=Wall(MONDAY)) as one, running(postgres_url, clock=Wall(MONDAY)) as two:
            await one.open()
            await one.expect("po", "near", "mug", 8, expected_on=FRIDAY)
            await two.app.snapshots.catch_up()
            orders = [(one if i % 2 else two).allocate(f"o-{i}", ground(("mug", 1))) for i in range(60)]
            outcomes = await asyncio.gather(*orders, return_exceptions=True)
            words = Counter("made" if isinstance(o, Allocation) else o.reason.value for o in outcomes)  # type: ignore[union-attr]
            assert words == {"made": 8, Reason.OUT_OF_STOCK.value: 52}
            await two.app.snapshots.catch_up()
            assert two.app.snapshots.view().available(("mug",), "web") == (0,)
            await one.expect("po", "near", "mug", 9, expected_on=FRIDAY)
            await two.app.snapshots.catch_up()
            assert two.app.snapshots.view().available(("mug",), "web") == (1,)


async def test_a_restarted_server_knows_what_is_to_come(ledger_url: str) -> None:
    async with running(ledger_url, clock=Wall(MONDAY)) as shop:
        await shop.open()
        await shop.expect("po", "near", "mug", 8, expected_on=FRIDAY)
        await shop.allocate("o", ground(("mug", 3)))
    async with running(ledger_url, clock=Wall(MONDAY)) as shop:
        assert shop.app.snapshots.view().available(("mug",), "web") == (5,)
        assert (await shop.allocate("p", ground(("mug", 5)))).decision.plan.unfilled == ()


async def test_supply_of_a_node_that_is_gone_is_forgotten(shop: Shop) -> None:
    await shop.expect("po", "far", "mug", 8, expected_on=FRIDAY)
    await shop.network(replace(NETWORK, nodes=NETWORK.nodes[:1]))
    assert shop.app.snapshots.view().available(("mug",), "web") == (0,)
    assert (await refused(shop.allocate("o", ground(("mug", 1))))).reason is Reason.OUT_OF_STOCK

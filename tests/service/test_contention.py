"""Many requests for little stock: exactly what is there is given away, and everyone else hears why."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import date
from typing import Any

from tests.service.shop import NETWORK, Shop, cart, running

from sourcier.domain.errors import Reason, Refusal
from sourcier.ledger.audit import audit
from sourcier.service.commands import Allocation


def tally(outcomes: list[Any]) -> Counter[str]:
    """How many were allocated, and how often each reason was heard; anything else is a failure."""
    words: Counter[str] = Counter()
    for outcome in outcomes:
        assert isinstance(outcome, Allocation | Refusal), repr(outcome)
        words["allocated" if isinstance(outcome, Allocation) else outcome.reason.value] += 1
    return words


async def balanced(shop: Shop) -> bool:
    report = await shop.app.read(audit)
    return report.violations == ()


async def test_ten_units_go_to_ten_of_two_hundred_orders(shop: Shop) -> None:
    await shop.count("near", "mug", 10)
    orders = [shop.allocate(f"o-{i}", cart(("mug", 1))) for i in range(200)]
    outcomes = await asyncio.gather(*orders, return_exceptions=True)
    assert tally(outcomes) == {"allocated": 10, Reason.OUT_OF_STOCK.value: 190}
    assert (await shop.row("near", "mug")).allocated == 10
    assert await balanced(shop)


async def test_ten_units_on_three_nodes_go_to_ten_orders(shop: Shop) -> None:
    for node_id, units in (("near", 5), ("far", 3), ("store", 2)):
        await shop.count(node_id, "mug", units)
    orders = [shop.allocate(f"o-{i}", cart(("mug", 1))) for i in range(60)]
    words = tally(await asyncio.gather(*orders, return_exceptions=True))
    given = sum([(await shop.row(node_id, "mug")).allocated for node_id in ("near", "far", "store")])
    assert words["allocated"] == given
    assert words == {"allocated": 10, Reason.OUT_OF_STOCK.value: 50}
    assert await balanced(shop)


async def test_a_node_s_day_takes_what_it_can(shop: Shop) -> None:
    store = next(node for node in NETWORK.nodes if node.node_id == "store")
    assert store.capacity is not None
    small = replace(store, capacity=replace(store.capacity, per_day=7))
    await shop.network(replace(NETWORK, nodes=(*NETWORK.nodes[:2], small)))
    for i in range(40):
        await shop.count("store", f"sku-{i}", 1)
    by_thursday = {"deliver_by": date(2026, 11, 26), "services": ("ground",)}
    orders = [shop.allocate(f"o-{i}", cart((f"sku-{i}", 1), **by_thursday)) for i in range(40)]
    words = tally(await asyncio.gather(*orders, return_exceptions=True))
    assert words == {"allocated": 7, Reason.NO_PLAN.value: 33}
    assert await balanced(shop)


async def test_baskets_in_any_order_do_not_block_each_other(shop: Shop) -> None:
    skus = [f"sku-{i}" for i in range(5)]
    for sku in skus:
        await shop.count("near", sku, 30)
    orders = [shop.allocate(f"o-{i}", cart(*((skus[(i * k + k) % 5], 1) for k in (1, 2, 3)))) for i in range(60)]
    words = tally(await asyncio.gather(*orders, return_exceptions=True))
    assert set(words) <= {"allocated", Reason.OUT_OF_STOCK.value}
    rows = [await shop.row("near", sku) for sku in skus]
    assert all(row.free >= 0 for row in rows)
    assert sum(row.allocated for row in rows) > 100
    assert await balanced(shop)


async def test_two_servers_on_one_database_give_away_no_more(postgres_url: str) -> None:
    async with running(postgres_url) as one, running(postgres_url) as other:
        await one.open()
        await one.count("near", "mug", 10)
        await other.app.snapshots.catch_up()
        orders = [(one if i % 2 else other).allocate(f"o-{i}", cart(("mug", 1))) for i in range(200)]
        outcomes = await asyncio.gather(*orders, return_exceptions=True)
        assert tally(outcomes) == {"allocated": 10, Reason.OUT_OF_STOCK.value: 190}
        assert await balanced(one)


async def test_holds_and_orders_compete_for_the_same_units(shop: Shop) -> None:
    await shop.count("near", "mug", 10)
    holds = [shop.promise(cart(("mug", 1)), ttl=60) for _ in range(30)]
    orders = [shop.allocate(f"o-{i}", cart(("mug", 1))) for i in range(30)]
    answers = await asyncio.gather(*holds, *orders, return_exceptions=True)
    held = sum(1 for answer in answers[:30] if not isinstance(answer, BaseException) and answer.hold is not None)
    words = tally(list(answers[30:]))
    row = await shop.row("near", "mug")
    assert (row.held, row.allocated) == (held, words["allocated"])
    assert row.free == 0
    assert await balanced(shop)

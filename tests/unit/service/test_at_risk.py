"""Promises at risk come with what was promised, page by page."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.service.shop import NETWORK, Shop, cart, running

from sourcier.domain.errors import Reason, Refusal
from sourcier.domain.supply import RiskReason
from sourcier.service.at_risk import list_promises_at_risk, utc_offsets
from sourcier.service.commands import ListPromisesAtRisk


async def test_goods_that_are_not_there_put_promises_at_risk(shop: Shop) -> None:
    await shop.count("near", "mug", 5)
    made = [await shop.allocate(f"o-{i}", cart(("mug", 1))) for i in range(5)]
    assert await list_promises_at_risk(shop.app, ListPromisesAtRisk(page_size=10)) == ((), "")
    await shop.count("near", "mug", 2)
    first, token = await list_promises_at_risk(shop.app, ListPromisesAtRisk(page_size=2))
    rest, end = await list_promises_at_risk(shop.app, ListPromisesAtRisk(page_size=2, page_token=token))
    assert end == ""
    risks = (*first, *rest)
    assert [entry.risk.order_id for entry in risks] == ["o-2", "o-3", "o-4"]
    assert {entry.risk.reason for entry in risks} == {RiskReason.STOCK}
    assert [entry.kept for entry in risks] == [allocation.kept for allocation in made[2:]]
    assert risks[0].risk.reservation_id == made[2].allocation_id


async def test_only_what_is_asked_for_is_listed(shop: Shop) -> None:
    for sku in ("mug", "pan"):
        await shop.count("near", sku, 1)
        await shop.allocate(f"o-{sku}", cart((sku, 1)))
        await shop.count("near", sku, 0)

    async def skus(**filters: tuple[str, ...]) -> list[str]:
        page, _ = await list_promises_at_risk(shop.app, ListPromisesAtRisk(page_size=10, **filters))
        return [entry.risk.sku for entry in page]

    assert await skus() == ["mug", "pan"]
    assert await skus(skus=("pan",)) == ["pan"]
    assert await skus(node_ids=("far",)) == []
    assert await skus(supply_ids=("po",)) == []


async def test_a_foreign_page_token_is_refused(shop: Shop) -> None:
    with pytest.raises(Refusal) as caught:
        await list_promises_at_risk(shop.app, ListPromisesAtRisk(page_size=10, page_token="bm9uc2Vuc2U="))
    assert caught.value.reason is Reason.FIELD_INVALID


async def test_there_must_be_a_network(sqlite_url: str) -> None:
    async with running(sqlite_url) as shop:
        with pytest.raises(Refusal) as caught:
            await list_promises_at_risk(shop.app, ListPromisesAtRisk(page_size=10))
        assert caught.value.reason is Reason.NETWORK_NOT_APPLIED


def test_days_are_those_of_the_nodes() -> None:
    tokyo = replace(NETWORK.nodes[1], time_zone="Asia/Tokyo")
    network = replace(NETWORK, nodes=(NETWORK.nodes[0], tokyo))
    assert utc_offsets(network, datetime(2026, 11, 23, tzinfo=UTC)) == {"near": 3_600, "far": 32_400}
    assert utc_offsets(network, datetime(2026, 7, 1, tzinfo=UTC)) == {"near": 7_200, "far": 32_400}

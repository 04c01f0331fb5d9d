"""Supply batches are taken once, each record for itself, and read back page by page."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from tests.service.shop import Shop, key, running

from sourcier.domain.errors import Reason, Refusal
from sourcier.domain.stock import BatchAnswer, Verdict
from sourcier.domain.supply import SupplyKind, SupplyRecord
from sourcier.service.commands import ApplySupply
from sourcier.service.supply import apply_supply, get_supply


def record(seq: int = 1, **other: Any) -> SupplyRecord:
    return replace(
        SupplyRecord(
            supply_id="po-1",
            kind=SupplyKind.PURCHASE_ORDER,
            node_id="near",
            sku="mug",
            quantity=8,
            expected_on=date(2026, 12, 1),
            epoch=1,
            seq=seq,
        ),
        **other,
    )


async def apply(shop: Shop, *records: SupplyRecord, request_id: str = "") -> BatchAnswer:
    command = ApplySupply(key=key("ApplySupply", request_id, repr(records)), source="erp", records=records)
    return await apply_supply(shop.app, command)


async def test_every_record_has_its_verdict_and_a_bad_one_stops_nobody(shop: Shop) -> None:
    answer = await apply(shop, record(), record(node_id="nowhere"), record(0, sku="mug"))
    assert [result.verdict for result in answer.each()] == [Verdict.APPLIED, Verdict.REJECTED, Verdict.REJECTED]
    assert [result.index for result in answer.each()] == [0, 1, 2]
    rows, _ = await get_supply(shop.app, (), (), 10, "")
    assert [(row.supply_id, row.usable) for row in rows] == [("po-1", 8)]


async def test_a_repeated_request_is_answered_as_before(shop: Shop) -> None:
    request_id = "0b44e8f0-8d9e-4b0a-9a4e-4fb3c6d0a111"
    first = await apply(shop, record(), request_id=request_id)
    await apply(shop, record(2, quantity=3))
    assert await apply(shop, record(), request_id=request_id) == first
    rows, _ = await get_supply(shop.app, (), (), 10, "")
    assert rows[0].usable == 3


async def test_decisions_know_of_it_when_the_answer_is_given(shop: Shop) -> None:
    await apply(shop, record())
    assert shop.app.snapshots.view().available(("mug",), "web") == (8,)


async def test_rows_come_in_pages(shop: Shop) -> None:
    await apply(shop, *(record(supply_id=f"po-{i}", node_id=node) for i in range(3) for node in ("near", "far")))
    first, token = await get_supply(shop.app, (), ("mug",), 4, "")
    rest, end = await get_supply(shop.app, (), ("mug",), 4, token)
    assert [(row.node_id, row.supply_id) for row in (*first, *rest)] == [
        (node, f"po-{i}") for node in ("far", "near") for i in range(3)
    ]
    assert end == ""
    assert len((await get_supply(shop.app, ("far",), (), 10, ""))[0]) == 3
    with pytest.raises(Refusal):
        await get_supply(shop.app, (), (), 10, "bm9uc2Vuc2U=")


async def test_there_must_be_a_network(sqlite_url: str) -> None:
    async with running(sqlite_url) as shop:
        with pytest.raises(Refusal) as caught:
            await apply(shop, record())
        assert caught.value.reason is Reason.NETWORK_NOT_APPLIED

"""A batch of stock is applied once, and answered the same way again."""

from dataclasses import replace

import pytest
from tests.service.shop import Shop, key

from sourcier.domain.errors import Reason, Refusal
from sourcier.domain.stock import RecordKind, StockRecord, StockRecords, Verdict
from sourcier.service import ingest
from sourcier.service.commands import ApplyStock


def delta(seq: int, quantity: int) -> StockRecord:
    return StockRecord(kind=RecordKind.DELTA, node_id="near", sku="mug", quantity=quantity, epoch=1, seq=seq)


def batch(*records: StockRecord) -> ApplyStock:
    return ApplyStock(key=key("ApplyStock", body=repr(records)), source="pos", records=StockRecords.of(records))


async def test_a_batch_is_applied_once(shop: Shop) -> None:
    request = batch(delta(1, 5), delta(2, -2), delta(4, 9))
    answer = await ingest.apply_stock(shop.app, request)
    assert [result.verdict for result in answer.each()] == [Verdict.APPLIED, Verdict.APPLIED, Verdict.GAP]
    assert answer.each()[2].expected_seq == 3
    assert await ingest.apply_stock(shop.app, request) == answer
    assert (await shop.row("near", "mug")).on_hand == 3


async def test_a_batch_that_comes_again_under_a_new_id_changes_nothing(shop: Shop) -> None:
    request = batch(delta(1, 5))
    await ingest.apply_stock(shop.app, request)
    again = await ingest.apply_stock(shop.app, replace(request, key=key("ApplyStock")))
    assert [result.verdict for result in again.each()] == [Verdict.STALE]
    assert (await shop.row("near", "mug")).on_hand == 5


async def test_another_batch_under_the_same_id_is_refused(shop: Shop) -> None:
    request = batch(delta(1, 5))
    await ingest.apply_stock(shop.app, request)
    other = batch(delta(2, 5))
    reused = replace(other, key=replace(other.key, request_id=request.key.request_id))
    with pytest.raises(Refusal) as caught:
        await ingest.apply_stock(shop.app, reused)
    assert caught.value.reason is Reason.REQUEST_ID_REUSED
    assert (await shop.row("near", "mug")).on_hand == 5


async def test_an_empty_ledger_has_no_rows(shop: Shop) -> None:
    assert await ingest.get_stock(shop.app, (), (), 10, "") == ((), "")

"""A batch takes effect once, and the log's answer is everybody's."""

import asyncio
from dataclasses import dataclass

import pytest
from tests.service.shop import Shop, key, running

from sourcier.domain.errors import Reason, Refusal
from sourcier.domain.stock import BatchAnswer, RecordResult, Verdict
from sourcier.ledger.store import Tx
from sourcier.service.batches import apply_once
from sourcier.service.commands import RequestKey


@dataclass(frozen=True)
class Numbered:
    """A batch that knows only its name."""

    key: RequestKey


def counting(runs: list[int]) -> BatchAnswer:
    runs.append(len(runs))
    return BatchAnswer(results=(RecordResult(index=runs[-1], verdict=Verdict.APPLIED),))


async def test_the_same_batch_hears_its_first_answer(shop: Shop) -> None:
    runs: list[int] = []

    def apply(tx: Tx, batch: Numbered) -> BatchAnswer:
        return counting(runs)

    batch = Numbered(key("ApplyStock"))
    first = await apply_once(shop.app, batch, apply, BatchAnswer)
    assert (await apply_once(shop.app, batch, apply, BatchAnswer), runs) == (first, [0])


async def test_of_two_at_once_both_hear_what_the_log_says(shop: Shop) -> None:
    runs: list[int] = []

    def apply(tx: Tx, batch: Numbered) -> BatchAnswer:
        return counting(runs)

    batch = Numbered(key("ApplyStock"))
    answers = await asyncio.gather(*(apply_once(shop.app, batch, apply, BatchAnswer) for _ in range(2)))
    assert (answers[0], runs) == (answers[1], [0])


async def test_without_a_network_nothing_is_applied(ledger_url: str) -> None:
    runs: list[int] = []

    def apply(tx: Tx, batch: Numbered) -> BatchAnswer:
        return counting(runs)

    async with running(ledger_url) as empty:
        with pytest.raises(Refusal) as caught:
            await apply_once(empty.app, Numbered(key("ApplyStock")), apply, BatchAnswer)
    assert (caught.value.reason, runs) == (Reason.NETWORK_NOT_APPLIED, [])

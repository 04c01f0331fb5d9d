"""What batches of stock and of dated supply have in common, the verdicts on them, and filtered pages."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.rpc import messages
from tests.rpc.spoil import FILTERS_REFUSED, REQUEST_IDS_REFUSED, TEXTS_REFUSED, assign, faults_of

from sourcier.domain.stock import BatchAnswer, RecordResult, Verdict
from sourcier.rpc import translate_feeds as feeds
from sourcier.rpc.translate_inventory import parse_apply_stock
from sourcier.rpc.translate_supply import parse_apply_supply
from sourcier.v1 import inventory_pb2 as pb

BATCHES: list[tuple[Callable[..., Any], Callable[..., Any], Callable[[Any], Any]]] = [
    (messages.stock, messages.record, parse_apply_stock),
    (messages.supply, messages.supply_record, parse_apply_supply),
]


@pytest.mark.parametrize(("make", "record", "parse"), BATCHES)
def test_a_batch_has_1_to_1000_records(make: Any, record: Any, parse: Any) -> None:
    full = make(*(record(seq=i) for i in range(1, 1_001)))
    assert len(parse(full)[0].records) == 1_000
    full.records.append(record(seq=1_001))
    assert list(faults_of(lambda: parse(full))) == ["records"]
    del full.records[:]
    assert list(faults_of(lambda: parse(full))) == ["records"]


@pytest.mark.parametrize(("make", "record", "parse"), BATCHES)
@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("source", value) for value in TEXTS_REFUSED),
        *(("request_id", value) for value in REQUEST_IDS_REFUSED),
    ],
)
def test_spoilt_batches_are_refused_for_the_field(make: Any, record: Any, parse: Any, field: str, value: str) -> None:
    request = make(record())
    assign(field, value)(request)
    assert list(faults_of(lambda: parse(request))) == [field]


def test_a_fault_of_one_record_is_not_that_of_the_next() -> None:
    request = messages.stock(*(messages.record(seq=i) for i in range(4)))
    for index in (0, 2):
        request.records[index].kind = 99  # type: ignore[assignment]
    command, rejected = parse_apply_stock(request)
    assert command.records.seqs == [1, 3]
    assert [(result.index, result.reason) for result in rejected] == [(0, "KIND_INVALID"), (2, "KIND_INVALID")]


def test_verdicts_stand_in_the_order_of_the_batch() -> None:
    ledger = BatchAnswer(results=(RecordResult(index=1, verdict=Verdict.STALE),), num_records=3)
    rejected = tuple(RecordResult(index=i, verdict=Verdict.REJECTED) for i in (0, 3))
    merged = feeds.merge_rejected(ledger, rejected).each()
    assert [(result.index, result.verdict.value) for result in merged] == [
        (0, "REJECTED"),
        (1, "APPLIED"),
        (2, "STALE"),
        (3, "REJECTED"),
        (4, "APPLIED"),
    ]
    assert feeds.merge_rejected(ledger, ()) == ledger
    assert feeds.merge_rejected(BatchAnswer(), rejected[:1]).each() == rejected[:1]


@pytest.mark.parametrize("kind", [pb.ApplyStockResponse, pb.ApplySupplyResponse])
@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_can_be_told(kind: Any, verdict: Verdict) -> None:
    result = RecordResult(index=7, verdict=verdict, reason="why", expected_seq=0)
    response = feeds.format_answer(kind, "id", BatchAnswer(results=(result,), num_records=9))
    assert [told.index for told in response.results] == list(range(9))
    assert {told.verdict for told in response.results if told.index != 7} == {pb.VERDICT_APPLIED}
    told, bare = response.results[7], response.results[0]
    assert feeds.VERDICTS.to_domain[told.verdict] is verdict
    assert (told.index, told.reason, told.expected_seq) == (7, "why", 0)
    assert response.request_id == "id"
    assert not bare.HasField("expected_seq")


def test_answers_of_before_there_was_a_number_are_told_whole() -> None:
    stored = BatchAnswer(results=tuple(RecordResult(index=i, verdict=Verdict.APPLIED) for i in range(3)))
    response = feeds.format_answer(pb.ApplyStockResponse, "id", stored)
    assert [(told.index, told.verdict) for told in response.results] == [(i, pb.VERDICT_APPLIED) for i in range(3)]


def test_answers_to_whole_batches_are_their_own() -> None:
    applied = BatchAnswer(num_records=3)
    first = feeds.format_answer(pb.ApplyStockResponse, "first", applied)
    del first.results[1:]
    second = feeds.format_answer(pb.ApplySupplyResponse, "second", applied)
    assert (second.request_id, [result.index for result in second.results]) == ("second", [0, 1, 2])
    assert {result.verdict for result in second.results} == {pb.VERDICT_APPLIED}
    assert len(feeds.format_answer(pb.ApplyStockResponse, "", BatchAnswer(num_records=2)).results) == 2


@pytest.mark.parametrize("make", [messages.get_stock, messages.get_supply])
def test_rows_are_asked_for_by_page(make: Any) -> None:
    request = make()
    request.page_token = "next"
    assert feeds.parse_filters(request) == (("near",), ("tea",), 10, "next")


@pytest.mark.parametrize("make", [messages.get_stock, messages.get_supply])
@pytest.mark.parametrize(("path", "value", "field"), FILTERS_REFUSED)
def test_spoilt_reads_are_refused_for_the_field(make: Any, path: str, value: object, field: str) -> None:
    request = make()
    assign(path, value)(request)
    assert list(faults_of(lambda: feeds.parse_filters(request))) == [field]

"""Stock batches, their verdicts, and stock rows."""

from datetime import UTC, datetime

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from tests.rpc import messages
from tests.rpc.spoil import REQUEST_IDS_REFUSED, TEXTS_REFUSED, assign, faults_of

from sourcier.domain.stock import RecordKind, RecordResult, StockRecord, StockRow, Verdict
from sourcier.rpc import translate_inventory as inventory
from sourcier.rpc.fields import Check
from sourcier.v1 import inventory_pb2 as pb

RECORDS = [
    StockRecord(kind=RecordKind.COUNT, node_id="near", sku="tea", quantity=0, epoch=0, seq=0),
    StockRecord(kind=RecordKind.COUNT, node_id="near", sku="tea", quantity=10**9, epoch=1, seq=2**63 - 1),
    StockRecord(
        kind=RecordKind.DELTA,
        node_id="n",
        sku="s",
        quantity=-(10**9),
        epoch=2**63 - 1,
        seq=1,
        as_of=datetime(2026, 11, 23, 8, 0, 0, 1, tzinfo=UTC),
    ),
]


@pytest.mark.parametrize("record", RECORDS)
def test_records_go_there_and_back(record: StockRecord) -> None:
    message = pb.StockRecord()
    inventory.fill_stock_record(message, record)
    check = Check()
    assert inventory.parse_stock_record(check, message) == record
    assert not check.faults


def test_a_batch_becomes_one_command() -> None:
    request = messages.stock(messages.record(seq=1), messages.record(seq=2))
    command, rejected = inventory.parse_apply_stock(request)
    assert (command.source, command.key.method, len(command.records), rejected) == ("wms", "ApplyStock", 2, ())


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("records", [], "records"),
        ("records", [messages.record(seq=i) for i in range(1_001)], "records"),
        *(("source", value, "source") for value in TEXTS_REFUSED),
        *(("request_id", value, "request_id") for value in REQUEST_IDS_REFUSED),
    ],
)
def test_spoilt_batches_are_refused_for_the_field(path: str, value: object, field: str) -> None:
    request = messages.stock()
    assign(path, value)(request)
    assert list(faults_of(lambda: inventory.parse_apply_stock(request))) == [field]


def test_a_thousand_records_are_a_batch() -> None:
    command, _ = inventory.parse_apply_stock(messages.stock(*(messages.record(seq=i) for i in range(1_000))))
    assert len(command.records) == 1_000


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("kind", 0, "KIND_INVALID"),
        ("kind", 99, "KIND_INVALID"),
        ("as_of", Timestamp(seconds=2**62), "AS_OF_INVALID"),
        ("as_of", Timestamp(nanos=-1), "AS_OF_INVALID"),
    ],
)
def test_a_record_that_says_nothing_is_rejected_alone(path: str, value: object, reason: str) -> None:
    request = messages.stock(messages.record(seq=1), messages.record(seq=2), messages.record(seq=3))
    assign(f"records[1].{path}", value)(request)
    command, (result,) = inventory.parse_apply_stock(request)
    assert [record.seq for record in command.records] == [1, 3]
    assert (result.index, result.verdict, result.reason) == (1, Verdict.REJECTED, reason)


@pytest.mark.parametrize(
    ("path", "value"), [("node_id", ""), ("sku", "a\0b"), ("quantity", -(2**63)), ("epoch", -1), ("seq", -1)]
)
def test_what_a_record_says_is_for_the_ledger_to_judge(path: str, value: object) -> None:
    request = messages.stock()
    assign(f"records[0].{path}", value)(request)
    command, rejected = inventory.parse_apply_stock(request)
    assert getattr(command.records[0], path) == value
    assert rejected == ()


def test_verdicts_stand_in_the_order_of_the_batch() -> None:
    ledger = tuple(RecordResult(index=i, verdict=Verdict.APPLIED, reason=str(i)) for i in range(3))
    rejected = tuple(RecordResult(index=i, verdict=Verdict.REJECTED) for i in (0, 3))
    merged = inventory.merge_results(ledger, rejected)
    assert [(result.index, result.reason) for result in merged] == [(0, ""), (1, "0"), (2, "1"), (3, ""), (4, "2")]
    assert inventory.merge_results(ledger, ()) == ledger
    assert inventory.merge_results((), rejected[:1]) == rejected[:1]


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_can_be_told(verdict: Verdict) -> None:
    result = RecordResult(index=7, verdict=verdict, reason="why", expected_seq=0)
    response = inventory.format_stock_answer("id", [result])
    (message,) = response.results
    assert inventory.VERDICTS.to_domain[message.verdict] is verdict
    assert (message.index, message.reason, message.expected_seq) == (7, "why", 0)
    assert response.request_id == "id"
    bare = inventory.format_stock_answer("id", [RecordResult(index=0, verdict=verdict)])
    assert not bare.results[0].HasField("expected_seq")


def test_stock_is_asked_for_by_page() -> None:
    request = messages.get_stock()
    request.page_token = "next"
    assert inventory.parse_get_stock(request) == (("near",), ("tea",), 10, "next")


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("node_ids", [""], "node_ids[0]"),
        ("node_ids", ["a", "a"], "node_ids[1]"),
        ("node_ids", [str(i) for i in range(101)], "node_ids"),
        ("skus", ["x" * 129], "skus[0]"),
        ("skus", [str(i) for i in range(101)], "skus"),
        ("page_size", -1, "page_size"),
        ("page_token", "x" * 1_025, "page_token"),
    ],
)
def test_spoilt_reads_are_refused_for_the_field(path: str, value: object, field: str) -> None:
    request = messages.get_stock()
    assign(path, value)(request)
    assert list(faults_of(lambda: inventory.parse_get_stock(request))) == [field]


def test_rows_are_told_whole() -> None:
    row = StockRow(
        node_id="near",
        sku="tea",
        on_hand=-5,
        blocked=1,
        held=2,
        allocated=3,
        unsettled=4,
        floors=(0, 1, 2),
    )
    response = inventory.format_stock([row], "next")
    (message,) = response.rows
    assert (message.node_id, message.sku, message.on_hand, message.free) == ("near", "tea", -5, -15)
    assert (message.blocked, message.held, message.allocated, message.unsettled) == (1, 2, 3, 4)
    assert list(message.floors) == [0, 1, 2]
    assert response.next_page_token == "next"

"""Batches of stock records, and stock rows."""

from datetime import UTC, datetime

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from tests.rpc import messages
from tests.rpc.spoil import assign

from sourcier.domain.stock import RecordKind, StockRecord, StockRow, Verdict
from sourcier.rpc import translate_inventory as inventory
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
    records, rejected = inventory.parse_stock_records([message])
    assert (len(records), records[0], rejected) == (1, record, ())


def test_a_batch_becomes_one_command() -> None:
    request = messages.stock(messages.record(seq=1), messages.record(seq=2))
    command, rejected = inventory.parse_apply_stock(request)
    assert (command.source, command.key.method, len(command.records), rejected) == ("wms", "ApplyStock", 2, ())


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
    assert command.records.seqs == [1, 3]
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

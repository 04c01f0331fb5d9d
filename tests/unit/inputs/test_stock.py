"""Stock files."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from sourcier.domain.errors import Reason, Refusal
from sourcier.domain.stock import RecordKind, StockRecord
from sourcier.inputs.stock import read_stock

HEADER = "kind,node_id,sku,quantity,epoch,seq,as_of\n"


def test_reads_counts_and_deltas(tmp_path: Path) -> None:
    path = tmp_path / "stock.csv"
    path.write_text(f"{HEADER}count,n1,a/b,5,2,1,2026-11-23T06:00:00+01:00\nDELTA,n1,s,-3,,9223372036854775807,\n")
    assert list(read_stock(path)) == [
        StockRecord(
            kind=RecordKind.COUNT,
            node_id="n1",
            sku="a/b",
            quantity=5,
            epoch=2,
            seq=1,
            as_of=datetime(2026, 11, 23, 5, 0, tzinfo=UTC),
        ),
        StockRecord(kind=RecordKind.DELTA, node_id="n1", sku="s", quantity=-3, epoch=0, seq=2**63 - 1),
    ]


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("counts,n,s,1,0,1,", "kind: must be one of count, delta, found 'counts'; did you mean count?"),
        (",n,s,1,0,1,", "kind: is empty"),
        ("count,a/b,s,1,0,1,", "node_id: must not have a slash, found 'a/b'"),
        ("count,n,,1,0,1,", "sku: is empty"),
        ("count,n,s,-1,0,1,", "quantity: must be from 0 to 1000000000, found '-1'"),
        ("delta,n,s,-1000000001,0,1,", "quantity: must be from -1000000000 to 1000000000, found '-1000000001'"),
        ("count,n,s,1.0,0,1,", "quantity: must be a whole number from 0 to 1000000000, found '1.0'"),
        ("count,n,s,1,-1,1,", "epoch: must be from 0 to 9223372036854775807, found '-1'"),
        ("count,n,s,1,0,9223372036854775808,", "seq: must be from 0 to 9223372036854775807"),
        ("count,n,s,1,0,1,2026-11-23", "as_of: must be an instant with its offset"),
    ],
)
def test_refuses(faults_of, row: str, fault: str) -> None:
    (found,) = faults_of(read_stock, HEADER + row + "\n")
    assert found.startswith(f"file.csv:2: {fault}")


def test_every_bad_row_is_told_at_once_and_good_ones_before_the_first_are_read(tmp_path: Path) -> None:
    path = tmp_path / "stock.csv"
    path.write_text(f"{HEADER}count,n,s,1,0,1,\ncount,n,s,x,0,1,\ncount,n,t,1,0,1,\ncount,,,1,0,1,\n")
    records = read_stock(path)
    assert next(records).sku == "s"
    with pytest.raises(Refusal) as caught:
        list(records)
    assert caught.value.reason is Reason.FIELD_INVALID
    assert [v.field.rpartition(":")[2] for v in caught.value.violations] == ["3", "5", "5"]


def test_faults_end_reading_when_there_are_too_many(faults_of) -> None:
    found = faults_of(read_stock, HEADER + "count,n,s,x,0,1,\n" * 5_000)
    assert len(found) == 101
    assert found[-1] == "file.csv:102: more faults from here on"


def test_reads_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "stock.jsonl"
    path.write_text('{"kind": "count", "node_id": "n", "sku": "s", "quantity": 5, "seq": 1}\n')
    assert list(read_stock(path)) == [
        StockRecord(kind=RecordKind.COUNT, node_id="n", sku="s", quantity=5, epoch=0, seq=1)
    ]

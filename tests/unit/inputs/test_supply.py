"""Files of dated supply."""

from datetime import date
from pathlib import Path

import pytest

from sourcier.domain.supply import SupplyKind, SupplyRecord
from sourcier.inputs.supply import read_supply

HEADER = (
    "supply_id,kind,node_id,sku,quantity,expected_on,lead_days,received,probability_percent,preorder,closed,epoch,seq\n"
)
RECORDS = [
    SupplyRecord(
        supply_id="PO/1",
        kind=SupplyKind.PURCHASE_ORDER,
        node_id="n",
        sku="s",
        quantity=100,
        expected_on=date(2026, 12, 1),
        epoch=2,
        seq=3,
        received=40,
        preorder=True,
    ),
    SupplyRecord(
        supply_id="R1",
        kind=SupplyKind.CUSTOMER_RETURN,
        node_id="n",
        sku="s",
        quantity=3,
        expected_on=date(2026, 12, 2),
        epoch=0,
        seq=1,
        probability_bp=8_050,
        closed=True,
    ),
    SupplyRecord(
        supply_id="ACME",
        kind=SupplyKind.SUPPLIER_ORDERABLE,
        node_id="n",
        sku="s",
        quantity=None,
        expected_on=None,
        epoch=0,
        seq=1,
        lead_days=12,
    ),
]


def test_reads_every_kind(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text(
        f"{HEADER}PO/1,purchase_order,n,s,100,2026-12-01,,40,,true,false,2,3\n"
        "R1,customer_return,n,s,3,2026-12-02,,,80.5,,true,,1\nACME,SUPPLIER_ORDERABLE,n,s,,,12,,,,,,1\n"
    )
    assert list(read_supply(tmp_path / "f.csv")) == RECORDS


def test_reads_json_lines(tmp_path: Path) -> None:
    (tmp_path / "f.jsonl").write_text(
        '{"supply_id": "PO/1", "kind": "purchase_order", "node_id": "n", "sku": "s", "quantity": 100, '
        '"expected_on": "2026-12-01", "received": 40, "preorder": true, "epoch": 2, "seq": 3}\n'
        '{"supply_id": "R1", "kind": "customer_return", "node_id": "n", "sku": "s", "quantity": "3", '
        '"expected_on": "2026-12-02", "probability_percent": 80.5, "closed": true, "seq": 1}\n'
        '{"supply_id": "ACME", "kind": "supplier_orderable", "node_id": "n", "sku": "s", "lead_days": 12, "seq": 1}\n'
    )
    assert list(read_supply(tmp_path / "f.jsonl")) == RECORDS


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (",transfer,n,s,1,2026-12-01,,,,,,,1", "supply_id: is empty"),
        ("p,transfers,n,s,1,2026-12-01,,,,,,,1", "kind: must be one of purchase_order, transfer"),
        ("p,,n,s,1,2026-12-01,,,,,,,1", "kind: is empty"),
        ("p,transfer,a/b,s,1,2026-12-01,,,,,,,1", "node_id: must not have a slash"),
        ("p,transfer,n,,1,2026-12-01,,,,,,,1", "sku: is empty"),
        ("p,transfer,n,s,-1,2026-12-01,,,,,,,1", "quantity: must be from 0 to 1000000000"),
        ("p,transfer,n,s,,2026-12-01,,,,,,,1", "quantity: is empty; only supplier_orderable may be without a limit"),
        ("p,transfer,n,s,1,,,,,,,,1", "expected_on: is empty; transfer has it"),
        ("p,transfer,n,s,1,1 December,,,,,,,1", "expected_on: must be a date"),
        ("p,transfer,n,s,1,2026-12-01,3,,,,,,1", "lead_days: must be empty; transfer has expected_on"),
        ("p,supplier_orderable,n,s,1,,,,,,,,1", "lead_days: is empty; supplier_orderable has it"),
        (
            "p,supplier_orderable,n,s,1,2026-12-01,3,,,,,,1",
            "expected_on: must be empty; supplier_orderable has lead_days",
        ),
        ("p,supplier_orderable,n,s,1,,731,,,,,,1", "lead_days: must be from 0 to 730"),
        ("p,transfer,n,s,1,2026-12-01,,-1,,,,,1", "received: must be from 0 to"),
        ("p,transfer,n,s,1,2026-12-01,,,50,,,,1", "probability_percent: must be empty; only customer_return has it"),
        ("p,customer_return,n,s,1,2026-12-01,,,101,,,,1", "probability_percent: must be a percentage from 0 to 100"),
        ("p,transfer,n,s,1,2026-12-01,,,,yes,,,1", "preorder: must be true or false"),
        ("p,transfer,n,s,1,2026-12-01,,,,,,,0", "seq: must be from 1 to"),
        ("p,transfer,n,s,1,2026-12-01,,,,,,,", "seq: is empty"),
    ],
)
def test_refuses(faults_of, row: str, fault: str) -> None:
    (found,) = faults_of(read_supply, f"{HEADER}{row}\n")
    assert found.startswith(f"file.csv:2: {fault}")


def test_tells_all_faults_at_once(faults_of) -> None:
    rows = "p,transfer,n,s,,,,,,,,,1\np,transfer,n,s,1,2026-12-01,,,,,,,x\n"
    assert [fault.split(":")[1] for fault in faults_of(read_supply, HEADER + rows)] == ["2", "2", "3"]

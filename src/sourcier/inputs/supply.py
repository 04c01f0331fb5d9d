"""Reads dated supply from CSV or JSON lines, one record a row; docs/reference/files.md describes the columns."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from sourcier.domain.limits import LEAD_DAYS_MAX, STOCK_QUANTITY_MAX
from sourcier.domain.supply import SupplyKind, SupplyRecord
from sourcier.inputs import values
from sourcier.inputs.records import read_records
from sourcier.inputs.tables import Row

SUPPLY_COLUMNS: Final = ("supply_id", "kind", "node_id", "sku", "seq")
SUPPLY_COLUMNS_OPTIONAL: Final = (
    "quantity",
    "expected_on",
    "lead_days",
    "received",
    "probability_percent",
    "preorder",
    "closed",
    "epoch",
)
POSITION_MAX: Final = 2**62

_kind = values.word_of(SupplyKind)
_units = values.whole(0, STOCK_QUANTITY_MAX)
_probability_bp = values.scaled(2, 0, 10_000, "a percentage")


def read_supply(path: Path) -> Iterator[SupplyRecord]:
    """The records of a file in its order, one at a time; after the first fault only faults are looked for.

    Raises
    ------
    Refusal
        FIELD_INVALID with the faults of every row as ``Violation(field="file:line")``, up to FILE_FAULTS_MAX.
    """
    return read_records(path, SUPPLY_COLUMNS, SUPPLY_COLUMNS_OPTIONAL, _record)


def _record(row: Row) -> SupplyRecord:
    kind = row.value("kind", _kind, None)
    if kind is not None:
        _check_kind(row, kind)
    return SupplyRecord(
        supply_id=row.value("supply_id", values.name, ""),
        kind=kind or SupplyKind.PURCHASE_ORDER,
        node_id=row.value("node_id", values.identifier, ""),
        sku=row.value("sku", values.name, ""),
        quantity=row.optional("quantity", _units, None),
        expected_on=row.optional("expected_on", values.iso_date, None),
        epoch=row.optional("epoch", values.whole(0, POSITION_MAX), 0),
        seq=row.value("seq", values.whole(1, POSITION_MAX), 1),
        received=row.optional("received", _units, 0),
        lead_days=row.optional("lead_days", values.whole(0, LEAD_DAYS_MAX), None),
        probability_bp=row.optional("probability_percent", _probability_bp, 10_000),
        preorder=row.optional("preorder", values.truth, False),
        closed=row.optional("closed", values.truth, False),
    )


def _check_kind(row: Row, kind: SupplyKind) -> None:
    """What each kind must have and must not have."""
    orderable = kind is SupplyKind.SUPPLIER_ORDERABLE
    dated, undated = ("lead_days", "expected_on") if orderable else ("expected_on", "lead_days")
    if not row.cells[dated]:
        row.fault(f"is empty; {kind.lower()} has it", dated)
    if row.cells[undated]:
        row.fault(f"must be empty; {kind.lower()} has {dated}", undated)
    if not orderable and not row.cells["quantity"]:
        row.fault("is empty; only supplier_orderable may be without a limit", "quantity")
    if row.cells["probability_percent"] and kind is not SupplyKind.CUSTOMER_RETURN:
        row.fault("must be empty; only customer_return has it", "probability_percent")

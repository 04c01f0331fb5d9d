"""Reads stock records from CSV or JSON lines, one a row; docs/reference/files.md describes the columns."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from sourcier.domain.limits import STOCK_QUANTITY_MAX
from sourcier.domain.stock import RecordKind, StockRecord
from sourcier.inputs import values
from sourcier.inputs.records import read_records
from sourcier.inputs.tables import Row

STOCK_COLUMNS: Final = ("kind", "node_id", "sku", "quantity", "seq")
STOCK_COLUMNS_OPTIONAL: Final = ("epoch", "as_of")
SEQ_MAX: Final = 2**63 - 1

_kind = values.word_of(RecordKind)
_position = values.whole(0, SEQ_MAX)
_quantity = {
    RecordKind.COUNT: values.whole(0, STOCK_QUANTITY_MAX),
    RecordKind.DELTA: values.whole(-STOCK_QUANTITY_MAX, STOCK_QUANTITY_MAX),
}


def read_stock(path: Path) -> Iterator[StockRecord]:
    """The records of a file in its order, one at a time; after the first fault only faults are looked for.

    Raises
    ------
    Refusal
        FIELD_INVALID with the faults of every row as ``Violation(field="file:line")``, up to FILE_FAULTS_MAX.
    """
    return read_records(path, STOCK_COLUMNS, STOCK_COLUMNS_OPTIONAL, _record)


def _record(row: Row) -> StockRecord:
    kind = row.value("kind", _kind, RecordKind.DELTA)
    return StockRecord(
        kind=kind,
        node_id=row.value("node_id", values.identifier, ""),
        sku=row.value("sku", values.name, ""),
        quantity=row.value("quantity", _quantity[kind], 0),
        epoch=row.optional("epoch", _position, 0),
        seq=row.value("seq", _position, 0),
        as_of=row.optional("as_of", values.instant, None),
    )

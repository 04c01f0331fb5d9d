"""inventory.proto beside the stock use cases."""

from collections.abc import Sequence
from typing import Final

from sourcier.domain.limits import STOCK_RECORDS_PER_BATCH_MAX
from sourcier.domain.stock import RecordKind, RecordResult, StockRecord, StockRow
from sourcier.rpc.fields import Check, EnumTable, fill_instant
from sourcier.rpc.translate_feeds import parse_batch, parse_records
from sourcier.service.commands import ApplyStock
from sourcier.v1 import inventory_pb2 as pb

RECORD_KINDS: Final = EnumTable(pb.RecordKind, RecordKind, "RECORD_KIND")


def parse_apply_stock(request: pb.ApplyStockRequest) -> tuple[ApplyStock, tuple[RecordResult, ...]]:
    """The command with every record that can be said in it, and the verdicts on those that cannot.

    The ledger judges the records, and keeps those that it rejects. FIELD_INVALID is raised for faults of the batch.
    """
    key, source = parse_batch("ApplyStock", request, STOCK_RECORDS_PER_BATCH_MAX)
    records, rejected = parse_records(request.records, parse_stock_record)
    return ApplyStock(key=key, source=source, records=records), rejected


def parse_stock_record(check: Check, message: pb.StockRecord) -> StockRecord:
    """One record as its source says it, be it true or not."""
    return StockRecord(
        kind=check.member("kind", message.kind, RECORD_KINDS),
        node_id=message.node_id,
        sku=message.sku,
        quantity=message.quantity,
        epoch=message.epoch,
        seq=message.seq,
        as_of=check.instant("as_of", message.as_of) if message.HasField("as_of") else None,
    )


def fill_stock_record(message: pb.StockRecord, record: StockRecord) -> None:
    """Write one record."""
    message.kind = RECORD_KINDS.to_proto[record.kind]
    message.node_id = record.node_id
    message.sku = record.sku
    message.quantity = record.quantity
    message.epoch = record.epoch
    message.seq = record.seq
    if record.as_of is not None:
        fill_instant(message.as_of, record.as_of)


def format_stock(rows: Sequence[StockRow], next_page_token: str) -> pb.GetStockResponse:
    """One page of rows."""
    response = pb.GetStockResponse(next_page_token=next_page_token)
    for row in rows:
        response.rows.add(
            node_id=row.node_id,
            sku=row.sku,
            on_hand=row.on_hand,
            blocked=row.blocked,
            held=row.held,
            allocated=row.allocated,
            unsettled=row.unsettled,
            floors=row.floors,
            free=row.free,
        )
    return response

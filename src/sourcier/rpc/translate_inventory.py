"""inventory.proto beside the stock use cases."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from sourcier.domain.limits import STOCK_RECORDS_PER_BATCH_MAX
from sourcier.domain.stock import RecordKind, RecordResult, StockRecord, StockRecords, StockRow
from sourcier.rpc.fields import Check, EnumTable, fill_instant
from sourcier.rpc.translate_feeds import parse_batch, rejected_record
from sourcier.service.commands import ApplyStock
from sourcier.v1 import inventory_pb2 as pb

if TYPE_CHECKING:
    from datetime import datetime

RECORD_KINDS: Final = EnumTable(pb.RecordKind, RecordKind, "RECORD_KIND")


def parse_apply_stock(request: pb.ApplyStockRequest) -> tuple[ApplyStock, tuple[RecordResult, ...]]:
    """The command with every record that can be said in it, and the verdicts on those that cannot.

    The ledger judges the records, and keeps those that it rejects. FIELD_INVALID is raised for faults of the batch.
    """
    key, source = parse_batch("ApplyStock", request, STOCK_RECORDS_PER_BATCH_MAX)
    records, rejected = parse_stock_records(request.records)
    return ApplyStock(key=key, source=source, records=records), rejected


def parse_stock_records(messages: Sequence[pb.StockRecord]) -> tuple[StockRecords, tuple[RecordResult, ...]]:
    """Records as their source says them, be they true or not, and the verdicts on those that say nothing."""
    said = list(messages)  # each message once: every look at one of a repeated field makes it anew
    known = RECORD_KINDS.to_domain
    unusual = [i for i, message in enumerate(said) if message.kind not in known or message.HasField("as_of")]
    times: dict[int, datetime] = {}
    rejected = []
    for index in unusual:
        check, message = Check(), said[index]
        check.member("kind", message.kind, RECORD_KINDS)
        if message.HasField("as_of"):
            times[index] = check.instant("as_of", message.as_of)
        if check.faults:
            rejected.append(rejected_record(index, check))
    left: Sequence[int] = range(len(said))
    if rejected:
        left = sorted(set(left).difference(result.index for result in rejected))
        said = [said[index] for index in left]
    records = StockRecords(
        kinds=[known[message.kind] for message in said],
        node_ids=[message.node_id for message in said],
        skus=[message.sku for message in said],
        quantities=[message.quantity for message in said],
        epochs=[message.epoch for message in said],
        seqs=[message.seq for message in said],
        as_of=[times.get(index) for index in left],
    )
    return records, tuple(rejected)


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

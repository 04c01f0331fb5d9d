"""inventory.proto beside the stock use cases."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from sourcier.domain.limits import FILTERS_PER_REQUEST_MAX, STOCK_RECORDS_PER_BATCH_MAX
from sourcier.domain.stock import RecordKind, RecordResult, StockRecord, StockRow, Verdict
from sourcier.rpc.fields import Check, EnumTable, fill_instant
from sourcier.rpc.translate_common import request_key
from sourcier.service.commands import ApplyStock
from sourcier.v1 import inventory_pb2 as pb

RECORD_KINDS: Final = EnumTable(pb.RecordKind, RecordKind, "RECORD_KIND")
VERDICTS: Final = EnumTable(pb.Verdict, Verdict, "VERDICT")


def parse_apply_stock(request: pb.ApplyStockRequest) -> tuple[ApplyStock, tuple[RecordResult, ...]]:
    """The command with every record that can be said in it, and the verdicts on those that cannot.

    The ledger judges the records, and keeps those that it rejects. FIELD_INVALID is raised for faults of the batch.
    """
    check = Check()
    key = request_key(check, "ApplyStock", request, request.request_id)
    source = check.text("source", request.source)
    check.count("records", request.records, 1, STOCK_RECORDS_PER_BATCH_MAX)
    check.finish()
    records, rejected = [], []
    for index, message in enumerate(request.records):
        faults = Check()
        record = parse_stock_record(faults, message)
        if faults.faults:
            reason = f"{faults.faults[0].field.upper()}_INVALID"
            rejected.append(RecordResult(index=index, verdict=Verdict.REJECTED, reason=reason))
        else:
            records.append(record)
    return ApplyStock(key=key, source=source, records=tuple(records)), tuple(rejected)


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


def merge_results(results: Sequence[RecordResult], rejected: Sequence[RecordResult]) -> tuple[RecordResult, ...]:
    """The verdicts on a whole batch: `results` count only the records that are not in `rejected`."""
    if not rejected:
        return tuple(results)
    taken = {result.index for result in rejected}
    free = (index for index in range(len(results) + len(rejected)) if index not in taken)
    placed = [replace(result, index=index) for result, index in zip(results, free, strict=True)]
    return tuple(sorted([*placed, *rejected], key=lambda result: result.index))


def format_stock_answer(request_id: str, results: Sequence[RecordResult]) -> pb.ApplyStockResponse:
    """The response to one batch."""
    response = pb.ApplyStockResponse(request_id=request_id)
    for result in results:
        message = response.results.add(
            index=result.index,
            verdict=VERDICTS.to_proto[result.verdict],
            reason=result.reason,
        )
        if result.expected_seq is not None:
            message.expected_seq = result.expected_seq
    return response


def parse_get_stock(
    request: pb.GetStockRequest,
) -> tuple[tuple[str, ...], tuple[str, ...], int, str]:
    """Node ids, SKUs, page size and page token; raises FIELD_INVALID with every fault."""
    check = Check()
    node_ids = check.texts("node_ids", request.node_ids, FILTERS_PER_REQUEST_MAX)
    skus = check.texts("skus", request.skus, FILTERS_PER_REQUEST_MAX)
    page_size, page_token = check.page(request.page_size, request.page_token)
    check.finish()
    return node_ids, skus, page_size, page_token


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

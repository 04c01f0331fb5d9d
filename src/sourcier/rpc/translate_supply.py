"""The dated supply of inventory.proto, and what is at risk of it in sourcing.proto, beside the use cases."""

from collections.abc import Sequence
from typing import Final

from sourcier.domain.limits import FILTERS_PER_REQUEST_MAX, SUPPLY_RECORDS_PER_BATCH_MAX
from sourcier.domain.network_checks import WHOLE_BP
from sourcier.domain.stock import RecordResult
from sourcier.domain.supply import RiskReason, SupplyKind, SupplyRecord, SupplyRow
from sourcier.rpc.fields import Check, EnumTable, fill_day
from sourcier.rpc.translate_feeds import parse_batch, parse_records
from sourcier.rpc.translate_sourcing import fill_kept
from sourcier.service.commands import ApplySupply, AtRisk, ListPromisesAtRisk
from sourcier.v1 import inventory_pb2 as pb
from sourcier.v1 import sourcing_pb2

SUPPLY_KINDS: Final = EnumTable(pb.SupplyKind, SupplyKind, "SUPPLY_KIND")
RISK_REASONS: Final = EnumTable(sourcing_pb2.RiskReason, RiskReason, "RISK_REASON")


def parse_apply_supply(request: pb.ApplySupplyRequest) -> tuple[ApplySupply, tuple[RecordResult, ...]]:
    """The command with every record that can be said in it, and the verdicts on those that cannot.

    The ledger judges the records. FIELD_INVALID is raised for faults of the batch.
    """
    key, source = parse_batch("ApplySupply", request, SUPPLY_RECORDS_PER_BATCH_MAX)
    records, rejected = parse_records(request.records, parse_supply_record)
    return ApplySupply(key=key, source=source, records=records), rejected


def parse_supply_record(check: Check, message: pb.SupplyRecord) -> SupplyRecord:
    """One record as its source says it, be it true or not."""
    return SupplyRecord(
        supply_id=message.supply_id,
        kind=check.member("kind", message.kind, SUPPLY_KINDS),
        node_id=message.node_id,
        sku=message.sku,
        quantity=message.quantity if message.HasField("quantity") else None,
        expected_on=check.day("expected_on", message.expected_on) if message.HasField("expected_on") else None,
        epoch=message.epoch,
        seq=message.seq,
        received=message.received,
        lead_days=message.lead_days if message.HasField("lead_days") else None,
        probability_bp=message.probability_bp if message.HasField("probability_bp") else WHOLE_BP,
        preorder=message.preorder,
        closed=message.closed,
    )


def fill_supply_record(message: pb.SupplyRecord, record: SupplyRecord) -> None:
    """Write one record."""
    message.supply_id = record.supply_id
    message.kind = SUPPLY_KINDS.to_proto[record.kind]
    message.node_id = record.node_id
    message.sku = record.sku
    if record.quantity is not None:
        message.quantity = record.quantity
    if record.expected_on is not None:
        fill_day(message.expected_on, record.expected_on)
    message.epoch = record.epoch
    message.seq = record.seq
    message.received = record.received
    if record.lead_days is not None:
        message.lead_days = record.lead_days
    if record.probability_bp != WHOLE_BP:
        message.probability_bp = record.probability_bp
    message.preorder = record.preorder
    message.closed = record.closed


def format_supply(rows: Sequence[SupplyRow], next_page_token: str) -> pb.GetSupplyResponse:
    """One page of rows."""
    response = pb.GetSupplyResponse(next_page_token=next_page_token)
    for row in rows:
        message = response.rows.add(
            supply_id=row.supply_id,
            kind=SUPPLY_KINDS.to_proto[row.kind],
            node_id=row.node_id,
            sku=row.sku,
            usable=row.usable,
            held=row.held,
            allocated=row.allocated,
            free=row.free,
            lead_days=row.lead_days,
            preorder=row.preorder,
        )
        if row.expected_on is not None:
            fill_day(message.expected_on, row.expected_on)
    return response


def parse_list_promises_at_risk(request: sourcing_pb2.ListPromisesAtRiskRequest) -> ListPromisesAtRisk:
    """The query in a request; raises FIELD_INVALID with every fault."""
    check = Check()
    page_size, page_token = check.page(request.page_size, request.page_token)
    query = ListPromisesAtRisk(
        page_size=page_size,
        page_token=page_token,
        node_ids=check.texts("node_ids", request.node_ids, FILTERS_PER_REQUEST_MAX),
        skus=check.texts("skus", request.skus, FILTERS_PER_REQUEST_MAX),
        supply_ids=check.texts("supply_ids", request.supply_ids, FILTERS_PER_REQUEST_MAX),
    )
    check.finish()
    return query


def format_promises_at_risk(entries: Sequence[AtRisk], next_page_token: str) -> sourcing_pb2.ListPromisesAtRiskResponse:
    """One page of entries."""
    response = sourcing_pb2.ListPromisesAtRiskResponse(next_page_token=next_page_token)
    for entry in entries:
        risk = entry.risk
        message = response.promises.add(
            reservation=f"{'allocations' if risk.order_id else 'holds'}/{risk.reservation_id}",
            order_id=risk.order_id,
            priority=risk.priority,
            line_id=risk.line_id,
            sku=risk.sku,
            node_id=risk.node_id,
            supply_id=risk.supply_id,
            quantity=risk.quantity,
            short=risk.short,
            reason=RISK_REASONS.to_proto[risk.reason],
        )
        if risk.ship_day is not None:
            fill_day(message.ship_day, risk.ship_day)
        if risk.ready_on is not None:
            fill_day(message.ready_on, risk.ready_on)
        if entry.kept is not None:
            fill_kept(message.kept, entry.kept, entry.currency_code)
    return response

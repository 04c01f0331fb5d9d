"""One record of dated supply by itself: what makes it impossible to apply, and how it is kept then."""

from sourcier.domain.limits import LEAD_DAYS_MAX, STOCK_QUANTITY_MAX
from sourcier.domain.supply import SupplyKind, SupplyRecord
from sourcier.ledger.feed_records import NUMBER_MAX, bury_payload, is_id, printable
from sourcier.ledger.store import Tx


def fault(record: SupplyRecord) -> str:
    """Why this record can never be applied, as a word for machines; empty when it can."""
    orderable = record.kind is SupplyKind.SUPPLIER_ORDERABLE
    sure = record.probability_bp == 10_000
    checks = (
        ("SUPPLY_ID_INVALID", is_id(record.supply_id)),
        ("NODE_ID_INVALID", is_id(record.node_id)),
        ("SKU_INVALID", is_id(record.sku)),
        ("QUANTITY_MISSING", record.quantity is not None or orderable),
        ("QUANTITY_OUT_OF_RANGE", record.quantity is None or 0 <= record.quantity <= STOCK_QUANTITY_MAX),
        ("RECEIVED_OUT_OF_RANGE", 0 <= record.received <= STOCK_QUANTITY_MAX),
        ("EXPECTED_ON_INVALID", (record.expected_on is None) == orderable),
        ("LEAD_DAYS_INVALID", (record.lead_days is not None) == orderable),
        ("LEAD_DAYS_OUT_OF_RANGE", record.lead_days is None or 0 <= record.lead_days <= LEAD_DAYS_MAX),
        ("PROBABILITY_OUT_OF_RANGE", 0 <= record.probability_bp <= 10_000),
        ("PROBABILITY_NOT_ALLOWED", sure or record.kind is SupplyKind.CUSTOMER_RETURN),
        ("EPOCH_OUT_OF_RANGE", 0 <= record.epoch <= NUMBER_MAX),
        ("SEQ_OUT_OF_RANGE", 1 <= record.seq <= NUMBER_MAX),
    )
    return next((reason for reason, holds in checks if not holds), "")


def bury(tx: Tx, source: str, record: SupplyRecord, reason: str) -> None:
    """Keep a rejected record for people to look at; the same one again changes nothing."""
    payload = {
        "supply_id": printable(record.supply_id),
        "kind": record.kind,
        "node_id": printable(record.node_id),
        "sku": printable(record.sku),
        "quantity": str(record.quantity),
        "received": str(record.received),
        "expected_on": None if record.expected_on is None else record.expected_on.isoformat(),
        "lead_days": str(record.lead_days),
        "probability_bp": str(record.probability_bp),
        "preorder": record.preorder,
        "closed": record.closed,
        "epoch": str(record.epoch),
        "seq": str(record.seq),
    }
    bury_payload(tx, source, record, reason, kind="SUPPLY", supply_id=record.supply_id, payload=payload)

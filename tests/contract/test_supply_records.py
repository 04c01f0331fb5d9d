"""What makes a record of dated supply impossible to apply."""

from datetime import date
from typing import Any

import pytest
from tests.contract.bench import supply

from sourcier.domain.supply import SupplyKind
from sourcier.ledger.feed_records import NUMBER_MAX
from sourcier.ledger.supply_records import fault

ORDERABLE = {"kind": SupplyKind.SUPPLIER_ORDERABLE, "expected_on": None, "lead_days": 3}
RETURN = {"kind": SupplyKind.CUSTOMER_RETURN}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, ""),
        (ORDERABLE, ""),
        ({**ORDERABLE, "quantity": None}, ""),
        ({**RETURN, "probability_bp": 0}, ""),
        ({"received": 9, "closed": True}, ""),
        ({"supply_id": ""}, "SUPPLY_ID_INVALID"),
        ({"supply_id": "x" * 129}, "SUPPLY_ID_INVALID"),
        ({"node_id": "n\n"}, "NODE_ID_INVALID"),
        ({"sku": "\ud800"}, "SKU_INVALID"),
        ({"quantity": None}, "QUANTITY_MISSING"),
        ({"quantity": -1}, "QUANTITY_OUT_OF_RANGE"),
        ({"quantity": 10**9 + 1}, "QUANTITY_OUT_OF_RANGE"),
        ({"received": -1}, "RECEIVED_OUT_OF_RANGE"),
        ({"expected_on": None}, "EXPECTED_ON_INVALID"),
        ({**ORDERABLE, "expected_on": date(2026, 12, 1)}, "EXPECTED_ON_INVALID"),
        ({"lead_days": 3}, "LEAD_DAYS_INVALID"),
        ({**ORDERABLE, "lead_days": None}, "LEAD_DAYS_INVALID"),
        ({**ORDERABLE, "lead_days": -1}, "LEAD_DAYS_OUT_OF_RANGE"),
        ({**RETURN, "probability_bp": 10_001}, "PROBABILITY_OUT_OF_RANGE"),
        ({"probability_bp": 5_000}, "PROBABILITY_NOT_ALLOWED"),
        ({"epoch": -1}, "EPOCH_OUT_OF_RANGE"),
        ({"seq": 0}, "SEQ_OUT_OF_RANGE"),
        ({"seq": NUMBER_MAX + 1}, "SEQ_OUT_OF_RANGE"),
    ],
)
def test_a_record_by_itself(changes: dict[str, Any], reason: str) -> None:
    values: dict[str, Any] = {"node_id": "n1", "sku": "a", "quantity": 5, "supply_id": "po", "seq": 1}
    assert fault(supply(**{**values, **changes})) == reason

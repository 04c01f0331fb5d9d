"""Batches of dated supply, supply rows, and promises at risk."""

from datetime import date
from typing import Any

import pytest
from google.type.date_pb2 import Date
from tests.rpc import messages
from tests.rpc.spoil import FILTERS_REFUSED, assign, faults_of

from sourcier.domain.network import Method
from sourcier.domain.promise import Kept
from sourcier.domain.stock import RecordResult, Verdict
from sourcier.domain.supply import PromiseAtRisk, RiskReason, SupplyKind, SupplyRecord, SupplyRow
from sourcier.rpc import translate_supply as supply
from sourcier.rpc.fields import Check
from sourcier.service.commands import AtRisk, ListPromisesAtRisk
from sourcier.v1 import common_pb2
from sourcier.v1 import inventory_pb2 as pb

DAY = date(2026, 11, 30)


def said(**other: Any) -> SupplyRecord:
    values = {
        "supply_id": "po-1",
        "kind": SupplyKind.PURCHASE_ORDER,
        "node_id": "near",
        "sku": "tea",
        "quantity": 40,
        "expected_on": DAY,
        "epoch": 0,
        "seq": 1,
    }
    return SupplyRecord(**values | other)


RECORDS = [
    said(),
    *(said(kind=kind) for kind in SupplyKind),
    said(kind=SupplyKind.SUPPLIER_ORDERABLE, quantity=None, expected_on=None, lead_days=0),
    said(kind=SupplyKind.CUSTOMER_RETURN, probability_bp=0, received=3, preorder=True, closed=True),
    said(quantity=0, epoch=2**63 - 1, seq=-1, received=-1, lead_days=-1, probability_bp=-1),  # the ledger judges
]


@pytest.mark.parametrize("record", RECORDS)
def test_records_go_there_and_back(record: SupplyRecord) -> None:
    message = pb.SupplyRecord()
    supply.fill_supply_record(message, record)
    check = Check()
    assert supply.parse_supply_record(check, pb.SupplyRecord.FromString(message.SerializeToString())) == record
    assert not check.faults


def test_a_batch_becomes_one_command() -> None:
    request = messages.supply(messages.supply_record(seq=1), messages.supply_record(seq=2))
    command, rejected = supply.parse_apply_supply(request)
    assert (command.source, command.key.method, len(command.records), rejected) == ("erp", "ApplySupply", 2, ())


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("kind", 0, "KIND_INVALID"),
        ("kind", 5, "KIND_INVALID"),
        ("expected_on", Date(), "EXPECTED_ON_INVALID"),
        ("expected_on", Date(year=2026, month=2, day=29), "EXPECTED_ON_INVALID"),
    ],
)
def test_a_record_that_says_nothing_sensible_is_rejected_alone(path: str, value: object, reason: str) -> None:
    request = messages.supply(messages.supply_record(), messages.supply_record(), messages.supply_record())
    assign(f"records[1].{path}", value)(request)
    command, rejected = supply.parse_apply_supply(request)
    assert len(command.records) == 2
    assert rejected == (RecordResult(index=1, verdict=Verdict.REJECTED, reason=reason),)


def test_rows_are_told_whole() -> None:
    dated = SupplyRow(
        supply_id="po-1",
        kind=SupplyKind.TRANSFER,
        node_id="near",
        sku="tea",
        usable=5,
        held=4,
        allocated=3,
        expected_on=DAY,
        preorder=True,
    )
    orderable = SupplyRow(
        supply_id="s-1", kind=SupplyKind.SUPPLIER_ORDERABLE, node_id="near", sku="tea", usable=2**53, lead_days=0
    )
    response = supply.format_supply([dated, orderable], "more")
    assert response.next_page_token == "more"
    first, second = response.rows
    assert (first.supply_id, first.kind, first.node_id, first.sku) == ("po-1", pb.SUPPLY_KIND_TRANSFER, "near", "tea")
    assert (first.usable, first.held, first.allocated, first.free, first.preorder) == (5, 4, 3, -2, True)
    assert (first.expected_on.day, first.HasField("lead_days")) == (30, False)
    assert (second.usable, second.HasField("expected_on")) == (2**53, False)
    assert (second.HasField("lead_days"), second.lead_days) == (True, 0)


def test_promises_at_risk_are_filtered_and_paged() -> None:
    assert supply.parse_list_promises_at_risk(messages.list_promises_at_risk()) == ListPromisesAtRisk(
        page_size=10, node_ids=("near",), skus=("tea",), supply_ids=("po-1",)
    )


@pytest.mark.parametrize(("path", "value", "field"), FILTERS_REFUSED)
def test_spoilt_lists_are_refused_for_the_field(path: str, value: object, field: str) -> None:
    request = messages.list_promises_at_risk()
    assign(path, value)(request)
    assert list(faults_of(lambda: supply.parse_list_promises_at_risk(request))) == [field]


@pytest.mark.parametrize("value", [["a", "a"], ["\0"], [str(i) for i in range(101)]])
def test_supplies_that_are_asked_for_are_checked(value: list[str]) -> None:
    request = messages.list_promises_at_risk()
    request.supply_ids[:] = value
    (field,) = faults_of(lambda: supply.parse_list_promises_at_risk(request))
    assert field.startswith("supply_ids")


def risk(**other: Any) -> PromiseAtRisk:
    values = {
        "reservation_id": "a1",
        "order_id": "order-1",
        "priority": 7,
        "line_id": "1",
        "sku": "tea",
        "node_id": "near",
        "supply_id": "po-1",
        "quantity": 5,
        "short": 2,
        "ship_day": DAY,
        "ready_on": date(2026, 12, 2),
        "reason": RiskReason.LATE,
    }
    return PromiseAtRisk(**values | other)


def test_what_is_at_risk_is_told_whole() -> None:
    kept = Kept(
        method=Method.EXPRESS, earliest=DAY, latest=DAY, time_zone="Europe/Berlin", fee_micros=4_900_000, late_days=0
    )
    held = risk(order_id="", supply_id="", ship_day=None, ready_on=None, reason=RiskReason.STOCK)
    entries = [AtRisk(risk=risk(), kept=kept, currency_code="EUR"), AtRisk(risk=held)]
    response = supply.format_promises_at_risk(entries, "more")
    assert response.next_page_token == "more"
    first, second = response.promises
    assert (first.reservation, first.order_id, first.priority) == ("allocations/a1", "order-1", 7)
    assert (first.line_id, first.sku, first.node_id, first.supply_id) == ("1", "tea", "near", "po-1")
    assert (first.quantity, first.short, first.ship_day.day, first.ready_on.day) == (5, 2, 30, 2)
    assert (first.kept.method, first.kept.fee) == (common_pb2.METHOD_EXPRESS, messages.euros(4, 900_000_000))
    assert (second.reservation, second.order_id, second.supply_id) == ("holds/a1", "", "")
    assert [second.HasField(name) for name in ("ship_day", "ready_on", "kept")] == [False] * 3


@pytest.mark.parametrize("reason", RiskReason)
def test_every_reason_can_be_told(reason: RiskReason) -> None:
    (entry,) = supply.format_promises_at_risk([AtRisk(risk=risk(reason=reason))], "").promises
    assert supply.RISK_REASONS.to_domain[entry.reason] is reason

"""Dated supply: when it can be picked and how much of it a channel may peg."""

from datetime import date

import pytest

from sourcier.domain.supply import SupplyKind, SupplyRecord, SupplyRow

ORDER_DAY = date(2026, 11, 20)


def row(usable: int = 10, held: int = 0, allocated: int = 0, **changes: object) -> SupplyRow:
    given: dict[str, object] = {"expected_on": date(2026, 12, 1), **changes}
    return SupplyRow(
        supply_id="po-1",
        kind=SupplyKind.PURCHASE_ORDER,
        node_id="n",
        sku="s",
        usable=usable,
        held=held,
        allocated=allocated,
        **given,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"expected_on": date(2026, 12, 1)}, date(2026, 12, 1)),
        ({"expected_on": date(2026, 11, 20)}, date(2026, 11, 21)),
        ({"expected_on": date(2026, 11, 3)}, date(2026, 11, 21)),
        ({"expected_on": None, "lead_days": 5}, date(2026, 11, 25)),
        ({"expected_on": None, "lead_days": 0}, ORDER_DAY),
    ],
    ids=["to come", "today", "overdue", "to order", "at once"],
)
def test_when_it_can_be_picked(changes: dict[str, object], expected: date) -> None:
    assert row(**changes).ready_on(ORDER_DAY) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("stock_free", "floor", "expected"),
    [(0, 0, 7), (5, 5, 7), (9, 5, 7), (3, 5, 5), (0, 5, 2), (-4, 5, 2), (0, 50, 0)],
)
def test_protection_that_stock_does_not_cover_is_kept_back(stock_free: int, floor: int, expected: int) -> None:
    assert row(usable=10, held=1, allocated=2).available(stock_free, floor) == expected


def test_a_cut_supply_has_nothing_left() -> None:
    cut = row(usable=2, allocated=5)
    assert (cut.free, cut.available(0, 0)) == (-3, 0)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, 10),
        ({"received": 4}, 6),
        ({"received": 12}, 0),
        ({"closed": True}, 0),
        ({"probability_bp": 3_500}, 3),
        ({"probability_bp": 3_500, "received": 7}, 1),
        ({"quantity": None, "lead_days": 3, "expected_on": None}, 2**53),
        ({"quantity": None, "closed": True}, 0),
    ],
    ids=["announced", "in part", "more than announced", "closed", "returns", "rest of returns", "any", "no more"],
)
def test_what_can_be_counted_on(changes: dict[str, object], expected: int) -> None:
    given: dict[str, object] = {"quantity": 10, "expected_on": ORDER_DAY, **changes}
    record = SupplyRecord(
        supply_id="po-1",
        kind=SupplyKind.CUSTOMER_RETURN,
        node_id="n",
        sku="s",
        epoch=0,
        seq=1,
        **given,  # type: ignore[arg-type]
    )
    assert record.usable == expected

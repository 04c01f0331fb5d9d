"""Dated supply as arrays: absolute rows, the day from which units can be picked, what protection leaves of them."""

from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sourcier.domain.supply import SupplyKind, SupplyRow
from sourcier.engine.supply import NO_LEAD, SupplyBook

MONDAY = date(2026, 3, 2)
NODES = {"a": 0, "b": 1}


def row(supply_id: str = "po-1", node_id: str = "a", sku: str = "x", **changes: Any) -> SupplyRow:
    ordinary: dict[str, Any] = {"kind": SupplyKind.PURCHASE_ORDER, "usable": 10, "expected_on": MONDAY}
    return SupplyRow(supply_id=supply_id, node_id=node_id, sku=sku, **{**ordinary, **changes})


@pytest.fixture
def book() -> SupplyBook:
    return SupplyBook(NODES)


def test_what_was_never_announced_is_not_there(book: SupplyBook) -> None:
    found = book.of(("x", "y"))
    assert found.rows == ()
    assert found.available(np.zeros((2, 2), dtype=np.int64), np.zeros(2, dtype=np.int64)).tolist() == []
    assert found.ready(np.zeros(2, dtype=np.int64)).tolist() == []


def test_rows_are_absolute_and_stand_by_sku_node_and_supply(book: SupplyBook) -> None:
    book.put([row("po-2", "b"), row("po-9"), row("po-1", sku="y", usable=3), row("po-3", "elsewhere")])
    book.put([row("po-9", usable=4, held=1, allocated=1)])
    found = book.of(("y", "x"))
    assert [r.supply_id for r in found.rows] == ["po-1", "po-9", "po-2"]
    assert (found.sku.tolist(), found.node.tolist(), found.free.tolist()) == ([0, 1, 1], [0, 0, 1], [3, 2, 10])


def test_a_sku_asked_for_twice_has_its_rows_twice(book: SupplyBook) -> None:
    book.put([row(), row(node_id="b")])
    found = book.of(("x", "z", "x"))
    assert (found.sku.tolist(), found.node.tolist()) == ([0, 0, 2, 2], [0, 1, 0, 1])


def test_a_row_stays_as_long_as_units_are_pegged_to_it(book: SupplyBook) -> None:
    book.put([row()])
    book.put([row(usable=0, allocated=3)])
    assert book.of(("x",)).free.tolist() == [-3]
    book.put([row(usable=0)])
    assert book.of(("x",)).rows == ()


def test_what_was_read_does_not_change_with_the_book(book: SupplyBook) -> None:
    book.put([row()])
    before = book.of(("x",))
    book.put([row(usable=1), row("po-2")])
    assert before.free.tolist() == [10]
    assert book.of(("x",)).free.tolist() == [1, 10]


def test_a_supply_is_ready_on_its_day_after_its_lead_time_or_tomorrow_when_overdue(book: SupplyBook) -> None:
    book.put(
        [
            row("1", expected_on=date(2026, 3, 9)),
            row("2", expected_on=date(2026, 2, 1)),
            row("3", expected_on=None, lead_days=5),
            row("4", "b", expected_on=None, lead_days=0),
        ]
    )
    found = book.of(("x",))
    order_day = np.array([MONDAY.toordinal(), MONDAY.toordinal() + 1])
    assert [date.fromordinal(d).day for d in found.ready(order_day)] == [9, 3, 7, 3]
    assert found.lead.tolist() == [NO_LEAD, NO_LEAD, 5, 0]


@given(
    usable=st.integers(-2, 9),
    pegged=st.integers(0, 9),
    stock_free=st.integers(-4, 9),
    floor=st.integers(0, 6),
    lead=st.none() | st.integers(0, 9),
    order_day=st.integers(-20, 20),
)
def test_the_arrays_say_what_a_row_says(
    usable: int, pegged: int, stock_free: int, floor: int, lead: int | None, order_day: int
) -> None:
    one = row(usable=usable, held=pegged, lead_days=lead, expected_on=None if lead is not None else MONDAY)
    book = SupplyBook(NODES)
    book.put([one])
    found = book.of(("x",))
    if found.rows:
        ordered = date.fromordinal(MONDAY.toordinal() + order_day)
        assert found.ready(np.array([ordered.toordinal(), 1])).tolist() == [one.ready_on(ordered).toordinal()]
        available = found.available(np.array([[stock_free, 0]]), np.array([floor, 0]))
        assert available.tolist() == [one.available(stock_free, floor)]

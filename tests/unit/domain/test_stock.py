"""Stock rows: what is free, and what a channel may still take."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sourcier.domain.limits import PROTECTION_CLASSES_MAX
from sourcier.domain.stock import (
    BatchAnswer,
    RecordKind,
    RecordResult,
    StockRecord,
    StockRecords,
    StockRow,
    Verdict,
)

UNITS = st.integers(0, 1_000)


@pytest.mark.parametrize("column", ["blocked", "held", "allocated", "unsettled"])
def test_every_column_takes_from_what_is_free(column: str) -> None:
    assert StockRow(node_id="n", sku="a", on_hand=10, **{column: 3}).free == 7


@pytest.mark.parametrize(("channel_class", "expected"), [(0, 8), (1, 5), (2, 0)])
def test_protection_is_taken_off_per_channel_class(channel_class: int, expected: int) -> None:
    row = StockRow(node_id="n", sku="a", on_hand=9, held=1, floors=(0, 3, 20))
    assert row.available(channel_class) == expected


def test_reality_may_fall_below_what_was_promised() -> None:
    row = StockRow(node_id="n", sku="a", on_hand=2, allocated=5)
    assert row.free == -3
    assert row.available(0) == 0


def test_a_row_has_a_floor_for_every_channel_class() -> None:
    assert len(StockRow(node_id="n", sku="a", on_hand=0).floors) == PROTECTION_CLASSES_MAX


@given(on_hand=UNITS, held=UNITS, allocated=UNITS, floors=st.lists(UNITS, min_size=3, max_size=3).map(sorted))
def test_a_more_protected_class_never_sees_more(on_hand: int, held: int, allocated: int, floors: list[int]) -> None:
    row = StockRow(
        node_id="n", sku="a", on_hand=on_hand, held=held, allocated=allocated, floors=(floors[0], floors[1], floors[2])
    )
    seen = [row.available(c) for c in range(3)]
    assert seen == sorted(seen, reverse=True)
    assert all(units == 0 or units + floor == row.free for units, floor in zip(seen, floors, strict=True))


def test_records_come_out_of_their_columns_as_they_went_in() -> None:
    records = [
        StockRecord(kind=kind, node_id=f"n{number}", sku="s", quantity=number, epoch=1, seq=number)
        for number, kind in enumerate(RecordKind)
    ]
    columns = StockRecords.of(records)
    assert [columns[index] for index in range(len(columns))] == records


def test_an_answer_names_only_what_was_not_simply_applied() -> None:
    stale = RecordResult(index=1, verdict=Verdict.STALE)
    applied = tuple(RecordResult(index=index, verdict=Verdict.APPLIED) for index in (0, 2))
    assert BatchAnswer(results=(stale,), num_records=3).each() == (applied[0], stale, applied[1])
    assert BatchAnswer(results=(applied[0], stale)).each() == (applied[0], stale)

"""One record by itself: what can never be applied, and what is kept of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.contract.bench import Bench, record

from sourcier.domain.stock import RecordKind, StockRecord, StockRecords
from sourcier.ledger.feed_records import bury, dead_letters, fault, faults, micros

NOW = micros(datetime(2026, 11, 21, 12, tzinfo=UTC))


def test_good_records_have_no_fault() -> None:
    assert fault(record(RecordKind.COUNT, "n", "s" * 128, 0, 1), NOW) == ""
    assert fault(record(RecordKind.DELTA, "n", "ä-1", -5, 2**62), NOW) == ""
    soon = datetime(2026, 11, 21, 12, 4, tzinfo=UTC)
    assert fault(record(RecordKind.COUNT, "n", "s", 0, 1, as_of=soon), NOW) == ""


def test_instants_are_exact_in_any_zone() -> None:
    east = timezone(timedelta(hours=5, minutes=30))
    assert micros(datetime(2026, 11, 21, 17, 30, 0, 1, tzinfo=east)) == NOW + 1


records = st.builds(
    StockRecord,
    kind=st.sampled_from(RecordKind),
    node_id=st.text(max_size=200),
    sku=st.text(max_size=200),
    quantity=st.integers(),
    epoch=st.integers(),
    seq=st.integers(),
    as_of=st.none() | st.datetimes(timezones=st.just(UTC)),
)


@given(records)
def test_any_record_has_a_verdict(drawn: StockRecord) -> None:
    assert isinstance(fault(drawn, NOW), str)


@given(st.lists(records, max_size=4), st.data())
def test_whole_columns_hide_no_fault(drawn: list[StockRecord], data: st.DataObject) -> None:
    """Batches are good but for a few records, and those have one bad value or several."""
    batch = [record(RecordKind.DELTA, "n", f"s{number}", number, 1) for number in range(3)]
    for bad in drawn:
        spoilt = data.draw(st.sampled_from(["node_id", "sku", "quantity", "epoch", "seq", "as_of", "kind"]))
        batch.append(replace(batch[0], **{spoilt: getattr(bad, spoilt)}))
        batch.append(bad)
    found = {index: fault(each, NOW) for index, each in enumerate(batch)}
    assert faults(StockRecords.of(batch), NOW) == {index: why for index, why in found.items() if why}


@pytest.mark.parametrize("text", ["\x00", "\ud800", "x" * 5_000, "\u2028\x1b[31m", "ünï"])
def test_any_text_can_be_buried_once(bench: Bench, text: str) -> None:
    bad = record(RecordKind.COUNT, "n1", text, 10**30, -(10**30), epoch=10**30)
    for _ in range(2):
        bench.write(bury, "erp", bad, "WHY")
    (letter,) = bench.read(dead_letters)
    assert (letter.reason, letter.source, letter.node_id, letter.kind) == ("WHY", "erp", "n1", "COUNT")
    assert letter.sku.isprintable()
    assert b"1000000000000000000000000000000" in letter.payload
    assert bench.read(dead_letters, after=letter.seq) == []

"""Feeds: duplicates and disorder do no harm, a bad record stops nobody, shipped units wait for a later count."""

import itertools
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from tests.contract.bench import Bench, record

from sourcier.domain.stock import RecordKind, RecordResult, StockRecord, Verdict
from sourcier.ledger import feed_records, settle
from sourcier.ledger.commands import Reserved, Short
from sourcier.ledger.dialect import query

JOURNAL = query("SELECT cause, d_on_hand, avail_after FROM journal ORDER BY seq")
COUNT, DELTA = RecordKind.COUNT, RecordKind.DELTA
APPLIED, STALE, GAP, REJECTED = Verdict.APPLIED, Verdict.STALE, Verdict.GAP, Verdict.REJECTED


def verdicts(results: Sequence[RecordResult]) -> list[Verdict]:
    return [result.verdict for result in results]


def test_the_newest_count_wins_whatever_the_order(bench: Bench) -> None:
    results = bench.feed(
        record(COUNT, "n1", "a", 8, 2),
        record(COUNT, "n1", "a", 5, 1),
        record(COUNT, "n1", "a", 8, 2),
        record(COUNT, "n1", "a", 9, 1, epoch=1),
        record(COUNT, "n1", "a", 7, 99),
    )
    assert verdicts(results) == [APPLIED, STALE, STALE, APPLIED, STALE]
    assert bench.row("n1", "a").on_hand == 9
    assert verdicts(bench.feed(record(COUNT, "n1", "a", 4, 1), source="other")) == [APPLIED]


def test_deltas_apply_in_order_and_once(bench: Bench) -> None:
    results = bench.feed(
        record(DELTA, "n1", "a", 5, 1),
        record(DELTA, "n1", "b", -2, 2),
        record(DELTA, "n1", "a", 5, 1),
        record(DELTA, "n1", "a", 7, 4),
        record(DELTA, "n2", "a", 7, 2),
        record(DELTA, "n1", "a", 1, 3),
        record(DELTA, "n1", "a", 7, 4),
    )
    assert verdicts(results) == [APPLIED, APPLIED, STALE, GAP, GAP, APPLIED, APPLIED]
    assert [result.expected_seq for result in results if result.verdict is GAP] == [3, 1]
    assert (bench.row("n1", "a").on_hand, bench.row("n1", "b").on_hand) == (13, -2)


def test_a_new_epoch_starts_over_and_the_old_one_is_stale(bench: Bench) -> None:
    bench.feed(record(DELTA, "n1", "a", 5, 1), record(DELTA, "n1", "a", 5, 2))
    results = bench.feed(
        record(DELTA, "n1", "a", 1, 2, epoch=1),
        record(DELTA, "n1", "a", 1, 1, epoch=1),
        record(DELTA, "n1", "a", 1, 3),
        record(DELTA, "n1", "a", 1, 2, epoch=1),
    )
    assert verdicts(results) == [GAP, APPLIED, STALE, APPLIED]
    assert results[0].expected_seq == 1
    assert bench.row("n1", "a").on_hand == 12


def test_a_bad_record_stops_nobody_and_is_buried_once(bench: Bench) -> None:
    """D2: every kind of poison among good records."""
    future = bench.now() + timedelta(hours=1)
    poison = {
        "NODE_UNKNOWN": record(COUNT, "nowhere", "a", 1, 1),
        "NODE_ID_INVALID": record(COUNT, "", "a", 1, 1),
        "SKU_INVALID": record(COUNT, "n1", "a\x00b", 1, 1),
        "QUANTITY_OUT_OF_RANGE": record(COUNT, "n1", "x", -1, 1),
        "EPOCH_OUT_OF_RANGE": record(COUNT, "n1", "x", 1, 1, epoch=-1),
        "SEQ_OUT_OF_RANGE": record(COUNT, "n1", "x", 1, 2**63),
        "AS_OF_IN_THE_FUTURE": record(COUNT, "n1", "y", 1, 1, as_of=future),
        "AS_OF_WITHOUT_ZONE": record(COUNT, "n1", "z", 1, 1, as_of=datetime(2026, 1, 1)),
    }
    more = {
        "SKU_INVALID": [record(COUNT, "n1", sku, 1, 1) for sku in ("", "x" * 129, "\ud800", "ü" * 65)],
        "QUANTITY_OUT_OF_RANGE": [record(DELTA, "n1", "x", 2**63, 1), record(COUNT, "n2", "x", 10**10, 1)],
    }
    records: list[StockRecord] = []
    expected: list[str] = []
    for number, (reason, bad) in enumerate(poison.items()):
        records += [bad, record(COUNT, "n1", f"good{number}", 3, 1)]
        expected += [reason, ""]
    for reason, bads in more.items():
        records += bads
        expected += [reason] * len(bads)
    for attempt in (1, 2):
        results = bench.feed(*records)
        assert [result.reason for result in results] == expected
        good = [result.verdict for result in results if not result.reason]
        assert good == [APPLIED if attempt == 1 else STALE] * len(poison)
    letters = bench.read(feed_records.dead_letters)
    assert sorted(letter.reason for letter in letters) == sorted(reason for reason in expected if reason)
    assert bench.row("n1", "good0").on_hand == 3


def test_a_rejected_delta_holds_up_its_own_node_only(bench: Bench) -> None:
    results = bench.feed(record(DELTA, "n1", "", 1, 1), record(DELTA, "n1", "a", 1, 2), record(DELTA, "n2", "a", 1, 1))
    assert verdicts(results) == [REJECTED, GAP, APPLIED]
    assert verdicts(bench.feed(record(DELTA, "n1", "a", 1, 1), record(DELTA, "n1", "a", 1, 2))) == [APPLIED, APPLIED]


def test_a_node_that_left_the_network_is_unknown(bench: Bench) -> None:
    bench.count("n2", "a", 3)
    bench.apply_network(nodes={"n1": "STORE"})
    (result,) = bench.feed(record(COUNT, "n2", "a", 4, 999))
    assert (result.verdict, result.reason) == (REJECTED, "NODE_UNKNOWN")
    assert bench.row("n2", "a").on_hand == 3


def test_counts_and_deltas_of_one_row_in_one_batch_take_effect_in_their_order(bench: Bench) -> None:
    bench.feed(record(COUNT, "n1", "a", 50, 5), record(DELTA, "n1", "b", 7, 1))
    results = bench.feed(
        record(DELTA, "n1", "a", 9, 2),
        record(COUNT, "n1", "a", 20, 6),
        record(DELTA, "n1", "a", -3, 3),
        record(COUNT, "n1", "a", 90, 6),
        record(DELTA, "n1", "b", 1, 4),
        record(COUNT, "n1", "a", 90, 4),
        record(DELTA, "n1", "b", 1, 5),
        record(DELTA, "n1", "c", 0, 6),
    )
    assert verdicts(results) == [APPLIED, APPLIED, APPLIED, STALE, APPLIED, STALE, APPLIED, APPLIED]
    assert [bench.row("n1", sku).on_hand for sku in "abc"] == [17, 9, 0]
    entries = bench.read(lambda tx: tx.ask(JOURNAL))
    assert [tuple(entry) for entry in entries] == [
        ("COUNT", 50, 50),
        ("DELTA", 7, 7),
        ("COUNT", -33, 17),
        ("DELTA", 2, 9),
        ("DELTA", 0, 0),
    ]


def test_a_count_that_changes_nothing_is_not_journalled(bench: Bench) -> None:
    bench.count("n1", "a", 0)
    bench.count("n1", "a", 0)
    bench.count("n1", "a", 4)
    entries = bench.read(lambda tx: tx.ask(JOURNAL))
    assert [(cause, delta, after) for cause, delta, after in entries] == [("COUNT", 0, 0), ("COUNT", 4, 4)]


def test_a_count_takes_doubt_away(bench: Bench) -> None:
    """Blocked units are unblocked by the next count."""
    bench.count("n1", "a", 5)
    bench.execute("UPDATE stock SET blocked = 2 WHERE sku = 'a'")
    bench.execute(
        "INSERT INTO journal (at, actor, cause, ref, node_id, sku, d_blocked, avail_after, rule_set_revision) "
        "VALUES (1, '', 'FAIL', '', 'n1', 'a', 2, 3, '')"
    )
    bench.count("n1", "a", 4)
    row = bench.row("n1", "a")
    assert (row.on_hand, row.blocked, row.free) == (4, 0, 4)


def test_a_count_below_what_is_promised_is_kept_and_stops_new_promises(bench: Bench) -> None:
    """D5: reality wins; the row is short, and nothing more can be taken."""
    bench.count("n1", "a", 5)
    bench.allocate(("n1", "a", 4))
    bench.count("n1", "a", 1)
    row = bench.row("n1", "a")
    assert (row.on_hand, row.allocated, row.free, row.available(0)) == (1, 4, -3, 0)
    assert isinstance(bench.hold(("n1", "a", 1)), Short)
    bench.count("n1", "a", 5)
    assert isinstance(bench.hold(("n1", "a", 1)), Reserved)


ORDERS = [
    order
    for order in itertools.permutations(["allocate", "ship", "take count", "count arrives"])
    if order.index("allocate") < order.index("ship") and order.index("take count") < order.index("count arrives")
]


@pytest.mark.parametrize("order", ORDERS)
def test_shipped_units_wait_for_a_count_taken_later(bench: Bench, order: tuple[str, ...]) -> None:
    """D4: in every possible order the ledger never shows more than the true shelf, and agrees after a last count."""
    bench.count("n1", "a", 10)
    shelf, taken, as_of = 10, 0, bench.now()
    for step in order:
        bench.pass_time(60)
        if step == "allocate":
            bench.allocate(("n1", "a", 3), reservation_id="r")
        elif step == "ship":
            bench.settle(settle.ship, "r")
            shelf -= 3
        elif step == "take count":
            taken, as_of = shelf, bench.now()
        else:
            bench.count("n1", "a", taken, as_of=as_of)
        assert bench.free("n1", "a") <= shelf
    bench.pass_time(60)
    bench.count("n1", "a", shelf)
    row = bench.row("n1", "a")
    assert (row.on_hand, row.unsettled, row.free) == (7, 0, 7)


def test_a_count_without_a_time_settles_what_was_shipped_before_it_arrives(bench: Bench) -> None:
    bench.count("n1", "a", 10)
    bench.allocate(("n1", "a", 3), ("n1", "a", 1), reservation_id="r")
    bench.settle(settle.ship, "r", (1, 3))
    bench.pass_time(1)
    bench.count("n1", "a", 7)
    row = bench.row("n1", "a")
    assert (row.unsettled, row.allocated, row.free) == (0, 1, 6)


@pytest.mark.parametrize("seed", [1, 2])
def test_disorder_ends_in_the_same_stock_as_order(bench: Bench, seed: int) -> None:
    """D1, small: 10 % duplicates, 10 % out of order, 1 % lost and sent again; counts and deltas from two sources."""
    draw = random.Random(seed)
    counts = [record(COUNT, "n1", f"s{draw.randrange(40)}", draw.randrange(100), seq) for seq in range(1, 1_501)]
    deltas = [record(DELTA, "n2", f"s{draw.randrange(40)}", draw.randrange(-3, 6), seq) for seq in range(1, 1_501)]
    last = {item.sku: item.quantity for item in counts}
    sums: dict[str, int] = {}
    for item in deltas:
        sums[item.sku] = sums.get(item.sku, 0) + item.quantity
    for source, records in (("erp", counts), ("pos", deltas)):
        send_badly(bench, source, records, draw)
    assert {sku: bench.row("n1", sku).on_hand for sku in last} == last
    assert {sku: bench.row("n2", sku).on_hand for sku in sums} == sums


def send_badly(bench: Bench, source: str, records: list[StockRecord], draw: random.Random) -> None:
    """Batches of 500 with disorder; what met a gap is sent again from there, as a source must."""
    waiting = list(records)
    while waiting:
        batch, waiting = waiting[:500], waiting[500:]
        sent = [replace(item) for item in batch if draw.random() > 0.01]
        sent += draw.sample(sent, len(sent) // 10)
        for _ in range(len(sent) // 10):
            index = draw.randrange(len(sent) - 1)
            sent[index], sent[index + 1] = sent[index + 1], sent[index]
        bench.feed(*sent, source=source)
        again = bench.feed(*batch, source=source)
        assert GAP not in verdicts(again)

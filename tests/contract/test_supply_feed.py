"""Dated supply as sources tell it: totals, in any order, as often as they like; receipts turn pegs into stock."""

import random
from datetime import date
from typing import Any

import pytest
from tests.contract.bench import Bench, supply

from sourcier.domain.reservation import State
from sourcier.domain.stock import RecordResult, Verdict
from sourcier.domain.supply import SupplyKind, SupplyRecord
from sourcier.ledger import settle
from sourcier.ledger.commands import Reserved
from sourcier.ledger.feed_records import dead_letters


def verdicts(results: tuple[RecordResult, ...]) -> list[Verdict]:
    return [result.verdict for result in results]


def lines(bench: Bench, reservation_id: str) -> list[tuple[int, str, int, str]]:
    """(number, order line, units, supply) of each line."""
    return [(line.line_no, line.line_id, line.quantity, line.supply_id) for line in bench.lines(reservation_id)]


def test_supply_is_what_its_source_says(bench: Bench) -> None:
    bench.announce("n1", "a", 10, preorder=True)
    row = bench.supply_row("n1", "a")
    assert (row.kind, row.usable, row.held, row.allocated) == (SupplyKind.PURCHASE_ORDER, 10, 0, 0)
    assert (row.expected_on, row.lead_days, row.preorder) == (date(2026, 12, 1), None, True)
    bench.announce("n1", "a", 8, expected_on=date(2026, 12, 9))
    row = bench.supply_row("n1", "a")
    assert (row.usable, row.expected_on, row.preorder) == (8, date(2026, 12, 9), False)
    bench.announce("n1", "a", 8, closed=True)
    assert bench.supply_row("n1", "a").usable == 0
    assert bench.row("n1", "a").free == 0, "its stock row is there"


def test_returns_are_counted_on_in_part_and_suppliers_without_end(bench: Bench) -> None:
    bench.announce("n1", "a", 9, "rma", kind=SupplyKind.CUSTOMER_RETURN, probability_bp=5_000)
    bench.announce("n1", "a", None, "vendor", kind=SupplyKind.SUPPLIER_ORDERABLE, expected_on=None, lead_days=5)
    assert bench.supply_row("n1", "a", "rma").usable == 4
    vendor = bench.supply_row("n1", "a", "vendor")
    assert (vendor.usable, vendor.lead_days, vendor.expected_on) == (2**53, 5, None)


def test_a_receipt_is_stock_on_hand(bench: Bench) -> None:
    bench.count("n1", "a", 2)
    bench.announce("n1", "a", 10)
    bench.announce("n1", "a", 10, received=4)
    assert bench.row("n1", "a").on_hand == 6
    assert bench.supply_row("n1", "a").usable == 6
    bench.announce("n1", "a", 10, received=3)
    assert bench.row("n1", "a").on_hand == 5, "one of them was not there after all"
    bench.announce("n1", "a", 10, received=12)
    assert (bench.row("n1", "a").on_hand, bench.supply_row("n1", "a").usable) == (14, 0)


def test_repeated_late_and_lost_messages_do_no_harm(bench: Bench) -> None:
    told = [supply("n1", "a", 10, seq=number, received=number * 2) for number in range(1, 5)]
    draw = random.Random(1)
    for _ in range(5):
        batch = draw.choices(told, k=3)
        bench.supply(*batch)
        bench.supply(*batch)
    assert verdicts(bench.supply(told[3])) in ([Verdict.APPLIED], [Verdict.STALE])
    assert verdicts(bench.supply(*told)) == [Verdict.STALE] * 4
    assert bench.row("n1", "a").on_hand == 8
    assert verdicts(bench.supply(supply("n1", "a", 10, seq=1, epoch=1, received=9))) == [Verdict.APPLIED]
    assert bench.row("n1", "a").on_hand == 9


def test_one_batch_may_tell_of_a_supply_often(bench: Bench) -> None:
    batch = [supply("n1", "a", 10, seq=number, received=units) for number, units in ((1, 3), (3, 5), (2, 9))]
    batch.append(supply("n1", "b", 7, seq=1))
    assert verdicts(bench.supply(*batch)) == [Verdict.APPLIED, Verdict.APPLIED, Verdict.STALE, Verdict.APPLIED]
    assert (bench.row("n1", "a").on_hand, bench.supply_row("n1", "a").usable) == (5, 5)
    assert bench.supply_row("n1", "b").usable == 7


def test_what_cannot_be_applied_stops_nobody(bench: Bench) -> None:
    batch = (
        supply("nowhere", "a", 1, seq=1),
        supply("n1", "a", None, seq=1),
        supply("n1", "a", 5, seq=1),
    )
    results = bench.supply(*batch)
    assert [(result.verdict, result.reason) for result in results] == [
        (Verdict.REJECTED, "NODE_UNKNOWN"),
        (Verdict.REJECTED, "QUANTITY_MISSING"),
        (Verdict.APPLIED, ""),
    ]
    bench.supply(*batch)
    letters = bench.read(dead_letters)
    assert [(letter.kind, letter.node_id, letter.supply_id, letter.reason) for letter in letters] == [
        ("SUPPLY", "nowhere", "po", "NODE_UNKNOWN"),
        ("SUPPLY", "n1", "po", "QUANTITY_MISSING"),
    ]
    assert bench.supply() == ()


def test_a_new_stock_row_has_the_floors_in_force(bench: Bench) -> None:
    bench.activate({"STORE": (1, 2, 3)})
    bench.announce("n1", "a", 5)
    assert bench.row("n1", "a").floors == (1, 2, 3)


@pytest.fixture
def queue(bench: Bench) -> Bench:
    """Four reservations of a purchase order of ten: 3 late but dear, 4 first, a hold of 2 second, 1 last."""
    bench.announce("n1", "a", 10)
    for name, units, priority in (("first", 4, 0), ("last", 1, -1)):
        assert isinstance(bench.allocate(("n1", "a", units, "po"), reservation_id=name, priority=priority), Reserved)
    assert isinstance(bench.hold(("n1", "a", 2, "po"), reservation_id="hold"), Reserved)
    assert isinstance(bench.allocate(("n1", "a", 3, "po"), reservation_id="dear", priority=9), Reserved)
    return bench


def test_pegs_turn_into_stock_by_priority_then_time(queue: Bench) -> None:
    assert (queue.supply_row("n1", "a").held, queue.supply_row("n1", "a").allocated) == (2, 8)
    queue.announce("n1", "a", 10, received=5)
    assert lines(queue, "dear") == [(1, "1", 3, "")]
    assert lines(queue, "first") == [(1, "1", 2, "po"), (2, "1", 2, "")], "two of four came in"
    assert lines(queue, "hold") == [(1, "1", 2, "po")]
    assert lines(queue, "last") == [(1, "1", 1, "po")]
    row, po = queue.row("n1", "a"), queue.supply_row("n1", "a")
    assert (row.on_hand, row.held, row.allocated, row.free) == (5, 0, 5, 0)
    assert (po.usable, po.held, po.allocated) == (5, 2, 3)
    queue.announce("n1", "a", 10, received=9)
    assert lines(queue, "first") == [(1, "1", 2, ""), (2, "1", 2, "")]
    assert lines(queue, "hold") == [(1, "1", 2, "")]
    assert lines(queue, "last") == [(1, "1", 1, "po")]
    queue.announce("n1", "a", 10, received=10, closed=True)
    row, po = queue.row("n1", "a"), queue.supply_row("n1", "a")
    assert (row.held, row.allocated, row.free) == (2, 8, 0)
    assert (po.usable, po.held, po.allocated) == (0, 0, 0)


def test_what_nobody_pegged_is_free(bench: Bench) -> None:
    bench.announce("n1", "a", 10)
    bench.allocate(("n1", "a", 3, "po"), reservation_id="r")
    bench.announce("n1", "a", 10, received=7)
    assert bench.free("n1", "a") == 4
    assert bench.supply_row("n1", "a").free == 3


def test_a_split_line_goes_on_in_its_parts(queue: Bench) -> None:
    queue.announce("n1", "a", 10, received=5)
    queue.settle(settle.ship, "first", (2, 1))
    queue.settle(settle.cancel, "first", (1, 1))
    states = [(line.line_no, line.quantity, line.state, line.supply_id) for line in queue.lines("first")]
    assert states == [
        (1, 1, State.ALLOCATED, "po"),
        (2, 1, State.ALLOCATED, ""),
        (3, 1, State.SHIPPED, ""),
        (4, 1, State.CANCELLED, "po"),
    ]


def test_several_supplies_of_one_order_come_in_at_once(bench: Bench) -> None:
    for name in ("x", "y"):
        bench.announce("n1", "a", 5, name)
        bench.announce("n2", "b", 5, name)
    wanted: list[Any] = [("n1", "a", 3, "x"), ("n1", "a", 3, "y"), ("n2", "b", 3, "x"), ("n2", "b", 3, "y")]
    bench.allocate(*wanted, reservation_id="r")
    batch: list[SupplyRecord] = [
        supply(node_id, sku, 5, name, epoch=1, seq=1, received=2)
        for name in ("y", "x")
        for node_id, sku in (("n2", "b"), ("n1", "a"))
    ]
    assert verdicts(bench.supply(*batch)) == [Verdict.APPLIED] * 4
    found = lines(bench, "r")
    assert [line[2:] for line in found[:4]] == [(1, "x"), (1, "y"), (1, "x"), (1, "y")]
    assert [line[0] for line in found] == list(range(1, 9))
    assert sorted(line[1:] for line in found[4:]) == [(str(number), 2, "") for number in range(1, 5)]
    assert (bench.row("n1", "a").allocated, bench.row("n2", "b").allocated) == (4, 4)

"""Reservations pegged to dated supply: never more than it gives, protected like stock, moved with their lines."""

import time
from typing import Any

import pytest
from tests.contract.bench import Bench, Clock, Wanted, lines_of, supply, use

from sourcier.domain.errors import Reason, Refusal
from sourcier.domain.reservation import State
from sourcier.domain.supply import SupplyKind
from sourcier.ledger import pegs, queries, settle
from sourcier.ledger.commands import Reserved, Short
from sourcier.ledger.store import Tx
from sourcier.ledger.supply_feed import apply_supply

PO = ("po", "n1", "a")


def test_pegs_are_limited_by_what_can_be_counted_on(bench: Bench) -> None:
    bench.announce("n1", "a", 5)
    outcome = bench.allocate(("n1", "a", 3, "po"), reservation_id="r")
    assert isinstance(outcome, Reserved)
    assert [line.supply_id for line in outcome.reservation.lines] == ["po"]
    assert bench.allocate(("n1", "a", 3, "po")) == Short(stock=(), supplies=(PO,))
    assert isinstance(bench.hold(("n1", "a", 2, "po")), Reserved)
    assert bench.hold(("n1", "a", 1, "po")) == Short(stock=(), supplies=(PO,))
    row, po = bench.row("n1", "a"), bench.supply_row("n1", "a")
    assert (row.held, row.allocated, po.held, po.allocated) == (0, 0, 2, 3)


def test_short_names_stock_supplies_and_pools_and_changes_nothing(bench: Bench) -> None:
    bench.apply_network(caps={"n1": 1})
    bench.count("n1", "b", 1)
    bench.allocate(("n1", "b", 1), pools=(use("n1", 1),))
    bench.count("n1", "a", 2)
    bench.announce("n1", "a", 5)
    wanted: list[Any] = [("n1", "a", 3), ("n1", "a", 4, "po"), ("n1", "a", 2, "po"), ("n1", "a", 1, "gone")]
    outcome = bench.allocate(*wanted, pools=(use("n1", 1),))
    assert outcome == Short(
        stock=(("n1", "a"),), pools=(("node-day:n1", "2026-11-23"),), supplies=(("gone", "n1", "a"), PO)
    )
    assert (bench.free("n1", "a"), bench.supply_row("n1", "a").free) == (2, 5)


def test_a_supply_of_another_node_is_another_one(bench: Bench) -> None:
    bench.announce("n1", "a", 5)
    assert bench.allocate(("n2", "a", 1, "po")) == Short(stock=(), supplies=(("po", "n2", "a"),))


@pytest.mark.parametrize(("on_hand", "most"), [(9, 10), (5, 10), (3, 8), (0, 5), (None, 5)])
def test_protection_that_stock_does_not_cover_is_kept_back(bench: Bench, on_hand: int | None, most: int) -> None:
    bench.activate({"STORE": (0, 0, 5)})
    bench.announce("n1", "a", 10)
    if on_hand is not None:
        bench.count("n1", "a", on_hand)
    assert bench.supply_row("n1", "a").available(on_hand or 0, 5) == most
    assert isinstance(bench.hold(("n1", "a", most + 1, "po"), channel_class=2), Short)
    assert isinstance(bench.hold(("n1", "a", most, "po"), channel_class=2), Reserved)


def test_a_pinned_floor_is_kept_back_too(bench: Bench) -> None:
    bench.announce("n1", "a", 10)
    pinned = {("n1", "a"): 4}
    assert isinstance(bench.hold(("n1", "a", 7, "po"), pinned_floors=pinned), Short)
    assert isinstance(bench.hold(("n1", "a", 6, "po"), pinned_floors=pinned), Reserved)


def test_stock_of_the_same_order_is_taken_first(bench: Bench) -> None:
    """4 of 9 on hand leave the floor of 5 covered; 5 of 9 do not, and are refused with or without the peg."""
    bench.activate({"STORE": (5, 5, 5)})
    bench.count("n1", "a", 9)
    bench.announce("n1", "a", 10)
    assert bench.allocate(("n1", "a", 5), ("n1", "a", 10, "po")) == Short(stock=(("n1", "a"),), supplies=(PO,))
    assert isinstance(bench.allocate(("n1", "a", 4), ("n1", "a", 10, "po")), Reserved)
    assert (bench.free("n1", "a"), bench.supply_row("n1", "a").free) == (5, 0)


def test_a_promised_stock_row_below_zero_covers_nothing(bench: Bench) -> None:
    bench.count("n1", "a", 3)
    bench.allocate(("n1", "a", 3))
    bench.count("n1", "a", 1)
    bench.announce("n1", "a", 4)
    assert bench.free("n1", "a") == -2
    assert isinstance(bench.allocate(("n1", "a", 4, "po")), Reserved), "those units belong to whoever pegs them"


def test_pegs_follow_their_hold(bench: Bench) -> None:
    bench.count("n1", "a", 1)
    bench.announce("n1", "a", 5)
    bench.hold(("n1", "a", 1), ("n1", "a", 4, "po"), reservation_id="r")
    outcome = bench.allocate_hold("r", priority=3)
    assert isinstance(outcome, Reserved)
    assert [(line.state, line.supply_id) for line in outcome.reservation.lines] == [
        (State.ALLOCATED, ""),
        (State.ALLOCATED, "po"),
    ]
    row, po = bench.row("n1", "a"), bench.supply_row("n1", "a")
    assert (row.held, row.allocated, po.held, po.allocated) == (0, 1, 0, 4)


def test_a_hold_whose_supply_came_in_is_allocated_as_stock(bench: Bench) -> None:
    bench.announce("n1", "a", 5)
    bench.hold(("n1", "a", 4, "po"), reservation_id="r")
    bench.announce("n1", "a", 5, received=3)
    bench.allocate_hold("r")
    row, po = bench.row("n1", "a"), bench.supply_row("n1", "a")
    assert (row.held, row.allocated, po.held, po.allocated) == (0, 3, 0, 1)


def _take(bench: Bench, how: str, *wanted: Wanted) -> None:
    """The reservation "r", of the kind that can be given back in this way."""
    if how == "cancel":
        bench.allocate(*wanted, reservation_id="r")
    else:
        bench.hold(*wanted, reservation_id="r", ttl_seconds=60)


@pytest.mark.parametrize("how", ["release", "expire", "cancel"])
def test_pegs_are_given_back(bench: Bench, how: str) -> None:
    bench.count("n1", "a", 3)
    bench.announce("n1", "a", 5)
    _take(bench, how, ("n1", "a", 2), ("n1", "a", 4, "po"))
    if how == "expire":
        bench.pass_time(61)
        assert bench.sweep() == 1
    else:
        bench.settle(getattr(settle, how), "r")
    row, po = bench.row("n1", "a"), bench.supply_row("n1", "a")
    assert (row.held, row.allocated, po.held, po.allocated) == (0, 0, 0, 0)
    assert {line.supply_id for line in bench.lines("r")} == {"", "po"}, "what they were pegged to is remembered"


def test_a_part_of_a_peg_is_given_back(bench: Bench) -> None:
    bench.announce("n1", "a", 5)
    bench.allocate(("n1", "a", 4, "po"), reservation_id="r")
    bench.settle(settle.cancel, "r", (1, 3))
    assert [(line.quantity, line.state, line.supply_id) for line in bench.lines("r")] == [
        (1, State.ALLOCATED, "po"),
        (3, State.CANCELLED, "po"),
    ]
    assert bench.supply_row("n1", "a").free == 4


def test_what_did_not_come_in_is_not_shipped(bench: Bench) -> None:
    bench.count("n1", "a", 3)
    bench.announce("n1", "a", 5)
    bench.allocate(("n1", "a", 2), ("n1", "a", 4, "po"), reservation_id="r")
    for wanted in ((), ((2, 1),), ((1, 1), (2, 4))):
        with pytest.raises(Refusal) as refused:
            bench.settle(settle.ship, "r", *wanted)
        assert refused.value.reason is Reason.SUPPLY_NOT_RECEIVED
        assert refused.value.metadata == {"reservation_id": "r", "line_nos": "2"}
    bench.settle(settle.ship, "r", (1, 2))
    bench.announce("n1", "a", 5, received=4)
    bench.settle(settle.ship, "r")
    assert [line.state for line in bench.lines("r")] == [State.SHIPPED, State.SHIPPED]
    assert bench.row("n1", "a").unsettled == 6


def test_a_cut_supply_keeps_its_pegs_and_gives_no_more(bench: Bench) -> None:
    bench.announce("n1", "a", 5)
    bench.allocate(("n1", "a", 4, "po"), reservation_id="r")
    bench.announce("n1", "a", 2)
    assert bench.supply_row("n1", "a").free == -2
    assert isinstance(bench.hold(("n1", "a", 1, "po")), Short)
    bench.settle(settle.cancel, "r", (1, 3))
    assert isinstance(bench.hold(("n1", "a", 1, "po")), Reserved)


def test_a_supplier_takes_any_order(bench: Bench) -> None:
    orderable = {"kind": SupplyKind.SUPPLIER_ORDERABLE, "expected_on": None, "lead_days": 4}
    bench.announce("n1", "a", None, "vendor", **orderable)
    assert isinstance(bench.allocate(("n1", "a", 1_000_000, "vendor")), Reserved)
    bench.announce("n1", "b", 3, "vendor", **orderable)
    assert isinstance(bench.allocate(("n1", "b", 4, "vendor")), Short), "unless the supplier set a limit"


def test_capacity_is_used_by_pegged_lines_too(bench: Bench) -> None:
    bench.apply_network(caps={"n1": 1})
    bench.announce("n1", "a", 5)
    bench.allocate(lines=lines_of([("n1", "a", 2, "po")]), pools=(use("n1", 1),), reservation_id="r")
    bench.announce("n1", "a", 5, received=1)
    assert bench.used("n1") == 1
    bench.settle(settle.cancel, "r", (1, 1))
    assert bench.used("n1") == 1
    bench.settle(settle.cancel, "r")
    assert bench.used("n1") == 0


def _slowly(tx: Tx, units: int) -> None:
    """So many units of the purchase order come in, and a moment passes before the commit."""
    apply_supply(tx, "dock", [supply("n1", "a", 5, seq=1, epoch=9, received=units)])
    tx.ask(queries.CLOCK)
    time.sleep(0.2)


def _change_while_supply_comes_in(bench: Bench, how: str, units: int) -> None:
    bench.count("n2", "b", 9)
    bench.announce("n1", "a", 5)
    _take(bench, how, ("n1", "a", 4, "po"), ("n2", "b", 1))
    if how == "expire":
        bench.pass_time(61)
    receipt = bench.ledger.write(_slowly, units)
    time.sleep(0.1)
    match how:
        case "allocate":
            bench.allocate_hold("r")
        case "expire":
            assert bench.sweep() == 1
        case _:
            bench.settle(getattr(settle, how), "r")
    receipt.result(10)


@pytest.mark.parametrize("units", [4, 2])
@pytest.mark.parametrize("how", ["cancel", "release", "expire", "allocate"])
def test_supply_that_comes_in_at_this_moment_is_waited_for(bench: Bench, how: str, units: int) -> None:
    _change_while_supply_comes_in(bench, how, units)
    row, po = bench.row("n1", "a"), bench.supply_row("n1", "a")
    left = 4 if how == "allocate" else 0
    assert (row.on_hand, row.held, row.allocated) == (units, 0, min(left, units))
    assert (po.held, po.allocated) == (0, max(0, left - units))


@pytest.mark.parametrize("how", ["cancel", "release", "expire", "allocate"])
def test_without_the_early_locks_it_would_be_overlooked(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """Control: the same moment is a defect when lines are read before their stock rows are locked."""
    bench = Bench(postgres_url, Clock())
    bench.apply_network()
    monkeypatch.setattr(pegs, "lock_first", lambda *_, **__: None)
    sound = True
    try:
        _change_while_supply_comes_in(bench, how, 2)
        sound = bench.audit() == ()
    except (Refusal, AssertionError):
        sound = False
    assert not sound
    bench.close()

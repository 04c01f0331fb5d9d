"""Shipping, cancelling, releasing and expiring: each unit moves once, partly if asked, and capacity comes back."""

from typing import Any

import pytest
from tests.contract.bench import DAY, Bench, allocation, hold, lines_of, record, use

from sourcier.domain.errors import Kind, Reason, Refusal
from sourcier.domain.network import CapacityMeasure
from sourcier.domain.reservation import State
from sourcier.domain.stock import RecordKind
from sourcier.ledger import settle
from sourcier.ledger.commands import Replayed, Reserved, ReserveLine, Settled


def test_shipping_keeps_units_subtracted(bench: Bench) -> None:
    bench.count("n1", "a", 5)
    bench.allocate(("n1", "a", 2), reservation_id="r")
    bench.settle(settle.ship, "r")
    row = bench.row("n1", "a")
    assert (row.on_hand, row.allocated, row.unsettled, row.free) == (5, 0, 2, 3)
    assert [line.state for line in bench.lines("r")] == [State.SHIPPED]


def test_a_part_leaves_as_a_line_of_its_own(bench: Bench) -> None:
    bench.count("n1", "a", 9)
    bench.allocate(("n1", "a", 5), ("n1", "a", 1), reservation_id="r")
    bench.settle(settle.ship, "r", (1, 2))
    bench.settle(settle.cancel, "r", (1, 1))
    outcome = bench.settle(settle.ship, "r", (1, 1), (2, 1))
    assert isinstance(outcome, Settled)
    states = [(line.line_no, line.line_id, line.quantity, line.state) for line in outcome.reservation.lines]
    assert states == [
        (1, "1", 1, State.ALLOCATED),
        (2, "2", 1, State.SHIPPED),
        (3, "1", 2, State.SHIPPED),
        (4, "1", 1, State.CANCELLED),
        (5, "1", 1, State.SHIPPED),
    ]
    row = bench.row("n1", "a")
    assert (row.allocated, row.unsettled, row.free) == (1, 4, 4)


def test_the_same_line_twice_in_one_request_is_added_up(bench: Bench) -> None:
    bench.count("n1", "a", 9)
    bench.allocate(("n1", "a", 3), reservation_id="r")
    bench.settle(settle.ship, "r", (1, 1), (1, 1))
    assert bench.row("n1", "a").unsettled == 2
    with pytest.raises(Refusal):
        bench.settle(settle.ship, "r", (1, 1), (1, 1))


@pytest.mark.parametrize("lines", [((1, 3),), ((2, 1),), ((1, 0),), ((1, -1),)])
def test_more_than_is_allocated_cannot_ship(bench: Bench, lines: tuple[tuple[int, int], ...]) -> None:
    bench.count("n1", "a", 9)
    bench.allocate(("n1", "a", 2), reservation_id="r")
    with pytest.raises(Refusal) as refused:
        bench.settle(settle.ship, "r", *lines)
    assert (refused.value.kind, refused.value.reason) == (Kind.FAILED_PRECONDITION, Reason.ALLOCATION_STATE)
    assert bench.row("n1", "a").allocated == 2


def test_end_states_never_change(bench: Bench) -> None:
    bench.count("n1", "a", 9)
    bench.allocate(("n1", "a", 2), reservation_id="shipped")
    bench.settle(settle.ship, "shipped")
    bench.allocate(("n1", "a", 2), reservation_id="cancelled")
    bench.settle(settle.cancel, "cancelled")
    for reservation_id in ("shipped", "cancelled"):
        for how in (settle.ship, settle.cancel):
            with pytest.raises(Refusal) as refused:
                bench.settle(how, reservation_id)
            assert refused.value.reason is Reason.ALLOCATION_STATE


def test_holds_and_allocations_are_not_mistaken_for_each_other(bench: Bench) -> None:
    bench.count("n1", "a", 9)
    bench.hold(("n1", "a", 2), reservation_id="h")
    bench.allocate(("n1", "a", 2), reservation_id="r")
    wrong: list[tuple[Any, str, Reason]] = [
        (settle.ship, "h", Reason.ALLOCATION_NOT_FOUND),
        (settle.cancel, "h", Reason.ALLOCATION_NOT_FOUND),
        (settle.ship, "nothing", Reason.ALLOCATION_NOT_FOUND),
        (settle.release, "nothing", Reason.HOLD_NOT_FOUND),
        (settle.release, "r", Reason.HOLD_NOT_OPEN),
    ]
    for how, reservation_id, reason in wrong:
        with pytest.raises(Refusal) as refused:
            bench.settle(how, reservation_id)
        assert refused.value.reason is reason


def test_a_released_hold_gives_everything_back_once(bench: Bench) -> None:
    bench.apply_network(caps={"n1": 5})
    bench.count("n1", "a", 9)
    bench.hold(("n1", "a", 2), ("n1", "a", 3), reservation_id="h", pools=(use("n1", 1),))
    bench.settle(settle.release, "h", (1, 2))
    assert (bench.row("n1", "a").held, bench.used("n1")) == (3, 1)
    bench.settle(settle.release, "h")
    assert (bench.row("n1", "a").held, bench.used("n1")) == (0, 0)
    with pytest.raises(Refusal) as refused:
        bench.settle(settle.release, "h")
    assert refused.value.reason is Reason.HOLD_NOT_OPEN


def test_an_expired_hold_cannot_be_released(bench: Bench) -> None:
    bench.count("n1", "a", 9)
    bench.hold(("n1", "a", 2), reservation_id="h", ttl_seconds=5)
    bench.pass_time(6)
    assert bench.sweep() == 1
    with pytest.raises(Refusal) as refused:
        bench.settle(settle.release, "h")
    assert refused.value.reason is Reason.HOLD_EXPIRED


def test_no_hold_expires_early(bench: Bench) -> None:
    bench.count("n1", "a", 9)
    bench.hold(("n1", "a", 2), reservation_id="h", ttl_seconds=60)
    bench.pass_time(55)
    assert bench.sweep() == 0
    bench.pass_time(6)
    assert bench.sweep() == 1
    assert bench.sweep() == 0
    assert [line.state for line in bench.lines("h")] == [State.EXPIRED]
    assert bench.free("n1", "a") == 9


def test_a_sweep_takes_many_holds_of_one_row_and_stops_at_its_limit(bench: Bench) -> None:
    bench.apply_network(caps={"n1": 100})
    bench.count("n1", "a", 30)
    for _ in range(10):
        bench.reserve(hold(("n1", "a", 1), ("n1", "a", 2), ttl_seconds=5, pools=(use("n1", 1),)))
    bench.pass_time(6)
    assert [bench.sweep(4), bench.sweep(4), bench.sweep(4), bench.sweep(4)] == [4, 4, 2, 0]
    assert (bench.free("n1", "a"), bench.used("n1")) == (30, 0)


@pytest.mark.parametrize(
    ("measure", "quantity", "after_one", "after_two"),
    [
        (CapacityMeasure.ORDERS, 1, 1, 0),
        (CapacityMeasure.LINES, 2, 1, 0),
        (CapacityMeasure.UNITS, 5, 3, 0),
    ],
)
def test_cancelling_gives_back_what_open_lines_no_longer_use(
    bench: Bench, measure: CapacityMeasure, quantity: int, after_one: int, after_two: int
) -> None:
    bench.apply_network(caps={"n1": 10, "n2": 10})
    bench.count("n1", "a", 9)
    bench.count("n2", "a", 9)
    lines = (("n1", "a", 2), ("n1", "a", 3), ("n2", "a", 4))
    pools = (use("n1", quantity, measure), use("n2", 1))
    bench.allocate(*lines, reservation_id="r", pools=pools)
    bench.settle(settle.cancel, "r", (1, 2))
    assert (bench.used("n1"), bench.used("n2")) == (after_one, 1)
    bench.settle(settle.cancel, "r", (2, 3))
    assert (bench.used("n1"), bench.used("n2")) == (after_two, 1)


def test_shipped_lines_keep_using_capacity(bench: Bench) -> None:
    bench.apply_network(caps={"n1": 10})
    bench.count("n1", "a", 9)
    pools = (use("n1", 5, CapacityMeasure.UNITS),)
    bench.allocate(("n1", "a", 2), ("n1", "a", 3), reservation_id="r", pools=pools)
    bench.settle(settle.ship, "r", (1, 2))
    bench.settle(settle.cancel, "r")
    assert bench.used("n1") == 2


def test_days_of_one_node_are_given_back_apart(bench: Bench) -> None:
    bench.apply_network(caps={"n1": 10})
    bench.count("n1", "a", 9)
    lines = (*lines_of([("n1", "a", 1)]), ReserveLine(line_id="2", node_id="n1", sku="a", quantity=1, bucket="later"))
    bench.reserve(allocation(reservation_id="r", lines=lines, pools=(use("n1", 1), use("n1", 1, bucket="later"))))
    bench.settle(settle.cancel, "r", (2, 1))
    assert (bench.used("n1", DAY), bench.used("n1", "later")) == (1, 0)


def test_a_line_without_a_bucket_keeps_all_uses_of_its_node(bench: Bench) -> None:
    bench.apply_network(caps={"n1": 10})
    bench.count("n1", "a", 9)
    lines = tuple(ReserveLine(line_id=number, node_id="n1", sku="a", quantity=1) for number in "12")
    bench.reserve(allocation(reservation_id="r", lines=lines, pools=(use("n1", 1), use("n1", 1, bucket="later"))))
    bench.settle(settle.cancel, "r", (2, 1))
    assert (bench.used("n1", DAY), bench.used("n1", "later")) == (1, 1)
    bench.settle(settle.cancel, "r")
    assert (bench.used("n1", DAY), bench.used("n1", "later")) == (0, 0)


def test_where_stock_comes_as_deltas_shipping_settles_at_once(bench: Bench) -> None:
    bench.feed(record(RecordKind.DELTA, "n1", "a", 9, 1), source="pos")
    bench.count("n2", "a", 9)
    bench.allocate(("n1", "a", 2), ("n2", "a", 2), reservation_id="r")
    bench.settle(settle.ship, "r")
    assert [line.state for line in bench.lines("r")] == [State.SETTLED, State.SHIPPED]
    assert (bench.row("n1", "a").allocated, bench.row("n1", "a").unsettled) == (0, 0)
    assert bench.row("n2", "a").unsettled == 2


def test_settling_is_answered_again_with_the_same_bytes(bench: Bench) -> None:
    bench.count("n1", "a", 9)
    bench.allocate(("n1", "a", 2), reservation_id="r")
    first = bench.settle(settle.ship, "r", (1, 1), request_id="s")
    assert isinstance(first, Settled)
    assert bench.settle(settle.ship, "r", (1, 1), request_id="s") == Replayed(response=first.response)
    assert bench.row("n1", "a").allocated == 1


def test_a_hold_that_was_partly_released_can_be_allocated(bench: Bench) -> None:
    bench.count("n1", "a", 9)
    bench.hold(("n1", "a", 2), ("n1", "a", 3), reservation_id="h")
    bench.settle(settle.release, "h", (2, 3))
    outcome = bench.allocate_hold("h")
    assert isinstance(outcome, Reserved)
    assert [line.state for line in outcome.reservation.lines] == [State.ALLOCATED, State.RELEASED]

"""Reservations: all or nothing, never below a floor, each order line once, each request once."""

import pytest
from tests.contract.bench import Bench, Key, Wanted, allocation, echo, hold, lines_of, use
from tests.contract.statements import statements

from sourcier.domain.errors import Reason, Refusal
from sourcier.domain.network import CapacityMeasure
from sourcier.domain.reservation import State
from sourcier.ledger import queries, queries_supply, settle
from sourcier.ledger.commands import Replayed, Reserved, ReserveLine, Short
from sourcier.ledger.dialect import Query
from sourcier.ledger.reserve import reserve
from sourcier.ledger.store import Row, Tx


def test_a_hold_takes_stock_and_says_when_it_expires(bench: Bench) -> None:
    bench.count("n1", "a", 5)
    outcome = bench.hold(("n1", "a", 2), ttl_seconds=60)
    assert isinstance(outcome, Reserved)
    reservation = outcome.reservation
    assert reservation.expires_at is not None
    assert (reservation.expires_at - reservation.created_at).total_seconds() == 60
    assert [line.state for line in reservation.lines] == [State.HELD]
    row = bench.row("n1", "a")
    assert (row.on_hand, row.held, row.allocated, row.free) == (5, 2, 0, 3)


def test_an_allocation_keeps_its_document_and_order(bench: Bench) -> None:
    bench.count("n1", "a", 5)
    outcome = bench.allocate(("n1", "a", 2), reservation_id="alloc", document=b"\x00\xff", order_id="o1")
    assert isinstance(outcome, Reserved)
    found = bench.lines("alloc")
    assert [(line.line_no, line.line_id, line.node_id, line.sku, line.quantity) for line in found] == [
        (1, "1", "n1", "a", 2)
    ]
    assert outcome.reservation.document == b"\x00\xff"
    assert outcome.reservation.order_id == "o1"
    assert outcome.reservation.expires_at is None
    assert bench.row("n1", "a").allocated == 2


def test_two_lines_on_one_stock_row_are_added_up(bench: Bench) -> None:
    """A4: two lines of 2 on 3 units are refused whole."""
    bench.count("n1", "a", 3)
    outcome = bench.allocate(("n1", "a", 2), ("n1", "a", 2))
    assert outcome == Short(stock=(("n1", "a"),))
    assert bench.free("n1", "a") == 3
    assert isinstance(bench.allocate(("n1", "a", 2), ("n1", "a", 1)), Reserved)
    assert bench.free("n1", "a") == 0


def test_short_names_every_row_and_pool_and_changes_nothing(bench: Bench) -> None:
    bench.apply_network(caps={"n1": 1})
    for sku in ("a", "b", "c"):
        bench.count("n1", sku, 1)
    bench.allocate(("n1", "a", 1), pools=(use("n1", 1),))
    lines = (("n1", "a", 1), ("n1", "b", 1), ("n1", "c", 2), ("n2", "nowhere", 1))
    outcome = bench.allocate(*lines, pools=(use("n1", 1),))
    assert outcome == Short(stock=(("n1", "a"), ("n1", "c"), ("n2", "nowhere")), pools=(("node-day:n1", "2026-11-23"),))
    assert bench.free("n1", "b") == 1
    assert bench.used("n1") == 1


def test_a_refused_request_is_not_remembered_by_the_ledger(bench: Bench) -> None:
    bench.count("n1", "a", 1)
    command = allocation(("n1", "a", 2))
    assert isinstance(bench.reserve(command), Short)
    bench.count("n1", "a", 2)
    assert isinstance(bench.reserve(command), Reserved)


@pytest.mark.parametrize(("channel_class", "most"), [(0, 10), (1, 8), (2, 5)])
def test_each_class_leaves_its_floor(bench: Bench, channel_class: int, most: int) -> None:
    bench.activate({"STORE": (0, 2, 5)})
    bench.count("n1", "a", 10)
    assert isinstance(bench.hold(("n1", "a", most + 1), channel_class=channel_class), Short)
    assert isinstance(bench.hold(("n1", "a", most), channel_class=channel_class), Reserved)


def test_a_pinned_floor_can_only_add_protection(bench: Bench) -> None:
    bench.activate({"STORE": (2, 2, 2)})
    bench.count("n1", "a", 10)
    assert isinstance(bench.hold(("n1", "a", 7), pinned_floors={("n1", "a"): 4}), Short)
    assert isinstance(bench.hold(("n1", "a", 6), pinned_floors={("n1", "a"): 4}), Reserved)
    assert isinstance(bench.hold(("n1", "a", 3), pinned_floors={("n1", "a"): 1}), Short)
    assert isinstance(bench.hold(("n1", "a", 2), pinned_floors={("n1", "a"): 1}), Reserved)


def test_the_same_request_gets_the_same_bytes(bench: Bench) -> None:
    bench.count("n1", "a", 5)
    command = allocation(("n1", "a", 2))
    first = bench.reserve(command)
    assert isinstance(first, Reserved)
    assert bench.reserve(command) == Replayed(response=first.response)
    assert bench.free("n1", "a") == 3


def test_an_order_line_is_allocated_once(bench: Bench) -> None:
    bench.count("n1", "a", 10)
    bench.allocate(("n1", "a", 2), order_id="o1")
    with pytest.raises(Refusal) as refused:
        bench.allocate(("n1", "a", 2), order_id="o1")
    assert refused.value.reason is Reason.ORDER_LINE_ALREADY_ALLOCATED
    assert refused.value.metadata == {"order_id": "o1", "line_ids": "1"}
    assert bench.free("n1", "a") == 8


def test_an_order_may_be_allocated_in_parts_up_to_what_was_ordered(bench: Bench) -> None:
    bench.count("n1", "a", 10)
    part = {"order_id": "o1", "ordered": (("1", 5),)}
    assert isinstance(bench.allocate(("n1", "a", 2), **part), Reserved)
    assert isinstance(bench.allocate(("n1", "a", 3), **part), Reserved)
    with pytest.raises(Refusal, match="already"):
        bench.allocate(("n1", "a", 1), **part)


def test_a_cancelled_order_line_may_be_allocated_again(bench: Bench) -> None:
    bench.count("n1", "a", 10)
    bench.allocate(("n1", "a", 2), order_id="o1", reservation_id="r1")
    bench.settle(settle.cancel, "r1")
    assert isinstance(bench.allocate(("n1", "a", 2), order_id="o1"), Reserved)


def test_a_hold_becomes_an_allocation_without_asking_for_stock(bench: Bench) -> None:
    bench.apply_network(caps={"n1": 5})
    bench.count("n1", "a", 2)
    bench.hold(("n1", "a", 2), reservation_id="h1", pools=(use("n1", 1),))
    bench.count("n1", "a", 0)
    outcome = bench.allocate_hold("h1")
    assert isinstance(outcome, Reserved)
    assert outcome.reservation.order_id == "order-h1"
    assert outcome.reservation.document == b"allocated"
    assert outcome.reservation.expires_at is None
    row = bench.row("n1", "a")
    assert (row.held, row.allocated, row.free) == (0, 2, -2)
    assert bench.used("n1") == 1


def test_a_hold_is_allocated_once(bench: Bench) -> None:
    bench.count("n1", "a", 2)
    bench.hold(("n1", "a", 2), reservation_id="h1")
    first = bench.allocate_hold("h1", request_id="x")
    assert bench.allocate_hold("h1", request_id="x") == Replayed(response=first.response)
    with pytest.raises(Refusal) as refused:
        bench.allocate_hold("h1")
    assert refused.value.reason is Reason.HOLD_NOT_OPEN


def test_an_expired_hold_is_refused_before_and_after_the_sweep(bench: Bench) -> None:
    bench.count("n1", "a", 2)
    bench.hold(("n1", "a", 2), reservation_id="h1", ttl_seconds=60)
    bench.pass_time(61)
    for _ in range(2):
        with pytest.raises(Refusal) as refused:
            bench.allocate_hold("h1")
        assert refused.value.reason is Reason.HOLD_EXPIRED
        bench.sweep()
    assert bench.free("n1", "a") == 2


def test_unknown_released_and_mismatched_holds_are_told_apart(bench: Bench) -> None:
    bench.count("n1", "a", 9)
    with pytest.raises(Refusal) as refused:
        bench.allocate_hold("nothing")
    assert refused.value.reason is Reason.HOLD_NOT_FOUND
    bench.hold(("n1", "a", 2), reservation_id="h1")
    for held in ((("1", "a", 1),), (("1", "b", 2),), (("1", "a", 2), ("2", "a", 1)), ()):
        with pytest.raises(Refusal) as refused:
            bench.allocate_hold("h1", held=held)
        assert refused.value.reason is Reason.HOLD_MISMATCH
    bench.settle(settle.release, "h1")
    with pytest.raises(Refusal) as refused:
        bench.allocate_hold("h1")
    assert refused.value.reason is Reason.HOLD_NOT_OPEN


def test_a_hold_split_over_nodes_matches_by_sum(bench: Bench) -> None:
    bench.count("n1", "a", 1)
    bench.count("n2", "a", 1)
    lines = tuple(ReserveLine(line_id="1", node_id=node, sku="a", quantity=1) for node in ("n1", "n2"))
    bench.reserve(hold(reservation_id="h1", lines=lines))
    outcome = bench.allocate_hold("h1", held=(("1", "a", 2),), ordered=(("1", 2),))
    assert isinstance(outcome, Reserved)


def test_an_order_line_beyond_its_quantity_stops_the_hold_too(bench: Bench) -> None:
    bench.count("n1", "a", 9)
    bench.allocate(("n1", "a", 2), order_id="o1")
    bench.hold(("n1", "a", 2), reservation_id="h1")
    with pytest.raises(Refusal) as refused:
        bench.allocate_hold("h1", order_id="o1")
    assert refused.value.reason is Reason.ORDER_LINE_ALREADY_ALLOCATED
    assert bench.row("n1", "a").held == 2


def test_capacity_of_a_day_is_a_limit_over_all_orders(bench: Bench) -> None:
    bench.apply_network(caps={"n1": 3})
    bench.count("n1", "a", 100)
    one = {"pools": (use("n1", 2, CapacityMeasure.UNITS),)}
    assert isinstance(bench.allocate(("n1", "a", 2), **one), Reserved)
    outcome = bench.allocate(("n1", "a", 2), **one)
    assert outcome == Short(stock=(), pools=(("node-day:n1", "2026-11-23"),))
    other_day = {"pools": (use("n1", 2, CapacityMeasure.UNITS, "2026-11-24"),)}
    lines = lines_of([("n1", "a", 2)], "2026-11-24")
    assert isinstance(bench.reserve(allocation(lines=lines, **other_day)), Reserved)


def test_a_pool_that_nobody_capped_is_refused(bench: Bench) -> None:
    bench.count("n1", "a", 100)
    outcome = bench.allocate(("n1", "a", 1), pools=(use("n1", 1),))
    assert outcome == Short(stock=(), pools=(("node-day:n1", "2026-11-23"),))


def test_a_reservation_id_cannot_be_taken_twice(bench: Bench) -> None:
    bench.count("n1", "a", 9)
    bench.hold(("n1", "a", 1), reservation_id="h1", request_id="q1")
    with pytest.raises(Refusal) as refused:
        bench.hold(("n1", "a", 1), reservation_id="h1", request_id="q2")
    assert refused.value.reason is Reason.INTERNAL
    assert "h1" not in str(refused.value)
    assert bench.row("n1", "a").held == 1


def test_a_refusal_of_one_does_not_undo_others_in_the_same_group(bench: Bench) -> None:
    bench.count("n1", "a", 10)
    futures = [bench.reserve_later(allocation(("n1", "a", 1 if number % 2 else 100))) for number in range(20)]
    outcomes = [future.result(30) for future in futures]
    assert [isinstance(outcome, Reserved) for outcome in outcomes] == [number % 2 == 1 for number in range(20)]
    assert bench.free("n1", "a") == 0


def test_a_response_that_fails_undoes_the_reservation(bench: Bench) -> None:
    from sourcier.ledger.reserve import reserve

    def fail(_: object) -> bytes:
        raise ZeroDivisionError

    bench.count("n1", "a", 1)
    command = allocation(("n1", "a", 1))
    with pytest.raises(ZeroDivisionError):
        bench.write(reserve, command, fail)
    assert bench.free("n1", "a") == 1
    assert isinstance(bench.reserve(command), Reserved)


def test_lines_that_were_not_ordered_are_a_defect(bench: Bench) -> None:
    bench.count("n1", "a", 1)
    with pytest.raises(ValueError, match="not ordered"):
        bench.allocate(("n1", "a", 1), ordered=(("other", 1),))


def test_set_up_requests_are_remembered_as_well(bench: Bench) -> None:
    from sourcier.ledger import registry

    key = Key(request_id="status")
    assert bench.write(registry.set_node_status, key, "n1", "OFFLINE", b"done") == b"done"
    assert bench.write(registry.set_node_status, key, "n1", "OFFLINE", b"again") == Replayed(response=b"done")


class Recording:
    """A transaction that writes down which statements it runs."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.seen: list[Query] = []

    def ask(self, query: Query, /, **parameters: object) -> list[Row]:
        """Run a statement."""
        self.seen.append(query)
        return self.tx.ask(query, **parameters)

    def tell(self, query: Query, /, **parameters: object) -> None:
        """Run a statement."""
        self.seen.append(query)
        self.tx.tell(query, **parameters)

    def abandon(self) -> None:
        """Undo it all."""
        self.tx.abandon()


USUAL = [
    "BEGIN_REQUEST",
    "TAKE_ORDER_LINES",
    "MAKE_POOLS",
    "TAKE_POOLS",
    "JOURNAL_POOLS",
    "LOCK_STOCK",
    "TAKE_STOCK",
    "JOURNAL",
    "INSERT_RESERVATION",
    "INSERT_LINES",
    "INSERT_RESERVATION_POOLS",
    "FINISH_REQUEST",
]


@pytest.mark.parametrize("pegged", [False, True])
def test_only_pegs_cost_statements(bench: Bench, pegged: bool) -> None:
    """An order of goods on hand pays nothing for dated supply."""
    bench.apply_network(caps={"n1": 5})
    bench.count("n1", "a", 5)
    bench.count("n1", "b", 5)
    bench.announce("n1", "c", 5)
    wanted: list[Wanted] = [("n1", "a", 1), ("n1", "b", 1)]
    if pegged:
        wanted.append(("n1", "c", 1, "po"))
    command = allocation(*wanted, pools=(use("n1", 1),))

    def run(tx: Tx) -> list[Query]:
        recording = Recording(tx)
        assert isinstance(reserve(recording, command, echo), Reserved)
        return recording.seen

    names = {id(query): name for module in (queries, queries_supply) for name, query in statements(module).items()}
    seen = [names[id(query)] for query in bench.write(run)]
    first, more = ["FIND_SUPPLY", "LOCK_STOCK_FREE"], ["TAKE_SUPPLY", "JOURNAL_SUPPLY"]
    assert seen == (USUAL if not pegged else [*USUAL[:5], *first, *USUAL[5:8], *more, *USUAL[8:]])

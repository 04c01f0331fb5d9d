"""The live picture of stock and capacity: absolute, idempotent, growing."""

from datetime import date

import pytest
from tests.reference import small

from sourcier.domain.network import Capacity, CapacityMeasure, Network, NodeStatus, capacity_pool_id
from sourcier.domain.stock import StockRow
from sourcier.engine.compile import UNLIMITED, compile_network
from sourcier.engine.snapshot import ROWS_PER_BLOCK, Snapshot

DAY = date(2026, 3, 4)


@pytest.fixture
def snapshot() -> Snapshot:
    orders = Capacity(measure=CapacityMeasure.ORDERS, per_day=5)
    nodes = (small.node("a"), small.node("b", capacity=orders), small.node("off", status=NodeStatus.OFFLINE))
    network = Network(currency_code="EUR", time_zone="UTC", nodes=nodes, services=(small.service(),))
    return Snapshot(compile_network(network))


def test_what_was_never_reported_is_not_there(snapshot: Snapshot) -> None:
    assert snapshot.free(("x", "y")).tolist() == [[0, 0, 0], [0, 0, 0]]


def test_rows_are_absolute_and_may_come_twice(snapshot: Snapshot) -> None:
    row = StockRow(node_id="b", sku="x", on_hand=9, blocked=1, held=1, allocated=2, unsettled=1)
    snapshot.put_rows([row, StockRow(node_id="a", sku="y", on_hand=3)])
    snapshot.put_rows([row])
    assert snapshot.free(("y", "x", "z")).tolist() == [[3, 0, 0], [0, 4, 0], [0, 0, 0]]
    snapshot.put_rows([StockRow(node_id="b", sku="x", on_hand=1, allocated=3)])
    assert snapshot.free(("x",)).tolist() == [[0, -2, 0]]


def test_rows_of_unknown_nodes_are_ignored(snapshot: Snapshot) -> None:
    snapshot.put_rows([StockRow(node_id="elsewhere", sku="x", on_hand=9)])
    assert snapshot.free(("x",)).tolist() == [[0, 0, 0]]


def test_what_was_read_does_not_change_with_the_snapshot(snapshot: Snapshot) -> None:
    snapshot.put_rows([StockRow(node_id="a", sku="x", on_hand=1)])
    before = snapshot.free(("x",))
    snapshot.put_rows([StockRow(node_id="a", sku="x", on_hand=2)])
    assert before.tolist() == [[1, 0, 0]]
    before[:] = 99
    assert snapshot.free(("x",)).tolist() == [[2, 0, 0]]


def test_the_matrix_grows_without_losing_rows(snapshot: Snapshot) -> None:
    count = 2 * ROWS_PER_BLOCK + 10
    snapshot.put_rows(StockRow(node_id="a", sku=f"s{i}", on_hand=i) for i in range(count))
    found = snapshot.free(tuple(f"s{i}" for i in range(count)))
    assert found[:, 0].tolist() == list(range(count))


def test_a_sku_may_be_asked_for_twice(snapshot: Snapshot) -> None:
    snapshot.put_rows([StockRow(node_id="a", sku="x", on_hand=4)])
    assert snapshot.free(("x", "x"))[:, 0].tolist() == [4, 4]


def test_capacity_is_what_is_left_of_the_nodes_own(snapshot: Snapshot) -> None:
    snapshot.put_pool_uses(
        [
            (capacity_pool_id("b"), "2026-03-04", 2),
            (capacity_pool_id("b"), "2026-03-05", 8),
            (capacity_pool_id("a"), "2026-03-04", 3),
            (capacity_pool_id("elsewhere"), "2026-03-04", 3),
            ("channel:web", "2026-03-04", 3),
        ]
    )
    left = [snapshot.capacity_left(DAY.toordinal() + d).tolist() for d in range(3)]
    assert left == [[UNLIMITED, 3, UNLIMITED], [UNLIMITED, 0, UNLIMITED], [UNLIMITED, 5, UNLIMITED]]


def test_pool_uses_are_absolute(snapshot: Snapshot) -> None:
    for used in (4, 1):
        snapshot.put_pool_uses([(capacity_pool_id("b"), "2026-03-04", used)])
    assert snapshot.capacity_left(DAY.toordinal())[1] == 4


def test_statuses_switch_nodes_and_unnamed_ones_keep_the_networks(snapshot: Snapshot) -> None:
    assert snapshot.online.tolist() == [True, True, False]
    snapshot.put_statuses({"a": NodeStatus.OFFLINE, "off": NodeStatus.OPEN, "elsewhere": NodeStatus.OPEN})
    assert snapshot.online.tolist() == [False, True, True]
    snapshot.put_statuses({"b": NodeStatus.OFFLINE})
    assert snapshot.online.tolist() == [True, False, False]
    assert snapshot.network.online.tolist() == [True, True, False]

"""The live picture of stock and capacity: absolute, idempotent, growing."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from tests.reference import small

from sourcier.domain.network import (
    Capacity,
    CapacityMeasure,
    Network,
    NodeStatus,
    Round,
    Shift,
    capacity_pool_id,
    round_pool_id,
    shift_pool_id,
)
from sourcier.domain.stock import StockRow
from sourcier.domain.supply import SupplyKind, SupplyRow
from sourcier.engine.compile import UNLIMITED, compile_network
from sourcier.engine.snapshot import TIMETABLE_AGE_DAYS, Snapshot, timetable_for

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


def test_whole_nodes_replace_everything(snapshot: Snapshot) -> None:
    snapshot.put_levels([("a", "x", 4), ("b", "z", 1)])
    snapshot.fill_levels([("b", ["x", "y"], np.array([5, -1]))])
    assert snapshot.free(("x", "y", "z")).tolist() == [[0, 5, 0], [0, -1, 0], [0, 0, 0]]


def test_a_sku_may_be_asked_for_twice(snapshot: Snapshot) -> None:
    snapshot.put_rows([StockRow(node_id="a", sku="x", on_hand=4)])
    assert snapshot.free(("x", "x"))[:, 0].tolist() == [4, 4]


def left_on(snapshot: Snapshot, days_later: int) -> list[int]:
    nodes = np.arange(3)
    return snapshot.node_left(nodes, np.full(3, DAY.toordinal() + days_later)).tolist()


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
    left = [left_on(snapshot, d) for d in range(3)]
    assert left == [[UNLIMITED, 3, UNLIMITED], [UNLIMITED, 0, UNLIMITED], [UNLIMITED, 5, UNLIMITED]]


def test_pool_uses_are_absolute(snapshot: Snapshot) -> None:
    for used in (4, 1):
        snapshot.put_pool_uses([(capacity_pool_id("b"), "2026-03-04", used)])
    assert left_on(snapshot, 0)[1] == 4


def test_shifts_and_rounds_have_pools_of_their_own() -> None:
    shifts = tuple(
        Shift(shift_id=i, from_minute=0, to_minute=720, measure=CapacityMeasure.UNITS, limit=9) for i in ("am", "pm")
    )
    rounds = (
        Round(service_id="std", days=small.EVERY_DAY, pickup_minute=600, every_minutes=60, last_pickup_minute=720),
        Round(service_id="fast", days=small.EVERY_DAY, pickup_minute=660, parcels=4, every_minutes=60,
              last_pickup_minute=780),
    )  # fmt: skip
    nodes = (small.node("a"), small.node("b", services=("std", "fast"), shifts=shifts, rounds=rounds))
    services = (small.service(), small.service("fast"))
    snapshot = Snapshot(compile_network(Network(currency_code="EUR", time_zone="UTC", nodes=nodes, services=services)))
    snapshot.put_pool_uses(
        [
            (shift_pool_id("b", "pm"), "2026-03-04", 5),
            (round_pool_id("b", "fast", 720), "2026-03-04", 3),
            (round_pool_id("b", "std", 720), "2026-03-04", 3),
            (round_pool_id("b", "fast", 721), "2026-03-04", 3),
        ]
    )
    day = DAY.toordinal()
    assert snapshot.shift_left(np.array([0, 1, 1]), np.array([day, day, day + 1])).tolist() == [9, 4, 9]
    left = snapshot.round_left(
        node=np.array([1, 1, 1, 1, 0]),
        service=np.array([1, 1, 1, 0, 0]),
        day=np.array([day, day, day + 1, day, day]),
        minute=np.array([720, 780, 720, 720, 720]),
        parcels=np.array([4, 4, 2, UNLIMITED, UNLIMITED]),
    )
    assert left.tolist() == [1, 4, 2, UNLIMITED, UNLIMITED]


def test_supplies_are_absolute(snapshot: Snapshot) -> None:
    row = SupplyRow(
        supply_id="po", kind=SupplyKind.PURCHASE_ORDER, node_id="b", sku="x", usable=5, expected_on=date(2026, 3, 9)
    )
    for _ in range(2):
        snapshot.put_supplies([row])
    assert snapshot.supplies(("x", "y")).rows == (row,)


def test_statuses_switch_nodes_and_unnamed_ones_keep_the_networks(snapshot: Snapshot) -> None:
    assert snapshot.online.tolist() == [True, True, False]
    snapshot.put_statuses({"a": NodeStatus.OFFLINE, "off": NodeStatus.OPEN, "elsewhere": NodeStatus.OPEN})
    assert snapshot.online.tolist() == [False, True, True]
    snapshot.put_statuses({"b": NodeStatus.OFFLINE})
    assert snapshot.online.tolist() == [True, False, False]
    assert snapshot.network.online.tolist() == [True, True, False]


def test_today_s_timetable_stays_beside_that_of_another_day(snapshot: Snapshot) -> None:
    now = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)
    today = timetable_for(snapshot.network, now)
    snapshot.put_timetable(today)
    assert snapshot.timetable(now + timedelta(days=TIMETABLE_AGE_DAYS)) is today
    others = [now - timedelta(days=1), now + timedelta(days=TIMETABLE_AGE_DAYS + 1)]
    for other in others:
        assert snapshot.known_timetable(other) is None
        made = snapshot.timetable(other)
        assert made.first_day == other.date()
        assert snapshot.known_timetable(other) is made
        assert snapshot.known_timetable(now) is today
    assert snapshot.known_timetable(others[0]) is None
    tomorrow = timetable_for(snapshot.network, now + timedelta(days=1))
    snapshot.put_timetable(tomorrow)
    assert snapshot.timetable(now + timedelta(days=1)) is tomorrow
    assert snapshot.timetable(now) is today

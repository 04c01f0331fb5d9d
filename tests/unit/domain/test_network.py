"""Networks: what the engine and the ledger rely on in nodes, calendars and pools."""

from dataclasses import FrozenInstanceError, replace
from datetime import date

import pytest

from sourcier.domain.network import (
    CapacityMeasure,
    Method,
    Node,
    NodeCalendar,
    NodeStatus,
    NodeType,
    capacity_pool_id,
)
from sourcier.domain.place import GeoPoint

CALENDAR = NodeCalendar(working_days=frozenset({1, 2}), cut_off_minute=600)
NODE = Node(
    node_id="berlin",
    node_type=NodeType.STORE,
    point=GeoPoint(lat_e6=52_520_000, lon_e6=13_405_000),
    time_zone="Europe/Berlin",
    calendar=CALENDAR,
    services=("standard",),
)


def test_capacity_pools_of_different_nodes_differ_and_name_the_node() -> None:
    assert capacity_pool_id("berlin") == "node-day:berlin"
    assert capacity_pool_id("berlin") != capacity_pool_id("berlin-2")


def test_a_node_without_more_said_is_open_free_to_handle_and_without_capacity() -> None:
    assert NODE.status is NodeStatus.OPEN
    assert NODE.capacity is None
    assert (NODE.handling_per_shipment_micros, NODE.handling_per_unit_micros) == (0, 0)


def test_equal_calendars_are_one_key() -> None:
    twin = NodeCalendar(working_days=frozenset({2, 1}), cut_off_minute=600)
    assert {CALENDAR, twin} == {CALENDAR}
    assert replace(CALENDAR, closed_dates=frozenset({date(2026, 1, 1)})) != CALENDAR


def test_nodes_do_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        NODE.time_zone = "UTC"  # type: ignore[misc]


@pytest.mark.parametrize("words", [NodeType, NodeStatus, Method, CapacityMeasure])
def test_every_word_is_stored_under_its_own_name(words: type) -> None:
    assert [word.value for word in words] == [word.name for word in words]

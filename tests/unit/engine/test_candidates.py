"""Which starts, shifts and departures are kept: the first, and each later one that has more room or more supply."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.reference import small
from tests.reference.instances import World, random_world

from sourcier.domain.network import CapacityMeasure, NodeStatus, Round, Shift, round_pool_id, shift_pool_id
from sourcier.domain.supply import SupplyKind, SupplyRow
from sourcier.engine.candidates import climb
from sourcier.engine.compile import UNLIMITED, IntArray
from sourcier.engine.offers import build
from sourcier.engine.prefilter import Lanes
from sourcier.engine.trips import NONE

WHOLE = 9
"""More room than that there is nowhere."""


@given(
    rooms=st.lists(st.lists(st.sampled_from([0, 0, 1, 2, 3, WHOLE]), max_size=90), max_size=5),
    skip=st.integers(0, 3),
    highest=st.sampled_from([lambda _: WHOLE, lambda values: max(values, default=0)]),
)
def test_climbing_keeps_what_is_higher_than_everything_before(
    rooms: list[list[int]], skip: int, highest: Callable[[list[int]], int]
) -> None:
    def room(row: IntArray, position: IntArray) -> IntArray:
        return np.array([rooms[r][p] for r, p in zip(row.tolist(), position.tolist(), strict=True)], dtype=np.int64)

    first = np.array([min(skip, len(values)) for values in rooms], dtype=np.int64)
    stop = np.array([len(values) for values in rooms], dtype=np.int64)
    rows, positions = climb(first, stop, room, np.array([highest(values) for values in rooms], dtype=np.int64))
    expected = []
    for row, values in enumerate(rooms):
        most = 0
        for position in range(int(first[row]), len(values)):
            if values[position] > most:
                most = values[position]
                expected.append((row, position))
            if most == WHOLE:
                break
    assert sorted(zip(rows.tolist(), positions.tolist(), strict=True)) == expected


def lanes_of(world: World) -> Lanes:
    return build(world.cart, world.snapshot(), world.compiled_rules())[1]


def beside_a_closed_node(world: World) -> World:
    """The same with one more node: offline, with dated supply of the first line's SKU."""
    closed = replace(world.network.nodes[0], node_id="closed", status=NodeStatus.OFFLINE)
    supply = SupplyRow(
        supply_id="po",
        kind=SupplyKind.PURCHASE_ORDER,
        node_id="closed",
        sku=world.cart.lines[0].sku,
        usable=9,
        expected_on=world.cart.placed_at.date() + timedelta(days=2),
    )
    return replace(world, network=replace(world.network, nodes=(*world.network.nodes, closed)), supplies=(supply,))


def test_one_start_a_node_is_what_is_found_with_supply_that_nobody_can_use() -> None:
    columns = ("node", "trip", "departure", "shift", "ready", "day", "at", "arrival", "cap_units", "cap_lines", "way")
    found = 0
    for seed in range(900_000, 900_060):
        world = random_world(seed, lines_max=4, nodes_max=12)
        alone, beside = lanes_of(world), lanes_of(beside_a_closed_node(world))
        assert (alone.ask.at_once, beside.ask.at_once) == (True, False)
        for name in columns:
            assert getattr(alone, name).tolist() == getattr(beside, name).tolist(), (seed, name)
        found += len(alone.node)
    assert found > 100


def day(days: int) -> str:
    return (small.TODAY + timedelta(days=days)).isoformat()


def days_after(found: Lanes) -> list[int]:
    return [date.fromordinal(int(d)).toordinal() - small.TODAY.toordinal() for d in found.day]


TWICE_A_DAY = (
    Round(service_id="std", days=small.EVERY_DAY, pickup_minute=660, parcels=2),
    Round(service_id="std", days=small.EVERY_DAY, pickup_minute=900, parcels=2),
)


def test_full_rounds_are_passed_over() -> None:
    uses = tuple((round_pool_id("n", "std", m), day(d), 2) for m, d in ((660, 0), (900, 0), (660, 1)))
    world = small.world([small.node("n", rounds=TWICE_A_DAY)], {"n": {"a": 1}}, small.lines(a=1), pool_uses=uses)
    found = lanes_of(world)
    assert days_after(found) == [1]
    assert found.table.rounds.minute[found.departure].tolist() == [900]
    free = lanes_of(replace(world, pool_uses=()))
    assert (days_after(free), free.table.rounds.minute[free.departure].tolist()) == ([0], [660])


def shifts(**changes: Any) -> tuple[Shift, ...]:
    ordinary = {"measure": CapacityMeasure.UNITS, "limit": 4}
    spans = (("early", 360, 840), ("late", 840, 1_320))
    return tuple(Shift(shift_id=i, from_minute=a, to_minute=b, **{**ordinary, **changes}) for i, a, b in spans)


@pytest.mark.parametrize(
    ("early", "late", "expected"),
    [
        (0, 0, [("early", 4)]),
        (4, 0, [("late", 4)]),
        (3, 1, [("early", 1), ("late", 3), ("early", 4)]),
        (1, 2, [("early", 3), ("early", 4)]),
    ],
)
def test_a_full_shift_leaves_the_order_to_later_ones(early: int, late: int, expected: list[tuple[str, int]]) -> None:
    uses = ((shift_pool_id("n", "early"), day(0), early), (shift_pool_id("n", "late"), day(0), late))
    node = small.node(
        "n", shifts=shifts(), rounds=(Round(service_id="std", days=small.EVERY_DAY, pickup_minute=1_380),)
    )
    world = small.world([node], {"n": {"a": 9}}, small.lines(a=4), pool_uses=uses)
    found = lanes_of(world)
    order = np.argsort(found.shift)
    names = [("early", "late")[int(found.table.shifts.which[q])] for q in found.shift[order]]
    assert list(zip(names, found.cap_units[order].tolist(), strict=True)) == expected


def test_room_in_lines_does_not_compare_with_room_in_units() -> None:
    early, late = shifts()
    late = replace(late, measure=CapacityMeasure.LINES, limit=1)
    evening = Round(service_id="std", days=small.EVERY_DAY, pickup_minute=1_380)
    uses = ((shift_pool_id("n", "early"), day(0), 2),)
    node = small.node("n", shifts=(early, late), rounds=(evening,))
    world = small.world([node], {"n": {"a": 9, "b": 9}}, small.lines(a=4, b=1), pool_uses=uses)
    found = lanes_of(world)
    order = np.argsort(found.shift)
    caps = zip(found.cap_units[order].tolist(), found.cap_lines[order].tolist(), strict=True)
    assert list(caps) == [(2, UNLIMITED), (UNLIMITED, 1), (4, UNLIMITED)]


def test_every_pool_limits_in_its_own_measure() -> None:
    node = small.node("n", shifts=shifts(measure=CapacityMeasure.LINES, limit=3), rounds=TWICE_A_DAY)
    found = lanes_of(small.world([node, small.node("m")], {"n": {"a": 9}}, small.lines(a=1)))
    assert (found.cap_units.tolist(), found.cap_lines.tolist()) == ([UNLIMITED] * 2, [3, UNLIMITED])
    assert (found.shift[1] == NONE, found.shift[0] == NONE) == (True, False)


def test_work_waits_for_supply_only_where_stock_is_short() -> None:
    order, on = SupplyKind.PURCHASE_ORDER, small.TODAY + timedelta(days=3)
    rows = tuple(
        SupplyRow(supply_id=f"po-{n}", kind=order, node_id=n, sku="a", usable=9, expected_on=on)
        for n in ("short", "rich")
    )
    nodes = [small.node("short"), small.node("rich")]
    world = replace(small.world(nodes, {"short": {"a": 1}, "rich": {"a": 2}}, small.lines(a=2)), supplies=rows)
    found = lanes_of(world)
    assert list(zip(found.node.tolist(), days_after(found), strict=True)) == [(0, 0), (0, 3), (1, 0)]

"""What a channel may take by day: stock and supply cumulated, protected once, the latest supply first."""

from datetime import date, timedelta
from typing import Any

import numpy as np
from tests.reference import small
from tests.reference.instances import World
from tests.reference.timed import timed_world

from sourcier.domain.network import CapacityMeasure, NodeType, Shift
from sourcier.domain.rules import SafetyStock
from sourcier.domain.supply import SupplyKind, SupplyRow
from sourcier.engine.available import ON_HAND, Available, floors, look


def row(supply_id: str, node_id: str, sku: str, days: int, usable: int, **changes: Any) -> SupplyRow:
    ordinary: dict[str, Any] = {
        "kind": SupplyKind.PURCHASE_ORDER,
        "expected_on": small.TODAY + timedelta(days=days),
    }
    return SupplyRow(supply_id=supply_id, node_id=node_id, sku=sku, usable=usable, **{**ordinary, **changes})


def looked(world: World) -> Available:
    return look(world.cart, world.snapshot(), world.compiled_rules())


def a_world(*supplies: SupplyRow, floor: int = 0, **node: Any) -> World:
    rules = small.rules(safety_stock=(SafetyStock(units=floor),))
    nodes = [small.node("n", **node), small.node("m")]
    world = small.world(nodes, {"n": {"a": 2}}, small.lines(a=5, b=1), rule_set=rules)
    return World(
        network=world.network, rules=rules, rows=world.rows, pool_uses=(), cart=world.cart, supplies=tuple(supplies)
    )


def on(days: int) -> int:
    return (small.TODAY + timedelta(days=days)).toordinal()


def test_supply_adds_to_stock_from_its_day_on() -> None:
    found = looked(a_world(row("1", "n", "a", 3, 4), row("2", "n", "a", 6, 9), row("3", "m", "b", 2, 1)))
    node = np.array([0, 0, 0, 0, 1])
    ready = np.array([ON_HAND, on(2), on(3), on(6), on(6)])
    assert found.by(node, ready).tolist() == [[2, 2, 6, 15, 0], [0, 0, 0, 0, 1]]


def test_protection_that_stock_does_not_cover_is_kept_back_of_each_supply() -> None:
    found = looked(a_world(row("1", "n", "a", 3, 4), row("2", "n", "a", 6, 9), floor=3))
    assert found.on_hand.tolist() == [[0, 0], [0, 0]]
    assert found.by(np.array([0]), np.array([on(6)]))[0].tolist() == [4 - 1 + 9 - 1]


def test_only_days_that_add_something_are_worth_waiting_for() -> None:
    world = a_world(
        row("1", "n", "a", 3, 3), row("2", "n", "a", 6, 9), row("3", "n", "b", 4, 0), row("4", "m", "b", 1, 2)
    )
    node, ready = looked(world).useful(np.array([5, 1]))
    assert list(zip(node.tolist(), ready.tolist(), strict=True)) == [(0, on(3)), (1, on(1))]
    assert looked(a_world()).useful(np.array([5, 1]))[0].tolist() == []


def test_at_nodes_with_shifts_every_day_may_matter() -> None:
    shift = Shift(shift_id="s", from_minute=0, to_minute=600, measure=CapacityMeasure.UNITS, limit=9)
    found = looked(a_world(row("1", "n", "a", 3, 3), row("2", "n", "a", 6, 9), shifts=(shift,)))
    assert found.useful(np.array([5, 1]))[1].tolist() == [on(3), on(6)]


def test_floors_are_those_of_the_channel_by_node_type() -> None:
    rules = small.rules(safety_stock=(SafetyStock(units=2, node_types=frozenset({NodeType.STORE})),))
    world = small.world([small.node("a"), small.node("b", node_type=NodeType.STORE)], {}, (), rule_set=rules)
    assert floors(world.snapshot().network, world.compiled_rules(), "web").tolist() == [0, 2]


def test_what_is_available_is_the_sum_row_by_row() -> None:
    for seed in range(200):
        world = timed_world(seed)
        found = looked(world)
        kept = floors(world.snapshot().network, world.compiled_rules(), "web")
        day = world.cart.placed_at.date()
        for n, node in enumerate(world.network.nodes):
            for days in (0, 4, 11):
                by = day + timedelta(days=days)
                got = found.by(np.array([n]), np.array([by.toordinal()]))[:, 0].tolist()
                assert got == [_plain(world, node.node_id, line.sku, int(kept[n]), by) for line in world.cart.lines]


def _plain(world: World, node_id: str, sku: str, floor: int, by: date) -> int:
    node = next(node for node in world.network.nodes if node.node_id == node_id)
    free = sum(r.free for r in world.rows if (r.node_id, r.sku) == (node_id, sku))
    ordered = small.local_day(world.cart.placed_at, node.time_zone)
    mine = [r for r in world.supplies if (r.node_id, r.sku) == (node_id, sku) and r.ready_on(ordered) <= by]
    return min(max(0, free - floor) + sum(r.available(free, floor) for r in mine), 2**53)


def test_nodes_are_stocked_whatever_is_kept_back() -> None:
    assert looked(a_world(floor=2)).stocked().tolist() == [True, False]
    assert looked(a_world(row("po", "m", "b", 3, 1), floor=9)).stocked().tolist() == [True, True]


def test_nodes_supply_what_they_have_or_get() -> None:
    assert looked(a_world()).supplying().tolist() == [True, False]
    assert looked(a_world(floor=2)).supplying().tolist() == [False, False]
    assert looked(a_world(row("po", "m", "b", 3, 1))).supplying().tolist() == [True, True]
    assert looked(a_world(row("po", "m", "b", 3, 1), floor=1)).supplying().tolist() == [True, False]

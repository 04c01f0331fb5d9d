"""What the checker is shown: pools by name and day as they were, whatever the snapshot does later."""

from datetime import date

import numpy as np
from tests.reference import small
from tests.reference.timed import timed_world
from tests.unit.engine.test_check import seen_of

from sourcier.domain.network import (
    Capacity,
    CapacityMeasure,
    Round,
    Shift,
    capacity_pool_id,
    round_pool_id,
    shift_pool_id,
)
from sourcier.domain.stock import StockRow
from sourcier.engine.offers import build
from sourcier.engine.seen import named, room_on, seen_from


def test_every_pool_of_a_lane_is_named_with_what_is_left_of_it() -> None:
    node = small.node(
        "n",
        capacity=Capacity(measure=CapacityMeasure.LINES, per_day=7),
        rounds=(Round(service_id="std", days=small.EVERY_DAY, pickup_minute=720, parcels=5),),
        shifts=(Shift(shift_id="s", from_minute=0, to_minute=720, measure=CapacityMeasure.UNITS, limit=9),),
    )
    uses = (
        (capacity_pool_id("n"), "2026-03-04", 2),
        (round_pool_id("n", "std", 720), "2026-03-04", 1),
        (shift_pool_id("n", "s"), "2026-03-04", 4),
    )
    world = small.world([node, small.node("free")], {"n": {"a": 1}}, small.lines(a=1), pool_uses=uses)
    snapshot = world.snapshot()
    _, found, _ = build(world.cart, snapshot, world.compiled_rules())
    room = room_on(snapshot, found)
    snapshot.put_pool_uses([(pool, day, 5) for pool, day, _ in uses])
    day = date(2026, 3, 4)
    assert named(snapshot, found, room, np.arange(len(found.node))) == {
        (capacity_pool_id("n"), day): 5,
        (round_pool_id("n", "std", 720), day): 4,
        (shift_pool_id("n", "s"), day): 5,
    }


def test_what_was_seen_does_not_change_with_the_snapshot() -> None:
    world = timed_world(3)
    snapshot, rules = world.snapshot(), world.compiled_rules()
    _, _, available = build(world.cart, snapshot, rules)
    seen = seen_from(world.cart, snapshot, rules, available, complete=False)
    before = seen.stock_free.tolist(), seen.online.tolist(), seen.supplies
    snapshot.put_rows([StockRow(node_id=row.node_id, sku=row.sku, on_hand=99) for row in world.rows])
    snapshot.put_supplies(())
    snapshot.online[:] = False
    assert (seen.stock_free.tolist(), seen.online.tolist(), seen.supplies) == before


def test_the_supply_seen_is_that_of_the_carts_skus() -> None:
    for seed in range(20):
        world = timed_world(seed)
        skus = {line.sku for line in world.cart.lines}
        assert {row.sku for rows in seen_of(world).supplies.values() for row in rows} <= skus

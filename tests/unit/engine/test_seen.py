"""What the checker is shown: the limited pools of the lanes of a plan, as they were when the order was looked at."""

from datetime import date, timedelta

import numpy as np
from tests.reference import small

from sourcier.domain.network import (
    Capacity,
    CapacityMeasure,
    Round,
    Shift,
    capacity_pool_id,
    round_pool_id,
    shift_pool_id,
)
from sourcier.engine.offers import build
from sourcier.engine.seen import named, room_on, seen_from

NOON = 720


def test_pools_are_told_by_day_with_what_was_left_of_them() -> None:
    ordinary = small.node("plain")
    limited = small.node(
        "limited",
        capacity=Capacity(measure=CapacityMeasure.UNITS, per_day=9),
        rounds=(Round(service_id="std", days=small.EVERY_DAY, pickup_minute=NOON, parcels=4),),
        shifts=(Shift(shift_id="day", from_minute=0, to_minute=1_440, measure=CapacityMeasure.LINES, limit=7),),
    )
    today = small.TODAY.isoformat()
    uses = (
        (capacity_pool_id("limited"), today, 5),
        (round_pool_id("limited", "std", NOON), today, 3),
        (shift_pool_id("limited", "day"), today, 1),
    )
    stock = {"plain": {"a": 1}, "limited": {"a": 1}}
    world = small.world([ordinary, limited], stock, small.lines(a=1), pool_uses=uses)
    snapshot, rules = world.snapshot(), world.compiled_rules()
    _, found, available = build(world.cart, snapshot, rules)
    room = room_on(snapshot, found)
    first = [int(np.flatnonzero(found.node == node)[0]) for node in (0, 1)]
    assert named(snapshot, found, room, np.array(first[:1])) == {}
    left = named(snapshot, found, room, np.array(first))
    assert left == {
        (capacity_pool_id("limited"), small.TODAY): 4,
        (round_pool_id("limited", "std", NOON), small.TODAY): 1,
        (shift_pool_id("limited", "day"), small.TODAY): 6,
    }
    snapshot.put_pool_uses([(capacity_pool_id("limited"), today, 9)])
    assert named(snapshot, found, room, np.array(first)) == left
    assert seen_from(world.cart, snapshot, rules, available, complete=True).left == {}


def test_a_lane_names_the_pools_of_its_own_day() -> None:
    node = small.node("n", capacity=Capacity(measure=CapacityMeasure.ORDERS, per_day=2))
    uses = ((capacity_pool_id("n"), small.TODAY.isoformat(), 2),)
    world = small.world([node], {"n": {"a": 1}}, small.lines(a=1), pool_uses=uses)
    snapshot = world.snapshot()
    _, found, _ = build(world.cart, snapshot, world.compiled_rules())
    left = named(snapshot, found, room_on(snapshot, found), np.arange(len(found.node)))
    assert left == {(capacity_pool_id("n"), date(2026, 3, 4) + timedelta(days=1)): 2}

"""Why a service cannot bring a cart, and the remedies: each of them works."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from tests.reference import small
from tests.reference.instances import World, random_world
from tests.reference.model import optimum

from sourcier.domain.network import Capacity, CapacityMeasure, NodeCalendar, TransitBand, WeightTier, capacity_pool_id
from sourcier.domain.promise import Obstacle, Remedy
from sourcier.domain.rules import Constraints, DeliverBy, SafetyStock
from sourcier.engine.decide import drive, prepare
from sourcier.engine.options import earliest
from sourcier.engine.remedies import obstacle_steps
from sourcier.engine.solver import Budget, solve

NOTHING = Remedy()


def firm(world: World) -> World:
    constraints = replace(world.rules.constraints, deliver_by=DeliverBy.HARD)
    return replace(world, rules=replace(world.rules, constraints=constraints))


def prepared(world: World):
    return prepare(world.cart, world.snapshot(), world.compiled_rules(), complete=True)


def obstacle(world: World) -> tuple[Obstacle, tuple[str, ...], Remedy]:
    return drive(obstacle_steps(prepared(firm(world))), lambda model: solve(model, Budget(solve_ms=10_000)))


def one_node(stock: dict[str, int], order, **changes) -> World:
    return small.world([small.node("n")], {"n": stock}, order, **changes)


def without(world: World, line_ids: tuple[str, ...]) -> World:
    lines = tuple(line for line in world.cart.lines if line.line_id not in line_ids)
    return replace(world, cart=replace(world.cart, lines=lines))


def test_lines_that_are_short_can_be_left_out() -> None:
    world = one_node({"a": 1, "b": 1}, small.lines(a=1, b=2, c=1))
    assert obstacle(world) == (
        Obstacle.OUT_OF_STOCK,
        ("line-b", "line-c"),
        Remedy(remove_line_ids=("line-b", "line-c")),
    )


def test_of_the_lines_of_one_sku_only_those_are_left_out_for_which_nothing_is_left() -> None:
    (line,) = small.lines(a=1)
    order = tuple(replace(line, line_id=str(i), quantity=q) for i, q in enumerate((3, 1, 2)))
    assert obstacle(one_node({"a": 3}, order)) == (
        Obstacle.OUT_OF_STOCK,
        ("0", "1", "2"),
        Remedy(remove_line_ids=("0",)),
    )
    dearer = (order[0], replace(order[1], unit_price_micros=1), order[2])
    assert obstacle(one_node({"a": 3}, dearer))[2] == Remedy(remove_line_ids=("0",))


@pytest.mark.parametrize(
    ("stock", "order"),
    [
        ({}, small.lines(a=1)),
        ({"a": 1}, small.lines(a=2)),
        ({}, small.lines(a=1, b=1)),
        ({"a": 1}, small.lines(a=2, b=1)),
    ],
)
def test_nothing_helps_where_no_line_can_be_had(stock: dict[str, int], order) -> None:
    told, lines, remedy = obstacle(one_node(stock, order))
    assert (told, remedy) == (Obstacle.OUT_OF_STOCK, NOTHING)
    assert lines == tuple(line.line_id for line in order)


def test_protected_stock_is_out_of_stock() -> None:
    rules = small.rules(safety_stock=(SafetyStock(units=2),))
    told = obstacle(one_node({"a": 2, "b": 3}, small.lines(a=1, b=1), rule_set=rules))
    assert told == (Obstacle.OUT_OF_STOCK, ("line-a",), Remedy(remove_line_ids=("line-a",)))


def test_what_comes_too_late_can_be_waited_for() -> None:
    slow = small.service(transit=(TransitBand(max_distance_m=None, business_days=3),))
    world = one_node({"a": 1}, small.lines(a=1), services=(slow,), deliver_by=date(2026, 3, 6))
    assert obstacle(world) == (Obstacle.TOO_LATE, (), Remedy(wait_until=date(2026, 3, 7)))


def test_part_of_the_cart_in_time_or_all_of_it_later() -> None:
    later = small.node("later", calendar=NodeCalendar(working_days=frozenset({5}), cut_off_minute=720))
    nodes, stock = [small.node("now"), later], {"now": {"a": 1}, "later": {"b": 1}}
    world = small.world(nodes, stock, small.lines(a=1, b=1), deliver_by=date(2026, 3, 5))
    remedy = Remedy(remove_line_ids=("line-b",), wait_until=date(2026, 3, 7))
    assert obstacle(world) == (Obstacle.TOO_LATE, ("line-b",), remedy)


def test_what_never_comes_is_not_waited_for() -> None:
    world = one_node({"a": 1}, small.lines(a=1, b=1), deliver_by=date(2026, 3, 6))
    assert obstacle(world) == (Obstacle.OUT_OF_STOCK, ("line-b",), Remedy(remove_line_ids=("line-b",)))


def full_until(days: int, **changes) -> World:
    """A node with room for one order a day, taken for so many days from today on."""
    node = small.node("n", capacity=Capacity(measure=CapacityMeasure.ORDERS, per_day=1))
    uses = tuple((capacity_pool_id("n"), (small.TODAY + timedelta(days=d)).isoformat(), 1) for d in range(days))
    return small.world([node], {"n": {"a": 1}}, small.lines(a=1), pool_uses=uses, **changes)


def test_a_full_node_is_waited_for() -> None:
    world = full_until(4, deliver_by=date(2026, 3, 6))
    assert obstacle(world) == (Obstacle.NO_CAPACITY, (), Remedy(wait_until=date(2026, 3, 9)))


def test_a_node_that_is_full_as_far_as_can_be_seen_has_no_remedy() -> None:
    assert obstacle(full_until(100)) == (Obstacle.NO_CAPACITY, (), NOTHING)


def test_goods_that_the_service_does_not_carry_can_be_left_out() -> None:
    light = small.service(weight_tiers=(WeightTier(max_grams=150, cost_micros=0),))
    order = (*small.lines(a=1), replace(small.lines(anvil=1)[0], unit_weight_grams=40_000))
    world = one_node({"a": 1, "anvil": 1}, order, services=(light,))
    assert obstacle(world) == (Obstacle.TOO_HEAVY, ("line-anvil",), Remedy(remove_line_ids=("line-anvil",)))
    assert obstacle(one_node({"anvil": 1}, order[1:], services=(light,))) == (
        Obstacle.TOO_HEAVY,
        ("line-anvil",),
        NOTHING,
    )


def test_a_place_out_of_reach_has_no_lane() -> None:
    near = small.service(transit=(TransitBand(max_distance_m=1_000, business_days=1),))
    far = small.node("n", point=small.ONE_DEGREE_NORTH)
    world = small.world([far], {"n": {"a": 1}}, small.lines(a=1), services=(near,))
    assert obstacle(world) == (Obstacle.NO_LANE, (), NOTHING)


def test_what_the_rules_do_not_allow_together_may_be_had_without_the_least_valuable_line() -> None:
    rules = small.rules(constraints=Constraints(max_shipments=1))
    cheap = replace(small.lines(c=1)[0], unit_price_micros=small.EURO)
    nodes = [small.node("x"), small.node("y")]
    world = small.world(
        nodes, {"x": {"a": 1, "c": 1}, "y": {"b": 1, "a": 1}}, (*small.lines(a=1, b=1), cheap), rule_set=rules
    )
    assert obstacle(world) == (Obstacle.NO_PLAN, (), Remedy(remove_line_ids=("line-c",)))


def test_one_line_alone_that_no_plan_brings_has_no_remedy() -> None:
    rules = small.rules(constraints=Constraints(max_shipments=1))
    world = small.world(
        [small.node("x"), small.node("y")], {"x": {"a": 1}, "y": {"a": 1}}, small.lines(a=2), rule_set=rules
    )
    assert obstacle(world) == (Obstacle.NO_PLAN, (), NOTHING)


@pytest.mark.parametrize("first_seed", range(63_000, 63_400, 100))
def test_every_remedy_works(first_seed: int) -> None:
    """The whole model, without the engine, finds a plan for the lines left, or by the date named and none earlier."""
    fewer = later = 0
    for seed in range(first_seed, first_seed + 100):
        world = firm(random_world(seed, lines_max=4, nodes_max=6))
        world = replace(world, cart=replace(world.cart, deliver_by=date(2026, 3, 4 + seed % 4)))
        if drive(earliest(prepared(world)), lambda model: solve(model, Budget())) is not None:
            continue
        _, lines, remedy = obstacle(world)
        assert set(lines) <= {line.line_id for line in world.cart.lines}
        if remedy.remove_line_ids:
            assert optimum(without(world, remedy.remove_line_ids), complete=True) is not None, f"seed {seed}"
            fewer += 1
        if remedy.wait_until is not None:
            for days, possible in ((0, True), (1, False)):
                day = remedy.wait_until - timedelta(days=days)
                moved = replace(world, cart=replace(world.cart, deliver_by=day))
                assert (optimum(moved, complete=True) is not None) is possible, f"seed {seed}"
            later += 1
    assert fewer > 3
    assert later > 3

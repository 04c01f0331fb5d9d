"""The decision from end to end: statuses, proofs, explanations, and how it is driven step by step."""

import pickle
from dataclasses import replace
from datetime import date
from functools import cache

import pytest
from tests.reference import small
from tests.reference.instances import World, random_world
from tests.reference.model import optimum

from sourcier.domain.errors import Reason, Refusal
from sourcier.domain.network import NodeStatus, WeightTier
from sourcier.domain.order import Line
from sourcier.domain.plan import Costs, Proof, Status
from sourcier.domain.rules import Constraints, DeliverBy, Prices
from sourcier.engine.decide import decide, decide_steps, drive, side_by_side
from sourcier.engine.refine import Model, Solution
from sourcier.engine.solver import Budget, solve

UNFILLED = Prices(unfilled_per_unit_micros=40 * small.EURO)


def steps_of(world: World, **options):
    return decide_steps(world.cart, world.snapshot(), world.compiled_rules(), **options)


@cache
def solver_world() -> World:
    """A world that neither certificates nor enumeration settle."""
    for seed in range(80_000, 80_400):
        world = random_world(seed, lines_max=10, nodes_max=30)
        asked: list[Model] = []
        decision = drive(steps_of(world), lambda model, asked=asked: asked.append(model))
        is_open = bool(asked) and decision.gap_micros > 0 and bool(decision.plan.shipments)
        if is_open and small.decided(world).proof is Proof.MIP:
            return world
    raise AssertionError("no world needs the solver")


def test_the_cheapest_node_ships_and_the_answer_says_from_what_it_was_made() -> None:
    world = small.world(
        [small.node("near"), small.node("far", handling_per_unit_micros=1)],
        {"near": {"a": 2}, "far": {"a": 2}},
        small.lines(a=2),
    )
    snapshot = world.snapshot()
    snapshot.version = 42
    decision = decide(world.cart, snapshot, world.compiled_rules(), Budget())
    assert [s.node_id for s in decision.plan.shipments] == ["near"]
    assert (decision.status, decision.proof) == (Status.OPTIMAL, Proof.CERTIFICATE)
    assert decision.objective_micros == decision.bound_micros == 5 * small.EURO
    assert (decision.snapshot_version, decision.rule_set_revision) == (42, "ruleSets/random/revisions/1")


def test_nothing_to_ship_from_is_unfillable_and_proven() -> None:
    decision = small.decided(small.world([small.node("n")], {}, small.lines(a=2)))
    assert decision.status is Status.UNFILLABLE
    assert decision.plan.costs == Costs(unfilled=100 * small.EURO)
    assert decision.gap_micros == 0


def test_a_unit_that_costs_more_to_ship_than_to_leave_stays() -> None:
    cheap = tuple(replace(line, unit_price_micros=small.EURO) for line in small.lines(a=1))
    assert small.decided(small.world([small.node("n")], {"n": {"a": 1}}, cheap)).status is Status.UNFILLABLE
    world = small.world([small.node("n")], {"n": {"a": 1}}, cheap, rule_set=small.rules(prices=UNFILLED))
    assert small.decided(world).status is Status.OPTIMAL


def test_what_is_missing_stays_unfilled_unless_the_order_must_be_whole() -> None:
    partial = small.world([small.node("n")], {"n": {"a": 1}}, small.lines(a=1, b=1))
    assert small.decided(partial).plan.costs == Costs(shipping=5 * small.EURO, unfilled=50 * small.EURO)
    whole = replace(partial, rules=small.rules(constraints=Constraints(partial_orders=False)))
    assert small.decided(whole).plan.costs == Costs(unfilled=100 * small.EURO)


def test_ship_complete_needs_one_node_with_everything() -> None:
    stock = {"x": {"a": 1}, "y": {"b": 1}, "all": {"a": 1, "b": 1}}
    dear = small.node("all", handling_per_shipment_micros=30 * small.EURO)
    world = small.world([small.node("x"), small.node("y"), dear], stock, small.lines(a=1, b=1))
    assert [s.node_id for s in small.decided(world).plan.shipments] == ["x", "y"]
    together = replace(world, rules=small.rules(constraints=Constraints(ship_complete=True)))
    assert [s.node_id for s in small.decided(together).plan.shipments] == ["all"]


@pytest.mark.parametrize(("split", "nodes"), [(0, ["x", "y"]), (26 * small.EURO, ["all"])])
def test_the_price_of_a_split_decides_between_one_parcel_and_two(split: int, nodes: list[str]) -> None:
    stock = {"x": {"a": 1}, "y": {"b": 1}, "all": {"a": 1, "b": 1}}
    dear = small.node("all", handling_per_shipment_micros=30 * small.EURO)
    rules = small.rules(prices=Prices(split_micros=split))
    world = small.world([small.node("x"), small.node("y"), dear], stock, small.lines(a=1, b=1), rule_set=rules)
    assert [s.node_id for s in small.decided(world).plan.shipments] == nodes


def test_lateness_is_forbidden_or_priced() -> None:
    world = small.world([small.node("n")], {"n": {"a": 1}}, small.lines(a=1), deliver_by=date(2026, 3, 4))
    assert small.decided(world).status is Status.UNFILLABLE
    soft = small.rules(
        prices=Prices(late_per_unit_day_micros=7 * small.EURO), constraints=Constraints(deliver_by=DeliverBy.SOFT)
    )
    assert small.decided(replace(world, rules=soft)).plan.costs == Costs(shipping=5 * small.EURO, late=7 * small.EURO)


def test_a_node_that_went_offline_is_not_used() -> None:
    world = small.world([small.node("n"), small.node("m")], {"n": {"a": 1}, "m": {"a": 1}}, small.lines(a=1))
    snapshot = world.snapshot()
    snapshot.put_statuses({"m": NodeStatus.OFFLINE})
    decision = decide(world.cart, snapshot, world.compiled_rules(), Budget())
    assert [s.node_id for s in decision.plan.shipments] == ["n"]


def test_a_solver_that_fails_leaves_a_degraded_plan_with_a_true_bound() -> None:
    world = solver_world()
    decision = drive(steps_of(world), lambda _: None)
    assert (decision.status, decision.proof) == (Status.DEGRADED, Proof.MIP)
    assert decision.bound_micros <= optimum(world) <= decision.objective_micros
    assert decision.gap_micros > 0


def test_a_solver_that_runs_out_of_time_leaves_a_feasible_plan() -> None:
    world = solver_world()
    decision = drive(steps_of(world), lambda _: Solution(cover=None, bound=0))
    assert decision.status is Status.FEASIBLE
    assert decision.bound_micros <= optimum(world) <= decision.objective_micros


def test_the_solver_settles_what_the_pre_filter_does_not() -> None:
    decision = small.decided(solver_world())
    assert (decision.status, decision.proof) == (Status.OPTIMAL, Proof.MIP)
    assert decision.objective_micros == optimum(solver_world())


def test_runs_side_by_side_take_turns_and_know_how_many_wait() -> None:
    model = next(steps_of(solver_world()))
    told = []

    def asking(name: str, times: int):
        found = ()
        for _ in range(times):
            solution = yield replace(model, bound=ord(name))
            found = (*found, solution)
        return name, found

    def answer(asked: Model) -> Solution | None:
        told.append((chr(asked.bound), asked.waiting))
        return Solution(cover=None, bound=len(told))

    found = drive(side_by_side(asking(name, times) for name, times in [("a", 2), ("b", 0), ("c", 3), ("d", 1)]), answer)
    assert told == [("a", 2), ("c", 2), ("d", 2), ("a", 1), ("c", 0), ("c", 0)]
    assert [(name, [solution.bound for solution in solutions]) for name, solutions in found] == [
        ("a", [1, 4]),
        ("b", []),
        ("c", [2, 5, 6]),
        ("d", [3]),
    ]


def test_the_model_sent_to_the_solver_can_cross_processes() -> None:
    world = solver_world()
    model = next(steps_of(world))
    assert isinstance(model, Model)
    answered = drive(
        steps_of(world),
        lambda m: pickle.loads(pickle.dumps(solve(pickle.loads(pickle.dumps(m)), Budget(solve_ms=10_000)))),
    )
    assert answered == small.decided(world)


def test_stock_that_changes_while_the_solver_works_does_not_spoil_the_answer() -> None:
    world = solver_world()
    snapshot = world.snapshot()
    steps = decide_steps(world.cart, snapshot, world.compiled_rules())
    model = next(steps)
    snapshot.put_rows([replace(row, on_hand=0) for row in world.rows])
    snapshot.put_statuses({node.node_id: NodeStatus.OFFLINE for node in world.network.nodes})
    snapshot.version = 99
    with pytest.raises(StopIteration) as stop:
        steps.send(solve(model, Budget(solve_ms=10_000)))
    assert stop.value.value.plan == small.decided(world).plan
    assert stop.value.value.snapshot_version == 0


def test_explanations_can_be_left_away_and_change_nothing_else() -> None:
    for seed in range(85_000, 85_030):
        world = random_world(seed, lines_max=4, nodes_max=8)
        full = drive(steps_of(world), lambda model: solve(model, Budget(solve_ms=10_000)))
        brief = drive(steps_of(world, explained=False), lambda model: solve(model, Budget(solve_ms=10_000)))
        assert brief == replace(full, left_out=()), f"seed {seed}"


def test_complete_ships_everything_whatever_it_costs() -> None:
    worthless = tuple(replace(line, unit_price_micros=0) for line in small.lines(a=1, b=1))
    world = small.world([small.node("n")], {"n": {"a": 1, "b": 1}}, worthless)
    assert small.decided(world).status is Status.UNFILLABLE
    decision = drive(steps_of(world, complete=True), lambda _: None)
    assert decision.plan.costs == Costs(shipping=5 * small.EURO)
    assert not decision.plan.unfilled


@pytest.mark.parametrize("heavy_first", [True, False])
def test_a_line_too_heavy_to_travel_takes_no_stock_from_a_lighter_one_of_its_sku(heavy_first: bool) -> None:
    heavy = Line(line_id="1", sku="a", quantity=2, unit_weight_grams=9_000, unit_price_micros=50 * small.EURO)
    light = replace(heavy, line_id="2", quantity=1, unit_weight_grams=100)
    letters = small.service(weight_tiers=(WeightTier(max_grams=500, cost_micros=0),))
    order = (heavy, light) if heavy_first else (light, heavy)
    decision = small.decided(small.world([small.node("n")], {"n": {"a": 5}}, order, services=(letters,)))
    assert decision.plan.costs == Costs(shipping=5 * small.EURO, unfilled=100 * small.EURO)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"channel": "fax"}, Reason.CHANNEL_UNKNOWN),
        ({"currency_code": "CHF"}, Reason.CURRENCY_MISMATCH),
        ({"services": ("rocket",)}, Reason.SERVICE_UNKNOWN),
    ],
)
def test_carts_that_cannot_be_decided_are_refused(change: dict, reason: Reason) -> None:
    world = small.world([small.node("n")], {"n": {"a": 1}}, small.lines(a=1))
    with pytest.raises(Refusal) as caught:
        decide(replace(world.cart, **change), world.snapshot(), world.compiled_rules(), Budget())
    assert caught.value.reason is reason

"""Demands, offers and their prices: one example by hand, merging, dominance, tiers as choices, limits of size."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from tests.reference import small
from tests.reference.brute import all_plans, count_assignments, tiny_problems
from tests.reference.instances import World
from tests.reference.model import optimum
from tests.reference.timed import timed_world

from sourcier.domain.errors import Reason, Refusal
from sourcier.domain.network import Capacity, CapacityMeasure, WeightTier
from sourcier.domain.order import Line
from sourcier.domain.rules import Constraints, DeliverBy, Prices, SafetyStock
from sourcier.engine.compile import UNLIMITED
from sourcier.engine.offers import (
    OBJECTIVE_MICROS_MAX,
    Fill,
    Problem,
    build,
    by_tier,
    undominated,
)


def problem_of(world: World, *, complete: bool = False) -> Problem:
    problem, _, _ = build(world.cart, world.snapshot(), world.compiled_rules(), complete=complete)
    return problem


def test_costs_by_hand() -> None:
    """A node one degree north (111,195 m), one day late, two lines of which one has less stock than wanted."""
    world = small.world(
        [
            small.node(
                "n",
                point=small.ONE_DEGREE_NORTH,
                handling_per_shipment_micros=400_000,
                handling_per_unit_micros=30_000,
            )
        ],
        {"n": {"a": 5, "b": 1}},
        (
            Line(line_id="1", sku="a", quantity=2, unit_weight_grams=333, unit_price_micros=19_990_000),
            Line(line_id="2", sku="b", quantity=3, unit_weight_grams=1_500, unit_price_micros=3_333_333),
        ),
        services=(
            small.service(
                per_shipment_micros=2_000_000,
                per_shipment_km_micros=10_001,
                per_unit_micros=500_000,
                per_unit_km_micros=7,
                per_kg_micros=250_001,
                weight_tiers=(
                    WeightTier(max_grams=1_000, cost_micros=1),
                    WeightTier(max_grams=None, cost_micros=2),
                ),
            ),
        ),
        rule_set=small.rules(
            prices=Prices(
                split_micros=90_000,
                unfilled_per_unit_micros=1_000,
                unfilled_value_bp=15_000,
                late_per_unit_day_micros=600_000,
            ),
            constraints=Constraints(deliver_by=DeliverBy.SOFT),
            safety_stock=(SafetyStock(units=1),),
        ),
        deliver_by=date(2026, 3, 4),
    )
    problem = problem_of(world)
    # 10,001 * 111.195 = 1,112,061.195; plus label, handling and one split price.
    assert problem.fixed.tolist() == [2_000_000 + 1_112_061 + 400_000 + 90_000]
    # 7 * 111.195 = 778.365. By weight: 250,001 * 0.333 = 83,250.333 and 250,001 * 1.5 = 375,001.5, halves up.
    per_unit = 500_000 + 778 + 30_000 + 600_000
    assert problem.unit.tolist() == [[per_unit + 83_250], [per_unit + 375_002]]
    # 19,990,000 * 1.5 + 1,000 and 3,333,333 * 1.5 = 4,999,999.5, halves up.
    assert problem.unfilled.tolist() == [29_986_000, 5_001_000]
    assert problem.nothing == 2 * 29_986_000 + 3 * 5_001_000
    assert problem.available.tolist() == [[4], [0]]
    assert problem.supply.tolist() == [[2], [0]]
    assert (problem.split, problem.total_weight) == (90_000, 2 * 333 + 3 * 1_500)
    assert [date.fromordinal(d) for d in problem.arrival] == [date(2026, 3, 5)]


def line(line_id: str, sku: str = "a", **changes) -> Line:
    return Line(line_id=line_id, sku=sku, **{"quantity": 2, "unit_weight_grams": 100, **changes})


def one_node(*lines: Line, capacity: Capacity | None = None, constraints: Constraints | None = None) -> World:
    rules = small.rules(constraints=constraints, prices=Prices(unfilled_per_unit_micros=small.EURO))
    return small.world([small.node("n", capacity=capacity)], {"n": {"a": 9, "b": 9}}, lines, rule_set=rules)


def test_lines_that_nothing_distinguishes_are_one_demand() -> None:
    problem = problem_of(one_node(line("1"), line("2", "b"), line("3", quantity=5)))
    assert problem.lines_of == ((0, 2), (1,))
    assert problem.quantity.tolist() == [7, 2]
    assert problem.group.tolist() == [0, 1]


@pytest.mark.parametrize("change", [{"unit_weight_grams": 101}, {"unit_price_micros": 1}])
def test_lines_of_one_sku_that_differ_share_stock_as_two_demands(change: dict) -> None:
    problem = problem_of(one_node(line("1"), line("2", **change)))
    assert problem.lines_of == ((0,), (1,))
    assert problem.group.tolist() == [0, 0]


def test_lines_stay_apart_where_a_rule_or_a_capacity_counts_them() -> None:
    lines = (line("1"), line("2"))
    assert len(problem_of(one_node(*lines, constraints=Constraints(max_nodes_per_line=1))).quantity) == 2
    tight, ample = (Capacity(measure=CapacityMeasure.LINES, per_day=n) for n in (1, 2))
    assert len(problem_of(one_node(*lines, capacity=tight)).quantity) == 2
    assert len(problem_of(one_node(*lines, capacity=ample)).quantity) == 1


@pytest.mark.parametrize(
    ("measure", "units", "lines"),
    [
        (CapacityMeasure.ORDERS, UNLIMITED, UNLIMITED),
        (CapacityMeasure.LINES, UNLIMITED, 3),
        (CapacityMeasure.UNITS, 3, UNLIMITED),
    ],
)
def test_a_capacity_limits_its_own_measure(measure: CapacityMeasure, units: int, lines: int) -> None:
    problem = problem_of(one_node(line("1"), capacity=Capacity(measure=measure, per_day=3)))
    assert (problem.cap_units.tolist(), problem.cap_lines.tolist()) == ([units], [lines])


@pytest.mark.parametrize(
    ("constraints", "complete", "fill", "max_shipments"),
    [
        (Constraints(max_shipments=3), False, Fill.PARTIAL, 3),
        (Constraints(partial_orders=False), False, Fill.ALL_OR_NOTHING, None),
        (Constraints(ship_complete=True, max_shipments=3), False, Fill.ALL_OR_NOTHING, 1),
        (Constraints(), True, Fill.ALL, None),
        (Constraints(partial_orders=False), True, Fill.ALL, None),
    ],
)
def test_what_a_plan_may_leave_unfilled(
    constraints: Constraints, complete: bool, fill: Fill, max_shipments: int | None
) -> None:
    problem = problem_of(one_node(line("1"), constraints=constraints), complete=complete)
    assert (problem.fill, problem.max_shipments) == (fill, max_shipments)


def test_where_every_unit_must_be_filled_one_unfilled_unit_costs_more_than_any_whole_plan() -> None:
    whole = 0
    for tiny in (*tiny_problems(40, complete=True), *tiny_problems(40, 500)):
        if tiny.problem.fill is not Fill.PARTIAL:
            full = [p.objective for p in tiny.plans if sum(map(sum, p.units)) == tiny.problem.quantity.sum()]
            assert max(full, default=0) < tiny.problem.unfilled.min(), f"seed {tiny.seed}"
            whole += bool(full)
    assert whole > 20


def _least(problem: Problem) -> int:
    return min(plan.objective for plan in all_plans(problem))


@pytest.mark.parametrize("complete", [False, True])
def test_the_offers_that_are_left_hold_the_optimum_of_the_unfiltered_model(complete: bool) -> None:
    """Merging, dominance and the staircase of ship days lose nothing."""
    for tiny in tiny_problems(100, complete=complete):
        best = optimum(tiny.world, complete=complete)
        quantity = int(tiny.problem.quantity.sum())
        full = min((p.objective for p in tiny.plans if sum(map(sum, p.units)) == quantity), default=None)
        if tiny.problem.fill is Fill.ALL:
            found = full
        elif tiny.problem.fill is Fill.ALL_OR_NOTHING:
            found = min(tiny.problem.nothing, full) if full is not None else tiny.problem.nothing
        else:
            found = tiny.optimum
        assert found == best, f"seed {tiny.seed}"


def test_dominance_drops_what_another_offer_of_the_node_does_as_well() -> None:
    rng = np.random.default_rng(7)
    dropped = 0
    for tiny in tiny_problems(60):
        problem = tiny.problem
        twice = problem.restricted(np.repeat(np.arange(problem.num_offers), 2))
        odd = np.arange(twice.num_offers) % 2 == 1
        twice = replace(
            twice,
            fixed=twice.fixed + np.where(odd, rng.integers(-1, 2, twice.num_offers) * 1_000_000, 0),
            unit=twice.unit + np.where(odd, rng.integers(-1, 2, twice.num_offers) * 100_000, 0),
            cap_units=np.where(rng.random(twice.num_offers) < 0.3, rng.integers(1, 4, twice.num_offers), UNLIMITED),
            cap_lines=np.where(rng.random(twice.num_offers) < 0.3, 1, UNLIMITED),
            supply=np.where(rng.random(twice.supply.shape) < 0.1, 0, twice.supply),
            tiers=np.where(odd, rng.integers(0, len(twice.tier_tables), twice.num_offers), twice.tiers),
        )
        if count_assignments(twice) > 10_000:
            continue
        left = undominated(twice, tiny.world.snapshot())
        assert _least(left) == _least(twice), f"seed {tiny.seed}"
        assert set(left.node.tolist()) == set(problem.node.tolist())
        dropped += twice.num_offers - left.num_offers
    assert dropped > 50


def test_of_equal_offers_exactly_one_is_kept() -> None:
    problem = problem_of(one_node(line("1")))
    thrice = problem.restricted(np.zeros(3, dtype=np.int64))
    assert undominated(thrice, one_node(line("1")).snapshot()).num_offers == 1


def test_tiers_as_choices_cost_the_same_and_have_one_tier_each() -> None:
    expanded = 0
    for tiny in tiny_problems(100):
        choices = by_tier(tiny.problem)
        assert all(len(table.cost) == 1 for table in choices.tier_tables)
        if choices.num_offers > tiny.problem.num_offers and count_assignments(choices) <= 10_000:
            expanded += 1
            assert _least(choices) == tiny.optimum, f"seed {tiny.seed}"
    assert expanded >= 5


def test_restricting_keeps_the_columns_asked_for() -> None:
    problem = tiny_problems(1)[0].problem
    part = problem.restricted(np.array([1]))
    assert (part.num_offers, part.fixed.tolist()) == (1, [int(problem.fixed[1])])
    assert part.unit.tolist() == problem.unit[:, [1]].tolist()
    assert part.quantity is problem.quantity


def test_prices_beyond_the_integers_are_refused() -> None:
    dear = line("1", quantity=1_000_000, unit_price_micros=10**12)
    with pytest.raises(Refusal) as caught:
        problem_of(one_node(dear, line("2", quantity=1_000_000, unit_price_micros=10**12)))
    assert caught.value.reason is Reason.FIELD_INVALID


@pytest.mark.parametrize("complete", [False, True])
def test_a_price_of_shipping_nothing_beyond_the_integers_is_refused(complete: bool) -> None:
    """Where all or nothing ships, the price of nothing does not appear in the problem's own figures."""
    dear = line("1", quantity=1_000_000, unit_price_micros=10**12)
    rules = small.rules(prices=Prices(unfilled_value_bp=1_000_000), constraints=Constraints(partial_orders=False))
    world = small.world([small.node("n")], {"n": {"a": 10**6}}, (dear,), rule_set=rules)
    with pytest.raises(Refusal, match="beyond what can be priced"):
        problem_of(world, complete=complete)


def test_the_largest_objective_leaves_room_in_64_bits() -> None:
    assert OBJECTIVE_MICROS_MAX * 4 < 2**63


def columns(problem: Problem) -> dict[str, object]:
    """Everything in a problem but the positions of its offers among the lanes."""
    found = {name: getattr(problem, name) for name in problem.__slots__ if name not in ("lane", "tier_tables")}
    return {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in found.items()}


def test_without_reasons_the_same_offers_are_found() -> None:
    fewer = 0
    for seed in range(71_000, 71_060):
        world = timed_world(seed)
        cart, snapshot, rules = world.cart, world.snapshot(), world.compiled_rules()
        whole, lanes, _ = build(cart, snapshot, rules, complete=True)
        alone, kept, _ = build(cart, snapshot, rules, complete=True, reasons=False)
        assert columns(replace(alone, unfilled=whole.unfilled)) == columns(whole), f"seed {seed}"
        assert (alone.unfilled <= whole.unfilled).all()  # above every plan, with fewer lanes that is less
        assert not kept.reason.any()
        fewer += len(kept.node) < len(lanes.node)
    assert fewer > 5

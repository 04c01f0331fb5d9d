"""Answers written out as shipments of order lines."""

from datetime import UTC, date, datetime

from tests.reference import small
from tests.reference.instances import random_world

from sourcier.domain.network import NodeCalendar, WeightTier
from sourcier.domain.order import Line
from sourcier.domain.plan import Costs, Shipment, ShipmentLine
from sourcier.domain.rules import Constraints, DeliverBy, Prices, SafetyStock


def test_one_shipment_by_hand() -> None:
    """The node of `test_offers.test_costs_by_hand`, written out: one line full, the other unfilled."""
    world = small.world(
        [
            small.node(
                "n",
                point=small.ONE_DEGREE_NORTH,
                time_zone="Europe/Paris",
                calendar=NodeCalendar(working_days=small.EVERY_DAY, cut_off_minute=780, processing_minutes=45),
                handling_per_shipment_micros=400_000,
                handling_per_unit_micros=30_000,
            )
        ],
        {"n": {"a": 5, "b": 1}},
        (
            Line(line_id="1", sku="b", quantity=3, unit_weight_grams=1_500, unit_price_micros=3_333_333),
            Line(line_id="2", sku="a", quantity=2, unit_weight_grams=333, unit_price_micros=19_990_000),
        ),
        services=(
            small.service(
                per_shipment_micros=2_000_000,
                per_shipment_km_micros=10_001,
                per_unit_micros=500_000,
                per_unit_km_micros=7,
                per_kg_micros=250_001,
                weight_tiers=(WeightTier(max_grams=665, cost_micros=1), WeightTier(max_grams=666, cost_micros=5)),
            ),
        ),
        rule_set=small.rules(
            prices=Prices(split_micros=90_000, unfilled_value_bp=15_000, late_per_unit_day_micros=600_000),
            constraints=Constraints(deliver_by=DeliverBy.SOFT),
            safety_stock=(SafetyStock(units=1),),
        ),
        deliver_by=date(2026, 3, 3),
    )
    decision = small.decided(world)
    shipping = 2_000_000 + 1_112_061 + 5 + 2 * (500_000 + 778 + 83_250)
    handling = 400_000 + 2 * 30_000
    assert decision.plan.shipments == (
        Shipment(
            node_id="n",
            service_id="std",
            ship_day=date(2026, 3, 4),
            deliver_on=date(2026, 3, 5),
            order_by=datetime(2026, 3, 4, 11, 15, tzinfo=UTC),
            ship_by=datetime(2026, 3, 4, 12, 0, tzinfo=UTC),
            distance_m=small.ONE_DEGREE_M,
            weight_grams=666,
            lines=(ShipmentLine(line_id="2", sku="a", quantity=2),),
            shipping_micros=shipping,
            handling_micros=handling,
            late_micros=2 * 2 * 600_000,
        ),
    )
    assert decision.plan.unfilled == (ShipmentLine(line_id="1", sku="b", quantity=3),)
    unfilled = 3 * 5_000_000  # 3,333,333 * 1.5 = 4,999,999.5, halves up
    assert decision.plan.costs == Costs(shipping=shipping, handling=handling, late=2_400_000, unfilled=unfilled)
    assert decision.objective_micros == decision.plan.costs.total


def test_units_of_merged_lines_go_to_the_lines_in_turn() -> None:
    lines = tuple(Line(line_id=i, sku="a", quantity=3, unit_price_micros=50 * small.EURO) for i in "xyz")
    world = small.world([small.node("a"), small.node("b")], {"a": {"a": 5}, "b": {"a": 2}}, lines)
    plan = small.decided(world).plan
    parts = {s.node_id: [(p.line_id, p.quantity) for p in s.lines] for s in plan.shipments}
    assert parts == {"a": [("x", 3), ("y", 2)], "b": [("y", 1), ("z", 1)]}
    assert [(p.line_id, p.quantity) for p in plan.unfilled] == [("z", 2)]


def test_every_further_shipment_is_a_split() -> None:
    nodes = [small.node(n) for n in "cab"]
    world = small.world(
        nodes,
        {n: {n: 1} for n in "abc"},
        small.lines(a=1, b=1, c=1),
        rule_set=small.rules(prices=Prices(split_micros=700_000)),
    )
    plan = small.decided(world).plan
    assert [s.node_id for s in plan.shipments] == ["a", "b", "c"]
    assert plan.costs == Costs(shipping=3 * 5 * small.EURO, split=2 * 700_000)


def test_every_unit_is_either_shipped_or_unfilled() -> None:
    for seed in range(90_000, 90_100):
        world = random_world(seed, lines_max=6, nodes_max=10)
        decision = small.decided(world)
        placed = dict.fromkeys((line.line_id for line in world.cart.lines), 0)
        parts = [part for shipment in decision.plan.shipments for part in shipment.lines]
        for part in (*parts, *decision.plan.unfilled):
            assert part.quantity > 0
            placed[part.line_id] += part.quantity
        assert placed == {line.line_id: line.quantity for line in world.cart.lines}, f"seed {seed}"
        assert decision.plan.costs.total == decision.objective_micros, f"seed {seed}"
        order = [(s.node_id, s.service_id, s.ship_day) for s in decision.plan.shipments]
        assert order == sorted(order), f"seed {seed}"

"""The checker: accepts what the engine decides, and rejects every plan that was broken on purpose."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from tests.reference import small
from tests.reference.instances import World, random_world

from sourcier.domain.network import (
    Capacity,
    CapacityMeasure,
    Network,
    NodeCalendar,
    NodeType,
    PostalArea,
    TransitBand,
    WeightTier,
    capacity_pool_id,
)
from sourcier.domain.order import Line
from sourcier.domain.place import Destination
from sourcier.domain.plan import Decision, Shipment, ShipmentLine, Status
from sourcier.domain.rules import Constraints, DeliverBy, Eligibility, Prices
from sourcier.engine.check import PlanRejected, accept, check_decision
from sourcier.engine.directory import compile_directory
from sourcier.engine.offers import build
from sourcier.engine.seen import Seen, named, room_on, seen_from


def seen_of(world: World, *, complete: bool = False) -> Seen:
    """What the engine shows the checker."""
    snapshot = world.snapshot()
    rules = world.compiled_rules()
    _, found, available = build(world.cart, snapshot, rules, complete=complete)
    seen = seen_from(world.cart, snapshot, rules, available, complete=complete)
    return replace(seen, left=named(snapshot, found, room_on(snapshot, found), np.arange(len(found.node))))


NO_SUNDAY = NodeCalendar(working_days=frozenset(range(1, 7)), cut_off_minute=720)


def _world() -> World:
    """Node x ships all of SKU a (two lines) and b, node y ships c, one unit of d is nowhere."""
    return small.world(
        [
            small.node(
                "x",
                services=("std", "fast"),
                capacity=Capacity(measure=CapacityMeasure.UNITS, per_day=9),
                calendar=NO_SUNDAY,
                handling_per_unit_micros=5,
            ),
            small.node("y", node_type=NodeType.STORE, capacity=Capacity(measure=CapacityMeasure.LINES, per_day=2)),
            small.node("z", point=small.ONE_DEGREE_NORTH, capacity=Capacity(measure=CapacityMeasure.ORDERS, per_day=1)),
        ],
        {"x": {"a": 3, "b": 9}, "y": {"c": 2}, "z": {"a": 1, "c": 1}},
        (
            Line(line_id="1", sku="a", quantity=2, unit_weight_grams=100, unit_price_micros=50 * small.EURO),
            Line(line_id="2", sku="a", quantity=1, unit_weight_grams=100, unit_price_micros=50 * small.EURO),
            Line(line_id="3", sku="b", quantity=2, unit_weight_grams=300, unit_price_micros=50 * small.EURO),
            Line(line_id="4", sku="c", quantity=2, unit_weight_grams=50, unit_price_micros=50 * small.EURO),
            Line(line_id="5", sku="d", quantity=1, unit_weight_grams=50, unit_price_micros=50 * small.EURO),
        ),
        services=(
            small.service(per_kg_micros=7, weight_tiers=(WeightTier(max_grams=1_000, cost_micros=3),)),
            small.service("fast", per_shipment_micros=9 * small.EURO),
        ),
        rule_set=small.rules(
            prices=Prices(split_micros=11, unfilled_per_unit_micros=13),
            constraints=Constraints(max_shipments=2, max_nodes_per_line=1),
        ),
        deliver_by=date(2026, 3, 6),
    )


@pytest.fixture(scope="module")
def good() -> tuple[Decision, Seen]:
    """A valid decision: the plan that the corruptions start from."""
    world = _world()
    decision = small.decided(world)
    assert [(s.node_id, [p.line_id for p in s.lines]) for s in decision.plan.shipments] == [
        ("x", ["1", "2", "3"]),
        ("y", ["4"]),
    ]
    assert [p.line_id for p in decision.plan.unfilled] == ["5"]
    return decision, seen_of(world)


def shipments(decision: Decision, *changed: Shipment) -> Decision:
    return replace(decision, plan=replace(decision.plan, shipments=changed))


def ship(decision: Decision, **changes: Any) -> Decision:
    """The decision with the first shipment changed."""
    first, *others = decision.plan.shipments
    return shipments(decision, replace(first, **changes), *others)


def part(decision: Decision, index: int, **changes: Any) -> Decision:
    """The decision with one line of the first shipment changed."""
    lines = list(decision.plan.shipments[0].lines)
    lines[index] = replace(lines[index], **changes)
    return ship(decision, lines=tuple(lines))


def unfilled(decision: Decision, *parts: ShipmentLine) -> Decision:
    return replace(decision, plan=replace(decision.plan, unfilled=parts))


def costs(decision: Decision, **changes: int) -> Decision:
    return replace(decision, plan=replace(decision.plan, costs=replace(decision.plan.costs, **changes)))


def _moved_to(decision: Decision, node_id: str) -> Decision:
    first, second = decision.plan.shipments
    return shipments(decision, first, replace(second, node_id=node_id))


def _twice(decision: Decision) -> Decision:
    """Half of the first shipment goes in a second one from the same node."""
    first, second = decision.plan.shipments
    return shipments(decision, replace(first, lines=first.lines[:1]), replace(first, lines=first.lines[1:]), second)


def _three(decision: Decision) -> Decision:
    first, second = decision.plan.shipments
    third = replace(second, node_id="z", lines=(replace(second.lines[0], quantity=1),))
    return shipments(decision, first, replace(second, lines=third.lines), third)


def _a_line_twice(decision: Decision) -> Decision:
    first = decision.plan.shipments[0]
    return ship(decision, lines=(*first.lines, first.lines[2]))


def _negative_rest(decision: Decision) -> Decision:
    """One unit too many is shipped, and one less than none stays unfilled."""
    more = part(decision, 2, quantity=3)
    rest = ShipmentLine(line_id="3", sku="b", quantity=-1)
    return unfilled(more, *decision.plan.unfilled, rest)


BROKEN_PLANS: dict[str, tuple[Callable[[Decision], Decision], str]] = {
    "unknown node": (lambda d: ship(d, node_id="nowhere"), "unknown"),
    "unknown service": (lambda d: ship(d, service_id="rocket"), "unknown"),
    "other node": (lambda d: _moved_to(d, "z"), "distance is"),
    "other node without the stock": (lambda d: _moved_to(d, "z"), "takes 2 of c, 1 available"),
    "service that does not collect": (lambda d: _service_of_second(d, "fast"), "does not collect"),
    "dearer service at the same price": (lambda d: ship(d, service_id="fast"), "costs"),
    "day off": (lambda d: ship(d, ship_day=date(2026, 3, 8)), "does not work"),
    "yesterday": (lambda d: _days_on(d, -1), "placed after the order-by"),
    "next year": (lambda d: _days_on(d, 365), "beyond the horizon"),
    "a day late at the old dates": (lambda d: ship(d, ship_day=date(2026, 3, 5)), "cut-off is not the node's"),
    "order-by": (lambda d: ship(d, order_by=d.plan.shipments[0].order_by + timedelta(minutes=1)), "last instant"),
    "ship-by": (lambda d: ship(d, ship_by=d.plan.shipments[0].ship_by + timedelta(minutes=1)), "cut-off"),
    "arrival too early": (lambda d: ship(d, deliver_on=date(2026, 3, 4)), "arrives on 2026-03-05"),
    "arrival too late": (lambda d: ship(d, deliver_on=date(2026, 3, 6)), "arrives on 2026-03-05"),
    "distance": (lambda d: ship(d, distance_m=5_000), "distance is"),
    "weight": (lambda d: ship(d, weight_grams=1), "costs"),
    "shipping of a shipment": (lambda d: ship(d, shipping_micros=0), "costs"),
    "handling of a shipment": (lambda d: ship(d, handling_micros=0), "costs"),
    "lateness of a shipment": (lambda d: ship(d, late_micros=1), "costs"),
    "one unit more": (lambda d: part(d, 2, quantity=3), "units placed"),
    "one unit less": (lambda d: part(d, 2, quantity=1), "units placed"),
    "an empty part": (lambda d: part(d, 2, quantity=0), "an empty part"),
    "an empty shipment": (lambda d: ship(d, lines=()), "an empty shipment"),
    "a line twice in a shipment": (_a_line_twice, "units placed"),
    "less than nothing unfilled": (_negative_rest, "empty"),
    "a line forgotten": (lambda d: unfilled(d), "units placed"),
    "a line that was never ordered": (lambda d: part(d, 2, line_id="99"), "unknown line"),
    "another SKU than ordered": (lambda d: part(d, 0, sku="b"), "SKU"),
    "another SKU unfilled": (lambda d: unfilled(d, replace(d.plan.unfilled[0], sku="a")), "SKU"),
    "over stock on two lines of one SKU": (lambda d: part(part(d, 0, quantity=2), 1, quantity=2), "takes 4 of a"),
    "one shipment too many": (_three, "3 shipments, at most 2"),
    "a line from too many nodes": (_three, "comes from 2 nodes, at most 1"),
    "a node ships twice": (_twice, "ships the order twice"),
    "shipping cost": (lambda d: costs(d, shipping=1), "costs are"),
    "handling cost": (lambda d: costs(d, handling=1), "costs are"),
    "split cost": (lambda d: costs(d, split=0), "costs are"),
    "late cost": (lambda d: costs(d, late=1), "costs are"),
    "unfilled cost": (lambda d: costs(d, unfilled=0), "costs are"),
    "objective": (lambda d: replace(d, objective_micros=d.objective_micros + 1), "objective is"),
    "bound": (lambda d: replace(d, bound_micros=d.objective_micros + 1), "bound is above"),
}


def _days_on(decision: Decision, days: int) -> Decision:
    """The first shipment leaves so many days later."""
    first, on = decision.plan.shipments[0], timedelta(days=days)
    return ship(
        decision,
        ship_day=first.ship_day + on,
        deliver_on=first.deliver_on + on,
        order_by=first.order_by + on,
        ship_by=first.ship_by + on,
    )


def _service_of_second(decision: Decision, service_id: str) -> Decision:
    first, second = decision.plan.shipments
    return shipments(decision, first, replace(second, service_id=service_id))


def test_the_untouched_decision_is_accepted(good: tuple[Decision, Seen]) -> None:
    assert check_decision(*good) == []
    decision, seen = good
    accept([(decision, seen.cart)], seen)


@pytest.mark.parametrize("name", BROKEN_PLANS)
def test_a_broken_plan_is_rejected_for_what_is_broken(good: tuple[Decision, Seen], name: str) -> None:
    decision, seen = good
    breaks, words = BROKEN_PLANS[name]
    broken = breaks(decision)
    assert broken != decision
    assert any(words in breach for breach in check_decision(broken, seen)), check_decision(broken, seen)
    with pytest.raises(PlanRejected, match=words.replace("(", "")):
        accept([(broken, seen.cart)], seen)


def _over(seen: Seen, network: Network) -> Seen:
    return replace(seen, network=network, directory=compile_directory(network))


def _network(seen: Seen, node_id: str, **changes: Any) -> Seen:
    nodes = tuple(replace(n, **changes) if n.node_id == node_id else n for n in seen.network.nodes)
    return _over(seen, replace(seen.network, nodes=nodes))


def _service(seen: Seen, **changes: Any) -> Seen:
    first, *others = seen.network.services
    return _over(seen, replace(seen.network, services=(replace(first, **changes), *others)))


def _rules(seen: Seen, **changes: Any) -> Seen:
    return replace(seen, rules=replace(seen.rules, constraints=replace(seen.rules.constraints, **changes)))


def _excluding(seen: Seen, channels: frozenset[str]) -> Seen:
    entry = Eligibility(exclude_node_types=frozenset({NodeType.STORE}), channels=channels)
    return replace(seen, rules=replace(seen.rules, eligibility=(entry,)))


def _left(seen: Seen, node_id: str, left: int) -> Seen:
    return replace(seen, left={**seen.left, (capacity_pool_id(node_id), date(2026, 3, 4)): left})


def _one_unit_less(seen: Seen) -> Seen:
    free = seen.stock_free.copy()
    free[:2, 0] -= 1
    return replace(seen, stock_free=free)


OTHER_WORLDS: dict[str, tuple[Callable[[Seen], Seen], str]] = {
    "offline node": (lambda s: replace(s, online=s.online & [False, True, True]), "node is offline"),
    "excluded type": (lambda s: _excluding(s, frozenset()), "type is excluded"),
    "type excluded for the channel": (lambda s: _excluding(s, frozenset({"web"})), "type is excluded"),
    "unwanted service": (lambda s: replace(s, cart=replace(s.cart, services=("fast",))), "not among those wanted"),
    "deliver-by": (lambda s: replace(s, cart=replace(s.cart, deliver_by=date(2026, 3, 4))), "after the deliver-by"),
    "out of range": (
        lambda s: _service(_network(s, "x"), transit=(TransitBand(max_distance_m=-1, business_days=1),)),
        "out of the service's range",
    ),
    "too heavy": (lambda s: _service(s, weight_tiers=(WeightTier(max_grams=899, cost_micros=3),)), "too heavy"),
    "holiday of the carrier": (lambda s: _service(s, closed_dates=frozenset({date(2026, 3, 5)})), "arrives on"),
    "holiday of the node": (
        lambda s: _network(s, "x", calendar=replace(NO_SUNDAY, closed_dates=frozenset({date(2026, 3, 4)}))),
        "does not work",
    ),
    "units full": (lambda s: _left(s, "x", 4), "needs 5 of 4 UNITS"),
    "lines full": (lambda s: _left(s, "y", 0), "needs 1 of 0 LINES"),
    "capacity never seen": (lambda s: replace(s, left={}), "needs 5 of 0 UNITS"),
    "less stock for two lines": (_one_unit_less, "takes 3 of a, 2 available"),
    "fewer shipments": (lambda s: _rules(s, max_shipments=1), "2 shipments, at most 1"),
    "whole orders only": (lambda s: _rules(s, partial_orders=False), "must be whole"),
    "promised whole": (lambda s: replace(s, complete=True), "must be whole"),
    "ship complete": (lambda s: _rules(s, ship_complete=True), "must be whole"),
    "dearer split": (
        lambda s: replace(s, rules=replace(s.rules, prices=replace(s.rules.prices, split_micros=12))),
        "costs are",
    ),
    "dearer handling": (lambda s: _network(s, "x", handling_per_unit_micros=6), "costs"),
    "placed later": (
        lambda s: replace(s, cart=replace(s.cart, placed_at=s.cart.placed_at + timedelta(hours=3))),
        "placed after the order-by",
    ),
}


@pytest.mark.parametrize("name", OTHER_WORLDS)
def test_a_good_plan_is_rejected_in_a_world_where_it_does_not_hold(good: tuple[Decision, Seen], name: str) -> None:
    decision, seen = good
    change, words = OTHER_WORLDS[name]
    assert any(words in breach for breach in check_decision(decision, change(seen))), check_decision(
        decision, change(seen)
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda s: _excluding(s, frozenset({"app"})),
        lambda s: replace(_rules(s, deliver_by=DeliverBy.SOFT), cart=replace(s.cart, deliver_by=date(2026, 3, 5))),
        lambda s: _left(s, "x", 5),
        lambda s: replace(s, cart=replace(s.cart, services=("std", "fast"))),
    ],
)
def test_what_does_not_touch_the_plan_does_not_reject_it(good: tuple[Decision, Seen], change: Callable) -> None:
    decision, seen = good
    assert check_decision(decision, change(seen)) == []


def test_ship_complete_is_one_shipment() -> None:
    world = small.world([small.node("x"), small.node("y")], {"x": {"a": 1}, "y": {"b": 1}}, small.lines(a=1, b=1))
    decision, seen = small.decided(world), seen_of(world)
    assert len(decision.plan.shipments) == 2
    assert check_decision(decision, _rules(seen, ship_complete=True)) == ["ship complete, yet more than one shipment"]


def test_shipping_nothing_is_called_unfillable() -> None:
    world = small.world([small.node("x")], {}, small.lines(a=1))
    decision, seen = small.decided(world), seen_of(world)
    assert check_decision(decision, seen) == []
    assert check_decision(replace(decision, status=Status.OPTIMAL), seen) == [
        "nothing ships, yet the status says otherwise"
    ]


def test_a_destination_by_postal_code_is_checked_against_its_longest_prefix() -> None:
    world = small.world([small.node("x")], {"x": {"a": 1}}, small.lines(a=1))
    areas = (
        PostalArea(country_code="FR", prefix="7", point=small.HERE, time_zone="UTC"),
        PostalArea(country_code="FR", prefix="75", point=small.ONE_DEGREE_NORTH, time_zone="UTC"),
    )
    code = Destination(country_code="FR", postal_code="75001")
    world = replace(
        world, network=replace(world.network, postal_areas=areas), cart=replace(world.cart, destination=code)
    )
    decision, seen = small.decided(world), seen_of(world)
    assert decision.plan.shipments[0].distance_m == small.ONE_DEGREE_M
    assert check_decision(decision, seen) == []
    assert check_decision(ship(decision, distance_m=0), seen) != []


def test_decisions_of_random_worlds_are_accepted_and_none_of_their_figures_can_be_moved() -> None:
    for seed in range(95_000, 95_060):
        world = random_world(seed, lines_max=4, nodes_max=8)
        decision, seen = small.decided(world), seen_of(world)
        assert check_decision(decision, seen) == [], f"seed {seed}"
        if not decision.plan.shipments:
            continue
        first = decision.plan.shipments[0]
        moved: list[tuple[str, Any]] = [
            (name, getattr(first, name) + 1)
            for name in ("shipping_micros", "handling_micros", "late_micros", "weight_grams")
        ]
        moved += [(name, getattr(first, name) + timedelta(days=1)) for name in ("ship_day", "deliver_on", "order_by")]
        for name, value in moved:
            assert isinstance(value, int | date | datetime)
            assert check_decision(ship(decision, **{name: value}), seen) != [], f"seed {seed}: {name}"

"""Promises: the earliest date per service, against a search over all dates with the unfiltered model."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from tests.reference import small
from tests.reference.instances import World, random_world
from tests.reference.model import optimum
from tests.reference.timed import timed_world

from sourcier.domain.errors import Reason, Refusal
from sourcier.domain.network import (
    Capacity,
    CapacityMeasure,
    Hours,
    Method,
    NodeCalendar,
    NodeType,
    TransferLane,
    TransitBand,
    WeightTier,
)
from sourcier.domain.plan import Costs, Plan, Shipment
from sourcier.domain.promise import Choice, Obstacle, Promises, Remedy
from sourcier.domain.rules import Constraints, DeliverBy, Fee, SafetyStock
from sourcier.engine.decide import drive
from sourcier.engine.promise import confidence_bp, promise_steps
from sourcier.engine.solver import Budget, solve

DAYS_SEARCHED = 50


def promised(world: World, **options) -> Promises:
    steps = promise_steps(world.cart, world.snapshot(), world.compiled_rules(), **options)
    return drive(steps, lambda model: solve(model, Budget(solve_ms=10_000)))


def alone(world: World, service_id: str, deliver_by: date | None) -> World:
    """The world with one service and a hard date."""
    network = replace(
        world.network,
        services=tuple(s for s in world.network.services if s.service_id == service_id),
        nodes=tuple(replace(n, services=tuple(s for s in n.services if s == service_id)) for n in world.network.nodes),
    )
    constraints = replace(world.rules.constraints, deliver_by=DeliverBy.HARD)
    return replace(
        world,
        network=network,
        rules=replace(world.rules, constraints=constraints),
        cart=replace(world.cart, deliver_by=deliver_by),
    )


def earliest(world: World, service_id: str) -> tuple[date, int] | None:
    """The first date, day by day, by which some plan brings everything, and the least such a plan costs."""
    first, last = world.cart.placed_at.date(), world.cart.deliver_by
    if optimum(alone(world, service_id, last), complete=True) is None:
        return None
    for days in range(DAYS_SEARCHED):
        day = first + timedelta(days=days)
        cost = optimum(alone(world, service_id, day), complete=True)
        if cost is not None:
            return day, cost
    raise AssertionError("a plan exists, but for no date")


@pytest.mark.parametrize("first_seed", range(30_000, 30_200, 40))
def test_the_earliest_date_is_the_one_an_exhaustive_search_finds(first_seed: int) -> None:
    kept = broken = 0
    for seed in range(first_seed, first_seed + 40):
        world = random_world(seed, lines_max=4, nodes_max=8)
        answer = promised(world)
        told = {p.service_id: (p.latest, p.decision.objective_micros) for p in answer.promised}
        refused = {u.service_id: u for u in answer.unpromised}
        assert told.keys() | refused.keys() == {s.service_id for s in world.network.services}
        assert not told.keys() & refused.keys()
        for service in world.network.services:
            expected = earliest(world, service.service_id)
            assert told.get(service.service_id) == expected, f"seed {seed}, {service.service_id}"
            kept += expected is not None
            broken += expected is None
        assert all(u.reason in set(Obstacle) for u in refused.values())
    assert kept > 5
    assert broken > 5


def test_a_promise_tells_the_dates_of_its_plan() -> None:
    for seed in range(31_000, 31_060):
        answer = promised(random_world(seed, lines_max=3, nodes_max=8))
        order = [(p.latest, p.decision.objective_micros, p.service_id) for p in answer.promised]
        assert order == sorted(order), f"seed {seed}"
        for promise in answer.promised:
            shipments = promise.decision.plan.shipments
            assert {s.service_id for s in shipments} == {promise.service_id}
            assert promise.order_by == min(s.order_by for s in shipments)
            assert promise.ship_by == max(s.ship_by for s in shipments)
            assert promise.earliest == promise.latest == max(s.deliver_on for s in shipments), f"seed {seed}"
            assert not promise.decision.plan.unfilled


def two_services(*, stock: dict | None = None, order=None, **cart) -> World:
    slow = small.service(
        "slow", per_shipment_micros=small.EURO, transit=(TransitBand(max_distance_m=None, business_days=3),)
    )
    node = small.node("n", services=("fast", "slow"))
    return small.world(
        [node],
        {"n": {"a": 2}} if stock is None else stock,
        order or small.lines(a=2),
        services=(slow, small.service("fast")),
        **cart,
    )


def test_sooner_comes_first_and_the_channel_of_the_answer_is_told() -> None:
    snapshot_world = two_services()
    answer = promised(snapshot_world)
    assert [(p.service_id, p.latest) for p in answer.promised] == [
        ("fast", date(2026, 3, 5)),
        ("slow", date(2026, 3, 7)),
    ]
    assert answer.unpromised == ()
    assert {p.method for p in answer.promised} == {Method.HOME_DELIVERY}
    assert {p.time_zone for p in answer.promised} == {"UTC"}
    assert answer.rule_set_revision == "ruleSets/random/revisions/1"


def test_only_the_services_asked_for_answer() -> None:
    world = two_services()
    slow, rocket = (replace(world, cart=replace(world.cart, services=(s,))) for s in ("slow", "rocket"))
    assert [p.service_id for p in promised(slow).promised] == ["slow"]
    with pytest.raises(Refusal) as caught:
        promised(rocket)
    assert caught.value.reason is Reason.SERVICE_UNKNOWN


def test_a_cart_is_never_late_even_where_orders_may_be() -> None:
    soft = small.rules(constraints=Constraints(deliver_by=DeliverBy.SOFT))
    answer = promised(two_services(rule_set=soft, deliver_by=date(2026, 3, 6)))
    assert [p.service_id for p in answer.promised] == ["fast"]
    (late,) = answer.unpromised
    assert (late.service_id, late.reason) == ("slow", "TOO_LATE")
    assert late.remedy == Remedy(wait_until=date(2026, 3, 7))


def test_a_promise_may_wait_for_a_node_with_the_rest_of_the_cart() -> None:
    friday = small.node("friday", calendar=NodeCalendar(working_days=frozenset({5}), cut_off_minute=720))
    world = small.world([small.node("now"), friday], {"now": {"a": 1}, "friday": {"b": 1}}, small.lines(a=1, b=1))
    (promise,) = promised(world).promised
    assert promise.latest == date(2026, 3, 7)
    assert {s.node_id: s.deliver_on for s in promise.decision.plan.shipments} == {
        "now": date(2026, 3, 5),
        "friday": date(2026, 3, 7),
    }


def test_explanations_are_given_when_asked_for() -> None:
    world = small.world([small.node("n"), small.node("m")], {"n": {"a": 1}}, small.lines(a=1))
    assert promised(world).promised[0].decision.left_out == ()
    assert [o.node_id for o in promised(world, explained=True).promised[0].decision.left_out] == ["m"]


@pytest.mark.parametrize(
    ("changes", "reason", "line_ids"),
    [
        ({"stock": {}}, "OUT_OF_STOCK", ("line-a",)),
        ({"stock": {"n": {"a": 1}}}, "OUT_OF_STOCK", ("line-a",)),
        ({"stock": {"n": {"b": 5}}, "order": small.lines(a=1, b=1)}, "OUT_OF_STOCK", ("line-a",)),
        ({"rule_set": small.rules(safety_stock=(SafetyStock(units=1),))}, "OUT_OF_STOCK", ("line-a",)),
        ({"deliver_by": date(2026, 3, 4)}, "TOO_LATE", ()),
    ],
    ids=["nothing-anywhere", "too-few", "one-line-short", "protected", "too-late"],
)
def test_why_a_service_cannot_bring_the_cart(changes: dict, reason: str, line_ids: tuple[str, ...]) -> None:
    answer = promised(two_services(**changes))
    assert answer.promised == ()
    assert [(u.service_id, u.reason, u.line_ids) for u in answer.unpromised] == [
        ("slow", reason, line_ids),
        ("fast", reason, line_ids),
    ]


def test_a_cart_that_only_the_rules_stop_has_no_plan() -> None:
    rules = small.rules(constraints=Constraints(max_shipments=1))
    nodes = [small.node("x"), small.node("y")]
    world = small.world(nodes, {"x": {"a": 1}, "y": {"b": 1}}, small.lines(a=1, b=1), rule_set=rules)
    (stopped,) = promised(world).unpromised
    assert stopped.reason == "NO_PLAN"


def test_a_cart_too_heavy_or_too_large_for_every_day_has_no_plan() -> None:
    light = small.service(weight_tiers=(WeightTier(max_grams=150, cost_micros=0),))
    world = small.world([small.node("n")], {"n": {"a": 2}}, small.lines(a=2), services=(light,))
    assert [u.reason for u in promised(world).unpromised] == ["NO_PLAN"]
    tiny = Capacity(measure=CapacityMeasure.UNITS, per_day=1)
    world = small.world([small.node("n", capacity=tiny)], {"n": {"a": 2}}, small.lines(a=2))
    assert [u.reason for u in promised(world).unpromised] == ["NO_PLAN"]


def test_only_the_methods_asked_for_answer() -> None:
    world = two_services()
    express = replace(world.network.services[0], method=Method.EXPRESS)
    world = replace(world, network=replace(world.network, services=(express, world.network.services[1])))
    assert {p.method for p in promised(world).promised} == {Method.EXPRESS, Method.HOME_DELIVERY}
    for method, services in ((Method.EXPRESS, ["slow"]), (Method.HOME_DELIVERY, ["fast"]), (Method.SAME_DAY, [])):
        answer = promised(replace(world, cart=replace(world.cart, methods=(method,))))
        assert [p.service_id for p in answer.promised] == services
        assert answer.unpromised == ()


def test_the_customer_is_told_the_fee_of_the_method() -> None:
    fees = (Fee(fee_micros=0, min_value_micros=150 * small.EURO), Fee(fee_micros=4 * small.EURO))
    rule_set = small.rules(fees=fees)
    assert {p.fee_micros for p in promised(two_services(rule_set=rule_set)).promised} == {4 * small.EURO}
    dear = two_services(rule_set=rule_set, stock={"n": {"a": 3}}, order=small.lines(a=3))
    assert {p.fee_micros for p in promised(dear).promised} == {0}


def test_the_windows_are_those_of_the_day() -> None:
    windows = (
        Hours(days=frozenset({4}), from_minute=840, to_minute=1_080),
        Hours(days=frozenset({4, 5}), from_minute=480, to_minute=720),
        Hours(days=frozenset({6}), from_minute=0, to_minute=60),
    )
    service = small.service(windows=windows)
    world = small.world([small.node("n")], {"n": {"a": 1}}, small.lines(a=1), services=(service,))
    (thursday,) = promised(world).promised
    assert (thursday.latest, thursday.windows) == (date(2026, 3, 5), ((480, 720), (840, 1_080)))
    assert (thursday.store_id, thursday.ready_at) == ("", None)


def test_every_choice_is_an_option_of_the_answer() -> None:
    slow = small.node("slow", calendar=NodeCalendar(working_days=frozenset({5}), cut_off_minute=720))
    fast = small.node("fast", handling_per_shipment_micros=small.EURO)
    world = small.world([fast, slow], {"fast": {"a": 1}, "slow": {"a": 1}}, small.lines(a=1))
    told = promised(world, choices=frozenset(Choice)).promised
    assert [(p.latest, p.decision.objective_micros // small.EURO, p.choices) for p in told] == [
        (date(2026, 3, 5), 6, {Choice.EARLIEST, Choice.FRONTIER}),
        (date(2026, 3, 7), 5, {Choice.CHEAPEST, Choice.FRONTIER, Choice.FEWEST_SHIPMENTS}),
    ]
    assert [p.choices for p in promised(world).promised] == [{Choice.EARLIEST}]


def test_where_no_store_is_near_nothing_can_be_collected() -> None:
    service = small.service(method=Method.CLICK_AND_COLLECT, transit=())
    world = small.world([small.node("n")], {"n": {"a": 1}}, small.lines(a=1), services=(service,))
    (told,) = promised(world).unpromised
    assert (told.method, told.reason, told.store_id) == (Method.CLICK_AND_COLLECT, "NO_STORE", "")
    shop = small.node("shop", node_type=NodeType.STORE, services=())
    chosen = replace(world, network=replace(world.network, nodes=(*world.network.nodes, shop)))
    (told,) = promised(replace(chosen, cart=replace(world.cart, store_ids=("shop",)))).unpromised
    assert (told.reason, told.store_id, told.remedy) == ("NO_STORE", "shop", Remedy())
    chosen = replace(world, cart=replace(world.cart, store_ids=("n",)))
    with pytest.raises(Refusal) as caught:
        promised(chosen)
    assert caught.value.reason is Reason.NODE_UNKNOWN


CLICK = small.service("click", method=Method.CLICK_AND_COLLECT, transit=(), per_shipment_micros=small.EURO)
SHIP = small.service("ship", method=Method.SHIP_TO_STORE, collect_minutes=60)
SHOP_HOURS = NodeCalendar(
    working_days=small.EVERY_DAY,
    cut_off_minute=1_000,
    processing_minutes=30,
    opening_hours=(Hours(days=small.EVERY_DAY, from_minute=600, to_minute=1_140),),
)


def shops(stock: dict, order, **cart) -> World:
    """Two stores an hour east of the customer's zone, and a warehouse that sends to the first of them."""
    one, two = (
        small.node(f"shop-{i}", node_type=NodeType.STORE, services=("click",), calendar=SHOP_HOURS, time_zone=PARIS)
        for i in (1, 2)
    )
    warehouse = small.node("depot", services=("ship",))
    world = small.world([one, two, warehouse], stock, order, services=(CLICK, SHIP), **cart)
    lane = TransferLane(from_node_id="depot", to_node_id="shop-1", service_id="ship")
    return replace(world, network=replace(world.network, transfer_lanes=(lane,)))


PARIS = "Europe/Paris"
CLICKED = (Method.CLICK_AND_COLLECT,)


def test_what_lies_in_a_store_can_be_collected_there_when_it_is_ready() -> None:
    stock = {"shop-1": {"a": 1}, "shop-2": {"a": 1, "b": 1}}
    answer = promised(shops(stock, small.lines(a=1, b=1), methods=(Method.CLICK_AND_COLLECT,)))
    (there,) = answer.promised
    assert (there.store_id, there.time_zone, there.latest) == ("shop-2", PARIS, small.TODAY)
    assert there.ready_at == small.PLACED_AT + timedelta(minutes=30)
    assert there.windows == ((600, 1_140),)
    (missing,) = answer.unpromised
    assert (missing.store_id, missing.reason, missing.line_ids) == ("shop-1", "OUT_OF_STOCK", ("line-b",))
    assert missing.remedy == Remedy(remove_line_ids=("line-b",))


def test_only_the_stores_that_the_customer_names_are_looked_at() -> None:
    stock = {"shop-1": {"a": 1}, "shop-2": {"a": 1}}
    near = promised(shops(stock, small.lines(a=1), methods=CLICKED))
    assert {p.store_id for p in near.promised} == {"shop-1", "shop-2"}
    named = promised(shops(stock, small.lines(a=1), methods=CLICKED, store_ids=("shop-2",)))
    assert [p.store_id for p in named.promised] == ["shop-2"]
    assert named.unpromised == ()


def test_goods_are_sent_to_the_store_where_they_are_collected() -> None:
    stock = {"shop-1": {"a": 1}, "depot": {"b": 1}}
    answer = promised(shops(stock, small.lines(a=1, b=1), methods=(Method.SHIP_TO_STORE,)))
    (there,) = answer.promised
    assert (there.service_id, there.store_id, there.latest) == ("ship", "shop-1", date(2026, 3, 5))
    assert there.ready_at == datetime(2026, 3, 5, 10, 0, tzinfo=UTC)  # an hour after it opens at ten
    assert {s.node_id: s.to_node_id for s in there.decision.plan.shipments} == {"depot": "shop-1", "shop-1": ""}
    assert answer.unpromised == ()


def shipment(**changes) -> Shipment:
    ordinary = {
        "node_id": "n",
        "service_id": "std",
        "ship_day": date(2026, 3, 4),
        "deliver_on": date(2026, 3, 5),
        "order_by": small.PLACED_AT,
        "ship_by": small.PLACED_AT,
        "distance_m": 0,
        "weight_grams": 0,
        "lines": (),
        "shipping_micros": 0,
        "handling_micros": 0,
        "late_micros": 0,
    }
    return Shipment(**{**ordinary, **changes})


def test_confidence_is_that_every_shipment_is_in_time() -> None:
    nine, eight = shipment(confidence_bp=9_000), shipment(confidence_bp=8_000)
    assert confidence_bp(Plan(shipments=(nine, eight, shipment()), unfilled=(), costs=Costs())) == 7_200
    assert confidence_bp(Plan(shipments=(nine,), unfilled=(), costs=Costs(), onward=eight)) == 7_200
    assert confidence_bp(Plan(shipments=(shipment(),), unfilled=(), costs=Costs())) == 10_000
    odd = shipment(confidence_bp=9_999)
    assert confidence_bp(Plan(shipments=(odd, odd), unfilled=(), costs=Costs())) == 9_998  # never rounded up


@pytest.mark.parametrize("first_seed", range(32_000, 32_120, 60))
def test_services_looked_at_together_answer_as_alone(first_seed: int) -> None:
    several = 0
    for seed in range(first_seed, first_seed + 60):
        world = timed_world(seed, lines_max=4, nodes_max=7)
        together = promised(world, choices=frozenset(Choice))
        several += len(together.promised) + len(together.unpromised) > 1
        services = [s.service_id for s in world.network.services]
        alone = [promised(_asking(world, service), choices=frozenset(Choice)) for service in services]
        told = {(p.service_id, p.latest, p.decision.objective_micros, p.choices) for p in together.promised}
        assert told == {
            (p.service_id, p.latest, p.decision.objective_micros, p.choices) for one in alone for p in one.promised
        }, f"seed {seed}"
        assert set(together.unpromised) == {u for one in alone for u in one.unpromised}, f"seed {seed}"
    assert several > 10


def _asking(world: World, service_id: str) -> World:
    return replace(world, cart=replace(world.cart, services=(service_id,)))

"""Eligibility: every reason for its own cause, in its order; which lanes are left; refusals."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from tests.reference import small
from tests.reference.instances import World

from sourcier.domain.errors import Reason, Refusal
from sourcier.domain.network import (
    Capacity,
    CapacityMeasure,
    NodeCalendar,
    NodeStatus,
    NodeType,
    TransitBand,
    WeightTier,
    capacity_pool_id,
)
from sourcier.domain.place import GeoPoint
from sourcier.domain.plan import NodeReason
from sourcier.domain.rules import Constraints, DeliverBy, Eligibility, SafetyStock
from sourcier.engine.compile import UNLIMITED, compile_network
from sourcier.engine.offers import build
from sourcier.engine.prefilter import REASONS, Lanes, check_cart, first_failed, lanes, wanted_services

FULL = Capacity(measure=CapacityMeasure.ORDERS, per_day=0)

CAUSES = (
    (NodeReason.OFFLINE, {"status": NodeStatus.OFFLINE}),
    (NodeReason.NODE_TYPE_EXCLUDED, {"node_type": NodeType.SUPPLIER}),
    (NodeReason.NO_SERVICE, {"services": ()}),
    (NodeReason.OUT_OF_RANGE, {"point": GeoPoint(lat_e6=10_000_000, lon_e6=2_000_000)}),
    (NodeReason.TOO_LATE, {"calendar": NodeCalendar(working_days=frozenset({5}), cut_off_minute=720)}),
    (NodeReason.NO_STOCK, {"node_id": "empty"}),
    (NodeReason.PROTECTED, {"node_id": "one-left"}),
    (NodeReason.CAPACITY_FULL, {"capacity": FULL}),
    (NodeReason.TOO_HEAVY, {"services": ("letters",)}),
)
"""What a node must be like for each reason, in the order in which they are tried."""


def world_with(**node) -> World:
    """One node of this kind beside an ordinary one, in a world where every cause can show."""
    near = (TransitBand(max_distance_m=1_000_000, business_days=1),)
    return small.world(
        [small.node(**{"node_id": "asked", **node}), small.node("ordinary")],
        {"asked": {"a": 9}, "one-left": {"a": 1}, "ordinary": {"a": 9}},
        small.lines(a=1),
        services=(
            small.service(transit=near),
            small.service("letters", transit=near, weight_tiers=(WeightTier(max_grams=50, cost_micros=0),)),
        ),
        rule_set=small.rules(
            eligibility=(Eligibility(exclude_node_types=frozenset({NodeType.SUPPLIER})),),
            safety_stock=(SafetyStock(units=1),),
        ),
        deliver_by=date(2026, 3, 5),
    )


def reasons_of(world: World) -> list[NodeReason | None]:
    _, found, _ = build(world.cart, world.snapshot(), world.compiled_rules())
    return [REASONS[code] for code in found.reason]


def lanes_of(world: World) -> Lanes:
    load = (len(world.cart.lines), sum(line.quantity for line in world.cart.lines))
    return lanes(world.cart, world.snapshot(), world.compiled_rules(), load)


def test_the_first_check_that_a_node_does_not_pass_names_its_reason() -> None:
    masks = {
        NodeReason.NO_STOCK: np.array([True, False, True, False]),
        NodeReason.OFFLINE: np.array([True, True, False, False]),
    }
    found = [REASONS[code] for code in first_failed(masks)]
    assert found == [None, NodeReason.NO_STOCK, NodeReason.OFFLINE, NodeReason.NO_STOCK]


def test_an_ordinary_node_has_no_reason() -> None:
    assert reasons_of(world_with()) == [None, None]


@pytest.mark.parametrize(("reason", "cause"), CAUSES, ids=lambda value: str(value) if isinstance(value, str) else "")
def test_each_cause_has_its_reason(reason: NodeReason, cause: dict) -> None:
    assert reasons_of(world_with(**cause)) == [reason, None]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (CAUSES[i], CAUSES[j])
        for i in range(len(CAUSES))
        for j in range(i + 1, len(CAUSES))
        if not CAUSES[i][1].keys() & CAUSES[j][1].keys()
    ],
    ids=lambda cause: str(cause[0]),
)
def test_of_two_causes_the_one_tried_first_is_named(first, second) -> None:
    assert reasons_of(world_with(**first[1], **second[1])) == [first[0], None]


def test_every_reason_of_the_pre_filter_is_caused_here() -> None:
    assert [reason for reason, _ in CAUSES] == [reason for reason in NodeReason if reason is not NodeReason.NOT_CHOSEN]


def test_a_node_is_too_late_only_for_a_hard_date() -> None:
    friday = {"calendar": NodeCalendar(working_days=frozenset({5}), cut_off_minute=720)}
    world = world_with(**friday)
    soft = replace(world.rules, constraints=Constraints(deliver_by=DeliverBy.SOFT))
    assert reasons_of(replace(world, rules=soft)) == [None, None]


def test_a_node_with_one_good_service_is_in() -> None:
    assert reasons_of(world_with(services=("letters", "std"))) == [None, None]


def test_lanes_leave_on_the_first_ship_day_and_arrive_by_the_carriers_calendar() -> None:
    late = NodeCalendar(working_days=small.EVERY_DAY, cut_off_minute=9 * 60)
    world = small.world(
        [small.node("a"), small.node("b", calendar=late)],
        {},
        small.lines(x=1),
        services=(small.service(delivery_days=frozenset({1, 5})),),
    )
    found = lanes_of(world)
    assert found.node.tolist() == [0, 1]
    assert [date.fromordinal(d) for d in found.day] == [date(2026, 3, 4), date(2026, 3, 5)]
    assert [date.fromordinal(d) for d in found.arrival] == [date(2026, 3, 6), date(2026, 3, 6)]
    assert found.cap_units.tolist() == found.cap_lines.tolist() == [UNLIMITED, UNLIMITED]


def test_the_band_of_the_distance_gives_the_transit_time() -> None:
    bands = (
        TransitBand(max_distance_m=small.ONE_DEGREE_M - 1, business_days=1),
        TransitBand(max_distance_m=small.ONE_DEGREE_M, business_days=2),
    )
    nodes = [small.node("here"), small.node("north", point=small.ONE_DEGREE_NORTH)]
    found = lanes_of(small.world(nodes, {}, small.lines(x=1), services=(small.service(transit=bands),)))
    assert [date.fromordinal(d) for d in found.arrival] == [date(2026, 3, 5), date(2026, 3, 6)]
    assert found.leg_metres.tolist() == [[0], [small.ONE_DEGREE_M]]


@pytest.mark.parametrize(
    ("measure", "used", "expected"),
    [
        # Two lines of five units each. (days after today, left)
        (CapacityMeasure.ORDERS, (5, 5, 4), [(2, None)]),
        (CapacityMeasure.ORDERS, (4, 0), [(0, None)]),
        (CapacityMeasure.LINES, (4, 4, 3, 0), [(0, 1), (2, 2)]),
        (CapacityMeasure.UNITS, (5, 3, 3, 1, 0), [(1, 2), (3, 4), (4, 5)]),
        (CapacityMeasure.UNITS, (0,), [(0, 5)]),
    ],
)
def test_only_days_with_more_room_than_every_earlier_one_are_kept(
    measure: CapacityMeasure, used: tuple[int, ...], expected: list[tuple[int, int]]
) -> None:
    capacity = Capacity(measure=measure, per_day=5)
    days = [small.TODAY + timedelta(days=d) for d in range(28)]
    filled = [*used, *([5] * 28)][:28]
    world = small.world(
        [small.node("n", capacity=capacity)],
        {},
        small.lines(a=5, b=5),
        pool_uses=tuple((capacity_pool_id("n"), d.isoformat(), u) for d, u in zip(days, filled, strict=True)),
    )
    found = lanes_of(world)
    after = [(date.fromordinal(d) - small.TODAY).days for d in found.day]
    # The day beyond what was filled is empty again.
    cap = found.cap_lines if measure is CapacityMeasure.LINES else found.cap_units
    left = [None] * len(after) if measure is CapacityMeasure.ORDERS else cap.tolist()
    seen = sorted((a, most) for a, most in zip(after, left, strict=True) if a < 28)
    assert seen == expected


def test_later_days_must_still_arrive_in_time() -> None:
    world = small.world(
        [small.node("n", capacity=Capacity(measure=CapacityMeasure.UNITS, per_day=5))],
        {"n": {"a": 9}},
        small.lines(a=5),
        pool_uses=((capacity_pool_id("n"), "2026-03-04", 5), (capacity_pool_id("n"), "2026-03-05", 5)),
        deliver_by=date(2026, 3, 6),
    )
    assert len(lanes_of(world).node) == 0
    assert reasons_of(world) == [NodeReason.CAPACITY_FULL]


def test_only_the_services_that_the_cart_wants_are_used() -> None:
    network = compile_network(small.world([], {}, (), services=(small.service("a"), small.service("b"))).network)
    cart = small.world([], {}, ()).cart
    assert wanted_services(cart, network) == (0, 1)
    assert wanted_services(replace(cart, services=("b", "b")), network) == (1,)
    with pytest.raises(Refusal) as caught:
        wanted_services(replace(cart, services=("a", "c", "d")), network)
    assert caught.value.reason is Reason.SERVICE_UNKNOWN
    assert [v.field for v in caught.value.violations] == ["services[1]", "services[2]"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [({"channel": "fax"}, Reason.CHANNEL_UNKNOWN), ({"currency_code": "USD"}, Reason.CURRENCY_MISMATCH)],
)
def test_a_cart_of_another_channel_or_currency_is_refused(change: dict, reason: Reason) -> None:
    world = small.world([small.node("n")], {}, small.lines(a=1), **change)
    with pytest.raises(Refusal) as caught:
        check_cart(world.cart, world.snapshot(), world.compiled_rules())
    assert caught.value.reason is reason

"""Consolidation: what comes from several nodes leaves the hub as one parcel, when the last of it is there."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from tests.reference import small
from tests.reference.instances import World

from sourcier.domain.network import Method, NodeCalendar, TransferLane, TransitBand, WeightTier
from sourcier.domain.plan import Costs, Plan
from sourcier.domain.rules import Consolidation, Prices
from sourcier.engine.decide import drive
from sourcier.engine.offers import build
from sourcier.engine.promise import promise_steps

EURO = small.EURO
HOME = frozenset({Method.HOME_DELIVERY})


def world(stock: dict[str, dict[str, int]], *, lanes: str = "ab", hub: str = "h", **service: Any) -> World:
    """Nodes a and b send to the hub h by truck, and anywhere by "std"; every node one degree north of the customer."""
    nodes = [
        small.node(name, services=("std", "truck"), point=small.ONE_DEGREE_NORTH, handling_per_unit_micros=100)
        for name in "abh"
    ]
    services = (
        small.service(per_unit_micros=7, **service),
        small.service("truck", method=Method.SHIP_TO_STORE, per_shipment_micros=EURO),
    )
    prices = Prices(split_micros=9 * EURO, unfilled_per_unit_micros=900 * EURO)
    rules = small.rules(prices=prices, consolidation=(Consolidation(hub_id=hub, methods=HOME),))
    drawn = small.world(nodes, stock, small.lines(x=2, y=1), services=services, rule_set=rules, methods=tuple(HOME))
    over = tuple(TransferLane(from_node_id=name, to_node_id="h", service_id="truck") for name in lanes)
    return replace(drawn, network=replace(drawn.network, transfer_lanes=over))


SPREAD = {"a": {"x": 2}, "b": {"y": 1}}


def plan(drawn: World) -> Plan:
    return small.decided(drawn).plan


def test_what_comes_from_two_nodes_leaves_the_hub_as_one_parcel() -> None:
    found = plan(world(SPREAD))
    assert [(s.node_id, s.service_id, s.to_node_id, s.deliver_on) for s in found.shipments] == [
        ("a", "truck", "h", date(2026, 3, 5)),
        ("b", "truck", "h", date(2026, 3, 5)),
    ]
    onward = found.onward
    assert onward is not None
    assert (onward.node_id, onward.service_id, onward.ship_day, onward.deliver_on) == (
        "h",
        "std",
        date(2026, 3, 5),
        date(2026, 3, 6),
    )
    assert [(line.line_id, line.quantity) for line in onward.lines] == [("line-x", 2), ("line-y", 1)]
    assert onward.order_by == min(s.order_by for s in found.shipments)
    assert found.costs == Costs(shipping=2 * EURO + 5 * EURO + 3 * 7, handling=2 * 3 * 100)


def test_what_one_node_has_goes_directly() -> None:
    found = plan(world({"a": {"x": 2, "y": 1}, "b": {"y": 1}}))
    assert [(s.node_id, s.to_node_id) for s in found.shipments] == [("a", "")]
    assert found.onward is None


def test_the_hubs_own_goods_wait_there() -> None:
    found = plan(world({"h": {"x": 2}, "b": {"y": 1}}))
    own = next(s for s in found.shipments if s.node_id == "h")
    assert (own.shipping_micros, own.to_node_id, own.distance_m) == (0, "h", 0)
    assert found.onward is not None
    assert found.onward.ship_day == date(2026, 3, 5)


def test_the_parcel_waits_for_the_last_shipment() -> None:
    drawn = world(SPREAD)
    friday = NodeCalendar(working_days=frozenset({5}), cut_off_minute=720)
    nodes = tuple(replace(n, calendar=friday) if n.node_id == "b" else n for n in drawn.network.nodes)
    found = plan(replace(drawn, network=replace(drawn.network, nodes=nodes)))
    assert found.onward is not None
    assert [s.deliver_on.day for s in found.shipments] == [5, 7]
    assert (found.onward.ship_day.day, found.onward.deliver_on.day) == (7, 8)


@pytest.mark.parametrize(
    "changes",
    [
        {"lanes": ""},
        {"hub": "nowhere"},
        {"weight_tiers": (WeightTier(max_grams=299, cost_micros=0),)},
        {"transit": (TransitBand(max_distance_m=1_000, business_days=1),)},
    ],
)
def test_where_nothing_can_meet_nothing_comes_from_two_nodes(changes: dict[str, Any]) -> None:
    found = plan(world(SPREAD, **changes))
    assert len(found.shipments) <= 1
    assert found.onward is None


def test_other_methods_are_free() -> None:
    drawn = world(SPREAD, method=Method.EXPRESS)
    found = plan(replace(drawn, cart=replace(drawn.cart, methods=(Method.EXPRESS,))))
    assert [(s.node_id, s.to_node_id) for s in found.shipments] == [("a", ""), ("b", "")]
    assert found.onward is None


def test_an_offer_arrives_when_the_parcel_would_that_waits_for_it_alone() -> None:
    drawn = world(SPREAD)
    problem, found, _ = build(drawn.cart, drawn.snapshot(), drawn.compiled_rules(), complete=True)
    days = {
        (int(problem.node[k]), int(problem.family[k])): date.fromordinal(int(problem.arrival[k])).day
        for k in range(problem.num_offers)
    }
    assert days == {(0, 1): 5, (1, 1): 5, (0, 2): 6, (1, 2): 6}
    assert problem.onward == (0, 0, found.parcels[0].micros)


def test_a_promise_of_all_services_knows_the_way_by_the_hub() -> None:
    drawn = world(SPREAD)
    found = drive(promise_steps(drawn.cart, drawn.snapshot(), drawn.compiled_rules()), lambda _: None)
    (promise,) = found.promised
    assert (promise.latest, len(promise.decision.plan.shipments)) == (date(2026, 3, 6), 2)
    assert promise.decision.plan.onward is not None

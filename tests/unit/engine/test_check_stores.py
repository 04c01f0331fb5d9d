"""The checker's rules of what is collected, broken one by one."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from tests.reference import small
from tests.reference.instances import World
from tests.unit.engine.test_check import seen_of, ship

from sourcier.domain.network import Hours, Method, NodeCalendar, NodeType, TransferLane, TransitBand
from sourcier.domain.plan import Decision
from sourcier.engine.check import check_decision
from sourcier.engine.directory import compile_directory
from sourcier.engine.seen import Seen

OPEN = NodeCalendar(
    working_days=small.EVERY_DAY,
    cut_off_minute=720,
    processing_minutes=30,
    opening_hours=(Hours(days=small.EVERY_DAY, from_minute=600, to_minute=1_140),),
)


def _world(stock: dict[str, dict[str, int]], *methods: Method) -> World:
    """A store "s" here, a hub "h" one degree north, a warehouse "w" two degrees north that reaches it by the hub."""
    band = (TransitBand(max_distance_m=150_000, business_days=1),)
    services = (
        small.service("click", method=Method.CLICK_AND_COLLECT, transit=(), per_shipment_micros=small.EURO),
        small.service("truck", method=Method.SHIP_TO_STORE, transit=band, per_unit_micros=700, collect_minutes=45),
        small.service("van", method=Method.SHIP_TO_STORE, transit=band, per_shipment_km_micros=9_000),
    )
    two_north = replace(small.HERE, lat_e6=50_000_000)
    world = small.world(
        [
            small.node("s", node_type=NodeType.STORE, calendar=OPEN, services=("click",)),
            small.node("t", node_type=NodeType.STORE, calendar=OPEN, services=("click",)),
            small.node("h", point=small.ONE_DEGREE_NORTH, services=("truck",)),
            small.node("w", point=two_north, services=("van",)),
        ],
        stock,
        small.lines(a=2),
        services=services,
        store_ids=("s",),
        methods=methods,
    )
    lanes = (
        TransferLane(from_node_id="h", to_node_id="s", service_id="truck"),
        TransferLane(from_node_id="w", to_node_id="h", service_id="van"),
    )
    return replace(world, network=replace(world.network, transfer_lanes=lanes))


def kept() -> tuple[Decision, Seen]:
    world = _world({"s": {"a": 2}, "t": {"a": 2}}, Method.CLICK_AND_COLLECT)
    decision = small.decided(world)
    (shipment,) = decision.plan.shipments
    # Placed at 09:30, ready at 10:00, which is when the store opens; it closes at 19:00.
    assert shipment.ready_at == shipment.ship_by == small.PLACED_AT + timedelta(minutes=30)
    assert (shipment.order_by.hour, shipment.order_by.minute, shipment.order_by.second) == (18, 29, 59)
    assert (shipment.deliver_on, shipment.shipping_micros, shipment.to_node_id) == (small.TODAY, small.EURO, "")
    return decision, seen_of(world)


def sent() -> tuple[Decision, Seen]:
    world = _world({"w": {"a": 2}}, Method.SHIP_TO_STORE)
    decision = small.decided(world)
    (shipment,) = decision.plan.shipments
    # The van leaves today, is at the hub tomorrow, the truck leaves it then and is there on the 6th.
    assert (shipment.service_id, shipment.to_node_id, shipment.deliver_on) == ("van", "s", date(2026, 3, 6))
    assert (shipment.ready_at and shipment.ready_at.hour, shipment.distance_m) == (10, 2 * small.ONE_DEGREE_M)
    assert shipment.shipping_micros == 5_000_000 + round(9 * small.ONE_DEGREE_M) + 5_000_000 + 2 * 700
    return decision, seen_of(world)


Case = tuple[Callable[[], tuple[Decision, Seen]], Callable[[Decision], Decision], str]
BROKEN: dict[str, Case] = {
    "ready too early": (kept, lambda d: ship(d, **_moved(d, ship_by=-1)), "is not ready then"),
    "ready later without need": (kept, lambda d: ship(d, **_moved(d, ship_by=1, ready_at=1)), "is not ready then"),
    "collected before the store opens": (kept, lambda d: ship(d, **_moved(d, ready_at=-1)), "can be collected from"),
    "collected some time": (kept, lambda d: ship(d, ready_at=None), "can be collected from"),
    "collected tomorrow": (kept, lambda d: ship(d, deliver_on=date(2026, 3, 5)), "can be collected from"),
    "ordered after closing": (kept, lambda d: ship(d, **_moved(d, order_by=31)), "last instant"),
    "uncertain": (kept, lambda d: ship(d, confidence_bp=9_000), "for certain"),
    "far away": (kept, lambda d: ship(d, distance_m=3), "0 metres"),
    "at another store": (kept, lambda d: ship(d, node_id="t"), "not the store"),
    "at a price of its own": (kept, lambda d: ship(d, shipping_micros=0), "costs"),
    "by a service that is not asked for": (kept, lambda d: ship(d, service_id="truck"), "not among those wanted"),
    "to another store": (sent, lambda d: ship(d, to_node_id="t"), "does not go to the store"),
    "to the customer": (sent, lambda d: ship(d, to_node_id=""), "not the store at which"),
    "there too early": (sent, lambda d: ship(d, deliver_on=date(2026, 3, 5)), "no way over transfer lanes"),
    "to be collected too early": (sent, lambda d: ship(d, **_moved(d, ready_at=-45)), "no way over transfer lanes"),
    "with one leg unpaid": (sent, lambda d: ship(d, shipping_micros=5_001_400), "costs"),
    "by the second leg first": (sent, lambda d: ship(d, service_id="truck"), "does not collect here"),
    "a day late at the old dates": (sent, lambda d: ship(d, ship_day=date(2026, 3, 5)), "nothing leaves then"),
}


def _moved(decision: Decision, **minutes: int) -> dict[str, Any]:
    shipment = decision.plan.shipments[0]
    return {name: getattr(shipment, name) + timedelta(minutes=by) for name, by in minutes.items()}


@pytest.mark.parametrize("name", BROKEN)
def test_what_breaks_a_rule_of_stores_is_rejected_for_it(name: str) -> None:
    make, breaks, words = BROKEN[name]
    decision, seen = make()
    assert check_decision(decision, seen) == []
    faults = check_decision(breaks(decision), seen)
    assert any(words in fault for fault in faults), faults


def test_a_way_without_its_lane_is_rejected() -> None:
    decision, seen = sent()
    for lanes in (seen.network.transfer_lanes[:1], seen.network.transfer_lanes[1:], ()):
        network = replace(seen.network, transfer_lanes=lanes)
        without = replace(seen, network=network, directory=compile_directory(network))
        assert any("no way over transfer lanes" in fault for fault in check_decision(decision, without))


def test_the_service_into_the_store_is_the_one_asked_for() -> None:
    decision, seen = sent()
    for services, good in ((("truck",), True), (("van",), False)):
        asked = replace(seen, cart=replace(seen.cart, services=services))
        assert (check_decision(decision, asked) == []) is good

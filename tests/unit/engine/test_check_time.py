"""The checker's rules of time: rounds, shifts, measured transit, zones and couriers; broken one by one."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from tests.reference import small
from tests.reference.instances import World
from tests.reference.timed import timed_world
from tests.unit.engine.test_check import seen_of, ship

from sourcier.domain.network import (
    CapacityMeasure,
    Hours,
    Method,
    NodeCalendar,
    PostalRange,
    Round,
    Shift,
    TransitBand,
    TransitShare,
    Zone,
    ZoneTransit,
)
from sourcier.domain.place import Destination
from sourcier.domain.plan import Decision
from sourcier.domain.rules import Promising
from sourcier.engine.check import check_decision
from sourcier.engine.directory import compile_directory
from sourcier.engine.seen import Seen

PICKS = NodeCalendar(
    working_days=small.EVERY_DAY,
    cut_off_minute=720,
    processing_minutes=60,
    picking_hours=(Hours(days=small.EVERY_DAY, from_minute=480, to_minute=1_200),),
)
MEASURED = (TransitShare(business_days=1, share_bp=6_000), TransitShare(business_days=2, share_bp=3_500),
            TransitShare(business_days=5, share_bp=500))  # fmt: skip


def _world(**service: Any) -> World:
    """Two rounds a day, two shifts; the round of 14:00 UTC takes it, by Saturday for 95 %."""
    node = small.node(
        "n",
        calendar=PICKS,
        rounds=(
            Round(service_id="std", days=small.EVERY_DAY, pickup_minute=600, parcels=9),
            Round(service_id="std", days=small.EVERY_DAY, pickup_minute=840, cut_off_minute=700, parcels=9),
        ),
        shifts=(
            Shift(shift_id="early", from_minute=360, to_minute=840, measure=CapacityMeasure.UNITS, limit=9),
            Shift(shift_id="late", from_minute=840, to_minute=1_320, measure=CapacityMeasure.UNITS, limit=9),
        ),
    )
    bands = (TransitBand(max_distance_m=None, business_days=9, distribution=MEASURED),)
    return small.world(
        [node],
        {"n": {"a": 9}},
        small.lines(a=2),
        services=(small.service(**{"transit": bands, **service}),),
        rule_set=small.rules(promising=Promising(quantile_bp=9_500)),
        destination=Destination(country_code="FR", postal_code="20000", point=small.HERE),
    )


@pytest.fixture(scope="module")
def good() -> tuple[Decision, Seen]:
    world = _world()
    decision = small.decided(world)
    (shipment,) = decision.plan.shipments
    assert (shipment.round_minute, shipment.shift) == (840, ("early", small.TODAY))
    assert (shipment.deliver_from, shipment.deliver_on) == (date(2026, 3, 5), date(2026, 3, 6))
    assert (shipment.order_by.hour, shipment.order_by.minute, shipment.confidence_bp) == (11, 40, 9_500)
    return decision, seen_of(world)


def later(decision: Decision, **on: int) -> dict[str, Any]:
    shipment = decision.plan.shipments[0]
    return {name: getattr(shipment, name) + timedelta(minutes=by) for name, by in on.items()}


BROKEN: dict[str, tuple[Callable[[Decision], Decision], str]] = {
    "a round that does not come": (lambda d: ship(d, round_minute=841), "nothing leaves then"),
    "a round named as the calendar's cut-off": (lambda d: ship(d, round_minute=None), "nothing leaves then"),
    "the round before it is ready": (
        lambda d: ship(d, round_minute=600, **later(d, ship_by=-240, order_by=-160)),
        "not ready by then",
    ),
    "an order-by that is too late": (lambda d: ship(d, **later(d, order_by=1)), "last instant"),
    "an order-by that is too early": (lambda d: ship(d, **later(d, order_by=-1)), "last instant"),
    "no shift": (lambda d: ship(d, shift=None), "no shift of the node picks it"),
    "an unknown shift": (lambda d: ship(d, shift=("night", small.TODAY)), "no shift of the node picks it"),
    "a shift that is too late for the round": (lambda d: ship(d, shift=("late", small.TODAY)), "not ready by then"),
    "yesterday's shift": (lambda d: ship(d, shift=("late", date(2026, 3, 3))), "not ready by then"),
    "a day that fewer parcels keep": (lambda d: ship(d, deliver_on=date(2026, 3, 5)), "arrives on 2026-03-06"),
    "an earliest day that no parcel keeps": (lambda d: ship(d, deliver_from=small.TODAY), "arrives from 2026-03-05"),
    "no earliest day": (lambda d: ship(d, deliver_from=None), "arrives from 2026-03-05"),
    "more confidence than was measured": (lambda d: ship(d, confidence_bp=9_501), "9500 of 10,000"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_breaks_a_rule_of_time_is_rejected_for_it(good: tuple[Decision, Seen], name: str) -> None:
    decision, seen = good
    assert check_decision(decision, seen) == []
    breaks, words = BROKEN[name]
    faults = check_decision(breaks(decision), seen)
    assert any(words in fault for fault in faults), faults


def _network(seen: Seen, **changes: Any) -> Seen:
    network = replace(seen.network, **changes)
    return replace(seen, network=network, directory=compile_directory(network))


def _node(seen: Seen, **changes: Any) -> Seen:
    return _network(seen, nodes=(replace(seen.network.nodes[0], **changes),))


def _service(seen: Seen, **changes: Any) -> Seen:
    return _network(seen, services=(replace(seen.network.services[0], **changes),))


CORSICA = (Zone(zone_id="corsica", ranges=(PostalRange(country_code="FR", low="200", high="202"),)),)
OTHER_WORLDS: dict[str, tuple[Callable[[Seen], Seen], str]] = {
    "a zone of its own": (
        lambda s: _service(_network(s, zones=CORSICA), zone_transit=(ZoneTransit(zone_id="corsica", business_days=4),)),
        "arrives on 2026-03-08",
    ),
    "the node's lane to the zone first": (
        lambda s: _service(
            _network(s, zones=CORSICA),
            zone_transit=(
                ZoneTransit(zone_id="corsica", business_days=4),
                ZoneTransit(zone_id="corsica", business_days=3, node_ids=frozenset({"n"})),
            ),
        ),
        "arrives on 2026-03-07",
    ),
    "delivery days of the zone": (
        lambda s: _service(
            _network(s, zones=CORSICA),
            zone_transit=(ZoneTransit(zone_id="corsica", business_days=1, delivery_days=frozenset({1})),),
        ),
        "arrives on 2026-03-09",
    ),
    "another quantile": (
        lambda s: replace(s, rules=replace(s.rules, promising=Promising(quantile_bp=9_501))),
        "arrives on 2026-03-09",
    ),
    "a longer backlog": (lambda s: _node(s, calendar=replace(PICKS, backlog_minutes=300)), "not ready by then"),
    "work on every unit": (
        lambda s: _node(s, calendar=replace(PICKS, processing_seconds_per_unit=9_000)),
        "not ready by then",
    ),
    "a round that closes earlier": (
        lambda s: _node(s, rounds=(replace(s.network.nodes[0].rounds[1], cut_off_minute=569),)),
        "placed after the order-by",
    ),
    "a node without shifts": (lambda s: _node(s, shifts=()), "the node has no shifts"),
}


@pytest.mark.parametrize("name", OTHER_WORLDS)
def test_a_good_plan_is_rejected_where_time_is_another(good: tuple[Decision, Seen], name: str) -> None:
    decision, seen = good
    change, words = OTHER_WORLDS[name]
    faults = check_decision(decision, change(seen))
    assert any(words in fault for fault in faults), faults


def test_a_courier_delivers_on_the_day_in_a_window() -> None:
    window = (Hours(days=small.EVERY_DAY, from_minute=840, to_minute=1_200),)
    world = _world(method=Method.SAME_DAY, courier_minutes=90, windows=window)
    decision, seen = small.decided(world), seen_of(world)
    (shipment,) = decision.plan.shipments
    assert (shipment.deliver_on, shipment.ready_at) == (small.TODAY, shipment.ship_by + timedelta(minutes=90))
    assert check_decision(decision, seen) == []
    for changes in ({"ready_at": None}, {"ready_at": shipment.ship_by}, {"confidence_bp": 9_999}):
        assert any("courier" in fault for fault in check_decision(ship(decision, **changes), seen))
    closed = _service(seen, windows=(replace(window[0], from_minute=960),))
    assert any("no window" in fault for fault in check_decision(decision, closed))


def test_a_plan_of_another_instant_is_rejected_or_holds_there_too() -> None:
    """Orders of random worlds, placed a second after their order-by: none of them is accepted."""
    late = 0
    for seed in range(700, 760):
        world = timed_world(seed)
        decision = small.decided(world)
        if decision.plan.shipments:
            first = min(shipment.order_by for shipment in decision.plan.shipments)
            seen = seen_of(world)
            after = replace(seen, cart=replace(seen.cart, placed_at=first + timedelta(seconds=1)))
            assert check_decision(decision, after) != [], f"seed {seed}"
            late += 1
    assert late > 30

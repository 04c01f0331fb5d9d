"""The checker's rules of consolidation, broken one by one."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from tests.unit.engine.test_check import seen_of, ship
from tests.unit.engine.test_hubs import SPREAD, plan, small, world

from sourcier.domain.plan import Decision, Shipment
from sourcier.domain.rules import Consolidation
from sourcier.engine.check import check_decision
from sourcier.engine.seen import Seen


def met() -> tuple[Decision, Seen]:
    """Goods of a and the hub meet."""
    drawn = world({"a": {"x": 2}, "h": {"y": 1}})
    return small.decided(drawn), seen_of(drawn)


def parcel(decision: Decision, **changes: Any) -> Decision:
    """The decision with the hub's parcel changed."""
    assert decision.plan.onward is not None
    return replace(decision, plan=replace(decision.plan, onward=replace(decision.plan.onward, **changes)))


def own(decision: Decision, **changes: Any) -> Decision:
    """The decision with the hub's own shipment changed."""
    first, second = decision.plan.shipments
    return replace(decision, plan=replace(decision.plan, shipments=(first, replace(second, **changes))))


def of(decision: Decision) -> Shipment:
    assert decision.plan.onward is not None
    return decision.plan.onward


BROKEN: dict[str, tuple[Callable[[Decision], Decision], str]] = {
    "no parcel": (lambda d: replace(d, plan=replace(d.plan, onward=None)), "does not go to the store"),
    "a parcel from another node": (lambda d: parcel(d, node_id="a"), "does not leave the hub"),
    "a parcel from nowhere": (lambda d: parcel(d, node_id="z"), "parcel from unknown z"),
    "a shipment to the customer": (lambda d: ship(d, to_node_id=""), "not everything goes to the hub"),
    "a unit lost at the hub": (
        lambda d: parcel(d, lines=(replace(of(d).lines[0], quantity=1), *of(d).lines[1:])),
        "the parcel is another",
    ),
    "a parcel that leaves too early": (
        lambda d: parcel(
            d, ship_day=small.TODAY, ship_by=of(d).ship_by - timedelta(days=1), deliver_on=date(2026, 3, 5)
        ),
        "brings it to the hub in time",
    ),
    "a parcel at a time at which nothing leaves": (
        lambda d: parcel(d, ship_by=of(d).ship_by + timedelta(minutes=1)),
        "nothing leaves the hub then",
    ),
    "a parcel that arrives too early": (lambda d: parcel(d, deliver_on=date(2026, 3, 5)), "arrives on 2026-03-06"),
    "a parcel at another price": (lambda d: parcel(d, shipping_micros=1), "the parcel costs"),
    "a parcel that may be ordered later": (
        lambda d: parcel(d, order_by=of(d).order_by + timedelta(seconds=1)),
        "not that of its first shipment",
    ),
    "a shipment that is at the hub too early": (lambda d: ship(d, deliver_on=small.TODAY), "brings it to the hub"),
    "a shipment that is called late": (lambda d: ship(d, late_micros=5), "brings it to the hub"),
    "own goods that are not ready": (
        lambda d: own(d, ship_by=d.plan.shipments[1].ship_by - timedelta(minutes=1)),
        "is not ready then",
    ),
    "own goods that travel": (lambda d: own(d, distance_m=9), "is not at the hub in time"),
    "own goods that cost": (lambda d: own(d, shipping_micros=9), "costs"),
    "own goods that are called late": (lambda d: own(d, late_micros=5), "late by another number"),
    "own goods ordered too late": (
        lambda d: own(d, order_by=d.plan.shipments[1].order_by + timedelta(seconds=1)),
        "not the last instant for the parcel",
    ),
    "a split price": (
        lambda d: replace(d, plan=replace(d.plan, costs=replace(d.plan.costs, split=9 * small.EURO))),
        "costs are",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_breaks_a_rule_of_consolidation_is_rejected_for_it(name: str) -> None:
    decision, seen = met()
    assert check_decision(decision, seen) == []
    breaks, words = BROKEN[name]
    faults = check_decision(breaks(decision), seen)
    assert any(words in fault for fault in faults), faults


def test_several_parcels_of_a_method_that_must_meet_are_rejected() -> None:
    drawn = world(SPREAD)
    free = replace(drawn, rules=replace(drawn.rules, consolidation=()))
    decision = small.decided(free)
    assert len(plan(free).shipments) == 2
    assert check_decision(decision, seen_of(free)) == []
    rules = replace(drawn.rules, consolidation=(Consolidation(hub_id="h", methods=frozenset(drawn.cart.methods)),))
    faults = check_decision(decision, replace(seen_of(free), rules=rules))
    assert faults == ["several nodes send to the customer what must meet at the hub"]

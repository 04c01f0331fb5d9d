"""The checker's rules of stock, supply and pools, broken one by one."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from tests.reference import small
from tests.reference.instances import World
from tests.unit.engine.test_check import part, seen_of, ship

from sourcier.domain.network import (
    CapacityMeasure,
    Round,
    Shift,
    capacity_pool_id,
    round_pool_id,
    shift_pool_id,
)
from sourcier.domain.plan import Decision, Marking, Peg
from sourcier.domain.rules import SafetyStock
from sourcier.domain.supply import SupplyKind, SupplyRow
from sourcier.engine.check import check_decision
from sourcier.engine.seen import Seen


def _rows() -> tuple[SupplyRow, ...]:
    soon, late = small.TODAY + timedelta(days=2), small.TODAY + timedelta(days=4)
    order = SupplyKind.PURCHASE_ORDER
    return (
        SupplyRow(supply_id="po", kind=order, node_id="n", sku="a", usable=9, allocated=6, expected_on=late),
        SupplyRow(supply_id="old", kind=order, node_id="n", sku="a", usable=1, expected_on=soon, preorder=True),
        SupplyRow(
            supply_id="maker", kind=SupplyKind.SUPPLIER_ORDERABLE, node_id="n", sku="b", usable=2**53, lead_days=3
        ),
    )


def _world() -> World:
    """Six of a: three of "po", one of "old", two on hand; nine of b that must be ordered first."""
    node = small.node(
        "n",
        rounds=(Round(service_id="std", days=small.EVERY_DAY, pickup_minute=600, parcels=4),),
        shifts=(Shift(shift_id="s", from_minute=0, to_minute=600, measure=CapacityMeasure.UNITS, limit=20),),
    )
    rules = small.rules(safety_stock=(SafetyStock(units=1),))
    world = small.world([node], {"n": {"a": 3, "b": 0}}, small.lines(a=6, b=9), rule_set=rules)
    return replace(world, supplies=_rows())


@pytest.fixture(scope="module")
def good() -> tuple[Decision, Seen]:
    world = _world()
    decision = small.decided(world)
    (shipment,) = decision.plan.shipments
    pegs = [[(peg.supply_id, peg.quantity) for peg in line.pegs] for line in shipment.lines]
    assert pegs == [[("po", 3), ("old", 1)], [("maker", 9)]]
    assert [line.marking for line in shipment.lines] == [Marking.PREORDER, Marking.BACKORDER]
    assert shipment.ship_day == date(2026, 3, 8)
    return decision, seen_of(world)


def peg(decision: Decision, index: int, **changes: Any) -> Decision:
    """The decision with one peg of the first line changed."""
    pegs = list(decision.plan.shipments[0].lines[0].pegs)
    pegs[index] = replace(pegs[index], **changes)
    return part(decision, 0, pegs=tuple(pegs))


BROKEN: dict[str, tuple[Callable[[Decision], Decision], str]] = {
    "more of a supply than is left": (lambda d: peg(d, 0, quantity=4), "pegs 4 of a to po, 3 available"),
    "more on hand than is not protected": (lambda d: part(d, 0, pegs=d.plan.shipments[0].lines[0].pegs[:1]), "takes 3"),
    "a supply that nobody announced": (lambda d: peg(d, 0, supply_id="po-9"), "no supply po-9"),
    "a supply of another SKU": (lambda d: peg(d, 0, supply_id="maker"), "no supply maker of a"),
    "another day": (lambda d: peg(d, 0, expected_on=small.TODAY), "ready on 2026-03-08"),
    "nothing to order": (lambda d: peg(d, 0, to_order=True), "whether to order it"),
    "an empty peg": (lambda d: peg(d, 1, quantity=0), "an empty peg"),
    "called a backorder": (lambda d: part(d, 0, marking=Marking.BACKORDER), "PREORDER, not BACKORDER"),
    "called on hand": (lambda d: part(d, 1, marking=Marking.ON_HAND), "BACKORDER, not ON_HAND"),
    "more pegged than shipped": (lambda d: part(d, 1, quantity=8), "pegged more than it ships"),
    "a day before the supply is there": (
        lambda d: ship(
            d,
            ship_day=date(2026, 3, 7),
            ship_by=d.plan.shipments[0].ship_by - timedelta(days=1),
            order_by=d.plan.shipments[0].order_by - timedelta(days=1),
            deliver_on=date(2026, 3, 8),
            shift=("s", date(2026, 3, 7)),
        ),
        "not ready by then",
    ),
    "an order-by too late for the supplier": (
        lambda d: ship(d, order_by=d.plan.shipments[0].ship_by),
        "last instant",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_breaks_a_rule_of_supply_is_rejected_for_it(good: tuple[Decision, Seen], name: str) -> None:
    decision, seen = good
    assert check_decision(decision, seen) == []
    breaks, words = BROKEN[name]
    faults = check_decision(breaks(decision), seen)
    assert any(words in fault for fault in faults), faults


def test_what_stays_unfilled_is_not_pegged(good: tuple[Decision, Seen]) -> None:
    decision, seen = good
    line = replace(
        decision.plan.shipments[0].lines[0], pegs=(Peg(supply_id="po", quantity=1, expected_on=small.TODAY),)
    )
    broken = replace(decision, plan=replace(decision.plan, unfilled=(line,)))
    assert any("unfilled line line-a is pegged" in fault for fault in check_decision(broken, seen))


@pytest.mark.parametrize(
    ("pool", "day", "left", "words"),
    [
        (shift_pool_id("n", "s"), date(2026, 3, 8), 14, "needs 15 of 14 UNITS"),
        (round_pool_id("n", "std", 600), date(2026, 3, 8), 0, "needs 1 of 0 ORDERS"),
    ],
)
def test_pools_without_room_reject_it(good: tuple[Decision, Seen], pool: str, day: date, left: int, words: str) -> None:
    decision, seen = good
    assert (pool, day) in seen.left
    for full in ({**seen.left, (pool, day): left}, {key: units for key, units in seen.left.items() if key[0] != pool}):
        faults = check_decision(decision, replace(seen, left=full))
        assert any(words.split(" of ")[0] in fault and pool in fault for fault in faults), faults
    assert (capacity_pool_id("n"), day) not in seen.left


def test_supply_that_was_cut_or_protected_rejects_it(good: tuple[Decision, Seen]) -> None:
    decision, seen = good
    cut = replace(
        seen,
        supplies={node: [replace(row, usable=row.usable - 1) for row in rows] for node, rows in seen.supplies.items()},
    )
    assert any("pegs 3 of a to po, 2 available" in fault for fault in check_decision(decision, cut))
    kept = replace(seen, rules=replace(seen.rules, safety_stock=(SafetyStock(units=4),)))
    assert any("pegs 3 of a to po, 2 available" in fault for fault in check_decision(decision, kept))

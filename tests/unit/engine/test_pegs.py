"""Which supply a shipment takes: the latest first, shared by lines of one SKU; marking of lines; by when to order."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from tests.reference import small
from tests.reference.instances import World

from sourcier.domain.order import Line
from sourcier.domain.plan import Decision, Marking, Peg
from sourcier.domain.supply import SupplyKind, SupplyRow
from sourcier.engine.available import look
from sourcier.engine.pegs import drawn_from, last_order_day, pegged


def day(days: int) -> date:
    return small.TODAY + timedelta(days=days)


def row(supply_id: str, days: int | None, usable: int, **changes: Any) -> SupplyRow:
    ordinary: dict[str, Any] = {
        "kind": SupplyKind.PURCHASE_ORDER,
        "node_id": "n",
        "sku": "a",
        "expected_on": None if days is None else day(days),
    }
    return SupplyRow(supply_id=supply_id, usable=usable, **{**ordinary, **changes})


def decided(quantity: int, *supplies: SupplyRow, on_hand: int = 2, lines: tuple[Line, ...] = ()) -> Decision:
    world = small.world([small.node("n")], {"n": {"a": on_hand}}, lines or small.lines(a=quantity))
    return small.decided(
        World(
            network=world.network,
            rules=world.rules,
            rows=world.rows,
            pool_uses=(),
            cart=world.cart,
            supplies=tuple(supplies),
        )
    )


def test_what_is_on_hand_is_taken_without_waiting() -> None:
    (shipment,) = decided(2, row("po", 4, 9)).plan.shipments
    assert shipment.ship_day == small.TODAY
    assert (shipment.lines[0].pegs, shipment.lines[0].marking) == ((), Marking.ON_HAND)


def test_the_latest_supply_goes_first_and_stock_last() -> None:
    (shipment,) = decided(7, row("early", 2, 3), row("late", 5, 4), row("too-late", 9, 9), on_hand=2).plan.shipments
    assert shipment.ship_day == day(5)
    assert shipment.lines[0].pegs == (
        Peg(supply_id="late", quantity=4, expected_on=day(5)),
        Peg(supply_id="early", quantity=3, expected_on=day(2)),
    )
    assert shipment.lines[0].marking is Marking.BACKORDER


def test_nothing_is_ordered_that_is_on_hand_or_on_its_way() -> None:
    to_order = row("made", None, 99, kind=SupplyKind.SUPPLIER_ORDERABLE, lead_days=4)
    (shipment,) = decided(7, row("po", 3, 4), to_order, on_hand=2).plan.shipments
    assert shipment.ship_day == day(4)
    assert [(peg.supply_id, peg.quantity, peg.to_order) for peg in shipment.lines[0].pegs] == [
        ("po", 4, False),
        ("made", 1, True),
    ]


def test_lines_of_one_sku_share_its_supply() -> None:
    lines = tuple(Line(line_id=i, sku="a", quantity=3, unit_price_micros=50 * small.EURO) for i in "xy")
    (shipment,) = decided(6, row("po", 3, 4), on_hand=2, lines=lines).plan.shipments
    assert [[(peg.supply_id, peg.quantity) for peg in line.pegs] for line in shipment.lines] == [
        [("po", 3)],
        [("po", 1)],
    ]


@pytest.mark.parametrize(
    ("changes", "marking", "to_order"),
    [
        ({}, Marking.BACKORDER, False),
        ({"preorder": True}, Marking.PREORDER, False),
        ({"kind": SupplyKind.SUPPLIER_ORDERABLE, "expected_on": None, "lead_days": 4}, Marking.BACKORDER, True),
    ],
)
def test_lines_say_what_they_wait_for(changes: dict[str, Any], marking: Marking, to_order: bool) -> None:
    (shipment,) = decided(3, row("po", 4, 9, **changes), on_hand=0).plan.shipments
    assert shipment.lines[0].marking is marking
    assert shipment.lines[0].pegs == (Peg(supply_id="po", quantity=3, expected_on=day(4), to_order=to_order),)


def test_a_lead_time_and_an_overdue_supply_count_from_the_order() -> None:
    made_to_order = row("x", None, 9, lead_days=3)
    assert last_order_day([(made_to_order, 0)], 100) == 97
    assert last_order_day([(row("y", -2, 9), 0)], 100) == 99
    assert last_order_day([(row("y", -2, 9), 0), (made_to_order, 0)], 100) == 97


def test_the_order_by_of_what_must_be_ordered_first_is_the_end_of_a_day() -> None:
    (shipment,) = decided(1, row("x", None, 9, lead_days=3), on_hand=0).plan.shipments
    assert (shipment.ship_day, shipment.order_by.isoformat()) == (day(3), "2026-03-04T23:59:59+00:00")


def test_what_can_be_drawn_on_is_there_the_latest_first() -> None:
    supplies = (row("1", 3, 4), row("2", 6, 9), row("0", 9, 0), row("elsewhere", 3, 4, node_id="m"))
    world = small.world([small.node("n"), small.node("m")], {"n": {"a": 2}}, small.lines(a=5))
    snapshot = world.snapshot()
    snapshot.put_supplies(supplies)
    available = look(world.cart, snapshot, world.compiled_rules())
    late, early = [("2", 9, day(6).toordinal())], [("1", 4, day(3).toordinal())]
    for until, expected in ((7, {(0, 0): late + early}), (6, {(0, 0): late + early}), (5, {(0, 0): early}), (2, {})):
        drawn = drawn_from(available, np.array([0]), np.array([day(until).toordinal()]))
        coming = {key: [(r.supply_id, units, on) for r, units, on in rows] for key, rows in drawn.coming.items()}
        assert coming == expected, until


def test_parts_without_supply_are_written_once() -> None:
    world = small.world([small.node("n")], {"n": {"a": 9}}, small.lines(a=5))
    drawn = drawn_from(look(world.cart, world.snapshot(), world.compiled_rules()), np.array([0]), np.array([0]))
    (first,), _ = pegged(world.cart.lines, [3], drawn, 0, 0)
    (again,), _ = pegged(world.cart.lines, [3], drawn, 0, 0)
    (other,), _ = pegged(world.cart.lines, [2], drawn, 0, 0)
    assert first is again
    assert (first.quantity, other.quantity) == (3, 2)

"""The demo's figures, on runs small enough to count by hand."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from sourcier.demo.figures import FullDay, Waits, figures, full_days, waits
from sourcier.demo.traffic import Served, choose
from sourcier.demo.week import busy_stores, first_day, placed_on, read_week
from sourcier.domain.errors import Kind, Reason, Refusal
from sourcier.domain.network import NodeType
from sourcier.domain.order import Order
from sourcier.rpc.fields import fill_day, fill_money
from sourcier.v1 import common_pb2, sourcing_pb2

WEEK = read_week(20)
MONDAY = date(2026, 11, 23)


def allocation(shipments: Sequence[tuple[str, int]], unfilled: int, shipping: int) -> sourcing_pb2.Allocation:
    """An optimal decision that ships so many units from each node on Monday."""
    made = sourcing_pb2.Allocation()
    decision = made.decision
    decision.status, decision.proof = common_pb2.STATUS_OPTIMAL, common_pb2.PROOF_CERTIFICATE
    for node_id, units in shipments:
        shipment = decision.plan.shipments.add(node_id=node_id)
        fill_day(shipment.ship_day, MONDAY)
        shipment.lines.add(quantity=units)
    if unfilled:
        decision.plan.unfilled.add(quantity=unfilled)
    fill_money(decision.plan.costs.shipping, shipping, "EUR")
    return made


def served(order: Order, made: sourcing_pb2.Allocation | None, *services: str, late_days: int = 0) -> Served:
    """An order, promised by each of these services (in the answer's order), for 4.90 each."""
    promises = sourcing_pb2.PromiseDeliveryResponse()
    for service in services:
        promises.promised.add(service_id=service)
    if made:
        made.kept.late_days = late_days
        fill_money(made.kept.fee, 4_900_000, "EUR")
    refusal = None if made else Refusal(kind=Kind.FAILED_PRECONDITION, reason=Reason.NO_PLAN, message="none")
    return Served(
        order=order,
        promises=promises,
        chosen=choose(replace(order.cart, services=("collect", "standard")), promises),
        promise_seconds=0.010,
        allocation=made,
        allocate_seconds=0.020 if made else 0.0,
        refusal=refusal,
    )


def test_a_run_is_counted() -> None:
    run = [
        served(WEEK.orders[0], allocation([("wh-lyon", 2)], 0, 5_000_000)),
        served(WEEK.orders[1], allocation([("store-paris", 1), ("wh-lyon", 1)], 3, 7_500_000)),
        served(WEEK.orders[2], None),
    ]
    made = figures(run, WEEK.network, WEEK.caps())
    assert (made.num_orders, made.num_refused, made.num_allocated) == (3, 1, 2)
    assert made.units_ordered == sum(line.quantity for order in WEEK.orders[:3] for line in order.cart.lines)
    assert (made.units_shipped, made.num_complete, made.num_promised) == (4, 1, 0)
    assert (made.num_shipments, made.num_shipping_orders, made.num_split, made.num_store_shipments) == (3, 2, 1, 1)
    assert made.costs["shipping"] == made.cost == Decimal("12.5")
    assert (made.statuses, made.proofs, made.num_optimal) == ({"OPTIMAL": 2}, {"CERTIFICATE": 2}, 2)
    assert (made.num_kept, made.services, made.fees) == (0, {}, {})
    assert made.refusals == {"FAILED_PRECONDITION / NO_PLAN": 1}
    assert (made.promise_waits.calls, made.allocate_waits.calls) == (3, 2)


def test_customers_take_their_favourite_and_pay_for_it() -> None:
    run = [
        served(WEEK.orders[0], allocation([("wh-lyon", 2)], 0, 0), "standard", "collect"),
        served(WEEK.orders[1], allocation([("wh-lyon", 2)], 0, 0), "standard"),
        served(WEEK.orders[2], allocation([("wh-lyon", 2)], 0, 0), "standard", late_days=2),
        served(WEEK.orders[3], allocation([("wh-lyon", 2)], 1, 0)),
        served(WEEK.orders[4], None, "collect"),
    ]
    made = figures(run, WEEK.network, WEEK.caps())
    assert (made.num_promised, made.num_kept) == (4, 2)
    assert made.services == {"collect": 1, "standard": 2}
    assert made.fees == {"collect": Decimal("4.9"), "standard": Decimal("9.8")}


def test_nothing_served_is_all_zeros() -> None:
    made = figures([], WEEK.network, WEEK.caps())
    assert (made.num_orders, made.units_ordered, made.cost, made.full_days) == (0, 0, 0, ())
    assert made.promise_waits == Waits(calls=0, p50=0.0, p99=0.0)


def test_a_node_is_full_when_its_orders_reach_the_capacity() -> None:
    decisions = [allocation([("store-pau", 1), ("store-pau", 1)], 0, 0).decision for _ in range(3)]
    assert full_days(decisions, lambda node_id, day: 4) == ()
    assert full_days(decisions, lambda node_id, day: None) == ()
    assert full_days(decisions, lambda node_id, day: 3) == (FullDay(node_id="store-pau", ship_day=MONDAY, orders=3),)


@pytest.mark.parametrize(("count", "p50", "p99"), [(1, 1, 1), (2, 1, 2), (100, 50, 99), (1_000, 500, 990)])
def test_percentiles_are_nearest_ranks(count: int, p50: float, p99: float) -> None:
    made = waits(number / 1_000 for number in range(count, 0, -1))
    assert made == Waits(calls=count, p50=p50, p99=p99)


@pytest.mark.parametrize("number", [1, 7, 250, 5_000])
def test_any_number_of_orders_is_spread_over_the_days(number: int) -> None:
    week = read_week(number)
    assert len(week.orders) == min(number, 1_350)
    assert len({order.order_id for order in week.orders}) == len(week.orders)
    assert len({placed_on(order) for order in week.orders}) == min(number, 5)
    assert week.monday == WEEK.monday


def test_the_week_moves_once_it_is_too_far_away() -> None:
    assert first_day(date(2026, 11, 21)) == MONDAY
    assert first_day(date(2027, 6, 1)) == MONDAY
    assert first_day(date(2028, 3, 2)) == date(2028, 3, 6)


def test_on_friday_every_store_packs_little() -> None:
    busy = busy_stores(WEEK.network)
    for before, after in zip(WEEK.network.nodes, busy.nodes, strict=True):
        is_store = before.node_type is NodeType.STORE
        assert after.capacity is not None
        assert (after.capacity.per_day == 4) is is_store
    assert WEEK.caps()("store-pau", WEEK.monday + timedelta(days=3)) == 10
    assert WEEK.caps()("store-pau", WEEK.monday + timedelta(days=4)) == 4
    assert WEEK.caps()("nowhere", MONDAY) is None

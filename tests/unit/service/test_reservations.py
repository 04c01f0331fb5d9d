"""What a plan takes of stock, floors and capacity."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from tests.service.shop import MONDAY, NETWORK

from sourcier.domain.network import Capacity, CapacityMeasure, NodeType, Round, Shift
from sourcier.domain.plan import Costs, Marking, Peg, Plan, Shipment, ShipmentLine
from sourcier.domain.rules import Constraints, Prices, RuleSet, SafetyStock
from sourcier.engine.compile import CompiledRules, compile_network, compile_rules
from sourcier.ledger.commands import ReserveLine
from sourcier.service.commands import ToOrder
from sourcier.service.reservations import new_id, pinned_floors, pool_uses, reserve_lines, to_order

LINES = (
    ShipmentLine(line_id="1", sku="mug", quantity=2),
    ShipmentLine(line_id="2", sku="mug", quantity=3),
    ShipmentLine(line_id="3", sku="pan", quantity=1),
)


def protecting(units: int) -> CompiledRules:
    """So many units of every SKU in stores are kept back from the marketplace."""
    entry = SafetyStock(units=units, node_types=frozenset({NodeType.STORE}), channels=frozenset({"marketplace"}))
    rules = RuleSet(
        rule_set_id="main",
        channels=("web", "marketplace"),
        prices=Prices(),
        constraints=Constraints(),
        safety_stock=(entry,),
    )
    return compile_rules(rules, "ruleSets/main/revisions/1")


def shipment(node_id: str, *lines: ShipmentLine) -> Shipment:
    return Shipment(
        node_id=node_id,
        service_id="ground",
        ship_day=date(2026, 11, 23),
        deliver_on=date(2026, 11, 26),
        order_by=MONDAY,
        ship_by=MONDAY,
        distance_m=1,
        weight_grams=1,
        lines=lines,
        shipping_micros=1,
        handling_micros=0,
        late_micros=0,
    )


SOON, LATER = date(2026, 11, 25), date(2026, 12, 1)
OTHER = Peg(supply_id="ask", quantity=1, expected_on=LATER, to_order=True)
BACKORDER = Marking.BACKORDER
PLAN = Plan(shipments=(shipment("near", *LINES[:1]), shipment("store", *LINES)), unfilled=(), costs=Costs())


def test_every_shipment_line_is_reserved_on_its_ship_day() -> None:
    taken = reserve_lines(PLAN)
    assert taken[0] == ReserveLine(line_id="1", node_id="near", sku="mug", quantity=2, bucket="2026-11-23")
    assert [(line.line_id, line.node_id, line.quantity) for line in taken[1:]] == [
        ("1", "store", 2),
        ("2", "store", 3),
        ("3", "store", 1),
    ]


@pytest.mark.parametrize(
    ("measure", "quantity"), [(CapacityMeasure.ORDERS, 1), (CapacityMeasure.LINES, 3), (CapacityMeasure.UNITS, 6)]
)
def test_capacity_is_taken_in_the_node_s_own_measure_and_only_there(measure: CapacityMeasure, quantity: int) -> None:
    nodes = tuple(
        replace(node, capacity=Capacity(measure=measure, per_day=9) if node.node_id == "store" else None)
        for node in NETWORK.nodes
    )
    (use,) = pool_uses(PLAN, compile_network(replace(NETWORK, nodes=nodes)))
    assert (use.pool_id, use.bucket, use.node_id) == ("node-day:store", "2026-11-23", "store")
    assert (use.measure, use.quantity) == (measure, quantity)


def test_pegged_units_are_reserved_of_their_supply_and_the_rest_of_what_is_on_hand() -> None:
    mixed = replace(LINES[1], pegs=(Peg(supply_id="po-1", quantity=1, expected_on=SOON), OTHER), marking=BACKORDER)
    whole = replace(LINES[2], pegs=(replace(OTHER, quantity=1),), marking=BACKORDER)
    taken = reserve_lines(replace(PLAN, shipments=(shipment("near", LINES[0], mixed, whole),)))
    assert [(line.line_id, line.supply_id, line.quantity) for line in taken] == [
        ("1", "", 2),
        ("2", "", 1),
        ("2", "po-1", 1),
        ("2", "ask", 1),
        ("3", "ask", 1),
    ]
    assert {line.bucket for line in taken} == {"2026-11-23"}


def test_what_must_be_ordered_is_summed_by_node_supply_and_sku() -> None:
    pegged = tuple(replace(line, pegs=(OTHER, Peg(supply_id="po", quantity=1, expected_on=SOON))) for line in LINES[:2])
    plan = replace(PLAN, shipments=(shipment("near", *pegged), shipment("far", replace(LINES[2], pegs=(OTHER,)))))
    assert to_order(plan) == (
        ToOrder(node_id="far", supply_id="ask", sku="pan", quantity=1, expected_on=LATER),
        ToOrder(node_id="near", supply_id="ask", sku="mug", quantity=2, expected_on=LATER),
    )
    assert to_order(PLAN) == ()


def test_a_shift_is_taken_on_its_own_day_for_the_lines_of_the_ship_day() -> None:
    night = Shift(shift_id="night", from_minute=1_320, to_minute=1_800, measure=CapacityMeasure.UNITS, limit=50)
    day = replace(night, shift_id="day", measure=CapacityMeasure.LINES)
    network = compile_network(replace(NETWORK, nodes=(replace(NETWORK.nodes[0], shifts=(day, night)),)))
    leaving = replace(shipment("near", *LINES), shift=("night", date(2026, 11, 22)))
    (use,) = pool_uses(replace(PLAN, shipments=(leaving,)), network)
    assert (use.pool_id, use.bucket, use.line_bucket) == ("node-shift:near:night", "2026-11-22", "2026-11-23")
    assert (use.measure, use.quantity) == (CapacityMeasure.UNITS, 6)
    (use,) = pool_uses(replace(PLAN, shipments=(replace(leaving, shift=("day", date(2026, 11, 23))),)), network)
    assert (use.pool_id, use.bucket, use.line_bucket) == ("node-shift:near:day", "2026-11-23", "")
    assert (use.measure, use.quantity) == (CapacityMeasure.LINES, 3)


def test_a_round_takes_one_parcel_where_it_has_a_limit() -> None:
    monday = Round(service_id="ground", days=frozenset({1}), pickup_minute=600, parcels=20)
    again = Round(
        service_id="ground",
        days=frozenset({1}),
        pickup_minute=700,
        every_minutes=60,
        last_pickup_minute=900,
        parcels=5,
    )
    free = Round(service_id="ground", days=frozenset({1}), pickup_minute=1_000)
    tuesday = replace(free, days=frozenset({2}), parcels=5)
    express = replace(free, service_id="express", parcels=5)
    rounds = (monday, again, free, tuesday, express)
    network = compile_network(replace(NETWORK, nodes=(replace(NETWORK.nodes[0], rounds=rounds),)))

    def taken(minute: int | None) -> list[tuple[str, str, int]]:
        leaving = replace(shipment("near", *LINES), round_minute=minute)
        uses = pool_uses(replace(PLAN, shipments=(leaving,)), network)
        return [(use.pool_id, use.bucket, use.quantity) for use in uses]

    assert taken(600) == [("round:near:ground:0600", "2026-11-23", 1)]
    assert taken(820) == [("round:near:ground:0820", "2026-11-23", 1)]
    assert taken(1_000) == taken(None) == []


def test_floors_are_pinned_per_row_for_the_channel_s_class() -> None:
    rules = protecting(5)
    network = compile_network(NETWORK)
    assert set(pinned_floors(PLAN, network, rules, rules.protection.channel_class["web"]).values()) == {0}
    assert pinned_floors(PLAN, network, rules, rules.protection.channel_class["marketplace"]) == {
        ("near", "mug"): 0,
        ("store", "mug"): 5,
        ("store", "pan"): 5,
    }


def test_ids_are_unique_and_ordered_by_time() -> None:
    now = datetime(2026, 11, 21, tzinfo=UTC)
    same = {new_id(now) for _ in range(1_000)}
    assert len(same) == 1_000
    assert {len(one) for one in same} == {32}
    assert max(same) < new_id(now + timedelta(milliseconds=1))

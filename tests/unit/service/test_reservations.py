"""What a plan takes of stock, floors and capacity."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from tests.service.shop import MONDAY, NETWORK

from sourcier.domain.network import Capacity, CapacityMeasure, NodeType
from sourcier.domain.plan import Costs, Plan, Shipment, ShipmentLine
from sourcier.domain.rules import Constraints, Prices, RuleSet, SafetyStock
from sourcier.engine.compile import compile_network, compile_rules
from sourcier.ledger.commands import ReserveLine
from sourcier.service.reservations import new_id, pinned_floors, pool_uses, reserve_lines

LINES = (
    ShipmentLine(line_id="1", sku="mug", quantity=2),
    ShipmentLine(line_id="2", sku="mug", quantity=3),
    ShipmentLine(line_id="3", sku="pan", quantity=1),
)


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


def test_floors_are_pinned_per_row_for_the_channel_s_class() -> None:
    rules = compile_rules(
        RuleSet(
            rule_set_id="main",
            channels=("web", "marketplace"),
            prices=Prices(),
            constraints=Constraints(),
            safety_stock=(
                SafetyStock(units=5, node_types=frozenset({NodeType.STORE}), channels=frozenset({"marketplace"})),
            ),
        ),
        "ruleSets/main/revisions/1",
    )
    network = compile_network(NETWORK)
    assert set(pinned_floors(PLAN, network, rules, rules.channel_class["web"]).values()) == {0}
    assert pinned_floors(PLAN, network, rules, rules.channel_class["marketplace"]) == {
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

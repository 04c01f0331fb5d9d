"""Carts, orders and decisions between protobuf and the domain."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date
from google.type.latlng_pb2 import LatLng
from tests.rpc import messages
from tests.rpc.messages import NOW
from tests.rpc.spoil import TEXTS_REFUSED, assign, faults_of

from sourcier.domain.errors import Reason, Refusal, Violation, invalid
from sourcier.domain.network import Method
from sourcier.domain.order import Cart, Line, Order
from sourcier.domain.place import Destination, GeoPoint
from sourcier.domain.plan import (
    Costs,
    Decision,
    Marking,
    NodeOutcome,
    NodeReason,
    Peg,
    Plan,
    Proof,
    Shipment,
    ShipmentLine,
    Status,
)
from sourcier.rpc import translate_common as common
from sourcier.rpc import translate_feeds as feeds
from sourcier.rpc import translate_inventory as inventory
from sourcier.rpc import translate_network as network
from sourcier.rpc import translate_sourcing as sourcing
from sourcier.rpc import translate_supply as supply
from sourcier.rpc.fields import Check, EnumTable
from sourcier.v1 import common_pb2 as pb
from sourcier.v1 import inventory_pb2, network_pb2, sourcing_pb2

TABLES = {
    "Method": (common.METHODS, pb.Method),
    "Status": (common.STATUSES, pb.Status),
    "Proof": (common.PROOFS, pb.Proof),
    "NodeReason": (common.NODE_REASONS, pb.NodeReason),
    "Marking": (common.MARKINGS, pb.Marking),
    "Choice": (sourcing.CHOICES, sourcing_pb2.Choice),
    "State": (sourcing.STATES, sourcing_pb2.State),
    "RecordKind": (inventory.RECORD_KINDS, inventory_pb2.RecordKind),
    "SupplyKind": (supply.SUPPLY_KINDS, inventory_pb2.SupplyKind),
    "RiskReason": (supply.RISK_REASONS, sourcing_pb2.RiskReason),
    "Verdict": (feeds.VERDICTS, inventory_pb2.Verdict),
    "NodeType": (network.NODE_TYPES, network_pb2.NodeType),
    "NodeStatus": (network.NODE_STATUSES, network_pb2.NodeStatus),
    "CapacityMeasure": (network.CAPACITY_MEASURES, network_pb2.CapacityMeasure),
}


@pytest.mark.parametrize("name", TABLES)
def test_every_enum_has_the_same_members_on_both_sides(name: str) -> None:
    table, proto = TABLES[name]
    assert {*table.to_domain, 0} == set(proto.values())
    for member, number in table.to_proto.items():
        check = Check()
        assert check.member("kind", number, table) is member
        assert not check.faults


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("number", [0, 99, -1])
def test_unspecified_and_unknown_members_are_refused(name: str, number: int) -> None:
    table: EnumTable[Any] = TABLES[name][0]
    check = Check()
    check.member("kind", number, table)
    assert [violation.field for violation in check.faults] == ["kind"]


CARTS = [
    Cart(
        channel="web",
        destination=Destination(country_code="DE", postal_code="10115"),
        lines=(Line(line_id="1", sku="tea", quantity=1),),
        currency_code="EUR",
        placed_at=NOW,
    ),
    Cart(
        channel="marketplace",
        destination=Destination(
            country_code="US", postal_code="10001", point=GeoPoint(lat_e6=40_750_000, lon_e6=-73_990_001)
        ),
        lines=tuple(
            Line(line_id=str(i), sku="tea", quantity=10**6, unit_weight_grams=10**7, unit_price_micros=10**12 - i)
            for i in range(100)
        ),
        currency_code="USD",
        placed_at=NOW + timedelta(microseconds=1),
        services=("ground", "express"),
        deliver_by=date(2026, 12, 24),
        methods=tuple(Method),
        store_ids=tuple(str(i) for i in range(16)),
    ),
]


@pytest.mark.parametrize("cart", CARTS)
def test_orders_go_there_and_back(cart: Cart) -> None:
    order = Order(order_id="o-1", cart=cart, priority=1_000_000)
    message = pb.Order()
    common.fill_order(message, order)
    check = Check()
    assert common.parse_order(check, pb.Order.FromString(message.SerializeToString()), NOW) == order
    assert not check.faults


def parse(path: str, value: object) -> dict[str, str]:
    message = messages.order()
    assign(path, value)(message)

    def parsed() -> None:
        check = Check("order.")
        common.parse_order(check, message, NOW)
        check.finish()

    return faults_of(parsed)


@pytest.mark.parametrize("value", TEXTS_REFUSED)
@pytest.mark.parametrize("path", ["order_id", "cart.channel", "cart.lines[0].line_id", "cart.lines[0].sku"])
def test_names_of_an_order_are_checked(path: str, value: str) -> None:
    assert list(parse(path, value)) == [f"order.{path}"]


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("cart", None, "cart"),
        ("cart.lines", [], "cart.lines"),
        ("cart.lines", [messages.line(str(i)) for i in range(101)], "cart.lines"),
        ("cart.lines", [messages.line("1"), messages.line("1")], "cart.lines[1].line_id"),
        ("cart.lines[0].quantity", 0, "cart.lines[0].quantity"),
        ("cart.lines[0].quantity", -1, "cart.lines[0].quantity"),
        ("cart.lines[0].quantity", 1_000_001, "cart.lines[0].quantity"),
        ("cart.lines[0].quantity", 2**63 - 1, "cart.lines[0].quantity"),
        ("cart.lines[0].unit_weight_grams", -1, "cart.lines[0].unit_weight_grams"),
        ("cart.lines[0].unit_weight_grams", 10_000_001, "cart.lines[0].unit_weight_grams"),
        ("cart.lines[0].unit_price.currency_code", "USD", "cart.lines[0].unit_price.currency_code"),
        ("cart.lines[0].unit_price.units", -1, "cart.lines[0].unit_price"),
        ("cart.lines[0].unit_price.nanos", 1, "cart.lines[0].unit_price.nanos"),
        ("cart.destination", None, "cart.destination"),
        ("cart.destination.country_code", "", "cart.destination.country_code"),
        ("cart.destination.country_code", "Germany", "cart.destination.country_code"),
        ("cart.destination.postal_code", "", "cart.destination.postal_code"),
        ("cart.destination.postal_code", "1\0", "cart.destination.postal_code"),
        ("cart.destination.postal_code", "1" * 129, "cart.destination.postal_code"),
        ("cart.destination.point", LatLng(latitude=91), "cart.destination.point.latitude"),
        ("cart.destination.point", LatLng(longitude=float("nan")), "cart.destination.point.longitude"),
        ("cart.placed_at", Timestamp(seconds=2**62), "cart.placed_at"),
        ("cart.placed_at", Timestamp(seconds=0), "cart.placed_at"),
        ("cart.services", ["ground", "ground"], "cart.services[1]"),
        ("cart.services", [str(i) for i in range(17)], "cart.services"),
        ("cart.services", [""], "cart.services[0]"),
        ("cart.deliver_by", Date(), "cart.deliver_by"),
        ("cart.deliver_by", Date(year=2026, month=2, day=30), "cart.deliver_by"),
        ("cart.methods", [0], "cart.methods[0]"),
        ("cart.methods", [1, 6], "cart.methods[1]"),
        ("cart.methods", [-1], "cart.methods[0]"),
        ("cart.methods", [1, 2, 1], "cart.methods[2]"),
        ("cart.methods", [1, 2, 3, 4, 5, 99], "cart.methods"),
        ("cart.store_ids", [str(i) for i in range(17)], "cart.store_ids"),
        ("cart.store_ids", ["a", "a"], "cart.store_ids[1]"),
        ("cart.store_ids", [""], "cart.store_ids[0]"),
        ("cart.store_ids", ["x" * 129], "cart.store_ids[0]"),
        ("priority", -1, "priority"),
        ("priority", 1_000_001, "priority"),
        ("priority", 2**31 - 1, "priority"),
    ],
)
def test_spoilt_orders_are_refused_for_the_field(path: str, value: object, field: str) -> None:
    assert list(parse(path, value)) == [f"order.{field}"]


def test_a_currency_fault_names_the_code_and_what_disagrees_with_it() -> None:
    assert list(parse("cart.currency_code", "")) == [
        "order.cart.currency_code",
        "order.cart.lines[0].unit_price.currency_code",
    ]


@pytest.mark.parametrize(("days", "taken"), [(400, True), (-400, True), (400.001, False), (-400.001, False)])
def test_orders_are_placed_within_400_days_of_now(days: float, taken: bool) -> None:
    message = messages.cart()
    message.placed_at.FromDatetime((NOW + timedelta(days=days)).replace(tzinfo=None))
    check = Check()
    common.parse_cart(check, message, NOW)
    assert [violation.field for violation in check.faults] == ([] if taken else ["placed_at"])


def test_an_undated_cart_is_placed_now() -> None:
    message = messages.cart()
    message.ClearField("placed_at")
    assert common.parse_cart(Check(), message, NOW).placed_at == NOW


def test_a_point_makes_the_postal_code_needless() -> None:
    message = messages.cart()
    message.destination.postal_code = ""
    message.destination.point.latitude = 0
    message.destination.point.SetInParent()
    check = Check()
    cart = common.parse_cart(check, message, NOW)
    assert not check.faults
    assert cart.destination.point == GeoPoint(lat_e6=0, lon_e6=0)


def test_the_fingerprint_is_that_of_the_content() -> None:
    request = messages.allocate()
    same = type(request).FromString(request.SerializeToString())
    first = common.request_key(Check(), "Allocate", request, request.request_id)
    assert first == common.request_key(Check(), "Allocate", same, same.request_id)
    assert (first.method, first.request_id, len(first.fingerprint)) == ("Allocate", request.request_id, 64)
    same.request_id = same.request_id.upper()
    assert first == common.request_key(Check(), "Allocate", same, same.request_id)
    same.order.cart.lines[0].quantity += 1
    assert first.fingerprint != common.request_key(Check(), "Allocate", same, same.request_id).fingerprint


def test_faults_that_use_cases_find_get_the_path_of_the_cart() -> None:
    fault = Violation(field="services[0]", description="is unknown")
    with pytest.raises(Refusal) as refused, common.cart_at("order.cart"):
        raise invalid([fault], Reason.SERVICE_UNKNOWN)
    assert [violation.field for violation in refused.value.violations] == ["order.cart.services[0]"]
    assert refused.value.reason is Reason.SERVICE_UNKNOWN
    other = invalid([Violation(field="hold.service_id", description="is unknown")])
    with pytest.raises(Refusal) as let_be, common.cart_at("cart"):
        raise other
    assert let_be.value is other


def decision(**other: object) -> Decision:
    line = ShipmentLine(line_id="1", sku="tea", quantity=2)
    shipment = Shipment(
        node_id="near",
        service_id="ground",
        ship_day=date(2026, 11, 23),
        deliver_on=date(2026, 11, 26),
        order_by=datetime(2026, 11, 23, 13, 30, tzinfo=UTC),
        ship_by=datetime(2026, 11, 23, 14, 0, tzinfo=UTC),
        distance_m=15_000,
        weight_grams=500,
        lines=(line,),
        shipping_micros=4_150_000,
        handling_micros=1_200_000,
        late_micros=0,
    )
    values: dict[str, object] = {
        "status": Status.FEASIBLE,
        "plan": Plan(
            shipments=(shipment,), unfilled=(line,), costs=Costs(shipping=4_150_000, handling=1_200_000, unfilled=7)
        ),
        "objective_micros": 5_350_007,
        "bound_micros": 5_000_000,
        "proof": Proof.MIP,
        "left_out": (
            NodeOutcome(node_id="far", reason=NodeReason.NOT_CHOSEN, extra_cost_micros=0),
            NodeOutcome(node_id="off", reason=NodeReason.OFFLINE),
        ),
        "rule_set_revision": "ruleSets/main/revisions/1",
        "snapshot_version": 42,
    }
    return Decision(**values | other)  # type: ignore[arg-type]


def test_a_decision_is_told_whole() -> None:
    message = pb.Decision()
    common.fill_decision(message, decision(), "EUR", explain=True)
    assert message.status == pb.STATUS_FEASIBLE
    assert message.proof == pb.PROOF_MIP
    assert (message.objective, message.bound, message.gap) == (
        messages.euros(5, 350_007_000),
        messages.euros(5),
        messages.euros(0, 350_007_000),
    )
    assert message.plan.costs.total == message.objective
    assert message.plan.costs.shipping == messages.euros(4, 150_000_000)
    (shipment,) = message.plan.shipments
    assert (shipment.node_id, shipment.service_id) == ("near", "ground")
    assert shipment.ship_day == Date(year=2026, month=11, day=23)
    assert shipment.deliver_on == Date(year=2026, month=11, day=26)
    assert shipment.order_by.ToJsonString() == "2026-11-23T13:30:00Z"
    assert shipment.ship_by.ToJsonString() == "2026-11-23T14:00:00Z"
    assert (shipment.distance_m, shipment.weight_grams) == (15_000, 500)
    assert shipment.shipping == messages.euros(4, 150_000_000)
    assert shipment.handling == messages.euros(1, 200_000_000)
    assert shipment.late == messages.euros(0)
    assert [(line.line_id, line.sku, line.quantity) for line in shipment.lines] == [("1", "tea", 2)]
    assert [(line.line_id, line.sku, line.quantity) for line in message.plan.unfilled] == [("1", "tea", 2)]
    assert [(outcome.node_id, outcome.reason) for outcome in message.left_out] == [
        ("far", pb.NODE_REASON_NOT_CHOSEN),
        ("off", pb.NODE_REASON_OFFLINE),
    ]
    assert message.left_out[0].extra_cost == messages.euros(0)
    assert not message.left_out[1].HasField("extra_cost")
    assert (message.rule_set_revision, message.snapshot_version) == ("ruleSets/main/revisions/1", 42)


def test_nodes_left_out_are_told_only_on_request() -> None:
    message = pb.Decision()
    common.fill_decision(message, decision(), "EUR", explain=False)
    assert not message.left_out


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("proof", Proof)
def test_every_status_and_proof_can_be_told(status: Status, proof: Proof) -> None:
    message = pb.Decision()
    common.fill_decision(message, decision(status=status, proof=proof), "EUR", explain=False)
    assert common.STATUSES.to_domain[message.status] is status
    assert common.PROOFS.to_domain[message.proof] is proof


def test_a_shipment_tells_its_round_its_supply_and_where_it_goes() -> None:
    shipment = decision().plan.shipments[0]
    peg = Peg(supply_id="po-1", quantity=1, expected_on=date(2026, 11, 30), to_order=True)
    waiting = ShipmentLine(line_id="1", sku="tea", quantity=2, pegs=(peg,), marking=Marking.PREORDER)
    rich = replace(
        shipment,
        lines=(waiting,),
        deliver_from=date(2026, 11, 25),
        ready_at=datetime(2026, 11, 26, 9, 0, tzinfo=UTC),
        confidence_bp=9_250,
        co2_grams=640,
        shift=("night", date(2026, 11, 22)),
        round_minute=0,
        to_node_id="store",
    )
    plan = Plan(shipments=(rich,), unfilled=(), costs=Costs(), onward=replace(shipment, node_id="hub"))
    message = pb.Decision()
    common.fill_decision(message, decision(plan=plan), "EUR", explain=False)
    (told,) = message.plan.shipments
    assert (told.deliver_from.day, told.deliver_on.day) == (25, 26)
    assert told.ready_at.ToJsonString() == "2026-11-26T09:00:00Z"
    assert (told.confidence_bp, told.co2_grams, told.to_node_id) == (9_250, 640, "store")
    assert (told.shift.shift_id, told.shift.day.day, told.round_minute) == ("night", 22, 0)
    assert told.HasField("round_minute")
    (line,) = told.lines
    assert line.marking == pb.MARKING_PREORDER
    (told_peg,) = line.pegs
    assert (told_peg.supply_id, told_peg.quantity, told_peg.to_order) == ("po-1", 1, True)
    assert told_peg.expected_on == Date(year=2026, month=11, day=30)
    assert message.plan.onward.node_id == "hub"


def test_what_a_shipment_does_not_have_is_absent() -> None:
    message = pb.Decision()
    common.fill_decision(message, decision(), "EUR", explain=False)
    (told,) = message.plan.shipments
    assert [told.HasField(name) for name in ("ready_at", "shift", "round_minute")] == [False] * 3
    assert (told.deliver_from, told.confidence_bp) == (told.deliver_on, 10_000)
    assert (told.lines[0].marking, len(told.lines[0].pegs)) == (pb.MARKING_ON_HAND, 0)
    assert not message.plan.HasField("onward")


@pytest.mark.parametrize("marking", Marking)
def test_every_marking_can_be_told(marking: Marking) -> None:
    line = ShipmentLine(line_id="1", sku="tea", quantity=2, marking=marking)
    message = pb.Decision()
    plan = Plan(shipments=(), unfilled=(line,), costs=Costs())
    common.fill_decision(message, decision(plan=plan), "EUR", explain=False)
    assert common.MARKINGS.to_domain[message.plan.unfilled[0].marking] is marking

"""common.proto beside the domain: carts and orders come in, decisions go out, request keys identify both."""

import hashlib
from collections.abc import Iterable, Iterator, MutableSequence
from contextlib import contextmanager
from dataclasses import fields, replace
from datetime import datetime
from typing import Final

from google.protobuf.message import Message

from sourcier.domain.errors import Refusal, Violation, invalid
from sourcier.domain.limits import (
    LINES_PER_ORDER_MAX,
    ORDER_TIME_SKEW_SECONDS_MAX,
    PRIORITY_MAX,
    QUANTITY_PER_LINE_MAX,
    SERVICES_PER_REQUEST_MAX,
    STORES_PER_REQUEST_MAX,
    UNIT_WEIGHT_GRAMS_MAX,
)
from sourcier.domain.network import Method
from sourcier.domain.order import Cart, Line, Order
from sourcier.domain.place import Destination
from sourcier.domain.plan import (
    Costs,
    Decision,
    Marking,
    NodeReason,
    Plan,
    Proof,
    Shipment,
    ShipmentLine,
    Status,
)
from sourcier.rpc.fields import Check, EnumTable, fill_day, fill_instant, fill_money, fill_point
from sourcier.service.commands import RequestKey
from sourcier.v1 import common_pb2 as pb

METHODS: Final = EnumTable(pb.Method, Method, "METHOD")
STATUSES: Final = EnumTable(pb.Status, Status, "STATUS")
PROOFS: Final = EnumTable(pb.Proof, Proof, "PROOF")
NODE_REASONS: Final = EnumTable(pb.NodeReason, NodeReason, "NODE_REASON")
MARKINGS: Final = EnumTable(pb.Marking, Marking, "MARKING")

_CART_FIELDS: Final = frozenset(field.name for field in fields(Cart))
_COSTS: Final = ("shipping", "handling", "split", "late", "unfilled", "total")
_SHARES: Final = ("shipping", "handling", "late")


def request_key(check: Check, method: str, request: Message, request_id: str) -> RequestKey:
    """What makes a retry of `request` recognisable.

    The fingerprint is the SHA-256 of the deterministic serialisation. The id is compared without regard to case, so
    it goes in in lower case.
    """
    known = check.request_id(request_id)
    if known != request_id:
        request.request_id = known  # type: ignore[attr-defined]
    fingerprint = hashlib.sha256(request.SerializeToString(deterministic=True)).hexdigest()
    return RequestKey(method=method, request_id=known, fingerprint=fingerprint)


def parse_destination(check: Check, message: pb.Destination) -> Destination:
    """A destination with a postal code, coordinates, or both."""
    if not message.postal_code and not message.HasField("point"):
        check.fault("postal_code", "is required unless there is a point")
    return Destination(
        country_code=check.country("country_code", message.country_code),
        postal_code=check.text("postal_code", message.postal_code, required=False),
        point=check.point("point", message) if message.HasField("point") else None,
    )


def fill_destination(message: pb.Destination, destination: Destination) -> None:
    """Write a destination."""
    message.country_code = destination.country_code
    message.postal_code = destination.postal_code
    if destination.point is not None:
        fill_point(message.point, destination.point)


def parse_line(check: Check, message: pb.Line, currency_code: str) -> Line:
    """One line of a cart in the given currency."""
    return Line(
        line_id=check.text("line_id", message.line_id),
        sku=check.text("sku", message.sku),
        quantity=check.whole("quantity", message.quantity, 1, QUANTITY_PER_LINE_MAX),
        unit_weight_grams=check.whole("unit_weight_grams", message.unit_weight_grams, 0, UNIT_WEIGHT_GRAMS_MAX),
        unit_price_micros=check.money("unit_price", message, currency_code),
    )


def fill_line(message: pb.Line, line: Line, currency_code: str) -> None:
    """Write one line of a cart."""
    message.line_id = line.line_id
    message.sku = line.sku
    message.quantity = line.quantity
    message.unit_weight_grams = line.unit_weight_grams
    if line.unit_price_micros:
        fill_money(message.unit_price, line.unit_price_micros, currency_code)


def parse_cart(check: Check, message: pb.Cart, now: datetime) -> Cart:
    """A cart; `now` dates one that does not say when it was placed."""
    currency_code = check.currency("currency_code", message.currency_code)
    entries = check.entries("lines", message.lines, 1, LINES_PER_ORDER_MAX)
    lines = tuple(parse_line(at, line, currency_code) for at, line in entries)
    if len({line.line_id for line in lines}) < len(lines):
        keys = ((f"lines[{index}].line_id", line.line_id) for index, line in enumerate(lines) if line.line_id)
        check.unique(keys, "is named twice")
    return Cart(
        channel=check.text("channel", message.channel),
        destination=parse_destination(check.required("destination", message), message.destination),
        lines=lines,
        currency_code=currency_code,
        placed_at=_placed_at(check, message, now),
        services=check.texts("services", message.services, SERVICES_PER_REQUEST_MAX),
        deliver_by=check.day("deliver_by", message.deliver_by) if message.HasField("deliver_by") else None,
        methods=check.members("methods", message.methods, METHODS),
        store_ids=check.texts("store_ids", message.store_ids, STORES_PER_REQUEST_MAX),
    )


def _placed_at(check: Check, message: pb.Cart, now: datetime) -> datetime:
    if not message.HasField("placed_at"):
        return now
    placed_at = check.instant("placed_at", message.placed_at)
    if abs((placed_at - now).total_seconds()) > ORDER_TIME_SKEW_SECONDS_MAX:
        check.fault("placed_at", f"must lie within {ORDER_TIME_SKEW_SECONDS_MAX // 86_400} days of now")
    return placed_at


def fill_cart(message: pb.Cart, cart: Cart) -> None:
    """Write a cart."""
    message.channel = cart.channel
    fill_destination(message.destination, cart.destination)
    for line in cart.lines:
        fill_line(message.lines.add(), line, cart.currency_code)
    message.currency_code = cart.currency_code
    fill_instant(message.placed_at, cart.placed_at)
    message.services.extend(cart.services)
    if cart.deliver_by is not None:
        fill_day(message.deliver_by, cart.deliver_by)
    message.methods.extend(METHODS.to_proto[method] for method in cart.methods)
    message.store_ids.extend(cart.store_ids)


def parse_order(check: Check, message: pb.Order, now: datetime) -> Order:
    """An order."""
    return Order(
        order_id=check.text("order_id", message.order_id),
        cart=parse_cart(check.required("cart", message), message.cart, now),
        priority=check.whole("priority", message.priority, 0, PRIORITY_MAX),
    )


@contextmanager
def cart_at(path: str) -> Iterator[None]:
    """What a use case finds wrong with a cart is told with the path of the cart in the request."""
    try:
        yield
    except Refusal as refusal:
        if not any(violation.field.partition("[")[0] in _CART_FIELDS for violation in refusal.violations):
            raise
        violations = [replace(violation, field=f"{path}.{violation.field}") for violation in refusal.violations]
        raise invalid(violations, refusal.reason) from refusal


def fill_order(message: pb.Order, order: Order) -> None:
    """Write an order."""
    message.order_id = order.order_id
    fill_cart(message.cart, order.cart)
    message.priority = order.priority


def fill_decision(message: pb.Decision, decision: Decision, currency_code: str, *, explain: bool) -> None:
    """Write a decision; the nodes that were left out only when `explain`."""
    message.status = STATUSES.to_proto[decision.status]
    _fill_plan(message.plan, decision.plan, currency_code)
    fill_money(message.objective, decision.objective_micros, currency_code)
    fill_money(message.bound, decision.bound_micros, currency_code)
    fill_money(message.gap, decision.gap_micros, currency_code)
    message.proof = PROOFS.to_proto[decision.proof]
    message.rule_set_revision = decision.rule_set_revision
    message.snapshot_version = decision.snapshot_version
    for outcome in decision.left_out if explain else ():
        entry = message.left_out.add()
        entry.node_id = outcome.node_id
        entry.reason = NODE_REASONS.to_proto[outcome.reason]
        if outcome.extra_cost_micros is not None:
            fill_money(entry.extra_cost, outcome.extra_cost_micros, currency_code)


def fill_warnings(messages: MutableSequence[pb.Warning], warnings: Iterable[Violation]) -> None:
    """Write what an author should look at."""
    messages.extend(pb.Warning(place=warning.field, description=warning.description) for warning in warnings)


def _fill_plan(message: pb.Plan, plan: Plan, currency_code: str) -> None:
    for shipment in plan.shipments:
        _fill_shipment(message.shipments.add(), shipment, currency_code)
    for line in plan.unfilled:
        _fill_shipment_line(message.unfilled.add(), line)
    _fill_costs(message.costs, plan.costs, currency_code)
    if plan.onward is not None:
        _fill_shipment(message.onward, plan.onward, currency_code)


def _fill_costs(message: pb.Costs, costs: Costs, currency_code: str) -> None:
    for name in _COSTS:
        fill_money(getattr(message, name), getattr(costs, name), currency_code)


def _fill_shipment_line(message: pb.ShipmentLine, line: ShipmentLine) -> None:
    message.line_id = line.line_id
    message.sku = line.sku
    message.quantity = line.quantity
    for peg in line.pegs:
        entry = message.pegs.add(supply_id=peg.supply_id, quantity=peg.quantity, to_order=peg.to_order)
        fill_day(entry.expected_on, peg.expected_on)
    message.marking = MARKINGS.to_proto[line.marking]


def _fill_shipment(message: pb.Shipment, shipment: Shipment, currency_code: str) -> None:
    message.node_id = shipment.node_id
    message.service_id = shipment.service_id
    fill_day(message.ship_day, shipment.ship_day)
    fill_day(message.deliver_on, shipment.deliver_on)
    fill_instant(message.order_by, shipment.order_by)
    fill_instant(message.ship_by, shipment.ship_by)
    message.distance_m = shipment.distance_m
    message.weight_grams = shipment.weight_grams
    for line in shipment.lines:
        _fill_shipment_line(message.lines.add(), line)
    for name in _SHARES:
        fill_money(getattr(message, name), getattr(shipment, f"{name}_micros"), currency_code)
    fill_day(message.deliver_from, shipment.deliver_from or shipment.deliver_on)
    if shipment.ready_at is not None:
        fill_instant(message.ready_at, shipment.ready_at)
    message.confidence_bp = shipment.confidence_bp
    message.co2_grams = shipment.co2_grams
    if shipment.shift is not None:
        message.shift.shift_id, day = shipment.shift
        fill_day(message.shift.day, day)
    if shipment.round_minute is not None:
        message.round_minute = shipment.round_minute
    message.to_node_id = shipment.to_node_id

"""What came over the wire, as values of the domain."""

from datetime import UTC, date, datetime
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date
from google.type.money_pb2 import Money

from sourcier.domain.availability import Availability, EarliestDate, NextSupply, SkuAvailability, StoreStock
from sourcier.domain.plan import Costs, Decision, Marking, Peg, Plan, Shipment, ShipmentLine
from sourcier.domain.promise import Choice, Kept, Promise, Promises, Remedy, Unpromised
from sourcier.rpc.fields import EnumTable
from sourcier.rpc.translate_common import METHODS, PROOFS, STATUSES
from sourcier.v1 import availability_pb2, common_pb2, sourcing_pb2

CHOICES = EnumTable(sourcing_pb2.Choice, Choice, "CHOICE")
MARKINGS = EnumTable(common_pb2.Marking, Marking, "MARKING")


def promises(message: sourcing_pb2.PromiseDeliveryResponse) -> Promises:
    """All options and all refused services."""
    return Promises(
        promised=tuple(_promise(entry) for entry in message.promised),
        unpromised=tuple(
            Unpromised(
                method=METHODS.to_domain[entry.method],
                service_id=entry.service_id,
                reason=entry.reason,
                line_ids=tuple(entry.line_ids),
                store_id=entry.store_id,
                remedy=Remedy(
                    remove_line_ids=tuple(entry.remedy.remove_line_ids),
                    wait_until=_optional(entry.remedy, "wait_until", _day),
                ),
            )
            for entry in message.unpromised
        ),
        rule_set_revision=message.rule_set_revision,
        snapshot_version=message.snapshot_version,
    )


def _promise(message: sourcing_pb2.Promise) -> Promise:
    return Promise(
        method=METHODS.to_domain[message.method],
        service_id=message.service_id,
        order_by=_instant(message.order_by),
        ship_by=_instant(message.ship_by),
        earliest=_day(message.earliest),
        latest=_day(message.latest),
        time_zone=message.time_zone,
        decision=decision(message.decision),
        choices=frozenset(CHOICES.to_domain[choice] for choice in message.choices),
        store_id=message.store_id,
        ready_at=_optional(message, "ready_at", _instant),
        windows=tuple((span.from_minute, span.to_minute) for span in message.windows),
        fee_micros=_micros(message.fee),
        co2_grams=message.co2_grams,
        confidence_bp=message.confidence_bp,
    )


def decision(message: common_pb2.Decision) -> Decision:
    """A decision without the nodes that were left out."""
    return Decision(
        status=STATUSES.to_domain[message.status],
        plan=plan(message.plan),
        objective_micros=_micros(message.objective),
        bound_micros=_micros(message.bound),
        proof=PROOFS.to_domain[message.proof],
        left_out=(),
        rule_set_revision=message.rule_set_revision,
        snapshot_version=message.snapshot_version,
    )


def plan(message: common_pb2.Plan) -> Plan:
    """A plan; its costs are in the decision's objective."""
    return Plan(
        shipments=tuple(_shipment(entry) for entry in message.shipments),
        unfilled=tuple(_line(entry) for entry in message.unfilled),
        costs=Costs(),
        onward=_optional(message, "onward", _shipment),
    )


def _shipment(message: common_pb2.Shipment) -> Shipment:
    shift = (message.shift.shift_id, _day(message.shift.day)) if message.HasField("shift") else None
    return Shipment(
        node_id=message.node_id,
        service_id=message.service_id,
        ship_day=_day(message.ship_day),
        deliver_on=_day(message.deliver_on),
        order_by=_instant(message.order_by),
        ship_by=_instant(message.ship_by),
        distance_m=message.distance_m,
        weight_grams=message.weight_grams,
        lines=tuple(_line(entry) for entry in message.lines),
        shipping_micros=_micros(message.shipping),
        handling_micros=_micros(message.handling),
        late_micros=_micros(message.late),
        deliver_from=_optional(message, "deliver_from", _day),
        ready_at=_optional(message, "ready_at", _instant),
        confidence_bp=message.confidence_bp,
        co2_grams=message.co2_grams,
        shift=shift,
        round_minute=message.round_minute if message.HasField("round_minute") else None,
        to_node_id=message.to_node_id,
    )


def _line(message: common_pb2.ShipmentLine) -> ShipmentLine:
    return ShipmentLine(
        line_id=message.line_id,
        sku=message.sku,
        quantity=message.quantity,
        pegs=tuple(
            Peg(
                supply_id=peg.supply_id,
                quantity=peg.quantity,
                expected_on=_day(peg.expected_on),
                to_order=peg.to_order,
            )
            for peg in message.pegs
        ),
        marking=MARKINGS.to_domain.get(message.marking, Marking.ON_HAND),
    )


def kept(message: sourcing_pb2.Kept) -> Kept:
    """The promise that an allocation stands for."""
    return Kept(
        method=METHODS.to_domain[message.method],
        earliest=_day(message.earliest),
        latest=_day(message.latest),
        time_zone=message.time_zone,
        fee_micros=_micros(message.fee),
        late_days=message.late_days,
        store_id=message.store_id,
        rule_set_revision=message.rule_set_revision,
    )


def to_order(messages: Any) -> tuple[tuple[str, str, str, int, date], ...]:
    """What somebody must order."""
    return tuple((m.supply_id, m.node_id, m.sku, m.quantity, _day(m.expected_on)) for m in messages)


def availability(message: availability_pb2.GetAvailabilityResponse) -> Availability:
    """What a product page shows."""
    return Availability(
        skus=tuple(_sku(entry) for entry in message.skus),
        time_zone=message.time_zone,
        rule_set_revision=message.rule_set_revision,
        snapshot_version=message.snapshot_version,
    )


def _sku(message: availability_pb2.SkuAvailability) -> SkuAvailability:
    return SkuAvailability(
        sku=message.sku,
        units=message.units,
        band=message.band,
        earliest=tuple(
            EarliestDate(method=METHODS.to_domain[e.method], service_id=e.service_id, on=_day(e.on))
            for e in message.earliest
        ),
        stores=tuple(StoreStock(store_id=s.store_id, units=s.units, distance_m=s.distance_m) for s in message.stores),
        next_supply=_optional(message, "next_supply", _next_supply),
    )


def _next_supply(message: availability_pb2.NextSupply) -> NextSupply:
    return NextSupply(on=_day(message.on), units=message.units, preorder=message.preorder)


def _optional(message: Any, name: str, read: Any) -> Any:
    return read(getattr(message, name)) if message.HasField(name) else None


def _day(message: Date) -> date:
    return date(message.year, message.month, message.day)


def _instant(message: Timestamp) -> datetime:
    return message.ToDatetime(tzinfo=UTC)


def _micros(money: Money) -> int:
    return money.units * 1_000_000 + money.nanos // 1_000

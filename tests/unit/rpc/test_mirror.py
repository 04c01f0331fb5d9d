"""The proto files say what the domain says, field by field: nothing is left behind, nothing is made up."""

from dataclasses import fields
from typing import Any

import pytest

from sourcier.domain import availability, network, order, place, plan, promise, reservation, stock, supply
from sourcier.service import commands
from sourcier.v1 import availability_pb2, common_pb2, inventory_pb2, network_pb2, sourcing_pb2

# Domain type, message, and what has another name or place: the domain's names to the message's (empty: nowhere).
PAIRS: list[tuple[Any, Any, dict[str, str]]] = [
    (place.Destination, common_pb2.Destination, {}),
    (order.Line, common_pb2.Line, {}),
    (order.Cart, common_pb2.Cart, {}),
    (order.Order, common_pb2.Order, {}),
    (plan.Costs, common_pb2.Costs, {"": "total"}),
    (plan.Peg, common_pb2.Peg, {}),
    (plan.ShipmentLine, common_pb2.ShipmentLine, {}),
    (plan.Shipment, common_pb2.Shipment, {}),
    (plan.Plan, common_pb2.Plan, {}),
    (plan.NodeOutcome, common_pb2.NodeOutcome, {}),
    (plan.Decision, common_pb2.Decision, {"": "gap"}),
    (promise.Promise, sourcing_pb2.Promise, {"": "token token_expires_at"}),
    (promise.Remedy, sourcing_pb2.Remedy, {}),
    (promise.Unpromised, sourcing_pb2.Unpromised, {}),
    (promise.Kept, sourcing_pb2.Kept, {}),
    (reservation.ReservationLine, sourcing_pb2.AllocationLine, {}),
    (supply.PromiseAtRisk, sourcing_pb2.PromiseAtRisk, {"reservation_id": "reservation", "": "kept"}),
    (supply.SupplyRecord, inventory_pb2.SupplyRecord, {}),
    (supply.SupplyRow, inventory_pb2.SupplyRow, {"": "free"}),
    (stock.StockRecord, inventory_pb2.StockRecord, {}),
    (stock.StockRow, inventory_pb2.StockRow, {"": "free"}),
    (stock.RecordResult, inventory_pb2.RecordResult, {}),
    (availability.AvailabilityQuery, availability_pb2.GetAvailabilityRequest, {}),
    (availability.AvailabilityQuery, availability_pb2.WatchAvailabilityRequest, {}),
    (availability.Availability, availability_pb2.GetAvailabilityResponse, {}),
    (availability.Availability, availability_pb2.WatchAvailabilityResponse, {}),
    (availability.SkuAvailability, availability_pb2.SkuAvailability, {}),
    (availability.EarliestDate, availability_pb2.EarliestDate, {}),
    (availability.StoreStock, availability_pb2.StoreStock, {}),
    (availability.NextSupply, availability_pb2.NextSupply, {}),
    (network.Capacity, network_pb2.Capacity, {}),
    (network.Hours, network_pb2.Hours, {}),
    (network.DayException, network_pb2.DayException, {}),
    (network.NodeCalendar, network_pb2.NodeCalendar, {}),
    (network.Round, network_pb2.Round, {}),
    (network.Shift, network_pb2.Shift, {}),
    (network.Node, network_pb2.Node, {"node_id": "name"}),
    (network.WeightTier, network_pb2.WeightTier, {}),
    (network.TransitShare, network_pb2.TransitShare, {}),
    (network.TransitBand, network_pb2.TransitBand, {}),
    (network.ZoneTransit, network_pb2.ZoneTransit, {}),
    (network.Service, network_pb2.Service, {}),
    (network.PostalArea, network_pb2.PostalArea, {}),
    (network.PostalRange, network_pb2.PostalRange, {}),
    (network.Zone, network_pb2.Zone, {}),
    (network.TransferLane, network_pb2.TransferLane, {}),
    (network.Network, network_pb2.Network, {"": "name revision warnings"}),
    (commands.HoldWanted, sourcing_pb2.HoldWanted, {}),
    (commands.Hold, sourcing_pb2.Hold, {"hold_id": "name"}),
    (commands.ToOrder, sourcing_pb2.ToOrder, {}),
    (commands.LineQuantity, sourcing_pb2.LineQuantity, {}),
    (commands.ApplySupply, inventory_pb2.ApplySupplyRequest, {"key": "request_id"}),
    (commands.ListPromisesAtRisk, sourcing_pb2.ListPromisesAtRiskRequest, {}),
    (commands.Allocate, sourcing_pb2.AllocateRequest, {"key": "request_id", "hold_id": "hold", "": "explain"}),
    (commands.PromiseDelivery, sourcing_pb2.PromiseDeliveryRequest, {"key": "request_id"}),
    (
        commands.Allocation,
        sourcing_pb2.Allocation,
        {"allocation_id": "name", "hold_id": "hold", "currency_code": ""},
    ),
]


@pytest.mark.parametrize(("domain", "message", "others"), PAIRS, ids=lambda value: getattr(value, "__name__", ""))
def test_a_message_has_the_fields_of_the_domain(domain: Any, message: Any, others: dict[str, str]) -> None:
    own = [field.name.removesuffix("_micros") for field in fields(domain)]
    said = {others.get(name, name) for name in own} - {""} | set(others.get("", "").split())
    assert said == {field.name for field in message.DESCRIPTOR.fields}

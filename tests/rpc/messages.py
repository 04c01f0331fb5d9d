"""Valid requests of every kind, for tests to send or to spoil."""

import uuid
from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date
from google.type.latlng_pb2 import LatLng
from google.type.money_pb2 import Money

from sourcier.v1 import availability_pb2, common_pb2, inventory_pb2, network_pb2, rules_pb2, sourcing_pb2

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
HOLD_SECONDS = 3_600  # longer than the tests take: a hold that expires changes the ledger while another test watches it

RULES = """
rule_set: main
channels: [web, marketplace]
prices:
  split: 3
  unfilled: {per_unit: 1000}
"""


def new_id() -> str:
    return str(uuid.uuid4())


def euros(units: int, nanos: int = 0) -> Money:
    return Money(currency_code="EUR", units=units, nanos=nanos)


def line(line_id: str = "1", sku: str = "tea", quantity: int = 2) -> common_pb2.Line:
    return common_pb2.Line(
        line_id=line_id, sku=sku, quantity=quantity, unit_weight_grams=250, unit_price=euros(4, 990_000_000)
    )


def cart(*lines: common_pb2.Line) -> common_pb2.Cart:
    return common_pb2.Cart(
        channel="web",
        destination=destination(),
        lines=lines or (line(),),
        currency_code="EUR",
        placed_at=Timestamp(seconds=int(NOW.timestamp())),
    )


def order(order_id: str = "order-1", *lines: common_pb2.Line) -> common_pb2.Order:
    return common_pb2.Order(order_id=order_id, cart=cart(*lines))


def promise(*lines: common_pb2.Line, ttl: int | None = None) -> sourcing_pb2.PromiseDeliveryRequest:
    request = sourcing_pb2.PromiseDeliveryRequest(cart=cart(*lines))
    if ttl is not None:
        request.hold.ttl_seconds = ttl
        request.request_id = new_id()
    return request


def allocate(order_id: str = "order-1", *lines: common_pb2.Line) -> sourcing_pb2.AllocateRequest:
    return sourcing_pb2.AllocateRequest(order=order(order_id, *lines), request_id=new_id())


def get_allocation(name: str = "allocations/a1") -> sourcing_pb2.GetAllocationRequest:
    return sourcing_pb2.GetAllocationRequest(name=name)


def ship(name: str = "allocations/a1") -> sourcing_pb2.ShipAllocationRequest:
    part = sourcing_pb2.LineQuantity(line_no=1, quantity=1)
    return sourcing_pb2.ShipAllocationRequest(name=name, lines=[part], request_id=new_id())


def cancel(name: str = "allocations/a1") -> sourcing_pb2.CancelAllocationRequest:
    part = sourcing_pb2.LineQuantity(line_no=1, quantity=1)
    return sourcing_pb2.CancelAllocationRequest(name=name, lines=[part], request_id=new_id())


def release(name: str = "holds/h1") -> sourcing_pb2.ReleaseHoldRequest:
    return sourcing_pb2.ReleaseHoldRequest(name=name, request_id=new_id())


def destination() -> common_pb2.Destination:
    return common_pb2.Destination(country_code="DE", postal_code="10115")


def get_availability() -> availability_pb2.GetAvailabilityRequest:
    return availability_pb2.GetAvailabilityRequest(channel="web", skus=["tea", "cup"], destination=destination())


def watch_availability() -> availability_pb2.WatchAvailabilityRequest:
    return availability_pb2.WatchAvailabilityRequest(channel="web", skus=["tea", "cup"], destination=destination())


def record(
    node_id: str = "near", sku: str = "tea", quantity: int = 10, seq: int = 1, epoch: int = 1
) -> inventory_pb2.StockRecord:
    return inventory_pb2.StockRecord(
        kind=inventory_pb2.RECORD_KIND_COUNT,
        node_id=node_id,
        sku=sku,
        quantity=quantity,
        epoch=epoch,
        seq=seq,
    )


def stock(*records: inventory_pb2.StockRecord, source: str = "wms") -> inventory_pb2.ApplyStockRequest:
    return inventory_pb2.ApplyStockRequest(request_id=new_id(), source=source, records=records or (record(),))


def get_stock() -> inventory_pb2.GetStockRequest:
    return inventory_pb2.GetStockRequest(node_ids=["near"], skus=["tea"], page_size=10)


def supply_record(
    supply_id: str = "po-1", node_id: str = "near", sku: str = "tea", quantity: int = 40, seq: int = 1
) -> inventory_pb2.SupplyRecord:
    return inventory_pb2.SupplyRecord(
        supply_id=supply_id,
        kind=inventory_pb2.SUPPLY_KIND_PURCHASE_ORDER,
        node_id=node_id,
        sku=sku,
        quantity=quantity,
        expected_on=Date(year=2026, month=11, day=30),
        epoch=1,
        seq=seq,
    )


def supply(*records: inventory_pb2.SupplyRecord, source: str = "erp") -> inventory_pb2.ApplySupplyRequest:
    return inventory_pb2.ApplySupplyRequest(request_id=new_id(), source=source, records=records or (supply_record(),))


def get_supply() -> inventory_pb2.GetSupplyRequest:
    return inventory_pb2.GetSupplyRequest(node_ids=["near"], skus=["tea"], page_size=10)


def list_promises_at_risk() -> sourcing_pb2.ListPromisesAtRiskRequest:
    return sourcing_pb2.ListPromisesAtRiskRequest(node_ids=["near"], skus=["tea"], supply_ids=["po-1"], page_size=10)


def calendar() -> network_pb2.NodeCalendar:
    return network_pb2.NodeCalendar(
        working_days=[1, 2, 3, 4, 5, 6, 7],
        cut_off_minute=15 * 60,
        processing_minutes=30,
        closed_dates=[Date(year=2026, month=12, day=25)],
    )


def node(node_id: str = "near", latitude: float = 52.4) -> network_pb2.Node:
    return network_pb2.Node(
        name=f"nodes/{node_id}",
        node_type=network_pb2.NODE_TYPE_WAREHOUSE,
        point=LatLng(latitude=latitude, longitude=13.4),
        time_zone="Europe/Berlin",
        calendar=calendar(),
        services=["ground", "express"],
        capacity=network_pb2.Capacity(measure=network_pb2.CAPACITY_MEASURE_ORDERS, per_day=1_000),
        handling_per_shipment=euros(1),
        handling_per_unit=euros(0, 100_000_000),
    )


def service(service_id: str = "ground", days: int = 3, price: int = 4) -> network_pb2.Service:
    return network_pb2.Service(
        service_id=service_id,
        method=common_pb2.METHOD_HOME_DELIVERY,
        transit=[
            network_pb2.TransitBand(max_distance_m=800_000, business_days=days),
            network_pb2.TransitBand(business_days=days + 1),
        ],
        delivery_days=[1, 2, 3, 4, 5, 6, 7],
        closed_dates=[Date(year=2026, month=12, day=25)],
        per_shipment=euros(price),
        per_shipment_km=euros(0, 10_000_000),
        weight_tiers=[
            network_pb2.WeightTier(max_grams=1_000, cost=euros(0)),
            network_pb2.WeightTier(cost=euros(2)),
        ],
    )


def network() -> network_pb2.Network:
    return network_pb2.Network(
        currency_code="EUR",
        time_zone="Europe/Berlin",
        nodes=[node(), node("far", 48.1)],
        services=[service(), service("express", 1, 12)],
        postal_areas=[
            network_pb2.PostalArea(
                country_code="DE",
                prefix="1",
                point=LatLng(latitude=52.53, longitude=13.38),
                time_zone="Europe/Berlin",
            )
        ],
    )


def apply_network() -> network_pb2.ApplyNetworkRequest:
    return network_pb2.ApplyNetworkRequest(network=network(), request_id=new_id())


def set_node_status() -> network_pb2.SetNodeStatusRequest:
    return network_pb2.SetNodeStatusRequest(
        name="nodes/far", status=network_pb2.NODE_STATUS_OFFLINE, request_id=new_id()
    )


def create_revision(yaml: str = RULES) -> rules_pb2.CreateRuleSetRevisionRequest:
    return rules_pb2.CreateRuleSetRevisionRequest(rule_set_id="main", yaml=yaml, comment="first", request_id=new_id())


def activate(name: str = "ruleSets/main/revisions/1") -> rules_pb2.ActivateRuleSetRequest:
    return rules_pb2.ActivateRuleSetRequest(name=name, request_id=new_id())


def get_rule_set(name: str = "ruleSets/main") -> rules_pb2.GetRuleSetRequest:
    return rules_pb2.GetRuleSetRequest(name=name)


def list_rule_sets() -> rules_pb2.ListRuleSetsRequest:
    return rules_pb2.ListRuleSetsRequest(page_size=10)

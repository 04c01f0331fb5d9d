"""A small retailer on a real ledger: two warehouses, a store with little capacity, two services."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from sourcier.bootstrap import build, present
from sourcier.config import Config
from sourcier.domain.network import (
    Capacity,
    CapacityMeasure,
    Method,
    Network,
    Node,
    NodeCalendar,
    NodeStatus,
    NodeType,
    PostalArea,
    Service,
    TransitBand,
)
from sourcier.domain.order import Cart, Line, Order
from sourcier.domain.place import Destination, GeoPoint
from sourcier.domain.promise import Choice
from sourcier.domain.stock import RecordKind, StockRecord, StockRecords, StockRow
from sourcier.domain.supply import SupplyKind, SupplyRecord, SupplyRow
from sourcier.service import allocate_order, at_risk, ingest, networks, promise_cart, rule_sets, settle, supply
from sourcier.service.app import App
from sourcier.service.commands import (
    ActivateRuleSet,
    Allocate,
    Allocation,
    ApplyNetwork,
    ApplyStock,
    ApplySupply,
    AtRisk,
    CreateRuleSetRevision,
    HoldWanted,
    LineQuantity,
    ListPromisesAtRisk,
    NetworkAnswer,
    PromiseAnswer,
    PromiseDelivery,
    ReleaseHold,
    RequestKey,
    RuleSetRevision,
    SetNodeStatus,
    SettleAllocation,
)
from sourcier.service.solver_pool import SolverParams, SolverPool

MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
EVERY_DAY = frozenset(range(1, 8))
EARLIEST = frozenset({Choice.EARLIEST})
BERLIN = Destination(country_code="DE", postal_code="10115")

RULES = """
rule_set: main
channels: [web, marketplace]
prices:
  split: 3
  unfilled: {per_unit: 1000}
"""

PROTECTED = """
rule_set: main
channels: [web, marketplace]
prices:
  split: 3
  unfilled: {per_unit: 1000}
protection:
  safety_stock:
    - {units: 4, channels: [marketplace]}
"""


def key(method: str, request_id: str = "", body: str = "") -> RequestKey:
    """A request's identity; the body stands for everything else in the request."""
    return RequestKey(
        method=method, request_id=request_id or str(uuid.uuid4()), fingerprint=sha256(body.encode()).hexdigest()
    )


def node(node_id: str, lat_e6: int, node_type: NodeType = NodeType.WAREHOUSE, **other: Any) -> Node:
    """A node south or north of Berlin."""
    return Node(
        node_id=node_id,
        node_type=node_type,
        point=GeoPoint(lat_e6=lat_e6, lon_e6=13_400_000),
        time_zone="Europe/Berlin",
        calendar=NodeCalendar(working_days=EVERY_DAY, cut_off_minute=15 * 60),
        services=("ground", "express"),
        **other,
    )


NETWORK = Network(
    currency_code="EUR",
    time_zone="Europe/Berlin",
    nodes=(
        node("near", 52_400_000),
        node("far", 48_100_000),
        node("store", 52_500_000, NodeType.STORE, capacity=Capacity(measure=CapacityMeasure.ORDERS, per_day=1_000)),
    ),
    services=(
        Service(
            service_id="ground",
            method=Method.HOME_DELIVERY,
            transit=(TransitBand(max_distance_m=None, business_days=3),),
            delivery_days=EVERY_DAY,
            per_shipment_micros=4_000_000,
            per_shipment_km_micros=10_000,
        ),
        Service(
            service_id="express",
            method=Method.HOME_DELIVERY,
            transit=(TransitBand(max_distance_m=None, business_days=1),),
            delivery_days=EVERY_DAY,
            per_shipment_micros=12_000_000,
            per_shipment_km_micros=10_000,
        ),
    ),
    postal_areas=(
        PostalArea(
            country_code="DE",
            prefix="1",
            point=GeoPoint(lat_e6=52_530_000, lon_e6=13_380_000),
            time_zone="Europe/Berlin",
        ),
    ),
)


def cart(*lines: tuple[str, int], channel: str = "web", **other: Any) -> Cart:
    """A cart of (SKU, quantity) lines to Berlin; the line ids are "1", "2" and so on."""
    return Cart(
        channel=channel,
        destination=BERLIN,
        lines=tuple(Line(line_id=str(i), sku=sku, quantity=n) for i, (sku, n) in enumerate(lines, start=1)),
        currency_code="EUR",
        placed_at=MONDAY,
        **other,
    )


@dataclass(slots=True)
class Shop:
    """Short ways to ask an app; every request gets an id of its own unless one is given."""

    app: App
    seq: int = 0
    source: str = field(default_factory=lambda: str(uuid.uuid4()))

    async def network(self, network: Network = NETWORK, **other: Any) -> NetworkAnswer:
        return await networks.apply_network(self.app, ApplyNetwork(key=key("ApplyNetwork"), network=network, **other))

    async def status(self, node_id: str, status: NodeStatus) -> Node:
        request = SetNodeStatus(key=key("SetNodeStatus"), node_id=node_id, status=status)
        return await networks.set_node_status(self.app, request)

    async def revise(self, yaml: str = RULES, **other: Any) -> RuleSetRevision:
        request = CreateRuleSetRevision(key=key("CreateRuleSetRevision"), rule_set_id="main", yaml=yaml, **other)
        return await rule_sets.create_revision(self.app, request)

    async def activate(self, revision: int) -> RuleSetRevision:
        request = ActivateRuleSet(key=key("ActivateRuleSet"), rule_set_id="main", revision=revision)
        return await rule_sets.activate(self.app, request)

    async def open(self, yaml: str = RULES, network: Network = NETWORK) -> "Shop":
        """Apply the network and the rules."""
        await self.network(network)
        await self.activate((await self.revise(yaml)).revision)
        return self

    async def count(self, node_id: str, sku: str, quantity: int) -> None:
        """What a node has of a SKU from now on."""
        self.seq += 1
        record = StockRecord(kind=RecordKind.COUNT, node_id=node_id, sku=sku, quantity=quantity, epoch=1, seq=self.seq)
        request = ApplyStock(key=key("ApplyStock"), source=self.source, records=StockRecords.of([record]))
        answer = await ingest.apply_stock(self.app, request)
        assert [result.verdict.value for result in answer.each()] == ["APPLIED"]

    async def expect(self, supply_id: str, node_id: str, sku: str, quantity: int | None, **other: Any) -> None:
        """What a supply will bring to a node, from now on; a purchase order unless `other` says so."""
        self.seq += 1
        said: dict[str, Any] = {"kind": SupplyKind.PURCHASE_ORDER, "expected_on": None, **other}
        record = SupplyRecord(
            supply_id=supply_id, node_id=node_id, sku=sku, quantity=quantity, epoch=1, seq=self.seq, **said
        )
        request = ApplySupply(key=key("ApplySupply"), source=self.source, records=(record,))
        answer = await supply.apply_supply(self.app, request)
        assert [result.verdict.value for result in answer.each()] == ["APPLIED"]

    async def coming(self, supply_id: str) -> SupplyRow:
        """The one row of a supply."""
        rows, _ = await supply.get_supply(self.app, (), (), 100, "")
        (row,) = [row for row in rows if row.supply_id == supply_id]
        return row

    async def at_risk(self, **filters: tuple[str, ...]) -> tuple[AtRisk, ...]:
        risks, _ = await at_risk.list_promises_at_risk(self.app, ListPromisesAtRisk(page_size=1_000, **filters))
        return risks

    async def row(self, node_id: str, sku: str) -> StockRow:
        rows, _ = await ingest.get_stock(self.app, (node_id,), (sku,), 10, "")
        (row,) = rows
        return row

    async def promise(
        self,
        wanted: Cart,
        ttl: int | None = None,
        service: str = "",
        request_id: str = "",
        *,
        choices: frozenset[Choice] = EARLIEST,
        **held: Any,
    ) -> PromiseAnswer:
        """Options, and a hold of one of them where a `ttl` is given; `held` is what else is said of that."""
        hold = None if ttl is None else HoldWanted(ttl_seconds=ttl, service_id=service, **held)
        request = PromiseDelivery(
            cart=wanted,
            hold=hold,
            key=None if hold is None else key("PromiseDelivery", request_id, repr((wanted, held))),
            choices=choices,
        )
        return await promise_cart.promise_delivery(self.app, request)

    async def allocate(
        self, order_id: str, wanted: Cart, request_id: str = "", priority: int = 0, **other: Any
    ) -> Allocation:
        body = repr((order_id, wanted, priority, other))
        order = Order(order_id=order_id, cart=wanted, priority=priority)
        request = Allocate(key=key("Allocate", request_id, body), order=order, **other)
        return await allocate_order.allocate(self.app, request)

    async def ship(self, allocation_id: str, *lines: tuple[int, int], request_id: str = "") -> Allocation:
        return await settle.ship_allocation(self.app, settlement("ShipAllocation", allocation_id, lines, request_id))

    async def cancel(self, allocation_id: str, *lines: tuple[int, int], request_id: str = "") -> Allocation:
        return await settle.cancel_allocation(
            self.app, settlement("CancelAllocation", allocation_id, lines, request_id)
        )

    async def release(self, hold_id: str, request_id: str = "") -> None:
        request = ReleaseHold(key=key("ReleaseHold", request_id, hold_id), hold_id=hold_id)
        await settle.release_hold(self.app, request)


def settlement(
    method: str, allocation_id: str, lines: tuple[tuple[int, int], ...], request_id: str
) -> SettleAllocation:
    return SettleAllocation(
        key=key(method, request_id, repr((allocation_id, lines))),
        allocation_id=allocation_id,
        lines=tuple(LineQuantity(line_no=line_no, quantity=quantity) for line_no, quantity in lines),
    )


@dataclass(slots=True)
class Wall:
    """A clock that stands still until it is set."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now


class LateSolvers(SolverPool):
    """Solver processes that start when they are first needed: few carts here need one, and each takes half a second."""

    def __init__(self, params: SolverParams) -> None:
        super().__init__(params)
        self._starting = asyncio.Lock()

    async def start(self) -> None:
        """Nothing yet."""

    async def solve(self, *asked: Any) -> Any:
        async with self._starting:
            if not self.pids:
                await super().start()
        return await super().solve(*asked)


def with_late_solvers(app: App, config: Config) -> App:
    """The app, with solver processes that start when they are first needed."""
    return replace(app, solvers=LateSolvers(SolverParams(processes=config.solver_processes)))


@asynccontextmanager
async def running(
    url: str, clock: Callable[[], datetime] = present, *, late_solvers: bool = True, **settings: Any
) -> AsyncIterator[Shop]:
    """A shop whose app runs on the ledger at `url`."""
    config = Config(database_url=url, **settings)
    app = build(config, clock=clock)
    if late_solvers:
        app = with_late_solvers(app, config)
    await app.start()
    try:
        yield Shop(app=app)
    finally:
        await app.stop()

"""A real server on an SQLite ledger of its own, over gRPC on loopback. Its clock shows the time of the story's step."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.scenarios import answers
from tests.scenarios.driver import Allocated, Promised
from tests.scenarios.story import Story
from tests.service.shop import with_late_solvers

from sourcier.bootstrap import build
from sourcier.client import Client
from sourcier.config import Config
from sourcier.domain.availability import Availability, AvailabilityQuery
from sourcier.domain.order import Cart, Order
from sourcier.domain.promise import Choice
from sourcier.domain.stock import StockRecord, Verdict
from sourcier.domain.supply import SupplyRecord
from sourcier.loading import load_network, load_rule_set, load_stock
from sourcier.rpc.server import Listen, Server
from sourcier.rpc.translate_common import fill_cart, fill_destination, fill_order
from sourcier.rpc.translate_supply import fill_supply_record
from sourcier.service.app import App
from sourcier.v1 import availability_pb2, inventory_pb2, sourcing_pb2

HOLD_SECONDS = 900


@dataclass(slots=True)
class StoryClock:
    """Shows what it is set to."""

    now: datetime

    def __call__(self) -> datetime:
        """The instant of the step."""
        return self.now


@asynccontextmanager
async def serving(story: Story, folder: Path) -> AsyncIterator["ServerDriver"]:
    """A server with the story's network."""
    clock = StoryClock(story.instant(story.steps[0]["at"]))
    config = Config(database_url=f"sqlite:///{folder}/{story.name}.db", solver_processes=1, solve_ms=2_000)
    app = with_late_solvers(build(config, clock=clock), config)
    await app.start()
    server = Server(app, Listen(port=0, notice_seconds=0.0))
    try:
        async with Client(f"127.0.0.1:{await server.start()}") as client:
            try:
                await load_network(client, story.network)
                yield ServerDriver(client=client, clock=clock, app=app)
            finally:
                await server.stop()
    finally:
        await app.stop()


@dataclass(slots=True, kw_only=True)
class ServerDriver:
    """Speaks to the server as a shop's systems do. Allocations by order id."""

    client: Client
    clock: StoryClock
    app: App
    allocations: dict[str, str] = field(default_factory=dict)

    async def at(self, moment: datetime) -> None:
        """It is now that late, and the server has seen all that was done before: it follows its ledger with a lag."""
        self.clock.now = moment
        await self.app.snapshots.catch_up()

    async def rules(self, text: str) -> None:
        await load_rule_set(self.client, "shop", text, "story")

    async def stock(self, records: tuple[StockRecord, ...]) -> None:
        sent = await load_stock(self.client, "story", records, lambda _: None)
        assert set(sent.verdicts) <= {Verdict.APPLIED}, sent

    async def supply(self, records: tuple[SupplyRecord, ...]) -> None:
        if not records:
            return
        request = inventory_pb2.ApplySupplyRequest(source="story", request_id=str(uuid.uuid4()))
        for record in records:
            fill_supply_record(request.records.add(), record)
        async for answer in self.client.apply_supply([request]):
            assert {result.verdict for result in answer.results} == {inventory_pb2.VERDICT_APPLIED}, answer

    async def promise(self, cart: Cart, choices: frozenset[Choice], hold: Any) -> Promised:
        wanted = [answers.CHOICES.to_proto[choice] for choice in sorted(choices)]
        request = sourcing_pb2.PromiseDeliveryRequest(choices=wanted)
        fill_cart(request.cart, cart)
        if hold is not None:
            request.hold.ttl_seconds = HOLD_SECONDS
            request.hold.service_id = hold.get("service", "")
            request.hold.store_id = hold.get("store", "")
        answer = await self.client.promise_delivery(request)
        return Promised(
            promises=answers.promises(answer),
            tokens=tuple(promise.token for promise in answer.promised),
            hold=answer.hold.name,
        )

    async def allocate(self, order: Order, *, token: str, hold: str) -> Allocated:
        request = sourcing_pb2.AllocateRequest(hold=hold, promise_token=token, request_id=str(uuid.uuid4()))
        fill_order(request.order, order)
        answer = await self.client.allocate(request)
        self.allocations[order.order_id] = answer.name
        return Allocated(
            plan=answers.plan(answer.decision.plan),
            kept=answers.kept(answer.kept) if answer.HasField("kept") else None,
            to_order=answers.to_order(answer.to_order),
        )

    async def availability(self, query: AvailabilityQuery, at: datetime) -> Availability:
        request = availability_pb2.GetAvailabilityRequest(
            channel=query.channel, skus=query.skus, store_id=query.store_id, nearby_stores=query.nearby_stores
        )
        if query.destination is not None:
            fill_destination(request.destination, query.destination)
        return answers.availability(await self.client.get_availability(request))

    async def settle(self, order_id: str, *, ship: bool) -> None:
        name = self.allocations[order_id]
        if ship:
            await self.client.ship_allocation(sourcing_pb2.ShipAllocationRequest(name=name))
        else:
            await self.client.cancel_allocation(sourcing_pb2.CancelAllocationRequest(name=name))

    async def at_risk(self) -> list[dict[str, Any]]:
        answer = await self.client.list_promises_at_risk(sourcing_pb2.ListPromisesAtRiskRequest())
        return [
            {
                "order": risk.order_id,
                "priority": risk.priority,
                "sku": risk.sku,
                "supply": risk.supply_id,
                "units": risk.quantity,
                "short": risk.short,
                "reason": sourcing_pb2.RiskReason.Name(risk.reason).removeprefix("RISK_REASON_").lower(),
                "latest": answers.kept(risk.kept).latest if risk.HasField("kept") else None,
            }
            for risk in answer.promises
        ]

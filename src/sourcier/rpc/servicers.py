"""One method per RPC: parse, call the use case, answer. Faults leave as `Refusal`; the guard answers them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any, TypeVar

import grpc
from google.protobuf.empty_pb2 import Empty

from sourcier.domain.stock import BatchAnswer, RecordResult
from sourcier.rpc import translate_availability as availability
from sourcier.rpc import translate_feeds as feeds
from sourcier.rpc import translate_inventory as inventory
from sourcier.rpc import translate_network as network
from sourcier.rpc import translate_rules as rules
from sourcier.rpc import translate_sourcing as sourcing
from sourcier.rpc import translate_supply as dated
from sourcier.rpc.translate_common import cart_at
from sourcier.service import (
    allocate_order,
    at_risk,
    deadline,
    ingest,
    networks,
    promise_cart,
    rule_sets,
    settle,
    supply,
)
from sourcier.service import availability as product_pages
from sourcier.service.app import App
from sourcier.service.commands import ApplyStock, ApplySupply
from sourcier.v1 import (
    availability_pb2,
    inventory_pb2,
    inventory_pb2_grpc,
    network_pb2,
    network_pb2_grpc,
    rules_pb2,
    rules_pb2_grpc,
    sourcing_pb2,
    sourcing_pb2_grpc,
)

Context = grpc.aio.ServicerContext[Any, Any]
R = TypeVar("R")
C = TypeVar("C", ApplyStock, ApplySupply)


class SourcingServicer(sourcing_pb2_grpc.SourcingServiceServicer):
    """Promises and allocations."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def PromiseDelivery(
        self, request: sourcing_pb2.PromiseDeliveryRequest, context: Context
    ) -> sourcing_pb2.PromiseDeliveryResponse:
        """Promise a cart."""
        command = sourcing.parse_promise_delivery(request, self._app.clock())
        with cart_at("cart"):
            answer = await promise_cart.promise_delivery(self._app, command)
        return sourcing.format_promise_answer(answer, command.cart.currency_code, explain=request.explain)

    async def Allocate(self, request: sourcing_pb2.AllocateRequest, context: Context) -> sourcing_pb2.Allocation:
        """Allocate an order."""
        command = sourcing.parse_allocate(request, self._app.clock())
        with cart_at("order.cart"):
            allocation = await allocate_order.allocate(self._app, command)
        return sourcing.format_allocation(allocation, explain=request.explain)

    async def GetAllocation(
        self, request: sourcing_pb2.GetAllocationRequest, context: Context
    ) -> sourcing_pb2.Allocation:
        """Read an allocation."""
        allocation_id, full = sourcing.parse_get_allocation(request)
        allocation = await allocate_order.get_allocation(self._app, allocation_id)
        return sourcing.format_allocation(allocation, explain=full)

    async def ShipAllocation(
        self, request: sourcing_pb2.ShipAllocationRequest, context: Context
    ) -> sourcing_pb2.Allocation:
        """Record that lines left."""
        allocation = await settle.ship_allocation(self._app, sourcing.parse_ship_allocation(request))
        return sourcing.format_allocation(allocation, explain=False)

    async def CancelAllocation(
        self, request: sourcing_pb2.CancelAllocationRequest, context: Context
    ) -> sourcing_pb2.Allocation:
        """Give lines back."""
        allocation = await settle.cancel_allocation(self._app, sourcing.parse_cancel_allocation(request))
        return sourcing.format_allocation(allocation, explain=False)

    async def ReleaseHold(self, request: sourcing_pb2.ReleaseHoldRequest, context: Context) -> Empty:
        """Give a hold back."""
        await settle.release_hold(self._app, sourcing.parse_release_hold(request))
        return Empty()

    async def GetAvailability(
        self, request: availability_pb2.GetAvailabilityRequest, context: Context
    ) -> availability_pb2.GetAvailabilityResponse:
        """Show product pages what there is."""
        query = availability.parse_get_availability(request)
        return availability.format_availability(await product_pages.get_availability(self._app, query))

    async def WatchAvailability(
        self, request: availability_pb2.WatchAvailabilityRequest, context: Context
    ) -> AsyncIterator[availability_pb2.WatchAvailabilityResponse]:
        """Tell what there is and what changes, until the caller goes."""
        query = availability.parse_watch_availability(request)
        async for answer in product_pages.watch_availability(self._app, query):
            yield availability.format_change(answer)

    async def ListPromisesAtRisk(
        self, request: sourcing_pb2.ListPromisesAtRiskRequest, context: Context
    ) -> sourcing_pb2.ListPromisesAtRiskResponse:
        """List what may miss its promise."""
        query = dated.parse_list_promises_at_risk(request)
        entries, next_page_token = await at_risk.list_promises_at_risk(self._app, query)
        return dated.format_promises_at_risk(entries, next_page_token)


class InventoryServicer(inventory_pb2_grpc.InventoryServiceServicer):
    """Stock."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def ApplyStock(
        self, request_iterator: AsyncIterator[inventory_pb2.ApplyStockRequest], context: Context
    ) -> AsyncIterator[inventory_pb2.ApplyStockResponse]:
        """Apply batches of stock records."""
        parse, apply = inventory.parse_apply_stock, partial(ingest.apply_stock, self._app)
        async for request_id, answer in _applied(request_iterator, context, parse, apply):
            yield feeds.format_answer(inventory_pb2.ApplyStockResponse, request_id, answer)

    async def ApplySupply(
        self, request_iterator: AsyncIterator[inventory_pb2.ApplySupplyRequest], context: Context
    ) -> AsyncIterator[inventory_pb2.ApplySupplyResponse]:
        """Apply batches of supply records."""
        parse, apply = dated.parse_apply_supply, partial(supply.apply_supply, self._app)
        async for request_id, answer in _applied(request_iterator, context, parse, apply):
            yield feeds.format_answer(inventory_pb2.ApplySupplyResponse, request_id, answer)

    async def GetSupply(
        self, request: inventory_pb2.GetSupplyRequest, context: Context
    ) -> inventory_pb2.GetSupplyResponse:
        """Read dated supply."""
        node_ids, skus, page_size, page_token = feeds.parse_filters(request)
        rows, next_page_token = await supply.get_supply(self._app, node_ids, skus, page_size, page_token)
        return dated.format_supply(rows, next_page_token)

    async def GetStock(
        self, request: inventory_pb2.GetStockRequest, context: Context
    ) -> inventory_pb2.GetStockResponse:
        """Read stock rows."""
        node_ids, skus, page_size, page_token = feeds.parse_filters(request)
        rows, next_page_token = await ingest.get_stock(self._app, node_ids, skus, page_size, page_token)
        return inventory.format_stock(rows, next_page_token)


async def _applied(
    batches: AsyncIterator[R],
    context: Context,
    parse: Callable[[R], tuple[C, tuple[RecordResult, ...]]],
    apply: Callable[[C], Awaitable[BatchAnswer]],
) -> AsyncIterator[tuple[str, BatchAnswer]]:
    """Apply batches one after the other; request id and answer of each.

    Each has the default time, or what is left to the caller if that is less.
    """
    async for batch in batches:
        command, rejected = parse(batch)
        left = context.time_remaining()
        with deadline.within(deadline.DEFAULT_SECONDS if left is None else min(left, deadline.DEFAULT_SECONDS)):
            answer = await apply(command)
        yield command.key.request_id, feeds.merge_rejected(answer, rejected)


class NetworkServicer(network_pb2_grpc.NetworkServiceServicer):
    """The network."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def ApplyNetwork(self, request: network_pb2.ApplyNetworkRequest, context: Context) -> network_pb2.Network:
        """Replace the network. A large one takes long to check and to write: other calls must not wait for it."""
        command = await asyncio.to_thread(network.parse_apply_network, request)
        answer = await networks.apply_network(self._app, command)
        return await asyncio.to_thread(network.format_network, answer)

    async def GetNetwork(self, request: network_pb2.GetNetworkRequest, context: Context) -> network_pb2.Network:
        """Read the network."""
        return await asyncio.to_thread(network.format_network, await networks.get_network(self._app))

    async def SetNodeStatus(self, request: network_pb2.SetNodeStatusRequest, context: Context) -> network_pb2.Node:
        """Switch a node on or off."""
        node = await networks.set_node_status(self._app, network.parse_set_node_status(request))
        current = await networks.get_network(self._app)
        return network.format_node(node, current.network.currency_code)


class RuleServicer(rules_pb2_grpc.RuleServiceServicer):
    """Rule sets."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def CreateRuleSetRevision(
        self, request: rules_pb2.CreateRuleSetRevisionRequest, context: Context
    ) -> rules_pb2.RuleSetRevision:
        """Store a revision."""
        return rules.format_revision(await rule_sets.create_revision(self._app, rules.parse_create_revision(request)))

    async def ActivateRuleSet(
        self, request: rules_pb2.ActivateRuleSetRequest, context: Context
    ) -> rules_pb2.RuleSetRevision:
        """Put a revision in force."""
        return rules.format_revision(await rule_sets.activate(self._app, rules.parse_activate(request)))

    async def GetRuleSet(self, request: rules_pb2.GetRuleSetRequest, context: Context) -> rules_pb2.RuleSetRevision:
        """Read a revision."""
        rule_set_id, revision = rules.parse_get_rule_set(request)
        return rules.format_revision(await rule_sets.get_rule_set(self._app, rule_set_id, revision))

    async def ListRuleSets(
        self, request: rules_pb2.ListRuleSetsRequest, context: Context
    ) -> rules_pb2.ListRuleSetsResponse:
        """List the revisions."""
        page_size, page_token = rules.parse_list_rule_sets(request)
        revisions, next_page_token = await rule_sets.list_rule_sets(self._app, page_size, page_token)
        return rules.format_rule_sets(revisions, next_page_token)


def add_servicers(server: grpc.aio.Server, app: App) -> None:
    """Put every service of the API on a server."""
    sourcing_pb2_grpc.add_SourcingServiceServicer_to_server(SourcingServicer(app), server)
    inventory_pb2_grpc.add_InventoryServiceServicer_to_server(InventoryServicer(app), server)
    network_pb2_grpc.add_NetworkServiceServicer_to_server(NetworkServicer(app), server)
    rules_pb2_grpc.add_RuleServiceServicer_to_server(RuleServicer(app), server)

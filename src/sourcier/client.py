"""A thin asynchronous client: every RPC as a method, with a deadline, a request id and retries that do no harm.

UNAVAILABLE is retried, by gRPC itself and with the same bytes: the request id makes a retry of a call that did get
through find its answer. So is CANCELLED, which is how gRPC servers drop calls that reached them in their last moment.
Refusals of the server are raised as `Refusal`; when no server answered at all, gRPC's own `AioRpcError` is raised.
"""

import json
import uuid
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import grpc
from google.protobuf.empty_pb2 import Empty
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status

from sourcier.domain.errors import Kind, Reason, Refusal
from sourcier.domain.limits import MESSAGE_BYTES_MAX
from sourcier.rpc.status import parse_status
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

T = TypeVar("T")

PROMISE_SECONDS: Final = 2.0
CALL_SECONDS: Final = 10.0
BULK_SECONDS: Final = 120.0
"""Default deadlines: of a promise, of a call, and of one that moves a whole network or rewrites every stock row."""

_RETRY: Final = {
    "maxAttempts": 4,
    "initialBackoff": "0.05s",
    "maxBackoff": "1s",
    "backoffMultiplier": 2,
    "retryableStatusCodes": ["UNAVAILABLE", "CANCELLED"],
}

SERVICE_CONFIG: Final = json.dumps(
    {
        "loadBalancingConfig": [{"round_robin": {}}],
        # Watch the health of each server, and turn away from one that is about to end.
        "healthCheckConfig": {"serviceName": ""},
        "methodConfig": [
            {
                "name": [
                    {"service": f"sourcier.v1.{name}"} for name in ("SourcingService", "NetworkService", "RuleService")
                ]
                + [{"service": "sourcier.v1.InventoryService", "method": name} for name in ("GetStock", "GetSupply")],
                "retryPolicy": _RETRY,
            }
        ],
        # At most one retry for every ten calls that work: retries must not feed an overload.
        "retryThrottling": {"maxTokens": 10, "tokenRatio": 0.1},
    }
)

OPTIONS: Final = (
    ("grpc.service_config", SERVICE_CONFIG),
    # Each client has connections of its own, so that several of them reach several workers behind one port.
    ("grpc.use_local_subchannel_pool", 1),
    # An answer may be larger than the request it echoes.
    ("grpc.max_receive_message_length", 2 * MESSAGE_BYTES_MAX),
    ("grpc.max_send_message_length", MESSAGE_BYTES_MAX),
)


class Client:
    """Speaks to the server at `target`, such as ``127.0.0.1:8433`` or ``dns:///sourcier:8433``.

    Every method takes the request message and `seconds`, the deadline. A request without the `request_id` that it
    needs is given one, in place: sending the same message again is a retry, not a second order.
    """

    def __init__(self, target: str) -> None:
        self._channel = grpc.aio.insecure_channel(target, options=OPTIONS)
        self._sourcing = sourcing_pb2_grpc.SourcingServiceStub(self._channel)
        self._inventory = inventory_pb2_grpc.InventoryServiceStub(self._channel)
        self._network = network_pb2_grpc.NetworkServiceStub(self._channel)
        self._rules = rules_pb2_grpc.RuleServiceStub(self._channel)
        self._health = health_pb2_grpc.HealthStub(self._channel)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End the connection."""
        await self._channel.close()

    async def serving(self, service: str = "", *, seconds: float = CALL_SECONDS) -> bool:
        """Whether the server (or one of its services) says that it serves; waits for the connection."""
        request = health_pb2.HealthCheckRequest(service=service)
        call = self._health.Check(request, timeout=seconds, wait_for_ready=True)
        answer = await _answer(call)
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)

    async def promise_delivery(
        self, request: sourcing_pb2.PromiseDeliveryRequest, *, seconds: float = PROMISE_SECONDS
    ) -> sourcing_pb2.PromiseDeliveryResponse:
        """Promise a cart, and hold one of the promises if the request says so."""
        if request.HasField("hold"):
            _identify(request)
        return await _answer(self._sourcing.PromiseDelivery(request, timeout=seconds))

    async def allocate(
        self, request: sourcing_pb2.AllocateRequest, *, seconds: float = CALL_SECONDS
    ) -> sourcing_pb2.Allocation:
        """Decide where an order ships from and reserve it."""
        _identify(request)
        return await _answer(self._sourcing.Allocate(request, timeout=seconds))

    async def get_allocation(
        self, request: sourcing_pb2.GetAllocationRequest, *, seconds: float = CALL_SECONDS
    ) -> sourcing_pb2.Allocation:
        """Read an allocation."""
        return await _answer(self._sourcing.GetAllocation(request, timeout=seconds))

    async def ship_allocation(
        self, request: sourcing_pb2.ShipAllocationRequest, *, seconds: float = CALL_SECONDS
    ) -> sourcing_pb2.Allocation:
        """Record that lines left their nodes."""
        _identify(request)
        return await _answer(self._sourcing.ShipAllocation(request, timeout=seconds))

    async def cancel_allocation(
        self, request: sourcing_pb2.CancelAllocationRequest, *, seconds: float = CALL_SECONDS
    ) -> sourcing_pb2.Allocation:
        """Give lines back to stock."""
        _identify(request)
        return await _answer(self._sourcing.CancelAllocation(request, timeout=seconds))

    async def release_hold(self, request: sourcing_pb2.ReleaseHoldRequest, *, seconds: float = CALL_SECONDS) -> Empty:
        """Give a hold back."""
        _identify(request)
        return await _answer(self._sourcing.ReleaseHold(request, timeout=seconds))

    async def get_availability(
        self, request: availability_pb2.GetAvailabilityRequest, *, seconds: float = PROMISE_SECONDS
    ) -> availability_pb2.GetAvailabilityResponse:
        """Say what there is of some SKUs, how early and where."""
        return await _answer(self._sourcing.GetAvailability(request, timeout=seconds))

    async def watch_availability(
        self, request: availability_pb2.WatchAvailabilityRequest, *, seconds: float | None = None
    ) -> AsyncIterator[availability_pb2.WatchAvailabilityResponse]:
        """Yield what there is of some SKUs, then what changes. No end unless `seconds` are named."""
        async for response in _answers(self._sourcing.WatchAvailability(request, timeout=seconds)):
            yield response

    async def list_promises_at_risk(
        self, request: sourcing_pb2.ListPromisesAtRiskRequest, *, seconds: float = CALL_SECONDS
    ) -> sourcing_pb2.ListPromisesAtRiskResponse:
        """Read one page of what may miss its promise."""
        return await _answer(self._sourcing.ListPromisesAtRisk(request, timeout=seconds))

    async def promises_at_risk(
        self, request: sourcing_pb2.ListPromisesAtRiskRequest, *, seconds: float = CALL_SECONDS
    ) -> AsyncIterator[sourcing_pb2.PromiseAtRisk]:
        """Everything that may miss its promise and that the request's filters let through, page by page."""
        async for response in _pages(self.list_promises_at_risk, request, seconds):
            for risk in response.promises:
                yield risk

    async def apply_stock(
        self,
        requests: Iterable[inventory_pb2.ApplyStockRequest] | AsyncIterable[inventory_pb2.ApplyStockRequest],
        *,
        seconds: float | None = None,
    ) -> AsyncIterator[inventory_pb2.ApplyStockResponse]:
        """Send batches and yield their answers in order, as they come. No deadline unless one is named."""
        async for response in _answers(self._inventory.ApplyStock(_identified(requests), timeout=seconds)):
            yield response

    async def get_stock(
        self, request: inventory_pb2.GetStockRequest, *, seconds: float = CALL_SECONDS
    ) -> inventory_pb2.GetStockResponse:
        """Read one page of stock rows."""
        return await _answer(self._inventory.GetStock(request, timeout=seconds))

    async def stock_rows(
        self, request: inventory_pb2.GetStockRequest, *, seconds: float = CALL_SECONDS
    ) -> AsyncIterator[inventory_pb2.StockRow]:
        """Every row that the request's filters let through, page by page."""
        async for response in _pages(self.get_stock, request, seconds):
            for row in response.rows:
                yield row

    async def apply_supply(
        self,
        requests: Iterable[inventory_pb2.ApplySupplyRequest] | AsyncIterable[inventory_pb2.ApplySupplyRequest],
        *,
        seconds: float | None = None,
    ) -> AsyncIterator[inventory_pb2.ApplySupplyResponse]:
        """Send batches of dated supply and yield their answers in order. No deadline unless one is named."""
        async for response in _answers(self._inventory.ApplySupply(_identified(requests), timeout=seconds)):
            yield response

    async def get_supply(
        self, request: inventory_pb2.GetSupplyRequest, *, seconds: float = CALL_SECONDS
    ) -> inventory_pb2.GetSupplyResponse:
        """Read one page of dated supply."""
        return await _answer(self._inventory.GetSupply(request, timeout=seconds))

    async def apply_network(
        self, request: network_pb2.ApplyNetworkRequest, *, seconds: float = BULK_SECONDS
    ) -> network_pb2.Network:
        """Replace the network, or check one."""
        _identify(request)
        return await _answer(self._network.ApplyNetwork(request, timeout=seconds))

    async def get_network(self, *, seconds: float = BULK_SECONDS) -> network_pb2.Network:
        """Read the network."""
        request = network_pb2.GetNetworkRequest()
        return await _answer(self._network.GetNetwork(request, timeout=seconds))

    async def set_node_status(
        self, request: network_pb2.SetNodeStatusRequest, *, seconds: float = CALL_SECONDS
    ) -> network_pb2.Node:
        """Switch a node on or off."""
        _identify(request)
        return await _answer(self._network.SetNodeStatus(request, timeout=seconds))

    async def create_rule_set_revision(
        self, request: rules_pb2.CreateRuleSetRevisionRequest, *, seconds: float = CALL_SECONDS
    ) -> rules_pb2.RuleSetRevision:
        """Store a rule set, or check one."""
        _identify(request)
        return await _answer(self._rules.CreateRuleSetRevision(request, timeout=seconds))

    async def activate_rule_set(
        self, request: rules_pb2.ActivateRuleSetRequest, *, seconds: float = BULK_SECONDS
    ) -> rules_pb2.RuleSetRevision:
        """Put a revision in force."""
        _identify(request)
        return await _answer(self._rules.ActivateRuleSet(request, timeout=seconds))

    async def get_rule_set(
        self, request: rules_pb2.GetRuleSetRequest, *, seconds: float = CALL_SECONDS
    ) -> rules_pb2.RuleSetRevision:
        """Read a revision."""
        return await _answer(self._rules.GetRuleSet(request, timeout=seconds))

    async def list_rule_sets(
        self, request: rules_pb2.ListRuleSetsRequest, *, seconds: float = CALL_SECONDS
    ) -> rules_pb2.ListRuleSetsResponse:
        """List one page of revisions."""
        return await _answer(self._rules.ListRuleSets(request, timeout=seconds))


def _identify(request: Any) -> None:
    if not request.request_id:
        request.request_id = str(uuid.uuid4())


async def _identified(requests: Iterable[T] | AsyncIterable[T]) -> AsyncIterator[T]:
    if isinstance(requests, AsyncIterable):
        async for request in requests:
            _identify(request)
            yield request
    else:
        for request in requests:
            _identify(request)
            yield request


async def _pages(ask: Callable[..., Awaitable[Any]], request: Any, seconds: float) -> AsyncIterator[Any]:
    """The answers to a request, page by page."""
    page = type(request)()
    page.CopyFrom(request)
    while True:
        response = await ask(page, seconds=seconds)
        yield response
        if not response.next_page_token:
            return
        page.page_token = response.next_page_token


async def _answer(call: Awaitable[T]) -> T:
    try:
        return await call
    except grpc.aio.AioRpcError as error:
        _refuse(error)
        raise


async def _answers(call: AsyncIterable[T]) -> AsyncIterator[T]:
    try:
        async for response in call:
            yield response
    except grpc.aio.AioRpcError as error:
        _refuse(error)
        raise


def _refuse(error: grpc.aio.AioRpcError) -> None:
    """Raise what the server refused with. Returns when no server did."""
    status = rpc_status.from_call(error)
    refusal = None if status is None else parse_status(status)
    if refusal is not None:
        raise refusal from error
    if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
        raise Refusal(
            kind=Kind.DEADLINE_EXCEEDED,
            reason=Reason.DEADLINE_TOO_SHORT,
            message="no answer came before the deadline; retry with the same request id",
        ) from error

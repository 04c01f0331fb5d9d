"""Every RPC of the API, found in the descriptors, and calls of them with any bytes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import grpc
import pytest
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from grpc_status import rpc_status
from tests.rpc import messages, networks

from sourcier.domain.errors import Refusal
from sourcier.rpc.status import parse_status
from sourcier.v1 import inventory_pb2, network_pb2, rules_pb2, sourcing_pb2


@dataclass(frozen=True, slots=True, kw_only=True)
class Rpc:
    """One method: its path, its messages, and a valid request for it."""

    path: str
    request: type[Message]
    response: type[Message]
    streaming: bool  # both ways
    watching: bool  # one request, answers without end
    valid: Callable[[], Any]

    @property
    def name(self) -> str:
        """The method's own name."""
        return self.path.rpartition("/")[2]


VALID: Final[Mapping[str, Callable[[], Any]]] = {
    "PromiseDelivery": lambda: messages.promise(ttl=messages.HOLD_SECONDS),
    "Allocate": messages.allocate,
    "GetAllocation": messages.get_allocation,
    "ShipAllocation": messages.ship,
    "CancelAllocation": messages.cancel,
    "ReleaseHold": messages.release,
    "GetAvailability": messages.get_availability,
    "WatchAvailability": messages.watch_availability,
    "ListPromisesAtRisk": messages.list_promises_at_risk,
    "ApplyStock": messages.stock,
    "ApplySupply": messages.supply,
    "GetSupply": messages.get_supply,
    "GetStock": messages.get_stock,
    "ApplyNetwork": networks.apply_network,
    "GetNetwork": network_pb2.GetNetworkRequest,
    "SetNodeStatus": messages.set_node_status,
    "CreateRuleSetRevision": messages.create_revision,
    "ActivateRuleSet": messages.activate,
    "GetRuleSet": messages.get_rule_set,
    "ListRuleSets": messages.list_rule_sets,
}

RPCS: Final[Mapping[str, Rpc]] = MappingProxyType(
    {
        method.name: Rpc(
            path=f"/{service.full_name}/{method.name}",
            request=GetMessageClass(method.input_type),
            response=GetMessageClass(method.output_type),
            streaming=method.client_streaming,
            watching=method.server_streaming and not method.client_streaming,
            valid=VALID[method.name],
        )
        for module in (sourcing_pb2, inventory_pb2, network_pb2, rules_pb2)
        for service in module.DESCRIPTOR.services_by_name.values()
        for method in service.methods
    }
)


async def send(channel: grpc.aio.Channel, rpc: Rpc, *bodies: bytes, seconds: float = 20) -> list[bytes]:
    """The answers to these bytes, of a watch the first one; raises AioRpcError."""
    if rpc.streaming:
        call = channel.stream_stream(rpc.path)(iter(bodies), timeout=seconds)
        return [answer async for answer in call]
    (body,) = bodies
    if rpc.watching:
        watch = channel.unary_stream(rpc.path)(body, timeout=seconds)
        first = await watch.read()
        watch.cancel()
        return [first]
    return [await channel.unary_unary(rpc.path)(body, timeout=seconds)]


async def answer(channel: grpc.aio.Channel, rpc: Rpc, request: Message) -> bytes:
    """The bytes of the one answer to a request."""
    (found,) = await send(channel, rpc, request.SerializeToString())
    return found


async def refusal_of(channel: grpc.aio.Channel, rpc: Rpc, *bodies: bytes) -> Refusal:
    """What these bytes are refused with; fails when they are not, or not in our way."""
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await send(channel, rpc, *bodies)
    status = rpc_status.from_call(failed.value)
    assert status is not None, f"{rpc.name}: {failed.value.code()} without details: {failed.value.details()}"
    refusal = parse_status(status)
    assert refusal is not None, f"{rpc.name}: {status}"
    return refusal

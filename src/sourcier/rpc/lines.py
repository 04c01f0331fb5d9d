"""In how many lines calls wait inside gRPC until they are taken in.

gRPC keeps a line for each method that is registered with it, and one for all the others. A line hands over one call at
a time, so a flood of one method does not delay those of another line. Each line costs every call of every method about
a microsecond and a half, because grpc.aio waits for all of them anew after each call (ADR 0019).
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

import grpc

OWN_LINE: Final = frozenset(
    {
        "sourcier.v1.SourcingService/PromiseDelivery",
        "sourcier.v1.SourcingService/GetAvailability",
        "sourcier.v1.SourcingService/Allocate",
        "grpc.health.v1.Health/Check",
    }
)
"""What shoppers ask for in floods, and what must not wait behind a flood of anything else."""


def in_lines(server: grpc.aio.Server) -> grpc.aio.Server:
    """What stands for a server where services are put on it, so that some methods get lines of their own."""
    return cast(grpc.aio.Server, _Lines(server))


class _Lines:
    """Takes the handlers of a service from generated code; registers the methods that have their own line."""

    def __init__(self, server: grpc.aio.Server) -> None:
        self._server = server

    def add_generic_rpc_handlers(self, handlers: Sequence[grpc.GenericRpcHandler]) -> None:
        """All methods of a service."""
        self._server.add_generic_rpc_handlers(handlers)

    def add_registered_method_handlers(self, service: str, handlers: Mapping[str, Any]) -> None:
        """Those among the methods of a service that have a line of their own."""
        own = {method: handler for method, handler in handlers.items() if f"{service}/{method}" in OWN_LINE}
        if own:
            self._server.add_registered_method_handlers(service, own)

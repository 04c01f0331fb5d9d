"""The standard health service. Ours, because grpcio's forgets all watchers of a name when one of them leaves."""

import asyncio
from collections.abc import Iterable
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
SERVICE_UNKNOWN = health_pb2.HealthCheckResponse.SERVICE_UNKNOWN


class Health(health_pb2_grpc.HealthServicer):  # type: ignore[misc]  # grpc_health has no types
    """The health of the server as a whole (the empty name) and of each of its services.

    The server is SERVING until it ends. The services are NOT_SERVING too while the ledger is out of reach: the server
    promises from its snapshot meanwhile, and a load balancer must not take away all servers because the one database
    is gone.
    """

    def __init__(self, services: Iterable[str]) -> None:
        self._services = tuple(services)
        self._states = dict.fromkeys(("", *self._services), SERVING)
        self._changed = asyncio.Event()
        self._ended = False

    def reach(self, *, ledger: bool) -> None:
        """Say whether the ledger is within reach."""
        if not self._ended:
            self._put(self._services, SERVING if ledger else NOT_SERVING)

    def end(self) -> None:
        """NOT_SERVING, all of it, for good."""
        self._ended = True
        self._put(self._states, NOT_SERVING)

    def _put(self, names: Iterable[str], state: Any) -> None:
        self._states |= dict.fromkeys(names, state)
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def Check(self, request: health_pb2.HealthCheckRequest, context: Any) -> health_pb2.HealthCheckResponse:
        """The present state of one name."""
        state = self._states.get(request.service)
        if state is None:
            await context.abort(grpc.StatusCode.NOT_FOUND, "unknown service")
        return health_pb2.HealthCheckResponse(status=state)

    async def Watch(self, request: health_pb2.HealthCheckRequest, context: Any) -> None:
        """The state of one name, and again whenever it changes, until the caller leaves."""
        told = None
        while True:
            changed = self._changed
            state = self._states.get(request.service, SERVICE_UNKNOWN)
            if state != told:
                await context.write(health_pb2.HealthCheckResponse(status=state))
                told = state
            await changed.wait()

"""A gRPC server around the use cases: its options, its health, and its end.

On SIGTERM or SIGINT health turns NOT_SERVING, callers get a moment to notice, no new call is taken, those under way
finish. A second signal cuts all waits short.
"""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Coroutine
from dataclasses import asdict, dataclass
from time import monotonic
from typing import Final

import grpc
import structlog
import uvloop
from google.protobuf.internal import api_implementation
from grpc_health.v1 import health, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from sourcier.domain.limits import MESSAGE_BYTES_MAX, METADATA_BYTES_MAX
from sourcier.rpc.health import Health
from sourcier.rpc.interceptors import Guard
from sourcier.rpc.lines import in_lines
from sourcier.rpc.servicers import add_servicers
from sourcier.service.app import App
from sourcier.v1 import inventory_pb2, network_pb2, rules_pb2, sourcing_pb2

SERVICES: Final[tuple[str, ...]] = tuple(
    service.full_name
    for module in (sourcing_pb2, inventory_pb2, network_pb2, rules_pb2)
    for service in module.DESCRIPTOR.services_by_name.values()
)

CONCURRENT_CALLS_MAX: Final = 1_024
"""The outer fence, refused by gRPC itself before anything of ours runs; the guard's queues are smaller."""

OPTIONS: Final = (
    ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
    ("grpc.max_send_message_length", -1),
    ("grpc.max_metadata_size", METADATA_BYTES_MAX),
    ("grpc.absolute_max_metadata_size", 2 * METADATA_BYTES_MAX),
    ("grpc.max_concurrent_streams", 256),
    # Of the calls of one method that wait inside gRPC, some are dropped beyond the first number, all beyond the second.
    # A burst that the queue of orders would take must pass whole.
    ("grpc.server.max_pending_requests", 256),
    ("grpc.server.max_pending_requests_hard_limit", 512),
    # Connections end now and then, so that callers look the name up again and find new servers.
    ("grpc.max_connection_age_ms", 30 * 60 * 1000),
    ("grpc.max_connection_age_grace_ms", 30 * 1000),
)

SNAPSHOT_AGE_SECONDS_MAX: Final = 5.0
"""The services of a server that has not reached its ledger for so long are NOT_SERVING."""
HEALTH_INTERVAL_SECONDS: Final = 0.5
REPORT_INTERVAL_SECONDS: Final = 60.0
"""Between two lines of the log that tell how late stock changes reach the decisions of this process."""
FLUSH_SECONDS: Final = 0.5
"""For the last answers to leave, once no call is under way any more."""

_log: Final = structlog.get_logger("sourcier.rpc")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listen:
    """Where a server listens and how it ends.

    Attributes
    ----------
    host, port
        Plaintext: a loopback address unless a proxy ends TLS in front. Port 0 takes any free one.
    notice_seconds
        Between NOT_SERVING and the refusal of new calls, so that load balancers turn away first.
    drain_seconds
        How long calls under way may take to finish.
    share_port
        Listen beside other workers of one server, which holds the port. Else a port on which another server listens
        is refused: the two would each see half of the calls.
    """

    host: str = "127.0.0.1"
    port: int = 8433
    notice_seconds: float = 3.0
    drain_seconds: float = 10.0
    share_port: bool = False


class Server:
    """One gRPC server of one App. `start` it, then `stop` it; both once."""

    def __init__(self, app: App, listen: Listen, *, guard: Guard | None = None) -> None:
        if api_implementation.Type() != "upb":
            raise RuntimeError(
                f"protobuf runs on {api_implementation.Type()}, which hostile messages can exhaust; it must be upb"
            )
        self._app = app
        self._listen = listen
        self._guard = guard or Guard()
        self._health = Health(SERVICES)
        self._watch: asyncio.Task[None] | None = None
        options = (*OPTIONS, ("grpc.so_reuseport", int(listen.share_port)))
        self._server = grpc.aio.server(
            interceptors=(self._guard,), options=options, maximum_concurrent_rpcs=CONCURRENT_CALLS_MAX
        )
        lines = in_lines(self._server)
        add_servicers(lines, app)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, lines)
        names = (*SERVICES, health.SERVICE_NAME, reflection.SERVICE_NAME)
        reflection.enable_server_reflection(names, self._server)

    async def start(self) -> int:
        """Begin to serve; the port. Raises OSError when the port is taken."""
        address = f"{self._listen.host}:{self._listen.port}"
        try:
            port = self._server.add_insecure_port(address)
        except RuntimeError as error:
            raise OSError(f"cannot listen on {address}") from error
        await self._server.start()
        self._watch = asyncio.create_task(self._watch_ledger())
        return port

    async def stop(self, *, hurry: asyncio.Event | None = None) -> None:
        """Stop as the module says; `hurry` cuts the waits short once it is set."""
        hurry = hurry or asyncio.Event()
        if self._watch is not None:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watch
            self._report()
        self._health.end()
        await _unless(hurry, asyncio.sleep(self._listen.notice_seconds))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._listen.drain_seconds):
                await _unless(hurry, self._guard.close())
        await self._server.stop(FLUSH_SECONDS)

    async def _watch_ledger(self) -> None:
        """Keep the health of the services true, and tell now and then how late stock changes come."""
        serving, report_at = True, monotonic() + REPORT_INTERVAL_SECONDS
        while True:
            await asyncio.sleep(HEALTH_INTERVAL_SECONDS)
            if monotonic() >= report_at:
                report_at += REPORT_INTERVAL_SECONDS
                self._report()
            reachable = self._app.snapshots.age_seconds <= SNAPSHOT_AGE_SECONDS_MAX
            if reachable != serving:
                serving = reachable
                _log.warning("health changed", serving=serving)
                self._health.reach(ledger=serving)

    def _report(self) -> None:
        delays = self._app.snapshots.propagation.take()
        if delays is not None:
            _log.info("stock propagation", **asdict(delays))


async def _unless(hurry: asyncio.Event, work: Coroutine[None, None, None]) -> None:
    """Do `work` until it is done or `hurry` is set."""
    working, hurried = asyncio.create_task(work), asyncio.create_task(hurry.wait())
    try:
        await asyncio.wait((working, hurried), return_when=asyncio.FIRST_COMPLETED)
    finally:
        working.cancel()
        hurried.cancel()


class Ending:
    """How a server is told to end: asked once it finishes what is under way, asked again it ends at once."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.hurry = asyncio.Event()

    def ask(self) -> None:
        """Ask it to end."""
        (self.hurry if self.asked.is_set() else self.asked).set()


async def serve(app: App, listen: Listen, ending: Ending, *, ready: Callable[[int], None] | None = None) -> None:
    """Start the use cases and a server, tell `ready` the port, and end both when `ending` is asked for."""
    await app.start()
    try:
        server = Server(app, listen)
        port = await server.start()
        _log.info("serving", host=listen.host, port=port)
        if ready is not None:
            ready(port)
        await ending.asked.wait()
        _log.info("stopping")
        await server.stop(hurry=ending.hurry)
    finally:
        await app.stop()


async def _serve_until_signalled(app: App, listen: Listen, ready: Callable[[int], None] | None) -> None:
    loop, ending = asyncio.get_running_loop(), Ending()
    signals = (signal.SIGTERM, signal.SIGINT)
    for number in signals:
        loop.add_signal_handler(number, ending.ask)
    try:
        await serve(app, listen, ending, ready=ready)
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


def run(app: App, listen: Listen, *, ready: Callable[[int], None] | None = None) -> None:
    """`serve` on an event loop of its own, until SIGTERM or SIGINT; returns after a clean end."""
    uvloop.run(_serve_until_signalled(app, listen, ready))

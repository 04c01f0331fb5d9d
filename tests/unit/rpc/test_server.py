"""What a server promises before it serves; its life and end are tested with real ones in tests/rpc."""

import asyncio
import os
import subprocess
import sys
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
import structlog
from tests.rpc.wire import RPCS

from sourcier.client import Client
from sourcier.domain.limits import MESSAGE_BYTES_MAX, METADATA_BYTES_MAX
from sourcier.rpc.server import OPTIONS, SERVICES, SNAPSHOT_AGE_SECONDS_MAX, Listen, Server
from sourcier.service.propagation import Propagation


def test_every_service_is_known_to_health_and_reflection() -> None:
    assert set(SERVICES) == {rpc.path.split("/")[1] for rpc in RPCS.values()}


def test_the_limits_are_those_of_the_domain() -> None:
    options = dict(OPTIONS)
    assert options["grpc.max_receive_message_length"] == MESSAGE_BYTES_MAX
    assert options["grpc.max_metadata_size"] == METADATA_BYTES_MAX


def test_a_server_listens_on_loopback_and_alone_unless_told() -> None:
    assert Listen().host == "127.0.0.1"
    assert not Listen().share_port


async def test_a_port_is_shared_only_when_both_want_to() -> None:
    def server(port: int, *, share: bool) -> Server:
        app: Any = SimpleNamespace(snapshots=Snapshots())
        return Server(app, Listen(port=port, notice_seconds=0, drain_seconds=1, share_port=share))

    first = server(0, share=True)
    port = await first.start()
    second = server(port, share=True)
    assert await second.start() == port
    with pytest.raises(OSError, match="cannot listen"):
        await server(port, share=False).start()
    await first.stop()
    await second.stop()


@dataclass(slots=True)
class Snapshots:
    """Stands for a ledger within reach, or out of it."""

    age_seconds: float = 0.0
    propagation: Propagation = field(default_factory=Propagation)


async def test_services_are_unhealthy_while_the_ledger_is_out_of_reach() -> None:
    snapshots = Snapshots()
    app: Any = SimpleNamespace(snapshots=snapshots)
    server = Server(app, Listen(port=0, notice_seconds=0, drain_seconds=1))
    async with Client(f"127.0.0.1:{await server.start()}") as client:
        assert await client.serving(SERVICES[0])
        snapshots.age_seconds = SNAPSHOT_AGE_SECONDS_MAX + 1
        while await client.serving(SERVICES[0]):
            await asyncio.sleep(0.05)
        assert await client.serving("")
        snapshots.age_seconds = 0.0
        while not await client.serving(SERVICES[0]):
            await asyncio.sleep(0.05)
    await server.stop()


async def test_the_log_tells_how_late_stock_changes_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sourcier.rpc.server.HEALTH_INTERVAL_SECONDS", 0.001)
    monkeypatch.setattr("sourcier.rpc.server.REPORT_INTERVAL_SECONDS", 0.0)
    snapshots = Snapshots()
    app: Any = SimpleNamespace(snapshots=snapshots)
    server = Server(app, Listen(port=0, notice_seconds=0, drain_seconds=1))
    with structlog.testing.capture_logs() as lines:
        await server.start()
        snapshots.propagation.add(0.02)
        while not lines:
            await asyncio.sleep(0.001)
        await server.stop()
    told = {
        "event": "stock propagation",
        "log_level": "info",
        "looks": 1,
        "p50_ms": 20.0,
        "p99_ms": 20.0,
        "max_ms": 20.0,
    }
    assert lines == [told]


def test_a_server_refuses_the_slow_protobuf() -> None:
    program = (
        "from sourcier.rpc.server import Listen, Server\n"
        "try:\n    Server(None, Listen())\n"
        "except RuntimeError as error:\n    print(error)\n"
    )
    environment = os.environ | {"PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "python"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert "must be upb" in done.stdout

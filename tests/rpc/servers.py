"""Real servers for the tests: a child process with an SQLite ledger, filled over the API itself."""

import asyncio
import hashlib
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pysqlite3 import dbapi2 as sqlite
from tests.rpc import messages

from sourcier.client import Client
from sourcier.domain.errors import Reason, Refusal
from sourcier.v1 import inventory_pb2, sourcing_pb2

ROOT = Path(__file__).resolve().parents[2]
SKUS = ("tea", "cup", "pot")
UNITS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A server that runs, and its ledger's file."""

    process: subprocess.Popen[str]
    port: int
    url: str

    @property
    def target(self) -> str:
        """What a client connects to."""
        return f"127.0.0.1:{self.port}"

    def digest(self, *, without: tuple[str, ...] = ()) -> str:
        """A hash of every row of every table but the reading of the clock; of an SQLite ledger."""
        found = hashlib.sha256()
        connection = sqlite.connect(f"file:{self.url.removeprefix('sqlite:///')}?mode=ro", uri=True)
        try:
            connection.execute("BEGIN")
            names = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
            for (name,) in connection.execute(names).fetchall():
                rows = [row for row in connection.execute(f"SELECT * FROM {name}") if row[0] != "clock"]
                if name not in without:
                    found.update(repr((name, sorted(rows, key=repr))).encode())
        finally:
            connection.close()
        return found.hexdigest()


@contextmanager
def serving(folder: Path, *, notice_seconds: float = 0.0) -> Iterator[Served]:
    """A server on an SQLite ledger in `folder`; killed at the end if it still runs."""
    with serving_at(f"sqlite:///{folder}/ledger.db", notice_seconds=notice_seconds) as served:
        yield served


@contextmanager
def serving_at(url: str, *, notice_seconds: float = 0.0) -> Iterator[Served]:
    """A server on the ledger at `url`."""
    command = [sys.executable, "-m", "tests.rpc.child", url, str(notice_seconds)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        port = 0
        for text in process.stdout:
            if text.strip().isdigit():
                port = int(text)
                break
        assert port, f"the server ended with {process.wait(10)}"
        yield Served(process=process, port=port, url=url)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(10)
        process.stdout.close()


@contextmanager
def filled(folder: Path, then: Callable[[Client], Awaitable[None]] | None = None) -> Iterator[Served]:
    """The same with a network, rules and stock, and what `then` adds."""
    with serving(folder) as served:

        async def prepare() -> None:
            async with Client(served.target) as client:
                await fill(client)
                if then is not None:
                    await then(client)

        asyncio.run(prepare())
        yield served


async def fill(client: Client) -> None:
    """Network, rules and plenty of stock."""
    await client.apply_network(messages.apply_network())
    revision = await client.create_rule_set_revision(messages.create_revision())
    await client.activate_rule_set(messages.activate(revision.name))
    await count(client, dict.fromkeys(SKUS, UNITS))


async def count(client: Client, units: dict[str, int], *, node_id: str = "near", epoch: int = 1, seq: int = 1) -> None:
    """Set what a node has of each SKU."""
    records = [messages.record(node_id, sku, quantity, seq, epoch) for sku, quantity in units.items()]
    async for answer in client.apply_stock([messages.stock(*records)]):
        assert {result.verdict for result in answer.results} == {inventory_pb2.VERDICT_APPLIED}


async def heard_by_all(clients: list[Client]) -> None:
    """Wait until every worker or replica decides: what one was told by `fill`, the others hear a moment later."""
    request = messages.allocate("heard", messages.line())
    request.validate_only = True
    for client in clients:
        async with asyncio.timeout(20):
            while not await _decides(client, request):
                await asyncio.sleep(0.01)


async def _decides(client: Client, request: sourcing_pb2.AllocateRequest) -> bool:
    try:
        await client.allocate(request, seconds=20)
    except Refusal as refusal:
        if refusal.reason not in {Reason.NETWORK_NOT_APPLIED, Reason.RULE_SET_NOT_ACTIVE}:
            raise
        return False
    return True

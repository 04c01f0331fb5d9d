"""How long until every worker knows a new count: ``python -m benchmarks.propagation``.

A server with several workers is filled with the made-up retailer. One feed streams counts in batches of 1,000 into it;
another tells the count of one article again and again, through each worker in turn. Every worker is asked for that
article (GetAvailability) every few milliseconds over a connection of its own. The delay runs from sending the count to
the moment when the last worker has answered with it, so it holds the commit, the calls and the pause between them.
`told` is what the workers' own logs say of the part from the journal to their decisions.
"""

import argparse
import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from itertools import count, cycle
from pathlib import Path
from typing import Any, Final

from benchmarks import report, shop
from benchmarks.children import Running
from benchmarks.load.asked import LINES, NODES
from benchmarks.load.servers import empty_database, product, title
from benchmarks.processes import WORKER, callers, children
from benchmarks.profiling import between
from sourcier.client import Client
from sourcier.rpc.translate_common import fill_cart
from sourcier.v1 import availability_pb2, common_pb2, inventory_pb2

ASK_SECONDS: Final = 0.005
BATCH: Final = 1_000
CONNECTIONS_MAX: Final = 100
PROBE: Final = "probe"
PROBE_SECONDS: Final = 0.05
SEEN_SECONDS_MAX: Final = 10.0
AIM: Final = "<= 100"
PROFILE_SECONDS: Final = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What to measure: `seconds` of probing, `counts` a second beside it, by how many `workers`."""

    workers: int
    seconds: float
    counts: int


class Seen:
    """What each worker last answered, and who waits for all of them."""

    def __init__(self, num_workers: int) -> None:
        self._units = [-1] * num_workers
        self._changed = asyncio.Event()

    def tell(self, worker: int, units: int) -> None:
        """A worker's answer."""
        self._units[worker] = units
        self._changed.set()

    async def everywhere(self, units: int) -> None:
        """Wait until every worker has answered with so many units."""
        while set(self._units) != {units}:
            self._changed.clear()
            await self._changed.wait()


@asynccontextmanager
async def client_of_each(server: Running, num_workers: int) -> AsyncIterator[list[Client]]:
    """A client connected to each worker."""
    port = int(server.target.rpartition(":")[2])
    pids = children(server.pid, WORKER)
    assert len(pids) == num_workers
    found: dict[int, Client] = {}
    async with AsyncExitStack() as stack:
        for _ in range(CONNECTIONS_MAX):
            before = {pid: callers(pid, port) for pid in pids}
            client = await stack.enter_async_context(Client(server.target))
            await client.serving()
            for pid in pids:
                if callers(pid, port) - before[pid]:
                    found.setdefault(pid, client)
            if len(found) == num_workers:
                yield list(found.values())
                return
    raise RuntimeError("no connection reached every worker")


async def ask(worker: int, client: Client, destination: common_pb2.Destination, seen: Seen) -> None:
    """Ask one worker for the probed article for ever."""
    request = availability_pb2.GetAvailabilityRequest(channel="web", skus=[PROBE], destination=destination)
    while True:
        answer = await client.get_availability(request)
        seen.tell(worker, answer.skus[0].units)
        await asyncio.sleep(ASK_SECONDS)


async def feed(client: Client, counts_per_second: int) -> None:
    """Stream counts of all other articles for ever, in batches."""
    nodes = shop.network(NODES).nodes
    rows = cycle([(row.node_id, row.sku) for row in shop.stock(nodes)])

    async def batches() -> AsyncIterator[inventory_pb2.ApplyStockRequest]:
        due = time.monotonic()
        for number in count(2):
            yield _counts("feed", [(*next(rows), 20 + number % 7, number) for _ in range(BATCH)])
            due += BATCH / counts_per_second
            await asyncio.sleep(max(due - time.monotonic(), 0))

    async for _ in client.apply_stock(batches()):
        pass


def _counts(source: str, rows: list[tuple[str, str, int, int]]) -> inventory_pb2.ApplyStockRequest:
    """Counts of (node, SKU, units, sequence number)."""
    records = [
        inventory_pb2.StockRecord(
            kind=inventory_pb2.RECORD_KIND_COUNT, node_id=node_id, sku=sku, quantity=units, epoch=1, seq=seq
        )
        for node_id, sku, units, seq in rows
    ]
    return inventory_pb2.ApplyStockRequest(request_id=str(uuid.uuid4()), source=source, records=records)


async def probe(clients: list[Client], seen: Seen, node_id: str, seconds: float) -> list[float]:
    """Delays in milliseconds of counts told through each worker in turn."""
    delays: list[float] = []
    until = time.monotonic() + seconds
    for number in count(1):
        if time.monotonic() >= until:
            return delays
        batch = _counts(PROBE, [(node_id, PROBE, number, number)])
        begun = time.perf_counter()
        async with asyncio.timeout(SEEN_SECONDS_MAX):
            everywhere = asyncio.create_task(seen.everywhere(number))
            async for _ in clients[number % len(clients)].apply_stock([batch]):
                pass
            await everywhere
        delays.append(1_000 * (time.perf_counter() - begun))
        await asyncio.sleep(PROBE_SECONDS)
    raise AssertionError("counting never ends")


async def measure(url: str, folder: Path, given: Given) -> dict[str, Any]:
    """The delays on one empty database, and what the workers told of theirs."""
    async with product(url, folder, ("--workers", str(given.workers))) as server:
        delays = await _delays(server, given)
    if server.exit_code != 0:
        raise RuntimeError(f"the server ended with {server.exit_code}")
    return {"delays_ms": sorted(delays), "told": told(folder / "server.log")}


async def profiled(url: str, folder: Path, given: Given) -> dict[str, float]:
    """Where the CPU time of the same load goes, on a server of its own whose processes sample themselves."""
    samples = folder / "samples"
    samples.mkdir()
    async with product(url, folder, ("--workers", str(given.workers)), samples=samples) as server:
        begin = time.monotonic()
        await _delays(server, replace(given, seconds=PROFILE_SECONDS))
        end = time.monotonic()
    return between(samples, begin, end)


async def _delays(server: Running, given: Given) -> list[float]:
    node = shop.network(NODES).nodes[0]
    cart = common_pb2.Cart()
    fill_cart(cart, shop.carts(LINES, 1)[0])
    async with client_of_each(server, given.workers) as clients, Client(server.target) as feeder:
        seen = Seen(given.workers)
        calls = [ask(worker, client, cart.destination, seen) for worker, client in enumerate(clients)]
        tasks = [asyncio.create_task(call) for call in calls]
        if given.counts:
            tasks.append(asyncio.create_task(feed(feeder, given.counts)))
        try:
            return await probe(clients, seen, node.node_id, given.seconds)
        finally:
            broken = [task.exception() for task in tasks if task.done()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if broken:
                raise RuntimeError("a caller or the feed broke off") from broken[0]


def told(log: Path) -> list[dict[str, Any]]:
    """The lines in which workers tell how late stock changes came, one per worker in a short run."""
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines() if line.startswith("{")]
    return [line for line in lines if line.get("event") == "stock propagation"]


def measured_on(database_name: str, given: Given) -> tuple[list[report.Row], dict[str, Any]]:
    """The figures of one database, with a profile where they fall short, and all delays."""
    with empty_database(database_name) as (url, folder):
        found = asyncio.run(measure(url, folder, given))
    figures = list(rows(database_name, found))
    short = {row.name for row in figures if report.reached(row.value, row.aim) is False}
    if short:
        with empty_database(database_name) as (url, folder):
            profile = asyncio.run(profiled(url, folder, given))
        figures = [replace(row, profile=profile if row.name in short else None) for row in figures]
    return figures, found


def rows(database_name: str, measured: dict[str, Any]) -> Iterator[report.Row]:
    """What the delays come to."""
    delays = measured["delays_ms"]
    name = f"every worker knows a count, {title(database_name)}"
    yield report.row(f"{name}: counts", len(delays), "")
    yield report.row(f"{name}: p50", report.percentile(delays, 50), "ms")
    yield report.row(f"{name}: p99", report.percentile(delays, 99), "ms", aim=AIM)
    yield report.row(f"{name}: max", delays[-1], "ms")
    if measured["told"]:
        yield report.row(f"{name}: p99 as the workers tell it", max(line["p99_ms"] for line in measured["told"]), "ms")


def main() -> None:
    """Measure on each database."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--db", nargs="+", default=["sqlite", "postgresql"], help="sqlite, postgresql, or the URL of an empty database"
    )
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=10.0, help="of probing, on each database")
    parser.add_argument("--counts", type=int, default=2_000, help="counts a second streamed in beside it; 0: none")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    arguments = parser.parse_args()
    given = Given(workers=arguments.workers, seconds=arguments.seconds, counts=arguments.counts)
    shown, details = [], {}
    for name in arguments.db:
        figures, details[name] = measured_on(name, given)
        shown += report.shown(figures)
    if arguments.json is not None:
        report.write(arguments.json, "propagation", shown, details=details)


if __name__ == "__main__":
    main()

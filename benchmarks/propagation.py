"""How long until every worker knows a new count: ``python -m benchmarks.propagation``.

A server with several workers is filled with the made-up retailer. One feed streams counts in batches of 1,000 into it;
others tell the counts of a few articles, each of its own, again and again, through each worker in turn. Every worker is
asked for these articles (GetAvailability) every few milliseconds over a connection of its own. The delay runs from
sending a count to the moment when the last worker has answered with it, so it holds the commit, the calls and the pause
between them. Several rounds on one server, each with counts enough for a percentile of its own: the figures are the
medians of the rounds. `told` is what the workers' own logs say of the part from the journal to their decisions.
"""

import argparse
import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from itertools import count, cycle, takewhile
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
PROBES: Final = tuple(f"probe-{number}" for number in range(4))
PROBE_SECONDS: Final = 0.05  # of rest between two counts of one article
SEEN_SECONDS_MAX: Final = 10.0
AIM: Final = "<= 100"
PROFILE_SECONDS: Final = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What to measure: `rounds` of so many `seconds` of probing, `counts` a second beside it, by how many `workers`."""

    workers: int
    rounds: int
    seconds: float
    counts: int


class Seen:
    """What each worker last answered of each article, and who waits for all of them."""

    def __init__(self, num_workers: int) -> None:
        self._units: list[dict[str, int]] = [{} for _ in range(num_workers)]
        self._changed = asyncio.Condition()

    async def tell(self, worker: int, units: dict[str, int]) -> None:
        """A worker's answer: units by article."""
        self._units[worker] = units
        async with self._changed:
            self._changed.notify_all()

    async def everywhere(self, sku: str, units: int) -> None:
        """Wait until every worker has answered with so many units of the article."""
        async with self._changed:
            await self._changed.wait_for(lambda: all(told.get(sku) == units for told in self._units))


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
    """Ask one worker for the probed articles for ever."""
    request = availability_pb2.GetAvailabilityRequest(channel="web", skus=PROBES, destination=destination)
    while True:
        answer = await client.get_availability(request)
        await seen.tell(worker, {found.sku: found.units for found in answer.skus})
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


async def probe(clients: list[Client], seen: Seen, node_id: str, sku: str, numbers: Iterator[int]) -> list[float]:
    """Delays in milliseconds of counts of one article, told through each worker in turn.

    The `numbers` are the units that are told, so each is told once.
    """
    delays: list[float] = []
    for number in numbers:
        batch = _counts(sku, [(node_id, sku, number, number)])
        begun = time.perf_counter()
        async with asyncio.timeout(SEEN_SECONDS_MAX):
            everywhere = asyncio.create_task(seen.everywhere(sku, number))
            async for _ in clients[number % len(clients)].apply_stock([batch]):
                pass
            await everywhere
        delays.append(1_000 * (time.perf_counter() - begun))
        await asyncio.sleep(PROBE_SECONDS)
    return delays


def _until(end: float, numbers: Iterator[int]) -> Iterator[int]:
    """Numbers until that time of the monotonic clock."""
    return takewhile(lambda _: time.monotonic() < end, numbers)


async def measure(url: str, folder: Path, given: Given) -> dict[str, Any]:
    """The delays of each round on one empty database, and what the workers told of theirs."""
    async with product(url, folder, ("--workers", str(given.workers))) as server:
        delays = await _delays(server, given)
    if server.exit_code != 0:
        raise RuntimeError(f"the server ended with {server.exit_code}")
    return {"delays_ms": [sorted(of_round) for of_round in delays], "told": told(folder / "server.log")}


async def profiled(url: str, folder: Path, given: Given) -> dict[str, float]:
    """Where the CPU time of the same load goes, on a server of its own whose processes sample themselves."""
    samples = folder / "samples"
    samples.mkdir()
    async with product(url, folder, ("--workers", str(given.workers)), samples=samples) as server:
        begin = time.monotonic()
        await _delays(server, replace(given, rounds=1, seconds=PROFILE_SECONDS))
        end = time.monotonic()
    return between(samples, begin, end)


async def _delays(server: Running, given: Given) -> list[list[float]]:
    """Those of each round, of all articles together."""
    node_ids = [node.node_id for node in shop.network(NODES).nodes[: len(PROBES)]]
    cart = common_pb2.Cart()
    fill_cart(cart, shop.carts(LINES, 1)[0])
    async with client_of_each(server, given.workers) as clients, Client(server.target) as feeder:
        seen = Seen(given.workers)
        calls = [ask(worker, client, cart.destination, seen) for worker, client in enumerate(clients)]
        tasks = [asyncio.create_task(call) for call in calls]
        if given.counts:
            tasks.append(asyncio.create_task(feed(feeder, given.counts)))
        numbers = [count(first) for first in range(1, 1 + len(PROBES))]  # so that they take turns with the workers
        try:
            rounds = []
            for _ in range(given.rounds):
                end = time.monotonic() + given.seconds
                probes = [
                    probe(clients, seen, node_id, sku, _until(end, own))
                    for node_id, sku, own in zip(node_ids, PROBES, numbers, strict=True)
                ]
                rounds.append([delay for delays in await asyncio.gather(*probes) for delay in delays])
            return rounds
        finally:
            broken = [task.exception() for task in tasks if task.done()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if broken:
                raise RuntimeError("a caller or the feed broke off") from broken[0]


def told(log: Path) -> list[dict[str, Any]]:
    """The lines in which workers tell how late stock changes came, one per worker in a short run."""
    lines = [line for line in log.read_text(encoding="utf-8").splitlines() if line.startswith("{")]
    return [told for line in lines for told in _objects(line) if told.get("event") == "stock propagation"]


def _objects(line: str) -> Iterator[dict[str, Any]]:
    """All in one line: processes that end together write into the same log, and their lines may run together."""
    decoder, at = json.JSONDecoder(), 0
    while at < len(line):
        found, at = decoder.raw_decode(line, at)
        yield found


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
    rounds = measured["delays_ms"]
    name = f"every worker knows a count, {title(database_name)}"
    yield report.row(f"{name}: counts", [len(delays) for delays in rounds], "")
    yield report.row(f"{name}: p50", [report.percentile(delays, 50) for delays in rounds], "ms")
    yield report.row(f"{name}: p99", [report.percentile(delays, 99) for delays in rounds], "ms", aim=AIM)
    yield report.row(f"{name}: max", [delays[-1] for delays in rounds], "ms")
    if measured["told"]:
        yield report.row(f"{name}: p99 as the workers tell it", max(line["p99_ms"] for line in measured["told"]), "ms")


def main() -> None:
    """Measure on each database."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--db", nargs="+", default=["sqlite", "postgresql"], help="sqlite, postgresql, or the URL of an empty database"
    )
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3, help="of probing, on each database")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each round")
    parser.add_argument("--counts", type=int, default=2_000, help="counts a second streamed in beside it; 0: none")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    arguments = parser.parse_args()
    given = Given(
        workers=arguments.workers, rounds=arguments.rounds, seconds=arguments.seconds, counts=arguments.counts
    )
    shown, details = [], {}
    for name in arguments.db:
        figures, details[name] = measured_on(name, given)
        shown += report.shown(figures)
    if arguments.json is not None:
        report.write(arguments.json, "propagation", shown, details=details)


if __name__ == "__main__":
    main()

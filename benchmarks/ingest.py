"""How many stock counts a second a server takes in, and what that costs promises: ``python -m benchmarks.ingest``.

A server is filled with the made-up retailer. Feeds then stream counts of other articles, batches of 1,000 of one node,
each over a stream of its own that sends a batch when the last one is answered; all batches are made beforehand. Every
count changes its row. Promises of three lines by five methods are asked at a steady pace, first alone and then beside
the counts, and wait at most as long as a client usually does. CPU is that of the server process, its threads included.
Where a figure falls short, a server that samples itself gets the same load once more and says where its time goes.
"""

import argparse
import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import grpc

from benchmarks import report, shop
from benchmarks.children import Running
from benchmarks.load.asked import LINES, NODES
from benchmarks.load.servers import empty_database, product, title
from benchmarks.profiling import between
from sourcier.client import Client
from sourcier.domain.errors import Refusal
from sourcier.rpc.translate_common import fill_cart
from sourcier.v1 import inventory_pb2, sourcing_pb2

BATCH: Final = 1_000
SKUS: Final = 2_000  # counted at every node
FED_NODES: Final = 40
ROUNDS: Final = 6  # made for one phase; should they be used up, it ends
ALONE: Final = "nothing else running"
NEW: Final = "counts of new rows"
COUNTS: Final = "counts"
BESIDE: Final = "counts beside promises"
PROMISE_SECONDS_MAX: Final = 2.0
AIM: Final = ">= 50000"
PROFILE_SECONDS: Final = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """How to measure: `seconds` of each phase, over so many `streams`, with so many `promises` asked a second."""

    seconds: float
    streams: int
    promises: float


@dataclass(slots=True, kw_only=True)
class Phase:
    """What one phase has come to: CPU of the server, counts taken in, how long promises took and how many failed.

    It lasted from `begin` to `end` of the monotonic clock.
    """

    begin: float = 0.0
    end: float = 0.0
    feed_seconds: float = 0.0
    cpu_seconds: float = 0.0
    counts: int = 0
    latencies_ms: list[float] = field(default_factory=list)
    late: int = 0


def batches(stream: int, streams: int, seqs: range) -> list[inventory_pb2.ApplyStockRequest]:
    """Round after round, every row of every node of this stream, with another quantity each time."""
    nodes = [node.node_id for node in shop.network(NODES).nodes[:FED_NODES]]
    return [
        _batch(f"feed-{stream}", node_id, begin, seq)
        for seq in seqs
        for node_id in nodes[stream::streams]
        for begin in range(0, SKUS, BATCH)
    ]


def _batch(source: str, node_id: str, begin: int, seq: int) -> inventory_pb2.ApplyStockRequest:
    request = inventory_pb2.ApplyStockRequest(request_id=str(uuid.uuid4()), source=source)
    for number in range(begin, begin + BATCH):
        request.records.add(
            kind=inventory_pb2.RECORD_KIND_COUNT,
            node_id=node_id,
            sku=f"fed-{number:05}",
            quantity=10 + (number + seq) % 90,
            epoch=1,
            seq=seq,
        )
    return request


async def feed(client: Client, made: list[inventory_pb2.ApplyStockRequest], until: float, at: Phase) -> None:
    """Stream batches one after the other until the time is over; every one must be applied whole."""
    answered = asyncio.Event()
    begun = time.monotonic()

    async def waiting() -> AsyncIterator[inventory_pb2.ApplyStockRequest]:
        for batch in made:
            if time.monotonic() >= until:
                return
            answered.clear()
            yield batch
            await answered.wait()

    async for answer in client.apply_stock(waiting()):
        if any(result.verdict != inventory_pb2.VERDICT_APPLIED for result in answer.results):
            raise RuntimeError(f"a count was not applied: {answer.results[0]}")
        at.counts += len(answer.results)
        answered.set()
    at.feed_seconds = max(at.feed_seconds, time.monotonic() - begun)


async def ask(client: Client, per_second: float, until: float, at: Phase) -> None:
    """Ask for promises at a steady pace, whether or not the last ones are answered."""
    requests = []
    for cart in shop.carts(LINES, 100):
        request = sourcing_pb2.PromiseDeliveryRequest()
        fill_cart(request.cart, cart)
        requests.append(request)
    asked: list[asyncio.Task[None]] = []
    due = time.monotonic()
    while due < until:
        asked.append(asyncio.create_task(_ask_one(client, requests[len(asked) % len(requests)], at)))
        due += 1 / per_second
        await asyncio.sleep(max(due - time.monotonic(), 0))
    await asyncio.gather(*asked)


async def _ask_one(client: Client, request: sourcing_pb2.PromiseDeliveryRequest, at: Phase) -> None:
    begun = time.perf_counter()
    try:
        await client.promise_delivery(request, seconds=PROMISE_SECONDS_MAX)
    except (Refusal, grpc.aio.AioRpcError):
        at.late += 1
    at.latencies_ms.append(1_000 * (time.perf_counter() - begun))


async def phase(server: Running, given: Given, seqs: range, *, promises: bool) -> Phase:
    """Run feeds (rounds `seqs`; none: no feeds) and promises side by side for a while."""
    done = Phase()
    made = [batches(stream, given.streams, seqs) for stream in range(given.streams)] if seqs else []
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(Client(server.target)) for _ in range(given.streams + 1)]
        await clients[0].serving()
        cpu, done.begin = server.cpu_seconds()[0], time.monotonic()
        until = done.begin + given.seconds
        async with asyncio.TaskGroup() as group:
            for client, mine in zip(clients[1:], made, strict=False):
                group.create_task(feed(client, mine, until, done))
            if promises:
                group.create_task(ask(clients[0], given.promises, until, done))
        done.cpu_seconds, done.end = server.cpu_seconds()[0] - cpu, time.monotonic()
    return done


async def measure(url: str, folder: Path, given: Given) -> dict[str, Phase]:
    """All phases on one empty database."""
    async with product(url, folder) as server:
        await phase(server, given, range(0), promises=True)  # warms up
        return {
            ALONE: await phase(server, given, range(0), promises=True),
            NEW: await phase(server, given, range(1, 2), promises=False),
            COUNTS: await phase(server, given, range(2, 2 + ROUNDS), promises=False),
            BESIDE: await phase(server, given, range(2 + ROUNDS, 2 + 2 * ROUNDS), promises=True),
        }


async def profiled(url: str, folder: Path, given: Given) -> dict[str, dict[str, float]]:
    """Where the CPU time of a server of its own goes in the phases that have aims."""
    samples = folder / "samples"
    samples.mkdir()
    short = replace(given, seconds=PROFILE_SECONDS)
    async with product(url, folder, samples=samples) as server:
        await phase(server, short, range(1, 2), promises=False)
        phases = {
            COUNTS: await phase(server, short, range(2, 4), promises=False),
            BESIDE: await phase(server, short, range(4, 6), promises=True),
        }
    return {what: between(samples, done.begin, done.end) for what, done in phases.items()}


def measured(name: str, given: Given) -> Iterator[report.Row]:
    """The figures of one database."""
    with empty_database(name) as (url, folder):
        found = list(rows(name, asyncio.run(measure(url, folder, given))))
    if not any(report.reached(row.value, row.aim) is False for row in found):
        yield from found
        return
    with empty_database(name) as (url, folder):
        profiles = asyncio.run(profiled(url, folder, given))
    known = {f"{title(name)}, {what}": profile for what, profile in profiles.items()}
    yield from (replace(row, profile=known.get(row.name)) for row in found)


def rows(name: str, phases: dict[str, Phase]) -> Iterator[report.Row]:
    """What the phases come to."""
    for what in (NEW, COUNTS, BESIDE):
        done, aim = phases[what], AIM if name == "sqlite" and what != NEW else None
        known = f"{title(name)}, {what}"
        yield report.row(known, done.counts / done.feed_seconds, "1/s", aim=aim)
        if what != BESIDE:
            yield report.row(f"{known}: server", 1e6 * done.cpu_seconds / done.counts, "CPU us")
    for what in (ALONE, BESIDE):
        done = phases[what]
        known = f"{title(name)}, promise, {what}"
        for percent in (50, 99):
            yield report.row(f"{known}: p{percent}", report.percentile(done.latencies_ms, percent), "ms")
        yield report.row(f"{known}: not answered", done.late / len(done.latencies_ms), "")


def main() -> None:
    """Measure on each database."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--db", nargs="+", default=["sqlite"], help="sqlite, postgresql, or the URL of an empty database"
    )
    parser.add_argument("--seconds", type=float, default=5.0, help="of each phase")
    parser.add_argument("--streams", type=int, default=4, help="feeds at the same time")
    parser.add_argument("--promises", type=float, default=10.0, help="promises asked a second")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    arguments = parser.parse_args()
    given = Given(seconds=arguments.seconds, streams=arguments.streams, promises=arguments.promises)
    shown: list[report.Row] = []
    for name in arguments.db:
        shown += report.shown(measured(name, given))
    if arguments.json is not None:
        report.write(arguments.json, "ingest", shown)


if __name__ == "__main__":
    main()

"""How big a snapshot is, how fast it fills, and whether changes hold up its readers: ``python -m benchmarks.snapshot``.

100,000 articles at 2,000 nodes, one pair in twenty filled: 10 million rows. They are laid out as the ledger tells them,
node by node; then changes come in portions of 500, as a server takes them over, 10,000 a second. A reader that wakes
every millisecond says how late it was, first without changes, then beside them. What it waits for on a busy machine is
mostly other processes, so the CPU time of one portion is told too: that is how long changes keep readers waiting.

With `--db` a part of these rows (`--rows`) is written into a ledger and read from it as a server does at its start.
Then counts stream into the ledger, 10,000 a second, and a follower on the same event loop takes them over.
"""

import argparse
import asyncio
import gc
import os
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
import psycopg

from benchmarks import report, shop
from benchmarks.load.servers import empty_database, title
from sourcier.domain.network import Network
from sourcier.domain.stock import RecordKind, StockRecord, StockRecords
from sourcier.engine.compile import compile_network
from sourcier.engine.snapshot import Snapshot
from sourcier.ledger import Ledger, open_ledger
from sourcier.ledger.feeds import apply_batch
from sourcier.ledger.levels import SEPARATOR, NodeStock
from sourcier.ledger.registry import put_network
from sourcier.ledger.sqlite_store import connect
from sourcier.processes.cores import stay_on_one_core
from sourcier.processes.threads import share_interpreter
from sourcier.service import codec, picture
from sourcier.service.commands import RequestKey
from sourcier.service.snapshots import LEVELS_PER_TURN, Snapshots

SKUS: Final = 100_000
NODES: Final = 2_000
FILLED: Final = 20  # one pair in so many
CHANGES_PER_SECOND: Final = 10_000
BATCH: Final = 1_000
TICK_SECONDS: Final = 0.001
MIB: Final = 2**20
PAUSE_AIM: Final = "<= 5"
SKUS_OF_NODE: Final = SKUS // FILLED


def filled(network: Network) -> Iterator[tuple[str, list[str], list[int]]]:
    """What each node has: every node other articles, drawn evenly."""
    rng = np.random.default_rng(1)
    names = [f"sku-{number:06}" for number in range(SKUS)]
    for node in network.nodes:
        mine = np.sort(rng.choice(SKUS, SKUS_OF_NODE, replace=False))
        yield node.node_id, [names[number] for number in mine], rng.integers(1, 90, len(mine)).tolist()


def told(network: Network) -> list[NodeStock]:
    """The same as the ledger tells it."""
    return [
        NodeStock(node_id=node_id, skus=SEPARATOR.join(skus), free=",".join(map(str, units)), guarded=())
        for node_id, skus, units in filled(network)
    ]


def resident_mib() -> float:
    """Memory of this process."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4_096 / MIB


def measure_fill(snapshot: Snapshot, stock: list[NodeStock]) -> Iterator[report.Row]:
    """Lay everything out."""
    begun = time.process_time()
    picture.fill(snapshot, stock)
    yield report.row("10 million rows laid out", time.process_time() - begun, "CPU s")


def changes(network: Network) -> Iterator[list[tuple[str, str, int, int, int, int]]]:
    """Portions of changes anywhere, nearly all of rows that are new: the dearest kind."""
    rng = np.random.default_rng(2)
    ids = [node.node_id for node in network.nodes]
    while True:
        nodes, skus = rng.integers(0, len(ids), LEVELS_PER_TURN), rng.integers(0, SKUS, LEVELS_PER_TURN)
        yield [(ids[n], f"sku-{s:06}", int(n) % 90, 0, 0, 0) for n, s in zip(nodes, skus, strict=True)]


def measure_patches(snapshot: Snapshot, network: Network, number: int) -> Iterator[report.Row]:
    """The CPU time of portions."""
    made, spent = changes(network), []
    for _ in range(number):
        portion = next(made)
        begun = time.thread_time()
        picture.lay_out(snapshot, None, portion)
        spent.append(time.thread_time() - begun)
    spent.sort()
    yield report.row("changes taken over a second", LEVELS_PER_TURN * number / sum(spent), "1/CPU s")
    yield report.row("one portion of changes keeps readers waiting: p50", 1e3 * spent[number // 2], "CPU ms")
    yield report.row("one portion of changes keeps readers waiting: max", 1e3 * spent[-1], "CPU ms", aim=PAUSE_AIM)


async def lateness(seconds: float) -> list[float]:
    """By how many milliseconds a reader was late, each time it wanted to run; sorted."""
    late, until = [], time.perf_counter() + seconds
    while time.perf_counter() < until:
        due = time.perf_counter() + TICK_SECONDS
        await asyncio.sleep(TICK_SECONDS)
        late.append(max(0.0, 1e3 * (time.perf_counter() - due)))
    return sorted(late)


async def beside_changes(snapshot: Snapshot, network: Network, seconds: float) -> list[float]:
    """The same while changes come at their pace."""

    async def come() -> None:
        made, due = changes(network), time.perf_counter()
        while True:
            portion = await asyncio.to_thread(next, made)
            picture.lay_out(snapshot, None, portion)
            due += LEVELS_PER_TURN / CHANGES_PER_SECOND
            await asyncio.sleep(max(due - time.perf_counter(), 0))

    coming = asyncio.create_task(come())
    late = await lateness(seconds)
    coming.cancel()
    return late


def pauses(what: str, late: list[float], *, aim: str | None = None) -> Iterator[report.Row]:
    """Percentiles of lateness."""
    yield report.row(f"a reader is late, {what}: p50", late[len(late) // 2], "ms")
    yield report.row(f"a reader is late, {what}: p99", report.percentile(late, 99), "ms")
    yield report.row(f"a reader is late, {what}: max", late[-1], "ms", aim=aim)


def engine_rows(seconds: float) -> Iterator[report.Row]:
    """What the snapshot alone costs."""
    network = shop.network(NODES)
    stock = told(network)
    before = resident_mib()
    snapshot = Snapshot(compile_network(network))
    compiled = resident_mib()
    yield from measure_fill(snapshot, stock)
    yield report.row("10 million rows", resident_mib() - compiled, "MiB")
    yield report.row("the network beside them", compiled - before, "MiB")
    yield from measure_patches(snapshot, network, 400)
    yield from pauses("nothing changes", asyncio.run(lateness(seconds)))
    yield from pauses(
        f"{CHANGES_PER_SECOND:,} changes a second", asyncio.run(beside_changes(snapshot, network, seconds))
    )


def write_rows(name: str, url: str, network: Network) -> None:
    """The stock of a network, straight into the table: as counts it would take as long as the ledger takes for them."""
    rows = (
        (node_id, sku, number)
        for node_id, skus, units in filled(network)
        for sku, number in zip(skus, units, strict=True)
    )
    if name == "sqlite":
        connection = connect(Path(url.removeprefix("sqlite:///")))
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO stock (node_id, sku, on_hand) VALUES (?1, ?2, ?3)", rows)
        connection.execute("COMMIT")
        connection.close()
        return
    with psycopg.connect(url) as server, server.cursor().copy("COPY stock (node_id, sku, on_hand) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def measure_read(name: str, ledger: Ledger, network: Network, num_rows: int) -> Iterator[report.Row]:
    """Read everything, and lay it out."""
    begun, cpu = time.perf_counter(), time.process_time()
    whole = ledger.read(picture.read_picture, "", None).result()
    read, read_cpu = time.perf_counter() - begun, time.process_time() - cpu
    begun = time.perf_counter()
    picture.fill(Snapshot(compile_network(network)), whole.stock)
    millions = num_rows / 1e6
    yield report.row(f"{name}: a million rows read", read / millions, "s")
    yield report.row(f"{name}: a million rows read, this process", read_cpu / millions, "CPU s")
    yield report.row(f"{name}: a million rows laid out", (time.perf_counter() - begun) / millions, "s")


def batches_of(network: Network, number: int) -> list[StockRecords]:
    """Counts of articles anywhere, of one node in each batch."""
    rng = np.random.default_rng(3)
    made = []
    for seq in range(1, number + 1):
        node_id = network.nodes[seq % len(network.nodes)].node_id
        records = [
            StockRecord(kind=RecordKind.COUNT, node_id=node_id, sku=f"sku-{k:06}", quantity=100 + seq, epoch=0, seq=seq)
            for k in rng.choice(SKUS, BATCH, replace=False).tolist()
        ]
        made.append(StockRecords.of(records))
    return made


def counting(ledger: Ledger, batches: list[StockRecords], over: threading.Event) -> None:
    """Write counts into the ledger at their pace until it is over, or they are used up."""
    waiting = []
    due = time.perf_counter()
    for batch in batches:
        if over.wait(max(due - time.perf_counter(), 0)):
            break
        due += BATCH / CHANGES_PER_SECOND
        waiting.append(ledger.write(apply_batch, "feed", batch))
    for future in waiting:
        future.result()


async def beside_counts(ledger: Ledger, network: Network, seconds: float) -> tuple[list[float], list[float], int]:
    """How late a reader is while a follower follows nothing, and counts; how many it had followed by the end."""
    batches = batches_of(network, round(2 * seconds * CHANGES_PER_SECOND / BATCH))
    follower = Snapshots(ledger, interval_seconds=0.02, clock=lambda: datetime.now(UTC))
    await follower.start()
    quiet = await lateness(seconds)
    over = threading.Event()
    feed = asyncio.create_task(asyncio.to_thread(counting, ledger, batches, over))
    before = follower.edits.count
    late = await lateness(seconds)
    over.set()
    await feed
    await follower.stop()
    return quiet, late, follower.edits.count - before


def ledger_rows(name: str, url: str, num_rows: int, seconds: float) -> Iterator[report.Row]:
    """What a server does: read a ledger, then follow it."""
    network = shop.network(num_rows // SKUS_OF_NODE)
    ledger = open_ledger(url)
    key = RequestKey(method="ApplyNetwork", request_id="network", fingerprint="-")
    types = {node.node_id: node.node_type.value for node in network.nodes}
    ledger.write(put_network, key, codec.dump(network), nodes=types, caps={}, beside=None, respond=_nothing).result()
    write_rows(name, url, network)
    shown = title(name)
    yield from measure_read(shown, ledger, network, num_rows)
    quiet, late, num = asyncio.run(beside_counts(ledger, network, seconds))
    yield from pauses(f"{shown} has no news", quiet)
    yield from pauses(f"{shown} takes {CHANGES_PER_SECOND:,} counts a second", late)
    yield report.row(f"{shown}: portions followed meanwhile", num, "")
    ledger.close()


def _nothing(_: object) -> bytes:
    return b""


def main() -> None:
    """Measure the snapshot alone, then on each database."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--db", nargs="*", default=["sqlite"], help="sqlite, postgresql, or the URL of an empty database"
    )
    parser.add_argument("--rows", type=int, default=1_000_000, help="written into each database")
    parser.add_argument("--seconds", type=float, default=3.0, help="of each phase")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    arguments = parser.parse_args()
    share_interpreter()
    stay_on_one_core(os.getpid())
    rows = report.shown(engine_rows(arguments.seconds))
    for name in arguments.db:
        with empty_database(name) as (url, _):
            rows += report.shown(ledger_rows(name, url, arguments.rows, arguments.seconds))
    if arguments.json is not None:
        report.write(arguments.json, "snapshot", rows)


if __name__ == "__main__":
    main()

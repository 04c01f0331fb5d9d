"""How many reservations and counts a second the ledger takes: ``python -m benchmarks.ledger_reserve``.

Closed loop: 64 callers on one event loop, as in a server, each waiting for its answer before it asks again. A
reservation takes three stock rows of 60,000 (20 nodes x 3,000 SKUs, drawn evenly) and the day's capacity of their
nodes. Request ids are random, as clients make them; reservation ids are made as the server makes them. CPU is that of
the whole process, callers included; PostgreSQL's own comes on top.
"""

import argparse
import asyncio
import itertools
import random
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import uvloop

from benchmarks import report
from benchmarks.load.servers import empty_database, title
from sourcier.domain.network import CapacityMeasure, capacity_pool_id
from sourcier.domain.reservation import ANY_DAY, PoolUse, Reservation, State
from sourcier.domain.stock import RecordKind, StockRecord, StockRecords
from sourcier.ledger import Ledger, open_ledger
from sourcier.ledger.audit import audit
from sourcier.ledger.commands import Reserve, Reserved, ReserveLine
from sourcier.ledger.feeds import apply_batch
from sourcier.ledger.registry import put_network
from sourcier.ledger.reserve import reserve
from sourcier.service.reservations import new_id

NODES = [f"node-{number:02d}" for number in range(20)]
SKUS = [f"sku-{number:05d}" for number in range(3_000)]
DOCUMENT = b"x" * 1_000
DAY = "2026-11-23"
ORDER_NUMBERS = itertools.count()
COUNTED = (2, 3)  # sequence numbers of the counts that are timed; the first ones fill the ledger
COMMANDS_PER_SECOND_MAX = 6_000  # made before the measurement; whoever has none left stops it


@dataclass(frozen=True)
class Key:
    """The identity of one set-up request."""

    method: str
    request_id: str
    fingerprint: str = "-"


def fill(ledger: Ledger) -> None:
    """Apply the network and a first count of every row."""
    key = Key("ApplyNetwork", uuid.uuid4().hex)
    caps = {(capacity_pool_id(node_id), ANY_DAY): 10_000_000 for node_id in NODES}
    types = dict.fromkeys(NODES, "STORE")
    ledger.write(put_network, key, b"{}", nodes=types, caps=caps, beside=None, respond=lambda _: b"").result()
    measure_counts(ledger, seq=1)


def measure_counts(ledger: Ledger, *, seq: int) -> tuple[float, float]:
    """Absolute counts of every row in batches of 1,000 of one node; records a second, and CPU microseconds of each."""
    records = [
        StockRecord(kind=RecordKind.COUNT, node_id=node, sku=sku, quantity=1_000_000 + seq, epoch=0, seq=seq)
        for node in NODES
        for sku in SKUS
    ]
    batches = [StockRecords.of(records[start : start + 1_000]) for start in range(0, len(records), 1_000)]
    begin, cpu = time.perf_counter(), time.process_time()
    for batch in batches:
        ledger.write(apply_batch, "erp", batch).result()
    return len(records) / (time.perf_counter() - begin), 1e6 * (time.process_time() - cpu) / len(records)


def command(draw: random.Random, *, pools: bool) -> Reserve:
    """An allocation of three lines, with random ids as clients make them and order numbers that grow."""
    picks = [(draw.choice(NODES), draw.choice(SKUS)) for _ in range(3)]
    uses = tuple(
        PoolUse(pool_id=capacity_pool_id(node), bucket=DAY, node_id=node, measure=CapacityMeasure.ORDERS, quantity=1)
        for node in sorted({node for node, _ in picks})
    )
    request_id = uuid.UUID(int=draw.getrandbits(128)).hex
    return Reserve(
        method="Allocate",
        request_id=request_id,
        fingerprint="0" * 64,
        reservation_id=new_id(datetime.now(UTC)),
        order_id=f"order-{next(ORDER_NUMBERS):012d}",
        state=State.ALLOCATED,
        lines=tuple(
            ReserveLine(line_id=str(number), node_id=node, sku=sku, quantity=1, bucket=DAY)
            for number, (node, sku) in enumerate(picks)
        ),
        ordered=tuple((str(number), 1) for number in range(3)),
        pools=uses if pools else (),
        channel_class=0,
        rule_set_revision="ruleSets/base/revisions/1",
        document=DOCUMENT,
    )


def measure_reserves(ledger: Ledger, *, callers: int, seconds: float, pools: bool) -> dict[str, float]:
    """Closed loop of `callers`; reservations a second, latencies in milliseconds, CPU microseconds of each."""
    draw = random.Random(time.time_ns())
    num_each = int(COMMANDS_PER_SECOND_MAX * seconds / callers)
    prepared: list[list[Reserve]] = [[] for _ in range(callers)]
    for _ in range(num_each):
        for mine in prepared:  # in the order in which they will be used: ids grow with time
            mine.append(command(draw, pools=pools))
    begin, cpu = time.perf_counter(), time.process_time()
    latencies = sorted(uvloop.run(call_all(ledger, prepared, begin + seconds)))
    elapsed, cpu = time.perf_counter() - begin, time.process_time() - cpu
    return {
        "per_second": round(len(latencies) / elapsed),
        "p50_ms": round(latencies[len(latencies) // 2] * 1_000, 1),
        "p99_ms": round(latencies[len(latencies) * 99 // 100] * 1_000, 1),
        "cpu_us_each": round(cpu / len(latencies) * 1e6),
    }


async def call_all(ledger: Ledger, prepared: list[list[Reserve]], until: float) -> list[float]:
    """One task for each caller, as in a server; the seconds that each reservation took."""
    seconds: list[float] = []

    async def call(mine: list[Reserve]) -> None:
        for wanted in mine:
            begin = time.perf_counter()
            outcome = await asyncio.wrap_future(ledger.write(reserve, wanted, _answer))
            assert isinstance(outcome, Reserved)
            seconds.append(time.perf_counter() - begin)
            if time.perf_counter() >= until:
                return

    await asyncio.gather(*(call(mine) for mine in prepared))
    return seconds


def _answer(_: Reservation) -> bytes:
    return DOCUMENT


def run(name: str, url: str, seconds: float) -> list[report.Row]:
    """All measurements on one database."""
    ledger = open_ledger(url)
    fill(ledger)
    rows: list[report.Row] = []
    for callers, pools in ((1, False), (16, False), (64, False), (64, True)):
        figures = measure_reserves(ledger, callers=callers, seconds=seconds, pools=pools)
        what = f"{name}: reserve 3 lines{' and capacity' if pools else ''}, {callers} callers"
        rows += report.shown(
            [
                report.row(what, figures["per_second"], "1/s"),
                report.row(f"{what}, p50", figures["p50_ms"], "ms"),
                report.row(f"{what}, p99", figures["p99_ms"], "ms"),
                report.row(f"{what}, CPU each", figures["cpu_us_each"], "CPU us"),
            ]
        )
    counted = [measure_counts(ledger, seq=seq) for seq in COUNTED]
    what = f"{name}: counts in batches of 1,000, nothing else running"
    rows += report.shown(
        [
            report.row(what, [rate for rate, _ in counted], "1/s"),
            report.row(f"{what}, CPU each", [cpu for _, cpu in counted], "CPU us"),
        ]
    )
    begin = time.perf_counter()
    audited = ledger.read(audit).result()
    assert not audited.violations, audited.violations
    rows += report.shown([report.row(f"{name}: audit", time.perf_counter() - begin, "s")])
    ledger.close()
    return rows


def main() -> None:
    """Measure SQLite, and PostgreSQL at `--postgresql URL` or from the wheel; with --json FILE write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--postgresql", help="URL of an empty database; without it one is started")
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    parser.add_argument("--json", type=Path, help="write the figures to this file as well")
    options = parser.parse_args()
    rows: list[report.Row] = []
    urls = {"sqlite": "sqlite", "postgresql": options.postgresql or "postgresql"}
    for name in [options.only] if options.only else urls:
        with empty_database(urls[name]) as (url, _):
            rows += run(title(name), url, options.seconds)
    if options.json:
        report.write(options.json, "ledger_reserve", rows)


if __name__ == "__main__":
    main()

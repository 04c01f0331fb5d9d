"""The benchmark's command line: reads the data, runs one mode, shows and writes what came out."""

import asyncio
import json
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TimeElapsedColumn, TimeRemainingColumn

import benchmarks.online_retail as package
from benchmarks import children
from benchmarks.online_retail import (
    clockwork,
    data,
    engine_run,
    figures,
    network,
    server_run,
    show,
    stock,
    stream,
    supply,
)
from benchmarks.online_retail.supply import Feed
from sourcier.client import Client
from sourcier.domain.errors import Refusal
from sourcier.domain.limits import SOLVE_MS_MAX
from sourcier.domain.network import Network
from sourcier.domain.order import Order
from sourcier.domain.rules import RuleSet
from sourcier.domain.stock import StockRecord
from sourcier.engine.solver import Budget
from sourcier.inputs.rules_yaml import parse_rule_set
from sourcier.ledger import open_ledger
from sourcier.ledger.audit import AuditReport, audit

RULES: Final = Path(__file__).with_name("rules.yaml")
FAILED: Final = 1
CONCURRENCY: Final = 8
SOLVERS: Final = 2
SOLVE_MS: Final = 1_000  # five times the server's default: the question is how many orders can be proven
ENGINE_TIMES: Final = {
    "promise": "Promise by every service: engine CPU",
    "promise_solver": "Promise: solver CPU, where it was needed",
    "decide": "Decision: engine CPU",
    "decide_solver": "Decision: solver CPU, where it was needed",
}
SERVER_TIMES: Final = {
    "promise": "PromiseDelivery with a hold",
    "allocate_hold": "Allocate from the hold",
    "allocate_token": "Allocate by a promise's token",
    "allocate_afresh": "Allocate afresh, where the whole cart could not be promised",
}

app = typer.Typer(add_completion=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """All that a run needs. `orders` and `feeds` in the order of their time; no feeds unless it is `timed`."""

    orders: tuple[Order, ...]
    network: Network
    rule_set: RuleSet
    rule_set_text: str
    stock: tuple[StockRecord, ...]
    feeds: tuple[Feed, ...] = ()

    def events(self) -> Iterator[Order | Feed]:
        """What happens, in its order: on a day the feed comes before the orders."""
        waiting = deque(self.feeds)
        for order in self.orders:
            while waiting and waiting[0].day <= stream.local_day(order):
                yield waiting.popleft()
            yield order


@app.command(help="Source real orders on a real map and tell how fast and how well. benchmarks/README.md explains it.")
def run(
    engine_only: Annotated[bool, typer.Option("--engine-only", help="In this process: no server, no ledger.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Stop after so many orders.")] = None,
    timed: Annotated[bool, typer.Option("--timed", help="Hours, rounds, shifts, holidays, purchase orders.")] = False,
    seed: Annotated[int, typer.Option(help="Cities, stores, stock and weights are drawn from it.")] = 1,
    concurrency: Annotated[int, typer.Option(min=1, help="Callers at the same time.")] = CONCURRENCY,
    db: Annotated[str | None, typer.Option(metavar="URL", help="An empty database.  [default: a new SQLite]")] = None,
    solve_ms: Annotated[int, typer.Option(min=1, max=SOLVE_MS_MAX, help="Solver time, ms.")] = SOLVE_MS,
    solvers: Annotated[int, typer.Option(min=1, help="Solver processes of the server.")] = SOLVERS,
    hard: Annotated[Path | None, typer.Option(help="With --engine-only: pickle what needed the solver.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")] = None,
    folder: Annotated[Path, typer.Option("--data", help="Where the shared data is.")] = data.SHARED_DATA,
) -> None:
    """Run one mode and report; a server that ends badly or a ledger with violations fails the command."""
    console = Console()
    missing = data.missing(folder)
    if missing:
        console.print(f"skipped: {folder} has no {', '.join(missing)}", markup=False)
        return
    started = perf_counter()
    world = build(data.read(folder), seed, date.today(), limit, timed=timed)
    setting = _setting(world, seed, solve_ms, timed=timed)
    try:
        if engine_only:
            report = _engine_only(world, Budget(solve_ms=solve_ms), hard, console)
        else:
            with TemporaryDirectory(prefix="sourcier-benchmark-") as scratch:
                options = _ServerRun(
                    db=db, scratch=Path(scratch), solve_ms=solve_ms, solvers=solvers, concurrency=concurrency
                )
                report = asyncio.run(_through_server(world, options, console))
    except (children.ServerFailed, server_run.NotEmpty, Refusal) as error:
        console.print("\n".join([f"failed: {error}", *getattr(error, "__notes__", ())]), markup=False)
        raise typer.Exit(FAILED) from error
    report = {**setting, **report}
    report["run"]["seconds_in_all"] = perf_counter() - started
    show.show(report, console)
    if json_file is not None:
        json_file.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    if report["run"].get("server_exit_code") or report["run"].get("audit_violations"):
        raise typer.Exit(FAILED)


def build(read: data.Data, seed: int, today: date, limit: int | None, *, timed: bool = False) -> World:
    """The world of a seed; only the stream depends on `limit`, and what has a date on `today`."""
    places = network.network(read, seed)
    text = RULES.read_text(encoding="utf-8")
    counts, feeds = tuple(stock.records(read, places, seed)), tuple[Feed, ...]()
    if timed:
        first, last = stream.days(read, today)
        places = clockwork.clockwork(places, seed, first, last)
        counts, feeds = supply.imported(counts, places, seed, first, last)
    return World(
        orders=tuple(islice(stream.orders(read, seed, today), limit)),
        network=places,
        rule_set=parse_rule_set(text, RULES.name),
        rule_set_text=text,
        stock=counts,
        feeds=feeds,
    )


def _setting(world: World, seed: int, solve_ms: int, *, timed: bool) -> dict[str, Any]:
    """What the figures depend on."""
    return {
        "caveat": figures.CAVEAT,
        "rule": package.__doc__,
        "rule_set": world.rule_set_text,
        "machine": figures.machine(),
        "setting": {
            "seed": seed,
            "timed": timed,
            "orders": len(world.orders),
            "first_order_placed_at": world.orders[0].cart.placed_at.isoformat(),
            "last_order_placed_at": world.orders[-1].cart.placed_at.isoformat(),
            "nodes": len(world.network.nodes),
            "stock_rows": len(world.stock),
            "units_in_stock": sum(record.quantity for record in world.stock),
            "units_on_purchase_orders": sum(r.quantity or 0 for r in world.feeds[0].records) if world.feeds else 0,
            "solve_milliseconds": solve_ms,
        },
    }


def _engine_only(world: World, budget: Budget, hard: Path | None, console: Console) -> dict[str, Any]:
    with _progress(len(world.orders), console) as advance:
        outcomes, hard_orders = engine_run.run(
            world.events(), world.network, world.rule_set, world.stock, budget, advance
        )
    if hard is not None:
        engine_run.write_hard(hard, world.network, world.rule_set, hard_orders)
    return {"run": {"mode": "engine only"}, "times": ENGINE_TIMES, "figures": figures.figures(outcomes)}


@dataclass(frozen=True, slots=True, kw_only=True)
class _ServerRun:
    db: str | None
    scratch: Path
    solve_ms: int
    solvers: int
    concurrency: int


async def _through_server(world: World, options: _ServerRun, console: Console) -> dict[str, Any]:
    """Start a server, load it, send the stream, end it, and audit its ledger."""
    url = options.db or f"sqlite:///{options.scratch / 'ledger.db'}"
    serve_options = ("--solve-ms", str(options.solve_ms), "--solvers", str(options.solvers))
    log = options.scratch / "server.log"
    async with children.serving(url, log, serve_options) as running, Client(running.target) as client:
        rate = await server_run.load(client, world.network, (world.rule_set, world.rule_set_text), world.stock)
        before = running.cpu_seconds()
        with _progress(len(world.orders), console) as advance:
            outcomes, seconds = await server_run.run(
                client, world.events(), options.concurrency, advance, tokens=bool(world.feeds)
            )
        server_cpu, solvers_cpu = (
            1_000 * (now - then) / len(outcomes) for now, then in zip(running.cpu_seconds(), before, strict=True)
        )
    audited = await asyncio.to_thread(_audit, url)
    return {
        "run": {
            "mode": "server",
            "database": url.partition(":")[0],
            "concurrency": options.concurrency,
            "solver_processes": options.solvers,
            "stock_records_per_second": rate,
            "seconds": seconds,
            "orders_per_second": len(outcomes) / seconds,
            "server_cpu_milliseconds_per_order": server_cpu,
            "solvers_cpu_milliseconds_per_order": solvers_cpu,
            "server_mib_max": running.server_mib,
            "solvers_mib_max": running.solvers_mib,
            "solver_processes_seen": len(running.solver_pids),
            "server_exit_code": running.exit_code,
            "audit_violations": list(audited.violations),
            "audit_counts": dict(audited.counts),
        },
        "times": SERVER_TIMES,
        "figures": figures.figures(outcomes),
    }


def _audit(url: str) -> AuditReport:
    ledger = open_ledger(url, create=False)
    try:
        return ledger.read(audit).result()
    finally:
        ledger.close()


@contextmanager
def _progress(total: int, console: Console) -> Iterator[Callable[[], None]]:
    """A bar, and what moves it by one."""
    columns = (SpinnerColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        yield partial(progress.advance, progress.add_task("", total=total))


def main() -> None:
    """The command."""
    app()

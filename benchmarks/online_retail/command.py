"""The benchmark's command line: reads the data, runs one mode, shows and writes what came out."""

import json
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any, Final, TypeVar

import typer
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TimeElapsedColumn, TimeRemainingColumn

import benchmarks.online_retail as package
from benchmarks.online_retail import data, engine_run, figures, network, show, stock, stream
from sourcier.domain.limits import SOLVE_MS_DEFAULT, SOLVE_MS_MAX
from sourcier.domain.order import Order
from sourcier.engine.solver import Budget
from sourcier.inputs.rules_yaml import parse_rule_set

T = TypeVar("T")

RULES: Final = Path(__file__).with_name("rules.yaml")
ENGINE_TIMES: Final = {
    "promise": "Promise of every service, engine CPU",
    "promise_solver": "Promise, solver CPU where it was needed",
    "decide": "Decision, engine CPU",
    "decide_solver": "Decision, solver CPU where it was needed",
}

app = typer.Typer(add_completion=False)


@app.command(help=__doc__)
def run(
    engine_only: Annotated[bool, typer.Option(help="Decide in this process: no server, no ledger.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Stop after so many orders.")] = None,
    seed: Annotated[int, typer.Option(help="Cities, stores, stock and weights are drawn from it.")] = 1,
    solve_ms: Annotated[int, typer.Option(min=1, max=SOLVE_MS_MAX, help="Solver milliseconds.")] = SOLVE_MS_DEFAULT,
    hard: Annotated[Path | None, typer.Option(help="Pickle the orders that needed the solver (engine only).")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")] = None,
    folder: Annotated[Path, typer.Option("--data", help="Where the shared data is.")] = data.SHARED_DATA,
) -> None:
    """Run one mode and report."""
    console = Console()
    missing = data.missing(folder)
    if missing:
        console.print(f"skipped: {folder} has no {', '.join(missing)}")
        return
    started = perf_counter()
    read = data.read(folder)
    orders = list(islice(stream.orders(read, seed, date.today()), limit))
    report: dict[str, Any] = {
        "caveat": figures.CAVEAT,
        "rule": package.__doc__,
        "rule_set": RULES.read_text(encoding="utf-8"),
        "machine": figures.machine(),
        "run": {
            "mode": "engine only",
            "seed": seed,
            "limit": limit or "none",
            "first order": str(orders[0].cart.placed_at),
        },
    }
    report["run"]["solver milliseconds"] = solve_ms
    report |= _engine_only(read, orders, seed, Budget(solve_ms=solve_ms), hard, console)
    report["run"]["seconds in all"] = perf_counter() - started
    show.show(report, console)
    if json_file is not None:
        json_file.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


def _engine_only(
    read: data.Data, orders: list[Order], seed: int, budget: Budget, hard: Path | None, console: Console
) -> dict[str, Any]:
    world = network.network(read, seed)
    rule_set = parse_rule_set(RULES.read_text(encoding="utf-8"), RULES.name)
    hard_orders: list[engine_run.HardOrder] = []
    outcomes = engine_run.run(orders, world, rule_set, stock.records(read, world, seed), budget, hard_orders)
    found = figures.figures(list(_progress(outcomes, len(orders), console)))
    if hard is not None:
        engine_run.write_hard(hard, world, rule_set, hard_orders)
    return {"figures": found, "times": ENGINE_TIMES}


def _progress(outcomes: Iterable[T], total: int, console: Console) -> Iterator[T]:
    columns = (SpinnerColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        yield from progress.track(outcomes, total=total)


def main() -> None:
    """The command."""
    app()

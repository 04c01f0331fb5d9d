"""What a promise costs inside the engine: ``python -m benchmarks.promises --help``.

CPU milliseconds of this process, without a server, a ledger and the solver's processes. Every cart asks for all five
methods at once. The garbage collector runs as it does in a server.
"""

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

from benchmarks import report, shop
from benchmarks.profiling import where
from sourcier.domain.order import Cart
from sourcier.domain.promise import Choice
from sourcier.engine.compile import CompiledRules, compile_network, compile_rules
from sourcier.engine.decide import drive
from sourcier.engine.promise import promise_steps
from sourcier.engine.refine import Model, Solution
from sourcier.engine.snapshot import Snapshot
from sourcier.engine.solver import Budget, load, solve

NODES = (50, 200, 2_000)
LINES = (1, 3, 10)
CARTS = 40
AIMS = {(200, 10): "<= 3"}
"""CPU milliseconds of the median cart, by nodes and lines."""


def snapshot(num_nodes: int) -> Snapshot:
    """A filled snapshot of a network of so many nodes and five methods."""
    network = shop.network(num_nodes)
    filled = Snapshot(compile_network(network))
    filled.put_rows(shop.stock(network.nodes))
    filled.put_supplies(shop.supply(network.nodes))
    return filled


def promises(filled: Snapshot, rules: CompiledRules, num_lines: int, choices: frozenset[Choice]) -> dict[str, Any]:
    """CPU milliseconds a cart in the engine and, where it was needed, in the solver."""
    engine, solver, promised = [], [], 0
    for cart in shop.carts(num_lines, CARTS):
        for timed in (False, True):  # first untimed, so that nothing is compiled or cached under way
            needed, solving = _solving()
            start = process_time()
            answer = drive(promise_steps(cart, filled, rules, choices=choices), solving)
            spent = process_time() - start
            if timed:
                engine.append(1_000 * (spent - sum(needed)))
                solver += [1_000 * sum(needed)] if needed else []
                promised += len(answer.promised)
    ranked = sorted(engine)
    return {
        "nodes": len(filled.network.node_index),
        "lines": num_lines,
        "choices": sorted(choice.lower() for choice in choices),
        "carts": len(engine),
        "options_per_cart": round(promised / len(engine), 1),
        "ms_median": round(median(ranked), 2),
        "ms_p95": round(ranked[int(0.95 * len(ranked))], 2),
        "carts_with_solver": len(solver),
        "solver_ms_median": round(median(solver), 1) if solver else 0.0,
    }


def profile(filled: Snapshot, rules: CompiledRules, num_lines: int, choices: frozenset[Choice]) -> dict[str, float]:
    """Where the time of these carts goes, solver left out."""

    def promised(cart: Cart) -> object:
        return drive(promise_steps(cart, filled, rules, choices=choices), lambda _: None)

    return where([partial(promised, cart) for cart in shop.carts(num_lines, CARTS)])


def reported(figures: dict[str, Any]) -> list[report.Row]:
    """The rows of one measurement."""
    name = f"{figures['lines']} lines x 5 methods x {figures['nodes']} nodes"
    aim, spent = AIMS.get((figures["nodes"], figures["lines"])), figures.get("profile")
    return [
        report.row(f"{name}: promise in the engine, p50", figures["ms_median"], "CPU ms", aim=aim, profile=spent),
        report.row(f"{name}: promise in the engine, p95", figures["ms_p95"], "CPU ms"),
        report.row(f"{name}: carts that needed the solver", figures["carts_with_solver"], "carts"),
    ]


def _solving() -> tuple[list[float], Callable[[Model], Solution | None]]:
    """A solver in this process, and the CPU seconds of each call."""
    spent: list[float] = []

    def solving(model: Model) -> Solution | None:
        start = process_time()
        solution = solve(model, Budget())
        spent.append(process_time() - start)
        return solution

    return spent, solving


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nodes", type=int, nargs="+", default=NODES)
    parser.add_argument("--lines", type=int, nargs="+", default=LINES)
    parser.add_argument("--all-choices", action="store_true", help="earliest, cheapest, fewest and the frontier")
    parser.add_argument("--json", type=Path, help="write the figures to this file as well")
    options = parser.parse_args()
    load()
    rules = compile_rules(shop.rules(), "ruleSets/benchmark/revisions/1")
    choices = frozenset(Choice) if options.all_choices else frozenset({Choice.EARLIEST})
    rows: list[dict[str, Any]] = []
    for num_nodes in options.nodes:
        filled = snapshot(num_nodes)
        for num_lines in options.lines:
            rows.append(promises(filled, rules, num_lines, choices))
            print(rows[-1], flush=True)
            if (num_nodes, num_lines) in AIMS:
                rows[-1]["profile"] = profile(filled, rules, num_lines, choices)
    if options.json:
        report.write(options.json, "promises", [found for row in rows for found in reported(row)], details=rows)


if __name__ == "__main__":
    main()

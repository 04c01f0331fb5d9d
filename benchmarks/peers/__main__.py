"""Runs every peer and the engine over every stream: ``python -m benchmarks.peers [--orders N] [--json FILE]``.

Each policy has a shelf of its own, which its plans use up; each of its orders is also decided by the engine on that
shelf, and costs are told relative to the bound that it proves. Plain solvers and other slow policies decide only the
first orders of a stream. CPU is of choosing alone: offers and their costs are made before, for all alike.
"""

import argparse
import statistics
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from benchmarks import report
from benchmarks.online_retail import data as shared
from benchmarks.peers import hindsight
from benchmarks.peers.judge import Outcome, Shelf, run
from benchmarks.peers.rules import RULES
from benchmarks.peers.scipy_milp import SCIPY
from benchmarks.peers.solvers import SOLVERS
from benchmarks.peers.streams import STREAMS, Stream
from benchmarks.peers.view import Peer
from benchmarks.table import CELL
from sourcier.engine.compile import CompiledRules, compile_rules
from sourcier.engine.offers import build
from sourcier.engine.solver import load

ENGINE: Final = "**Sourcier**"
ORDERS: Final = {"jasin_sinha": (500, 100), "real_orders": (60, 15), "consumer_baskets": (200, 60)}
"""Orders of a stream for rules and the engine, and for solvers."""

MICROS: Final = 1_000_000


def policies() -> list[tuple[str, Peer | None, bool]]:
    """Name, peer (None: the engine) and whether it decides only the first orders; the engine first, and once more
    where the slow ones stop, so that their cost has something to stand beside.
    """
    fast = [(peer.name, peer, False) for peer in RULES]
    slow = [(peer.name, peer, True) for peer in (*SOLVERS, *SCIPY)]
    return [(ENGINE, None, False), *fast, (f"{ENGINE}, the first orders alone", None, True), *slow]


def figures(stream: Stream, policy: str, outcomes: Sequence[Outcome], least: int | None) -> Iterator[report.Row]:
    """The rows of one policy on one stream; `least` is the hindsight bound, where there is one."""

    def row(figure: str, value: float, unit: str) -> report.Row:
        return report.row(CELL.join((stream.name, policy, figure)), value, unit)

    def percent(key: str) -> float:
        return 100 * sum(bool(getattr(one, key)) for one in outcomes) / len(outcomes)

    cost = sum(one.cost for one in outcomes)
    yield row("orders", len(outcomes), "")
    yield row("cost over optimum", cost / sum(one.bound for one in outcomes), "x")
    if least is not None:
        yield row("cost over hindsight", cost / least, "x")
    yield row("cost an order", cost / len(outcomes) / MICROS, stream.network.currency_code)
    yield row("shipments an order", statistics.mean(one.shipments for one in outcomes), "")
    yield row("filled", 100 * sum(o.filled for o in outcomes) / sum(o.wanted for o in outcomes), "% of units")
    yield row("late", percent("late"), "%")
    yield row("no room", percent("full"), "%")
    yield row("too many shipments", percent("split"), "%")
    yield row("optimum proven", percent("proven"), "%")
    yield row("CPU p50", statistics.median(one.cpu_us for one in outcomes), "µs")
    yield row("CPU max", max(one.cpu_us for one in outcomes), "µs")


def least_of(stream: Stream, rules: CompiledRules, number: int) -> int:
    """The hindsight bound of the first orders."""
    shelf = Shelf(stream)
    kinds = Counter(stream.carts[:number])
    stock = {(shelf.snapshot.network.node_index[row.node_id], row.sku): row.on_hand for row in stream.stock}
    return hindsight.bound(
        [
            hindsight.Kind(
                skus=tuple(line.sku for line in cart.lines),
                problem=build(cart, shelf.snapshot, rules)[0],
                number=count,
            )
            for cart, count in kinds.items()
        ],
        stock,
    )


def rows_of(stream: Stream, fast: int, slow: int) -> Iterator[report.Row]:
    """All policies over one stream."""
    rules = compile_rules(stream.rule_set, "ruleSets/peers/revisions/1")
    least = {number: least_of(stream, rules, number) if stream.hindsight else None for number in (fast, slow)}
    for name, peer, short in policies():
        number = slow if short else fast
        yield from figures(stream, name, run(stream, rules, peer, number), least[number])


def main(arguments: list[str]) -> int:
    """Print the figures of every policy on every stream; with --json FILE write them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__.splitlines()[0])
    parser.add_argument("--orders", type=int, default=1_000, help="at most so many orders of each stream")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data", type=Path, default=shared.SHARED_DATA, help="where the shared data is")
    parser.add_argument("--json", type=Path, help="file for the figures")
    given = parser.parse_args(arguments)
    if missing := shared.missing(given.data):
        print(f"skipped: no data; missing: {', '.join(missing)}")
        return 0
    load()
    rows: list[report.Row] = []
    details = {}
    for make in STREAMS:
        fast, slow = (min(number, given.orders) for number in ORDERS[make.__name__])
        stream = make(given.data, given.seed, fast)
        details[stream.name] = f"{stream.caveat[0].upper()}{stream.caveat[1:]}."
        rows += report.shown(rows_of(stream, fast, slow))
    if given.json:
        report.write(given.json, "peers", rows, details=details)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

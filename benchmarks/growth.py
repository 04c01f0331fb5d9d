"""How the time of a decision grows with the network: ``python -m benchmarks.growth [--json FILE]``.

Orders of three lines of `benchmarks.instances` on 50, 500 and 5,000 nodes, five of them warehouses; every store carries
a fifth to a third of the range, so that the number of nodes that have an article grows as well. CPU milliseconds of
whole decisions, solver included, in this process. The sizes take turns, run by run.
"""

import argparse
import random
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from statistics import median
from time import process_time
from typing import Final

from benchmarks import report
from benchmarks.against_solver import decided
from benchmarks.instances import NUM_WAREHOUSES, Shape, cart, rules, stocked
from benchmarks.profiling import where
from sourcier.domain.order import Cart
from sourcier.engine.compile import CompiledRules
from sourcier.engine.snapshot import Snapshot
from sourcier.engine.solver import load

NODES: Final = (50, 500, 5_000)
LINES: Final = 3
ORDERS: Final = 40  # a run
RUNS: Final = 5
AIM: Final = "<= 4"


def measured(snapshot: Snapshot, compiled: CompiledRules, orders: list[Cart]) -> float:
    """CPU milliseconds of the median order."""
    spent = []
    for order in orders:
        start = process_time()
        decided(order, snapshot, compiled)
        spent.append(1e3 * (process_time() - start))
    return median(spent)


def rows(sizes: tuple[int, ...]) -> Iterator[report.Row]:
    """The median of every size, and how many times that of the smallest the largest is."""
    compiled = rules()
    shapes = [Shape(lines=LINES, stores=nodes - NUM_WAREHOUSES, carried=0.9) for nodes in sizes]
    worlds = [stocked(shape, random.Random(shape.name)) for shape in shapes]
    draw = random.Random("growth")
    sets = [[cart(shapes[0], draw) for _ in range(ORDERS)] for _ in range(RUNS + 1)]
    found = [[measured(world, compiled, orders) for world in worlds] for orders in sets][1:]  # the first one warms up
    for size, *times in zip(sizes, *found, strict=True):
        yield report.row(f"{LINES} lines x {size} nodes: engine, p50", times, "CPU ms")
    grown = [times[-1] / times[0] for times in found]
    profile = where([partial(decided, order, worlds[-1], compiled) for order in sets[0]])
    name = f"{LINES} lines: {sizes[-1]} nodes over {sizes[0]}, p50"
    yield report.row(name, grown, "x", aim=AIM if sizes == NODES else None, profile=profile)


def main(arguments: list[str]) -> int:
    """Print the figures; with --json FILE write them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__.splitlines()[0])
    parser.add_argument("--nodes", type=int, nargs="+", default=NODES)
    parser.add_argument("--json", type=Path, help="file for the figures")
    given = parser.parse_args(arguments)
    load()
    figures = report.shown(rows(tuple(given.nodes)))
    if given.json:
        report.write(given.json, "growth", figures)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

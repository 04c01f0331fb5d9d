"""Runs every peer and the engine over every stream: ``python -m benchmarks.peers [--orders N] [--json FILE]``."""

import argparse
import json
import statistics
import sys
from dataclasses import dataclass, field
from pathlib import Path
from time import process_time
from typing import Any, Final

import numpy as np

from benchmarks.online_retail import data as shared
from benchmarks.online_retail.figures import machine
from benchmarks.peers.rules import RULES
from benchmarks.peers.solvers import SOLVERS
from benchmarks.peers.streams import STREAMS, Stream
from benchmarks.peers.view import Peer, view_of
from sourcier.domain.network import NodeType
from sourcier.domain.stock import StockRow
from sourcier.engine.compile import BoolArray, CompiledRules, IntArray, compile_network, compile_rules
from sourcier.engine.decide import drive
from sourcier.engine.offers import build
from sourcier.engine.proof import prove, settled
from sourcier.engine.snapshot import Snapshot
from sourcier.engine.solver import Budget, load, solve

ENGINE: Final = "Sourcier"
ORDERS: Final = 150
BUDGET: Final = Budget(solve_ms=1_000)
MICROS: Final = 1_000_000


@dataclass(slots=True)
class Shelf:
    """The stock of one policy, which its own plans use up."""

    snapshot: Snapshot
    left: dict[tuple[str, str], int]

    def take(self, cart_skus: tuple[str, ...], node_ids: tuple[str, ...], units: IntArray) -> None:
        """Take ``units[L, N]`` off the shelf."""
        for line, node in zip(*np.nonzero(units), strict=True):
            self.left[node_ids[node], cart_skus[line]] -= int(units[line, node])
            key = node_ids[node], cart_skus[line]
            self.snapshot.put_rows([StockRow(node_id=key[0], sku=key[1], on_hand=self.left[key])])


@dataclass(slots=True)
class Score:
    """What one policy did to a stream."""

    milliseconds: list[float] = field(default_factory=list)
    cost: int = 0
    optimum: int = 0
    shipments: int = 0
    wanted: int = 0
    filled: int = 0
    proven: int = 0


def run(stream: Stream, peers: dict[str, Peer]) -> dict[str, Any]:
    """Every policy over the stream on a shelf of its own, beside the optimum of the same order on the same shelf."""
    network = compile_network(stream.network)
    rules = compile_rules(stream.rule_set, "ruleSets/peers/revisions/1")
    rows = {}
    for name, peer in {**peers, ENGINE: None}.items():
        snapshot = Snapshot(network)
        snapshot.put_rows(stream.stock)
        shelf = Shelf(snapshot, {(row.node_id, row.sku): row.on_hand for row in stream.stock})
        score = Score()
        for cart in stream.carts:
            _one(shelf, rules, cart, peer, score)
        rows[name] = _figures(score)
        print(_line(name, rows[name]), flush=True)
    return {"name": stream.name, "caveat": stream.caveat, "orders": len(stream.carts), "policies": rows}


def _one(shelf: Shelf, rules: CompiledRules, cart: Any, peer: Peer | None, score: Score) -> None:
    problem, found, _ = build(cart, shelf.snapshot, rules)
    start = process_time()
    best = settled(drive(prove(problem), lambda model: solve(model, BUDGET)), problem)
    spent = process_time() - start
    nodes = shelf.snapshot.network.network.nodes
    if peer is None:
        units, places, cost = best.cover.units, best.problem.node[best.cover.offers], best.cover.objective
    else:
        warehouse: BoolArray = np.array([node.node_type is NodeType.WAREHOUSE for node in nodes])
        view = view_of(problem, found.distance_m, warehouse)
        start = process_time()
        units = peer(view)
        spent = process_time() - start
        places, cost = view.problem.node, view.objective(units)
        assert cost >= best.bound, "a peer beats a proven bound"
    score.milliseconds.append(spent * 1e3)
    score.cost += cost
    score.optimum += best.bound
    score.proven += best.bound == best.cover.objective
    score.shipments += int(units.any(axis=0).sum())
    score.wanted += int(problem.quantity.sum())
    score.filled += int(units.sum())
    skus = tuple(cart.lines[lines[0]].sku for lines in problem.lines_of)
    shelf.take(skus, tuple(nodes[int(place)].node_id for place in places), units)


def _figures(score: Score) -> dict[str, float]:
    number = len(score.milliseconds)
    return {
        "cost_per_order": score.cost / number / MICROS,
        "cost_to_optimum": score.cost / score.optimum,
        "shipments_per_order": score.shipments / number,
        "unfilled": 1 - score.filled / score.wanted,
        "cpu_ms_p50": statistics.median(score.milliseconds),
        "cpu_ms_max": max(score.milliseconds),
        "optimum_proven": score.proven / number,
    }


def _line(name: str, row: dict[str, float]) -> str:
    return (
        f"| {name} | {row['cost_per_order']:.2f} | {row['cost_to_optimum']:.3f} | {row['shipments_per_order']:.2f} "
        f"| {row['unfilled']:.1%} | {row['cpu_ms_p50']:.2f} | {row['cpu_ms_max']:.1f} |"
    )


HEAD: Final = """
### {name} ({orders} orders)

{caveat}.

| policy | cost an order | cost / optimum | shipments an order | unfilled | CPU ms p50 | CPU ms max |
|---|---|---|---|---|---|---|"""


def main(arguments: list[str]) -> int:
    """Print a table per stream; with --json FILE write the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__.splitlines()[0])
    parser.add_argument("--orders", type=int, default=ORDERS, help="orders of each stream")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data", type=Path, default=shared.SHARED_DATA, help="where the shared data is")
    parser.add_argument("--json", type=Path, help="file for the figures")
    given = parser.parse_args(arguments)
    if missing := shared.missing(given.data):
        print(f"skipped: {given.data} has no {', '.join(missing)}")
        return 0
    load()
    report = {
        "machine": machine(),
        "streams": [_stream(make(given.data, given.seed, given.orders)) for make in STREAMS],
    }
    if given.json:
        given.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return 0


def _stream(stream: Stream) -> dict[str, Any]:
    print(HEAD.format(name=stream.name, orders=len(stream.carts), caveat=stream.caveat))
    return run(stream, {**RULES, **SOLVERS})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

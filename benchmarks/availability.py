"""What a product page costs inside the engine: ``python -m benchmarks.availability --help``. CPU milliseconds."""

import argparse
from datetime import datetime
from functools import partial
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

from benchmarks import report, shop
from benchmarks.profiling import where
from benchmarks.promises import snapshot
from sourcier.domain.availability import AvailabilityQuery
from sourcier.domain.network import NodeType
from sourcier.engine.availability import availability
from sourcier.engine.compile import CompiledRules, compile_rules
from sourcier.engine.snapshot import Snapshot

NODES = (50, 200, 2_000)
SKUS = (1, 24, 100)
QUERIES = 40
"""Each is asked twice; the second time counts."""

AIMS = {(200, 100): "<= 3"}
"""CPU milliseconds of the median page, by nodes and SKUs."""


def asked(filled: Snapshot, num_skus: int, *, store: bool) -> list[tuple[AvailabilityQuery, datetime]]:
    """Queries of so many SKUs, and when they are asked."""
    stores = [node.node_id for node in filled.network.network.nodes if node.node_type is NodeType.STORE]
    return [
        (
            AvailabilityQuery(
                channel="web",
                skus=tuple(f"sku-{(17 * i + k) % shop.NUM_SKUS}" for k in range(num_skus)),
                destination=None if store else cart.destination,
                store_id=stores[i % len(stores)] if store else "",
            ),
            cart.placed_at,
        )
        for i, cart in enumerate(shop.carts(1, QUERIES))
    ]


def measure(filled: Snapshot, rules: CompiledRules, num_skus: int, *, store: bool) -> dict[str, Any]:
    """CPU milliseconds a query, for a destination or for a store."""
    spent, units, dates = [], 0, 0
    queries = asked(filled, num_skus, store=store)
    for query, now in queries:
        availability(query, filled, rules, now)
        start = process_time()
        answer = availability(query, filled, rules, now)
        spent.append(1_000 * (process_time() - start))
        units += sum(entry.units for entry in answer.skus)
        dates += sum(len(entry.earliest) for entry in answer.skus)
    ranked = sorted(spent)
    aimed = (len(filled.network.node_index), num_skus) in AIMS
    calls = [partial(availability, query, filled, rules, now) for query, now in queries]
    return {
        "nodes": len(filled.network.node_index),
        "skus": num_skus,
        "for": "store" if store else "destination",
        "queries": len(spent),
        "dates_per_sku": round(dates / len(spent) / num_skus, 1),
        "units_per_sku": round(units / len(spent) / num_skus, 1),
        "ms_median": round(median(ranked), 2),
        "ms_p95": round(ranked[int(0.95 * len(ranked))], 2),
        "profile": where(calls) if aimed else None,
    }


def reported(figures: dict[str, Any]) -> list[report.Row]:
    """The rows of one measurement."""
    name = f"{figures['skus']} SKUs x {figures['nodes']} nodes, for a {figures['for']}"
    aim = AIMS.get((figures["nodes"], figures["skus"]))
    return [
        report.row(f"{name}: availability, p50", figures["ms_median"], "CPU ms", aim=aim, profile=figures["profile"]),
        report.row(f"{name}: availability, p95", figures["ms_p95"], "CPU ms"),
    ]


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, nargs="+", default=NODES)
    parser.add_argument("--skus", type=int, nargs="+", default=SKUS)
    parser.add_argument("--json", type=Path, help="write the figures to this file as well")
    options = parser.parse_args()
    rules = compile_rules(shop.rules(), "ruleSets/benchmark/revisions/1")
    rows = []
    for num_nodes in options.nodes:
        filled = snapshot(num_nodes)
        for num_skus in options.skus:
            for store in (False, True):
                rows.append(measure(filled, rules, num_skus, store=store))
                print(rows[-1], flush=True)
    if options.json:
        report.write(options.json, "availability", [found for row in rows for found in reported(row)], details=rows)


if __name__ == "__main__":
    main()

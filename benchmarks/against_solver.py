"""How much faster is a decision than the plain model in OR-Tools, with the same optimum?

Seeded orders on warehouses and stores with capacities, weight tiers and scarce store stock. Each order is decided by
the engine (pre-filter, certificates, and its own use of the solver, all in this process) and by CP-SAT with one worker
on the plain model of every offer. Both are timed in CPU seconds of this process, one after the other, order by order;
the answers must agree, or the command fails. The shape of the instances follows a probe that proved 98, 87 and 29 % of
such orders without a solver.

    .venv/bin/python -m benchmarks.against_solver [--json FILE] [--orders N]
"""

import argparse
import json
import random
import statistics
import sys
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from time import process_time
from typing import Any, Final

import numpy as np
from ortools.sat.python import cp_model

from sourcier.domain.network import (
    Capacity,
    CapacityMeasure,
    Method,
    Network,
    Node,
    NodeCalendar,
    NodeType,
    Service,
    TransitBand,
    WeightTier,
)
from sourcier.domain.order import Cart, Line
from sourcier.domain.place import Destination, GeoPoint
from sourcier.domain.plan import Decision, Proof, Status
from sourcier.domain.rules import Constraints, Prices, RuleSet
from sourcier.domain.stock import StockRow
from sourcier.engine.compile import CompiledRules, compile_network, compile_rules
from sourcier.engine.decide import decide_steps, drive
from sourcier.engine.offers import Problem, build
from sourcier.engine.refine import Model, Solution
from sourcier.engine.snapshot import Snapshot
from sourcier.engine.solver import Budget, load, solve

NUM_SKUS: Final = 400
NUM_WAREHOUSES: Final = 5
SOLVE_MS: Final = 100  # what the engine may spend in its solver per order
PLAIN_SECONDS: Final = 20.0  # the plain model's budget; where it ends first, its time counts as it is
PLACED_AT: Final = datetime(2026, 3, 4, 9, 30, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """`lines` an order on warehouses that carry `carried` of the range, and `stores`."""

    lines: int
    stores: int
    carried: float
    orders: int

    @property
    def name(self) -> str:
        """Lines × nodes, and how much of the range the warehouses carry."""
        return f"{self.lines} x {self.stores + NUM_WAREHOUSES}, {self.carried:.0%}"


SHAPES: Final = (
    Shape(lines=1, stores=200, carried=0.9, orders=200),
    Shape(lines=3, stores=15, carried=0.9, orders=200),
    Shape(lines=3, stores=200, carried=0.9, orders=100),
    Shape(lines=5, stores=195, carried=0.9, orders=60),
    Shape(lines=10, stores=195, carried=0.9, orders=40),
    Shape(lines=10, stores=195, carried=0.5, orders=20),
    Shape(lines=30, stores=195, carried=0.9, orders=10),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """One order: CPU milliseconds of both, who proved what, and whether the plain model was proven in its time."""

    engine_ms: float
    plain_ms: float
    without_solver: bool
    proven: bool
    plain_proven: bool


def network(shape: Shape, rng: random.Random) -> Network:
    """Warehouses ship cheaply, stores are many; parcels have weight tiers and stores a daily capacity."""
    service = Service(
        service_id="standard",
        method=Method.HOME_DELIVERY,
        transit=(TransitBand(max_distance_m=None, business_days=2),),
        delivery_days=frozenset(range(1, 7)),
        per_shipment_micros=8_760_000,
        per_unit_micros=423_000,
        per_unit_km_micros=336,
        weight_tiers=(
            WeightTier(max_grams=5_000, cost_micros=0),
            WeightTier(max_grams=20_000, cost_micros=2_500_000),
            WeightTier(max_grams=None, cost_micros=7_000_000),
        ),
    )
    calendar = NodeCalendar(working_days=frozenset(range(1, 7)), cut_off_minute=16 * 60)
    nodes = []
    for i in range(NUM_WAREHOUSES + shape.stores):
        big = i < NUM_WAREHOUSES
        nodes.append(
            Node(
                node_id=f"node-{i:03}",
                node_type=NodeType.WAREHOUSE if big else NodeType.STORE,
                point=GeoPoint(lat_e6=rng.randint(43_000_000, 50_000_000), lon_e6=rng.randint(-2_000_000, 7_000_000)),
                time_zone="Europe/Paris",
                calendar=calendar,
                services=("standard",),
                capacity=None if big else Capacity(measure=CapacityMeasure.UNITS, per_day=rng.randint(3, 24)),
                handling_per_unit_micros=200_000 if big else 700_000,
            )
        )
    return Network(currency_code="EUR", time_zone="Europe/Paris", nodes=tuple(nodes), services=(service,))


def stocked(shape: Shape, rng: random.Random) -> Snapshot:
    """Stores carry a fifth to a third of the range, one to four units of each."""
    places = network(shape, rng)
    snapshot = Snapshot(compile_network(places))
    rows = []
    for node in places.nodes:
        big = node.node_type is NodeType.WAREHOUSE
        share = shape.carried if big else rng.uniform(0.2, 0.3)
        rows += [
            StockRow(node_id=node.node_id, sku=f"sku-{k}", on_hand=rng.randint(5, 80) if big else rng.randint(1, 4))
            for k in range(NUM_SKUS)
            if rng.random() < share
        ]
    snapshot.put_rows(rows)
    return snapshot


def cart(shape: Shape, rng: random.Random) -> Cart:
    """Distinct SKUs, one to three units of each, to somewhere in the country."""
    lines = tuple(
        Line(
            line_id=str(i),
            sku=f"sku-{k}",
            quantity=rng.randint(1, 3),
            unit_weight_grams=rng.randint(100, 3_000),
            unit_price_micros=rng.randint(5, 80) * 1_000_000,
        )
        for i, k in enumerate(rng.sample(range(NUM_SKUS), shape.lines))
    )
    point = GeoPoint(lat_e6=rng.randint(43_000_000, 50_000_000), lon_e6=rng.randint(-2_000_000, 7_000_000))
    destination = Destination(country_code="FR", point=point)
    return Cart(channel="web", destination=destination, lines=lines, currency_code="EUR", placed_at=PLACED_AT)


def plain(problem: Problem) -> tuple[int, int]:
    """Objective and bound of the plain model: units per demand and offer, offers opened, weight tiers, unfilled."""
    model = cp_model.CpModel()
    demands, offers = range(len(problem.quantity)), range(problem.num_offers)
    opened = [model.new_bool_var("") for _ in offers]
    units = [[model.new_int_var(0, int(problem.supply[d, k]), "") for k in offers] for d in demands]
    left = [model.new_int_var(0, int(problem.quantity[d]), "") for d in demands]
    cost = [int(problem.unfilled[d]) * left[d] for d in demands] + [int(problem.fixed[k]) * opened[k] for k in offers]
    for d in demands:
        model.add(sum(units[d]) + left[d] == int(problem.quantity[d]))
        for k in offers:
            model.add(units[d][k] <= int(problem.supply[d, k]) * opened[k])
            cost.append(int(problem.unit[d, k]) * units[d][k])
    for k in offers:
        model.add(
            sum(units[d][k] for d in demands) <= int(min(problem.cap_units[k], problem.quantity.sum())) * opened[k]
        )
        table = problem.tier_tables[problem.tiers[k]]
        heaviest = int((problem.supply[:, k] * problem.weight).sum())
        chosen = [model.new_bool_var("") for _ in table.cost]
        model.add(sum(chosen) == opened[k])
        limits = [min(int(limit), heaviest) for limit in table.limit_g]
        grams = sum(int(problem.weight[d]) * units[d][k] for d in demands)
        model.add(grams <= sum(limit * z for limit, z in zip(limits, chosen, strict=True)))
        cost += [int(price) * z for price, z in zip(table.cost, chosen, strict=True)]
    for node in np.unique(problem.node):
        model.add(sum(opened[k] for k in np.flatnonzero(problem.node == node)) <= 1)
    if problem.max_shipments is not None:
        model.add(sum(opened) <= problem.max_shipments)
    some = model.new_bool_var("")
    model.add_max_equality(some, opened)
    model.minimize(sum(cost) - problem.split * some)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.max_time_in_seconds = PLAIN_SECONDS
    solver.solve(model)
    return round(solver.objective_value), round(solver.best_objective_bound)


def decided(order: Cart, snapshot: Snapshot, rules: CompiledRules) -> Decision:
    """The engine's decision, solver included, in this process."""

    def answer(model: Model) -> Solution | None:
        return solve(model, Budget(solve_ms=SOLVE_MS))

    return drive(decide_steps(order, snapshot, rules, explained=False), answer)


def compared(order: Cart, snapshot: Snapshot, rules: CompiledRules) -> Timing:
    """Both ways on one order; raises AssertionError if the answers cannot both be true."""
    start = process_time()
    decision = decided(order, snapshot, rules)
    middle = process_time()
    problem, *_ = build(order, snapshot, rules)
    objective, bound = plain(problem)
    end = process_time()
    assert bound <= decision.objective_micros, f"{decision.objective_micros} beats the plain bound {bound}"
    assert decision.bound_micros <= objective, f"bound {decision.bound_micros} above the plain plan {objective}"
    return Timing(
        engine_ms=(middle - start) * 1e3,
        plain_ms=(end - middle) * 1e3,
        without_solver=decision.proof is not Proof.MIP,
        proven=decision.status is Status.OPTIMAL,
        plain_proven=objective == bound,
    )


def percentile(values: list[float], percent: int) -> float:
    """By nearest rank, so it was measured."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, -(-percent * len(ordered) // 100) - 1)]


def measured(shape: Shape) -> dict[str, Any]:
    """All orders of a shape, after one that warms up."""
    rng = random.Random(shape.name)
    snapshot = stocked(shape, rng)
    prices = Prices(split_micros=1_000_000, unfilled_per_unit_micros=60_000_000)
    rule_set = RuleSet(rule_set_id="bench", channels=("web",), prices=prices, constraints=Constraints(max_shipments=6))
    rules = compile_rules(rule_set, "ruleSets/bench/revisions/1")
    compared(cart(replace(shape, lines=min(shape.lines, 3)), rng), snapshot, rules)
    timings = [compared(cart(shape, rng), snapshot, rules) for _ in range(shape.orders)]
    engine, whole = [t.engine_ms for t in timings], [t.plain_ms for t in timings]
    return {
        **asdict(shape),
        "name": shape.name,
        "engine_ms_p50": statistics.median(engine),
        "engine_ms_p99": percentile(engine, 99),
        "plain_ms_p50": statistics.median(whole),
        "plain_ms_p99": percentile(whole, 99),
        "ratio_p50": statistics.median(whole) / statistics.median(engine),
        "ratio_p99": percentile(whole, 99) / percentile(engine, 99),
        "without_solver": sum(t.without_solver for t in timings) / len(timings),
        "proven": sum(t.proven for t in timings) / len(timings),
        "plain_proven": sum(t.plain_proven for t in timings) / len(timings),
    }


def main(arguments: list[str]) -> int:
    """Print one row per shape; with --json FILE write the same figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.against_solver", description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, help="file for the figures")
    parser.add_argument("--orders", type=int, help="orders of every shape")
    given = parser.parse_args(arguments)
    load()
    print(f"{'lines x nodes, carried':24} {'engine p50':>10} {'p99 ms':>8} {'plain p50':>10} {'p99 ms':>9} "
          f"{'p50 ratio':>9} {'p99':>6} {'no solver':>9} {'proven':>7} {'plain':>6}")  # fmt: skip
    rows = []
    for shape in SHAPES:
        row = measured(replace(shape, orders=given.orders) if given.orders else shape)
        rows.append(row)
        print(f"{row['name']:24} {row['engine_ms_p50']:10.2f} {row['engine_ms_p99']:8.1f} {row['plain_ms_p50']:10.1f} "
              f"{row['plain_ms_p99']:9.1f} {row['ratio_p50']:8.0f}x {row['ratio_p99']:5.0f}x "
              f"{row['without_solver']:9.1%} {row['proven']:7.1%} {row['plain_proven']:6.1%}", flush=True)  # fmt: skip
    if given.json:
        given.json.write_text(json.dumps({"solve_milliseconds": SOLVE_MS, "shapes": rows}, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The hot functions of a decision, one by one, on a network of 5 warehouses and 200 stores drawn from a seed."""

import random
from datetime import UTC, datetime
from typing import Any

import pytest

from sourcier.domain.network import Method, Network, Node, NodeCalendar, NodeType, Service, TransitBand, WeightTier
from sourcier.domain.order import Cart, Line
from sourcier.domain.place import Destination, GeoPoint
from sourcier.domain.rules import Constraints, Prices, RuleSet
from sourcier.domain.stock import StockRow
from sourcier.engine import bounds, primal
from sourcier.engine.compile import CompiledRules, compile_network, compile_rules
from sourcier.engine.decide import decide, decide_steps, drive
from sourcier.engine.offers import build
from sourcier.engine.prefilter import lanes
from sourcier.engine.promise import promise_steps
from sourcier.engine.snapshot import Snapshot
from sourcier.engine.solver import Budget, load, solve

NUM_WAREHOUSES, NUM_STORES, NUM_SKUS = 5, 200, 400
LINES = (1, 3, 10, 30)


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    """Warehouses carry nine SKUs in ten, stores one in four and few of each."""
    rng = random.Random("micro")
    load()
    calendar = NodeCalendar(working_days=frozenset(range(1, 7)), cut_off_minute=16 * 60)
    service = Service(
        service_id="standard",
        method=Method.HOME_DELIVERY,
        transit=(
            TransitBand(max_distance_m=400_000, business_days=1),
            TransitBand(max_distance_m=None, business_days=2),
        ),
        delivery_days=frozenset(range(1, 7)),
        per_shipment_micros=6_000_000,
        per_unit_micros=300_000,
        per_unit_km_micros=400,
        weight_tiers=(
            WeightTier(max_grams=2_000, cost_micros=0),
            WeightTier(max_grams=10_000, cost_micros=2_500_000),
            WeightTier(max_grams=None, cost_micros=7_000_000),
        ),
    )
    nodes = tuple(
        Node(
            node_id=f"node-{i:03}",
            node_type=NodeType.WAREHOUSE if i < NUM_WAREHOUSES else NodeType.STORE,
            point=GeoPoint(lat_e6=rng.randint(43_000_000, 50_000_000), lon_e6=rng.randint(-2_000_000, 7_000_000)),
            time_zone="Europe/Paris",
            calendar=calendar,
            services=("standard",),
            handling_per_unit_micros=200_000 if i < NUM_WAREHOUSES else 700_000,
        )
        for i in range(NUM_WAREHOUSES + NUM_STORES)
    )
    network = Network(currency_code="EUR", time_zone="Europe/Paris", nodes=nodes, services=(service,))
    filled = Snapshot(compile_network(network))
    filled.put_rows(
        StockRow(node_id=node.node_id, sku=f"sku-{k}", on_hand=rng.randint(5, 80) if big else rng.randint(1, 4))
        for node in nodes
        for big in [node.node_type is NodeType.WAREHOUSE]
        for k in range(NUM_SKUS)
        if rng.random() < (0.9 if big else 0.25)
    )
    return filled


@pytest.fixture(scope="module")
def rules() -> CompiledRules:
    """Unfilled units cost more than any shipment; at most four shipments."""
    prices = Prices(split_micros=1_000_000, unfilled_per_unit_micros=60_000_000)
    rule_set = RuleSet(rule_set_id="micro", channels=("web",), prices=prices, constraints=Constraints(max_shipments=4))
    return compile_rules(rule_set, "ruleSets/micro/revisions/1")


@pytest.fixture(params=LINES, ids=lambda n: f"{n}_lines")
def carts(request: pytest.FixtureRequest) -> list[Cart]:
    """Forty carts of this many lines, over France."""
    rng = random.Random(f"carts {request.param}")
    return [_cart(rng, request.param) for _ in range(40)]


def _cart(rng: random.Random, num_lines: int) -> Cart:
    point = GeoPoint(lat_e6=rng.randint(43_000_000, 50_000_000), lon_e6=rng.randint(-2_000_000, 7_000_000))
    lines = tuple(
        Line(
            line_id=str(i),
            sku=f"sku-{k}",
            quantity=rng.randint(1, 3),
            unit_weight_grams=rng.choice([150, 400, 900]),
            unit_price_micros=20_000_000,
        )
        for i, k in enumerate(rng.sample(range(NUM_SKUS), num_lines))
    )
    return Cart(
        channel="web",
        destination=Destination(country_code="FR", point=point),
        lines=lines,
        currency_code="EUR",
        placed_at=datetime(2026, 3, 4, 9, 0, tzinfo=UTC),
    )


def test_lanes(benchmark: Any, snapshot: Snapshot, rules: CompiledRules, carts: list[Cart]) -> None:
    benchmark(lambda: [lanes(cart, snapshot, rules, (len(cart.lines), 10)) for cart in carts])


def test_build(benchmark: Any, snapshot: Snapshot, rules: CompiledRules, carts: list[Cart]) -> None:
    benchmark(lambda: [build(cart, snapshot, rules) for cart in carts])


def test_first_certificate(benchmark: Any, snapshot: Snapshot, rules: CompiledRules, carts: list[Cart]) -> None:
    problems = [build(cart, snapshot, rules)[0] for cart in carts]

    def certify() -> None:
        for problem in problems:
            relaxed = bounds.relax(problem)
            primal.best_single(problem)
            bounds.single_bounds(problem)
            bounds.several_shipments_bound(problem, relaxed, bounds.cheapest_units(problem, relaxed))

    benchmark(certify)


def test_decide_without_the_solver_process(
    benchmark: Any, snapshot: Snapshot, rules: CompiledRules, carts: list[Cart]
) -> None:
    benchmark(lambda: [drive(decide_steps(cart, snapshot, rules), lambda _: None) for cart in carts])


def test_decide(benchmark: Any, snapshot: Snapshot, rules: CompiledRules, carts: list[Cart]) -> None:
    benchmark.pedantic(lambda: [decide(cart, snapshot, rules, Budget()) for cart in carts], rounds=3)


def test_promise(benchmark: Any, snapshot: Snapshot, rules: CompiledRules, carts: list[Cart]) -> None:
    benchmark.pedantic(
        lambda: [drive(promise_steps(cart, snapshot, rules), lambda model: solve(model, Budget())) for cart in carts],
        rounds=3,
    )

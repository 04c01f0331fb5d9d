"""The hot functions of a decision, one by one, on a network of 5 warehouses and 200 stores drawn from a seed."""

import random
from typing import Any

import pytest

from benchmarks import instances
from sourcier.domain.order import Cart
from sourcier.engine import bounds, primal
from sourcier.engine.compile import CompiledRules
from sourcier.engine.decide import decide, decide_steps, drive
from sourcier.engine.offers import build
from sourcier.engine.prefilter import lanes
from sourcier.engine.promise import promise_steps
from sourcier.engine.snapshot import Snapshot
from sourcier.engine.solver import Budget, load, solve

LINES = (1, 3, 10, 30)


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    """Warehouses carry nine SKUs in ten, stores one in four and few of each."""
    load()
    return instances.stocked(_shape(1), random.Random("micro"))


@pytest.fixture(scope="module")
def rules() -> CompiledRules:
    return instances.rules()


@pytest.fixture(params=LINES, ids=lambda n: f"{n}_lines")
def carts(request: pytest.FixtureRequest) -> list[Cart]:
    """Forty carts of this many lines, over France."""
    rng = random.Random(f"carts {request.param}")
    return [instances.cart(_shape(request.param), rng) for _ in range(40)]


def _shape(num_lines: int) -> instances.Shape:
    return instances.Shape(lines=num_lines, stores=200, carried=0.9)


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

"""The hot functions of a decision, one by one: forty carts on 5 warehouses and 200 stores drawn from a seed."""

import random
from typing import Any

import pytest

from benchmarks import instances
from sourcier.domain.order import Cart
from sourcier.engine import bounds, dual
from sourcier.engine.certificates import outsets
from sourcier.engine.compile import CompiledRules
from sourcier.engine.decide import decide_steps, drive
from sourcier.engine.joined import join
from sourcier.engine.offers import build
from sourcier.engine.prefilter import lanes
from sourcier.engine.proof import prove
from sourcier.engine.snapshot import Snapshot

LINES = (1, 3, 10, 30)
CARTS = 40
ASCENT = 10  # steps of the dual, whatever it reaches


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    """Warehouses carry nine SKUs in ten, stores one in four and few of each."""
    return instances.stocked(_shape(1), random.Random("micro"))


@pytest.fixture(scope="module")
def rules() -> CompiledRules:
    return instances.rules()


@pytest.fixture(autouse=True)
def per_cart(benchmark: Any) -> None:
    """Figures are told for one cart."""
    benchmark.extra_info["calls"] = CARTS


@pytest.fixture(params=LINES, ids=lambda n: f"{n}_lines")
def carts(request: pytest.FixtureRequest) -> list[Cart]:
    """Carts of this many lines, over France."""
    rng = random.Random(f"carts {request.param}")
    return [instances.cart(_shape(request.param), rng) for _ in range(CARTS)]


def _shape(num_lines: int) -> instances.Shape:
    return instances.Shape(lines=num_lines, stores=200, carried=0.9)


def test_prefilter(benchmark: Any, snapshot: Snapshot, rules: CompiledRules, carts: list[Cart]) -> None:
    benchmark(lambda: [lanes(cart, snapshot, rules, (len(cart.lines), 10)) for cart in carts])


def test_build(benchmark: Any, snapshot: Snapshot, rules: CompiledRules, carts: list[Cart]) -> None:
    benchmark(lambda: [build(cart, snapshot, rules) for cart in carts])


def test_certificate(benchmark: Any, snapshot: Snapshot, rules: CompiledRules, carts: list[Cart]) -> None:
    problems = [build(cart, snapshot, rules)[0] for cart in carts]

    def certify() -> None:
        for problem in problems:
            outsets(join([problem]))

    benchmark(certify)


def test_bounds(benchmark: Any, snapshot: Snapshot, rules: CompiledRules, carts: list[Cart]) -> None:
    problems = [build(cart, snapshot, rules)[0] for cart in carts]

    def bound() -> None:
        for problem in problems:
            relaxed = bounds.relax(problem)
            start, sizes = bounds.starting_prices(problem, relaxed), dual.at_least(2, problem, relaxed)
            dual.ascend(problem, relaxed, start, problem.nothing, ASCENT, sizes)

    benchmark(bound)


def test_prove_without_the_solver(benchmark: Any, snapshot: Snapshot, rules: CompiledRules, carts: list[Cart]) -> None:
    problems = [build(cart, snapshot, rules)[0] for cart in carts]
    benchmark(lambda: [drive(prove(problem), lambda _: None) for problem in problems])


def test_decide_without_the_solver(benchmark: Any, snapshot: Snapshot, rules: CompiledRules, carts: list[Cart]) -> None:
    benchmark(lambda: [drive(decide_steps(cart, snapshot, rules), lambda _: None) for cart in carts])

"""Orders that the pre-filter cannot prove, with the real solver in its own process, and without it."""

import asyncio
import os
import signal
import textwrap
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from time import monotonic

import pytest
from tests.reference.instances import World, random_world
from tests.service import shop
from tests.service.promises import option, refused

from sourcier.domain.errors import Kind, Reason
from sourcier.domain.network import NodeStatus
from sourcier.domain.order import Cart
from sourcier.domain.plan import Decision, Proof, Status
from sourcier.engine.decide import decide_steps
from sourcier.service import deadline
from sourcier.service.drive import drive
from sourcier.service.solver_pool import SolverParams, SolverPool
from sourcier.service.solver_time import SolverTime

NUM_ORDERS = 8
MIP_SEED = 76
"""Of a random order that no enumeration settles."""


@pytest.fixture(scope="module")
def hard() -> list[World]:
    """Random orders that ask for the solver."""
    found = []
    for seed in range(1_000):
        world = random_world(seed)
        try:
            next(decide_steps(world.cart, world.snapshot(), world.compiled_rules()))
        except StopIteration:
            continue
        found.append(world)
        if len(found) == NUM_ORDERS:
            break
    return found


async def decided(world: World, pool: SolverPool, solve_ms: int) -> Decision:
    time = SolverTime(decision_ms=solve_ms, total_ms=solve_ms)
    return await drive(decide_steps(world.cart, world.snapshot(), world.compiled_rules()), pool, time)


def without_solver(world: World) -> Decision:
    """What is answered when every solver fails."""
    steps = decide_steps(world.cart, world.snapshot(), world.compiled_rules())
    try:
        next(steps)
        while True:
            steps.send(None)
    except StopIteration as done:
        decision: Decision = done.value
        return decision


async def test_the_solver_answers_from_its_own_process(hard: list[World]) -> None:
    pool = SolverPool()
    await pool.start()
    pids = pool.pids
    try:
        answers = [await decided(world, pool, 2_000) for world in (*hard, random_world(MIP_SEED))]
    finally:
        await pool.stop()
    assert len(answers) == NUM_ORDERS + 1
    assert Status.DEGRADED not in {answer.status for answer in answers}
    assert Proof.MIP in {answer.proof for answer in answers}
    assert len(pids) == 1


async def test_without_a_solver_the_best_known_plan_is_answered_in_time(
    hard: list[World], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = "import time\ndef stuck(model, budget):\n    time.sleep(60)\n"
    (tmp_path / "stuck_solver.py").write_text(textwrap.dedent(source), encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    pool = SolverPool(SolverParams(entry="stuck_solver:stuck"))
    await pool.start()
    try:
        for world in hard:
            begun = monotonic()
            with deadline.within(0.5):
                answer = await decided(world, pool, 100)
            assert monotonic() - begun < 1.5
            assert answer.status in (Status.DEGRADED, Status.UNFILLABLE, Status.OPTIMAL)
            assert answer.bound_micros <= answer.objective_micros
    finally:
        await pool.stop()


async def test_a_solver_killed_in_the_middle_costs_one_degraded_answer(
    hard: list[World], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The decision that it worked on; neither the one beside it nor any after it."""
    source = """
        import os, pathlib, time
        from sourcier.engine.solver import load, solve

        def slow(model, budget):
            (pathlib.Path(__file__).parent / f"{os.getpid()}.solving").touch()
            time.sleep(0.5)
            return solve(model, budget)
    """
    (tmp_path / "slow_solver.py").write_text(textwrap.dedent(source), encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    pool = SolverPool(SolverParams(entry="slow_solver:slow", processes=2))
    await pool.start()
    try:
        world = next(world for world in hard if without_solver(world).status is Status.DEGRADED)
        first, second = (asyncio.create_task(decided(world, pool, 2_000)) for _ in range(2))
        async with asyncio.timeout(20):
            while len(solving := list(tmp_path.glob("*.solving"))) < 2:
                await asyncio.sleep(0.01)
        os.kill(int(solving[0].stem), signal.SIGKILL)
        answers = [(await first).status, (await second).status]
        answers += [(await decided(world, pool, 2_000)).status for world in hard]
        assert answers.count(Status.DEGRADED) == 1
        assert Status.DEGRADED in answers[:2]
        assert len(pool.pids) == 2
    finally:
        await pool.stop()


CORNERS = 6
PAIRS = list(combinations(range(CORNERS), 2))
RULES_OF_FOUR = (
    shop.RULES
    + """
constraints: {partial_orders: false, max_shipments: 4}
promising: {broken: refuse}
"""
)


async def open_pairs(opened: shop.Shop) -> Cart:
    """A warehouse has every article; each pair of six others shares one, so that these need five shipments for all."""
    nodes = tuple(shop.node(f"n{k}", 50_000_000 + 100_000 * k) for k in range(CORNERS))
    await opened.open(RULES_OF_FOUR, replace(shop.NETWORK, nodes=(*nodes, shop.node("all", 52_000_000))))
    for a, b in PAIRS:
        for node_id in (f"n{a}", f"n{b}", "all"):
            await opened.count(node_id, f"sku-{a}{b}", 1)
    return shop.cart(*((f"sku-{a}{b}", 1) for a, b in PAIRS))


@pytest.fixture
async def failing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SolverPool]:
    """Solvers that fail each time."""
    (tmp_path / "no_solver.py").write_text("def fail(model, budget):\n    raise MemoryError\n", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    pool = SolverPool(SolverParams(entry="no_solver:fail"))
    await pool.start()
    yield pool
    await pool.stop()


@pytest.mark.parametrize(("with_token", "reason"), [(False, Reason.NO_PLAN), (True, Reason.PROMISE_BROKEN)])
async def test_an_order_hears_for_good_that_it_has_no_plan_only_when_that_is_proven(
    with_token: bool, reason: Reason, sqlite_url: str, failing: SolverPool
) -> None:
    async with shop.running(sqlite_url) as opened:
        wanted, request_id = await open_pairs(opened), str(uuid.uuid4())
        promised, token = option(await opened.promise(wanted))
        assert [shipment.node_id for shipment in promised.decision.plan.shipments] == ["all"]
        await opened.status("all", NodeStatus.OFFLINE)
        asked = {"promise_token": token} if with_token else {}
        able = opened.app
        opened.app = replace(able, solvers=failing)
        refusal = await refused(opened.allocate("o-1", wanted, request_id, **asked))
        assert (refusal.kind, refusal.reason) == (Kind.UNAVAILABLE, Reason.UNDECIDED)
        opened.app = able
        refusal = await refused(opened.allocate("o-1", wanted, request_id, **asked))
        assert (refusal.kind, refusal.reason) == (Kind.FAILED_PRECONDITION, reason)

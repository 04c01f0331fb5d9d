"""Orders that the pre-filter cannot prove, with the real solver in its own process, and without it."""

import asyncio
import os
import signal
import textwrap
from pathlib import Path
from time import monotonic

import pytest
from tests.reference.instances import World, random_world

from sourcier.domain.plan import Decision, Proof, Status
from sourcier.engine.decide import decide_steps
from sourcier.service import deadline
from sourcier.service.drive import drive
from sourcier.service.solver_pool import SolverParams, SolverPool
from sourcier.service.solver_time import SolverTime

NUM_ORDERS = 8


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
        answers = [await decided(world, pool, 2_000) for world in hard]
    finally:
        await pool.stop()
    assert len(answers) == NUM_ORDERS
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

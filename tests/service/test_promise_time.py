"""Promises whose dates ask for more solver than a request has, with real solver processes: answered in time, marked."""

import textwrap
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic

import pytest
from tests.reference.instances import World, random_world

from sourcier.domain.plan import Status
from sourcier.domain.promise import Choice, Promises
from sourcier.engine import decide as engine
from sourcier.engine.promise import promise_steps
from sourcier.engine.refine import Solution
from sourcier.service import deadline
from sourcier.service.drive import drive
from sourcier.service.solver_pool import SolverParams, SolverPool
from sourcier.service.solver_time import SolverTime

SOLVERS = """
    import time
    from sourcier.engine.refine import Solution

    def slow(model, budget):
        time.sleep(budget.solve_ms / 1_000)
        return Solution(cover=None, bound=model.bound)

    def stuck(model, budget):
        time.sleep(60)
"""
"""Stand-ins for the engine's solver: one that uses up its time and finds nothing, one that never answers."""

SERVICES = {"S0", "S1", "S2"}


@pytest.fixture(scope="module")
def world() -> World:
    """A world with three services, each of which can bring the cart by a plan that only a solver would settle."""
    for seed in range(200, 400):
        world = random_world(seed)
        answer = engine.drive(promises(world), lambda model: Solution(cover=None, bound=model.bound))
        if {p.service_id for p in answer.promised if p.decision.status is Status.FEASIBLE} == SERVICES:
            return world
    raise AssertionError("every promise is settled without a solver")


def promises(world: World) -> engine.Steps[Promises]:
    return promise_steps(world.cart, world.snapshot(), world.compiled_rules(), choices=frozenset({Choice.EARLIEST}))


@asynccontextmanager
async def pool_of(entry: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SolverPool]:
    (folder / "slow_solvers.py").write_text(textwrap.dedent(SOLVERS), encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(folder))
    pool = SolverPool(SolverParams(entry=f"slow_solvers:{entry}"))
    await pool.start()
    try:
        yield pool
    finally:
        await pool.stop()


async def promised(world: World, pool: SolverPool, time: SolverTime) -> Promises:
    return await drive(promises(world), pool, time)


async def test_the_caller_s_time_is_not_used_up_by_the_first_date(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with pool_of("stuck", tmp_path, monkeypatch) as pool:
        with deadline.within(2.0):
            answer = await promised(world, pool, SolverTime(decision_ms=10_000, total_ms=60_000))
            assert deadline.remaining() > 0.1
    assert {p.service_id for p in answer.promised} == SERVICES
    assert {p.decision.status for p in answer.promised} == {Status.DEGRADED}


async def test_all_dates_of_a_promise_share_its_solver_time(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with pool_of("slow", tmp_path, monkeypatch) as pool:
        begun = monotonic()
        answer = await promised(world, pool, SolverTime(decision_ms=1_000, total_ms=600))
        assert monotonic() - begun < 2.0  # each of the three alone would have had a second
    assert {p.service_id for p in answer.promised} == SERVICES
    assert {p.decision.status for p in answer.promised} == {Status.FEASIBLE}
    assert all(p.decision.bound_micros < p.decision.objective_micros for p in answer.promised)

"""Real solver processes: what they answer, what happens when they hang, die or are outlived by their parent."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from sourcier.service import deadline
from sourcier.service.solver_pool import SolverParams, SolverPool

SOLVERS = """
    import os, time
    import sourcier.engine.solver  # of which a budget is: not to be loaded in the time of the first model

    def double(model, budget):
        return (2 * model, budget.solve_ms)

    def sleepy(model, budget):
        time.sleep(model)
        return "slept"

    def spin(model, budget):
        while model:
            pass
        return "done"

    def crash(model, budget):
        if model:
            os.abort()
        return "alive"

    def fail(model, budget):
        raise ValueError(f"cannot solve {model}")

    def hungry(model, budget):
        return len(bytearray(model))
"""
"""Stand-ins for the engine's solver, loaded by the children from a folder on their path."""


@pytest.fixture
def solvers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "odd_solvers.py").write_text(textwrap.dedent(SOLVERS), encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


@asynccontextmanager
async def pool_of(entry: str, **params: Any) -> AsyncIterator[SolverPool]:
    pool = SolverPool(SolverParams(entry=f"odd_solvers:{entry}", **params))
    await pool.start()
    try:
        yield pool
    finally:
        await pool.stop()


async def eventually(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen"
        await asyncio.sleep(0.02)


def alive(pid: int) -> bool:
    """Whether the process runs; a zombie that waits for its parent does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def solve(pool: SolverPool, model: Any, solve_ms: int = 1_000) -> Any:
    return (await pool.solve(model, solve_ms)).solution


@pytest.mark.usefixtures("solvers")
class TestAnswers:
    async def test_a_child_gets_the_model_and_the_budget(self) -> None:
        async with pool_of("double") as pool:
            assert await solve(pool, 21, 1_000) == (42, 1_000)
            assert await solve(pool, "ab", 70) == ("abab", 70)

    async def test_children_work_side_by_side_and_callers_queue_in_order(self) -> None:
        async with pool_of("sleepy", processes=2) as pool:
            begun = time.monotonic()
            answers = await asyncio.gather(*(solve(pool, 0.2, 10_000) for _ in range(4)))
            assert answers == ["slept"] * 4
            assert 0.4 <= time.monotonic() - begun < 10
            assert len(set(pool.pids)) == 2

    async def test_a_solver_that_raises_gives_none_and_lives_on(self, caplog: pytest.LogCaptureFixture) -> None:
        async with pool_of("fail") as pool:
            before = pool.pids
            assert await solve(pool, 1) is None
            assert await solve(pool, 2) is None
            assert pool.pids == before
        assert "ValueError: cannot solve 2" in caplog.text

    async def test_the_budget_shrinks_to_the_caller_s_time(self) -> None:
        async with pool_of("double", grace_ms=0) as pool:
            with deadline.within(0.5):
                _, solve_ms = await solve(pool, 1, 10_000)
            assert solve_ms <= 480 / 1.2

    async def test_without_time_nothing_is_sent(self) -> None:
        async with pool_of("crash") as pool:
            with deadline.within(0.02):
                assert await solve(pool, True) is None
            assert await solve(pool, False) == "alive"


@pytest.mark.usefixtures("solvers")
class TestFaults:
    @pytest.mark.parametrize(("entry", "forever"), [("sleepy", 60), ("spin", True)])
    async def test_a_child_that_hangs_is_killed_in_time_and_replaced(self, entry: str, forever: Any) -> None:
        async with pool_of(entry, grace_ms=100) as pool:
            (pid,) = pool.pids
            begun = time.monotonic()
            assert await solve(pool, forever, 100) is None
            assert time.monotonic() - begun < 2
            await eventually(lambda: not alive(pid))
            await eventually(lambda: len(pool.pids) == 1 and pool.pids != (pid,))
            assert await solve(pool, 0) in ("slept", "done")

    async def test_a_child_that_crashes_gives_none_at_once_and_is_replaced(self) -> None:
        async with pool_of("crash") as pool:
            (pid,) = pool.pids
            begun = time.monotonic()
            assert await solve(pool, True, 10_000) is None
            assert time.monotonic() - begun < 5
            await eventually(lambda: len(pool.pids) == 1 and pool.pids != (pid,))
            assert await solve(pool, False) == "alive"

    async def test_a_child_killed_while_idle_costs_one_answer(self) -> None:
        async with pool_of("double", processes=1) as pool:
            (pid,) = pool.pids
            os.kill(pid, signal.SIGKILL)
            await asyncio.sleep(0.05)
            assert await solve(pool, 1) is None
            await eventually(lambda: len(pool.pids) == 1 and pool.pids != (pid,))
            assert await solve(pool, 1) == (2, 1_000)

    async def test_a_hungry_child_fails_alone(self) -> None:
        async with pool_of("hungry", memory_bytes=512 << 20) as pool:
            assert await solve(pool, 1 << 30) is None
            assert await solve(pool, 1 << 10) == 1 << 10

    async def test_what_cannot_be_sent_gives_none(self) -> None:
        async with pool_of("double") as pool:
            (pid,) = pool.pids
            assert await solve(pool, lambda: None) is None
            await eventually(lambda: len(pool.pids) == 1 and pool.pids != (pid,))
            assert await solve(pool, 1) == (2, 1_000)

    async def test_a_solver_that_does_not_load_is_an_error(self) -> None:
        with pytest.raises(OSError, match="did not start"):
            async with pool_of("missing"):
                pass


@pytest.mark.usefixtures("solvers")
class TestLoad:
    async def test_callers_wait_no_longer_than_their_deadline(self) -> None:
        async with pool_of("sleepy") as pool:
            busy = asyncio.create_task(solve(pool, 1.0, 5_000))
            await asyncio.sleep(0.05)
            begun = time.monotonic()
            with deadline.within(0.2):
                assert await solve(pool, 0, 100) is None
            assert time.monotonic() - begun < 0.8
            assert await busy == "slept"

    async def test_a_late_child_costs_its_caller_an_answer_and_is_not_killed(self) -> None:
        async with pool_of("sleepy") as pool:
            before = pool.pids
            with deadline.within(0.3):
                assert await solve(pool, 0.8) is None
            assert await solve(pool, 0.0) == "slept"
            assert pool.pids == before

    async def test_the_queue_is_bounded(self) -> None:
        async with pool_of("sleepy", waiting_per_process=1) as pool:
            busy = asyncio.create_task(solve(pool, 0.3))
            await asyncio.sleep(0.05)
            queued = asyncio.create_task(solve(pool, 0.01))
            await asyncio.sleep(0.05)
            begun = time.monotonic()
            assert await solve(pool, 0.01) is None
            assert time.monotonic() - begun < 0.1
            assert [await busy, await queued] == ["slept", "slept"]

    async def test_a_caller_who_leaves_does_not_spoil_the_next_answer(self) -> None:
        async with pool_of("sleepy") as pool:
            leaving = asyncio.create_task(solve(pool, 0.3))
            await asyncio.sleep(0.05)
            leaving.cancel()
            with pytest.raises(asyncio.CancelledError):
                await leaving
            before = pool.pids
            assert await solve(pool, 0.0) == "slept"
            assert pool.pids == before

    async def test_a_queued_caller_who_leaves_frees_the_place(self) -> None:
        async with pool_of("sleepy", waiting_per_process=1) as pool:
            busy = asyncio.create_task(solve(pool, 0.3))
            await asyncio.sleep(0.05)
            leaving = asyncio.create_task(solve(pool, 0.0))
            await asyncio.sleep(0.05)
            leaving.cancel()
            await asyncio.gather(leaving, return_exceptions=True)
            assert await solve(pool, 0.0) == "slept"
            assert await busy == "slept"


@pytest.mark.usefixtures("solvers")
class TestEnds:
    async def test_stop_kills_the_children_and_frees_the_callers(self) -> None:
        async with pool_of("sleepy", processes=2) as pool:
            pids = pool.pids
            calls: list[Awaitable[Any]] = [asyncio.create_task(solve(pool, 30, 10_000)) for _ in range(3)]
            await asyncio.sleep(0.1)
            await pool.stop()
            assert await asyncio.gather(*calls) == [None] * 3
            assert not any(alive(pid) for pid in pids)
            assert await solve(pool, 0) is None

    async def test_stop_reaps_a_child_that_is_just_being_replaced(self) -> None:
        async with pool_of("crash") as pool:
            before = set(pool.pids)
            for _ in range(5):
                await solve(pool, True, 50)
                await asyncio.sleep(0.01)
                before.update(pool.pids)
        assert not any(alive(pid) for pid in before)

    @pytest.mark.parametrize("busy", [False, True], ids=["idle", "busy"])
    def test_no_child_outlives_a_killed_parent(self, busy: bool) -> None:
        script = f"""
            import asyncio
            from sourcier.service.solver_pool import SolverParams, SolverPool

            async def main():
                pool = SolverPool(SolverParams(entry="odd_solvers:spin", processes=2))
                await pool.start()
                if {busy}:
                    calls = [asyncio.create_task(pool.solve(True, 10_000)) for _ in range(2)]
                    await asyncio.sleep(0.2)
                print(*pool.pids, flush=True)
                await asyncio.sleep(60)

            asyncio.run(main())
        """
        parent = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE, text=True)
        assert parent.stdout is not None
        with parent, parent.stdout:
            pids = [int(pid) for pid in parent.stdout.readline().split()]
            assert len(pids) == 2
            assert all(alive(pid) for pid in pids)
            parent.kill()
        until = time.monotonic() + 10
        while any(alive(pid) for pid in pids):
            assert time.monotonic() < until, "a solver outlived its parent"
            time.sleep(0.02)

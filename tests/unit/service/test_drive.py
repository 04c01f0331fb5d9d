"""The engine's generators get their solutions, and their refusals pass through."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import pytest

from sourcier.domain.errors import Kind, Reason, Refusal
from sourcier.engine.refine import Solution
from sourcier.service import deadline
from sourcier.service.drive import Solved, drive
from sourcier.service.solver_time import SolverTime


@dataclass(frozen=True)
class Asked:
    """Stands for a model."""

    number: int
    bound: int = 7
    waiting: int = 0


class Solvers:
    """Answers every model with its double after `seconds`, and remembers what it was asked."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.asked: list[tuple[int, int]] = []
        self.seconds = seconds
        self.left: list[float] = []

    async def solve(self, model: Any, solve_ms: int) -> Solved:
        self.asked.append((model.number, solve_ms))
        self.left.append(deadline.remaining())
        return Solved(solution=None if model.number < 0 else 2 * model.number, seconds=self.seconds)  # type: ignore[arg-type]


def time_of(decision_ms: int, total_ms: int = 1_000_000) -> SolverTime:
    return SolverTime(decision_ms=decision_ms, total_ms=total_ms)


def proven() -> Generator[Any, Any, str]:
    return "proven"
    yield


def asking(*models: int, waiting: int = 0) -> Generator[Any, Any, list[Any]]:
    solutions: list[Any] = []
    for model in models:
        solution = yield Asked(model, waiting=waiting)
        solutions = [*solutions, solution]
    return solutions


async def test_what_is_proven_asks_no_solver() -> None:
    solvers = Solvers()
    assert await drive(proven(), solvers, time_of(50)) == "proven"
    assert solvers.asked == []


async def test_every_model_is_answered_in_turn() -> None:
    solvers = Solvers()
    assert await drive(asking(1, -1, 3), solvers, time_of(50)) == [2, None, 6]
    assert solvers.asked == [(1, 50), (-1, 50), (3, 50)]


async def test_a_refusal_passes_through() -> None:
    def refusing() -> Generator[Any, Any, None]:
        yield Asked(1)
        raise Refusal(kind=Kind.INVALID_ARGUMENT, reason=Reason.SERVICE_UNKNOWN, message="no such service")

    with pytest.raises(Refusal, match="no such service"):
        await drive(refusing(), Solvers(), time_of(50))


async def test_a_failing_solver_ends_the_generator() -> None:
    class Failing:
        async def solve(self, model: Any, solve_ms: int) -> Solved:
            raise RuntimeError("gone")

    steps = asking(1)
    with pytest.raises(RuntimeError, match="gone"):
        await drive(steps, Failing(), time_of(50))
    assert steps.gi_frame is None


async def test_all_models_share_the_solver_time_of_the_request() -> None:
    solvers = Solvers(seconds=0.05)
    answers = await drive(asking(1, 2, 3, 4), solvers, time_of(80, 145))
    assert solvers.asked == [(1, 80), (2, 80), (3, 45)]
    assert answers == [2, 4, 6, Solution(cover=None, bound=7)]


async def test_what_waits_gets_as_much_of_it_and_of_the_caller_s_time() -> None:
    solvers = Solvers(seconds=0.01)
    with deadline.within(8.0):
        await drive(asking(1, 2, waiting=2), solvers, time_of(80, 90))
    assert solvers.asked == [(1, 30), (2, 26)]
    assert all(1.9 < left <= 2.0 for left in solvers.left)  # a quarter is kept back, the rest is for three

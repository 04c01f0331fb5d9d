"""The engine's generators get their solutions, and their refusals pass through."""

from collections.abc import Generator
from typing import Any

import pytest

from sourcier.domain.errors import Kind, Reason, Refusal
from sourcier.service.drive import drive


class Solvers:
    """Answers every model with its double, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, int]] = []

    async def solve(self, model: Any, solve_ms: int) -> Any:
        self.asked.append((model, solve_ms))
        return None if model < 0 else 2 * model


def proven() -> Generator[Any, Any, str]:
    return "proven"
    yield


def asking(*models: int) -> Generator[Any, Any, list[Any]]:
    solutions: list[Any] = []
    for model in models:
        solution = yield model
        solutions = [*solutions, solution]
    return solutions


async def test_what_is_proven_asks_no_solver() -> None:
    solvers = Solvers()
    assert await drive(proven(), solvers, 50) == "proven"
    assert solvers.asked == []


async def test_every_model_is_answered_in_turn() -> None:
    solvers = Solvers()
    assert await drive(asking(1, -1, 3), solvers, 50) == [2, None, 6]
    assert solvers.asked == [(1, 50), (-1, 50), (3, 50)]


async def test_a_refusal_passes_through() -> None:
    def refusing() -> Generator[Any, Any, None]:
        yield 1
        raise Refusal(kind=Kind.INVALID_ARGUMENT, reason=Reason.SERVICE_UNKNOWN, message="no such service")

    with pytest.raises(Refusal, match="no such service"):
        await drive(refusing(), Solvers(), 50)


async def test_a_failing_solver_ends_the_generator() -> None:
    class Failing:
        async def solve(self, model: Any, solve_ms: int) -> Any:
            raise RuntimeError("gone")

    steps = asking(1)
    with pytest.raises(RuntimeError, match="gone"):
        await drive(steps, Failing(), 50)
    assert steps.gi_frame is None

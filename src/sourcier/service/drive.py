"""Drives the engine's generators: the engine says what it wants solved, the solver processes solve it."""

from collections.abc import Generator
from typing import Protocol, TypeVar

from sourcier.engine.refine import Model, Solution

T = TypeVar("T")


class Solvers(Protocol):
    """Whoever solves a model; None when it could not be solved in time."""

    async def solve(self, model: Model, solve_ms: int) -> Solution | None:
        """Solve within `solve_ms` milliseconds."""
        ...


async def drive(steps: Generator[Model, Solution | None, T], solvers: Solvers, solve_ms: int) -> T:
    """What the generator returns, after every model it yields was sent to the solvers with `solve_ms` each.

    What the pre-filter proves never waits for a solver. A refusal of the engine passes through.
    """
    try:
        model = next(steps)
        while True:
            model = steps.send(await solvers.solve(model, solve_ms))
    except StopIteration as stop:
        answer: T = stop.value
        return answer
    finally:
        steps.close()

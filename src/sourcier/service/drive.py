"""Drives the engine's generators: the engine says what it wants solved, the solver processes solve it."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Protocol, TypeVar

from sourcier.engine.refine import Model, Solution
from sourcier.service import deadline
from sourcier.service.solver_time import SolverTime

T = TypeVar("T")

SOLVE_MS_MIN = 5
"""With fewer milliseconds a solver returns nothing: it is not asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Solved:
    """What a solver process answered, None if it failed or had no time, and the seconds for which it was busy."""

    solution: Solution | None
    seconds: float = 0.0


class Solvers(Protocol):
    """Whoever solves a model."""

    async def solve(self, model: Model, solve_ms: int) -> Solved:
        """Solve within `solve_ms` milliseconds, and within the caller's time."""
        ...


async def drive(steps: Generator[Model, Solution | None, T], solvers: Solvers, time: SolverTime) -> T:
    """What the generator returns, after every model it yields was sent to the solvers with its share of the time.

    What the pre-filter proves never waits for a solver. A refusal of the engine passes through.
    """
    try:
        model = next(steps)
        while True:
            model = steps.send(await _solution(model, solvers, time))
    except StopIteration as stop:
        answer: T = stop.value
        return answer
    finally:
        steps.close()


async def _solution(model: Model, solvers: Solvers, time: SolverTime) -> Solution | None:
    """The solvers' solution; where the request's solver time is spent, that nothing better was found."""
    solve_ms = time.share_ms(model.waiting)
    if solve_ms < SOLVE_MS_MIN:
        return Solution(cover=None, bound=model.bound)
    with deadline.within(time.share_seconds(model.waiting)):
        solved = await solvers.solve(model, solve_ms)
    time.spend(solved.seconds)
    return solved.solution

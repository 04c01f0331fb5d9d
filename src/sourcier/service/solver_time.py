"""What one request may spend on solvers, divided among all of its decisions: solver time, and the caller's own time.

A model gets what it may take at most, or an equal share of what is left with the models that wait beside it: so none is
left with nothing because another was hard, and what an easy one does not need is there for the others.
"""

from typing import Final

from sourcier.service import deadline

ANSWER_SHARE: Final = 0.25
"""Of the caller's time, kept back for the engine's own work after the solvers, the reserve and the answer."""


class SolverTime:
    """Counts down the solver time of one request. Made when the request comes, since it looks at the caller's time.

    `decision_ms` is the most for one model, `total_ms` for all of them, milliseconds of a solver process.
    """

    def __init__(self, *, decision_ms: int, total_ms: int) -> None:
        self._decision_ms = decision_ms
        self._left_ms = float(total_ms)
        self._kept_seconds = ANSWER_SHARE * deadline.remaining()

    def share_ms(self, waiting: int) -> int:
        """Milliseconds of solver for the next model, beside which so many others wait."""
        return min(self._decision_ms, int(self._left_ms / (waiting + 1)))

    def share_seconds(self, waiting: int) -> float:
        """How long the next model may keep the caller waiting, the queue for a solver included."""
        return (deadline.remaining() - self._kept_seconds) / (waiting + 1)

    def spend(self, seconds: float) -> None:
        """A solver process was busy for so long."""
        self._left_ms -= 1_000 * seconds

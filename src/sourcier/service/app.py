"""What every use case needs: the ledger, the snapshots, the solver processes and the clock.

`bootstrap.build` makes an `App`; nothing here knows settings or files.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Concatenate, ParamSpec, TypeVar

from sourcier.ledger.store import Ledger, Tx
from sourcier.ledger.token_key import token_key
from sourcier.service import deadline
from sourcier.service.expire import Sweeper
from sourcier.service.promised_rules import PromisedRules
from sourcier.service.snapshots import Snapshots
from sourcier.service.solver_pool import SolverPool
from sourcier.service.tokens import Tokens
from sourcier.service.turns import Turns

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """One server's use cases' surroundings. Lives on one event loop; `start` before use, `stop` after.

    `solve_ms` is the solver time of one decision, `promise_solve_ms` that of all decisions of one promise, both in
    milliseconds. `clock` gives the present instant in UTC; it dates
    requests, never holds: their expiry is the ledger's business.
    """

    ledger: Ledger
    snapshots: Snapshots
    solvers: SolverPool
    sweeper: Sweeper
    solve_ms: int
    promise_solve_ms: int
    clock: Callable[[], datetime]
    turns: Turns = field(default_factory=Turns)
    tokens: Tokens = field(default_factory=Tokens)
    promised_rules: PromisedRules = field(default_factory=PromisedRules)

    async def start(self) -> None:
        """Read the snapshot and the key of tokens, load the solvers, begin to follow the ledger and to expire holds.

        Raises the Refusal DATABASE_UNAVAILABLE, or OSError when a solver does not start; everything is stopped then.
        """
        try:
            self.tokens.unlock(await asyncio.wrap_future(self.ledger.write(token_key)))
            outcomes = await asyncio.gather(self.snapshots.start(), self.solvers.start(), return_exceptions=True)
            for failure in outcomes:
                if failure is not None:
                    raise failure
        except BaseException:
            await self.stop()
            raise
        self.sweeper.start()

    async def stop(self) -> None:
        """End everything that `start` began and close the ledger; what it acknowledged is on disk."""
        await self.sweeper.stop()
        await self.snapshots.stop()
        await self.solvers.stop()
        await asyncio.to_thread(self.ledger.close)

    async def read(self, query: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What a ledger query answers within the caller's time."""
        deadline.demand()
        return await deadline.wait(asyncio.wrap_future(self.ledger.read(query, *args, **kwargs)))

    async def write(self, operation: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What a ledger operation answers once it is committed.

        Past the caller's time its outcome is unknown to the caller; a retry with the same request id finds it.
        """
        deadline.demand()
        return await deadline.wait(asyncio.wrap_future(self.ledger.write(operation, *args, **kwargs)))

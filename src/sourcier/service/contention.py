"""Decide, reserve, and decide again when another request took the stock in between: the only loop of the service."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from sourcier.domain.limits import DECIDE_ATTEMPTS_MAX
from sourcier.domain.reservation import Reservation
from sourcier.ledger.commands import Replayed, Reserve, Reserved, Short
from sourcier.ledger.reserve import reserve
from sourcier.service.refusals import contended

if TYPE_CHECKING:
    from sourcier.service.app import App
    from sourcier.service.snapshots import View

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal(Generic[T]):
    """What was decided on a view, and what it asks of the ledger: None when there is nothing to reserve."""

    view: "View"
    decided: T
    command: Reserve | None
    respond: Callable[[Reservation], bytes]


async def reserve_best(
    app: "App", propose: Callable[["View"], Awaitable[Proposal[T]]]
) -> tuple[Proposal[T], Reserved | Replayed | None]:
    """The first proposal that the ledger takes, with its outcome.

    The outcome is None when there is nothing to reserve on a picture that has everything committed before this call:
    what is refused for good must not rest on a picture that the ledger had already overtaken. The last try keeps all
    other reservations of this process waiting, so that a long decision is not overtaken by short ones for ever. Raises
    CONTENDED when even then another process, or a count, was quicker.
    """
    for _ in range(DECIDE_ATTEMPTS_MAX - 1):
        proposal = await _believable(app, propose)
        if proposal.command is None:
            return proposal, None
        async with app.turns.beside_others():
            outcome = await app.write(reserve, proposal.command, proposal.respond)
        if not isinstance(outcome, Short):
            return proposal, outcome
        await app.snapshots.refresh(outcome.stock, outcome.pools, outcome.supplies)
    async with app.turns.alone():
        await app.snapshots.abreast()
        proposal = await _believable(app, propose)
        if proposal.command is None:
            return proposal, None
        outcome = await app.write(reserve, proposal.command, proposal.respond)
    if isinstance(outcome, Short):
        raise contended()
    return proposal, outcome


async def _believable(app: "App", propose: Callable[["View"], Awaitable[Proposal[T]]]) -> Proposal[T]:
    """A proposal; one that there is nothing to reserve only on a picture with everything committed before this call."""
    proposal = await propose(app.snapshots.view())
    if proposal.command is None and await app.snapshots.outdated(proposal.view):
        return await propose(app.snapshots.view())
    return proposal

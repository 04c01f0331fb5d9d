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
    what is refused for good must not rest on a picture that the ledger had already overtaken. Raises CONTENDED when
    the ledger was short of something each time.
    """
    abreast = False
    attempts = 0
    while attempts < DECIDE_ATTEMPTS_MAX:
        view = app.snapshots.view()
        proposal = await propose(view)
        if proposal.command is None:
            if abreast or not await app.snapshots.outdated(view):
                return proposal, None
            abreast = True
            continue
        attempts += 1
        outcome = await app.write(reserve, proposal.command, proposal.respond)
        if not isinstance(outcome, Short):
            return proposal, outcome
        await app.snapshots.refresh(outcome.stock, outcome.pools)
    raise contended()

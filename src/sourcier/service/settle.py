"""What happens to reserved stock afterwards: it ships, it is cancelled, or a hold is given back."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from sourcier.ledger import settle
from sourcier.ledger.commands import Replayed, Settle, Settled
from sourcier.ledger.store import Tx
from sourcier.service import codec, replay
from sourcier.service.allocate_order import restore
from sourcier.service.commands import Allocation, LineQuantity, ReleaseHold, RequestKey, SettleAllocation
from sourcier.service.reservations import Document, allocation, record

if TYPE_CHECKING:
    from sourcier.domain.reservation import Reservation
    from sourcier.service.app import App

Operation = Callable[[Tx, Settle, "Callable[[Reservation], bytes]"], Settled | Replayed]


async def ship_allocation(app: "App", request: SettleAllocation) -> Allocation:
    """Record that lines left their nodes.

    Raises ALLOCATION_NOT_FOUND, ALLOCATION_STATE when a line is not (or not that much) allocated.
    """
    return await _settle(app, request, settle.ship)


async def cancel_allocation(app: "App", request: SettleAllocation) -> Allocation:
    """Give lines that have not shipped, and their capacity, back. Raises as `ship_allocation` does."""
    return await _settle(app, request, settle.cancel)


async def release_hold(app: "App", request: ReleaseHold) -> None:
    """Give a hold back. Raises HOLD_NOT_FOUND, HOLD_EXPIRED, HOLD_NOT_OPEN."""

    async def work() -> None:
        await app.write(settle.release, _command(request.key, request.hold_id, ()), _respond)

    await replay.once(app, request.key, work, _nothing)


async def _settle(app: "App", request: SettleAllocation, operation: Operation) -> Allocation:
    async def work() -> Allocation:
        outcome = await app.write(operation, _command(request.key, request.allocation_id, request.lines), record)
        if isinstance(outcome, Replayed):
            return await restore(app, outcome.response)
        return allocation(outcome.reservation, codec.load(Document, outcome.reservation.document))

    return await replay.once(app, request.key, work, partial(restore, app))


def _command(key: RequestKey, reservation_id: str, lines: tuple[LineQuantity, ...]) -> Settle:
    return Settle(
        method=key.method,
        request_id=key.request_id,
        fingerprint=key.fingerprint,
        reservation_id=reservation_id,
        lines=tuple((line.line_no, line.quantity) for line in lines),
    )


def _respond(released: "Reservation") -> bytes:
    return codec.dump(None)


async def _nothing(stored: bytes) -> None:
    codec.load(type(None), stored)

"""Exactly once: an answered request is answered the same way again, refusals of the business included."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, TypeVar

from sourcier.domain.errors import Reason, Refusal
from sourcier.ledger import requests
from sourcier.service import codec
from sourcier.service.commands import RequestKey

if TYPE_CHECKING:
    from sourcier.service.app import App

T = TypeVar("T")

REMEMBERED: Final = frozenset(
    {
        Reason.OUT_OF_STOCK,
        Reason.NO_PLAN,
        Reason.HOLD_NOT_FOUND,
        Reason.HOLD_EXPIRED,
        Reason.HOLD_NOT_OPEN,
        Reason.HOLD_MISMATCH,
        Reason.PROMISE_TOKEN_EXPIRED,
        Reason.PROMISE_MISMATCH,
        Reason.PROMISE_BROKEN,
        Reason.ORDER_LINE_ALREADY_ALLOCATED,
        Reason.ALLOCATION_NOT_FOUND,
        Reason.ALLOCATION_STATE,
    }
)
"""Refusals that are the answer to the request. A late duplicate hears them again whatever has changed since (an order
that was refused for stock and went elsewhere must not ship from here too). Faults of the request itself and passing
states (contention, overload, a database that is away, nothing activated yet) are not: the request never took effect."""


async def once(
    app: "App", key: RequestKey, work: Callable[[], Awaitable[T]], restore: Callable[[bytes], Awaitable[T]]
) -> T:
    """The stored answer to `key`, or that of `work`, whose ledger operation stores its own answer.

    `restore` makes an answer of stored bytes; the log decides when two callers bring the same request at once. Raises
    REQUEST_ID_REUSED when the id came with another request before.
    """
    stored = await app.read(requests.recall, key.method, key.request_id, key.fingerprint)
    if stored is not None:
        return await restore(stored)
    try:
        return await work()
    except Refusal as refusal:
        if refusal.reason not in REMEMBERED:
            raise
        return await restore(await remember(app, key, codec.dump_refusal(refusal)))


async def remember(app: "App", key: RequestKey, response: bytes) -> bytes:
    """Store an answer that changed nothing; what the log says, should a duplicate have been first."""
    return await app.write(requests.remember, key.method, key.request_id, key.fingerprint, response)

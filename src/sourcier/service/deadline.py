"""The caller's time caps every step: what cannot finish in it is not begun.

The edge opens `within(seconds)` around a use case; everything below asks `remaining()`. The time lies in a context
variable, so each call has its own.
"""

import asyncio
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic
from typing import Final, TypeVar

from sourcier.domain.errors import Kind, Reason, Refusal

T = TypeVar("T")

DEFAULT_SECONDS: Final = 10.0
"""The time of a caller who names none."""

ANSWER_SECONDS: Final = 0.02
"""Kept back of the caller's time for what follows the solver: the reserve and the answer."""

_until: ContextVar[float | None] = ContextVar("sourcier_deadline", default=None)


@contextmanager
def within(seconds: float | None) -> Iterator[None]:
    """Everything inside has `seconds` (None: DEFAULT_SECONDS) from now, and no more than what surrounds it has."""
    until = monotonic() + (DEFAULT_SECONDS if seconds is None else seconds)
    outer = _until.get()
    token = _until.set(until if outer is None else min(until, outer))
    try:
        yield
    finally:
        _until.reset(token)


def remaining() -> float:
    """Seconds left, negative when they have passed; DEFAULT_SECONDS where nobody has set a deadline."""
    until = _until.get()
    return DEFAULT_SECONDS if until is None else until - monotonic()


def demand() -> float:
    """Seconds left; raises DEADLINE_TOO_SHORT when there are none."""
    left = remaining()
    if left <= 0:
        raise too_short()
    return left


async def wait(awaitable: Awaitable[T]) -> T:
    """What `awaitable` gives; raises DEADLINE_TOO_SHORT, and cancels it, when the caller's time ends before."""
    left = remaining()
    if left <= 0:
        if asyncio.iscoroutine(awaitable):
            awaitable.close()  # it was never begun
        raise too_short()
    try:
        async with asyncio.timeout(left):
            return await awaitable
    except TimeoutError as error:
        raise too_short() from error


def too_short() -> Refusal:
    """The caller's time is over. A retry with the same request id finds whatever was done."""
    return Refusal(
        kind=Kind.DEADLINE_EXCEEDED,
        reason=Reason.DEADLINE_TOO_SHORT,
        message="the deadline passed before the answer was ready; retry with the same request id and more time",
    )

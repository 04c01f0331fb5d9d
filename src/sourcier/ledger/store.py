"""What an operation sees of the database (`Tx`) and what everybody else sees of the ledger (`Ledger`)."""

import logging
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from sourcier.domain.errors import Kind, Reason, Refusal
from sourcier.ledger.dialect import Query

_log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")
Row = tuple[Any, ...]


class Tx(Protocol):
    """One transaction. Operations are plain functions that take it first."""

    def ask(self, query: Query, /, **parameters: object) -> list[Row]:
        """Run a statement and return its rows."""
        ...

    def tell(self, query: Query, /, **parameters: object) -> None:
        """Run a statement whose rows nobody needs; PostgreSQL may send it together with the next one."""
        ...

    def abandon(self) -> None:
        """Undo all of this operation when it returns, although it returns a value. Nothing may run after it."""
        ...


class Ledger(Protocol):
    """An open ledger. All methods may be called from any thread."""

    def write(self, operation: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run `operation(tx, ...)` in one transaction; the future is set after the commit.

        On PostgreSQL an operation may run more than once (deadlock, serialization): it must not touch anything
        but `tx`. It may run in another process: it and its arguments, and what it returns, must be picklable. The
        future raises `Refusal`: the operation's own, or DATABASE_UNAVAILABLE, or CONTENDED.
        """
        ...

    def read(self, operation: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run `operation(tx, ...)` on one snapshot, read-only."""
        ...

    def on_commit(self, callback: Callable[[], None]) -> None:
        """Call `callback` (on a thread of the ledger, quickly!) after each group of commits made here."""
        ...

    def close(self) -> None:
        """Finish what was given, then close. Later calls are refused with SHUTTING_DOWN."""
        ...


def notify(callbacks: Iterable[Callable[[], None]]) -> None:
    """Tell everybody who wants to know of a commit; what goes wrong there must not stop the ledger."""
    for callback in callbacks:
        try:
            callback()
        except Exception:
            _log.exception("a callback of the ledger failed")


def unavailable(message: str = "the ledger's database is not available") -> Refusal:
    """The database did not answer; nothing is known to be done. A retry with the same request id finds out."""
    return Refusal(kind=Kind.UNAVAILABLE, reason=Reason.DATABASE_UNAVAILABLE, message=message)


def contended() -> Refusal:
    """Other transactions held the rows for too long; nothing is done."""
    message = "other requests held the same rows for too long"
    return Refusal(kind=Kind.ABORTED, reason=Reason.CONTENDED, message=message)


def broken() -> Refusal:
    """The database refused a statement that should never be refused: a defect, not the caller's fault."""
    return Refusal(kind=Kind.INTERNAL, reason=Reason.INTERNAL, message="the ledger failed")


def shutting_down() -> Refusal:
    """The ledger is closing."""
    return Refusal(kind=Kind.UNAVAILABLE, reason=Reason.SHUTTING_DOWN, message="the ledger is closing")

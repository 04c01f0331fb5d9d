"""One SQLite ledger for several processes: one owns it and writes, the others read the file and send it their writes.

Two writers of one file would stall each other, and their groups of commits would be smaller. So the owner runs the
operations of all, in common groups; operations and what they return travel as pickles, over one socket pair per
process. An answer is sent after the COMMIT. When the owner is gone, the outcome of what was under way is unknown, as it
is when a database server is gone: a retry with the same request id finds it.
"""

import contextlib
import logging
import pickle
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO, Concatenate, Final

from sourcier.domain.errors import Refusal
from sourcier.ledger.jobs import Jobs
from sourcier.ledger.sqlite_store import SqliteLedger, readers
from sourcier.ledger.store import P, T, Tx, broken, notify, shutting_down, unavailable
from sourcier.processes.frames import frame, receive
from sourcier.processes.outbox import Outbox

_log: Final = logging.getLogger(__name__)


def share(ledger: SqliteLedger, link: socket.socket) -> None:
    """Run what a guest sends over `link` on the ledger; returns when the guest is gone or has closed.

    A message is a number and a pickled (operation, arguments, keyword arguments); its answer has the same number and a
    pickled (value, refusal), one of them None.
    """
    outbox = Outbox(link)
    with link, link.makefile("rb") as inbox:
        while (message := _next(inbox)) is not None:
            number, body = message
            try:
                operation, args, kwargs = pickle.loads(body)
            except Exception:
                _log.exception("an operation could not be read")
                outbox.send(frame((number, pickle.dumps((None, broken())))))
                continue
            ledger.write(operation, *args, **kwargs).add_done_callback(partial(_answer, outbox, number))
        outbox.close()


def _answer(outbox: Outbox, number: int, future: "Future[Any]") -> None:
    failure = future.exception()
    try:
        if failure is not None and not isinstance(failure, Refusal):
            raise failure
        body = pickle.dumps((None if failure is not None else future.result(), failure))
    except Exception:
        _log.exception("an operation of another process failed")
        body = pickle.dumps((None, broken()))
    outbox.send(frame((number, body)))


def _next(inbox: BinaryIO) -> Any:
    """The next message; None when the other side has closed, or was killed."""
    try:
        return receive(inbox)
    except OSError:
        return None


def _load(body: bytes) -> tuple[Any, Refusal | None]:
    try:
        value, refusal = pickle.loads(body)
    except Exception:
        _log.exception("an answer of the ledger's owner could not be read")
        return None, broken()
    return value, refusal


class SqliteGuest:
    """The ledger in the file `path` for a process that does not own it; the owner is at the other end of `link`.

    Operations, their arguments and what they return must be picklable.
    """

    def __init__(self, path: Path, link: socket.socket) -> None:
        self._link = link
        self._outbox = Outbox(link)
        self._callbacks: list[Callable[[], None]] = []
        self._numbers = count()
        self._waiting: dict[int, Future[Any]] = {}
        self._changed = threading.Condition()
        self._closed = False
        self._lost = False
        self._reads = Jobs("ledger-reader", readers(path))
        self._listener = threading.Thread(target=self._listen, name="ledger-link", daemon=True)
        self._listener.start()

    def write(self, operation: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Have the owner run `operation(tx, ...)` with its next group of commits."""
        body = pickle.dumps((operation, args, kwargs))
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()  # it is under way at once, and cannot be called back
        with self._changed:
            if self._closed or self._lost:
                future.set_exception(shutting_down() if self._closed else unavailable())
                return future
            number = next(self._numbers)
            self._waiting[number] = future
        self._outbox.send(frame((number, body)))
        return future

    def read(self, operation: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run `operation(tx, ...)` on one snapshot of the file, read-only."""
        return self._reads.put(operation, args, kwargs)

    def on_commit(self, callback: Callable[[], None]) -> None:
        """Call `callback` after each commit of an operation sent from here."""
        self._callbacks.append(callback)

    def close(self) -> None:
        """Wait for what is under way, then leave the owner; the file stays open there."""
        with self._changed:
            self._closed = True
            self._changed.wait_for(lambda: self._lost or not self._waiting)
        with contextlib.suppress(OSError):
            self._link.shutdown(socket.SHUT_RDWR)
        self._listener.join()
        self._reads.close()

    def _listen(self) -> None:
        with self._link, self._link.makefile("rb") as inbox:
            while (message := _next(inbox)) is not None:
                number, body = message
                self._finish(number, *_load(body))
            self._outbox.close()
        with self._changed:
            self._lost = True
            left = list(self._waiting)
            if left and not self._closed:
                _log.error("the owner of the ledger is gone")
        for number in left:
            self._finish(number, None, unavailable())
        with self._changed:
            self._changed.notify_all()

    def _finish(self, number: int, value: object, refusal: Refusal | None) -> None:
        with self._changed:
            future = self._waiting.pop(number)
            if self._closed:
                self._changed.notify_all()
        if refusal is not None:
            future.set_exception(refusal)
            return
        future.set_result(value)
        notify(self._callbacks)

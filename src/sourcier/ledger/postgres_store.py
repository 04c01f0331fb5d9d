"""The ledger in PostgreSQL: a fixed set of threads, each with a connection and one transaction at a time.

READ COMMITTED suffices, because every limit is a predicate over the row that is changed (ledger specification, 3.4).
Statements whose rows nobody needs travel in the pipeline together with the next one.
"""

import logging
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any, Concatenate, Final, LiteralString

import psycopg
from psycopg import errors
from psycopg.types.numeric import Int8BinaryDumper

from sourcier.ledger import queries_feeds
from sourcier.ledger.dialect import Query
from sourcier.ledger.jobs import Jobs, Queue
from sourcier.ledger.store import P, Row, T, Tx, broken, contended, notify, unavailable

WRITERS: Final = 8
READERS: Final = 2
ATTEMPTS_MAX: Final = 4  # one try and three retries after a deadlock or a serialization failure
_SETTINGS: Final = "-c statement_timeout=2000 -c lock_timeout=500 -c idle_in_transaction_session_timeout=10000"
# Writers find every row by its key. How long `fed` is, the planner can only guess, and would rather read all of stock.
_BY_KEY: Final = "-c enable_hashjoin=off -c enable_mergejoin=off"
_BEGIN_WRITE: Final = "BEGIN ISOLATION LEVEL READ COMMITTED"
_BEGIN_READ: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

_log = logging.getLogger(__name__)


class PostgresTx:
    """One transaction on one connection, in pipeline mode."""

    __slots__ = ("_asking", "_telling", "abandoned")

    def __init__(self, connection: "psycopg.Connection[Row]") -> None:
        # Two cursors: in a pipeline a cursor shows whichever result came last, also that of a statement told before.
        self._asking = psycopg.RawCursor(connection)
        self._telling = psycopg.RawCursor(connection)
        self.abandoned = False

    def ask(self, query: Query, /, **parameters: object) -> list[Row]:
        """Run a statement and return its rows."""
        assert not self.abandoned, "an abandoned operation must return"
        values = [parameters[name] for name in query.names]
        return self._asking.execute(query.postgresql, values, binary=True).fetchall()

    def tell(self, query: Query, /, **parameters: object) -> None:
        """Queue a statement; it is sent with the next `ask` or the COMMIT, and fails there."""
        assert not self.abandoned, "an abandoned operation must return"
        self._telling.execute(query.postgresql, [parameters[name] for name in query.names])

    def abandon(self) -> None:
        """Undo all of this operation when it returns."""
        self.abandoned = True


class _Session:
    """A thread's connection, made when first needed and again after it broke."""

    __slots__ = ("_begin", "_connection", "_lost_before_commit", "_url")

    def __init__(self, url: str, begin: LiteralString) -> None:
        self._url = url
        self._begin = begin
        self._connection: psycopg.Connection[Row] | None = None
        self._lost_before_commit = False  # then nothing is done, and another connection may do it

    def run(self, operation: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The operation's value after COMMIT; deadlocks and serialization failures are tried again."""
        for attempt in range(1, ATTEMPTS_MAX + 1):
            try:
                return self._run_once(operation, args, kwargs)
            except (errors.DeadlockDetected, errors.SerializationFailure) as error:
                if attempt == ATTEMPTS_MAX:
                    raise contended() from error
            except errors.LockNotAvailable as error:
                if attempt > 1:
                    raise contended() from error
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                if self._lost_before_commit and attempt == 1:
                    continue
                _log.error("the ledger's database failed: %s", error)
                raise unavailable() from error
            except psycopg.Error as error:
                _log.error("the ledger's database refused a statement", exc_info=error)
                raise broken() from error
        raise AssertionError("unreachable")

    def close(self) -> None:
        """Let the connection go."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _run_once(self, operation: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        self._lost_before_commit = committing = False
        connection = self._usable_connection()
        try:
            with connection.pipeline():
                connection.execute(self._begin)
                tx = PostgresTx(connection)
                value = operation(tx, *args, **kwargs)
                committing = True
                connection.execute("ROLLBACK" if tx.abandoned else "COMMIT")
            return value
        except psycopg.Error:
            # After an error in a pipeline the driver believes in prepared statements that the server never saw.
            self._lost_before_commit = connection.broken and not committing
            self.close()
            raise
        except BaseException:
            self._roll_back(connection)
            raise

    def _usable_connection(self) -> "psycopg.Connection[Row]":
        if self._connection is None or self._connection.closed:
            writes = self._begin == _BEGIN_WRITE
            options = f"{_SETTINGS} {_BY_KEY}" if writes else _SETTINGS
            connection = psycopg.connect(self._url, autocommit=True, connect_timeout=2, options=options)
            connection.adapters.register_dumper(int, Int8BinaryDumper)
            if writes:
                psycopg.RawCursor(connection).execute(queries_feeds.MAKE_FED.postgresql)
            self._connection = connection
        return self._connection

    def _roll_back(self, connection: "psycopg.Connection[Row]") -> None:
        status = connection.info.transaction_status
        try:
            if status == psycopg.pq.TransactionStatus.INTRANS:
                connection.execute("ROLLBACK")
            elif status != psycopg.pq.TransactionStatus.IDLE:
                self.close()
        except psycopg.Error:
            self.close()


class PostgresLedger:
    """A ledger in the database at `url`; any number of processes may share it."""

    def __init__(self, url: str) -> None:
        self._callbacks: list[Callable[[], None]] = []
        self._writes = Jobs("ledger-writer", [partial(self._write_forever, url)] * WRITERS)
        self._reads = Jobs("ledger-reader", [partial(_run_forever, url, _BEGIN_READ)] * READERS)

    def write(self, operation: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run `operation(tx, ...)` in one transaction."""
        return self._writes.put(operation, args, kwargs)

    def read(self, operation: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run `operation(tx, ...)` on one snapshot, read-only."""
        return self._reads.put(operation, args, kwargs)

    def on_commit(self, callback: Callable[[], None]) -> None:
        """Call `callback` after each commit made by this process."""
        self._callbacks.append(callback)

    def close(self) -> None:
        """Finish what was given, then close the connections."""
        self._writes.close()
        self._reads.close()

    def _write_forever(self, url: str, jobs: Queue) -> None:
        _run_forever(url, _BEGIN_WRITE, jobs, committed=lambda: notify(self._callbacks))


def _run_forever(url: str, begin: LiteralString, jobs: Queue, *, committed: Callable[[], None] | None = None) -> None:
    """Run jobs on one connection until their end; `committed` is called after each."""
    session = _Session(url, begin)
    while (job := jobs.get()) is not None:
        if not job.begin():
            continue
        try:
            job.value = session.run(job.operation, job.args, job.kwargs)
        except Exception as error:
            job.failure = error
        job.finish()
        if committed is not None and job.failure is None:
            committed()
    session.close()


def check_server(connection: "psycopg.Connection[Any]", *, unsafe: bool) -> None:
    """Refuse a server that acknowledges commits before they are on disk; say so in the log when told to accept it."""
    settings = {}
    for name in ("fsync", "synchronous_commit", "full_page_writes"):
        row = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
        settings[name] = row[0] if row is not None else ""
    weak = sorted(f"{name}={value}" for name, value in settings.items() if value in ("off", "local"))
    if weak and not unsafe:
        raise unavailable(f"this PostgreSQL can lose acknowledged commits: {', '.join(weak)}")
    if weak:
        _log.warning("this PostgreSQL can lose acknowledged commits: %s", ", ".join(weak))

"""The ledger in one SQLite file: one writer thread that commits in groups, readers with connections of their own.

Many callers' operations share one COMMIT (one fsync); each has a savepoint, so that a refusal undoes only its own
work, and every future is set after the COMMIT. WAL with synchronous=FULL: what was answered survives power loss.
"""

import contextlib
import fcntl
import logging
import os
import queue
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any, Concatenate, Final

from pysqlite3 import dbapi2 as sqlite

from sourcier.domain.errors import Kind, Reason, Refusal
from sourcier.ledger import queries_feeds
from sourcier.ledger.checkpoints import Checkpoints
from sourcier.ledger.clock import LedgerClock, steady_micros, wall_micros
from sourcier.ledger.dialect import Query
from sourcier.ledger.jobs import Job, Jobs, Queue
from sourcier.ledger.store import P, Row, T, Tx, broken, notify, unavailable

VERSION_MIN: Final = (3, 51, 3)  # before it, a WAL reset with two connections can lose commits
GROUP_MAX: Final = 128  # operations in one COMMIT
READERS: Final = 2

_log = logging.getLogger(__name__)


class SqliteTx:
    """One operation within the connection's transaction; `now` is its instant."""

    __slots__ = ("_execute", "_now", "abandoned")

    def __init__(self, connection: Any, now: int) -> None:
        self._execute = connection.execute
        self._now = now
        self.abandoned = False

    def ask(self, query: Query, /, **parameters: object) -> list[Row]:
        """Run a statement and return its rows."""
        assert not self.abandoned, "an abandoned operation must return"
        rows: list[Row] = self._execute(query.sqlite, self._values(query, parameters)).fetchall()
        return rows

    def tell(self, query: Query, /, **parameters: object) -> None:
        """Run a statement whose rows nobody needs."""
        assert not self.abandoned, "an abandoned operation must return"
        if query.sqlite:
            self._execute(query.sqlite, self._values(query, parameters))

    def abandon(self) -> None:
        """Undo all of this operation when it returns."""
        self.abandoned = True

    def _values(self, query: Query, parameters: dict[str, object]) -> list[object]:
        values = [parameters[name] for name in query.names]
        if query.clocked:
            values.append(self._now)
        return values


class SqliteLedger:
    """A ledger in the file `path`, which no other server process may have open."""

    def __init__(
        self,
        path: Path,
        lock: "FileLock",
        *,
        wall: Callable[[], int] = wall_micros,
        steady: Callable[[], int] = steady_micros,
    ) -> None:
        self._lock = lock
        self._callbacks: list[Callable[[], None]] = []
        self._failed = False
        self._writer = connect(path)
        self._checkpoints = Checkpoints(self._writer, connect(path), self._distrust)
        self._clock = _clock(self._writer, wall, steady)
        self._now = self._clock.now()
        self._reads = Jobs("ledger-reader", readers(path, wall=wall, steady=steady))
        self._writes = Jobs("ledger-writer", [self._write_forever])

    def write(self, operation: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run `operation(tx, ...)` with the next group of commits."""
        return self._writes.put(operation, args, kwargs)

    def read(self, operation: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run `operation(tx, ...)` on one snapshot, read-only."""
        return self._reads.put(operation, args, kwargs)

    def on_commit(self, callback: Callable[[], None]) -> None:
        """Call `callback` on the writer's thread after each group."""
        self._callbacks.append(callback)

    def close(self) -> None:
        """Finish what was given, then close the file and let go of its lock."""
        self._writes.close()
        self._checkpoints.close()
        self._reads.close()
        self._writer.close()
        self._lock.release()

    def _write_forever(self, jobs: Queue) -> None:
        ended = False
        while not ended:
            group = []
            job = jobs.get()
            while job is not None:
                if job.begin():
                    group.append(job)
                if len(group) >= GROUP_MAX:
                    break
                try:
                    job = jobs.get_nowait()
                except queue.Empty:
                    break
            ended = job is None
            if group:
                self._commit_group(group)

    def _commit_group(self, group: list[Job]) -> None:
        try:
            if self._failed:
                raise unavailable()
            self._now = self._clock.now()
            self._writer.execute("BEGIN IMMEDIATE")
            for job in group:
                self._run(job)
            self._writer.execute("UPDATE counter SET value = ?1 WHERE name = 'clock'", [self._now])
            self._writer.execute("COMMIT")
        except (sqlite.Error, Refusal) as error:
            self._lose_group(group, error)
        for job in group:
            job.finish()
        notify(self._callbacks)
        if not self._failed:
            self._checkpoints.after_commit()

    def _run(self, job: Job) -> None:
        """One operation in its savepoint; what it raises is its own affair, unless the transaction is gone."""
        self._now = max(self._now, self._clock.now())
        self._writer.execute("SAVEPOINT operation")
        tx = SqliteTx(self._writer, self._now)
        try:
            job.value = job.operation(tx, *job.args, **job.kwargs)
            undo = tx.abandoned
        except Exception as error:
            if not self._writer.in_transaction:
                raise unavailable() from error
            undo = True
            job.failure = _translate(error)
        if undo:
            self._writer.execute("ROLLBACK TO operation")
        self._writer.execute("RELEASE operation")

    def _lose_group(self, group: list[Job], error: Exception) -> None:
        """Nothing of the group is committed."""
        _log.error("the ledger could not commit: %s", error)
        self._distrust(error)
        with contextlib.suppress(sqlite.Error):
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
        for job in group:
            job.failure = error if isinstance(error, Refusal) else unavailable()

    def _distrust(self, error: Exception) -> None:
        """After a failed fsync or a damaged page the file is not trusted again."""
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite.SQLITE_IOERR, sqlite.SQLITE_CORRUPT, sqlite.SQLITE_NOTADB):
            self._failed = True


def readers(
    path: Path, *, wall: Callable[[], int] = wall_micros, steady: Callable[[], int] = steady_micros
) -> list[Callable[[Queue], None]]:
    """What the threads run that read the file, each on a connection and with a clock of its own."""
    return [partial(_read_forever, connect(path, read_only=True), wall, steady) for _ in range(READERS)]


def _read_forever(connection: Any, wall: Callable[[], int], steady: Callable[[], int], jobs: Queue) -> None:
    clock = _clock(connection, wall, steady)
    while (job := jobs.get()) is not None:
        if not job.begin():
            continue
        try:
            connection.execute("BEGIN")
            job.value = job.operation(SqliteTx(connection, clock.now()), *job.args, **job.kwargs)
        except Exception as error:
            job.failure = _translate(error)
        with contextlib.suppress(sqlite.Error):
            connection.execute("ROLLBACK")
        job.finish()
    connection.close()


def _clock(connection: Any, wall: Callable[[], int], steady: Callable[[], int]) -> LedgerClock:
    """A clock that goes on from where the file left it."""
    last = connection.execute("SELECT value FROM counter WHERE name = 'clock'").fetchone()[0]
    return LedgerClock(last, wall, steady)


def _translate(error: Exception) -> Exception:
    """A driver's error as a refusal; everything else (a refusal, a defect) stays what it is."""
    if not isinstance(error, sqlite.Error):
        return error
    _log.error("the ledger's database failed", exc_info=error)
    return unavailable() if isinstance(error, sqlite.OperationalError) else broken()


def connect(path: Path, *, read_only: bool = False) -> Any:
    """A connection with the settings of the specification, 3.9; statements decide about transactions."""
    if sqlite.sqlite_version_info < VERSION_MIN:
        raise unavailable(f"SQLite {sqlite.sqlite_version} can lose commits in WAL mode; 3.51.3 or newer is needed")
    connection = sqlite.connect(
        str(path), isolation_level=None, check_same_thread=False, timeout=5.0, cached_statements=256
    )
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    # For who writes without `Checkpoints`: migrations, which are over before there are any.
    connection.execute("PRAGMA wal_autocheckpoint = 4000")
    connection.execute("PRAGMA cache_size = -65536")
    if read_only:
        connection.execute("PRAGMA query_only = ON")
    else:
        connection.execute(queries_feeds.MAKE_FED.sqlite)
    return connection


class FileLock:
    """Only one server process may open a ledger file: two caches of one file would both be wrong."""

    __slots__ = ("_descriptor",)

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._descriptor)
            raise Refusal(
                kind=Kind.UNAVAILABLE,
                reason=Reason.DATABASE_UNAVAILABLE,
                message=f"another process has the ledger {path} open; one SQLite file serves one process",
            ) from None

    def release(self) -> None:
        """Let another process in."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

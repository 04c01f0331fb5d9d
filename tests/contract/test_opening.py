"""Opening a ledger: migrated under a lock, refused when it would not be safe."""

import multiprocessing
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from sourcier.domain.errors import Reason, Refusal
from sourcier.ledger import open_ledger, sqlite_store, stock
from sourcier.ledger.dialect import query
from sourcier.ledger.opening import open_sqlite


def test_what_was_written_is_there_after_reopening(fresh_url: str) -> None:
    insert = query("INSERT INTO counter (name, value) VALUES ('test', :value)")
    select = query("SELECT value FROM counter WHERE name = 'test'")
    ledger = open_ledger(fresh_url)
    ledger.write(lambda tx: tx.tell(insert, value=7)).result(10)
    ledger.close()
    ledger = open_ledger(fresh_url)
    assert ledger.read(lambda tx: tx.ask(select)).result(10) == [(7,)]
    ledger.close()


@pytest.mark.parametrize("url", ["mysql://x", "sqlite://x", "", "/tmp/x.db"])
def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(Refusal, match="sqlite:/// or postgresql://"):
        open_ledger(url)


def test_a_missing_file_is_refused_unless_it_may_be_made(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="no ledger at"):
        open_ledger(f"sqlite:///{tmp_path}/ledger.db", create=False)
    with pytest.raises(Refusal, match="no directory"):
        open_ledger(f"sqlite:///{tmp_path}/missing/ledger.db")


def test_a_file_that_is_no_database_is_refused_and_let_go(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.write_bytes(b"not a database at all, but long enough to look at" * 100)
    for _ in range(2):
        with pytest.raises(Refusal) as refused:
            open_ledger(f"sqlite:///{path}")
        assert refused.value.reason is Reason.DATABASE_UNAVAILABLE


def test_one_process_has_the_file(sqlite_url: str) -> None:
    ledger = open_ledger(sqlite_url)
    with pytest.raises(Refusal, match="another process has the ledger") as refused:
        open_ledger(sqlite_url)
    assert refused.value.reason is Reason.DATABASE_UNAVAILABLE
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(_try_to_open, [sqlite_url]) == Reason.DATABASE_UNAVAILABLE
    ledger.close()
    open_ledger(sqlite_url).close()


def _try_to_open(url: str) -> str:
    try:
        open_ledger(url).close()
    except Refusal as refusal:
        return refusal.reason
    return ""


def test_an_old_sqlite_is_refused(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_store, "VERSION_MIN", (99, 0, 0))
    with pytest.raises(Refusal, match="can lose commits"):
        open_ledger(sqlite_url)


def test_the_settings_of_a_file_are_the_safe_ones(tmp_path: Path) -> None:
    ledger = open_sqlite(tmp_path / "ledger.db")
    connection = sqlite_store.connect(tmp_path / "ledger.db")
    settings = {
        name: connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous", "foreign_keys", "wal_autocheckpoint", "busy_timeout")
    }
    connection.close()
    ledger.close()
    assert settings == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "wal_autocheckpoint": 4000,
        "busy_timeout": 5000,
    }


def test_many_replicas_may_open_an_empty_database_at_once(postgres_url: str) -> None:
    with ThreadPoolExecutor(6) as pool:
        ledgers = list(pool.map(open_ledger, [postgres_url] * 6))
    for ledger in ledgers:
        assert ledger.read(stock.page_rows, page_size=1).result(10).rows == ()
        ledger.close()


def test_a_server_that_loses_commits_is_refused_unless_told(
    postgres_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    name = postgres_url.split("?")[0].rsplit("/", 1)[1]
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
    with pytest.raises(Refusal, match="synchronous_commit=off"):
        open_ledger(postgres_url)
    open_ledger(postgres_url, unsafe=True).close()
    assert "can lose acknowledged commits" in caplog.text


def test_a_server_that_does_not_flush_is_refused(postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        try:
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("SELECT pg_reload_conf()")
            deadline = time.monotonic() + 10
            while connection.execute("SHOW fsync").fetchone() != ("off",) and time.monotonic() < deadline:
                time.sleep(0.02)
            with pytest.raises(Refusal, match="fsync=off"):
                open_ledger(postgres_url)
        finally:
            connection.execute("ALTER SYSTEM RESET fsync")
            connection.execute("SELECT pg_reload_conf()")


def test_a_server_that_is_not_there_is_unavailable() -> None:
    for url in ("postgresql://nobody@127.0.0.1:1/none", "postgresql://nobody@/none?host=/nonexistent"):
        with pytest.raises(Refusal) as refused:
            open_ledger(url)
        assert refused.value.reason is Reason.DATABASE_UNAVAILABLE

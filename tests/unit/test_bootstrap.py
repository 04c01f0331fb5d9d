"""Building an app: quick to import, and what it builds fits the database."""

import socket
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sourcier.bootstrap import build, owned_ledger
from sourcier.config import Config
from sourcier.domain.errors import Kind, Reason, Refusal
from sourcier.ledger.sqlite_shared import share


def test_importing_it_loads_nothing_heavy() -> None:
    code = "import sys, sourcier.bootstrap, sourcier.config; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert not loaded & {"numpy", "ortools", "sqlalchemy", "psycopg", "grpc", "msgspec", "alembic"}


def test_another_clock_may_date_requests(tmp_path: Path) -> None:
    eve = datetime(2026, 12, 24, 18, 0, tzinfo=UTC)
    app = build(Config(database_url=f"sqlite:///{tmp_path}/ledger.db"), clock=lambda: eve)
    assert app.clock() == eve
    app.ledger.close()


async def test_an_app_starts_and_stops(tmp_path: Path) -> None:
    app = build(Config(database_url=f"sqlite:///{tmp_path}/ledger.db", solver_processes=2, solve_ms=70))
    assert app.solve_ms == 70
    await app.start()
    assert len(app.solvers.pids) == 2
    await app.stop()


async def test_an_app_of_one_of_several_workers_is_a_guest_of_the_ledger(tmp_path: Path) -> None:
    config = Config(database_url=f"sqlite:///{tmp_path}/ledger.db")
    ledger = owned_ledger(config)
    assert ledger is not None
    ours, theirs = socket.socketpair()
    sharing = threading.Thread(target=share, args=(ledger, ours))
    sharing.start()
    app = build(config, link=theirs)
    await app.start()
    await app.sweeper.sweep()
    await app.stop()
    sharing.join(10)
    ledger.close()


def test_on_postgresql_workers_have_ledgers_of_their_own() -> None:
    assert owned_ledger(Config(database_url="postgresql://nobody@127.0.0.1:1/none")) is None


def test_a_ledger_that_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal) as caught:
        build(Config(database_url=f"sqlite:///{tmp_path}/missing/ledger.db"))
    assert (caught.value.kind, caught.value.reason) == (Kind.UNAVAILABLE, Reason.DATABASE_UNAVAILABLE)

"""The PostgreSQL ledger: retries, time-outs, lost connections, and errors that tell clients nothing of the database."""

import threading
import time
from collections.abc import Iterator

import psycopg
import pytest
from tests.contract.bench import Bench, Clock, allocation, echo

from sourcier.domain.errors import Reason, Refusal
from sourcier.ledger import queries
from sourcier.ledger.commands import Reserved
from sourcier.ledger.dialect import query
from sourcier.ledger.reserve import reserve
from sourcier.ledger.store import Tx

SLEEP = query("SELECT pg_sleep(:seconds)")
DIVIDE = query("SELECT 1 / 0")
ADD_ONE = query("UPDATE counter SET value = value + 1 WHERE name = :name RETURNING value")


@pytest.fixture
def bench(postgres_bench_url: str) -> Iterator[Bench]:
    from tests.contract.bench import wipe

    wipe(postgres_bench_url)
    bench = Bench(postgres_bench_url, Clock())
    bench.apply_network()
    yield bench
    assert bench.audit() == ()
    bench.close()


def test_a_deadlock_is_tried_again(bench: Bench) -> None:
    tries: list[str] = []
    barrier = threading.Barrier(2)

    def cross(tx: Tx, first: str, second: str) -> None:
        tries.append(first)
        tx.ask(ADD_ONE, name=first)
        if len(tries) <= 2:
            barrier.wait(10)
        tx.ask(ADD_ONE, name=second)

    futures = [
        bench.ledger.write(cross, "network", "status"),
        bench.ledger.write(cross, "status", "network"),
    ]
    for future in futures:
        future.result(20)
    assert len(tries) == 3
    bench.execute("UPDATE counter SET value = value - 2 WHERE name IN ('network', 'status')")


def test_a_row_held_for_too_long_is_contended(bench: Bench) -> None:
    bench.count("n1", "a", 10)
    with psycopg.connect(bench.url) as other:
        other.execute("SELECT * FROM stock FOR UPDATE")
        begin = time.monotonic()
        with pytest.raises(Refusal) as refused:
            bench.allocate(("n1", "a", 1))
        assert refused.value.reason is Reason.CONTENDED
        assert time.monotonic() - begin < 5
    assert isinstance(bench.allocate(("n1", "a", 1)), Reserved)


def test_a_slow_statement_is_cut_off(bench: Bench) -> None:
    with pytest.raises(Refusal) as refused:
        bench.write(lambda tx: tx.ask(SLEEP, seconds=10))
    assert refused.value.reason is Reason.DATABASE_UNAVAILABLE


def test_a_defect_is_internal_and_says_nothing(bench: Bench) -> None:
    with pytest.raises(Refusal) as refused:
        bench.write(lambda tx: tx.ask(DIVIDE))
    assert refused.value.reason is Reason.INTERNAL
    assert "zero" not in str(refused.value)
    assert refused.value.metadata == {}


def test_lost_connections_are_made_again(bench: Bench) -> None:
    """B4, small: backends are killed under load; every answer given is true, and service resumes at once."""
    bench.count("n1", "a", 10_000)
    bench.reserve(allocation(("n1", "a", 1)))
    answered, unknown = 1, []
    with psycopg.connect(bench.url, autocommit=True) as other:
        for _ in range(5):
            commands = [allocation(("n1", "a", 1)) for _ in range(40)]
            futures = [bench.ledger.write(reserve, command, echo) for command in commands]
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid() AND query NOT LIKE '%LISTEN%'"
            )
            for command, future in zip(commands, futures, strict=True):
                error = future.exception(20)
                if error is None:
                    answered += 1
                else:
                    assert isinstance(error, Refusal)
                    assert error.reason is Reason.DATABASE_UNAVAILABLE
                    unknown.append(command)
    for command in unknown:
        bench.reserve(command)
    assert bench.row("n1", "a").allocated == answered + len(unknown) == 201


def test_an_idle_connection_that_was_closed_is_not_noticed(bench: Bench) -> None:
    bench.write(lambda tx: tx.ask(queries.CLOCK))
    with psycopg.connect(bench.url, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    time.sleep(0.1)
    for _ in range(20):
        bench.write(lambda tx: tx.ask(queries.CLOCK))
        bench.read(lambda tx: tx.ask(queries.CLOCK))


def test_readers_cannot_write_and_keep_one_snapshot(bench: Bench) -> None:
    count = query("SELECT COUNT(*) FROM request_log")

    def twice(tx: Tx) -> tuple[int, int]:
        first = tx.ask(count)[0][0]
        bench.remember("between", b"")
        return first, tx.ask(count)[0][0]

    first, second = bench.read(twice)
    assert first == second
    with pytest.raises(Refusal) as refused:
        bench.read(lambda tx: tx.ask(query("DELETE FROM stock RETURNING 1")))
    assert refused.value.reason is Reason.INTERNAL


def test_everything_given_is_finished_on_close(postgres_url: str) -> None:
    bench = Bench(postgres_url, Clock())
    bench.apply_network()
    bench.count("n1", "a", 100)
    futures = [bench.reserve_later(allocation(("n1", "a", 1))) for _ in range(40)]
    bench.close()
    assert all(isinstance(future.result(1), Reserved) for future in futures)
    with pytest.raises(Refusal) as refused:
        bench.write(lambda tx: None)
    assert refused.value.reason is Reason.SHUTTING_DOWN

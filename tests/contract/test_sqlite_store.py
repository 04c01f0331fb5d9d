"""The SQLite ledger: groups of commits, refusals that undo only themselves, a full or failing disk."""

import resource
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from tests.contract.bench import Bench, Clock, allocation, echo

from sourcier.domain.errors import Reason, Refusal
from sourcier.ledger import queries, stock
from sourcier.ledger.commands import Reserved
from sourcier.ledger.dialect import query
from sourcier.ledger.reserve import reserve
from sourcier.ledger.sqlite_store import GROUP_MAX, SqliteLedger
from sourcier.ledger.store import Tx

COUNT = query("SELECT COUNT(*) FROM request_log")


@pytest.fixture
def bench(sqlite_url: str) -> Iterator[Bench]:
    bench = Bench(sqlite_url, Clock())
    bench.apply_network()
    yield bench
    bench.close()


def hold_up(bench: Bench) -> tuple[threading.Event, Future[None]]:
    """Keep the writer busy until the event is set, so that what follows becomes one group."""
    go, started = threading.Event(), threading.Event()

    def wait(tx: Tx) -> None:
        started.set()
        go.wait(20)

    future = bench.ledger.write(wait)
    started.wait(10)
    return go, future


def test_waiting_operations_share_a_commit(bench: Bench) -> None:
    bench.count("n1", "a", 1_000)
    commits: list[None] = []
    bench.ledger.on_commit(lambda: commits.append(None))
    go, held = hold_up(bench)
    futures = [bench.reserve_later(allocation(("n1", "a", 1))) for _ in range(3 * GROUP_MAX)]
    go.set()
    held.result(10)
    assert all(isinstance(future.result(10), Reserved) for future in futures)
    bench.ledger.write(lambda tx: None).result(10)
    assert len(commits) <= 6


def test_nothing_is_answered_before_it_can_be_read(bench: Bench) -> None:
    """The future is set after the COMMIT: another connection sees the reservation at once."""
    bench.count("n1", "a", 100)
    seen = []

    def look(future: Future[Any]) -> None:
        found = bench.ledger.read(stock.get_reservation, future.result().reservation.reservation_id)
        seen.append(found.result(10) is not None)

    for _ in range(20):
        future = bench.reserve_later(allocation(("n1", "a", 1)))
        future.add_done_callback(look)
        future.result(10)
    bench.write(lambda tx: None)  # the writer has called back before it goes on
    assert seen == [True] * 20


def test_a_defect_in_one_operation_spares_its_neighbours(bench: Bench) -> None:
    bench.count("n1", "a", 10)

    def wrong(tx: Tx) -> None:
        reserve(tx, allocation(("n1", "a", 1)), echo)
        raise KeyError("a defect")

    def half(tx: Tx) -> None:
        reserve(tx, allocation(("n1", "a", 1)), echo)
        tx.tell(query("INSERT INTO stock (node_id) VALUES ('incomplete')"))

    go, _ = hold_up(bench)
    good = [bench.reserve_later(allocation(("n1", "a", 1))) for _ in range(2)]
    bad = [bench.ledger.write(wrong), bench.ledger.write(half)]
    good.append(bench.reserve_later(allocation(("n1", "a", 1))))
    go.set()
    assert all(isinstance(future.result(10), Reserved) for future in good)
    assert isinstance(bad[0].exception(10), KeyError)
    refusal = bad[1].exception(10)
    assert isinstance(refusal, Refusal)
    assert refusal.reason is Reason.INTERNAL
    assert bench.row("n1", "a").allocated == 3
    assert bench.audit() == ()


def test_a_cancelled_future_is_not_begun(bench: Bench) -> None:
    bench.count("n1", "a", 10)
    go, _ = hold_up(bench)
    future = bench.reserve_later(allocation(("n1", "a", 1)))
    assert future.cancel()
    go.set()
    assert bench.row("n1", "a").allocated == 0


def test_what_was_given_is_finished_and_the_rest_refused_on_close(bench: Bench) -> None:
    bench.count("n1", "a", 10)
    go, _ = hold_up(bench)
    future = bench.reserve_later(allocation(("n1", "a", 1)))
    closer = threading.Thread(target=bench.ledger.close)
    closer.start()
    go.set()
    closer.join(10)
    assert isinstance(future.result(10), Reserved)
    for late in (bench.ledger.write(lambda tx: None), bench.ledger.read(lambda tx: None)):
        with pytest.raises(Refusal) as refused:
            late.result(10)
        assert refused.value.reason is Reason.SHUTTING_DOWN
    bench.open()
    assert bench.row("n1", "a").allocated == 1


def test_readers_cannot_write(bench: Bench) -> None:
    with pytest.raises(Refusal) as refused:
        bench.read(lambda tx: tx.tell(query("DELETE FROM stock")))
    assert refused.value.reason is Reason.DATABASE_UNAVAILABLE


def test_readers_keep_one_snapshot(bench: Bench) -> None:
    def twice(tx: Tx) -> tuple[int, int]:
        first = tx.ask(COUNT)[0][0]
        bench.remember("between", b"")
        return first, tx.ask(COUNT)[0][0]

    first, second = bench.read(twice)
    assert first == second


def test_a_full_disk_refuses_and_recovers(bench: Bench) -> None:
    """B6: what does not fit is refused, what was answered stays, and it works again when there is room."""
    bench.count("n1", "a", 100_000)
    ledger = bench.ledger
    assert isinstance(ledger, SqliteLedger)
    full = ledger._writer.execute("PRAGMA page_count").fetchone()[0]
    bench.write(lambda tx: tx.ask(query("SELECT 1")))
    ledger._writer.execute(f"PRAGMA max_page_count = {full + 8}")
    answered, refusals = [], []
    for _ in range(200):
        command = allocation(("n1", "a", 1), document=b"x" * 2_000)
        try:
            bench.reserve(command)
            answered.append(command.reservation_id)
        except Refusal as refusal:
            refusals.append(refusal.reason)
    assert answered
    assert set(refusals) == {Reason.DATABASE_UNAVAILABLE}
    ledger._writer.execute("PRAGMA max_page_count = 1000000000")
    assert isinstance(bench.allocate(("n1", "a", 1)), Reserved)
    assert bench.row("n1", "a").allocated == len(answered) + 1
    assert all(bench.lines(reservation_id) for reservation_id in answered)
    assert bench.audit() == ()


def test_after_a_failed_write_to_disk_nothing_is_trusted(bench: Bench, tmp_path: Path) -> None:
    """B7, by a file size limit: the ledger stops taking writes until it is opened again, and loses nothing answered."""
    bench.count("n1", "a", 100_000)
    answered, refusals = [], set()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = (tmp_path / "ledger.db-wal").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 200_000, hard))
    try:
        for _ in range(100):
            command = allocation(("n1", "a", 1), document=b"x" * 4_000)
            try:
                bench.reserve(command)
                answered.append(command.reservation_id)
            except Refusal as refusal:
                refusals.add(refusal.reason)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert 0 < len(answered) < 100
    assert refusals == {Reason.DATABASE_UNAVAILABLE}
    bench.close()
    bench.open()
    assert bench.row("n1", "a").allocated == len(answered)
    assert bench.audit() == ()


def test_a_statement_after_abandon_is_a_defect(bench: Bench) -> None:
    def wrong(tx: Tx) -> None:
        tx.abandon()
        tx.ask(queries.CLOCK)

    with pytest.raises(AssertionError, match="abandoned"):
        bench.write(wrong)

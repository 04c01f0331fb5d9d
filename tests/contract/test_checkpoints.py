"""Checkpoints of a SQLite ledger: the log stays short under a feed that never rests, and is gone after the end."""

import resource
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.contract.bench import Bench, Clock, record

from sourcier.domain.errors import Reason, Refusal
from sourcier.domain.stock import RecordKind
from sourcier.ledger import checkpoints
from sourcier.ledger.queries import CLOCK
from sourcier.ledger.sqlite_store import connect
from sourcier.ledger.store import Tx

ROWS = 400
FEED = range(1, 70)
PAGE_BYTES = 4_096
SLACK_PAGES = 200  # of one group of these counts


@pytest.fixture
def bench(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """With a log that is soon too long."""
    monkeypatch.setattr(checkpoints, "BEHIND_PAGES_MAX", 100)
    monkeypatch.setattr(checkpoints, "LOG_PAGES_MAX", 500)
    bench = Bench(sqlite_url, Clock())
    bench.apply_network()
    yield bench
    bench.close()


def feed(bench: Bench, seqs: range) -> None:
    """Count every row once for each of these numbers."""
    for seq in seqs:
        bench.feed(*(record(RecordKind.COUNT, "n1", f"s{number}", seq, seq) for number in range(ROWS)))


def log_pages(bench: Bench) -> int:
    """The longest that the log has been."""
    path = Path(bench.url.removeprefix("sqlite:///"))
    return Path(f"{path}-wal").stat().st_size // PAGE_BYTES


def test_the_log_stays_short_under_a_feed_that_never_rests(bench: Bench) -> None:
    over = threading.Event()

    def read_on() -> None:
        while not over.is_set():
            bench.read(lambda tx: tx.ask(CLOCK))

    reader = threading.Thread(target=read_on)
    reader.start()
    feed(bench, FEED)
    over.set()
    reader.join()
    assert log_pages(bench) <= checkpoints.LOG_PAGES_MAX + SLACK_PAGES
    assert bench.row("n1", "s1").on_hand == FEED.stop - 1
    assert bench.audit() == ()


def test_without_checkpoints_it_would_not(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Control of the above: the same feed makes a longer log."""
    monkeypatch.setattr(checkpoints.Checkpoints, "after_commit", lambda self: None)
    feed(bench, FEED)
    assert log_pages(bench) > checkpoints.LOG_PAGES_MAX + 2 * SLACK_PAGES


def test_a_writer_that_is_not_hurried_has_next_to_nothing_to_copy(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied: dict[str, int] = {}
    copy = checkpoints.Checkpoints._copy

    def noted(self: checkpoints.Checkpoints, connection: object) -> tuple[int, int]:
        before = self._state(connection)
        after = copy(self, connection)
        name = threading.current_thread().name
        copied[name] = copied.get(name, 0) + max(after[1] - before[1], 0)
        return after

    monkeypatch.setattr(checkpoints.Checkpoints, "_copy", noted)
    beside = connect(Path(bench.url.removeprefix("sqlite:///")))
    for seq in FEED:
        feed(bench, range(seq, seq + 1))
        until = time.monotonic() + 10
        while time.monotonic() < until:
            _, pages, done = beside.execute("PRAGMA wal_checkpoint(NOOP)").fetchone()
            if pages - done < checkpoints.BEHIND_PAGES_MAX:
                break
            time.sleep(0.001)
    beside.close()
    assert copied["ledger-checkpoints"] > 5 * copied.get("ledger-writer-0", 0)


def test_a_reader_of_an_old_snapshot_holds_the_log_only_while_it_reads(bench: Bench) -> None:
    reading, leave = threading.Event(), threading.Event()

    def read_long(tx: Tx) -> None:
        tx.ask(CLOCK)
        reading.set()
        leave.wait(20)

    feed(bench, range(1, 3))
    held = bench.ledger.read(read_long)
    reading.wait(10)
    feed(bench, range(3, 30))
    longest = log_pages(bench)
    leave.set()
    held.result(10)
    feed(bench, range(30, FEED.stop))
    assert log_pages(bench) <= longest + checkpoints.BEHIND_PAGES_MAX + SLACK_PAGES
    assert bench.audit() == ()


def test_a_stopped_ledger_leaves_a_clean_file(bench: Bench) -> None:
    feed(bench, range(1, 10))
    path = Path(bench.url.removeprefix("sqlite:///"))
    bench.close()
    assert sorted(file.name for file in path.parent.iterdir()) == [path.name, f"{path.name}.lock"]
    bench.open()
    assert bench.row("n1", "s1").on_hand == 9
    assert bench.audit() == ()


def test_after_a_failed_write_to_the_file_nothing_is_trusted(bench: Bench) -> None:
    """The file may not grow and the log may, so only the copying fails; what was answered is in the log."""
    feed(bench, FEED)
    bench.close()
    bench.open()
    path = Path(bench.url.removeprefix("sqlite:///"))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    limit = path.stat().st_size + 10 * PAGE_BYTES
    answered = FEED.stop - 1

    def feed_on() -> None:
        nonlocal answered
        while answered < 3 * FEED.stop:
            feed(bench, range(answered + 1, answered + 2))
            answered += 1

    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        with pytest.raises(Refusal) as refused:
            feed_on()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert refused.value.reason == Reason.DATABASE_UNAVAILABLE
    assert (log_pages(bench) + SLACK_PAGES) * PAGE_BYTES < limit
    bench.close()
    bench.open()
    assert bench.row("n1", "s1").on_hand == answered
    assert bench.audit() == ()

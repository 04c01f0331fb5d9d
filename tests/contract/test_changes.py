"""Following the ledger: nothing is missed, nothing comes before it is committed."""

import dataclasses
import random
import threading
import time

import psycopg
import pytest
from tests.contract.bench import DAY, FLUSH_STATISTICS, Bench, Clock, Key, allocation, record, use

from sourcier.domain.stock import RecordKind
from sourcier.ledger import queries, registry, settle, stock
from sourcier.ledger.changes import Changes, Cursor, changes_since, current_cursor
from sourcier.ledger.commands import StockKey
from sourcier.ledger.reserve import reserve
from sourcier.ledger.store import Tx


def follow(bench: Bench, cursor: Cursor, limit: int = 1_000) -> Changes:
    return bench.read(changes_since, cursor, limit)


def test_a_follower_sees_each_kind_of_change(bench: Bench) -> None:
    bench.apply_network(caps={"n1": 5})
    start = follow(bench, bench.read(current_cursor))
    assert (start.levels, start.pool_keys, start.complete) == ({}, frozenset(), True)
    assert start.node_statuses == {"n1": "OPEN", "n2": "OPEN", "w1": "OPEN"}
    assert follow(bench, start.cursor).node_statuses is None
    bench.count("n1", "a", 5)
    bench.allocate(("n1", "a", 1), reservation_id="r", pools=(use("n1", 1),))
    changes = follow(bench, start.cursor)
    assert set(changes.levels) == {("n1", "a")}
    assert changes.pool_keys == {("node-day:n1", DAY)}
    assert changes.cursor.version > start.cursor.version
    bench.settle(settle.cancel, "r")
    later = follow(bench, changes.cursor)
    assert (set(later.levels), later.pool_keys) == ({("n1", "a")}, {("node-day:n1", DAY)})
    assert follow(bench, later.cursor).levels == {}


def test_a_follower_sees_each_supply_that_changed(bench: Bench) -> None:
    start = follow(bench, bench.read(current_cursor))
    assert start.supply_keys == frozenset()
    bench.announce("n1", "a", 5)
    bench.announce("n1", "b", 5)
    first = follow(bench, start.cursor)
    assert first.supply_keys == {("po", "n1", "a"), ("po", "n1", "b")}
    assert set(first.levels) == {("n1", "a"), ("n1", "b")}, "their stock rows are new"
    bench.allocate(("n1", "a", 2, "po"), reservation_id="r")
    second = follow(bench, first.cursor)
    assert (second.supply_keys, second.levels) == ({("po", "n1", "a")}, {})
    bench.announce("n1", "b", 5, preorder=True)
    third = follow(bench, second.cursor)
    assert third.supply_keys == {("po", "n1", "b")}, "although no number changed"
    bench.announce("n1", "a", 5, received=1)
    fourth = follow(bench, third.cursor)
    assert (fourth.supply_keys, set(fourth.levels)) == ({("po", "n1", "a")}, {("n1", "a")})
    bench.settle(settle.cancel, "r")
    fifth = follow(bench, fourth.cursor)
    assert (fifth.supply_keys, set(fifth.levels)) == ({("po", "n1", "a")}, {("n1", "a")})
    assert follow(bench, bench.read(current_cursor)).supply_keys == frozenset()
    assert follow(bench, start.cursor, limit=1).complete is False


def test_a_follower_knows_how_old_the_oldest_change_is(bench: Bench) -> None:
    cursor = bench.read(current_cursor)
    assert bench.read(changes_since, cursor, 100).oldest_micros is None
    bench.count("n1", "a", 10)
    bench.pass_time(5)
    bench.count("n1", "b", 10)
    oldest = bench.read(changes_since, cursor, 100).oldest_micros
    assert oldest is not None
    assert 5e6 <= oldest < 35e6
    later = bench.read(changes_since, bench.read(changes_since, cursor, 1).cursor, 100).oldest_micros
    assert later is not None
    assert 0 <= later < oldest - 4e6


def test_counters_tell_of_networks_statuses_and_activations(bench: Bench) -> None:
    first = follow(bench, Cursor())
    bench.activate({"STORE": (1, 1, 1)})
    bench.write(registry.set_node_status, Key(request_id="off"), "n2", "OFFLINE", b"")
    second = follow(bench, first.cursor)
    assert second.activations == first.activations + 1
    assert second.network_revision == first.network_revision
    assert second.node_statuses == {"n1": "OPEN", "n2": "OFFLINE", "w1": "OPEN"}
    bench.apply_network(nodes={"n1": "STORE", "n2": "STORE"})
    third = follow(bench, second.cursor)
    assert third.network_revision == first.network_revision + 1
    assert third.node_statuses == {"n1": "OPEN", "n2": "OFFLINE"}


def test_a_long_way_is_gone_in_steps(bench: Bench) -> None:
    for number in range(10):
        bench.count("n1", f"s{number}", 1)
    cursor, seen, steps = Cursor(), set[StockKey](), 0
    while True:
        changes = follow(bench, cursor, limit=4)
        cursor, steps = changes.cursor, steps + 1
        seen |= set(changes.levels)
        if changes.complete:
            break
    assert seen == {("n1", f"s{number}") for number in range(10)}
    assert steps == 3


def _slowly(tx: Tx, sku: str, pause: float) -> None:
    """Reserve, then dawdle before the commit."""
    reserve(tx, allocation(("n1", sku, 1)), lambda _: b"")
    tx.ask(queries.CLOCK)
    time.sleep(pause)


def _missed(bench: Bench) -> set[StockKey]:
    """Rows whose last change a follower did not see, after a race of writers with random delays (A11, small)."""
    num = 240
    for number in range(num):
        bench.count("n1", f"s{number}", 1)
    cursor = bench.read(current_cursor)
    seen: set[StockKey] = set()
    done = threading.Event()

    def poll() -> None:
        nonlocal cursor
        last = False
        while not last:
            last = done.is_set()
            changes = follow(bench, cursor)
            cursor = changes.cursor
            seen.update(changes.levels)
            time.sleep(0.002)

    poller = threading.Thread(target=poll)
    poller.start()
    draw = random.Random(3)
    pause = 0.001 if bench.on_sqlite else 0.04
    futures = [bench.ledger.write(_slowly, f"s{number}", draw.uniform(0, pause)) for number in range(num)]
    for future in futures:
        future.result(60)
    done.set()
    poller.join()
    return {("n1", f"s{number}") for number in range(num)} - seen


def test_late_commits_are_not_skipped(bench: Bench) -> None:
    assert _missed(bench) == set()


def test_a_follower_by_number_alone_would_skip_late_commits(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Control of the above: `seq > last` without the horizon of running transactions misses some."""
    text = queries.CHANGES.postgresql
    naive = text.replace("(xid, seq) > ($1, $2)", "$1::BIGINT IS NOT NULL AND seq > $2")
    naive = naive.replace("xid < CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS TEXT) AS BIGINT)", "true")
    naive = naive.replace("ORDER BY xid DESC, seq DESC", "ORDER BY seq DESC")
    assert "pg_snapshot_xmin" in text
    assert "pg_snapshot_xmin" not in naive
    assert "seq > $2" in naive
    bench = Bench(postgres_url, Clock())
    bench.apply_network()
    monkeypatch.setattr(queries, "CHANGES", dataclasses.replace(queries.CHANGES, postgresql=naive))
    assert _missed(bench) != set()
    bench.close()


def test_who_dawdles_holds_up_nobody(bench: Bench) -> None:
    """What others commit while an older transaction runs is seen at once, once, and its own changes when they come."""
    cursor, entered, leave = bench.read(current_cursor), threading.Event(), threading.Event()

    def dawdle(tx: Tx) -> None:
        reserve(tx, allocation(("n1", "old", 1), pools=(use("n1", 1),)), lambda _: b"")
        tx.ask(queries.CLOCK)
        entered.set()
        leave.wait(20)

    bench.apply_network(caps={"n1": 5})
    bench.count("n1", "old", 5)
    cursor = follow(bench, cursor).cursor
    late = bench.ledger.write(dawdle)
    entered.wait(20)
    if bench.on_sqlite:  # there is one writer: nobody commits meanwhile
        leave.set()
    sku = ["a", "b"]
    for name in sku:
        bench.count("n1", name, 5)
        bench.announce("n1", name, 5)
    first = follow(bench, cursor)
    assert set(first.levels) - {("n1", "old")} == {("n1", "a"), ("n1", "b")}
    assert {key[2] for key in first.supply_keys} == {"a", "b"}
    again = follow(bench, first.cursor)
    assert (again.levels, again.supply_keys, again.oldest_micros) == ({}, frozenset(), None)
    leave.set()
    late.result(20)
    second = follow(bench, first.cursor)
    seen = set(first.levels) | set(second.levels)
    assert ("n1", "old") in seen
    assert first.pool_keys | second.pool_keys == {("node-day:n1", DAY)}
    bench.count("n1", "c", 5)
    third = follow(bench, second.cursor)
    assert set(third.levels) == {("n1", "c")}
    assert third.cursor.stock.ahead == frozenset()


def test_what_is_cut_off_at_a_limit_is_read_again(bench: Bench) -> None:
    """Also while an older transaction runs, of which a follower must not wait for the end."""
    cursor = bench.read(current_cursor)
    older = None if bench.on_sqlite else psycopg.connect(bench.url)
    if older is not None:
        older.execute("SELECT pg_current_xact_id()")
    for batch in range(3):
        bench.feed(*(record(RecordKind.COUNT, "n1", f"s{batch}-{number}", 1, 1) for number in range(3)))
    seen: set[StockKey] = set()
    for _ in range(4):
        changes = follow(bench, cursor, limit=4)
        cursor = changes.cursor
        seen |= set(changes.levels)
    assert len(seen) == 9
    assert changes.complete
    bench.feed(*(record(RecordKind.COUNT, "n1", f"many-{number}", 1, 1) for number in range(5)))
    if older is not None:
        assert follow(bench, cursor, limit=4).complete, "no more can be had until the older one ends"
        older.rollback()  # the server ends what a closed connection left open in its own time
        older.close()
    for _ in range(2):
        changes = follow(bench, cursor, limit=4)
        cursor = changes.cursor
        seen |= set(changes.levels)
    assert len(seen) == 14


def test_a_look_never_reads_all_of_stock(postgres_url: str) -> None:
    """It did, for two changed rows of 20,000: most of what a count took to be known to every worker."""
    bench = Bench(postgres_url, Clock())
    bench.apply_network()
    cursor = bench.read(current_cursor)

    def look(tx: Tx) -> int:
        changes = changes_since(tx, cursor, 2_000)
        tx.ask(FLUSH_STATISTICS)
        return len(changes.levels)

    with psycopg.connect(postgres_url, autocommit=True) as server:

        def num_scans() -> int:
            row = server.execute("SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'stock'").fetchone()
            assert row is not None
            return int(row[0])

        server.execute(
            "INSERT INTO stock (node_id, sku, on_hand) SELECT 'n1', 's' || n, 1 FROM generate_series(1, 20000) n"
        )
        server.execute("ANALYZE stock")
        bench.feed(*(record(RecordKind.COUNT, "n1", f"s{number}", 2, 1) for number in range(1, 900)))
        before = num_scans()
        found = [bench.read(look) for _ in range(20)]  # the last ones by a plan made for any number of changes
        assert (found, num_scans() - before) == ([899] * 20, 0)
    bench.close()


def test_reading_everything_and_then_following_misses_nothing(bench: Bench) -> None:
    bench.count("n1", "a", 9)

    def everything(tx: Tx) -> tuple[Cursor, int]:
        return current_cursor(tx), len(stock.page_rows(tx, page_size=1_000).rows)

    cursor, num_rows = bench.read(everything)
    assert num_rows == 1
    bench.count("n1", "b", 9)
    assert ("n1", "b") in follow(bench, cursor).levels

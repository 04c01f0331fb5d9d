"""Reading stock: pages by every filter, rows by key, capacity by day."""

from itertools import product

import psycopg
import pytest
from tests.contract.bench import DAY, FLUSH_STATISTICS, Bench, Clock, hold, lines_of, use

from sourcier.domain.stock import StockRow
from sourcier.ledger import stock
from sourcier.ledger.commands import Reserve, StockKey
from sourcier.ledger.store import Tx

SKUS = ("a", "b", "c")


@pytest.fixture
def filled(bench: Bench) -> Bench:
    for node_id, sku in product(("n1", "n2", "w1"), SKUS):
        bench.count(node_id, sku, 1)
    return bench


def keys(rows: tuple[StockRow, ...] | list[StockRow]) -> list[StockKey]:
    return [(row.node_id, row.sku) for row in rows]


def test_pages_give_every_row_once_in_key_order(filled: Bench) -> None:
    some_nodes = ((), ("n1",), ("n2", "w1"), ("nowhere",))
    some_skus = ((), ("b",), ("a", "c"), ("nothing",))
    for node_ids, skus, page_size in product(some_nodes, some_skus, (1, 4, 9)):
        found: list[StockKey] = []
        after: StockKey | None = ("", "")
        while after is not None:
            page = filled.read(stock.page_rows, node_ids=node_ids, skus=skus, page_size=page_size, after=after)
            assert len(page.rows) <= page_size
            found += keys(page.rows)
            after = page.after
        nodes = [node_id for node_id in ("n1", "n2", "w1") if not node_ids or node_id in node_ids]
        assert found == list(product(nodes, [sku for sku in SKUS if not skus or sku in skus]))


def test_a_page_reads_no_more_rows_than_it_has(postgres_url: str) -> None:
    """For one row of a million PostgreSQL read them all, one after the other, and threw all but one away."""
    bench = Bench(postgres_url, Clock())

    def read_page(tx: Tx, node_ids: tuple[str, ...], skus: tuple[str, ...]) -> int:
        page = stock.page_rows(tx, node_ids=node_ids, skus=skus, page_size=500)
        tx.ask(FLUSH_STATISTICS)
        return len(page.rows)

    with psycopg.connect(postgres_url, autocommit=True) as server:

        def num_read() -> int:
            row = server.execute(
                "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_user_tables WHERE relname = 'stock'"
            ).fetchone()
            assert row is not None
            return int(row[0])

        server.execute(
            "INSERT INTO stock (node_id, sku, on_hand)"
            " SELECT 'n' || n, 's' || s, 1 FROM generate_series(1, 100) n, generate_series(1, 200) s"
        )
        server.execute("ANALYZE stock")
        for node_ids, skus, expected in ((("n7",), ("s9",), 1), (("n7",), (), 200), ((), ("s9", "s8"), 200)):
            before = num_read()
            assert bench.read(read_page, node_ids, skus) == expected
            assert num_read() - before <= 2 * expected
    bench.close()


def test_rows_by_key(filled: Bench) -> None:
    found = filled.read(stock.get_rows, [("n1", "a"), ("n1", "a"), ("n1", "none")])
    assert keys(found) == [("n1", "a")]
    assert filled.read(stock.get_rows, []) == []


def test_capacity_is_read_from_a_day_on(filled: Bench) -> None:
    filled.apply_network(caps={"n1": 10, "n2": 10})
    for day in ("2026-11-23", "2026-11-24", "2026-11-25"):
        filled.reserve(hold_on(day))
    assert filled.read(stock.pool_uses, "2026-11-24") == [
        ("node-day:n1", "2026-11-24", 1),
        ("node-day:n1", "2026-11-25", 1),
    ]
    assert len(filled.read(stock.pool_uses)) == 3
    assert filled.read(stock.pool_uses_of, [("node-day:n1", DAY), ("node-day:n9", DAY)]) == [
        ("node-day:n1", "2026-11-23", 1)
    ]
    assert filled.read(stock.pool_uses_of, []) == []


def hold_on(day: str) -> Reserve:
    sku = {"2026-11-23": "a", "2026-11-24": "b", "2026-11-25": "c"}[day]
    return hold(lines=lines_of([("n1", sku, 1)], day), pools=(use("n1", 1, bucket=day),))


def test_a_reservation_that_does_not_exist_is_none(bench: Bench) -> None:
    assert bench.read(stock.get_reservation, "nothing") is None

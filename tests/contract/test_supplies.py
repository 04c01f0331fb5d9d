"""Reading dated supply: by key, by page, and all of it for a snapshot."""

from tests.contract.bench import Bench

from sourcier.domain.supply import SupplyRow
from sourcier.ledger import supplies
from sourcier.ledger.commands import SupplyKey


def fill(bench: Bench) -> None:
    for node_id in ("n1", "n2"):
        for sku in ("a", "b", "c"):
            for supply_id in ("x", "y"):
                bench.announce(node_id, sku, 5, supply_id)


def keys(rows: tuple[SupplyRow, ...] | list[SupplyRow]) -> list[SupplyKey]:
    return [(row.supply_id, row.node_id, row.sku) for row in rows]


def test_a_snapshot_needs_what_gives_or_is_pegged(bench: Bench) -> None:
    bench.announce("n1", "a", 5)
    bench.announce("n1", "b", 5)
    bench.announce("n1", "c", 5)
    bench.allocate(("n1", "b", 2, "po"))
    for sku in ("b", "c"):
        bench.announce("n1", sku, 5, closed=True)
    assert keys(bench.read(supplies.all_supplies)) == [("po", "n1", "a"), ("po", "n1", "b")]
    assert keys(bench.read(supplies.get_supplies, [("po", "n1", "c"), ("po", "n9", "c")])) == [("po", "n1", "c")]
    assert bench.read(supplies.get_supplies, []) == []


def test_pages_go_through_everything_once(bench: Bench) -> None:
    fill(bench)
    for filters in ({}, {"node_ids": ["n2"]}, {"skus": ["a", "c"]}, {"node_ids": ["n1", "n2"], "skus": ["b"]}):
        whole = bench.read(supplies.page_supplies, page_size=100, **filters)
        assert whole.after is None
        assert whole.rows == tuple(
            row
            for row in bench.read(supplies.all_supplies)
            if row.node_id in filters.get("node_ids", ["n1", "n2"]) and row.sku in filters.get("skus", ["a", "b", "c"])
        )
        seen: list[SupplyRow] = []
        after: SupplyKey | None = ("", "", "")
        while after is not None:
            page = bench.read(supplies.page_supplies, page_size=3, after=after, **filters)
            assert len(page.rows) <= 3
            seen += page.rows
            after = page.after
        assert tuple(seen) == whole.rows

"""Levels are the stock rows, said in short."""

import pytest
from tests.contract.bench import Bench

from sourcier.domain.stock import RecordKind, StockRecord
from sourcier.ledger import levels, stock
from sourcier.ledger.levels import SEPARATOR, NodeStock
from sourcier.ledger.store import Tx


@pytest.fixture
def filled(bench: Bench) -> Bench:
    """Protected stores, some stock of them taken."""
    bench.activate({"STORE": (0, 1, 4)})
    for node_id, sku, units in (("n1", "b", 9), ("n1", "a", 5), ("w1", "a c", 2), ("n2", "a", 1)):
        bench.count(node_id, sku, units)
    bench.allocate(("n1", "b", 3))
    bench.count("n2", "a", 0)
    return bench


def read(tx: Tx, floors: dict[str, levels.Floors] | None) -> list[NodeStock]:
    return list(levels.node_stocks(tx, floors))


def by_key(found: list[NodeStock]) -> dict[tuple[str, str], int]:
    return {
        (node.node_id, sku): int(free)
        for node in found
        for sku, free in zip(node.skus.split(SEPARATOR), node.free.split(","), strict=True)
    }


def test_levels_of_keys_are_those_of_the_rows(filled: Bench) -> None:
    keys = [("n1", "b"), ("n1", "b"), ("n2", "a"), ("n9", "a")]
    assert sorted(filled.read(levels.get_levels, keys)) == [("n1", "b", 6, 0, 1, 4), ("n2", "a", 0, 0, 1, 4)]
    assert filled.read(levels.get_levels, []) == []


def test_nodes_tell_every_row_once(filled: Bench) -> None:
    found = filled.read(read, {"STORE": (0, 1, 4), "WAREHOUSE": (0, 0, 0)})
    assert [node.node_id for node in found] == ["n1", "n2", "w1"]
    rows = filled.read(stock.page_rows, page_size=1_000).rows
    assert by_key(found) == {(row.node_id, row.sku): row.free for row in rows}
    assert [node.guarded for node in found] == [(), (), ()]


def test_what_is_kept_back_beyond_the_rules_is_hidden_and_named(filled: Bench) -> None:
    found = filled.read(read, {"STORE": (0, 0, 1), "WAREHOUSE": (5, 5, 5)})
    assert by_key(found) == {("n1", "a"): 2, ("n1", "b"): 3, ("n2", "a"): -3, ("w1", "a c"): 2}
    assert [sorted(node.guarded) for node in found] == [["a", "b"], ["a"], []]
    plain = filled.read(read, None)
    assert by_key(plain) == {("n1", "a"): 5, ("n1", "b"): 6, ("n2", "a"): 0, ("w1", "a c"): 2}
    assert {node.guarded for node in plain} == {()}


def test_only_nodes_in_force_are_told(filled: Bench) -> None:
    filled.apply_network(nodes={"w1": "WAREHOUSE", "new": "STORE"})
    assert by_key(filled.read(read, None)) == {("w1", "a c"): 2}


def test_many_rows_keep_their_pairs(bench: Bench) -> None:
    """What the two texts of a node say of one row stands at the same place, whatever the database's plan."""
    wanted = {("n1", f"s{number:04}"): number for number in range(1, 1_501)}
    bench.feed(
        *(
            StockRecord(kind=RecordKind.COUNT, node_id=node_id, sku=sku, quantity=units, epoch=0, seq=1)
            for (node_id, sku), units in wanted.items()
        )
    )
    assert by_key(bench.read(read, None)) == wanted

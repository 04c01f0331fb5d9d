"""How the ledger's rows are laid out for decisions."""

from typing import Any, cast

from tests.service.shop import NETWORK

from sourcier.domain.network import NodeType
from sourcier.domain.rules import Constraints, Prices, RuleSet, SafetyStock
from sourcier.domain.stock import StockRow
from sourcier.engine.compile import compile_network, compile_rules
from sourcier.engine.snapshot import Snapshot
from sourcier.service.picture import lay_out

RULES = compile_rules(
    RuleSet(
        rule_set_id="main",
        channels=("web", "marketplace"),
        prices=Prices(),
        constraints=Constraints(),
        safety_stock=(
            SafetyStock(units=3, node_types=frozenset({NodeType.STORE}), channels=frozenset({"marketplace"})),
        ),
    ),
    "ruleSets/main/revisions/1",
)


def row(node_id: str, free: int, *floors: int) -> StockRow:
    return StockRow(node_id=node_id, sku="mug", on_hand=free, floors=cast("Any", floors))


def test_rows_that_keep_back_more_than_the_rules_hide_the_difference() -> None:
    snapshot = Snapshot(compile_network(NETWORK))
    rows = [row("near", 9, 0, 0, 0), row("far", 9, 0, 2, 2), row("store", 9, 1, 7, 8), row("gone", 9, 5, 5, 5)]
    assert lay_out(snapshot, RULES, rows) == {("far", "mug"), ("store", "mug")}
    assert snapshot.free(("mug",)).tolist() == [[9, 7, 4]]
    assert lay_out(snapshot, RULES, [row("far", 9, 0, 0, 0), row("store", 9, 0, 0, 3)]) == frozenset()
    assert snapshot.free(("mug",)).tolist() == [[9, 9, 9]]


def test_before_there_are_rules_rows_count_as_they_are() -> None:
    snapshot = Snapshot(compile_network(NETWORK))
    assert lay_out(snapshot, None, [row("near", 9, 5, 5, 5)]) == frozenset()
    assert snapshot.free(("mug",)).tolist() == [[9, 0, 0]]

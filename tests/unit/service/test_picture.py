"""How the ledger's rows are laid out for decisions."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import cast

from tests.service.shop import NETWORK
from tests.unit.service.test_reservations import protecting

from sourcier.domain.supply import SupplyKind, SupplyRow
from sourcier.engine.compile import compile_network
from sourcier.engine.snapshot import Snapshot
from sourcier.ledger.changes import Cursor
from sourcier.ledger.commands import StoredNetwork
from sourcier.ledger.levels import NodeStock, StockLevel
from sourcier.service import codec
from sourcier.service.picture import Picture, build, lay_out

RULES = protecting(3)


def level(node_id: str, *numbers: int) -> StockLevel:
    return cast("StockLevel", (node_id, "mug", *numbers))


def test_rows_that_keep_back_more_than_the_rules_hide_the_difference() -> None:
    snapshot = Snapshot(compile_network(NETWORK))
    levels = [
        level("near", 9, 0, 0, 0),
        level("far", 9, 0, 2, 2),
        level("store", 9, 1, 7, 8),
        level("gone", 9, 5, 5, 5),
    ]
    assert lay_out(snapshot, RULES, levels) == {("far", "mug"), ("store", "mug")}
    assert snapshot.free(("mug",)).tolist() == [[9, 7, 4]]
    assert lay_out(snapshot, RULES, [level("far", 9, 0, 0, 0), level("store", 9, 0, 0, 3)]) == frozenset()
    assert snapshot.free(("mug",)).tolist() == [[9, 9, 9]]


def test_before_there_are_rules_rows_count_as_they_are() -> None:
    snapshot = Snapshot(compile_network(NETWORK))
    assert lay_out(snapshot, None, [level("near", 9, 5, 5, 5)]) == frozenset()
    assert snapshot.free(("mug",)).tolist() == [[9, 0, 0]]


def test_a_built_snapshot_knows_the_holidays_of_the_orders_it_may_see() -> None:
    network = replace(
        NETWORK,
        nodes=(replace(NETWORK.nodes[0], calendar=replace(NETWORK.nodes[0].calendar, holidays="DE")),),
        services=(replace(NETWORK.services[0], holidays="DE"), NETWORK.services[1]),
    )
    picture = Picture(
        cursor=Cursor(version=7),
        stored=StoredNetwork(revision=1, document=codec.dump(network), statuses={}),
        stock=[
            NodeStock(node_id="near", skus="mug\njug", free="9,-2", guarded=("jug",)),
            NodeStock(node_id="gone", skus="mug", free="7", guarded=()),
        ],
        uses=[],
        supplies=[
            SupplyRow(
                supply_id="po",
                kind=SupplyKind.PURCHASE_ORDER,
                node_id="near",
                sku="mug",
                usable=4,
                expected_on=date(2026, 12, 1),
            )
        ],
    )
    now = datetime(2026, 12, 24, 12, 0, tzinfo=UTC)
    snapshot, guarded = build(picture, now)
    closed = snapshot.network.network.nodes[0].calendar.closed_dates
    assert {date(2025, 12, 25), date(2026, 12, 25), date(2027, 12, 25), date(2028, 5, 1)} <= closed
    assert date(2026, 12, 26) in snapshot.network.network.services[0].closed_dates
    assert snapshot.network.network.services[1].closed_dates == frozenset()
    assert snapshot.known_timetable(now) is not None
    assert (snapshot.version, guarded) == (7, {("near", "jug")})
    assert snapshot.free(("mug", "jug")).tolist() == [[9], [-2]]
    assert snapshot.supplies(("mug",)).free.tolist() == [4]

"""The shelf: what is taken is gone from the snapshot, what comes in goes first to whom it was promised."""

from dataclasses import replace
from datetime import date, timedelta

from benchmarks.shelf import Shelf
from tests.reference import small

from sourcier.domain.network import Capacity, CapacityMeasure, capacity_pool_id
from sourcier.domain.plan import Plan
from sourcier.domain.stock import RecordKind, StockRecord
from sourcier.domain.supply import SupplyKind, SupplyRecord
from sourcier.engine.compile import compile_network, compile_rules
from sourcier.engine.decide import decide
from sourcier.engine.snapshot import Snapshot
from sourcier.engine.solver import Budget

WORLD = small.world(
    [small.node("n", capacity=Capacity(measure=CapacityMeasure.UNITS, per_day=9))], {}, small.lines(tea=5)
)
ORDER = SupplyRecord(
    supply_id="PO",
    kind=SupplyKind.PURCHASE_ORDER,
    node_id="n",
    sku="tea",
    quantity=4,
    expected_on=small.TODAY + timedelta(days=2),
    epoch=0,
    seq=1,
)


def stocked(units: int) -> tuple[Snapshot, Shelf]:
    snapshot = Snapshot(compile_network(WORLD.network))
    shelf = Shelf(WORLD.network, snapshot)
    shelf.count([StockRecord(kind=RecordKind.COUNT, node_id="n", sku="tea", quantity=units, epoch=0, seq=1)])
    return snapshot, shelf


def decided(snapshot: Snapshot) -> Plan:
    return decide(WORLD.cart, snapshot, compile_rules(WORLD.rules, "r"), Budget()).plan


def test_what_a_plan_takes_is_gone_and_comes_back() -> None:
    snapshot, shelf = stocked(7)
    plan = decided(snapshot)
    shelf.take(plan)
    assert snapshot.free(("tea",)).tolist() == [[2]]
    assert shelf.used == {(capacity_pool_id("n"), plan.shipments[0].ship_day.isoformat()): 5}
    shelf.take(plan, -1)
    assert snapshot.free(("tea",)).tolist() == [[7]]
    assert not any(shelf.used.values())


def test_what_comes_in_goes_first_to_whom_it_was_promised() -> None:
    snapshot, shelf = stocked(2)
    shelf.hear([ORDER])
    plan = decided(snapshot)
    assert plan.shipments[0].ship_day == date(2026, 3, 6)
    shelf.take(plan)
    assert (shelf.supplies["PO", "n", "tea"].allocated, shelf.rows["tea", "n"].allocated) == (4, 1)
    shelf.hear([replace(ORDER, received=4, closed=True, seq=2)])
    row = shelf.rows["tea", "n"]
    assert (row.on_hand, row.allocated, row.free) == (6, 5, 1)
    assert shelf.supplies["PO", "n", "tea"].allocated == 0
    assert snapshot.free(("tea",)).tolist() == [[1]]

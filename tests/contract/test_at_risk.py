"""Promises at risk: what short, late and lost supply means for whom, by priority, then by time."""

import random
from datetime import date, timedelta
from typing import Any

import pytest
from tests.contract.bench import DAY, Bench, lines_of

from sourcier.domain.supply import RiskReason, SupplyKind
from sourcier.ledger.at_risk import at_risk
from sourcier.ledger.commands import Risk, RiskKey

ORDERABLE = {"kind": SupplyKind.SUPPLIER_ORDERABLE, "expected_on": None}


def risks(bench: Bench, **filters: Any) -> list[Risk]:
    page = bench.read(at_risk, page_size=1_000, **filters)
    assert page.after is None
    return list(page.rows)


def short(bench: Bench, **filters: Any) -> list[tuple[str, int, int, str]]:
    """(reservation, units, units short, reason) of each."""
    found = [risk.promise for risk in risks(bench, **filters)]
    return [(promise.reservation_id, promise.quantity, promise.short, promise.reason) for promise in found]


def today(bench: Bench) -> date:
    return bench.now().date()


def peg(bench: Bench, name: str, units: int, ship_day: date | str = "2027-06-01", **more: Any) -> None:
    wanted = lines_of([("n1", "a", units, more.pop("supply_id", "po"))], str(ship_day))
    bench.allocate(lines=wanted, reservation_id=name, order_id=f"order-{name}", **more)


def test_nothing_is_at_risk_while_all_is_well(bench: Bench) -> None:
    bench.count("n1", "a", 5)
    bench.announce("n1", "a", 5)
    peg(bench, "r", 5)
    bench.allocate(("n1", "a", 5))
    assert risks(bench) == []


def test_a_short_supply_is_missed_by_priority_then_time(bench: Bench) -> None:
    bench.announce("n1", "a", 12)
    peg(bench, "first", 3)
    peg(bench, "second", 4)
    peg(bench, "dear", 3, priority=5)
    bench.hold(lines=lines_of([("n1", "a", 2, "po")], "2027-06-01"), reservation_id="hold")
    assert short(bench) == []
    bench.announce("n1", "a", 8)
    assert short(bench) == [("second", 4, 2, "SHORT"), ("hold", 2, 2, "SHORT")]
    bench.announce("n1", "a", 2)
    assert short(bench) == [
        ("dear", 3, 1, "SHORT"),
        ("first", 3, 3, "SHORT"),
        ("second", 4, 4, "SHORT"),
        ("hold", 2, 2, "SHORT"),
    ]
    bench.announce("n1", "a", 8, received=5, closed=True)
    assert short(bench) == [("first", 1, 1, "SHORT"), ("second", 4, 4, "SHORT"), ("hold", 2, 2, "SHORT")]
    promise = risks(bench)[0].promise
    assert (promise.order_id, promise.priority, promise.line_id) == ("order-first", 0, "1")
    assert (promise.node_id, promise.sku, promise.supply_id) == ("n1", "a", "po")
    assert (promise.ship_day, promise.ready_on) == (date(2027, 6, 1), None)
    assert risks(bench)[2].promise.order_id == "", "a hold has no order"
    assert [risk.document for risk in risks(bench)] == [b"held"] * 3


def test_a_late_supply_is_missed_by_whom_it_fails(bench: Bench) -> None:
    start = today(bench)
    bench.announce("n1", "a", 10, expected_on=start + timedelta(days=5))
    peg(bench, "soon", 1, start + timedelta(days=5))
    peg(bench, "later", 1, start + timedelta(days=9))
    peg(bench, "some day", 1, "")
    assert risks(bench) == []
    bench.announce("n1", "a", 10, expected_on=start + timedelta(days=7))
    (risk,) = risks(bench)
    assert (risk.promise.reservation_id, risk.promise.short, risk.promise.reason) == ("soon", 0, RiskReason.LATE)
    assert (risk.promise.ship_day, risk.promise.ready_on) == (start + timedelta(days=5), start + timedelta(days=7))


def test_what_is_overdue_is_expected_tomorrow(bench: Bench) -> None:
    start = today(bench)
    bench.announce("n1", "a", 10, expected_on=start + timedelta(days=2))
    peg(bench, "r", 1, start + timedelta(days=2))
    peg(bench, "s", 1, start + timedelta(days=3))
    assert risks(bench) == []
    for days, late in ((2, ["r"]), (1, ["r", "s"])):
        bench.pass_time(days * 86_400)
        tomorrow = today(bench) + timedelta(days=1)
        found = [risk.promise for risk in risks(bench)]
        assert [promise.reservation_id for promise in found] == late
        assert {promise.ready_on for promise in found} == {tomorrow}
        assert {promise.reason for promise in found} == {RiskReason.LATE}


def test_days_are_those_of_the_node(bench: Bench) -> None:
    """What is expected today counts as late there from local midnight on."""
    start = today(bench)
    bench.announce("n1", "a", 10, expected_on=start + timedelta(days=1))
    peg(bench, "r", 1, start + timedelta(days=1))
    assert risks(bench) == []
    assert [risk.promise.reservation_id for risk in risks(bench, utc_offsets={"n1": 86_400})] == ["r"]
    assert risks(bench, utc_offsets={"n2": 86_400}) == []


def test_a_supplier_that_needs_longer_than_it_said(bench: Bench) -> None:
    start = today(bench)
    bench.announce("n1", "a", None, "vendor", lead_days=3, **ORDERABLE)
    peg(bench, "r", 1, start + timedelta(days=3), supply_id="vendor")
    peg(bench, "at once", 1, start, supply_id="vendor")
    assert [risk.promise.reservation_id for risk in risks(bench)] == ["at once"]
    bench.announce("n1", "a", None, "vendor", lead_days=0, **ORDERABLE)
    assert risks(bench) == []
    bench.announce("n1", "a", None, "vendor", lead_days=4, **ORDERABLE)
    found = {risk.promise.reservation_id: risk.promise.ready_on for risk in risks(bench)}
    assert found == {"r": start + timedelta(days=4), "at once": start + timedelta(days=4)}


def test_stock_below_what_is_promised(bench: Bench) -> None:
    bench.count("n1", "a", 10)
    bench.allocate(("n1", "a", 4), reservation_id="first")
    bench.hold(("n1", "a", 3), reservation_id="second")
    bench.allocate(("n1", "a", 3), reservation_id="dear", priority=2)
    bench.count("n1", "a", 5)
    assert short(bench) == [("first", 4, 2, "STOCK"), ("second", 3, 3, "STOCK")]
    (promise, _) = (risk.promise for risk in risks(bench))
    assert (promise.supply_id, promise.ready_on, promise.ship_day) == ("", None, date.fromisoformat(DAY))
    assert short(bench, supply_ids=["po"]) == []


def test_filters(bench: Bench) -> None:
    for node_id in ("n1", "n2"):
        for sku in ("a", "b"):
            for supply_id in ("x", "y"):
                bench.announce(node_id, sku, 1, supply_id)
                bench.allocate((node_id, sku, 1, supply_id), reservation_id=f"{node_id}{sku}{supply_id}")
                bench.announce(node_id, sku, 0, supply_id)
    assert len(risks(bench)) == 8
    filters: dict[str, Any] = {"node_ids": ["n2"], "skus": ["a", "c"], "supply_ids": ["y"]}
    for name, wanted in filters.items():
        names = {risk.promise.reservation_id for risk in risks(bench, **{name: wanted})}
        assert names == {
            f"{node_id}{sku}{supply_id}"
            for node_id in ("n1", "n2")
            for sku in ("a", "b")
            for supply_id in ("x", "y")
            if {"node_ids": node_id, "skus": sku, "supply_ids": supply_id}[name] in wanted
        }
    assert [risk.promise.reservation_id for risk in risks(bench, **filters)] == ["n2ay"]


@pytest.mark.parametrize("seed", [1, 2])
def test_pages_and_shares_agree_with_a_count_by_hand(bench: Bench, seed: int) -> None:
    draw = random.Random(seed)
    pegs: list[tuple[int, int, str, str, int]] = []
    for supply_id in ("x", "y", "z"):
        bench.announce("n1", "a", 100, supply_id)
    for number in range(25):
        supply_id, units, priority = draw.choice("xyz"), draw.randint(1, 5), draw.randint(-1, 1)
        peg(bench, f"r{number:02d}", units, supply_id=supply_id, priority=priority)
        pegs.append((-priority, number, f"r{number:02d}", supply_id, units))
    expected = []
    left = {supply_id: draw.randint(0, 30) for supply_id in "xyz"}
    for supply_id, units in left.items():
        bench.announce("n1", "a", units, supply_id)
    for _, _, name, supply_id, units in sorted(pegs):
        missing = max(0, units - left[supply_id])
        left[supply_id] -= units - missing
        if missing:
            expected.append((name, missing))
    seen = []
    after: RiskKey | None = None
    while True:
        page = bench.read(at_risk, page_size=4, after=after)
        seen += [(risk.promise.reservation_id, risk.promise.short) for risk in page.rows]
        after = page.after
        if after is None:
            break
    assert seen == expected

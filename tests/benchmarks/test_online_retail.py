"""The Online Retail benchmark: what it makes from a seed, how it counts, and a short run through a real server."""

import json
import subprocess
import sys
from datetime import date, datetime
from pathlib import Path

import pytest
from benchmarks.online_retail import command, data, engine_run, figures, network, stock, stream
from benchmarks.online_retail.outcome import Answered, Outcome

from sourcier.domain.network import NodeType, Service
from sourcier.engine.solver import Budget

TODAY = date(2026, 11, 21)
FIRST_DAY = datetime(2010, 12, 1, 8, 26)
ROOT = Path(__file__).resolve().parents[2]

needs_data = pytest.mark.skipif(
    bool(data.missing(data.SHARED_DATA)), reason=f"the shared data is not in {data.SHARED_DATA}"
)


def place(place_id: str, lat: float, lon: float, population: int = 0, state: str = "TX") -> data.Place:
    return data.Place(place_id=place_id, state=state, population=population, lat=lat, lon=lon)


def raw_order(order_id: str, *, num_lines: int = 3, customer_id: str = "") -> data.RawOrder:
    lines = tuple(
        data.OrderLine(sku=f"A{number % 40}", quantity=number % 7 + 1, unit_price_micros=2_100_000)
        for number in range(num_lines)
    )
    return data.RawOrder(order_id=order_id, placed_at=FIRST_DAY, customer_id=customer_id, lines=lines)


def small(*orders: data.RawOrder) -> data.Data:
    """Two cities, five warehouses and more stores than are drawn."""
    return data.Data(
        orders=orders or (raw_order("1"), raw_order("2", customer_id="7"), raw_order("3", num_lines=250)),
        cities=(place("East", 40.7, -74.0, 300), place("West", 34.1, -118.2, 100)),
        stores=tuple(place(f"S{n}", 30 + n / 20, -100 + n / 20) for n in range(network.NUM_STORES + 20)),
        warehouses=tuple(place(name, 35.0, -75.0 - 10 * n) for n, name in enumerate(data.WAREHOUSES)),
    )


def outcome(num_lines: int, gap_micros: int = 0, **refusals: str) -> Outcome:
    decision = Answered(
        status="OPTIMAL",
        proof="MIP",
        objective_micros=200_000_000,
        gap_micros=gap_micros,
        num_shipments=2,
        units_shipped=num_lines,
        lines_filled=num_lines,
    )
    return Outcome(
        order_id="1",
        num_lines=num_lines,
        num_units=2 * num_lines,
        milliseconds={"promise": float(num_lines)},
        refusals=refusals,
        decision=None if "allocate_afresh" in refusals else decision,
    )


def dearest_unit(service: Service) -> int:
    """Micros of the dearest shipment of one unit: the longest way on earth's largest network, the heaviest article."""
    tier = next(t for t in service.weight_tiers if t.max_grams is None or t.max_grams >= stream.GRAMS_RANGE[1])
    return service.per_shipment_micros + service.per_unit_micros + 8_500 * service.per_unit_km_micros + tier.cost_micros


def test_the_same_seed_makes_the_same_bytes() -> None:
    worlds = [repr(command.build(small(), seed, TODAY, None)).encode() for seed in (1, 1, 2)]
    assert worlds[0] == worlds[1]
    assert worlds[0] != worlds[2]


def test_a_limit_cuts_the_stream_and_nothing_else() -> None:
    whole, cut = (command.build(small(), 1, TODAY, limit) for limit in (None, 2))
    assert cut.orders == whole.orders[:2]
    assert (cut.network, cut.stock) == (whole.network, whole.stock)


def test_a_long_order_goes_in_parts_of_a_hundred_lines() -> None:
    raw = raw_order("9", num_lines=250)
    parts = list(stream.orders(small(raw), 1, TODAY))
    assert [part.order_id for part in parts] == ["9/1", "9/2", "9/3"]
    assert [len(part.cart.lines) for part in parts] == [100, 100, 50]
    assert len({(part.cart.placed_at, part.cart.destination) for part in parts}) == 1
    sent = [(line.sku, line.quantity) for part in parts for line in part.cart.lines]
    assert sent == [(line.sku, line.quantity) for line in raw.lines]


def test_a_customer_lives_in_one_city() -> None:
    raws = [raw_order(str(number), customer_id="12345") for number in range(20)]
    assert len({order.cart.destination for order in stream.orders(small(*raws), 1, TODAY)}) == 1


def test_orders_without_a_customer_come_from_every_city() -> None:
    raws = [raw_order(str(number)) for number in range(50)]
    assert len({order.cart.destination for order in stream.orders(small(*raws), 1, TODAY)}) == 2


@pytest.mark.parametrize("today", [date(2026, 11, day) for day in range(20, 28)])
def test_the_stream_starts_within_a_week_on_its_own_weekday(today: date) -> None:
    first = FIRST_DAY.date()
    moved = first + stream.weeks_to(first, today)
    assert moved.weekday() == first.weekday()
    assert 1 <= (moved - today).days <= 7


def test_a_city_gets_its_demand_at_the_nearest_warehouse_that_carries_the_article(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stock, "WAREHOUSE_CARRIES", 1.0)
    monkeypatch.setattr(stock, "SCARCE_SHARE", 0.0)
    monkeypatch.setattr(stock, "SAFETY_DEVIATIONS", 0.0)
    line = data.OrderLine(sku="A", quantity=400, unit_price_micros=1_000_000)
    world = small(data.RawOrder(order_id="1", placed_at=FIRST_DAY, customer_id="", lines=(line,)))
    counts = {
        record.node_id: record.quantity
        for record in stock.records(world, network.network(world, 1), 1)
        if record.node_id in data.WAREHOUSES
    }
    assert counts == {"OAK4": 300, "IND1": 0, "AVP3": 0, "CAE1": 0, "DFW7": 100}


def test_every_article_is_in_some_warehouse_and_stores_hold_a_few_units() -> None:
    world = small()
    places = network.network(world, 1)
    stores = {node.node_id for node in places.nodes if node.node_type is NodeType.STORE}
    records = list(stock.records(world, places, 1))
    assert {r.sku for r in records if r.node_id not in stores} == {ln.sku for o in world.orders for ln in o.lines}
    low, high = stock.STORE_UNITS
    assert all(low <= record.quantity <= high for record in records if record.node_id in stores)
    assert len({(record.node_id, record.sku) for record in records}) == len(records)


def test_a_unit_unfilled_costs_more_than_the_dearest_way_to_ship_it_alone() -> None:
    world = command.build(small(), 1, TODAY, None)
    handling = max(n.handling_per_shipment_micros + n.handling_per_unit_micros for n in world.network.nodes)
    prices = world.rule_set.prices
    dearest = max(dearest_unit(service) for service in world.network.services) + handling + prices.split_micros
    assert prices.unfilled_per_unit_micros > dearest


def test_figures_are_counted_by_size_class() -> None:
    found = figures.figures([outcome(1), outcome(7), outcome(100, gap_micros=2_000_000)])
    assert list(found["by_class"]) == ["1", "6-15", "61-100"]
    assert found["all"]["fill_rate_units"] == 0.5
    assert found["all"]["shipments_per_order"] == 2
    assert found["all"]["proofs"] == {"MIP": pytest.approx(2 / 3), "NOT_PROVEN": pytest.approx(1 / 3)}
    assert found["all"]["gaps"]["percent"]["max"] == 1.0
    assert found["all"]["milliseconds"]["promise"] == {
        "number": 3,
        "mean": 36.0,
        "p50": 7.0,
        "p95": 100.0,
        "p99": 100.0,
        "max": 100.0,
    }


def test_refusals_are_honest_busy_or_errors() -> None:
    found = figures.figures(
        [
            outcome(1, promise="NO_CAPACITY/OUT_OF_STOCK"),
            outcome(1, promise="CONTENDED"),
            outcome(1, promise="OUT_OF_STOCK", allocate_afresh="INTERNAL"),
        ]
    )
    assert found["all"]["refusals"] == {
        "honest": {"promise": {"NO_CAPACITY/OUT_OF_STOCK": 1, "OUT_OF_STOCK": 1}},
        "busy": {"promise": {"CONTENDED": 1}},
        "errors": {"allocate_afresh": {"INTERNAL": 1}},
    }
    assert found["all"]["decided"] == 2


def test_the_engine_alone_takes_what_it_decides_from_the_stock() -> None:
    world = command.build(small(*(raw_order(str(number), num_lines=2) for number in range(30))), 1, TODAY, None)
    outcomes, _ = engine_run.run(world.orders, world.network, world.rule_set, world.stock, Budget(), lambda: None)
    in_stock = {sku: sum(r.quantity for r in world.stock if r.sku == sku) for sku in ("A0", "A1")}
    wanted = {sku: sum(ln.quantity for o in world.orders for ln in o.cart.lines if ln.sku == sku) for sku in in_stock}
    shipped = sum(o.decision.units_shipped for o in outcomes if o.decision is not None)
    assert shipped == sum(min(in_stock[sku], wanted[sku]) for sku in in_stock)


def test_without_the_data_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command.run(folder=tmp_path)
    assert "skipped" in capsys.readouterr().out


@needs_data
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("timed", [(), ("--timed",)], ids=["plain", "timed"])
def test_a_short_run_leaves_a_ledger_without_violations(tmp_path: Path, timed: tuple[str, ...]) -> None:
    found = tmp_path / "figures.json"
    arguments = ["--limit", "20", "--json", str(found), *timed]
    subprocess.run([sys.executable, "-m", "benchmarks.online_retail", *arguments], cwd=ROOT, check=True)
    report = json.loads(found.read_text(encoding="utf-8"))
    run, all_, classes = report["run"], report["figures"]["all"], report["figures"]["by_class"].values()
    assert run["audit_violations"] == []
    assert all_["refusals"]["errors"] == {}
    assert all_["orders"] == report["setting"]["orders"] == 20
    assert run["audit_counts"]["reservations"] == all_["decided"]
    for key in ("orders", "lines", "units", "decided", "from_hold"):
        assert sum(figures_[key] for figures_ in classes) == all_[key]
    assert sum(all_["proofs"].values()) == pytest.approx(1.0)
    assert all_["proven_optimal"] == pytest.approx(1.0 - all_["proofs"].get("NOT_PROVEN", 0.0))
    assert 0.9 < all_["fill_rate_units"] <= 1.0
    assert all_["milliseconds"]["promise"]["number"] == 20
    assert run["server_mib_max"] is None or run["server_mib_max"] > 50
    assert "British" in report["caveat"]
    assert all_["bound"]["hold"]["share"] == 1.0
    assert ("token" in all_["bound"]) == bool(timed)

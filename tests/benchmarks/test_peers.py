"""The peers: each logic on an order small enough to check by hand, what they break, and a bound from hindsight."""

from dataclasses import replace
from datetime import date
from math import isclose
from pathlib import Path

import numpy as np
import pytest
from benchmarks.peers import hindsight, judge, rules, scipy_milp, solvers, streams
from benchmarks.peers.__main__ import figures
from benchmarks.peers.view import Peer, Plan, View

from sourcier.domain.network import (
    Capacity,
    CapacityMeasure,
    Method,
    Network,
    Node,
    NodeCalendar,
    NodeType,
    Service,
    TransitBand,
)
from sourcier.domain.order import Cart, Line
from sourcier.domain.place import Destination, GeoPoint
from sourcier.domain.rules import Constraints, Prices, RuleSet
from sourcier.domain.stock import StockRow
from sourcier.engine.compile import CompiledRules, IntArray, compile_rules
from sourcier.engine.offers import build

MICROS = 1_000_000
DAILY = frozenset(range(1, 8))
HOME = GeoPoint(lat_e6=0, lon_e6=0)
WEB = "web"

# Stores at 0.1, 0.2 and 3 degrees, a warehouse at 4 (about 445 km); a shipment costs 10, a unit 1 and 0.01 a kilometre.
PLACES = {"far": 4_000_000, "near": 100_000, "next": 200_000, "third": 3_000_000}
STOCK = {
    "far": {"a": 9, "b": 9, "c": 9},
    "near": {"a": 1},
    "next": {"a": 1, "b": 1},
    "third": {"b": 1, "c": 1},
}


def network(*, days: int = 2, per_day: int | None = None) -> Network:
    services = tuple(
        Service(
            service_id=name,
            method=Method.HOME_DELIVERY,
            transit=(TransitBand(max_distance_m=None, business_days=business_days),),
            delivery_days=DAILY,
            per_shipment_micros=dear * 10 * MICROS,
            per_unit_micros=dear * MICROS,
            per_unit_km_micros=dear * 10_000,
        )
        for name, business_days, dear in (("slow", days, 1), ("fast", 1, 2))
    )
    nodes = tuple(
        Node(
            node_id=name,
            node_type=NodeType.WAREHOUSE if name == "far" else NodeType.STORE,
            point=GeoPoint(lat_e6=lat, lon_e6=0),
            time_zone="UTC",
            calendar=NodeCalendar(working_days=DAILY, cut_off_minute=18 * 60),
            services=("slow", "fast"),
            capacity=None if per_day is None else Capacity(measure=CapacityMeasure.ORDERS, per_day=per_day),
        )
        for name, lat in PLACES.items()
    )
    return Network(currency_code="EUR", time_zone="UTC", nodes=nodes, services=services)


def cart(*skus: str, deliver_by: date | None = None) -> Cart:
    lines = tuple(Line(line_id=sku, sku=sku, quantity=1) for sku in skus)
    destination = Destination(country_code="FR", point=HOME)
    return Cart(
        channel=WEB,
        destination=destination,
        lines=lines,
        currency_code="EUR",
        placed_at=streams.PLACED_AT,
        deliver_by=deliver_by,
    )


def stream(*carts: Cart, max_shipments: int | None = None, **of_network: int) -> streams.Stream:
    prices = Prices(unfilled_per_unit_micros=60 * MICROS, unfilled_value_bp=0)
    rule_set = RuleSet(
        rule_set_id="small", channels=(WEB,), prices=prices, constraints=Constraints(max_shipments=max_shipments)
    )
    stock = tuple(
        StockRow(node_id=node, sku=sku, on_hand=units) for node, held in STOCK.items() for sku, units in held.items()
    )
    return streams.Stream(
        name="small", caveat="made up", network=network(**of_network), rule_set=rule_set, stock=stock, carts=carts
    )


def compiled(small: streams.Stream) -> CompiledRules:
    return compile_rules(small.rule_set, "ruleSets/small/revisions/1")


def who(plan: Plan, *skus: str, **limits: int) -> dict[str, str]:
    """Which node gives which lines."""
    small = stream(cart(*skus), **limits)
    seen: list[tuple[View, IntArray]] = []

    def watched(view: View) -> IntArray:
        units = plan(view)
        seen.append((view, units.copy()))
        return units

    judge.run(small, compiled(small), Peer(name="it", plan=watched, dates=True, capacity=True, splits=True), 1)
    view, units = seen[0]
    names = [node.node_id for node in small.network.nodes]
    given = {names[view.problem.node[k]]: "".join(np.array(skus)[units[:, k] > 0]) for k in range(units.shape[1])}
    return {node: lines for node, lines in given.items() if lines}


def test_magento_takes_sources_in_their_order() -> None:
    assert who(rules.magento_priority, "a", "b", "c") == {"far": "abc"}
    assert who(rules.magento_distance, "a", "b", "c") == {"near": "a", "next": "b", "third": "c"}


def test_manhattan_takes_what_fills_most_lines_and_then_the_cheapest() -> None:
    assert who(rules.manhattan, "a", "b", "c") == {"far": "abc"}
    assert who(rules.manhattan, "a", "b") == {"next": "ab"}
    assert who(rules.manhattan, "a") == {"near": "a"}


def test_hotwax_tries_a_whole_warehouse_then_a_whole_store_then_parts() -> None:
    assert who(rules.hotwax, "a") == {"far": "a"}
    assert who(rules.hotwax, "a", "d") == {"near": "a"}


def test_fluent_weighs_distance_bands_only_between_equal_shares() -> None:
    assert who(rules.fluent, "a", "b", "c") == {"far": "abc"}
    assert who(rules.fluent, "a") == {"near": "a"}


def test_salesforce_takes_the_fewest_and_of_those_the_nearest() -> None:
    assert who(rules.salesforce, "a", "b") == {"next": "ab"}
    assert who(rules.salesforce, "b", "c") == {"third": "bc"}
    assert who(rules.salesforce, "a", "b", "c") == {"far": "abc"}


def test_fulfillmenttools_prefers_the_complete_and_near() -> None:
    assert who(rules.fulfillmenttools, "a", "b") == {"next": "ab"}
    assert who(rules.fulfillmenttools, "b", "c") == {"third": "bc"}


def test_dynamics_takes_the_fewest_locations_and_of_those_the_nearest() -> None:
    assert who(solvers.dynamics, "a", "b") == {"next": "ab"}
    assert who(solvers.dynamics, "a", "d") == {"near": "a"}, "the second pass ships what there is"


@pytest.mark.parametrize("plan", [peer.plan for peer in (*solvers.SOLVERS, *scipy_milp.SCIPY) if "plain" in peer.name])
def test_solvers_find_the_optimum(plan: Plan) -> None:
    orders = [cart("a", "b"), cart("a", "b", "c"), cart("b"), cart("c", "a")]
    small = stream(*orders, max_shipments=2)
    peer = Peer(name="it", plan=plan, dates=True, capacity=True, splits=True)
    for outcome in judge.run(small, compiled(small), peer, len(orders)):
        assert outcome.proven
        assert isclose(outcome.cost, outcome.bound)


def test_scipy_agrees_with_the_plain_solver_on_published_orders() -> None:
    if not (streams.shared.SHARED_DATA / "jasin_sinha_2015").is_dir():
        pytest.skip(f"no data in {streams.shared.SHARED_DATA}")
    orders = streams.jasin_sinha(streams.shared.SHARED_DATA, 1, 12)
    outcomes = judge.run(orders, compiled(orders), scipy_milp.SCIPY[0], 12)
    assert all(outcome.cost == outcome.bound for outcome in outcomes)


def test_who_does_not_know_dates_is_late_and_is_repaired_by_a_faster_service() -> None:
    by = date(2026, 3, 6)
    small = stream(cart("a", deliver_by=by), days=4)
    blind = Peer(name="blind", plan=rules.magento_distance)
    (late,) = judge.run(small, compiled(small), blind, 1)
    (seeing,) = judge.run(small, compiled(small), replace(blind, dates=True), 1)
    assert (late.late, seeing.late) == (True, False)
    assert late.cost == seeing.cost == late.bound


def test_who_does_not_know_capacity_meets_a_full_node() -> None:
    small = stream(cart("b"), cart("b"), per_day=1)
    blind = Peer(name="blind", plan=rules.magento_priority)
    first, second = judge.run(small, compiled(small), blind, 2)
    assert (first.full, second.full) == (False, True)
    assert second.filled == 1
    assert not any(one.full for one in judge.run(small, compiled(small), replace(blind, capacity=True), 2))


def test_shipments_beyond_the_limit_are_counted() -> None:
    small = stream(cart("a", "b", "c"), max_shipments=2)
    peer = Peer(name="blind", plan=rules.magento_distance)
    (outcome,) = judge.run(small, compiled(small), peer, 1)
    assert (outcome.split, outcome.shipments, outcome.filled) == (True, 3, 3)
    (outcome,) = judge.run(small, compiled(small), replace(peer, splits=True), 1)
    assert (outcome.split, outcome.shipments, outcome.filled) == (False, 2, 2)


def test_the_engine_meets_its_own_bound_and_uses_up_its_shelf() -> None:
    small = stream(cart("a"), cart("a"), cart("a"))
    outcomes = judge.run(small, compiled(small), None, 3)
    assert all(one.proven and one.cost == one.bound for one in outcomes)
    assert outcomes[0].cost < outcomes[1].cost < outcomes[2].cost
    rows = {row.name.split(" | ")[2]: row.value for row in figures(small, "us", outcomes, None)}
    assert (rows["orders"], rows["cost over optimum"], rows["filled"]) == (3, 1, 100)


def test_hindsight_keeps_a_unit_for_the_order_that_needs_it_most() -> None:
    orders = (cart("b"), cart("a", "b"))
    small = stream(*orders)
    shelf = judge.Shelf(small)
    problems = [build(order, shelf.snapshot, compiled(small))[0] for order in orders]
    kinds = [
        hindsight.Kind(skus=tuple(line.sku for line in order.lines), problem=problem, number=1)
        for order, problem in zip(orders, problems, strict=True)
    ]
    stock = {(shelf.snapshot.network.node_index[row.node_id], row.sku): row.on_hand for row in small.stock}
    least = hindsight.bound(kinds, stock)
    greedy = sum(one.cost for one in judge.run(small, compiled(small), None, 2))
    # One shipment each: b from 334 km away, and a and b together from 22 km. The engine takes b from there first.
    assert least / MICROS == pytest.approx(2 * 10 + 3 + 3.34 + 2 * 0.22, abs=0.02)
    assert greedy / MICROS == pytest.approx(2 * 10 + 3 + 0.22 + 2 * 4.45, abs=0.02)
    with pytest.raises(ValueError, match="does not know"):
        hindsight.bound([replace(kinds[0], problem=replace(problems[0], split=1))], stock)


def test_without_data_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from benchmarks.peers import __main__ as command

    assert command.main(["--data", str(tmp_path), "--json", str(tmp_path / "report.json")]) == 0
    assert capsys.readouterr().out.startswith("skipped: no data")
    assert not (tmp_path / "report.json").exists()

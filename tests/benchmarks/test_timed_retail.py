"""The Online Retail benchmark with hours, rounds, shifts and purchase orders: what it makes, and how it compares."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from benchmarks.online_retail import command, engine_run, figures, stream, supply
from benchmarks.online_retail.outcome import Bound, Outcome, Said
from tests.benchmarks.test_online_retail import TODAY, raw_order, small

from sourcier.domain.network import NodeType
from sourcier.engine.solver import Budget

DAY = date(2026, 12, 9)
SAID = Said(service_id="standard", earliest=DAY, latest=DAY + timedelta(days=1), fee_micros=5_900_000)


def timed_world(number: int = 40) -> command.World:
    return command.build(small(*(raw_order(str(n), num_lines=2) for n in range(number))), 1, TODAY, None, timed=True)


def bound(**changes: Any) -> Bound:
    return replace(Bound(by="hold", promised=SAID, kept=SAID, arrives=SAID.latest), **changes)


def test_the_same_seed_makes_the_same_bytes() -> None:
    assert repr(timed_world()) == repr(timed_world())


def test_nobody_works_on_public_holidays_and_every_service_is_measured() -> None:
    world = timed_world()
    christmas = date(2026, 12, 25)
    for node in world.network.nodes:
        assert christmas in node.calendar.closed_dates
        assert node.calendar.picking_hours
        assert {r.service_id for r in node.rounds} == {"standard", "express"}
        assert bool(node.shifts) == (node.node_type is NodeType.WAREHOUSE)
    for service in world.network.services:
        assert christmas in service.closed_dates
        assert all(sum(share.share_bp for share in band.distribution) == 10_000 for band in service.transit)


def test_purchase_orders_bring_what_the_first_stock_lacks() -> None:
    whole = command.build(small(), 1, TODAY, None)
    timed = command.build(small(), 1, TODAY, None, timed=True)
    announced = sum(record.quantity or 0 for record in timed.feeds[0].records)
    assert announced > 0
    units = sum(record.quantity for record in timed.stock)
    assert units + announced == sum(record.quantity for record in whole.stock)


def test_every_purchase_order_ends_and_no_news_of_it_comes_too_early() -> None:
    world = timed_world()
    announced = {(r.supply_id, r.node_id): r for r in world.feeds[0].records}
    last = {(r.supply_id, r.node_id): (feed.day, r) for feed in world.feeds[1:] for r in feed.records}
    assert announced.keys() == last.keys()
    assert [feed.day for feed in world.feeds] == sorted(feed.day for feed in world.feeds)
    for key, (day, record) in last.items():
        planned = announced[key]
        assert record.closed
        assert planned.expected_on is not None
        assert planned.expected_on <= day <= planned.expected_on + timedelta(days=supply.LATE_DAYS[1])
        assert 0 <= record.received <= (planned.quantity or 0)


def test_on_a_day_the_feed_comes_before_the_orders() -> None:
    world = timed_world()
    events = list(world.events())
    assert [event for event in events if not isinstance(event, supply.Feed)] == list(world.orders)
    first = stream.local_day(world.orders[0])
    assert events[: sum(feed.day <= first for feed in world.feeds)] == [f for f in world.feeds if f.day <= first]


def test_the_engine_alone_takes_hours_rounds_and_purchase_orders() -> None:
    world = timed_world(12)
    outcomes, _ = engine_run.run(world.events(), world.network, world.rule_set, world.stock, Budget(), lambda: None)
    assert len(outcomes) == 12
    assert all(outcome.decision is not None for outcome in outcomes)


@pytest.mark.parametrize(
    ("changes", "deviation"),
    [
        ({}, ""),
        ({"arrives": SAID.earliest}, ""),
        ({"arrives": SAID.latest + timedelta(days=1)}, "LATE"),
        ({"kept": None}, "NOT_ALLOCATED"),
        ({"kept": replace(SAID, latest=SAID.earliest), "arrives": SAID.earliest}, "OTHER_LATEST"),
        ({"kept": replace(SAID, fee_micros=0)}, "OTHER_FEE"),
        ({"kept": replace(SAID, service_id="express")}, "OTHER_SERVICE"),
    ],
)
def test_a_promise_is_kept_to_the_letter_or_it_is_said_how_not(changes: dict, deviation: str) -> None:
    assert bound(**changes).deviation == deviation


def test_promises_are_counted_by_what_bound_them() -> None:
    late = bound(by="token", arrives=SAID.latest + timedelta(days=2))
    lost = bound(by="token", kept=None, arrives=None)
    outcomes = [
        Outcome(
            order_id=str(n),
            num_lines=1,
            num_units=1,
            milliseconds={},
            refusals={"allocate_token": "OUT_OF_STOCK"} if known is lost else {},
            decision=None,
            bound=known,
        )
        for n, known in enumerate([bound(), bound(), late, lost, None])
    ]
    assert figures.figures(outcomes)["all"]["bound"] == {
        "hold": {"orders": 2, "equal": 2, "share": 1.0, "why_not": {}, "days_late": {}},
        "token": {
            "orders": 2,
            "equal": 0,
            "share": 0.0,
            "why_not": {"LATE": 1, "NOT_ALLOCATED: OUT_OF_STOCK": 1},
            "days_late": {2: 1},
        },
    }

"""The demo, on fewer orders: it ends well, and its figures agree with each other and with the ledger."""

import json
import re
from decimal import Decimal
from typing import Any

import pytest

from sourcier.demo.run import run

NUM_ORDERS = 60


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The demo's exit code, its output and its figures."""
    folder = tmp_path_factory.mktemp("demo")
    with pytest.MonkeyPatch.context() as patch, (folder / "out").open("w") as out:
        patch.setattr("sys.stdout", out)
        patch.setenv("COLUMNS", "160")
        code = run(num_orders=NUM_ORDERS, json_file=folder / "demo.json")
    return code, (folder / "out").read_text(), json.loads((folder / "demo.json").read_text())


def test_it_ends_well(played: Any) -> None:
    code, _, figures = played
    assert code == 0
    assert figures["audit"]["violations"] == []


def test_every_section_is_told(played: Any) -> None:
    _, out, _ = played
    for number in range(1, 10):
        assert f"\n{number}. " in out
    for words in ("order CHECKOUT-1", "is honoured", "POSTAL_CODE_UNKNOWN", "REQUEST_ID_REUSED", "the ledger adds up"):
        assert words in out
    assert "nothing reserved twice" in out
    assert re.search(r"its fee of 4\.90 is kept, though\s+ruleSets/protect-stores", out)


def test_checkout_sees_every_way_and_the_week_its_lorries(played: Any) -> None:
    _, out, figures = played
    checkout, meeting, week = (out.split(f"\n{n}. ")[1].split(f"\n{n + 1}. ")[0] for n in (3, 5, 6))
    for service in ("standard", "express", "courier", "shuttle", "collect"):
        assert service in checkout
    for words in ("earliest", "cheapest", "fewest", "order by", "fee", "CO₂"):
        assert words in checkout
    assert all(words in checkout for words in ("next supply", "in stock", "store-"))
    assert all(words in meeting for words in ("One parcel leaves wh-lyon", "ruleSets/one-parcel", "later."))
    assert "came in" in week
    assert figures["audit"]["counts"]["supplies"] > 0


def test_promises_are_kept(played: Any) -> None:
    _, _, figures = played
    totals = figures["totals"]
    assert sum(totals["services"].values()) <= totals["num_promised"]
    assert totals["num_kept"] >= 0.9 * totals["num_promised"] > 0
    assert set(totals["fees"]) == set(totals["services"])


def test_the_totals_are_those_of_the_days(played: Any) -> None:
    _, _, figures = played
    totals, days = figures["totals"], figures["days"].values()
    for name in ("num_orders", "num_refused", "units_ordered", "units_shipped", "num_shipments", "num_split"):
        assert totals[name] == sum(day[name] for day in days), name
    for name, cost in totals["costs"].items():
        assert Decimal(cost) == sum(Decimal(day["costs"][name]) for day in days), name


def test_the_counts_agree_with_each_other(played: Any) -> None:
    _, _, figures = played
    totals = figures["totals"]
    allocated = totals["num_orders"] - totals["num_refused"]
    assert totals["num_orders"] == totals["promise_waits_ms"]["calls"] == NUM_ORDERS
    assert totals["allocate_waits_ms"]["calls"] == sum(totals["statuses"].values()) == allocated
    assert sum(totals["proofs"].values()) == totals["statuses"].get("OPTIMAL", 0)
    assert totals["num_refused"] == sum(totals["refusals"].values())
    assert 0 < totals["units_shipped"] <= totals["units_ordered"]
    assert totals["num_split"] <= totals["num_shipping_orders"] <= totals["num_shipments"]
    assert Decimal(totals["costs"].pop("total")) == sum(map(Decimal, totals["costs"].values()))
    assert 0 < totals["promise_waits_ms"]["p50"] <= totals["promise_waits_ms"]["p99"]


def test_the_ledger_holds_what_was_answered(played: Any) -> None:
    """More orders are placed in the scenes: from a hold, to show a retry, by a promise from before other rules."""
    _, _, figures = played
    counts = figures["audit"]["counts"]
    totals = figures["totals"]
    assert counts["reservations"] == totals["num_orders"] - totals["num_refused"] + figures["scene_orders"]
    assert figures["scene_orders"] == 3
    assert figures["reserved_units"] == totals["units_shipped"] + figures["scene_units"]

"""Which refusal an order gets that nothing can be allocated of."""

from dataclasses import replace
from datetime import date

import pytest
from tests.service.shop import NETWORK, cart

from sourcier.domain.errors import Kind, Reason, Refusal
from sourcier.domain.plan import Costs, Decision, NodeOutcome, NodeReason, Plan, Proof, Status
from sourcier.domain.rules import Constraints, Prices, RuleSet, SafetyStock
from sourcier.domain.stock import StockRow
from sourcier.domain.supply import SupplyKind, SupplyRow
from sourcier.engine.compile import compile_network, compile_rules
from sourcier.engine.snapshot import Snapshot
from sourcier.service import refusals
from sourcier.service.snapshots import View

RULES = RuleSet(
    rule_set_id="main",
    channels=("web", "marketplace"),
    prices=Prices(),
    constraints=Constraints(),
    safety_stock=(SafetyStock(units=4, channels=frozenset({"marketplace"})),),
)
WHOLE = replace(RULES, constraints=Constraints(partial_orders=False))


def view(stock: dict[tuple[str, str], int], rules: RuleSet = RULES, offline: str = "") -> View:
    network = compile_network(NETWORK)
    snapshot = Snapshot(network)
    snapshot.put_rows(StockRow(node_id=node, sku=sku, on_hand=n) for (node, sku), n in stock.items())
    if offline:
        snapshot.online[network.node_index[offline]] = False
    return View(edition=0, network=network, snapshot=snapshot, rules=compile_rules(rules, "ruleSets/main/revisions/1"))


def decision(*reasons: NodeReason) -> Decision:
    return Decision(
        status=Status.UNFILLABLE,
        plan=Plan(shipments=(), unfilled=(), costs=Costs()),
        objective_micros=0,
        bound_micros=0,
        proof=Proof.CERTIFICATE,
        left_out=tuple(NodeOutcome(node_id=f"n{i}", reason=reason) for i, reason in enumerate(reasons)),
        rule_set_revision="ruleSets/main/revisions/1",
        snapshot_version=1,
    )


@pytest.mark.parametrize(
    ("stock", "rules", "channel", "missing"),
    [
        ({}, RULES, "web", ("mug", "pan")),
        ({("near", "mug"): 1}, RULES, "web", ()),
        ({("near", "mug"): 4, ("far", "mug"): 4, ("near", "pan"): 4}, RULES, "marketplace", ("mug", "pan")),
        ({("near", "mug"): 5}, RULES, "marketplace", ()),
        ({("near", "mug"): 2, ("far", "mug"): 3, ("near", "pan"): 1}, WHOLE, "web", ()),
        ({("near", "mug"): 2, ("far", "mug"): 2, ("near", "pan"): 1}, WHOLE, "web", ("mug",)),
        ({("near", "mug"): -3, ("far", "mug"): 7}, WHOLE, "web", ("pan",)),
    ],
)
def test_what_is_missing(
    stock: dict[tuple[str, str], int], rules: RuleSet, channel: str, missing: tuple[str, ...]
) -> None:
    wanted = cart(("mug", 3), ("pan", 1), ("mug", 2), channel=channel)
    assert refusals.short_skus(wanted, view(stock, rules)) == missing


def test_a_whole_order_misses_what_a_part_would_not() -> None:
    there = view({("near", "mug"): 4, ("near", "pan"): 1})
    wanted = cart(("mug", 5), ("pan", 1))
    assert refusals.short_skus(wanted, there) == ()
    assert refusals.short_skus(wanted, there, whole=True) == ("mug",)


@pytest.mark.parametrize(("channel", "missing"), [("web", ()), ("marketplace", ("pan",))])
def test_dated_supply_counts_after_protection(channel: str, missing: tuple[str, ...]) -> None:
    there = view({("near", "mug"): 3, ("far", "pan"): 1}, WHOLE)
    endless = SupplyKind.SUPPLIER_ORDERABLE
    there.snapshot.put_supplies(
        [
            SupplyRow(supply_id="ask", kind=endless, node_id="near", sku="mug", usable=2**53, lead_days=9),
            SupplyRow(supply_id="ask", kind=endless, node_id="far", sku="mug", usable=2**53, lead_days=9),
            SupplyRow(
                supply_id="po",
                kind=SupplyKind.PURCHASE_ORDER,
                node_id="far",
                sku="pan",
                usable=4,
                expected_on=date(2026, 12, 1),
            ),
        ]
    )
    assert refusals.short_skus(cart(("mug", 900), ("pan", 5), channel=channel), there) == missing


def test_stock_of_an_offline_node_does_not_count() -> None:
    stock = {("near", "mug"): 9}
    assert refusals.short_skus(cart(("mug", 1)), view(stock)) == ()
    assert refusals.short_skus(cart(("mug", 1)), view(stock, offline="near")) == ("mug",)


def test_without_stock_the_order_is_out_of_stock() -> None:
    refusal = refusals.unfillable(decision(NodeReason.NO_STOCK, NodeReason.NO_STOCK), cart(("mug", 1)), view({}))
    assert (refusal.kind, refusal.reason) == (Kind.FAILED_PRECONDITION, Reason.OUT_OF_STOCK)
    assert refusal.metadata == {"skus": "mug", "NO_STOCK": "2"}


def test_with_stock_the_blocking_reasons_are_named() -> None:
    stock = {("near", "mug"): 9}
    left_out = decision(NodeReason.TOO_LATE, NodeReason.NO_STOCK, NodeReason.TOO_LATE)
    refusal = refusals.unfillable(left_out, cart(("mug", 1)), view(stock))
    assert (refusal.kind, refusal.reason) == (Kind.FAILED_PRECONDITION, Reason.NO_PLAN)
    assert refusal.metadata == {"TOO_LATE": "2", "NO_STOCK": "1"}
    assert "TOO_LATE at 2 node(s), NO_STOCK at 1 node(s)" in refusal.message


@pytest.mark.parametrize(
    ("refusal", "kind", "reason"),
    [
        (refusals.contended(), Kind.ABORTED, Reason.CONTENDED),
        (refusals.hold_not_found("h"), Kind.NOT_FOUND, Reason.HOLD_NOT_FOUND),
        (refusals.network_not_applied(), Kind.FAILED_PRECONDITION, Reason.NETWORK_NOT_APPLIED),
        (refusals.rule_set_not_active(), Kind.FAILED_PRECONDITION, Reason.RULE_SET_NOT_ACTIVE),
    ],
)
def test_each_refusal_has_its_kind(refusal: Refusal, kind: Kind, reason: Reason) -> None:
    assert (refusal.kind, refusal.reason) == (kind, reason)
    assert refusal.message

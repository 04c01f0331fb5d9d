"""What a person reads of promises, plans and explanations."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from rich.console import Console, RenderableType

from sourcier.domain.network import Method
from sourcier.domain.plan import (
    Costs,
    Decision,
    Marking,
    NodeOutcome,
    NodeReason,
    Peg,
    Plan,
    Proof,
    Shipment,
    ShipmentLine,
    Status,
)
from sourcier.domain.promise import Kept
from sourcier.rpc.translate_common import fill_decision
from sourcier.rpc.translate_sourcing import fill_kept
from sourcier.terminal import tables
from sourcier.v1 import common_pb2, sourcing_pb2

MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def shown(view: RenderableType) -> str:
    console = Console(width=118, color_system=None)
    with console.capture() as captured:
        console.print(view)
    return captured.get()


def shipment(node_id: str, *lines: tuple[str, int]) -> Shipment:
    return Shipment(
        node_id=node_id,
        service_id="standard",
        ship_day=date(2026, 11, 23),
        deliver_on=date(2026, 11, 25),
        order_by=MONDAY + timedelta(hours=3),
        ship_by=MONDAY + timedelta(hours=6),
        distance_m=196_400,
        weight_grams=15_780,
        lines=tuple(ShipmentLine(line_id="1", sku=sku, quantity=quantity) for sku, quantity in lines),
        shipping_micros=13_390_000,
        handling_micros=4_800_000,
        late_micros=0,
    )


def decision(status: Status = Status.OPTIMAL, *, bound: int = 19_690_000, outcomes: bool = True) -> common_pb2.Decision:
    costs = Costs(shipping=13_390_000, handling=4_800_000, split=1_500_000)
    left_out = (
        NodeOutcome(node_id="far", reason=NodeReason.NOT_CHOSEN, extra_cost_micros=2_500_000),
        NodeOutcome(node_id="tie-b", reason=NodeReason.NOT_CHOSEN, extra_cost_micros=0),
        NodeOutcome(node_id="tie-a", reason=NodeReason.NOT_CHOSEN, extra_cost_micros=0),
        NodeOutcome(node_id="dark", reason=NodeReason.OFFLINE),
    )
    made = Decision(
        status=status,
        plan=Plan(
            shipments=(shipment("near", ("MUG", 2), ("BOWL", 1)),),
            unfilled=(ShipmentLine(line_id="2", sku="VASE", quantity=3),),
            costs=costs,
        ),
        objective_micros=costs.total,
        bound_micros=bound,
        proof=Proof.CERTIFICATE,
        left_out=left_out if outcomes else (),
        rule_set_revision="ruleSets/main/revisions/3",
        snapshot_version=41,
    )
    message = common_pb2.Decision()
    fill_decision(message, made, "EUR", explain=True)
    return message


def test_a_plan_shows_shipments_what_stays_unfilled_and_every_cost() -> None:
    told = shown(tables.plan_view(decision()))
    for words in (
        "2 × MUG",
        "1 × BOWL",
        "196",
        "15.8",
        "18.19",
        "13.39",
        "4.80",
        "1.50",
        "19.69",
        "Nobody ships 3 × VASE",
    ):
        assert words in told


@pytest.mark.parametrize(
    ("status", "bound", "words"),
    [
        (Status.OPTIMAL, 19_690_000, "OPTIMAL at 19.69 EUR: no plan is cheaper. Proven by CERTIFICATE"),
        (Status.FEASIBLE, 18_000_000, "no plan costs less than 18.00, so at most 1.69 could be saved"),
        (Status.DEGRADED, 18_000_000, "DEGRADED at 19.69 EUR"),
        (Status.UNFILLABLE, 0, "no unit can be shipped"),
    ],
)
def test_the_proof_is_a_sentence(status: Status, bound: int, words: str) -> None:
    assert words in tables.proof_sentence(decision(status, bound=bound))


def test_every_status_and_proof_and_reason_has_words() -> None:
    for proof in Proof:
        assert common_pb2.Proof.Value(f"PROOF_{proof}") in tables._PROOFS
    for reason in NodeReason:
        assert common_pb2.NodeReason.Value(f"NODE_REASON_{reason}") in tables._REASONS


def test_nodes_are_left_out_in_the_order_of_how_near_they_came() -> None:
    rows = [line for line in shown(tables.left_out_table(decision())).splitlines() if line.strip()][2:]
    assert "≥ 0.00" in rows[0]
    assert rows[0].rstrip().endswith("tie-a, tie-b")
    assert "≥ 2.50" in rows[1]
    assert rows[1].rstrip().endswith("far")
    assert rows[2].lstrip().startswith("OFFLINE")
    assert rows[2].rstrip().endswith("dark")


def test_a_shipment_shows_its_round_its_days_and_what_it_waits_for() -> None:
    peg = Peg(supply_id="po-1", quantity=1, expected_on=date(2026, 11, 23), to_order=True)
    line = ShipmentLine(line_id="1", sku="MUG", quantity=2, pegs=(peg,), marking=Marking.BACKORDER)
    waiting = replace(
        shipment("near"),
        lines=(line,),
        deliver_from=date(2026, 11, 24),
        round_minute=17 * 60,
        to_node_id="hub",
    )
    plan = Plan(shipments=(waiting,), unfilled=(), costs=Costs(), onward=replace(shipment("hub"), to_node_id="store"))
    made = Decision(
        status=Status.OPTIMAL,
        plan=plan,
        objective_micros=0,
        bound_micros=0,
        proof=Proof.MIP,
        left_out=(),
        rule_set_revision="",
        snapshot_version=0,
    )
    message = common_pb2.Decision()
    fill_decision(message, made, "EUR", explain=False)
    told = " ".join(shown(tables.plan_view(message)).split())
    for words in (
        "Mon 23 Nov 17:00",
        "Tue 24 Nov – Wed 25 Nov",
        "at hub",
        "2 × MUG",
        "1 of po-1, Mon 23 Nov, to be ordered",
        "One parcel leaves hub by standard and arrives Wed 25 Nov at store.",
    ):
        assert words in told


def test_an_allocation_says_what_it_keeps_and_what_must_be_ordered() -> None:
    made = allocation(sourcing_pb2.STATE_ALLOCATED)
    kept = Kept(
        method=Method.SHIP_TO_STORE,
        earliest=date(2026, 11, 24),
        latest=date(2026, 11, 25),
        time_zone="Europe/Paris",
        fee_micros=4_900_000,
        store_id="store",
    )
    fill_kept(made.kept, kept, "EUR")
    wanted = made.to_order.add(supply_id="s-1", node_id="near", sku="MUG", quantity=3)
    wanted.expected_on.year, wanted.expected_on.month, wanted.expected_on.day = 2026, 12, 1
    told = " ".join(shown(tables.allocation_view(made)).split())
    assert (
        "Promised at store for Tue 24 Nov – Wed 25 Nov (Europe/Paris) at a fee of 4.90 EUR: the plan keeps it." in told
    )
    assert "To be ordered today: 3 × MUG of s-1 for near, to be there on Tue 1 Dec." in told
    fill_kept(made.kept, replace(kept, late_days=2, store_id=""), "EUR")
    assert "the plan is 2 days late" in shown(tables.allocation_view(made))


def allocation(*states: sourcing_pb2.State) -> sourcing_pb2.Allocation:
    made = sourcing_pb2.Allocation(name="allocations/a1", order_id="A-1", decision=decision())
    for number, state in enumerate(states, 1):
        made.lines.add(line_no=number, line_id="1", node_id="near", sku="MUG", quantity=2, state=state)
    return made


def test_an_allocation_shows_its_lines_once_they_have_moved() -> None:
    assert "CANCELLED" not in shown(tables.allocation_view(allocation(sourcing_pb2.STATE_ALLOCATED)))
    moved = allocation(sourcing_pb2.STATE_ALLOCATED, sourcing_pb2.STATE_CANCELLED)
    assert "CANCELLED" in shown(tables.allocation_view(moved))


def test_an_allocation_says_what_became_of_its_hold() -> None:
    made = allocation(sourcing_pb2.STATE_ALLOCATED)
    made.hold = "holds/h1"
    assert "holds/h1 is honoured" in shown(tables.allocation_view(made))
    made.reallocated = True
    assert "had expired" in shown(tables.allocation_view(made))


def test_an_explanation_names_its_rules_and_says_when_it_has_no_reasons() -> None:
    made = allocation(sourcing_pb2.STATE_ALLOCATED)
    told = shown(tables.explanation_view(made))
    assert "ruleSets/main/revisions/3 on stock version 41" in told
    assert "tie-a" in told
    made.decision.CopyFrom(decision(outcomes=False))
    assert "was not asked for" in shown(tables.explanation_view(made))


def test_an_audit_counts_and_lists() -> None:
    fine = shown(tables.audit_view([], {"stock_rows": 5_050}))
    assert fine.strip() == "the ledger adds up: 5,050 stock rows"
    broken = shown(tables.audit_view(["stock row: a, b", "pool: c"], {"stock_rows": 2})).splitlines()
    assert broken == ["2 breaches in 2 stock rows", "  stock row: a, b", "  pool: c"]

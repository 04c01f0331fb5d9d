"""Plans and decisions: what the figures of an answer mean."""

from dataclasses import fields

import pytest

from sourcier.domain.plan import Costs, Decision, NodeOutcome, NodeReason, Plan, Proof, Status


@pytest.mark.parametrize("component", [field.name for field in fields(Costs)])
def test_every_component_counts_once_in_the_total(component: str) -> None:
    assert Costs(**{component: 7}).total == 7


def test_the_total_is_the_sum_of_all_components() -> None:
    assert Costs(shipping=1, handling=20, split=300, late=4_000, unfilled=50_000).total == 54_321


def test_the_gap_is_what_is_not_proven() -> None:
    decision = Decision(
        status=Status.FEASIBLE,
        plan=Plan(shipments=(), unfilled=(), costs=Costs(unfilled=100)),
        objective_micros=100,
        bound_micros=60,
        proof=Proof.MIP,
        left_out=(),
        rule_set_revision="r",
        snapshot_version=1,
    )
    assert decision.gap_micros == 40


def test_reasons_stand_in_the_order_in_which_a_node_is_tried() -> None:
    assert [reason.value for reason in NodeReason] == [
        "OFFLINE",
        "NODE_TYPE_EXCLUDED",
        "NO_SERVICE",
        "OUT_OF_RANGE",
        "TOO_LATE",
        "NO_STOCK",
        "PROTECTED",
        "CAPACITY_FULL",
        "TOO_HEAVY",
        "NOT_CHOSEN",
    ]


def test_an_unpriced_node_is_not_one_that_costs_nothing_more() -> None:
    unpriced = NodeOutcome(node_id="n", reason=NodeReason.NOT_CHOSEN)
    assert unpriced.extra_cost_micros is None
    assert unpriced != NodeOutcome(node_id="n", reason=NodeReason.NOT_CHOSEN, extra_cost_micros=0)

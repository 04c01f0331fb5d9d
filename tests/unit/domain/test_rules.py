"""Rule sets: an empty rule limits nothing, and revisions are values."""

from dataclasses import FrozenInstanceError, fields, replace

import pytest

from sourcier.domain.network import NodeType
from sourcier.domain.rules import Constraints, DeliverBy, Eligibility, Prices, RuleSet, SafetyStock

RULES = RuleSet(rule_set_id="main", channels=("web",), prices=Prices(), constraints=Constraints())


def test_constraints_without_a_word_limit_nothing_but_lateness() -> None:
    free = Constraints()
    assert (free.max_shipments, free.max_nodes_per_line) == (None, None)
    assert (free.ship_complete, free.partial_orders) == (False, True)
    assert free.deliver_by is DeliverBy.HARD


def test_an_unfilled_unit_costs_its_price_unless_said_otherwise() -> None:
    said = {field.name: getattr(Prices(), field.name) for field in fields(Prices)}
    assert said.pop("unfilled_value_bp") == 10_000
    assert set(said.values()) == {0}


def test_entries_without_channels_or_types_are_for_all() -> None:
    assert Eligibility(exclude_node_types=frozenset({NodeType.STORE})).channels == frozenset()
    assert (SafetyStock(units=1).node_types, SafetyStock(units=1).channels) == (frozenset(), frozenset())


def test_revisions_compare_and_hash_by_value_and_do_not_change() -> None:
    assert {RULES, replace(RULES)} == {RULES}
    assert replace(RULES, safety_stock=(SafetyStock(units=1),)) != RULES
    with pytest.raises(FrozenInstanceError):
        RULES.channels = ()  # type: ignore[misc]

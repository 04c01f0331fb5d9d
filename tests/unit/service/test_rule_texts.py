"""Texts of rule sets are checked alone, and beside a network."""

import pytest
from tests.service.shop import NETWORK, RULES

from sourcier.domain.errors import Reason, Refusal
from sourcier.service.rule_texts import mismatched, read_rule_set

CROSSED = """
protection:
  safety_stock:
    - {units: 2, node_types: [store], channels: [web]}
    - {units: 2, node_types: [warehouse], channels: [marketplace]}
"""


def test_what_only_the_engine_refuses_has_a_place_too() -> None:
    assert read_rule_set(RULES, "r.yaml").rule_set_id == "main"
    with pytest.raises(Refusal) as caught:
        read_rule_set(RULES + CROSSED, "r.yaml")
    assert caught.value.reason is Reason.RULE_SET_INVALID
    (fault,) = caught.value.violations
    assert fault.field == f"r.yaml:{RULES.count(chr(10)) + 3}:3"


def test_what_the_network_does_not_have_is_told_with_the_name_that_was_meant() -> None:
    assert mismatched(RULES, "r.yaml", NETWORK) == ()
    (found,) = mismatched(f"{RULES}consolidation:\n  - {{hub: neer, methods: [express]}}\n", "r.yaml", NETWORK)
    assert found.field == f"r.yaml:{RULES.count(chr(10)) + 2}:11"
    assert found.description == "'neer' is not a node of the network; did you mean near?"

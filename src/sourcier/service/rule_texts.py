"""Checks the text of a rule set, alone and beside a network; what is wrong is told by its place in the text."""

from sourcier.domain.errors import Reason, Refusal, Violation, invalid
from sourcier.domain.network import Network
from sourcier.domain.rule_checks import mismatches
from sourcier.domain.rules import RuleSet
from sourcier.engine.compile import compile_rules
from sourcier.inputs.faults import nearest
from sourcier.inputs.rule_places import RulePlaces
from sourcier.inputs.rules_yaml import parse_rule_set


def read_rule_set(text: str, filename: str) -> RuleSet:
    """The rule set in `text`, which decisions can be made by; `filename` only names the file in faults.

    Raises
    ------
    Refusal
        RULE_SET_INVALID with every fault as ``Violation(field="file:line:col")``.
    """
    rule_set = parse_rule_set(text, filename)
    try:
        compile_rules(rule_set, "")
    except Refusal as refusal:
        places = RulePlaces(text, filename)
        found = [Violation(field=places.of(v.field), description=v.description) for v in refusal.violations]
        raise invalid(found, Reason.RULE_SET_INVALID) from refusal
    return rule_set


def mismatched(text: str, filename: str, network: Network) -> tuple[Violation, ...]:
    """What a rule set that can be read names and the network does not have, as ``Violation(field="file:line:col")``."""
    found = mismatches(parse_rule_set(text, filename), network)
    if not found:
        return ()
    places = RulePlaces(text, filename)
    return tuple(
        Violation(field=places.of(one.path, one.name), description=one.problem + nearest(one.name, one.known))
        for one in found
    )

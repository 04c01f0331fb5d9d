"""Networks and rule sets from the files that a command names; every fault is a ``Refusal`` with its place."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sourcier.domain.network import Network
    from sourcier.domain.rules import RuleSet


def read_network(path: Path) -> "Network":
    """The network in a file."""
    from sourcier.domain.errors import Reason
    from sourcier.domain.limits import NETWORK_BYTES_MAX
    from sourcier.inputs.files import read_text
    from sourcier.inputs.network_yaml import parse_network

    return parse_network(read_text(path, NETWORK_BYTES_MAX, Reason.NETWORK_INVALID), str(path))


def read_rules(path: Path) -> "tuple[RuleSet, str]":
    """The rule set in a file, checked as the server would, and its text."""
    from sourcier.domain.errors import Reason
    from sourcier.domain.limits import RULE_SET_BYTES_MAX
    from sourcier.inputs.files import read_text
    from sourcier.service.rule_texts import read_rule_set

    text = read_text(path, RULE_SET_BYTES_MAX, Reason.RULE_SET_INVALID)
    return read_rule_set(text, str(path)), text

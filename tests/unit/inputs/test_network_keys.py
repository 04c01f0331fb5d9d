"""The keys of a network file: hints lead to keys that there are."""

import re

from sourcier.inputs.network_keys import NETWORK_ADVICE, NETWORK_KEYS


def test_nodes_take_what_their_defaults_take() -> None:
    assert set(NETWORK_KEYS["node_defaults.*"]) < set(NETWORK_KEYS["nodes[]"])


def test_hints_name_sections_that_there_are() -> None:
    sections = {section.replace("[]", "") for section in NETWORK_KEYS}
    named = {found[1] for hint in NETWORK_ADVICE.values() if (found := re.search(r"it belongs under (\S+)", hint))}
    assert named
    assert named <= sections


def test_no_hint_is_for_a_key_of_the_top() -> None:
    assert not set(NETWORK_ADVICE) & set(NETWORK_KEYS[""])

"""Where in its text something stands that was found in a rule set after it was read."""

import re
from typing import Final

from sourcier.domain.errors import Reason
from sourcier.domain.limits import RULE_SET_BYTES_MAX
from sourcier.inputs.faults import Faults
from sourcier.inputs.yaml_nodes import Mapping, Scalar, Sequence, compose

_STEP: Final = re.compile(r"\[(\d+)\]|([a-z_]+)")


class RulePlaces:
    """The places in the text of a rule set that can be read."""

    def __init__(self, text: str, filename: str) -> None:
        self._filename = filename
        self._root = compose(text, RULE_SET_BYTES_MAX, Faults(filename=filename, reason=Reason.RULE_SET_INVALID))

    def of(self, path: str, name: str = "") -> str:
        """``file:line:column`` of the deepest part of `path` (such as ``fees[2].zones``) that is there.

        It is that of the value `name` where a single value or an item of the list there is written so.
        """
        node = spot = self._root
        for step in _STEP.finditer(path):
            if isinstance(node, Mapping) and step[2] in node.entries:
                spot, node = node.entries[step[2]]
            elif isinstance(node, Sequence) and step[1] and int(step[1]) < len(node.items):
                spot = node = node.items[int(step[1])]
            else:
                break
        for item in node.items if isinstance(node, Sequence) else (node,):
            if name and isinstance(item, Scalar) and item.text.casefold() == name.casefold():
                spot = item
        return f"{self._filename}:{spot.line}:{spot.column}"

"""Where the fields of a network stand in its file, so that faults found in the finished network can be placed.

`network_checks` names a field by its path in the domain, such as ``nodes[3].rounds[1].cut_off_minute``. The file has
other words, defaults of node types, and lists that stand in one cell. The readers note the places of entries and of
what is not laid out as in the domain; from the entry on the path is followed through the file's own keys.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from sourcier.domain.errors import Violation
from sourcier.inputs.faults import Faults
from sourcier.inputs.fields import Fields
from sourcier.inputs.yaml_nodes import Mapping, Node, Scalar, Sequence

# The domain's words for the file's; what the file writes in one value keeps the place of that value.
_WORDS: Final = {
    "zone_id": "zone",
    "service_id": "service",
    "node_id": "node",
    "shift_id": "shift",
    "from_node_id": "from",
    "to_node_id": "to",
    "node_ids": "nodes",
    "from_minute": "hours",
    "to_minute": "hours",
    "pickup_minute": "pickup",
    "last_pickup_minute": "last_pickup",
    "cut_off_minute": "cut_off",
    "day": "date",
}
_STEP: Final = re.compile(r"\[(\d+)\]|([a-z_]+)")
_SECTION_STEPS: Final = 3  # as in nodes [3] rounds


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A place in a file: the node that stands there, or only a line (column 0) of a table; `path` in the file's words.

    Exactly one of `node` and `line` says where.
    """

    faults: Faults
    path: str
    node: Node | None = None
    line: int = 0


@dataclass(slots=True, kw_only=True)
class Spots:
    """The places of fields by their path in the domain."""

    _known: dict[str, Spot] = field(default_factory=dict)

    def entry(self, path: str, fields: Fields) -> None:
        """Note where the mapping of the domain's `path` stands; one that could not be read has no place."""
        if fields.readable:
            self._known[path] = Spot(faults=fields.faults, path=fields.path, node=fields.mapping)

    def value(self, path: str, node: Node, at: str, faults: Faults) -> None:
        """Note where the value of the domain's `path` stands; `at` is its path in the file."""
        self._known[path] = Spot(faults=faults, path=at, node=node)

    def row(self, path: str, line: int, faults: Faults) -> None:
        """Note the line of a table on which the domain's `path` stands."""
        self._known[path] = Spot(faults=faults, path="", line=line)

    def place(self, found: Iterable[Violation], faults: Faults) -> None:
        """Note every fault at its place.

        What is wrong inside a list that has unreadable entries may be wrong only because of them, and is not told.
        """
        unread = {_section(path) for path in faults.paths} - {""}
        for violation in found:
            spot = self._find(violation.field)
            if spot is None:
                if not faults:
                    faults.add(1, 0, violation.description, violation.field)
            elif spot.node is None:
                spot.faults.add(spot.line, 0, violation.description)
            elif _section(spot.path) not in unread:
                spot.faults.add(spot.node.line, spot.node.column, violation.description, spot.path)

    def _find(self, path: str) -> Spot | None:
        """The place of the deepest part of `path` that stands in the file."""
        steps = [match.group() for match in _STEP.finditer(path)]
        for known in range(len(steps), 0, -1):
            spot = self._known.get(_joined(steps[:known]))
            if spot is not None:
                return _descend(spot, steps[known:])
        return None


def _joined(steps: list[str]) -> str:
    return "".join(step if step[0] == "[" else f".{step}" for step in steps).removeprefix(".")


def _section(path: str) -> str:
    """The list or value of an entry that `path` leads into; empty if it leads to the entry itself."""
    steps = [match.group() for match in _STEP.finditer(path)]
    return _joined(steps[:_SECTION_STEPS]) if len(steps) >= _SECTION_STEPS else ""


def _descend(spot: Spot, steps: list[str]) -> Spot:
    """Follow `steps` from a place through the file as far as they lead."""
    node, path = spot.node, spot.path
    for step in steps:
        word = _WORDS.get(step, step)
        if isinstance(node, Mapping) and word in node.entries:
            node, path = node.entries[word][1], f"{path}.{word}"
        elif isinstance(node, Sequence) and step[0] == "[" and int(step[1:-1]) < len(node.items):
            node, path = node.items[int(step[1:-1])], f"{path}{step}"
        elif isinstance(node, Scalar) or step[0] == "[":
            break
    return Spot(faults=spot.faults, path=path, node=node, line=spot.line)

"""Reads the keys of one YAML mapping: values, sections and lists. Faults are noted and reading goes on."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, TypeVar

from sourcier.inputs.faults import Faults, nearest, shown
from sourcier.inputs.values import Unfit
from sourcier.inputs.yaml_nodes import Mapping, Node, Scalar, Sequence

Value = TypeVar("Value")

_KINDS: Final = {Scalar: "a single value", Sequence: "a list", Mapping: "keys and values"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """The mapping at `path` (empty: the whole file). A fault found while reading goes to `faults`."""

    path: str
    mapping: Mapping
    faults: Faults
    readable: bool = True

    def __contains__(self, key: str) -> bool:
        """Whether the key stands here."""
        return key in self.mapping.entries

    def at(self, key: str) -> str:
        """The full path of a key."""
        return f"{self.path}.{key}" if self.path else key

    def text(self, key: str) -> str | None:
        """The text of a key that holds a single value."""
        node = self.mapping.entries[key][1] if key in self else None
        return node.text if isinstance(node, Scalar) and not node.empty and not node.told else None

    def over(self, defaults: "Fields") -> "Fields":
        """These keys, and the defaults' wherever a key is not here."""
        entries = defaults.mapping.entries | self.mapping.entries
        mapping = Mapping(line=self.mapping.line, column=self.mapping.column, entries=entries)
        return Fields(path=self.path, mapping=mapping, faults=self.faults, readable=self.readable)

    def fault(self, problem: str, key: str = "") -> None:
        """Note a fault of this mapping, or of the value of one of its keys."""
        node: Node = self.mapping.entries[key][1] if key in self else self.mapping
        self.faults.add(node.line, node.column, problem, self.at(key) if key else self.path)

    def missing(self, key: str, hint: str = "") -> None:
        """Note that a key is not there."""
        if self.readable:
            self.faults.add(self.mapping.line, self.mapping.column, f"{key} is missing{hint}", self.path)

    def value(self, key: str, read: Callable[[str], Value], default: Value, *, required: bool = False) -> Value:
        """The value of one key; `default` when it is absent or unfit (the latter is a fault)."""
        if key not in self:
            if required:
                self.missing(key)
            return default
        found = read_scalar(self.mapping.entries[key][1], self.at(key), read, self.faults)
        return default if found is None else found

    def unique(self, key: str, read: Callable[[str], str], seen: dict[str, int]) -> str:
        """A required id that none of the entries `seen` before has, else empty; notes it there with its line."""
        name = self.value(key, read, "", required=True)
        if name in seen:
            self.fault(f"is given twice; the first is on line {seen[name]}", key)
            return ""
        if name:
            seen[name] = self.mapping.line
        return name

    def pairs(self, key: str, items_max: int) -> Iterator[tuple[Scalar, Node]]:
        """Every key and value of the mapping under a key, whatever its keys are."""
        node = self.mapping.entries[key][1]
        if not isinstance(node, Mapping):
            _note_kind(node, _KINDS[Mapping], self.at(key), self.faults)
        elif not 0 < len(node.entries) <= items_max:
            told = f"must have at most {items_max} entries" if node.entries else "must not be empty"
            self.fault(told, key)
        else:
            yield from node.entries.values()

    def section(self, key: str, keys: tuple[str, ...], *, required: bool = False) -> "Fields":
        """The mapping under a key; an empty one when it is absent or unfit."""
        if key not in self:
            if required:
                self.missing(key)
            empty = Mapping(line=self.mapping.line, column=self.mapping.column, entries={})
            return Fields(path=self.at(key), mapping=empty, faults=self.faults, readable=False)
        return read_fields(self.mapping.entries[key][1], self.at(key), keys, self.faults)

    def nodes(self, key: str, items_max: int, *, required: bool = False) -> Iterator[tuple[Node, str]]:
        """Every item of the list under a key, with its path."""
        if key not in self:
            if required:
                self.missing(key)
            return
        node = self.mapping.entries[key][1]
        if not isinstance(node, Sequence):
            _note_kind(node, "a list", self.at(key), self.faults)
            return
        if required and not node.items:
            self.fault("must not be empty", key)
        if len(node.items) > items_max:
            self.fault(f"must have at most {items_max} entries, found {len(node.items)}", key)
            return
        for index, item in enumerate(node.items):
            yield item, f"{self.at(key)}[{index}]"

    def one_or_more(self, key: str, items_max: int, *, required: bool = False) -> Iterator[tuple[Node, str]]:
        """The single value under a key, or every item of the list there, with its path."""
        if self.text(key) is not None:
            yield self.mapping.entries[key][1], self.at(key)
        else:
            yield from self.nodes(key, items_max, required=required)

    def sections(
        self, key: str, keys: tuple[str, ...], items_max: int, *, required: bool = False
    ) -> Iterator["Fields"]:
        """Every item of a list of mappings."""
        for item, path in self.nodes(key, items_max, required=required):
            yield read_fields(item, path, keys, self.faults)

    def values(
        self, key: str, read: Callable[[str], Value], items_max: int, *, required: bool = False
    ) -> tuple[Value, ...]:
        """Every fit item of a list of single values; an item may stand in it once."""
        found: dict[Value, None] = {}
        for item, path in self.nodes(key, items_max, required=required):
            value = read_scalar(item, path, read, self.faults)
            if value is None:
                continue
            if value in found:
                self.faults.add(item.line, item.column, "stands in the list twice", path)
            found[value] = None
        return tuple(found)


def read_fields(node: Node, path: str, keys: tuple[str, ...], faults: Faults) -> Fields:
    """The keys and values of `node`; keys not in `keys` are faults."""
    if not isinstance(node, Mapping):
        _note_kind(node, _KINDS[Mapping], path, faults)
        empty = Mapping(line=node.line, column=node.column, entries={})
        return Fields(path=path, mapping=empty, faults=faults, readable=False)
    for name, (key, _) in node.entries.items():
        if name not in keys and not faults.full:
            known = f"; known here: {', '.join(keys)}"
            # In {split: 2,50} the comma ends the value, and 50 is a key.
            hint = "; write decimals with a point" if name.isdecimal() else faults.advice.get(name)
            hint = hint or nearest(name, keys) or known
            faults.add(key.line, key.column, f"unknown key {shown(name)}{hint}", path)
    return Fields(path=path, mapping=node, faults=faults)


def read_scalar(node: Node, path: str, read: Callable[[str], Value], faults: Faults) -> Value | None:
    """A single value, or None after noting what is wrong with it."""
    if not isinstance(node, Scalar):
        _note_kind(node, _KINDS[Scalar], path, faults)
        return None
    if node.told or faults.full:
        return None  # looking for a hint takes time, and nobody would read it
    if node.empty:
        faults.add(node.line, node.column, "has no value; give one, or leave the key out", path)
        return None
    try:
        return read(node.text)
    except Unfit as unfit:
        faults.add(node.line, node.column, str(unfit), path)
        return None


def _note_kind(node: Node, wanted: str, path: str, faults: Faults) -> None:
    """Note that a node is not of the wanted kind."""
    if isinstance(node, Scalar):
        if node.told:
            return
        found = "nothing" if node.empty else shown(node.text)
    else:
        found = _KINDS[type(node)]
    faults.add(node.line, node.column, f"must be {wanted}, found {found}", path)

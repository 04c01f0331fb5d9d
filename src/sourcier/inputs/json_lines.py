"""JSON lines: one object per line, its fields read like the cells of a table."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sourcier.inputs.faults import Faults, nearest, shown
from sourcier.inputs.tables import Row


class _Number(str):
    """A number as it was written: what it means is decided by who reads it, and no float is made."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class _Pairs:
    """An object as its keys and values, so that a key that stands twice is not lost."""

    items: list[tuple[str, object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonObject:
    """One object, whose keys are all known and each there once. `path` leads to it within its line."""

    line: int
    path: str
    fields: dict[str, object]
    known: tuple[str, ...]
    faults: Faults

    def row(self, lists: dict[str, str]) -> Row:
        """Its single values as cells; a list of texts (of the fields in `lists`) joined by that separator."""
        cells = dict.fromkeys(self.known, "")
        row = Row(line=self.line, cells=cells, faults=self.faults, path=self.path)
        for name, value in self.fields.items():
            if isinstance(value, bool):
                cells[name] = str(value).lower()
            elif isinstance(value, str):
                cells[name] = value
            elif isinstance(value, list) and name in lists:
                texts = [text for text in value if isinstance(text, str) and lists[name] not in text]
                cells[name] = lists[name].join(texts)
                if len(texts) < len(value):
                    row.fault(f"must be a list of texts without {lists[name]!r}", name)
            elif not isinstance(value, list):
                row.fault("must be a text, a number, true or false", name)
        return row

    def rows(self, name: str, required: tuple[str, ...], optional: tuple[str, ...]) -> list[Row]:
        """The objects in its list `name`, as rows."""
        items = self.fields.get(name)
        if not isinstance(items, list):
            self.faults.add(self.line, 0, "must be a list of objects", f"{self.path}{name}")
            return []
        objects = [
            _checked(item, f"{self.path}{name}[{index}].", self.line, required, optional, self.faults)
            for index, item in enumerate(items)
        ]
        return [item.row({}) for item in objects if item is not None]


def read_objects(
    lines: Iterable[str], required: tuple[str, ...], optional: tuple[str, ...], faults: Faults
) -> Iterator[JsonObject]:
    """The objects of a file, one a line; blank lines are skipped, lines that are not an object are faults."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            value = json.loads(
                line, parse_float=_Number, parse_int=_Number, parse_constant=_Number, object_pairs_hook=_Pairs
            )
        except json.JSONDecodeError as error:
            faults.add(number, error.colno, f"not readable as JSON: {error.msg}")
            continue
        except RecursionError:
            faults.add(number, 0, "not readable as JSON: nested too deep")
            continue
        checked = _checked(value, "", number, required, optional, faults)
        if checked is not None:
            yield checked


def _checked(
    value: object, path: str, line: int, required: tuple[str, ...], optional: tuple[str, ...], faults: Faults
) -> JsonObject | None:
    if not isinstance(value, _Pairs):
        faults.add(line, 0, "must be an object", path.rstrip("."))
        return None
    known = (*required, *optional)
    fields: dict[str, object] = {}
    for name, item in value.items:
        if name not in known:
            hint = nearest(name, known) or f"; known are {', '.join(known)}"
            faults.add(line, 0, f"unknown key {shown(name)}{hint}", path.rstrip("."))
        elif name in fields:
            faults.add(line, 0, "stands twice", f"{path}{name}")
        elif item is not None:
            fields[name] = item
    return JsonObject(line=line, path=path, fields=fields, known=known, faults=faults)

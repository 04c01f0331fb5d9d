"""YAML text as a small tree in which every key and value knows its place and keeps the text that was written.

Nothing is guessed from how a value looks: a key's reader decides what ``01``, ``no`` or ``2.00`` means.
Aliases, anchors, tags and second documents are refused, so no text grows while it is read; depth is limited.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from sourcier.inputs.faults import Faults, shown

YAML_DEPTH_MAX: Final = 16  # mappings and lists inside each other
NO_VALUE: Final = frozenset({"", "~", "null", "Null", "NULL"})  # what YAML itself calls null, unless quoted


@dataclass(frozen=True, slots=True, kw_only=True)
class Scalar:
    """One value as text. `empty`: it was left out or written as null. `told`: its fault is noted already."""

    line: int
    column: int
    text: str
    empty: bool = False
    told: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequence:
    """A list."""

    line: int
    column: int
    items: tuple["Node", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """Keys and values in the order of the file; every key once."""

    line: int
    column: int
    entries: dict[str, tuple[Scalar, "Node"]]


Node = Scalar | Sequence | Mapping


@dataclass(frozen=True, slots=True)
class _Open:
    """A list or mapping whose end has not come yet; a mapping's children are its keys and values in turn."""

    mapping: bool
    line: int
    column: int
    children: list[Node]


def compose(text: str, bytes_max: int, faults: Faults) -> Node:
    """The document in `text`; what is wrong inside it goes to `faults`.

    Raises
    ------
    Refusal
        When there is no readable document: too long, empty, or not YAML.
    """
    size_bytes = len(text.encode("utf-8", "surrogatepass"))
    if size_bytes > bytes_max:
        faults.refuse(1, 0, f"the file has {size_bytes} bytes; at most {bytes_max} are read")
    documents = _documents(text, faults)
    if not documents:
        faults.raise_if_any()
        faults.refuse(1, 1, "the file is empty")
    return documents[0]


def _events(text: str, faults: Faults) -> Iterator[Event]:
    """The parser's events up to where the text stops being YAML, which is noted."""
    event: Event | None = None
    try:
        for event in YAML(typ="safe", pure=True).parse(text):
            yield event
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 0)
        faults.add(line, column, f"not readable as YAML: {error.problem or error.context or 'syntax error'}")
    except ReaderError as error:
        before = text[: error.position]
        column = error.position - (before.rfind("\n") + 1) + 1
        problem = f"not readable as YAML: the character U+{ord(text[error.position]):04X} is not allowed"
        faults.add(before.count("\n") + 1, column, problem)
    except Exception as error:
        # Some broken escapes and directives make the parser itself fail with an exception of any kind.
        line = event.start_mark.line + 1 if event else 1
        faults.add(line, 0, f"not readable as YAML after this line: {shown(str(error))}")


def _documents(text: str, faults: Faults) -> list[Node]:
    """Follow the events with an explicit stack: the text decides the depth, so no recursion."""
    documents: list[Node] = []
    stack = [_Open(False, 1, 1, documents)]
    for event in _events(text, faults):
        line, column = event.start_mark.line + 1, event.start_mark.column + 1
        if isinstance(event, DocumentStartEvent) and documents:
            faults.add(line, column, "a second document begins here; one file holds one document")
            break
        if isinstance(event, MappingEndEvent | SequenceEndEvent):
            closed = _close(stack.pop(), faults)
            stack[-1].children.append(closed)
        elif isinstance(event, AliasEvent):
            faults.add(line, column, f"*{event.anchor}: aliases are not read; write the value itself")
            stack[-1].children.append(Scalar(line=line, column=column, text="", told=True))
        elif isinstance(event, ScalarEvent):
            _refuse_marks(event, line, column, faults)
            empty = event.style is None and event.value in NO_VALUE
            stack[-1].children.append(Scalar(line=line, column=column, text=event.value, empty=empty))
        elif isinstance(event, MappingStartEvent | SequenceStartEvent):
            _refuse_marks(event, line, column, faults)
            stack.append(_Open(isinstance(event, MappingStartEvent), line, column, []))
            if len(stack) > YAML_DEPTH_MAX + 1:
                faults.add(line, column, f"nested more than {YAML_DEPTH_MAX} deep")
                break
    return documents


def _refuse_marks(
    event: ScalarEvent | MappingStartEvent | SequenceStartEvent, line: int, column: int, faults: Faults
) -> None:
    """Tell of anchors and tags; the value itself is read all the same, for its own faults."""
    if event.anchor is not None:
        faults.add(line, column, f"&{event.anchor}: anchors are not read; leave it out")
    if event.ctag is not None:
        faults.add(line, column, f"{shown(str(event.ctag))}: tags are not read; leave it out")


def _close(opened: _Open, faults: Faults) -> Node:
    """The finished list or mapping."""
    if not opened.mapping:
        return Sequence(line=opened.line, column=opened.column, items=tuple(opened.children))
    entries: dict[str, tuple[Scalar, Node]] = {}
    for key, value in zip(opened.children[::2], opened.children[1::2], strict=True):
        if not isinstance(key, Scalar):
            faults.add(key.line, key.column, "a key must be one word")
        elif key.text in entries:
            twice = f"{shown(key.text)} is given twice; the first is on line {entries[key.text][0].line}"
            faults.add(key.line, key.column, twice)
        else:
            if isinstance(value, Scalar) and value.empty and not value.text:
                # The parser places a value that is not there at whatever comes next.
                value = Scalar(line=key.line, column=key.column, text="", empty=True)
            entries[key.text] = (key, value)
    return Mapping(line=opened.line, column=opened.column, entries=entries)

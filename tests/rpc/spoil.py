"""A way to say `this valid request, with this field spoilt, is refused for that field`."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sourcier.domain.errors import Reason, Refusal

Spoiler = Callable[[Any], object]


def assign(path: str, value: object) -> Spoiler:
    """Sets the field at `path`, such as ``order.cart.lines[0].quantity``."""
    *way, last = path.replace("[", ".[").split(".")

    def spoil(message: Any) -> None:
        for step in way:
            message = message[int(step[1:-1])] if step.startswith("[") else getattr(message, step)
        if last.startswith("["):
            message[int(last[1:-1])] = value
        elif value is None:
            message.ClearField(last)
        elif isinstance(value, list):
            message.ClearField(last)
            getattr(message, last).extend(value)
        elif hasattr(value, "DESCRIPTOR"):
            getattr(message, last).CopyFrom(value)
        else:
            setattr(message, last, value)

    return spoil


def faults_of(parse: Callable[[], object]) -> dict[str, str]:
    """What `parse` refuses: description by field."""
    with pytest.raises(Refusal) as refused:
        parse()
    assert refused.value.reason is Reason.FIELD_INVALID
    return {violation.field: violation.description for violation in refused.value.violations}


TEXTS_REFUSED: tuple[str, ...] = ("", "x" * 129, "é" * 65, "a\0b", "a\nb", " a", "a ", "\x7f")
TEXTS_TAKEN: tuple[str, ...] = ("x", "x" * 128, "é" * 64, "a b", "日本", "'; DROP TABLE stock; --")
REQUEST_IDS_REFUSED: tuple[str, ...] = (
    "",
    "1",
    "6f1c1f0e-3a5e-1c9e-9c58-1c2d3e4f5a6b",  # version 1
    "6f1c1f0e-3a5e-4c9e-7c58-1c2d3e4f5a6b",  # another variant
    "6f1c1f0e3a5e4c9e9c581c2d3e4f5a6b",
    "6f1c1f0e-3a5e-4c9e-9c58-1c2d3e4f5a6b\n",
    "{6f1c1f0e-3a5e-4c9e-9c58-1c2d3e4f5a6b}",
)
FILTERS_REFUSED: tuple[tuple[str, object, str], ...] = (
    ("node_ids", [""], "node_ids[0]"),
    ("node_ids", ["a", "a"], "node_ids[1]"),
    ("node_ids", [str(i) for i in range(101)], "node_ids"),
    ("skus", ["x" * 129], "skus[0]"),
    ("skus", ["a", "a"], "skus[1]"),
    ("skus", [str(i) for i in range(101)], "skus"),
    ("page_size", -1, "page_size"),
    ("page_token", "x" * 1_025, "page_token"),
)
"""Filters of pages that are refused, as (path, value, field at fault)."""


def required_text(path: str) -> Iterator[tuple[str, object, str]]:
    """Every way in which a required text can be wrong, as (path, value, field at fault)."""
    for value in TEXTS_REFUSED:
        yield path, value, path

"""The tree of a YAML text: places, text as written, and what is not read at all."""

import time

import pytest

from sourcier.domain.errors import Reason, Refusal
from sourcier.inputs.faults import Faults
from sourcier.inputs.yaml_nodes import YAML_DEPTH_MAX, Mapping, Node, Scalar, Sequence, compose

BYTES_MAX = 100_000


def tree(text: str) -> Node:
    faults = Faults(filename="f", reason=Reason.RULE_SET_INVALID)
    root = compose(text, BYTES_MAX, faults)
    faults.raise_if_any()
    return root


def test_every_key_and_value_knows_its_place() -> None:
    root = tree('a: 1\nb:\n  - "x"\n  - {c: no}\n')
    assert isinstance(root, Mapping)
    key, value = root.entries["a"]
    assert (key.line, key.column, value) == (1, 1, Scalar(line=1, column=4, text="1"))
    items = root.entries["b"][1]
    assert isinstance(items, Sequence)
    assert (items.line, items.column) == (3, 3)
    assert items.items[0] == Scalar(line=3, column=5, text="x")
    assert isinstance(items.items[1], Mapping)
    assert items.items[1].entries["c"][1] == Scalar(line=4, column=9, text="no")


@pytest.mark.parametrize("text", ["1.10", "0o17", "01", "yes", "2026-01-01", "1:30", "1e3", "0x10"])
def test_text_stays_as_it_was_written(text: str) -> None:
    assert tree(text) == Scalar(line=1, column=1, text=text)


@pytest.mark.parametrize("text", ["a:", "a: ", "a: ~", "a: null", "a: NULL"])
def test_a_value_that_is_not_there_is_empty(text: str) -> None:
    root = tree(text)
    assert isinstance(root, Mapping)
    value = root.entries["a"][1]
    assert isinstance(value, Scalar)
    assert value.empty
    assert value.line == 1


@pytest.mark.parametrize("text", ['a: ""', "a: 'null'", 'a: "~"'])
def test_a_quoted_value_is_there(text: str) -> None:
    root = tree(text)
    assert isinstance(root, Mapping)
    value = root.entries["a"][1]
    assert isinstance(value, Scalar)
    assert not value.empty


def test_an_entity_bomb_is_refused_quickly() -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    started = time.perf_counter()
    with pytest.raises(Refusal, match="aliases are not read"):
        tree(bomb)
    assert time.perf_counter() - started < 2


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_depth_is_limited(opening: str) -> None:
    with pytest.raises(Refusal, match=f"nested more than {YAML_DEPTH_MAX} deep"):
        tree(opening * 20_000)


def test_a_document_of_the_largest_depth_is_read() -> None:
    tree("[" * YAML_DEPTH_MAX + "]" * YAML_DEPTH_MAX)


def test_too_many_bytes_are_refused_unread() -> None:
    with pytest.raises(Refusal, match=f"has {BYTES_MAX + 2} bytes; at most {BYTES_MAX}"):
        tree("é" * (BYTES_MAX // 2 + 1))


def test_a_byte_order_mark_and_other_line_ends_are_fine() -> None:
    root = tree("\ufeffa: 1\r\nb: 2\r\n")
    assert isinstance(root, Mapping)
    assert root.entries["b"][1] == Scalar(line=2, column=4, text="2")

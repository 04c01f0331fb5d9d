"""JSON lines: one checked object a line, numbers kept as they were written."""

import pytest

from sourcier.domain.errors import Reason, Refusal
from sourcier.inputs.faults import Faults
from sourcier.inputs.json_lines import JsonObject, read_objects


def objects(*lines: str) -> list[JsonObject]:
    faults = Faults(filename="f", reason=Reason.FIELD_INVALID)
    found = list(read_objects(lines, ("a",), ("b", "list"), faults))
    for item in found:
        item.row({"b": ";"})
    faults.raise_if_any()
    return found


def _unread(line: str) -> list[JsonObject]:
    return list(read_objects([line], ("a",), ("list",), Faults(filename="f", reason=Reason.FIELD_INVALID)))


def told(*lines: str) -> list[str]:
    with pytest.raises(Refusal) as caught:
        objects(*lines)
    return [f"{v.field} {v.description}" for v in caught.value.violations]


def test_single_values_become_cells() -> None:
    (found,) = objects('{"a": 1.10, "b": ["x", 2]}\n')
    assert found.row({"b": ";"}).cells == {"a": "1.10", "b": "x;2", "list": ""}


def test_blank_lines_and_nulls_count_for_nothing() -> None:
    found = objects("\n", '{"a": "1", "b": null}', "  \n", '{"a": 1e400}')
    assert [(item.line, item.row({}).cells["a"]) for item in found] == [(2, "1"), (4, "1e400")]


def test_objects_inside_become_rows_that_name_their_place() -> None:
    (found,) = objects('{"list": [{"sku": "s"}, {"sku": {}}]}')
    rows = found.rows("list", ("sku",), ("note",))
    assert [(row.path, row.cells) for row in rows] == [
        ("list[0].", {"sku": "s", "note": ""}),
        ("list[1].", {"sku": "", "note": ""}),
    ]
    with pytest.raises(Refusal, match=r"f:1: list\[1\]\.sku: must be a text, a number, true or false"):
        found.faults.raise_if_any()


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('{"a": 1', "f:1:8 not readable as JSON: Expecting ',' delimiter"),
        ("[1]", "f:1 must be an object"),
        ("5", "f:1 must be an object"),
        ("[" * 100_000, "f:1 not readable as JSON: nested too deep"),
        ('{"a": 1, "a": 2}', "f:1 a: stands twice"),
        ('{"lists": []}', "f:1 unknown key 'lists'; did you mean list?"),
        ('{"a": {"x": 1}}', "f:1 a: must be a text, a number, true or false"),
        ('{"b": ["x", ["y"]]}', "f:1 b: must be a list of texts without ';'"),
        ('{"b": ["x;y"]}', "f:1 b: must be a list of texts without ';'"),
    ],
)
def test_refuses(line: str, fault: str) -> None:
    assert told(line) == [fault]


@pytest.mark.parametrize("text", ['"x"', '{"sku": "s"}'])
def test_a_list_of_objects_must_be_one(text: str) -> None:
    (found,) = _unread(f'{{"list": {text}}}')
    assert found.rows("list", ("sku",), ()) == []
    with pytest.raises(Refusal, match="f:1: list: must be a list of objects"):
        found.faults.raise_if_any()


def test_truth_values_read_as_in_tables() -> None:
    (found,) = objects('{"a": true, "b": false}')
    assert found.row(lists={}).cells["a"] == "true"
    assert found.row(lists={}).cells["b"] == "false"

"""Records from tables and from JSON lines by the same words; after a fault there are no more of them."""

from pathlib import Path

import pytest

from sourcier.domain.errors import Refusal
from sourcier.inputs import values
from sourcier.inputs.records import read_records
from sourcier.inputs.tables import Row


def number(row: Row) -> int:
    return row.value("a", values.whole(0, 9), 0) + row.optional("b", values.whole(0, 9), 0)


def read(folder: Path, name: str, text: str) -> list[int]:
    (folder / name).write_text(text, encoding="utf-8")
    return list(read_records(folder / name, ("a",), ("b",), number))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("f.csv", "a,b\n1,2\n3,\n"),
        ("f.txt", "b,a\n2,1\n,3\n"),
        ("f.jsonl", '{"a": 1, "b": "2"}\n\n{"a": 3, "b": null}\n'),
        ("F.JSONL", '{"b": 2, "a": 1}\n{"a": "3"}\n'),
    ],
)
def test_reads_both_kinds(tmp_path: Path, name: str, text: str) -> None:
    assert read(tmp_path, name, text) == [3, 3]


def test_records_end_with_the_first_fault(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text("a\n1\nx\n3\ny\n")
    found = []
    with pytest.raises(Refusal) as caught:
        found.extend(read_records(tmp_path / "f.csv", ("a",), (), lambda row: row.value("a", values.whole(0, 9), 0)))
    assert [violation.field.rsplit(":", 1)[1] for violation in caught.value.violations] == ["3", "5"]

"""CSV tables: the header, the rows, and the line each row begins on."""

import io

import pytest

from sourcier.domain.errors import Reason, Refusal
from sourcier.inputs import values
from sourcier.inputs.faults import Faults
from sourcier.inputs.tables import Row, read_rows


def rows(text: str, faults: Faults | None = None) -> list[Row]:
    faults = faults or Faults(filename="f", reason=Reason.FIELD_INVALID)
    found = list(read_rows(io.StringIO(text, newline=""), ("a", "b"), ("c",), faults))
    faults.raise_if_any()
    return found


def told(text: str) -> list[str]:
    with pytest.raises(Refusal) as caught:
        rows(text)
    return [f"{v.field} {v.description}" for v in caught.value.violations]


def test_columns_come_in_any_order_and_optional_ones_may_be_left_out() -> None:
    assert [row.cells for row in rows("b,a\n1,2\n")] == [{"a": "2", "b": "1", "c": ""}]


def test_a_row_knows_the_line_it_begins_on() -> None:
    found = rows('a,b\r\n1,2\r\n\r\n"x\r\ny",3\r\n4,5')
    assert [(row.line, row.cells["a"]) for row in found] == [(2, "1"), (4, "x\r\ny"), (6, "4")]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "f:1 the file is empty; its first line must name the columns"),
        ("a;b\n1;2\n", "f:1 columns must be separated by commas"),
        ("a\tb\n", "f:1 columns must be separated by commas"),
        ("a\n", "f:1 column b is missing"),
        ("a,b,a\n", "f:1 column a stands twice"),
        ("a,b,d\n", "f:1 unknown column 'd'; known are a, b, c"),
        ("a,b\n1\n", "f:2 has 1 cells; the header names 2 columns"),
        ("a,b\n1,2,3\n", "f:2 has 3 cells; the header names 2 columns"),
        ('a,b\n"1"x,2\n', "f:2 not readable as CSV: ',' expected after '\"'"),
        ('a,b\n1,"2\n3,4\n', "f:2 not readable as CSV: unexpected end of data"),
    ],
)
def test_refuses(text: str, fault: str) -> None:
    assert told(text) == [fault]


def test_a_cell_that_is_too_long_does_not_stop_the_rows_after_it() -> None:
    assert told(f"a,b\n{'x' * 200_000},1\n1\n") == [
        "f:2 not readable as CSV: field larger than field limit (131072)",
        "f:3 has 1 cells; the header names 2 columns",
    ]


def test_values_of_a_row() -> None:
    faults = Faults(filename="f", reason=Reason.FIELD_INVALID)
    row = Row(line=7, cells={"a": "5", "b": "", "c": "x"}, faults=faults)
    number = values.whole(0, 9)
    assert (row.value("a", number, 0), row.optional("b", number, None)) == (5, None)
    assert not faults
    assert (row.value("b", number, 1), row.optional("c", number, 2)) == (1, 2)
    row.fault("of the row")
    with pytest.raises(Refusal) as caught:
        faults.raise_if_any()
    assert [f"{v.field} {v.description}" for v in caught.value.violations] == [
        "f:7 b: is empty",
        "f:7 c: must be a whole number from 0 to 9, found 'x'",
        "f:7 of the row",
    ]

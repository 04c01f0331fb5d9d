"""CSV tables: a header of known columns, then rows; every row knows its line."""

import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from sourcier.inputs.faults import Faults, nearest, shown
from sourcier.inputs.values import Unfit

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row by column name; absent optional columns are empty. `line` is where it begins, `path` names it there."""

    line: int
    cells: dict[str, str]
    faults: Faults
    path: str = ""

    def value(self, column: str, read: Callable[[str], Value], default: Value) -> Value:
        """The value of a column; `default` when it is empty or unfit, which are faults."""
        if not self.cells[column]:
            self.fault("is empty", column)
            return default
        return self.optional(column, read, default)

    def optional(self, column: str, read: Callable[[str], Value], default: Value) -> Value:
        """The value of a column; `default` when it is empty, or unfit (which is a fault)."""
        read_value = self.check(column, self.cells[column], read) if self.cells[column] else None
        return default if read_value is None else read_value

    def check(self, column: str, text: str, read: Callable[[str], Value]) -> Value | None:
        """The value of a text in a column, or None when it is unfit, which is a fault."""
        try:
            return read(text)
        except Unfit as unfit:
            self.fault(str(unfit), column)
            return None

    def fault(self, problem: str, column: str = "") -> None:
        """Note a fault of this row, or of one column of it."""
        self.faults.add(self.line, 0, problem, f"{self.path}{column}".rstrip("."))


def read_rows(
    lines: Iterable[str], required: tuple[str, ...], optional: tuple[str, ...], faults: Faults
) -> Iterator[Row]:
    """The rows of a table with these columns in any order; unreadable rows and columns are faults.

    `lines` keep their line ends, so that a quoted cell may hold one. A bad header ends the table.
    """
    reader = csv.reader(lines, strict=True)
    columns: list[str] | None = None
    absent = dict.fromkeys(optional, "")
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            faults.add(line, 0, f"not readable as CSV: {error}")
            continue
        if cells is None:
            if columns is None:
                faults.add(1, 0, "the file is empty; its first line must name the columns")
            return
        if columns is None:
            columns = [cell.strip() for cell in cells]
            if not _good_header(columns, required, optional, line, faults):
                return
        elif not cells:
            continue  # a blank line
        elif len(cells) != len(columns):
            faults.add(line, 0, f"has {len(cells)} cells; the header names {len(columns)} columns")
        else:
            yield Row(line=line, cells=absent | dict(zip(columns, cells, strict=True)), faults=faults)


def _good_header(
    columns: list[str], required: tuple[str, ...], optional: tuple[str, ...], line: int, faults: Faults
) -> bool:
    known = (*required, *optional)
    before = len(faults)
    if len(columns) == 1 and (";" in columns[0] or "\t" in columns[0]):
        faults.add(line, 0, "columns must be separated by commas")
        return False
    for index, column in enumerate(columns):
        if column not in known:
            hint = nearest(column, known) or f"; known are {', '.join(known)}"
            faults.add(line, 0, f"unknown column {shown(column)}{hint}")
        elif column in columns[:index]:
            faults.add(line, 0, f"column {column} stands twice")
    for column in required:
        if column not in columns:
            faults.add(line, 0, f"column {column} is missing")
    return len(faults) == before

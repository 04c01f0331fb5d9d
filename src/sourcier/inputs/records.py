"""Files of records, one a row of a CSV table or one a JSON line, read by the same words."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from sourcier.domain.errors import Reason
from sourcier.inputs.faults import Faults
from sourcier.inputs.files import opened
from sourcier.inputs.json_lines import read_objects
from sourcier.inputs.tables import Row, read_rows

Record = TypeVar("Record")


def read_records(
    path: Path, required: tuple[str, ...], optional: tuple[str, ...], read: Callable[[Row], Record]
) -> Iterator[Record]:
    """The records of a file in its order, one at a time; after the first fault only faults are looked for.

    A ``.jsonl`` file has one object a line, any other file is a CSV table.

    Raises
    ------
    Refusal
        FIELD_INVALID with the faults of every row as ``Violation(field="file:line")``, up to FILE_FAULTS_MAX.
    """
    faults = Faults(filename=str(path), reason=Reason.FIELD_INVALID)
    rows = _objects if path.suffix.lower() == ".jsonl" else read_rows
    with opened(path, faults) as lines:
        for row in rows(lines, required, optional, faults):
            record = read(row)
            if faults.full:
                break
            if not faults:
                yield record
    faults.raise_if_any()


def _objects(
    lines: Iterable[str], required: tuple[str, ...], optional: tuple[str, ...], faults: Faults
) -> Iterator[Row]:
    return (found.row(lists={}) for found in read_objects(lines, required, optional, faults))

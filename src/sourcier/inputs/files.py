"""Opens the files that the readers read; a file that cannot be opened is a Refusal like any other fault."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from sourcier.domain.errors import Reason
from sourcier.inputs.faults import Faults


@contextmanager
def opened(path: Path, faults: Faults) -> Iterator[TextIO]:
    """The file as UTF-8 text with its own line ends, with or without a byte order mark.

    Bytes that are not UTF-8 become lone surrogates: no value may hold one, so they are refused where they stand.
    """
    try:
        file = path.open(encoding="utf-8-sig", errors="surrogateescape", newline="")
    except OSError as error:
        faults.refuse(1, 0, f"cannot be read: {error.strerror}")
    with file:
        yield file


def read_text(path: Path, bytes_max: int, reason: Reason) -> str:
    """The whole file, for `parse_rule_set` and `parse_network`.

    Raises
    ------
    Refusal
        With this reason, when the file cannot be read or has more than `bytes_max` bytes.
    """
    faults = Faults(filename=str(path), reason=reason)
    with opened(path, faults) as file:
        text = file.read(bytes_max + 1)
    if len(text) > bytes_max:
        faults.refuse(1, 0, f"has more than {bytes_max} bytes")
    return text

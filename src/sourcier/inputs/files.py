"""Opens the files that the readers read; a file that cannot be opened is a Refusal like any other fault."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO, TypeVar

from sourcier.domain.errors import Reason
from sourcier.domain.limits import NETWORK_BYTES_MAX
from sourcier.inputs.faults import Faults, shown
from sourcier.inputs.fields import Fields
from sourcier.inputs.values import identifier

Value = TypeVar("Value")


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


def read_beside(
    entry: Fields, key: str, folder: Path, read: Callable[[TextIO, Faults], tuple[Value, ...]]
) -> tuple[Value, ...] | None:
    """What `read` finds in the .csv file in `folder` that a key names; None after noting why it cannot be read.

    `read` takes the file's lines with their own ends and a collection for its faults.
    """
    name = entry.value(key, identifier, "")
    if not name.endswith(".csv"):
        if name:
            told = f"must be a list, or the name of a .csv file in the same folder, found {shown(name)}"
            entry.fault(told, key)
        return None
    try:
        if (folder / name).stat().st_size > NETWORK_BYTES_MAX:
            entry.fault(f"{name} has more than {NETWORK_BYTES_MAX} bytes", key)
            return None
        with (folder / name).open(encoding="utf-8-sig", errors="surrogateescape", newline="") as lines:
            return read(lines, entry.faults.beside(str(folder / name)))
    except OSError as error:
        entry.fault(f"cannot read {name}: {error.strerror}", key)
        return None

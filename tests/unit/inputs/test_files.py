"""Opening files: what cannot be opened is refused like any other fault."""

from pathlib import Path

import pytest

from sourcier.domain.errors import Reason, Refusal
from sourcier.domain.limits import NETWORK_BYTES_MAX
from sourcier.inputs.faults import Faults
from sourcier.inputs.fields import read_fields
from sourcier.inputs.files import opened, read_beside, read_text
from sourcier.inputs.yaml_nodes import compose


def test_reads_a_whole_text_without_its_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"\xef\xbb\xbfa: 1\r\n")
    assert read_text(tmp_path / "f", 100, Reason.RULE_SET_INVALID) == "a: 1\r\n"


@pytest.mark.parametrize("name", ["absent", "."])
def test_refuses_what_cannot_be_opened(tmp_path: Path, name: str) -> None:
    with pytest.raises(Refusal, match="cannot be read: ") as caught:
        read_text(tmp_path / name, 100, Reason.NETWORK_INVALID)
    assert caught.value.reason is Reason.NETWORK_INVALID


def test_refuses_a_file_that_is_too_long(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"x" * 11)
    with pytest.raises(Refusal, match="has more than 10 bytes"):
        read_text(tmp_path / "f", 10, Reason.RULE_SET_INVALID)


def test_bytes_that_are_not_utf_8_stay_where_they_are(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"a,b\n\xe9t\xe9,1\n")
    with opened(tmp_path / "f", Faults(filename="f", reason=Reason.FIELD_INVALID)) as lines:
        assert list(lines) == ["a,b\n", "\udce9t\udce9,1\n"]


def beside(folder: Path, name: str) -> tuple[tuple[str, ...] | None, list[str]]:
    """The lines of the file that the key ``table`` names, and the faults."""
    faults = Faults(filename="f", reason=Reason.NETWORK_INVALID)
    top = read_fields(compose(f"table: {name}", 100, faults), "", ("table",), faults)
    found = read_beside(top, "table", folder, lambda lines, _: tuple(lines))
    try:
        faults.raise_if_any()
    except Refusal as refusal:
        return found, [v.description for v in refusal.violations]
    return found, []


def test_reads_a_table_beside_a_file(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"\xef\xbb\xbfa\r\nb\n")
    assert beside(tmp_path, "t.csv") == (("a\r\n", "b\n"), [])


def test_a_table_must_lie_beside_and_be_small(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"x" * (NETWORK_BYTES_MAX + 1))
    assert beside(tmp_path, "t.csv") == (None, [f"table: t.csv has more than {NETWORK_BYTES_MAX} bytes"])
    assert beside(tmp_path, "../t.csv") == (None, ["table: must not have a slash, found '../t.csv'"])
    assert beside(tmp_path, "no.csv") == (None, ["table: cannot read no.csv: No such file or directory"])

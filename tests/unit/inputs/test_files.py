"""Opening files: what cannot be opened is refused like any other fault."""

from pathlib import Path

import pytest

from sourcier.domain.errors import Reason, Refusal
from sourcier.inputs.faults import Faults
from sourcier.inputs.files import opened, read_text


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

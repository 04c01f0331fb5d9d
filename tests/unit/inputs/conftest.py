"""Bad files written down with a mark, §, in front of every place that must be told."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import pytest

from sourcier.domain.errors import Refusal

MARK = "§"


class Refused(Protocol):
    """Read a marked text and compare the faults: where they are, and (part of) what is said."""

    def __call__(self, parse: Callable[[str, str], object], marked: str, *told: str) -> Refusal: ...


def unmark(marked: str) -> tuple[str, list[str]]:
    """The text without its marks, and the line:column of each."""
    places = []
    plain = ""
    for piece in marked.split(MARK)[:-1]:
        plain += piece
        places.append(f"{plain.count(chr(10)) + 1}:{len(plain) - plain.rfind(chr(10))}")
    return marked.replace(MARK, ""), places


@pytest.fixture
def refused() -> Refused:
    def check(parse: Callable[[str, str], object], marked: str, *told: str) -> Refusal:
        plain, places = unmark(marked)
        with pytest.raises(Refusal) as caught:
            parse(plain, "file.yaml")
        violations = caught.value.violations
        assert [v.field for v in violations] == [f"file.yaml:{place}" for place in places], str(caught.value)
        for violation, words in zip(violations, told, strict=True):
            assert words in violation.description
        return caught.value

    return check


@pytest.fixture
def faults_of(tmp_path: Path) -> Callable[..., list[str]]:
    """Read a file with this content to its end; every fault as ``place: description``, without the folder."""

    def read(reader: Callable[[Path], Any], content: str | bytes, name: str = "file.csv") -> list[str]:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        with pytest.raises(Refusal) as caught:
            list(reader(path))
        return [f"{v.field.removeprefix(f'{tmp_path}/')}: {v.description}" for v in caught.value.violations]

    return read

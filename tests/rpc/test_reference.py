"""The reference names every method, every reason and every verdict, and nothing that does not exist."""

import re
from pathlib import Path

import pytest
from tests.rpc.wire import RPCS

from sourcier.domain.errors import Kind, Reason
from sourcier.ledger import feed_records, supply_records

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference"
ERRORS = (REFERENCE / "errors.md").read_text(encoding="utf-8")
API = (REFERENCE / "api.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_its_row(reason: Reason) -> None:
    reasons, _ = ERRORS.split("## Verdicts")
    assert len(re.findall(rf"^\| `{reason}` \|", reasons, re.MULTILINE)) == 1


@pytest.mark.parametrize("kind", Kind)
def test_every_code_is_named(kind: Kind) -> None:
    codes = " ".join(re.findall(r"^(?:#.*|\| `.*)$", ERRORS, re.MULTILINE))
    assert kind in codes or kind is Kind.OUT_OF_RANGE  # no reason has this one yet


@pytest.mark.parametrize("name", RPCS)
def test_every_method_has_its_section(name: str) -> None:
    assert re.search(rf"^## {name}$", API, re.MULTILINE)
    assert f"[{name}](#{name.lower()})" in API


def test_the_methods_name_only_reasons_that_exist() -> None:
    named = {
        word
        for line in re.findall(r"^Refused with:.*?(?=\n\n)", API, re.M | re.S)
        for word in re.findall(r"`(\w+)`", line)
    }
    assert named
    assert named <= set(Reason.__members__)


def test_every_verdict_of_the_ledger_is_explained() -> None:
    sources = (Path(module.__file__).read_text(encoding="utf-8") for module in (feed_records, supply_records))
    words = {word for source in sources for word in re.findall(r'"([A-Z]+(?:_[A-Z]+)+)"', source)}
    assert len(words) > 12
    assert [word for word in words - {"AS_OF_WITHOUT_ZONE"} if f"`{word}`" not in ERRORS] == []

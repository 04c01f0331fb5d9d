"""Page tokens come back as the key they were made of; anything else is refused."""

import base64

import pytest

from sourcier.domain.errors import Reason, Refusal
from sourcier.service.pages import read_token, write_token


@pytest.mark.parametrize("key", [("near", "mug ☕"), ("a/b", ""), ("", '"')])
def test_a_key_survives(key: tuple[str, str]) -> None:
    token = write_token(key)
    assert token
    assert token.isascii()
    assert read_token(token, tuple[str, str], ("", "")) == key


def test_a_numbered_key_survives() -> None:
    assert read_token(write_token(("main", 7)), tuple[str, int], ("", 0)) == ("main", 7)


def test_the_last_page_has_no_token_and_no_token_is_the_first_page() -> None:
    assert write_token(None) == ""
    assert read_token("", tuple[str, int], ("", 0)) == ("", 0)


@pytest.mark.parametrize(
    "token", ["x", "!!!!", "☕", base64.urlsafe_b64encode(b"{}").decode(), write_token(("main", 7)), "A" * 5_000]
)
def test_a_foreign_token_is_refused(token: str) -> None:
    with pytest.raises(Refusal) as caught:
        read_token(token, tuple[str, str], ("", ""))
    assert caught.value.reason is Reason.FIELD_INVALID
    assert caught.value.violations[0].field == "page_token"

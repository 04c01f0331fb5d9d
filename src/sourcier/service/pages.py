"""Page tokens: the key of the last row of a page, opaque to the caller, valid whatever was added or removed since."""

import base64
import binascii
from typing import TypeVar

import msgspec

from sourcier.domain.errors import Refusal, Violation, invalid

K = TypeVar("K")
F = TypeVar("F")


def write_token(key: tuple[str | int, ...] | None) -> str:
    """The token that asks for what comes after `key`; empty on the last page (None)."""
    return "" if key is None else base64.urlsafe_b64encode(msgspec.json.encode(key)).decode()


def read_token(token: str, kind: type[K], first: F) -> K | F:
    """The key in the token, `first` for an empty one. Raises FIELD_INVALID for what `write_token` did not write."""
    if not token:
        return first
    try:
        return msgspec.json.decode(base64.b64decode(token, altchars=b"-_", validate=True), type=kind)
    except (binascii.Error, ValueError) as error:
        raise _foreign() from error


def _foreign() -> Refusal:
    return invalid([Violation(field="page_token", description="must be the next_page_token of an earlier answer")])

"""The key that signs promise tokens: one per database, so that every replica reads the tokens of the others."""

import secrets
from typing import Final

from sourcier.ledger import queries_supply
from sourcier.ledger.store import Tx

KEY_BYTES: Final = 32
_NAME: Final = "promise token"


def token_key(tx: Tx) -> bytes:
    """The key, made by the first who asks; a write. It belongs into no log."""
    tx.tell(queries_supply.MAKE_SECRET, name=_NAME, value=secrets.token_bytes(KEY_BYTES))
    return bytes(tx.ask(queries_supply.GET_SECRET, name=_NAME)[0][0])

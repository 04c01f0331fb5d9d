"""The request log: one row per mutation, in the transaction of its effect. The log decides, always.

`begin` is the first statement of every mutation: on PostgreSQL a second sender of the same id waits there until the
first has committed or rolled back.
"""

from typing import Final

from sourcier.domain.errors import Kind, Reason, Refusal
from sourcier.ledger import queries
from sourcier.ledger.commands import RequestKey
from sourcier.ledger.store import Tx

KEEP_SECONDS: Final = 7 * 24 * 3_600


def recall(tx: Tx, method: str, request_id: str, fingerprint: str) -> bytes | None:
    """The answer that this request got, None when it is unknown. Read-only.

    Raises REQUEST_ID_REUSED when the id came with another method or body.
    """
    found = tx.ask(queries.GET_REQUEST, request_id=request_id)
    if not found:
        return None
    known_method, known_fingerprint, response = found[0]
    if (known_method, known_fingerprint) != (method, fingerprint):
        raise Refusal(
            kind=Kind.ALREADY_EXISTS,
            reason=Reason.REQUEST_ID_REUSED,
            message=f"request id {request_id} was used for another request",
            metadata={"request_id": request_id},
        )
    return bytes(response) if response is not None else None


def begin(tx: Tx, key: RequestKey) -> tuple[int, bytes | None]:
    """Enter the request in the log: (the clock in microseconds, None), or (0, the answer it got before).

    Raises REQUEST_ID_REUSED.
    """
    entered = tx.ask(queries.BEGIN_REQUEST, request_id=key.request_id, method=key.method, fingerprint=key.fingerprint)
    if entered:
        return int(entered[0][0]), None
    response = recall(tx, key.method, key.request_id, key.fingerprint)
    if response is None:
        raise Refusal(
            kind=Kind.ABORTED,
            reason=Reason.CONTENDED,
            message="the first request with this id is still being answered",
            metadata={"request_id": key.request_id},
        )
    return 0, response


def finish(tx: Tx, key: RequestKey, response: bytes, reservation_id: str | None = None) -> None:
    """Write the answer beside the request that `begin` entered. The row stays while its reservation is open."""
    tx.tell(queries.FINISH_REQUEST, request_id=key.request_id, response=response, reservation_id=reservation_id)


def remember(tx: Tx, method: str, request_id: str, fingerprint: str, response: bytes) -> bytes:
    """Log an answer that changed nothing else (a refusal); returns what the log says, which may be another's answer.

    Raises REQUEST_ID_REUSED.
    """
    entered = tx.ask(queries.BEGIN_REQUEST, request_id=request_id, method=method, fingerprint=fingerprint)
    if entered:
        tx.tell(queries.FINISH_REQUEST, request_id=request_id, response=response, reservation_id=None)
        return response
    known = recall(tx, method, request_id, fingerprint)
    return known if known is not None else response


def forget_old(tx: Tx, num_max: int, *, keep_seconds: int = KEEP_SECONDS) -> int:
    """Drop at most `num_max` requests older than `keep_seconds`, save those whose reservation is open; how many."""
    return len(tx.ask(queries.FORGET_REQUESTS, age=keep_seconds * 1_000_000, num_max=num_max))

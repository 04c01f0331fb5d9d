"""Put a rule set in force without a moment in which a unit is sold that either revision keeps back.

Two passes over the stock rows in batches (ledger specification, 3.5): first every row gets the larger of its old and
its new floors, then the active revision is switched, then every row gets the new floors plain. Each batch is one
transaction; a process that dies in between leaves rows that protect too much, and `settle_floors` finishes or undoes
its work.
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from sourcier.domain.errors import Kind, Reason, Refusal
from sourcier.ledger import queries_admin, requests
from sourcier.ledger.commands import Replayed, StockKey, StoredRuleSet
from sourcier.ledger.dialect import Query, rows
from sourcier.ledger.registry import get_rule_set_revision
from sourcier.ledger.store import Ledger, Tx, contended

ROWS_PER_BATCH: Final = 1_000
ABANDONED_AFTER_SECONDS: Final = 30  # an activation that has not moved for so long belongs to a dead process


@dataclass(frozen=True, slots=True, kw_only=True)
class Activate:
    """Put a stored revision in force. `floors` gives the units kept back per node type and channel class.

    `network_revision` is the network that it was compared with (0: there was none); another one stops it.
    """

    method: str
    request_id: str
    fingerprint: str
    rule_set_id: str
    revision: int
    floors: Mapping[str, tuple[int, int, int]]
    network_revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Activated:
    """The revision is in force."""

    rule_set: StoredRuleSet
    response: bytes


def activate(ledger: Ledger, command: Activate, respond: Callable[[StoredRuleSet], bytes]) -> Activated | Replayed:
    """Activate in several transactions; blocks the calling thread until all rows have the new floors.

    Raises `Refusal`: RULE_SET_NOT_FOUND, REQUEST_ID_REUSED, CONTENDED while another activation runs, or when a network
    is in force that the rule set was not compared with.
    """
    token = uuid.uuid4().hex
    begun = ledger.write(_begin, command, token).result()
    if isinstance(begun, Replayed):
        return begun
    _all_batches(ledger, queries_admin.RAISE_FLOORS, token)
    try:
        done = ledger.write(_switch, command, token, respond).result()
    except Refusal:
        settle_floors(ledger, token)
        raise
    if isinstance(done, Replayed):
        settle_floors(ledger, token)
        return done
    _all_batches(ledger, queries_admin.WRITE_FLOORS, token)
    ledger.write(_end, token).result()
    return done


def settle_floors(ledger: Ledger, token: str = "") -> bool:
    """Finish an activation whose process died, or drop it when it was not yet in force; True if there was one.

    Call it when a server starts. With its `token`, an activation gives up itself.
    """
    mine = uuid.uuid4().hex
    if not ledger.write(_take_over, mine, token).result():
        return False
    _all_batches(ledger, queries_admin.WRITE_FLOORS, mine)
    ledger.write(_end, mine).result()
    return True


def _begin(tx: Tx, command: Activate, token: str) -> Replayed | None:
    """Check, take the only seat, and raise the floors that new rows get."""
    known = requests.recall(tx, command.method, command.request_id, command.fingerprint)
    if known is not None:
        return Replayed(response=known)
    _find(tx, command)
    *_, pending, touched_at, _, clock = tx.ask(queries_admin.LOCK_ACTIVATION)[0]
    if pending is not None and clock - touched_at < ABANDONED_AFTER_SECONDS * 1_000_000:
        raise contended()
    tx.tell(queries_admin.BEGIN_ACTIVATION, pending=token)
    tx.tell(queries_admin.CLEAR_TYPE_FLOORS, phase="PENDING")
    floors = rows([[node_type, *command.floors[node_type]] for node_type in sorted(command.floors)])
    tx.tell(queries_admin.PUT_TYPE_FLOORS, phase="PENDING", rows=floors)
    tx.tell(queries_admin.SPREAD_FLOORS)
    return None


def _switch(tx: Tx, command: Activate, token: str, respond: Callable[[StoredRuleSet], bytes]) -> Activated | Replayed:
    """The moment at which the new revision is in force, with the request's answer."""
    _, known = requests.begin(tx, command)
    if known is not None:
        return Replayed(response=known)
    _hold_seat(tx, token)
    if tx.ask(queries_admin.NETWORK_REVISION)[0][0] != command.network_revision:
        raise contended()
    tx.tell(queries_admin.SWITCH_ACTIVATION, rule_set_id=command.rule_set_id, revision=command.revision, pending=token)
    tx.tell(queries_admin.CLEAR_TYPE_FLOORS, phase="ACTIVE")
    tx.tell(queries_admin.PROMOTE_TYPE_FLOORS)
    tx.tell(queries_admin.SPREAD_FLOORS)
    stored = _find(tx, command)
    response = respond(stored)
    requests.finish(tx, command, response)
    return Activated(rule_set=stored, response=response)


def _end(tx: Tx, token: str) -> None:
    tx.tell(queries_admin.END_ACTIVATION, pending=token)


def _take_over(tx: Tx, mine: str, token: str) -> bool:
    """Become the owner of an unfinished activation and forget what was not yet in force."""
    *_, pending, touched_at, settled, clock = tx.ask(queries_admin.LOCK_ACTIVATION)[0]
    fresh = clock - touched_at < ABANDONED_AFTER_SECONDS * 1_000_000
    if settled or (pending is not None and pending != token and fresh):
        return False
    tx.tell(queries_admin.BEGIN_ACTIVATION, pending=mine)
    tx.tell(queries_admin.CLEAR_TYPE_FLOORS, phase="PENDING")
    tx.tell(queries_admin.SPREAD_FLOORS)
    return True


def _all_batches(ledger: Ledger, change: Query, token: str) -> None:
    after: StockKey | None = ("", "")
    while after is not None:
        after = ledger.write(partial(_batch, change=change, token=token), after).result()


def _batch(tx: Tx, after: StockKey, *, change: Query, token: str) -> StockKey | None:
    """Write the floors of the next rows in key order; the key to go on from, None at the end."""
    counter = _hold_seat(tx, token)
    keys = tx.ask(queries_admin.LOCK_FLOOR_BATCH, after_node=after[0], after_sku=after[1], num_max=ROWS_PER_BATCH)
    if keys:
        tx.tell(change, rows=rows(keys), counter=counter)
    return (str(keys[-1][0]), str(keys[-1][1])) if len(keys) == ROWS_PER_BATCH else None


def _hold_seat(tx: Tx, token: str) -> int:
    """Go on only while this activation is still the one that runs; the activation counter."""
    touched = tx.ask(queries_admin.TOUCH_ACTIVATION, pending=token)
    if not touched:
        raise contended()
    return int(touched[0][0])


def _find(tx: Tx, command: Activate) -> StoredRuleSet:
    stored = get_rule_set_revision(tx, command.rule_set_id, command.revision)
    if stored is None:
        raise Refusal(
            kind=Kind.NOT_FOUND,
            reason=Reason.RULE_SET_NOT_FOUND,
            message=f"there is no rule set {command.rule_set_id} with revision {command.revision}",
            metadata={"rule_set_id": command.rule_set_id, "revision": str(command.revision)},
        )
    return stored

"""The network, the status of its nodes, and the stored revisions of rule sets. Documents are bytes."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

from sourcier.domain.errors import Kind, Reason, Refusal
from sourcier.domain.network import NodeStatus
from sourcier.domain.reservation import ANY_DAY
from sourcier.ledger import queries, queries_admin, requests
from sourcier.ledger.commands import PoolKey, Replayed, RequestKey, StoredNetwork, StoredRuleSet
from sourcier.ledger.dialect import rows
from sourcier.ledger.motions import weekday_bucket
from sourcier.ledger.reserve import instant
from sourcier.ledger.store import Row, Tx, contended

DAYS_BACK: Final = 2  # a day that is this long past here can still be today somewhere on earth
UNLIMITED: Final = 2**62  # the cap of a pool that has no limit any more


def put_network(
    tx: Tx,
    key: RequestKey,
    document: bytes,
    *,
    nodes: Mapping[str, str],
    caps: Mapping[PoolKey, int],
    beside: tuple[str, int] | None,
    offline: frozenset[str] = frozenset(),
    respond: Callable[[StoredNetwork], bytes],
) -> tuple[StoredNetwork, bytes] | Replayed:
    """Put a network in force: `nodes` gives each node's type, `caps` what its pools hold (`reservation.pool_caps`).

    Nodes keep the status they had; of the new ones those in `offline` are OFFLINE. Buckets already in use take the new
    cap, even below what is used. A pool that is new starts counting from now; one that is gone has no limit any more.
    `beside` is the rule set revision that the network was compared with (None: none was in force).
    Raises REQUEST_ID_REUSED, and CONTENDED when another one is in force by now.
    """
    now, known = requests.begin(tx, key)
    if known is not None:
        return Replayed(response=known)
    rule_set_id, rule_set_revision, counter, *_ = tx.ask(queries_admin.LOCK_ACTIVATION)[0]
    if (beside or (None, None)) != (rule_set_id, rule_set_revision):
        raise contended()
    revision = int(tx.ask(queries_admin.COUNT_UP, name="network")[0][0])
    tx.tell(queries_admin.INSERT_NETWORK, revision=revision, document=document)
    entries = [
        [node_id, kind, NodeStatus.OFFLINE if node_id in offline else NodeStatus.OPEN]
        for node_id, kind in nodes.items()
    ]
    tx.tell(queries_admin.PUT_NODES, revision=revision, rows=rows(sorted(entries)))
    tx.ask(queries_admin.COUNT_UP, name="status")
    _put_caps(tx, caps, now)
    _spread_floors(tx, int(counter))
    stored = StoredNetwork(revision=revision, document=document, statuses=get_statuses(tx))
    response = respond(stored)
    requests.finish(tx, key, response)
    return stored, response


def get_network(tx: Tx) -> StoredNetwork | None:
    """The network in force with its nodes' statuses; None before the first one."""
    found = tx.ask(queries_admin.GET_NETWORK)
    if not found:
        return None
    revision, document = found[0]
    return StoredNetwork(revision=revision, document=bytes(document), statuses=get_statuses(tx))


def get_statuses(tx: Tx) -> dict[str, str]:
    """The status of every node of the network in force."""
    return {str(node_id): str(status) for node_id, status in tx.ask(queries_admin.GET_STATUSES)}


def set_node_status(tx: Tx, key: RequestKey, node_id: str, status: str, response: bytes) -> bytes | Replayed:
    """Switch a node on or off, for this and every later network. Raises NODE_UNKNOWN, REQUEST_ID_REUSED."""
    _, known = requests.begin(tx, key)
    if known is not None:
        return Replayed(response=known)
    if not tx.ask(queries_admin.SET_STATUS, node_id=node_id, status=status):
        raise Refusal(
            kind=Kind.NOT_FOUND,
            reason=Reason.NODE_UNKNOWN,
            message=f"the network has no node {node_id}",
            metadata={"node_id": node_id},
        )
    tx.ask(queries_admin.COUNT_UP, name="status")
    requests.finish(tx, key, response)
    return response


def add_rule_set_revision(
    tx: Tx,
    key: RequestKey,
    rule_set_id: str,
    document: bytes,
    comment: str,
    respond: Callable[[StoredRuleSet], bytes],
) -> tuple[StoredRuleSet, bytes] | Replayed:
    """Store a revision, numbered from 1 within its rule set. Raises REQUEST_ID_REUSED."""
    _, known = requests.begin(tx, key)
    if known is not None:
        return Replayed(response=known)
    tx.ask(queries_admin.LOCK_ACTIVATION)  # one revision at a time, so that numbers have no gaps
    revision, created_at = tx.ask(
        queries_admin.ADD_RULE_SET, rule_set_id=rule_set_id, document=document, comment=comment
    )[0]
    stored = _rule_set((rule_set_id, revision, document, comment, created_at, 0))
    response = respond(stored)
    requests.finish(tx, key, response)
    return stored, response


def get_rule_set_revision(tx: Tx, rule_set_id: str, revision: int | None = None) -> StoredRuleSet | None:
    """One revision, the newest when `revision` is None; None when it does not exist."""
    found = tx.ask(queries_admin.GET_RULE_SET, rule_set_id=rule_set_id, revision=revision or 0)
    return _rule_set(found[0]) if found else None


def active_rule_set(tx: Tx) -> StoredRuleSet | None:
    """The revision in force; None before the first activation."""
    found = tx.ask(queries_admin.ACTIVE_RULE_SET)
    return _rule_set(found[0]) if found else None


def list_rule_sets(
    tx: Tx, page_size: int, after: tuple[str, int] = ("", 0)
) -> tuple[tuple[StoredRuleSet, ...], tuple[str, int] | None]:
    """A page of all revisions by (rule_set_id, revision), and the key to go on from (None on the last page)."""
    found = tx.ask(queries_admin.PAGE_RULE_SETS, after_id=after[0], after_revision=after[1], num_max=page_size + 1)
    page = tuple(_rule_set(row) for row in found[:page_size])
    more = len(found) > page_size and page
    return page, (page[-1].rule_set_id, page[-1].revision) if more else None


def _put_caps(tx: Tx, caps: Mapping[PoolKey, int], now: int) -> None:
    """Store the caps of buckets to come, and give the buckets of today and later what they now hold.

    Pools without a cap are lifted, not deleted: a decision made on the network before may still use them. The caps to
    come are locked first, so that no bucket is made of the old ones meanwhile.
    """
    tx.tell(queries.NO_TIMEOUT)
    if caps:
        tx.tell(queries_admin.PUT_POOLS, rows=rows([[*key, caps[key]] for key in sorted(caps)]))
    tx.tell(queries_admin.LOCK_TEMPLATES)
    since = (instant(now) - timedelta(days=DAYS_BACK)).date().isoformat()
    changed = []
    for pool_id, bucket, cap in tx.ask(queries_admin.GET_CAPS, since=since):
        weekday = bucket if bucket.startswith(ANY_DAY) else weekday_bucket(bucket)
        wanted = caps.get((pool_id, weekday), caps.get((pool_id, ANY_DAY), UNLIMITED))
        if wanted != cap:
            changed.append([pool_id, bucket, wanted])
    if changed:
        tx.tell(queries_admin.LOCK_CAPS, rows=rows(changed))
        tx.tell(queries_admin.SET_CAPS, rows=rows(changed))


def _spread_floors(tx: Tx, counter: int) -> None:
    """New nodes and nodes of another type take the floors of their type, and so do the stock rows they have."""
    changed = sorted(str(node_id) for (node_id,) in tx.ask(queries_admin.SPREAD_FLOORS))
    if changed:
        tx.tell(queries.NO_TIMEOUT)
        wanted = rows([[node_id] for node_id in changed])
        tx.tell(queries_admin.LOCK_STOCK_OF_NODES, rows=wanted)
        tx.tell(queries_admin.WRITE_FLOORS_OF_NODES, rows=wanted, counter=counter)


def _rule_set(row: Row) -> StoredRuleSet:
    rule_set_id, revision, document, comment, created_at, active = row
    return StoredRuleSet(
        rule_set_id=rule_set_id,
        revision=revision,
        document=bytes(document),
        comment=comment,
        created_at=instant(created_at),
        active=bool(active),
    )

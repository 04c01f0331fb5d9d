"""The network, the status of its nodes, and the stored revisions of rule sets. Documents are bytes."""

from collections.abc import Callable, Mapping
from typing import Final

from sourcier.domain.errors import Kind, Reason, Refusal
from sourcier.domain.network import NodeStatus, capacity_pool_id
from sourcier.ledger import queries, queries_admin, requests
from sourcier.ledger.commands import Replayed, RequestKey, StoredNetwork, StoredRuleSet
from sourcier.ledger.dialect import rows
from sourcier.ledger.reserve import instant
from sourcier.ledger.store import Row, Tx

UNLIMITED: Final = 2**62  # the cap of a pool whose node has no capacity any more


def put_network(
    tx: Tx,
    key: RequestKey,
    document: bytes,
    *,
    nodes: Mapping[str, str],
    caps: Mapping[str, int | None],
    offline: frozenset[str] = frozenset(),
    respond: Callable[[StoredNetwork], bytes],
) -> tuple[StoredNetwork, bytes] | Replayed:
    """Put a network in force: `nodes` gives each node's type, `caps` its daily capacity (None or missing: no limit).

    Nodes keep the status they had; of the new ones those in `offline` are OFFLINE. Buckets of capacity already in
    use take the new cap, even below what is used. A node that gets its first capacity starts counting from now.
    Raises REQUEST_ID_REUSED.
    """
    _, known = requests.begin(tx, key)
    if known is not None:
        return Replayed(response=known)
    counter = tx.ask(queries_admin.LOCK_ACTIVATION)[0][2]
    revision = int(tx.ask(queries_admin.COUNT_UP, name="network")[0][0])
    tx.tell(queries_admin.INSERT_NETWORK, revision=revision, document=document)
    entries = [
        [node_id, kind, NodeStatus.OFFLINE if node_id in offline else NodeStatus.OPEN]
        for node_id, kind in nodes.items()
    ]
    tx.tell(queries_admin.PUT_NODES, revision=revision, rows=rows(sorted(entries)))
    tx.ask(queries_admin.COUNT_UP, name="status")
    _put_caps(tx, caps)
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


def set_node_status(
    tx: Tx, key: RequestKey, node_id: str, status: str, respond: Callable[[], bytes]
) -> bytes | Replayed:
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
    response = respond()
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


def _put_caps(tx: Tx, caps: Mapping[str, int | None]) -> None:
    """Every node's capacity as the cap of its pool; pools of nodes without one are lifted, not deleted."""
    wanted = {capacity_pool_id(node_id): per_day for node_id, per_day in caps.items() if per_day is not None}
    for (pool_id,) in tx.ask(queries_admin.LIFT_CAPS):
        wanted.setdefault(str(pool_id), UNLIMITED)
    if wanted:
        amounts = rows(sorted(wanted.items()))
        tx.tell(queries_admin.PUT_POOLS, rows=amounts)
        tx.tell(queries_admin.LOCK_ALL_POOLS, rows=amounts)
        tx.tell(queries_admin.SET_CAPS, rows=amounts)


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

"""Follow the ledger without gaps: what changed since a cursor.

Rows are ordered by (xid, seq). On PostgreSQL numbers are drawn before the commit, so a poller by number alone would
skip late commits; here nothing at or above the oldest running transaction is read yet, and no transaction below it
can add anything (ledger specification, guarantee 29). On SQLite xid is 0 and the one writer's order is the order.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sourcier.ledger import queries, queries_supply, registry
from sourcier.ledger.commands import PoolKey, StockKey, SupplyKey
from sourcier.ledger.store import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """How far a follower has read. `version` is the largest number of the stock journal it has seen; it never falls."""

    xid: int = 0
    seq: int = 0
    pool_xid: int = 0
    pool_seq: int = 0
    supply_xid: int = 0
    supply_seq: int = 0
    version: int = 0
    status_changes: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Keys whose rows must be read again, and the counters of everything slower.

    `node_statuses` is None while nobody has set a status or applied a network since the cursor. `complete` says
    that nothing more was there to read. A change of `activations` means that the floors of all rows changed.
    """

    cursor: Cursor
    stock_keys: frozenset[StockKey]
    pool_keys: frozenset[PoolKey]
    supply_keys: frozenset[SupplyKey]
    network_revision: int
    activations: int
    status_changes: int
    node_statuses: Mapping[str, str] | None
    complete: bool


def current_cursor(tx: Tx) -> Cursor:
    """Where to follow from after reading everything in this same transaction."""
    stock = tx.ask(queries.LAST_STOCK_CHANGE)
    pools = tx.ask(queries.LAST_POOL_CHANGE)
    supplies = tx.ask(queries_supply.LAST_SUPPLY_CHANGE)
    xid, seq = stock[0] if stock else (0, 0)
    pool_xid, pool_seq = pools[0] if pools else (0, 0)
    supply_xid, supply_seq = supplies[0] if supplies else (0, 0)
    return Cursor(
        xid=xid,
        seq=seq,
        pool_xid=pool_xid,
        pool_seq=pool_seq,
        supply_xid=supply_xid,
        supply_seq=supply_seq,
        version=seq,
    )


def changes_since(tx: Tx, cursor: Cursor, limit: int) -> Changes:
    """At most `limit` journal entries of stock, and as many of pools and of supplies, after the cursor, as keys."""
    counters = {str(name): int(value) for name, value in tx.ask(queries.COUNTERS)}
    stock = tx.ask(queries.CHANGED_STOCK, xid=cursor.xid, seq=cursor.seq, num_max=limit)
    pools = tx.ask(queries.CHANGED_POOLS, xid=cursor.pool_xid, seq=cursor.pool_seq, num_max=limit)
    supplies = tx.ask(queries_supply.CHANGED_SUPPLY, xid=cursor.supply_xid, seq=cursor.supply_seq, num_max=limit)
    xid, seq = stock[-1][:2] if stock else (cursor.xid, cursor.seq)
    pool_xid, pool_seq = pools[-1][:2] if pools else (cursor.pool_xid, cursor.pool_seq)
    supply_xid, supply_seq = supplies[-1][:2] if supplies else (cursor.supply_xid, cursor.supply_seq)
    status_changes = counters["status"]
    statuses = registry.get_statuses(tx) if status_changes != cursor.status_changes else None
    return Changes(
        cursor=Cursor(
            xid=xid,
            seq=seq,
            pool_xid=pool_xid,
            pool_seq=pool_seq,
            supply_xid=supply_xid,
            supply_seq=supply_seq,
            version=max([cursor.version, *(row[1] for row in stock)]),
            status_changes=status_changes,
        ),
        stock_keys=frozenset((row[2], row[3]) for row in stock),
        pool_keys=frozenset((row[2], row[3]) for row in pools),
        supply_keys=frozenset((row[2], row[3], row[4]) for row in supplies),
        network_revision=counters["network"],
        activations=counters["activation"],
        status_changes=status_changes,
        node_statuses=statuses,
        complete=max(len(stock), len(pools), len(supplies)) < limit,
    )

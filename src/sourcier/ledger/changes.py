"""Follow the ledger without gaps: what changed since a cursor.

Rows are ordered by (xid, seq). On PostgreSQL numbers are drawn before the commit, so a poller by number alone would
skip late commits; here nothing at or above the oldest running transaction is read yet, and no transaction below it
can add anything (ledger specification, guarantee 29). On SQLite xid is 0 and the one writer's order is the order.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from sourcier.ledger import queries, queries_supply, registry
from sourcier.ledger.commands import PoolKey, StockKey, SupplyKey
from sourcier.ledger.dialect import Query
from sourcier.ledger.levels import StockLevel
from sourcier.ledger.store import Row, Tx

Position = tuple[int, int]
"""(xid, seq): how far one journal has been read"""

_decode_levels: Final = msgspec.json.Decoder(list[StockLevel]).decode


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """How far a follower has read. `version` is the largest number of the stock journal it has seen; it never falls."""

    stock: Position = (0, 0)
    pools: Position = (0, 0)
    supplies: Position = (0, 0)
    version: int = 0
    status_changes: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """The present levels of stock rows that changed, keys of what else must be read again, counters of what is slower.

    `node_statuses` is None while nobody has set a status or applied a network since the cursor. `complete` says
    that nothing more was there to read. A change of `activations` means that the floors of all rows changed.
    `oldest_micros` is the age of the oldest change of stock, None where there is none.
    """

    cursor: Cursor
    levels: Mapping[StockKey, StockLevel]
    pool_keys: frozenset[PoolKey]
    supply_keys: frozenset[SupplyKey]
    network_revision: int
    activations: int
    status_changes: int
    node_statuses: Mapping[str, str] | None
    complete: bool
    oldest_micros: int | None


def current_cursor(tx: Tx) -> Cursor:
    """Where to follow from after reading everything in this same transaction."""
    stock = _last(tx, queries.LAST_STOCK_CHANGE)
    return Cursor(
        stock=stock,
        pools=_last(tx, queries.LAST_POOL_CHANGE),
        supplies=_last(tx, queries_supply.LAST_SUPPLY_CHANGE),
        version=stock[1],
    )


def changes_since(tx: Tx, cursor: Cursor, limit: int) -> Changes:
    """What at most `limit` journal entries of stock, as many of pools and of supplies, changed after the cursor."""
    counters = {str(name): int(value) for name, value in tx.ask(queries.COUNTERS)}
    ((num_stock, last_stock, oldest, *reached, levels),) = _after(tx, queries.CHANGED_STOCK, cursor.stock, limit)
    pools = _after(tx, queries.CHANGED_POOLS, cursor.pools, limit)
    supplies = _after(tx, queries_supply.CHANGED_SUPPLY, cursor.supplies, limit)
    status_changes = counters["status"]
    statuses = registry.get_statuses(tx) if status_changes != cursor.status_changes else None
    return Changes(
        cursor=Cursor(
            stock=(reached[0], reached[1]) if num_stock else cursor.stock,
            pools=_reached(pools, cursor.pools),
            supplies=_reached(supplies, cursor.supplies),
            version=max(cursor.version, last_stock or 0),
            status_changes=status_changes,
        ),
        levels={(level[0], level[1]): level for level in _decode_levels(levels)},
        pool_keys=frozenset((row[2], row[3]) for row in pools),
        supply_keys=frozenset((row[2], row[3], row[4]) for row in supplies),
        network_revision=counters["network"],
        activations=counters["activation"],
        status_changes=status_changes,
        node_statuses=statuses,
        complete=max(num_stock, len(pools), len(supplies)) < limit,
        oldest_micros=counters["clock"] - oldest if num_stock else None,
    )


def _last(tx: Tx, last_change: Query) -> Position:
    found = tx.ask(last_change)
    return (found[0][0], found[0][1]) if found else (0, 0)


def _after(tx: Tx, changed: Query, position: Position, limit: int) -> list[Row]:
    """Entries (xid, seq, key…) of one journal after a position."""
    xid, seq = position
    return tx.ask(changed, xid=xid, seq=seq, num_max=limit)


def _reached(entries: list[Row], position: Position) -> Position:
    return (entries[-1][0], entries[-1][1]) if entries else position

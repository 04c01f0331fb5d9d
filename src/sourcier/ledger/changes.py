"""Follow the ledger without gaps: what changed since a cursor.

Rows are ordered by (xid, seq). On PostgreSQL numbers are drawn before the commit, so a poller by number alone would
skip late commits; here the position stays below the oldest running transaction, and no transaction below it can add
anything (ledger specification, guarantee 29). What younger ones have committed meanwhile is read at once, and they are
remembered: a batch of a thousand counts that is still being written holds up nobody. On SQLite xid is 0 and the one
writer's order is the order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from sourcier.ledger import queries, queries_supply, registry
from sourcier.ledger.commands import PoolKey, StockKey, SupplyKey
from sourcier.ledger.dialect import Query
from sourcier.ledger.levels import StockLevel
from sourcier.ledger.store import Tx

AHEAD_MAX: Final = 1_000  # transactions remembered; of more, what they changed is read again at every look

_PoolEntry = tuple[int, int, int, str, str]
"""(xid, seq, whether nothing can precede it any more, pool id, bucket)"""
_SupplyEntry = tuple[int, int, int, str, str, str]
"""(xid, seq, whether nothing can precede it any more, supply id, node id, SKU)"""

_decode_levels: Final = msgspec.json.Decoder(list[StockLevel]).decode
_decode_xids: Final = msgspec.json.Decoder(list[tuple[int]]).decode
_decode_pools: Final = msgspec.json.Decoder(list[_PoolEntry]).decode
_decode_supplies: Final = msgspec.json.Decoder(list[_SupplyEntry]).decode


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """How far one journal has been read: up to (xid, seq), and what the transactions `ahead` of there have written."""

    xid: int = 0
    seq: int = 0
    ahead: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """How far a follower has read. `version` is the largest number of the stock journal it has seen; it never falls."""

    stock: Position = Position()
    pools: Position = Position()
    supplies: Position = Position()
    version: int = 0
    status_changes: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """The present levels of stock rows that changed, keys of what else must be read again, counters of what is slower.

    `node_statuses` is None while nobody has set a status or applied a network since the cursor. `complete` says
    that nothing more was there to read, or that no more can be before an older transaction ends. A change of
    `activations` means that the floors of all rows changed. `oldest_micros` is the age of the oldest change of stock,
    None where there is none.
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
        version=stock.seq,
    )


def changes_since(tx: Tx, cursor: Cursor, limit: int) -> Changes:
    """What at most `limit` journal entries of stock, as many of pools and of supplies, changed after the cursor."""
    tx.tell(queries.BY_KEY)
    (found,) = tx.ask(
        queries.CHANGES,
        num_max=limit,
        **_after("stock", cursor.stock),
        **_after("pool", cursor.pools),
        **_after("supply", cursor.supplies),
    )
    num_stock, last_stock, oldest, *final, early, levels = found[:7]
    pools, supplies = _decode_pools(found[7]), _decode_supplies(found[8])
    network_revision, status_changes, activations, clock = found[9:]
    reached = Cursor(
        stock=_reached(
            cursor.stock,
            (final[0], final[1]) if final[0] is not None else None,
            [xid for (xid,) in _decode_xids(early)],
            cut=num_stock >= limit,
        ),
        pools=_reached_by(pools, cursor.pools, limit),
        supplies=_reached_by(supplies, cursor.supplies, limit),
        version=max(cursor.version, last_stock or 0),
        status_changes=status_changes,
    )
    return Changes(
        cursor=reached,
        levels={(level[0], level[1]): level for level in _decode_levels(levels)},
        pool_keys=frozenset(entry[3:] for entry in pools),
        supply_keys=frozenset(entry[3:] for entry in supplies),
        network_revision=network_revision,
        activations=activations,
        status_changes=status_changes,
        node_statuses=registry.get_statuses(tx) if status_changes != cursor.status_changes else None,
        complete=max(num_stock, len(pools), len(supplies)) < limit or _places(reached) == _places(cursor),
        oldest_micros=clock - oldest if num_stock else None,
    )


def _places(cursor: Cursor) -> tuple[Position, Position, Position]:
    return cursor.stock, cursor.pools, cursor.supplies


def _last(tx: Tx, last_change: Query) -> Position:
    found = tx.ask(last_change)
    return Position(xid=found[0][0], seq=found[0][1]) if found else Position()


def _after(journal: str, position: Position) -> dict[str, object]:
    """The parameters that say how far one journal has been read."""
    ahead = f"{{{','.join(map(str, sorted(position.ahead)))}}}"
    return {f"{journal}_xid": position.xid, f"{journal}_seq": position.seq, f"{journal}_ahead": ahead}


def _reached_by(entries: Sequence[_PoolEntry | _SupplyEntry], position: Position, limit: int) -> Position:
    """The position after these entries, which are in the order of commits."""
    final = [(entry[0], entry[1]) for entry in entries if entry[2]]
    early = [entry[0] for entry in entries if not entry[2]]
    return _reached(position, final[-1] if final else None, early, cut=len(entries) >= limit)


def _reached(position: Position, final: tuple[int, int] | None, early: Sequence[int], *, cut: bool) -> Position:
    """The position after entries of which `final` was the last that nothing can precede any more.

    `early` transactions stand behind some that still run. Of the last of them not everything was read if the entries
    were `cut` at a limit.
    """
    xid, seq = final or (position.xid, position.seq)
    whole = set(early) - ({max(early)} if cut and early else set())
    ahead = sorted(known for known in position.ahead | whole if known > xid)
    return Position(xid=xid, seq=seq, ahead=frozenset(ahead[:AHEAD_MAX]))

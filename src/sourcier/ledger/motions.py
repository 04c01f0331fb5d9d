"""Move stock rows and pools, and write each move into its journal: the last two steps of every mutation."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from sourcier.domain.network import CapacityMeasure
from sourcier.domain.reservation import ANY_DAY
from sourcier.ledger import queries, queries_feeds
from sourcier.ledger.commands import PoolKey, StockKey
from sourcier.ledger.dialect import rows
from sourcier.ledger.store import Tx

Deltas = tuple[int, int, int, int, int]
"""Signed units: (on_hand, blocked, held, allocated, unsettled)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Motive:
    """Who moves stock and why, for the journal. `ref` is a reservation id or the name of a feed's source."""

    cause: str
    ref: str
    actor: str = ""
    rule_set_revision: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One change of one stock row; `ref` names the reservation where one motive covers several."""

    key: StockKey
    deltas: Deltas
    ref: str = ""


def lock_stock(tx: Tx, keys: Sequence[StockKey]) -> set[StockKey]:
    """Make the stock rows that are missing, with the floors in force, and lock all; the new ones. `keys` are sorted."""
    wanted = rows(keys)
    made = {(node_id, sku) for node_id, sku in tx.ask(queries_feeds.MAKE_STOCK, rows=wanted)}
    tx.tell(queries.LOCK_STOCK, rows=wanted)
    return made


def move_stock(tx: Tx, moves: Iterable[Move], motive: Motive) -> dict[StockKey, int]:
    """Apply the moves without looking at availability, in key order; what is free on each row afterwards.

    Several moves of one row become one UPDATE and as many journal rows, in order.
    """
    by_row: defaultdict[StockKey, list[Move]] = defaultdict(list)
    for move in moves:
        by_row[move.key].append(move)
    wanted = [[*key, *map(sum, zip(*(move.deltas for move in by_row[key]), strict=True))] for key in sorted(by_row)]
    if not wanted:
        return {}
    if len(wanted) > 1:
        tx.tell(queries.LOCK_STOCK, rows=rows(wanted))
    moved = tx.ask(queries.MOVE_STOCK, rows=rows(wanted))
    after = {(node_id, sku): int(free) for node_id, sku, free in moved}
    assert len(after) == len(wanted), "every stock row that a line names exists"
    tx.tell(
        queries.JOURNAL,
        rows=rows([entry for key in sorted(by_row) for entry in _entries(by_row[key], after[key], motive.ref)]),
        actor=motive.actor,
        cause=motive.cause,
        channel_class=None,
        rule_set_revision=motive.rule_set_revision,
    )
    return after


def _entries(moves: list[Move], free_after: int, ref: str) -> list[list[object]]:
    """The journal rows of one stock row, each with what was free after it, reckoned back from the last."""
    entries: list[list[object]] = []
    for move in reversed(moves):
        entries.append([move.ref or ref, *move.key, *move.deltas, None, free_after])
        on_hand, *taken = move.deltas
        free_after -= on_hand - sum(taken)
    entries.reverse()
    return entries


def take_pools(tx: Tx, wanted: Mapping[PoolKey, int], motive: Motive) -> tuple[PoolKey, ...]:
    """Consume the pools' buckets; returns those that have too little left. A new bucket takes its pool's cap.

    Buckets are made before any is locked: made in between, they would be locked out of order.
    """
    if not wanted:
        return ()
    amounts = rows([[*key, wanted[key], weekday_bucket(key[1])] for key in sorted(wanted)])
    tx.tell(queries.MAKE_POOLS, rows=amounts)
    if len(wanted) > 1:
        tx.tell(queries.LOCK_POOLS, rows=amounts)
    taken = sorted(tx.ask(queries.TAKE_POOLS, rows=amounts))
    have = {(pool_id, bucket) for pool_id, bucket, *_ in taken}
    missing = tuple(key for key in sorted(wanted) if key not in have)
    if not missing:
        entries = [[motive.ref, pool, bucket, wanted[pool, bucket], used, cap] for pool, bucket, used, cap in taken]
        _journal_pools(tx, entries, motive)
    return missing


@lru_cache(maxsize=1_024)
def weekday_bucket(bucket: str) -> str:
    """The bucket with the cap of that weekday: ``*1`` .. ``*7``; ``*`` where `bucket` is no ISO date."""
    try:
        return f"{ANY_DAY}{date.fromisoformat(bucket).isoweekday()}"
    except ValueError:
        return ANY_DAY


def give_pools_back(tx: Tx, reservation_ids: Iterable[str], motive: Motive) -> None:
    """Return what the reservations' open lines no longer use; call it after the lines have changed.

    A use falls to what its measure says of the lines still counting at its node (and in its line bucket, where the
    line names one), never below that and never up.
    """
    wanted = rows([[reservation_id] for reservation_id in sorted(reservation_ids)])
    uses = tx.ask(queries.GET_RESERVATION_POOLS, rows=wanted)
    if not uses:
        return
    lines: defaultdict[tuple[str, str], list[tuple[str, str, int]]] = defaultdict(list)
    for reservation_id, line_id, node_id, bucket, quantity in tx.ask(queries.GET_COUNTING_LINES, rows=wanted):
        lines[reservation_id, node_id].append((line_id, bucket, int(quantity)))
    back: list[list[object]] = []
    returns: defaultdict[PoolKey, list[tuple[str, int]]] = defaultdict(list)
    for reservation_id, pool_id, bucket, node_id, line_bucket, measure, quantity in sorted(uses):
        counting = [line for line in lines[reservation_id, node_id] if line[1] in ("", line_bucket)]
        less = int(quantity) - min(int(quantity), load(CapacityMeasure(measure), counting))
        if less > 0:
            back.append([reservation_id, pool_id, bucket, node_id, line_bucket, less])
            returns[pool_id, bucket].append((reservation_id, less))
    if back:
        tx.tell(queries.SHRINK_RESERVATION_POOLS, rows=rows(back))
        _return(tx, returns, motive)


def load(measure: CapacityMeasure, lines: list[tuple[str, str, int]]) -> int:
    """How much of a capacity these lines, given as (line_id, bucket, quantity), use."""
    match measure:
        case CapacityMeasure.ORDERS:
            return 1 if lines else 0
        case CapacityMeasure.LINES:
            return len({line_id for line_id, _, _ in lines})
        case CapacityMeasure.UNITS:
            return sum(quantity for _, _, quantity in lines)


def _return(tx: Tx, returns: Mapping[PoolKey, list[tuple[str, int]]], motive: Motive) -> None:
    amounts = rows([[*key, sum(less for _, less in returns[key])] for key in sorted(returns)])
    if len(returns) > 1:
        tx.tell(queries.LOCK_POOLS, rows=amounts)
    entries: list[list[object]] = []
    for pool_id, bucket, used, cap in sorted(tx.ask(queries.GIVE_POOLS, rows=amounts)):
        after = int(used) + sum(less for _, less in returns[pool_id, bucket])
        for reservation_id, less in returns[pool_id, bucket]:
            after -= less
            entries.append([reservation_id, pool_id, bucket, -less, after, int(cap)])
    _journal_pools(tx, entries, motive)


def _journal_pools(tx: Tx, entries: list[list[object]], motive: Motive) -> None:
    tx.tell(queries.JOURNAL_POOLS, rows=rows(entries), actor=motive.actor, cause=motive.cause)

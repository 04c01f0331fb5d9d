"""Apply what sources say about stock: absolute counts and deltas, in any order, as often as they like.

A count applies when its (epoch, seq) is newer than the last one of its source, node and SKU. A delta applies when it
is exactly the next of its source and node; a new epoch starts at 1. What cannot be applied stops nobody else: it gets
a verdict, and a record that can never be applied a dead letter, once.

Lock order: feed cursor, stock row, then SHIPPED lines (which nothing but a count touches), journal.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from sourcier.domain.stock import RecordKind, RecordResult, StockRecord, Verdict
from sourcier.ledger import queries, queries_admin
from sourcier.ledger.commands import StockKey
from sourcier.ledger.dialect import rows
from sourcier.ledger.feed_records import bury, fault, micros, plain_result, refuse_faulty
from sourcier.ledger.store import Tx

# A member of an enum is slow to look up, for every record.
_COUNT: Final = RecordKind.COUNT
_DELTA: Final = RecordKind.DELTA
_APPLIED: Final = Verdict.APPLIED
_STALE: Final = Verdict.STALE


_Before = tuple[int, int, int, int]
"""(on hand, blocked, unsettled, free) of a locked stock row before the batch"""


@dataclass(slots=True)
class _Progress:
    """What a batch has come to so far: verdicts, and the state after them, to be written at the end."""

    results: list[RecordResult | None]
    cursors: dict[str, tuple[int, int]] = field(default_factory=dict)  # node -> (epoch, last seq)
    items: dict[StockKey, tuple[int, int, int]] = field(default_factory=dict)  # key -> (epoch, seq, as of)
    stock: dict[StockKey, tuple[int, int]] = field(default_factory=dict)  # key -> (on hand, blocked), where it applied
    counted_as_of: dict[StockKey, int] = field(default_factory=dict)


def apply_batch(tx: Tx, source: str, records: Sequence[StockRecord], *, actor: str = "") -> tuple[RecordResult, ...]:
    """Apply the records in order; one result each. Repeating a batch changes nothing.

    Nodes must be in the network in force. An applied count sets on hand to its quantity and blocked to 0, and settles
    every unit shipped by its `as_of` (None: now).
    """
    clock = int(tx.ask(queries.CLOCK)[0][0])
    progress = _Progress(results=[None] * len(records))
    faults = [fault(record, clock) for record in records]
    good = refuse_faulty(tx, records, faults, partial(bury, tx, source), progress.results)
    deltas = _judge_deltas(tx, source, [i for i in good if records[i].kind is _DELTA], records, progress)
    counts = [i for i in good if records[i].kind is _COUNT]
    keys = sorted({(records[i].node_id, records[i].sku) for i in (*deltas, *counts)})
    if keys:
        wanted = rows(keys)
        made, before = _lock_stock(tx, wanted)
        applied = _judge_counts(tx, source, counts, records, clock, progress, wanted)
        for index in sorted((*deltas, *applied)):
            _apply(records[index], before, progress)
        _write(tx, source, made, before, progress, actor)
    assert all(result is not None for result in progress.results)
    return tuple(result for result in progress.results if result is not None)


def _judge_deltas(
    tx: Tx, source: str, deltas: list[int], records: Sequence[StockRecord], progress: _Progress
) -> list[int]:
    """Verdicts on the deltas, under a lock on their cursors; the positions of those that apply."""
    if not deltas:
        return []
    nodes = rows([[node_id] for node_id in sorted({records[index].node_id for index in deltas})])
    tx.tell(queries_admin.MAKE_CURSORS, source=source, rows=nodes)
    cursors = {
        str(node_id): (int(epoch), int(last_seq))
        for node_id, epoch, last_seq in tx.ask(queries_admin.LOCK_CURSORS, source=source, rows=nodes)
    }
    applied = []
    for index in deltas:
        record = records[index]
        epoch, last_seq = cursors[record.node_id]
        expected = last_seq + 1 if record.epoch == epoch else 1
        if record.epoch < epoch or (record.epoch == epoch and record.seq <= last_seq):
            progress.results[index] = plain_result(index, _STALE)
        elif record.seq != expected:
            progress.results[index] = RecordResult(index=index, verdict=Verdict.GAP, expected_seq=expected)
        else:
            progress.results[index] = plain_result(index, _APPLIED)
            cursors[record.node_id] = progress.cursors[record.node_id] = (record.epoch, record.seq)
            applied.append(index)
    return applied


def _lock_stock(tx: Tx, wanted: str) -> tuple[set[StockKey], dict[StockKey, _Before]]:
    """Make the rows that are missing, lock all; the new ones, and what is on every row."""
    made = {(node_id, sku) for node_id, sku in tx.ask(queries_admin.MAKE_STOCK, rows=wanted)}
    locked = tx.ask(queries_admin.LOCK_STOCK_COUNTS, rows=wanted)
    return made, {(row[0], row[1]): (row[2], row[3], row[4], row[5]) for row in locked}


def _judge_counts(
    tx: Tx, source: str, counts: list[int], records: Sequence[StockRecord], clock: int, progress: _Progress, wanted: str
) -> list[int]:
    """Verdicts on the counts; the lock on the stock row guards its feed item. The positions of those that apply."""
    if not counts:
        return []
    last = {
        (node_id, sku): (epoch, last_seq)
        for node_id, sku, epoch, last_seq in tx.ask(queries_admin.GET_ITEMS, source=source, rows=wanted)
    }
    applied = []
    for index in counts:
        record = records[index]
        key = (record.node_id, record.sku)
        if (record.epoch, record.seq) <= last.get(key, (-1, -1)):
            progress.results[index] = plain_result(index, _STALE)
            continue
        as_of = min(clock, micros(record.as_of)) if record.as_of is not None else clock
        progress.results[index] = plain_result(index, _APPLIED)
        progress.items[key] = (record.epoch, record.seq, as_of)
        progress.counted_as_of[key] = max(as_of, progress.counted_as_of.get(key, 0))
        last[key] = (record.epoch, record.seq)
        applied.append(index)
    return applied


def _apply(record: StockRecord, before: dict[StockKey, _Before], progress: _Progress) -> None:
    key = (record.node_id, record.sku)
    if record.kind is _COUNT:
        progress.stock[key] = (record.quantity, 0)
    else:
        on_hand, blocked = progress.stock.get(key) or before[key][:2]
        progress.stock[key] = (on_hand + record.quantity, blocked)


def _write(
    tx: Tx,
    source: str,
    made: set[StockKey],
    before: dict[StockKey, _Before],
    progress: _Progress,
    actor: str,
) -> None:
    """Settle what the counts saw, move the stock rows that changed (and show the new ones), remember how far we are."""
    settled = _settle(tx, before, progress.counted_as_of)
    if progress.items:
        items = rows([(*key, *item) for key, item in progress.items.items()])
        tx.tell(queries_admin.PUT_ITEMS, source=source, rows=items)
    by_cause: dict[str, list[tuple[object, ...]]] = {"COUNT": [], "DELTA": []}
    for key, (on_hand, blocked, _, free) in before.items():
        new_on_hand, new_blocked = progress.stock.get(key, (on_hand, blocked))
        more, doubtful, units = new_on_hand - on_hand, new_blocked - blocked, settled.get(key, 0)
        if more or doubtful or units or key in made:
            entry = (*key, more, doubtful, -units, free + more - doubtful + units)
            by_cause["COUNT" if key in progress.counted_as_of else "DELTA"].append(entry)
    for cause, entries in by_cause.items():
        if entries:
            moved = rows(entries)
            tx.tell(queries_admin.FEED_STOCK, rows=moved)
            tx.tell(queries_admin.JOURNAL_FEED, rows=moved, source=source, actor=actor, cause=cause)
    if progress.cursors:
        reached = rows([[source, node_id, *cursor] for node_id, cursor in sorted(progress.cursors.items())])
        tx.tell(queries_admin.MOVE_CURSORS, rows=reached)


def _settle(tx: Tx, before: dict[StockKey, _Before], counted_as_of: dict[StockKey, int]) -> Counter[StockKey]:
    """Settle the lines that were shipped before the counts; how many units of each stock row."""
    shipped = [(*key, as_of) for key, as_of in counted_as_of.items() if before[key][2]]
    settled: Counter[StockKey] = Counter()
    if shipped:
        for node_id, sku, quantity in tx.ask(queries_admin.SETTLE_LINES, rows=rows(sorted(shipped))):
            settled[node_id, sku] += int(quantity)
    return settled

"""Apply what sources say about stock: absolute counts and deltas, in any order, as often as they like.

A count applies when its (epoch, seq) is newer than the last one of its source, node and SKU. A delta applies when it
is exactly the next of its source and node; a new epoch starts at 1. What cannot be applied stops nobody else: it gets
a verdict, and a record that can never be applied a dead letter, once.

A batch stays one text of rows from statement to statement: the database itself finds what is stale and what changes,
so that no row travels back, and other threads run meanwhile.

Lock order: feed cursor, stock row, then SHIPPED lines (which nothing but a count touches), journal.
"""

from collections.abc import Sequence
from itertools import repeat
from typing import Final, TypeVar

from sourcier.domain.stock import BatchAnswer, RecordKind, RecordResult, StockRecords, Verdict
from sourcier.ledger import queries, queries_admin
from sourcier.ledger.commands import StockKey
from sourcier.ledger.dialect import rows
from sourcier.ledger.feed_records import bury, faults, micros, refuse_faulty
from sourcier.ledger.store import Tx

# A member of an enum is slow to look up, for every record.
_COUNT: Final = RecordKind.COUNT
_DELTA: Final = RecordKind.DELTA

T = TypeVar("T")
_Fed = tuple[str, str, int, int, int, int, int, int, int, int]
"""(node_id, sku, quantity, epoch, seq, as of, counted, settled, shown, position), see `queries_admin`"""
_Cursors = dict[str, tuple[int, int]]
"""node_id -> (epoch, last seq)"""


def apply_batch(tx: Tx, source: str, records: StockRecords, *, actor: str = "") -> BatchAnswer:
    """Apply the records in order. Repeating a batch changes nothing.

    Nodes must be in the network in force. An applied count sets on hand to its quantity and blocked to 0, and settles
    every unit shipped by its `as_of` (None: now).
    """
    clock = int(tx.ask(queries.CLOCK)[0][0])
    others: dict[int, RecordResult] = {}

    def bury_one(index: int, why: str) -> None:
        bury(tx, source, records[index], why)

    good = refuse_faulty(tx, records.node_ids, faults(records, clock), bury_one, others)
    good, cursors = _judge_deltas(tx, source, good, records, others)
    if good:
        fed = _fed(records, good, clock)
        text = rows(fed)
        made = {(node_id, sku) for node_id, sku in tx.ask(queries_admin.MAKE_STOCK, rows=text)}
        tx.tell(queries.LOCK_STOCK, rows=text)
        judged = _judge_counts(tx, source, fed, text, others)
        if judged is not fed:
            text = rows(judged)
        _write(tx, source, judged, text, made, actor)
    if cursors:
        reached = rows([[source, node_id, *cursor] for node_id, cursor in sorted(cursors.items())])
        tx.tell(queries_admin.MOVE_CURSORS, rows=reached)
    return BatchAnswer.of(others, len(records))


def _judge_deltas(
    tx: Tx, source: str, good: Sequence[int], records: StockRecords, others: dict[int, RecordResult]
) -> tuple[Sequence[int], _Cursors]:
    """Verdicts on the deltas, under a lock on their cursors: which of the `good` records are left, new cursors."""
    kinds, node_ids = records.kinds, records.node_ids
    if _DELTA not in kinds:
        return good, {}
    nodes = rows([[node_id] for node_id in sorted({node_ids[i] for i in good if kinds[i] is _DELTA})])
    tx.tell(queries_admin.MAKE_CURSORS, source=source, rows=nodes)
    cursors = {
        str(node_id): (int(epoch), int(last_seq))
        for node_id, epoch, last_seq in tx.ask(queries_admin.LOCK_CURSORS, source=source, rows=nodes)
    }
    moved: _Cursors = {}
    left = []
    for index in good:
        if kinds[index] is _DELTA:
            node_id, position = node_ids[index], (records.epochs[index], records.seqs[index])
            other = _judge_delta(index, position, cursors[node_id])
            if other is not None:
                others[index] = other
                continue
            cursors[node_id] = moved[node_id] = position
        left.append(index)
    return left, moved


def _judge_delta(index: int, position: tuple[int, int], cursor: tuple[int, int]) -> RecordResult | None:
    """Why the delta at this (epoch, seq) does not apply; None if it is the next."""
    if position <= cursor:
        return RecordResult(index=index, verdict=Verdict.STALE)
    expected = cursor[1] + 1 if position[0] == cursor[0] else 1
    if position[1] != expected:
        return RecordResult(index=index, verdict=Verdict.GAP, expected_seq=expected)
    return None


def _fed(records: StockRecords, good: Sequence[int], clock: int) -> list[_Fed]:
    """The good records as rows. A count from a clock that is ahead is of now."""
    told = (records.node_ids, records.skus, records.quantities, records.epochs, records.seqs)
    columns = [_of(column, good) for column in told]
    as_of = [clock if when is None else min(clock, micros(when)) for when in _of(records.as_of, good)]
    counted = [1 if kind is _COUNT else 0 for kind in _of(records.kinds, good)]
    return list(zip(*columns, as_of, counted, repeat(0), repeat(0), good))


def _of(column: Sequence[T], good: Sequence[int]) -> Sequence[T]:
    """The good ones, which usually are all."""
    return column if len(good) == len(column) else [column[index] for index in good]


def _judge_counts(tx: Tx, source: str, fed: list[_Fed], text: str, others: dict[int, RecordResult]) -> list[_Fed]:
    """Verdicts on the counts; the lock on the stock row guards its feed item. What applies, one row per stock row.

    `fed` itself, with its `text`, where everything applies as it is: the usual batch.
    """
    counts = [row for row in fed if row[6]]
    found = tx.ask(queries_admin.STALE_COUNTS, source=source, rows=_text(counts, fed, text)) if counts else []
    if not found and len({row[:2] for row in fed}) == len(fed):
        return fed
    stale = {position for (position,) in found}
    others.update((position, RecordResult(index=position, verdict=Verdict.STALE)) for position in stale)
    return _summed([row for row in fed if row[9] not in stale], others)


def _summed(fed: list[_Fed], others: dict[int, RecordResult]) -> list[_Fed]:
    """What the records of each stock row come to. Of several counts the newest applies that none before has passed."""
    sums: dict[StockKey, _Fed] = {}
    for row in fed:
        node_id, sku, quantity, epoch, seq, as_of, counted, _, _, position = row
        before = sums.get((node_id, sku))
        if before is None:
            sums[node_id, sku] = row
        elif not counted:
            sums[node_id, sku] = (node_id, sku, before[2] + quantity, *before[3:])
        elif before[6] and (epoch, seq) <= before[3:5]:
            others[position] = RecordResult(index=position, verdict=Verdict.STALE)
        else:
            latest = max(as_of, before[5]) if before[6] else as_of
            sums[node_id, sku] = (node_id, sku, quantity, epoch, seq, latest, 1, 0, 0, position)
    return list(sums.values())


def _write(tx: Tx, source: str, fed: list[_Fed], text: str, made: set[StockKey], actor: str) -> None:
    """Settle what the counts saw, move the stock rows that change (and show the new ones), remember how far we are."""
    settled: dict[StockKey, int] = {}
    counts = [row for row in fed if row[6]]
    if counts:
        of_counts = _text(counts, fed, text)
        for node_id, sku, quantity in tx.ask(queries_admin.SETTLE_LINES, rows=of_counts):
            settled[node_id, sku] = settled.get((node_id, sku), 0) + int(quantity)
        tx.tell(queries_admin.PUT_ITEMS, source=source, rows=of_counts)
    if settled or made:
        text = rows([(*row[:7], settled.get(row[:2], 0), int(row[:2] in made)) for row in fed])
    if fed:
        tx.tell(queries_admin.JOURNAL_FEED, rows=text, source=source, actor=actor)
        tx.tell(queries_admin.FEED_STOCK, rows=text)


def _text(part: list[_Fed], fed: list[_Fed], text: str) -> str:
    """The rows of a part of `fed`, of which there is a text already."""
    return text if len(part) == len(fed) else rows(part)

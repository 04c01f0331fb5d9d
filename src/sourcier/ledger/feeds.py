"""Apply what sources say about stock: absolute counts and deltas, in any order, as often as they like.

A count applies when its (epoch, seq) is newer than the last one of its source, node and SKU. A delta applies when it
is exactly the next of its source and node; a new epoch starts at 1. What cannot be applied stops nobody else: it gets
a verdict, and a record that can never be applied a dead letter, once.

A batch is staged in the database, which itself finds what is stale and what changes: no row travels back, and other
threads run meanwhile.

Lock order: feed cursor, stock row, then SHIPPED lines (which nothing but a count touches), journal.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final, TypeVar

from sourcier.domain.stock import BatchAnswer, RecordKind, RecordResult, StockRecords, Verdict
from sourcier.ledger import queries, queries_feeds
from sourcier.ledger.commands import StockKey
from sourcier.ledger.dialect import rows
from sourcier.ledger.feed_records import bury, faults, micros, refuse_faulty
from sourcier.ledger.store import Tx

# A member of an enum is slow to look up, for every record.
_COUNT: Final = RecordKind.COUNT
_DELTA: Final = RecordKind.DELTA

T = TypeVar("T")
_Fed = tuple[str, str, int, int | None, int | None, int | None]
"""(node_id, sku, quantity, epoch, seq, as of), see `queries_feeds`"""
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
        _stage(tx, fed)
        made = {(node_id, sku) for node_id, sku in tx.ask(queries_feeds.MAKE_STOCK_FED)}
        tx.tell(queries_feeds.LOCK_STOCK_FED)
        judged = _judge_counts(tx, source, fed, good, others)
        if judged is not fed:
            _stage(tx, judged)
        _write(tx, source, judged, made, actor)
    if cursors:
        reached = rows([[source, node_id, *cursor] for node_id, cursor in sorted(cursors.items())])
        tx.tell(queries_feeds.MOVE_CURSORS, rows=reached)
    return BatchAnswer.of(others, len(records))


def _judge_deltas(
    tx: Tx, source: str, good: Sequence[int], records: StockRecords, others: dict[int, RecordResult]
) -> tuple[Sequence[int], _Cursors]:
    """Verdicts on the deltas, under a lock on their cursors: which of the `good` records are left, new cursors."""
    kinds, node_ids = records.kinds, records.node_ids
    if _DELTA not in kinds:
        return good, {}
    nodes = rows([[node_id] for node_id in sorted({node_ids[i] for i in good if kinds[i] is _DELTA})])
    tx.tell(queries_feeds.MAKE_CURSORS, source=source, rows=nodes)
    cursors = {
        str(node_id): (int(epoch), int(last_seq))
        for node_id, epoch, last_seq in tx.ask(queries_feeds.LOCK_CURSORS, source=source, rows=nodes)
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
    node_ids, skus, quantities = (_of(column, good) for column in (records.node_ids, records.skus, records.quantities))
    epochs: Sequence[int | None] = _of(records.epochs, good)
    seqs: Sequence[int | None] = _of(records.seqs, good)
    as_of: list[int | None] = [clock if when is None else min(clock, micros(when)) for when in _of(records.as_of, good)]
    if _DELTA in records.kinds:
        counted = [kind is _COUNT for kind in _of(records.kinds, good)]
        epochs, seqs, as_of = (
            [value if count else None for value, count in zip(column, counted, strict=True)]
            for column in (epochs, seqs, as_of)
        )
    return list(zip(node_ids, skus, quantities, epochs, seqs, as_of, strict=True))


def _of(column: Sequence[T], good: Sequence[int]) -> Sequence[T]:
    """The good ones, which usually are all."""
    return column if len(good) == len(column) else [column[index] for index in good]


def _stage(tx: Tx, fed: list[_Fed]) -> None:
    """Put the rows where the statements find them, in place of those before."""
    tx.tell(queries_feeds.CLEAR_FED)
    if fed:
        tx.tell(queries_feeds.STAGE, rows=rows(fed))


def _judge_counts(
    tx: Tx, source: str, fed: list[_Fed], good: Sequence[int], others: dict[int, RecordResult]
) -> list[_Fed]:
    """Verdicts on the counts; the lock on the stock row guards its feed item. What applies, one row per stock row.

    `fed` itself where everything applies as it is: the usual batch.
    """
    stale = {
        (node_id, sku, epoch, seq) for node_id, sku, epoch, seq in tx.ask(queries_feeds.STALE_COUNTS, source=source)
    }
    if not stale and len({row[:2] for row in fed}) == len(fed):
        return fed
    sums: dict[StockKey, _Fed] = {}
    for row, position in zip(fed, good, strict=True):
        key, known = row[:2], sums.get(row[:2])
        summed = None if (*key, *row[3:5]) in stale else _sum(known, row)
        if summed is None:
            others[position] = RecordResult(index=position, verdict=Verdict.STALE)
        else:
            sums[key] = summed
    return list(sums.values())


def _sum(before: _Fed | None, row: _Fed) -> _Fed | None:
    """What both records of a stock row come to; None: the second is a count that is no newer than the first."""
    node_id, sku, quantity, epoch, seq, as_of = row
    if before is None:
        return row
    if epoch is None or seq is None or as_of is None:
        return (node_id, sku, before[2] + quantity, *before[3:])
    if before[3] is None or before[4] is None or before[5] is None:
        return row
    if (epoch, seq) <= (before[3], before[4]):
        return None
    return (node_id, sku, quantity, epoch, seq, max(as_of, before[5]))


def _write(tx: Tx, source: str, fed: list[_Fed], made: set[StockKey], actor: str) -> None:
    """Settle what the counts saw, remember how far we are, move the stock rows that change (and show the new ones)."""
    settled: Counter[StockKey] = Counter()
    for node_id, sku, quantity in tx.ask(queries_feeds.SETTLE_LINES):
        settled[node_id, sku] += int(quantity)
    if settled or made:
        whole = [(*row, settled[row[:2]], int(row[:2] in made)) for row in fed]
        tx.tell(queries_feeds.CLEAR_FED)
        tx.tell(queries_feeds.STAGE_WHOLE, rows=rows(whole))
    tx.tell(queries_feeds.PUT_ITEMS, source=source)
    tx.tell(queries_feeds.JOURNAL_FED, source=source, actor=actor)
    tx.tell(queries_feeds.MOVE_STOCK_FED)

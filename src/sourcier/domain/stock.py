"""Stock as sources report it and as the ledger keeps it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class RecordKind(StrEnum):
    """COUNT replaces what is on hand; DELTA changes it."""

    COUNT = "COUNT"
    DELTA = "DELTA"


@dataclass(frozen=True, slots=True, kw_only=True)
class StockRecord:
    """One statement of one source about one SKU at one node.

    `epoch` and `seq` order the statements: of counts per (source, node, SKU), of deltas per (source, node) without
    gaps. `as_of` is when a count was taken; None means when it arrives.
    """

    kind: RecordKind
    node_id: str
    sku: str
    quantity: int
    epoch: int
    seq: int
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StockRecords:
    """The records of a batch by column, all of the same length: feeds are too fast for an object per record."""

    kinds: Sequence[RecordKind]
    node_ids: Sequence[str]
    skus: Sequence[str]
    quantities: Sequence[int]
    epochs: Sequence[int]
    seqs: Sequence[int]
    as_of: Sequence[datetime | None]

    @staticmethod
    def of(records: Iterable[StockRecord]) -> "StockRecords":
        """These records in this order."""
        each = tuple(records)
        return StockRecords(
            kinds=[record.kind for record in each],
            node_ids=[record.node_id for record in each],
            skus=[record.sku for record in each],
            quantities=[record.quantity for record in each],
            epochs=[record.epoch for record in each],
            seqs=[record.seq for record in each],
            as_of=[record.as_of for record in each],
        )

    def __len__(self) -> int:
        """How many records."""
        return len(self.kinds)

    def __getitem__(self, index: int) -> StockRecord:
        """One record; raises IndexError."""
        return StockRecord(
            kind=self.kinds[index],
            node_id=self.node_ids[index],
            sku=self.skus[index],
            quantity=self.quantities[index],
            epoch=self.epochs[index],
            seq=self.seqs[index],
            as_of=self.as_of[index],
        )


class Verdict(StrEnum):
    """What became of a record. Only REJECTED and GAP need the source's attention."""

    APPLIED = "APPLIED"
    STALE = "STALE"  # a newer count, or this very delta, is already in
    GAP = "GAP"  # a delta before this one is missing; nothing applied
    REJECTED = "REJECTED"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordResult:
    """The verdict on the record at position `index` of a batch; `expected_seq` is set on GAP."""

    index: int
    verdict: Verdict
    reason: str = ""
    expected_seq: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchAnswer:
    """What became of the records of a batch: `results` of those that were not simply applied, in order.

    Answers that were stored before `num_records` was known have the results of all records.
    """

    results: tuple[RecordResult, ...] = ()
    num_records: int = 0

    @staticmethod
    def of(others: Mapping[int, RecordResult], num_records: int) -> "BatchAnswer":
        """The answer to so many records, all of them applied but the `others`, by their index."""
        return BatchAnswer(results=tuple(others[index] for index in sorted(others)), num_records=num_records)

    def __len__(self) -> int:
        """How many records the batch had."""
        return max(self.num_records, len(self.results))

    def each(self) -> tuple[RecordResult, ...]:
        """One result per record, in order."""
        known = {result.index: result for result in self.results}
        return tuple(known.get(i) or RecordResult(index=i, verdict=Verdict.APPLIED) for i in range(len(self)))


@dataclass(frozen=True, slots=True, kw_only=True)
class StockRow:
    """One SKU at one node, as in the ledger. `floors[c]` units are kept back from channel class c.

    ``free = on_hand - blocked - held - allocated - unsettled`` may be negative: reality wins over promises.
    """

    node_id: str
    sku: str
    on_hand: int
    blocked: int = 0
    held: int = 0
    allocated: int = 0
    unsettled: int = 0
    floors: tuple[int, int, int] = (0, 0, 0)

    @property
    def free(self) -> int:
        """Units not promised to anyone, before protection."""
        return self.on_hand - self.blocked - self.held - self.allocated - self.unsettled

    def available(self, channel_class: int) -> int:
        """Units that a channel of this class may still take; never negative."""
        return max(0, self.free - self.floors[channel_class])

"""Stock as sources report it and as the ledger keeps it."""

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

"""One record of a feed by itself: what makes it impossible to apply, and where such records are kept."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

import msgspec

from sourcier.domain.limits import STOCK_QUANTITY_MAX, TEXT_BYTES_MAX
from sourcier.domain.stock import RecordKind, RecordResult, StockRecord, StockRecords, Verdict
from sourcier.domain.supply import SupplyRecord
from sourcier.ledger import queries_feeds
from sourcier.ledger.dialect import rows
from sourcier.ledger.reserve import instant
from sourcier.ledger.store import Tx

NUMBER_MAX: Final = 2**62  # of an epoch or a sequence number
AS_OF_AHEAD_SECONDS_MAX: Final = 300  # a count may come from a clock that is this far ahead, not further
PAYLOAD_BYTES_MAX: Final = 4_096
IDS_KNOWN_MAX: Final = 65_536  # texts of which is remembered whether they are ids: feeds send the same ones again

_COUNT: Final = RecordKind.COUNT  # a member of an enum is slow to look up, for every record

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ONE_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A record that could not be applied. `payload` is its JSON, cut at `PAYLOAD_BYTES_MAX`.

    `kind` is that of a stock record, or SUPPLY; only then `supply_id` is set.
    """

    seq: int
    source: str
    kind: str
    node_id: str
    sku: str
    supply_id: str
    epoch: int
    record_seq: int
    payload: bytes
    reason: str
    at: datetime


def micros(when: datetime) -> int:
    """Microseconds since 1970 of an aware datetime."""
    return (when - _EPOCH) // _ONE_MICROSECOND


def faults(records: StockRecords, clock: int) -> dict[int, str]:
    """Why which of the records can never be applied. `clock` is in microseconds."""
    if not records or _plain(records, clock):
        return {}
    found = ((index, fault(records[index], clock)) for index in range(len(records)))
    return {index: why for index, why in found if why}


def _plain(records: StockRecords, clock: int) -> bool:
    """Whether no record has a fault, as whole columns tell; a good batch of counts and deltas may look otherwise."""
    quantity_min = 0 if _COUNT in records.kinds else -STOCK_QUANTITY_MAX
    times = [when for when in records.as_of if when is not None]
    return (
        all(map(is_id, {*records.node_ids, *records.skus}))
        and quantity_min <= min(records.quantities)
        and max(records.quantities) <= STOCK_QUANTITY_MAX
        and min(records.epochs) >= 0
        and max(records.epochs) <= NUMBER_MAX
        and min(records.seqs) >= 1
        and max(records.seqs) <= NUMBER_MAX
        and all(when.tzinfo is UTC for when in times)
        and (not times or not _fault_of_time(max(times), clock))
    )


def fault(record: StockRecord, clock: int) -> str:
    """Why this record can never be applied, as a word for machines; empty when it can. `clock` is in microseconds."""
    if not is_id(record.node_id):
        return "NODE_ID_INVALID"
    if not is_id(record.sku):
        return "SKU_INVALID"
    if not (0 if record.kind is _COUNT else -STOCK_QUANTITY_MAX) <= record.quantity <= STOCK_QUANTITY_MAX:
        return "QUANTITY_OUT_OF_RANGE"
    if not 0 <= record.epoch <= NUMBER_MAX:
        return "EPOCH_OUT_OF_RANGE"
    if not 1 <= record.seq <= NUMBER_MAX:
        return "SEQ_OUT_OF_RANGE"
    return "" if record.as_of is None else _fault_of_time(record.as_of, clock)


def _fault_of_time(as_of: datetime, clock: int) -> str:
    if as_of.tzinfo is None:
        return "AS_OF_WITHOUT_ZONE"
    return "AS_OF_IN_THE_FUTURE" if micros(as_of) > clock + AS_OF_AHEAD_SECONDS_MAX * 1_000_000 else ""


def refuse_faulty(
    tx: Tx,
    node_ids: Sequence[str],
    faults: Mapping[int, str],
    bury_one: Callable[[int, str], None],
    others: dict[int, RecordResult],
) -> Sequence[int]:
    """Positions of the records that can be applied at all; the `others` are rejected and buried.

    Beside those with a fault of their own these are the ones whose node is not in the network in force.
    """
    named = {node_id for index, node_id in enumerate(node_ids) if index not in faults} if faults else set(node_ids)
    found = tx.ask(queries_feeds.KNOWN_NODES, rows=rows([[node_id] for node_id in sorted(named)])) if named else []
    known = {node_id for (node_id,) in found}
    if not faults and len(known) == len(named):
        return range(len(node_ids))
    good = []
    for index, node_id in enumerate(node_ids):
        why = faults.get(index) or ("" if node_id in known else "NODE_UNKNOWN")
        if why:
            others[index] = RecordResult(index=index, verdict=Verdict.REJECTED, reason=why)
            bury_one(index, why)
        else:
            good.append(index)
    return good


def bury(tx: Tx, source: str, record: StockRecord, reason: str) -> None:
    """Keep a rejected record for people to look at; the same one again changes nothing."""
    payload = {
        "kind": record.kind,
        "node_id": printable(record.node_id),
        "sku": printable(record.sku),
        "quantity": str(record.quantity),
        "epoch": str(record.epoch),
        "seq": str(record.seq),
        "as_of": None if record.as_of is None else record.as_of.isoformat(),
    }
    bury_payload(tx, source, record, reason, kind=record.kind, supply_id="", payload=payload)


def bury_payload(
    tx: Tx,
    source: str,
    record: StockRecord | SupplyRecord,
    reason: str,
    *,
    kind: str,
    supply_id: str,
    payload: Mapping[str, object],
) -> None:
    """Keep a record as the JSON `payload`, under the names that make it the same one again."""
    tx.tell(
        queries_feeds.BURY,
        source=source,
        kind=kind,
        node_id=printable(record.node_id),
        sku=printable(record.sku),
        supply_id=printable(supply_id),
        epoch=max(-NUMBER_MAX, min(NUMBER_MAX, record.epoch)),
        record_seq=max(-NUMBER_MAX, min(NUMBER_MAX, record.seq)),
        payload=msgspec.json.encode(payload)[:PAYLOAD_BYTES_MAX],
        reason=reason,
    )


def dead_letters(tx: Tx, *, after: int = 0, num_max: int = 100) -> list[DeadLetter]:
    """Rejected records after number `after`, oldest first."""
    found = tx.ask(queries_feeds.DEAD_LETTERS, after=after, num_max=num_max)
    return [
        DeadLetter(
            seq=seq,
            source=source,
            kind=kind,
            node_id=node_id,
            sku=sku,
            supply_id=supply_id,
            epoch=epoch,
            record_seq=record_seq,
            payload=bytes(payload),
            reason=reason,
            at=instant(at),
        )
        for seq, source, kind, node_id, sku, supply_id, epoch, record_seq, payload, reason, at in found
    ]


@lru_cache(maxsize=IDS_KNOWN_MAX)
def is_id(text: str) -> bool:
    """Whether a text is short and printable enough to be an id."""
    try:
        return 0 < len(text.encode()) <= TEXT_BYTES_MAX and text.isprintable()
    except UnicodeEncodeError:
        return False


def printable(text: str) -> str:
    """A text that every database stores: unprintable characters escaped, cut to twice the limit of an id."""
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text[:256])
    return shown.encode("utf-8", "backslashreplace").decode()

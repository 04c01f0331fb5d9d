"""Apply what sources say about dated supply, in any order, as often as they like.

A record is the whole present state of one SKU of one supply; it applies when its (epoch, seq) is newer than the last.
What came in is told as a total, so that a repeated, late or lost message does no harm: the difference to the total
known so far goes on hand, and pegs on the supply turn into stock on hand by it, by priority, then by time.

Lock order: stock rows, then supplies and the lines that are pegged to them (which change under the lock of their stock
row alone, see `pegs`), journals.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sourcier.domain.reservation import State
from sourcier.domain.stock import BatchAnswer, RecordResult, Verdict
from sourcier.domain.supply import SupplyRecord
from sourcier.ledger import queries_supply
from sourcier.ledger.commands import StockKey
from sourcier.ledger.dialect import rows
from sourcier.ledger.feed_records import refuse_faulty
from sourcier.ledger.motions import Motive, Move, lock_stock, move_stock
from sourcier.ledger.pegs import journal_supply
from sourcier.ledger.store import Row, Tx
from sourcier.ledger.supply_records import bury, fault

Key = tuple[str, str, str]
"""(node_id, sku, supply_id): the order in which rows are written"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What the ledger has of a supply before the batch."""

    newest: tuple[int, int] = (-1, 0)
    received: int = 0
    usable: int = 0
    held: int = 0
    allocated: int = 0


@dataclass(slots=True, kw_only=True)
class _CameIn:
    """Pegs of a supply that turned into stock on hand."""

    held: int = 0
    allocated: int = 0


def apply_supply(tx: Tx, source: str, records: Sequence[SupplyRecord], *, actor: str = "") -> BatchAnswer:
    """Apply the records in order. Repeating a batch changes nothing.

    Nodes must be in the network in force. A receipt is stock on hand from now on: the next count has it, and a source
    of deltas must not report it again. Fewer units received than told before are taken off again.
    """
    others: dict[int, RecordResult] = {}
    faults = {index: why for index, why in enumerate(map(fault, records)) if why}

    def bury_one(index: int, why: str) -> None:
        bury(tx, source, records[index], why)

    good = refuse_faulty(tx, [record.node_id for record in records], faults, bury_one, others)
    if good:
        keys = sorted({_key(records[index]) for index in good})
        made = lock_stock(tx, sorted({(node_id, sku) for node_id, sku, _ in keys}))
        known = _known(tx, keys)
        newest = _judge(good, records, known, others)
        _write(tx, Motive(cause="SUPPLY", ref=source, actor=actor), newest, known, made)
    return BatchAnswer.of(others, len(records))


def _key(record: SupplyRecord) -> Key:
    return record.node_id, record.sku, record.supply_id


def _known(tx: Tx, keys: list[Key]) -> dict[Key, _Known]:
    known = dict.fromkeys(keys, _Known())
    for *key, epoch, seq, received, usable, held, allocated in tx.ask(queries_supply.GET_RECORDS, rows=rows(keys)):
        known[key[0], key[1], key[2]] = _Known(
            newest=(epoch, seq), received=received, usable=usable, held=held, allocated=allocated
        )
    return known


def _judge(
    good: Sequence[int], records: Sequence[SupplyRecord], known: dict[Key, _Known], others: dict[int, RecordResult]
) -> dict[Key, SupplyRecord]:
    """Verdicts, and the newest record of each supply that has one."""
    newest: dict[Key, SupplyRecord] = {}
    last = {key: was.newest for key, was in known.items()}
    for index in good:
        record, key = records[index], _key(records[index])
        if (record.epoch, record.seq) > last[key]:
            newest[key], last[key] = record, (record.epoch, record.seq)
        else:
            others[index] = RecordResult(index=index, verdict=Verdict.STALE)
    return newest


def _write(
    tx: Tx, motive: Motive, newest: dict[Key, SupplyRecord], known: dict[Key, _Known], made: set[StockKey]
) -> None:
    """Turn pegs into stock, move the stock rows, and write the supplies and their journal."""
    more = {key: newest[key].received - known[key].received for key in sorted(newest)}
    came_in = _unpeg(tx, {key: units for key, units in more.items() if units > 0})
    receipts = []
    for (node_id, sku, supply_id), units in more.items():
        pegs = came_in.get((node_id, sku, supply_id), _CameIn())
        if units:
            deltas = (units, 0, pegs.held, pegs.allocated, 0)
            receipts.append(Move(key=(node_id, sku), deltas=deltas, ref=supply_id))
    move_stock(tx, receipts, Motive(cause="RECEIPT", ref=motive.ref, actor=motive.actor))
    shown = made - {move.key for move in receipts}
    move_stock(tx, [Move(key=key, deltas=(0, 0, 0, 0, 0)) for key in sorted(shown)], motive)
    said: list[list[object]] = []
    entries: list[list[object]] = []
    for key, units in more.items():
        record, was, pegs = newest[key], known[key], came_in.get(key, _CameIn())
        held, allocated = was.held - pegs.held, was.allocated - pegs.allocated
        said.append([*key, *_values(record), record.usable, held, allocated])
        changes = (units, record.usable - was.usable, -pegs.held, -pegs.allocated)
        entries.append([motive.ref, *key, *changes, None, record.usable - held - allocated])
    if said:
        tx.tell(queries_supply.PUT_SUPPLY, rows=rows(said))
        journal_supply(tx, entries, motive)


def _values(record: SupplyRecord) -> list[object]:
    """What stands in the columns kind … seq."""
    return [
        record.kind,
        record.quantity,
        record.received,
        None if record.expected_on is None else record.expected_on.isoformat(),
        record.lead_days,
        record.probability_bp,
        int(record.preorder),
        int(record.closed),
        record.epoch,
        record.seq,
    ]


def _unpeg(tx: Tx, units: dict[Key, int]) -> dict[Key, _CameIn]:
    """Take the pegs off as many units as came in, by priority, then by time; how many of which state, by supply.

    A part of a line becomes a line of its own; what still waits keeps its number.
    """
    came_in = {key: _CameIn() for key in units}
    left = dict(units)
    whole: list[list[object]] = []
    parts: list[tuple[Row, int]] = []
    wanted = rows([[*key, units[key]] for key in sorted(units)])
    pegged = tx.ask(queries_supply.GET_PEGGED_LINES, rows=wanted) if units else []
    for line in pegged:
        node_id, sku, supply_id, reservation_id, line_no, _, quantity, state, _ = line
        key = (node_id, sku, supply_id)
        taken = min(quantity, left[key])
        left[key] -= taken
        if state == State.HELD:
            came_in[key].held += taken
        else:
            came_in[key].allocated += taken
        if taken == quantity:
            whole.append([reservation_id, line_no, quantity])
        else:
            parts.append((line, taken))
    if whole:
        moved = tx.ask(queries_supply.UNPEG_LINES, rows=rows(whole))
        assert len(moved) == len(whole), "the stock rows are locked, so pegged lines cannot have moved"
    _split(tx, parts)
    return came_in


def _split(tx: Tx, parts: list[tuple[Row, int]]) -> None:
    """Write the part of each line that came in as a new line."""
    if not parts:
        return
    shrunk = tx.ask(queries_supply.SHRINK_PEGGED_LINES, rows=rows([[line[3], line[4], taken] for line, taken in parts]))
    assert len(shrunk) == len(parts), "the stock rows are locked, so pegged lines cannot have moved"
    while parts:
        parts = _number(tx, parts)


def _number(tx: Tx, parts: list[tuple[Row, int]]) -> list[tuple[Row, int]]:
    """Write the parts under the next numbers of their reservations; those whose number was just taken.

    That happens when another batch splits a line of the same reservation that stands on another stock row.
    """
    names = sorted({line[3] for line, _ in parts})
    found = tx.ask(queries_supply.LAST_LINE_NUMBERS, rows=rows([[name] for name in names]))
    numbers = {str(reservation_id): int(line_no) for reservation_id, line_no in found}
    wanted: dict[tuple[str, int], tuple[Row, int]] = {}
    for line, taken in parts:
        reservation_id = line[3]
        numbers[reservation_id] += 1
        wanted[reservation_id, numbers[reservation_id]] = (line, taken)
    new_lines = [
        [*number, line_id, node_id, sku, taken, state, bucket]
        for number, ((node_id, sku, _, _, _, line_id, _, state, bucket), taken) in wanted.items()
    ]
    written = {(name, line_no) for name, line_no in tx.ask(queries_supply.INSERT_SPLIT_LINES, rows=rows(new_lines))}
    return [part for number, part in wanted.items() if number not in written]

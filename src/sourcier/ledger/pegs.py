"""Peg reservations to dated supply, and move the pegs they have.

A supply's row, and the lines pegged to it, change only under the lock of the stock row of the same node and SKU. That
lock comes after reservations and pools, but it can be had too late: a supply that comes in changes pegged lines
without locking their reservations. So whoever wants to change a reservation with pegs locks its pools and its stock
rows before it reads its lines (`lock_first`).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sourcier.domain.reservation import SUPPLY_TRANSITIONS, ReservationLine, State
from sourcier.ledger import queries_supply
from sourcier.ledger.commands import Reserve, ReserveLine, StockKey, SupplyKey
from sourcier.ledger.dialect import rows
from sourcier.ledger.motions import Motive
from sourcier.ledger.store import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class StockLeft:
    """A locked stock row: units free on it, and the floor of the request's channel class, pinned ones included."""

    free: int
    floor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PegMove:
    """`quantity` pegs of a supply change their state; `ref` names the reservation."""

    key: SupplyKey
    old: State
    new: State
    quantity: int
    ref: str


def move_of(line: ReservationLine, new: State, ref: str, quantity: int | None = None) -> PegMove:
    """All units of a pegged line, or `quantity` of them, go on to the state `new`."""
    return PegMove(
        key=(line.supply_id, line.node_id, line.sku),
        old=line.state,
        new=new,
        quantity=line.quantity if quantity is None else quantity,
        ref=ref,
    )


def lock_first(tx: Tx, reservation_ids: Iterable[str], *, pools: bool = True) -> None:
    """Lock what the reservations' open lines stand on, before those lines are read. The reservations are locked."""
    wanted = rows([[reservation_id] for reservation_id in sorted(reservation_ids)])
    if pools:
        tx.tell(queries_supply.LOCK_POOLS_OF_RESERVATIONS, rows=wanted)
    tx.tell(queries_supply.LOCK_STOCK_OF_LINES, rows=wanted)


def plainly_short(tx: Tx, command: Reserve) -> tuple[SupplyKey, ...]:
    """Supplies that have too little left even before protection, seen without a lock.

    Many want the last units of a preorder; whoever comes too late shall not queue up for the lock of its row.
    """
    wanted = _by_supply(command.lines)
    found = tx.ask(queries_supply.FIND_SUPPLY, rows=rows([[*key, quantity] for key, quantity in wanted]))
    enough = {(supply_id, node_id, sku) for supply_id, node_id, sku in found}
    return tuple(key for key, _ in wanted if key not in enough)


def lock_stock_left(tx: Tx, command: Reserve) -> dict[StockKey, StockLeft]:
    """Lock every stock row of the command, pegged lines' ones too; a row that is missing has no supply either."""
    keys = sorted({(line.node_id, line.sku) for line in command.lines})
    found = tx.ask(queries_supply.LOCK_STOCK_FREE, rows=rows(keys), channel_class=command.channel_class)
    return {
        (node_id, sku): StockLeft(free=free, floor=max(floor, command.pinned_floors.get((node_id, sku), 0)))
        for node_id, sku, free, floor in found
    }


def take_supply(
    tx: Tx, command: Reserve, on_hand: Mapping[StockKey, int], left: Mapping[StockKey, StockLeft], motive: Motive
) -> tuple[SupplyKey, ...]:
    """Peg the command's lines that name a supply; the supplies that have too little left.

    `left` is of before the command's own lines took `on_hand`. What the units on hand then do not cover of a floor is
    kept back of each supply (`SupplyRow.available`).
    """
    wanted = _by_supply(command.lines)
    held = command.state is State.HELD
    amounts: list[list[object]] = []
    kept: dict[SupplyKey, int] = {}
    for key, quantity in wanted:
        supply_id, *stock_key = key
        row = left.get((stock_key[0], stock_key[1]), StockLeft(free=0, floor=0))
        kept[key] = max(0, row.floor - max(0, row.free - on_hand.get((stock_key[0], stock_key[1]), 0)))
        amounts.append([*stock_key, supply_id, quantity if held else 0, 0 if held else quantity, kept[key]])
    taken = {
        (supply_id, node_id, sku): int(free)
        for node_id, sku, supply_id, free in tx.ask(queries_supply.TAKE_SUPPLY, rows=rows(amounts))
    }
    short = tuple(key for key, _ in wanted if key not in taken)
    if not short:
        entries = [
            [motive.ref, *amount[:3], 0, 0, *amount[3:5], kept[key], taken[key]]
            for (key, _), amount in zip(wanted, amounts, strict=True)
        ]
        journal_supply(tx, entries, motive)
    return short


def move_pegs(tx: Tx, moves: Iterable[PegMove], motive: Motive) -> None:
    """Apply the state table to the supplies' rows; their stock rows are locked (`lock_first`)."""
    by_row: defaultdict[SupplyKey, list[tuple[str, int, int]]] = defaultdict(list)
    for move in moves:
        change = SUPPLY_TRANSITIONS[move.old, move.new]
        by_row[move.key].append((move.ref, move.quantity * change.held, move.quantity * change.allocated))
    if not by_row:
        return
    amounts = [
        [
            node_id,
            sku,
            supply_id,
            *map(sum, zip(*(deltas for _, *deltas in by_row[supply_id, node_id, sku]), strict=True)),
        ]
        for supply_id, node_id, sku in sorted(by_row)
    ]
    moved = tx.ask(queries_supply.MOVE_PEGS, rows=rows(amounts))
    assert len(moved) == len(by_row), "every supply that a line names exists"
    entries: list[list[object]] = []
    for node_id, sku, supply_id, free in sorted(moved):
        changes = by_row[supply_id, node_id, sku]
        after = int(free) + sum(held + allocated for _, held, allocated in changes)
        for ref, held, allocated in changes:
            after -= held + allocated
            entries.append([ref, node_id, sku, supply_id, 0, 0, held, allocated, None, after])
    journal_supply(tx, entries, motive)


def _by_supply(lines: Iterable[ReserveLine]) -> list[tuple[SupplyKey, int]]:
    """The pegged units by supply, in order."""
    totals: Counter[SupplyKey] = Counter()
    for line in lines:
        if line.supply_id:
            totals[line.supply_id, line.node_id, line.sku] += line.quantity
    return sorted(totals.items())


def journal_supply(tx: Tx, entries: list[list[object]], motive: Motive) -> None:
    """Write changes of supplies down.

    An entry: (ref, node_id, sku, supply_id, received, usable, held, allocated, floor used, free after).
    """
    tx.tell(queries_supply.JOURNAL_SUPPLY, rows=rows(entries), actor=motive.actor, cause=motive.cause)

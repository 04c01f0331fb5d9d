"""End reservations: ship, cancel, release, expire. The state table of `domain.reservation` says what each move does.

The reservation's row is locked first; every line then moves by compare-and-set on its state and quantity, so each
unit moves once. A part of a line leaves as a new line with a new number; what stays open keeps its number.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from sourcier.domain.errors import Kind, Reason, Refusal
from sourcier.domain.reservation import TRANSITIONS, Reservation, ReservationLine, State
from sourcier.ledger import pegs, queries, queries_feeds, requests
from sourcier.ledger.commands import Replayed, Settle, Settled
from sourcier.ledger.dialect import rows
from sourcier.ledger.motions import Deltas, Motive, Move, give_pools_back, move_stock
from sourcier.ledger.reserve import get_lines, instant, read_line
from sourcier.ledger.store import Row, Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """`quantity` units leave `line` for `state`; the line is split unless that is all of it."""

    line: ReservationLine
    bucket: str
    quantity: int
    state: State


def ship(tx: Tx, command: Settle, respond: Callable[[Reservation], bytes]) -> Settled | Replayed:
    """ALLOCATED units left the node: they stay subtracted until a count taken after this moment arrives.

    At a node that reports deltas they count as settled at once: its feed says what left (report the delta first,
    or the units look available until it comes). Raises `Refusal`: REQUEST_ID_REUSED, ALLOCATION_NOT_FOUND,
    ALLOCATION_STATE, SUPPLY_NOT_RECEIVED where a line waits for dated supply.
    """
    return _settle(tx, command, respond, State.ALLOCATED, State.SHIPPED, "SHIP")


def cancel(tx: Tx, command: Settle, respond: Callable[[Reservation], bytes]) -> Settled | Replayed:
    """ALLOCATED units, their capacity and their order quantity are free again.

    Raises `Refusal`: REQUEST_ID_REUSED, ALLOCATION_NOT_FOUND, ALLOCATION_STATE.
    """
    return _settle(tx, command, respond, State.ALLOCATED, State.CANCELLED, "CANCEL")


def release(tx: Tx, command: Settle, respond: Callable[[Reservation], bytes]) -> Settled | Replayed:
    """HELD units and their capacity are free again.

    Raises `Refusal`: REQUEST_ID_REUSED, HOLD_NOT_FOUND, HOLD_EXPIRED, HOLD_NOT_OPEN.
    """
    return _settle(tx, command, respond, State.HELD, State.RELEASED, "RELEASE")


def expire_due(tx: Tx, limit: int) -> int:
    """Expire at most `limit` holds whose time has come; how many. Several sweepers share the work."""
    due = tx.ask(queries.EXPIRE_HOLDS, num_max=limit)
    if not due:
        return 0
    reservation_ids = sorted(str(reservation_id) for reservation_id, _ in due)
    if any(pegged for _, pegged in due):
        pegs.lock_first(tx, reservation_ids)
    lines = tx.ask(queries.EXPIRE_LINES, rows=rows([[reservation_id] for reservation_id in reservation_ids]))
    motive = Motive(cause="EXPIRE", ref="sweeper", actor="sweeper")
    give_pools_back(tx, reservation_ids, motive)
    totals: Counter[tuple[str, str, str, str]] = Counter()
    for reservation_id, node_id, sku, supply_id, quantity in lines:
        totals[node_id, sku, supply_id, reservation_id] += int(quantity)
    move_stock(
        tx,
        [
            Move(key=(node_id, sku), deltas=_deltas(State.HELD, State.EXPIRED, total), ref=reservation_id)
            for (node_id, sku, supply_id, reservation_id), total in sorted(totals.items())
            if not supply_id
        ],
        motive,
    )
    pegs.move_pegs(
        tx,
        [
            pegs.PegMove(
                key=(supply_id, node_id, sku), old=State.HELD, new=State.EXPIRED, quantity=total, ref=reservation_id
            )
            for (node_id, sku, supply_id, reservation_id), total in sorted(totals.items())
            if supply_id
        ],
        motive,
    )
    return len(due)


def _settle(
    tx: Tx,
    command: Settle,
    respond: Callable[[Reservation], bytes],
    old: State,
    new: State,
    cause: str,
) -> Settled | Replayed:
    now, known = requests.begin(tx, command)
    if known is not None:
        return Replayed(response=known)
    header = _lock(tx, command.reservation_id, old)
    if header[8]:
        pegs.lock_first(tx, [command.reservation_id])
    parts = _parts(tx, command, header, old, new)
    _move_lines(tx, command.reservation_id, parts, old, now)
    if old is State.HELD and all(part.quantity == part.line.quantity for part in parts):
        _close_hold_when_empty(tx, command.reservation_id)
    motive = Motive(cause=cause, ref=command.reservation_id, actor=command.actor, rule_set_revision=str(header[4]))
    if new in (State.CANCELLED, State.RELEASED):
        give_pools_back(tx, [command.reservation_id], motive)
    if new is State.CANCELLED:
        _give_order_lines_back(tx, str(header[0]), parts)
    _move_goods(tx, parts, old, motive)
    reservation = read_reservation(tx, command.reservation_id)
    assert reservation is not None, "it was locked above"
    response = respond(reservation)
    requests.finish(tx, command, response, command.reservation_id)
    return Settled(reservation=reservation, response=response)


def read_reservation(tx: Tx, reservation_id: str) -> Reservation | None:
    """A hold or allocation with its lines; None when there is none of that id."""
    found = tx.ask(queries.GET_RESERVATION, reservation_id=reservation_id)
    if not found:
        return None
    _, order_id, created_at, expires_at, allocated_at, revision, _, document, *_ = found[0]
    return Reservation(
        reservation_id=reservation_id,
        order_id=order_id,
        lines=get_lines(tx, reservation_id),
        created_at=instant(allocated_at if allocated_at is not None else created_at),
        expires_at=instant(expires_at) if expires_at is not None else None,
        rule_set_revision=revision,
        document=bytes(document),
    )


def _lock(tx: Tx, reservation_id: str, old: State) -> Row:
    """The reservation's row, locked: (order_id, created_at, expires_at, allocated_at, rule_set_revision, …, pegged).

    The order lines come first in the global lock order; an allocation's order never changes, so it may be read
    before the lock. An allocation is not a hold any more, and a hold is not yet an allocation.
    """
    found = tx.ask(queries.GET_RESERVATION, reservation_id=reservation_id)
    if found and old is State.ALLOCATED:
        tx.tell(queries.LOCK_ORDER_LINES, order_id=found[0][1])
    locked = tx.ask(queries.LOCK_RESERVATION, reservation_id=reservation_id) if found else []
    if locked and (old is State.HELD or locked[0][3] is not None):
        return locked[0]
    allocation = old is State.ALLOCATED
    raise Refusal(
        kind=Kind.NOT_FOUND,
        reason=Reason.ALLOCATION_NOT_FOUND if allocation else Reason.HOLD_NOT_FOUND,
        message=f"there is no {'allocation' if allocation else 'hold'} {reservation_id}",
        metadata={"reservation_id": reservation_id},
    )


def _parts(tx: Tx, command: Settle, header: Row, old: State, new: State) -> list[_Part]:
    """What moves: the wanted quantities, or everything open; refused when a line has less than is wanted."""
    found = tx.ask(queries.GET_LINES, reservation_id=command.reservation_id)
    lines = {row[0]: row for row in found}
    wanted: Counter[int] = Counter()
    for line_no, quantity in command.lines:
        wanted[line_no] += quantity
    if not command.lines:
        wanted = Counter({line_no: row[4] for line_no, row in lines.items() if row[5] == old})
    faults = [
        line_no
        for line_no, quantity in wanted.items()
        if quantity <= 0 or line_no not in lines or lines[line_no][5] != old or lines[line_no][4] < quantity
    ]
    if faults or not wanted:
        raise _state_refusal(command, header, old, faults, {str(row[5]) for row in found})
    at_once: set[str] = set()
    if new is State.SHIPPED:
        _refuse_pegged(command, [line_no for line_no in wanted if lines[line_no][7]])
        at_once = _delta_nodes(tx, {lines[line_no][2] for line_no in wanted})
    parts = []
    for line_no in sorted(wanted):
        line = read_line(lines[line_no])
        final = State.SETTLED if line.node_id in at_once else new
        parts.append(_Part(line=line, bucket=str(lines[line_no][6]), quantity=wanted[line_no], state=final))
    return parts


def _move_lines(tx: Tx, reservation_id: str, parts: list[_Part], old: State, now: int) -> None:
    """Compare-and-set whole lines; take split-off parts from theirs and write them as lines of their own."""
    for state in sorted({part.state for part in parts}):
        whole = [part for part in parts if part.state is state and part.quantity == part.line.quantity]
        if whole:
            moved = tx.ask(
                queries.MOVE_LINES,
                rows=rows([[reservation_id, part.line.line_no, part.quantity] for part in whole]),
                old_state=old,
                new_state=state,
                shipped_at=_shipped_at(state, now),
            )
            assert len(moved) == len(whole), "the reservation is locked, so its lines cannot have moved"
    split = [part for part in parts if part.quantity < part.line.quantity]
    if split:
        shrunk = tx.ask(
            queries.SHRINK_LINES,
            rows=rows([[reservation_id, part.line.line_no, part.quantity] for part in split]),
            old_state=old,
        )
        assert len(shrunk) == len(split), "the reservation is locked, so its lines cannot have moved"
        next_no = max(line.line_no for line in get_lines(tx, reservation_id)) + 1
        new_lines = []
        for number, part in enumerate(split, start=next_no):
            line = part.line
            what = (line.line_id, line.node_id, line.sku, part.quantity, part.state, part.bucket, line.supply_id)
            new_lines.append([number, *what, _shipped_at(part.state, now)])
        tx.tell(queries.INSERT_LINES, reservation_id=reservation_id, rows=rows(new_lines))


def _move_goods(tx: Tx, parts: list[_Part], old: State, motive: Motive) -> None:
    totals: Counter[tuple[str, str, State]] = Counter()
    for part in parts:
        if not part.line.supply_id:
            totals[part.line.node_id, part.line.sku, part.state] += part.quantity
    moves = [
        Move(key=(node_id, sku), deltas=_deltas(old, state, total)) for (node_id, sku, state), total in totals.items()
    ]
    move_stock(tx, moves, motive)
    pegged = [part for part in parts if part.line.supply_id]
    pegs.move_pegs(tx, [pegs.move_of(part.line, part.state, motive.ref, part.quantity) for part in pegged], motive)


def _close_hold_when_empty(tx: Tx, reservation_id: str) -> None:
    if all(line.state is not State.HELD for line in get_lines(tx, reservation_id)):
        tx.tell(queries.CLOSE_HOLD, reservation_id=reservation_id)


def _give_order_lines_back(tx: Tx, order_id: str, parts: list[_Part]) -> None:
    back: Counter[str] = Counter()
    for part in parts:
        back[part.line.line_id] += part.quantity
    tx.tell(queries.GIVE_ORDER_LINES, rows=rows([[order_id, line_id, back[line_id]] for line_id in sorted(back)]))


def _deltas(old: State, new: State, quantity: int) -> Deltas:
    """The state table's change times `quantity`; SHIPPED and SETTLED in one step are two changes."""
    steps = [(old, State.SHIPPED), (State.SHIPPED, new)] if new is State.SETTLED else [(old, new)]
    changes = [TRANSITIONS[step] for step in steps]
    return (
        0,
        quantity * sum(change.blocked for change in changes),
        quantity * sum(change.held for change in changes),
        quantity * sum(change.allocated for change in changes),
        quantity * sum(change.unsettled for change in changes),
    )


def _shipped_at(state: State, now: int) -> int | None:
    return now if state in (State.SHIPPED, State.SETTLED) else None


def _delta_nodes(tx: Tx, node_ids: set[str]) -> set[str]:
    wanted = rows([[node_id] for node_id in sorted(node_ids)])
    return {str(node_id) for (node_id,) in tx.ask(queries_feeds.DELTA_NODES, rows=wanted)}


def _refuse_pegged(command: Settle, line_nos: list[int]) -> None:
    if line_nos:
        raise Refusal(
            kind=Kind.FAILED_PRECONDITION,
            reason=Reason.SUPPLY_NOT_RECEIVED,
            message=f"allocation {command.reservation_id} waits for supply that did not come in yet",
            metadata={"reservation_id": command.reservation_id, "line_nos": ",".join(map(str, sorted(line_nos)))},
        )


def _state_refusal(command: Settle, header: Row, old: State, faults: list[int], states: set[str]) -> Refusal:
    """Why these lines cannot move, in the words of whoever asked."""
    metadata = {"reservation_id": command.reservation_id, "line_nos": ",".join(map(str, sorted(faults)))}
    if old is State.ALLOCATED:
        reason, message = Reason.ALLOCATION_STATE, f"allocation {command.reservation_id} has not that much allocated"
    elif State.EXPIRED in states:
        reason, message = Reason.HOLD_EXPIRED, f"hold {command.reservation_id} has expired"
    else:
        reason, message = Reason.HOLD_NOT_OPEN, f"hold {command.reservation_id} has not that much held"
    return Refusal(kind=Kind.FAILED_PRECONDITION, reason=reason, message=message, metadata=metadata)

"""Reserve stock and capacity: a hold, an allocation, or an allocation made from a hold.

The order of the steps is the global lock order: request, order lines, reservation, pools, stock rows, supply rows,
journal (ledger specification, 3.3).
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta

from sourcier.domain.errors import Kind, Reason, Refusal
from sourcier.domain.reservation import Reservation, ReservationLine, State
from sourcier.ledger import pegs, queries, requests
from sourcier.ledger.commands import (
    AllocateHold,
    PoolKey,
    Replayed,
    Reserve,
    Reserved,
    ReserveLine,
    Short,
    StockKey,
    SupplyKey,
)
from sourcier.ledger.dialect import rows
from sourcier.ledger.motions import Motive, Move, move_stock, take_pools
from sourcier.ledger.store import Row, Tx

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def instant(micros: int) -> datetime:
    """A ledger instant as a UTC datetime, exact to the microsecond."""
    return _EPOCH + timedelta(microseconds=micros)


def reserve(tx: Tx, command: Reserve, respond: Callable[[Reservation], bytes]) -> Reserved | Short | Replayed:
    """Take all stock, dated supply and pools of the command, or nothing.

    `respond` writes the answer that is logged with the request. Raises `Refusal`: REQUEST_ID_REUSED,
    ORDER_LINE_ALREADY_ALLOCATED.
    """
    now, known = requests.begin(tx, command)
    if known is not None:
        return Replayed(response=known)
    if command.state is State.ALLOCATED:
        take_order_lines(tx, command.order_id, command.ordered, _by_order_line(command.lines))
    motive = Motive(
        cause="HOLD" if command.state is State.HELD else "ALLOCATE",
        ref=command.reservation_id,
        actor=command.actor,
        rule_set_revision=command.rule_set_revision,
    )
    uses: defaultdict[PoolKey, int] = defaultdict(int)
    for use in command.pools:
        uses[use.pool_id, use.bucket] += use.quantity
    full_pools = take_pools(tx, uses, motive)
    short_stock, short_supply = _take_goods(tx, command, motive)
    if full_pools or short_stock or short_supply:
        tx.abandon()
        return Short(stock=short_stock, pools=full_pools, supplies=short_supply)
    reservation = _store(tx, command, now)
    response = respond(reservation)
    requests.finish(tx, command, response, command.reservation_id)
    return Reserved(reservation=reservation, response=response)


def allocate_hold(tx: Tx, command: AllocateHold, respond: Callable[[Reservation], bytes]) -> Reserved | Replayed:
    """Turn an open hold into an allocation. This never fails for stock: the hold has it.

    Raises `Refusal`: REQUEST_ID_REUSED, HOLD_NOT_FOUND, HOLD_EXPIRED, HOLD_NOT_OPEN, HOLD_MISMATCH,
    ORDER_LINE_ALREADY_ALLOCATED.
    """
    _, known = requests.begin(tx, command)
    if known is not None:
        return Replayed(response=known)
    lines = _open_hold_lines(tx, command)
    take_order_lines(tx, command.order_id, command.ordered, _by_order_line(lines))
    won = tx.ask(
        queries.ALLOCATE_HOLD,
        reservation_id=command.hold_id,
        order_id=command.order_id,
        document=command.document,
        priority=command.priority,
    )
    if not won:
        _open_hold_lines(tx, command)  # says why, in the usual case
        raise _hold_refusal(Reason.HOLD_NOT_OPEN, command.hold_id, "was closed meanwhile")
    allocated_at, rule_set_revision, pegged = won[0]
    if pegged:
        pegs.lock_first(tx, [command.hold_id], pools=False)
        lines = _same_units(tx, command, lines)
    moved = tx.ask(
        queries.MOVE_LINES,
        rows=rows([[command.hold_id, line.line_no, line.quantity] for line in lines]),
        old_state=State.HELD,
        new_state=State.ALLOCATED,
        shipped_at=None,
    )
    if len(moved) != len(lines):
        raise _hold_refusal(Reason.HOLD_NOT_OPEN, command.hold_id, "was changed meanwhile")
    motive = Motive(
        cause="ALLOCATE_HOLD", ref=command.hold_id, actor=command.actor, rule_set_revision=rule_set_revision
    )
    move_stock(
        tx,
        [Move(key=key, deltas=(0, 0, -quantity, quantity, 0)) for key, quantity in _by_stock_row(lines).items()],
        motive,
    )
    if pegged:
        pegs.move_pegs(
            tx, [pegs.move_of(line, State.ALLOCATED, motive.ref) for line in lines if line.supply_id], motive
        )
    reservation = Reservation(
        reservation_id=command.hold_id,
        order_id=command.order_id,
        lines=get_lines(tx, command.hold_id),
        created_at=instant(allocated_at),
        expires_at=None,
        rule_set_revision=rule_set_revision,
        document=command.document,
    )
    response = respond(reservation)
    requests.finish(tx, command, response, command.hold_id)
    return Reserved(reservation=reservation, response=response)


def take_order_lines(
    tx: Tx, order_id: str, ordered: tuple[tuple[str, int], ...], quantities: Mapping[str, int]
) -> None:
    """Count `quantities` as allocated; raises ORDER_LINE_ALREADY_ALLOCATED beyond what was ordered."""
    whole = dict(ordered)
    if not quantities.keys() <= whole.keys():
        raise ValueError("a line is allocated that was not ordered")
    wanted = [[line_id, whole[line_id], quantities.get(line_id, 0)] for line_id in sorted(whole)]
    taken = {line_id for (line_id,) in tx.ask(queries.TAKE_ORDER_LINES, order_id=order_id, rows=rows(wanted))}
    refused = sorted(whole.keys() - taken)
    if refused:
        raise Refusal(
            kind=Kind.FAILED_PRECONDITION,
            reason=Reason.ORDER_LINE_ALREADY_ALLOCATED,
            message=f"order {order_id} already has its quantity allocated on line {', '.join(refused)}",
            metadata={"order_id": order_id, "line_ids": ",".join(refused)},
        )


def get_lines(tx: Tx, reservation_id: str) -> tuple[ReservationLine, ...]:
    """The lines of a reservation by number."""
    return tuple(read_line(row) for row in tx.ask(queries.GET_LINES, reservation_id=reservation_id))


def read_line(row: Row) -> ReservationLine:
    """A line from (line_no, line_id, node_id, sku, quantity, state, bucket, supply_id, …)."""
    line_no, line_id, node_id, sku, quantity, state, _, supply_id, *_ = row
    return ReservationLine(
        line_no=line_no,
        line_id=line_id,
        node_id=node_id,
        sku=sku,
        quantity=quantity,
        state=State(state),
        supply_id=supply_id,
    )


def _take_goods(tx: Tx, command: Reserve, motive: Motive) -> tuple[tuple[StockKey, ...], tuple[SupplyKey, ...]]:
    """Take what is on hand, then what is not yet; the rows that refused."""
    on_hand = _by_stock_row(command.lines)
    if not _has_pegs(command):
        return _take_stock(tx, command, on_hand, motive), ()
    short_supply = pegs.plainly_short(tx, command)
    if short_supply:
        return _take_stock(tx, command, on_hand, motive), short_supply
    left = pegs.lock_stock_left(tx, command)
    short_stock = _take_stock(tx, command, on_hand, motive)
    return short_stock, pegs.take_supply(tx, command, on_hand, left, motive)


def _has_pegs(command: Reserve) -> bool:
    return any(line.supply_id for line in command.lines)


def _take_stock(tx: Tx, command: Reserve, totals: Mapping[StockKey, int], motive: Motive) -> tuple[StockKey, ...]:
    """The conditional UPDATE on every stock row, lines of one row added up first; the rows that refused."""
    wanted = sorted(totals.items())
    if not wanted:
        return ()
    held = command.state is State.HELD
    pinned = command.pinned_floors
    amounts = rows(
        [[*key, q if held else 0, 0 if held else q, pinned.get(key, 0)] for key, q in wanted],
    )
    if len(wanted) > 1:
        tx.tell(queries.LOCK_STOCK, rows=amounts)
    taken = {
        (node_id, sku): (free, floor)
        for node_id, sku, free, floor in tx.ask(queries.TAKE_STOCK, rows=amounts, channel_class=command.channel_class)
    }
    short = tuple(key for key, _ in wanted if key not in taken)
    if short:
        return short
    entries = []
    for key, quantity in wanted:
        free, floor = taken[key]
        moved = (quantity, 0) if held else (0, quantity)
        entries.append([motive.ref, *key, 0, 0, *moved, 0, max(floor, pinned.get(key, 0)), free])
    tx.tell(
        queries.JOURNAL,
        rows=rows(entries),
        actor=motive.actor,
        cause=motive.cause,
        channel_class=command.channel_class,
        rule_set_revision=motive.rule_set_revision,
    )
    return ()


def _by_stock_row(lines: Iterable[ReserveLine | ReservationLine]) -> defaultdict[StockKey, int]:
    """Units on hand by stock row; pegged ones are not there yet."""
    totals: defaultdict[StockKey, int] = defaultdict(int)
    for line in lines:
        if not line.supply_id:
            totals[line.node_id, line.sku] += line.quantity
    return totals


def _store(tx: Tx, command: Reserve, now: int) -> Reservation:
    """Write the reservation, its lines and its pool uses."""
    expires_at = now + command.ttl_seconds * 1_000_000 if command.ttl_seconds is not None else None
    tx.tell(
        queries.INSERT_RESERVATION,
        reservation_id=command.reservation_id,
        order_id=command.order_id,
        created_at=now,
        expires_at=expires_at,
        allocated_at=None if command.state is State.HELD else now,
        rule_set_revision=command.rule_set_revision,
        channel_class=command.channel_class,
        priority=command.priority,
        pegged=int(_has_pegs(command)),
        document=command.document,
    )
    lines = [
        [number, line.line_id, line.node_id, line.sku, line.quantity, command.state, line.bucket, line.supply_id, None]
        for number, line in enumerate(command.lines, start=1)
    ]
    if lines:
        tx.tell(queries.INSERT_LINES, reservation_id=command.reservation_id, rows=rows(lines))
    uses: defaultdict[tuple[str, str, str, str, str], int] = defaultdict(int)
    for use in command.pools:
        uses[use.pool_id, use.bucket, use.node_id, use.line_bucket or use.bucket, use.measure] += use.quantity
    if uses:
        amounts = rows([[*key, quantity] for key, quantity in sorted(uses.items())])
        tx.tell(queries.INSERT_RESERVATION_POOLS, reservation_id=command.reservation_id, rows=amounts)
    return Reservation(
        reservation_id=command.reservation_id,
        order_id=command.order_id,
        lines=tuple(read_line(tuple(line)) for line in lines),
        created_at=instant(now),
        expires_at=instant(expires_at) if expires_at is not None else None,
        rule_set_revision=command.rule_set_revision,
        document=command.document,
    )


def _open_hold_lines(tx: Tx, command: AllocateHold) -> tuple[ReservationLine, ...]:
    """The held lines of an open hold that has what the caller believes; says precisely what is wrong otherwise."""
    found = tx.ask(queries.GET_RESERVATION, reservation_id=command.hold_id)
    if not found:
        raise Refusal(
            kind=Kind.NOT_FOUND,
            reason=Reason.HOLD_NOT_FOUND,
            message=f"there is no hold {command.hold_id}",
            metadata={"hold_id": command.hold_id},
        )
    expires_at, clock = found[0][3], found[0][8]
    lines = get_lines(tx, command.hold_id)
    held = tuple(line for line in lines if line.state is State.HELD)
    if (expires_at is not None and expires_at <= clock) or any(line.state is State.EXPIRED for line in lines):
        raise _hold_refusal(Reason.HOLD_EXPIRED, command.hold_id, "has expired")
    if expires_at is None or not held:
        raise _hold_refusal(Reason.HOLD_NOT_OPEN, command.hold_id, "is not open any more")
    has: Counter[tuple[str, str]] = Counter()
    for line in held:
        has[line.line_id, line.sku] += line.quantity
    believed: Counter[tuple[str, str]] = Counter()
    for line_id, sku, quantity in command.held:
        believed[line_id, sku] += quantity
    if has != believed:
        raise _hold_refusal(Reason.HOLD_MISMATCH, command.hold_id, "does not hold what the order asks for")
    return held


def _same_units(tx: Tx, command: AllocateHold, lines: tuple[ReservationLine, ...]) -> tuple[ReservationLine, ...]:
    """The held lines again, now that their stock rows are locked: supply that came in may have split them."""
    held = tuple(line for line in get_lines(tx, command.hold_id) if line.state is State.HELD)
    if _by_order_line(held) != _by_order_line(lines):
        raise _hold_refusal(Reason.HOLD_NOT_OPEN, command.hold_id, "was changed meanwhile")
    return held


def _by_order_line(lines: Iterable[ReserveLine | ReservationLine]) -> defaultdict[str, int]:
    totals: defaultdict[str, int] = defaultdict(int)
    for line in lines:
        totals[line.line_id] += line.quantity
    return totals


def _hold_refusal(reason: Reason, hold_id: str, what: str) -> Refusal:
    return Refusal(
        kind=Kind.FAILED_PRECONDITION,
        reason=reason,
        message=f"hold {hold_id} {what}",
        metadata={"hold_id": hold_id},
    )

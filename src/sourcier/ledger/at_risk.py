"""Which promises cannot be kept as things stand, and what each of them misses.

Supply is served by priority, then by time of the reservation, which is the order in which pegs turn into stock when it
comes in. So a line is short if those before it leave it too little.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final

from sourcier.domain.supply import PromiseAtRisk, RiskReason
from sourcier.ledger import queries, queries_supply
from sourcier.ledger.commands import Risk, RiskKey
from sourcier.ledger.dialect import rows
from sourcier.ledger.store import Row, Tx

_FIRST: Final[RiskKey] = (2**62, 0, "", 0)
_NO_OFFSETS: Final[Mapping[str, int]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskPage:
    """Promises by priority (the highest first), then by time; `after` is where to go on, None on the last page."""

    rows: tuple[Risk, ...]
    after: RiskKey | None


def at_risk(
    tx: Tx,
    *,
    node_ids: Sequence[str] = (),
    skus: Sequence[str] = (),
    supply_ids: Sequence[str] = (),
    utc_offsets: Mapping[str, int] = _NO_OFFSETS,
    page_size: int,
    after: RiskKey | None = None,
) -> RiskPage:
    """At most `page_size` lines of holds and allocations that may be missed, of these nodes, SKUs and supplies.

    SHORT: outstanding supply does not suffice. LATE: it can be picked only after the line's ship day; what is overdue
    is expected tomorrow. STOCK: a stock row has less than is promised of it (not looked at when `supply_ids` are
    given). `utc_offsets` are seconds east of UTC by node, which days are counted with (missing: 0).
    """
    tx.tell(queries.NO_TIMEOUT)
    priority, created_at, after_id, line_no = after or _FIRST
    found = tx.ask(
        queries_supply.AT_RISK,
        nodes=_listed(node_ids),
        num_nodes=len(node_ids),
        skus=_listed(skus),
        num_skus=len(skus),
        supplies=_listed(supply_ids),
        num_supplies=len(supply_ids),
        offsets=rows([[node_id, seconds * 1_000_000] for node_id, seconds in sorted(utc_offsets.items())]),
        priority=priority,
        created_at=created_at,
        after_id=after_id,
        line_no=line_no,
        num_max=page_size + 1,
    )
    page = found[:page_size]
    more = len(found) > page_size and page
    last = page[-1] if more else None
    return RiskPage(
        rows=tuple(_risk(row) for row in page),
        after=(last[2], last[12], last[0], last[13]) if last is not None else None,
    )


def _listed(ids: Sequence[str]) -> str:
    return rows([[one] for one in sorted(set(ids))])


def _risk(row: Row) -> Risk:
    reservation_id, order_id, priority, line_id, sku, node_id, supply_id, quantity, short, bucket, *rest = row
    ready_on, reason, _, _, document = rest
    return Risk(
        promise=PromiseAtRisk(
            reservation_id=reservation_id,
            order_id=order_id,
            priority=priority,
            line_id=line_id,
            sku=sku,
            node_id=node_id,
            supply_id=supply_id,
            quantity=quantity,
            short=int(short),
            ship_day=_day(bucket),
            ready_on=None if ready_on is None else date.fromisoformat(ready_on),
            reason=RiskReason(reason),
        ),
        document=bytes(document),
    )


def _day(bucket: str) -> date | None:
    """The line's ship day; None for a line whose bucket is no ISO date."""
    try:
        return date.fromisoformat(bucket)
    except ValueError:
        return None

"""Read stock rows, reservations and pool uses."""

from collections.abc import Iterable, Sequence
from typing import Final

from sourcier.domain.reservation import Reservation
from sourcier.domain.stock import StockRow
from sourcier.ledger import queries
from sourcier.ledger.commands import PoolKey, StockKey
from sourcier.ledger.dialect import rows
from sourcier.ledger.pages import Page, PageQueries, read_page
from sourcier.ledger.settle import read_reservation
from sourcier.ledger.store import Row, Tx

StockPage = Page[StockRow, StockKey]
"""Rows by node and SKU."""

_PAGES: Final = PageQueries(
    of_all=queries.PAGE_STOCK,
    of_nodes=queries.PAGE_STOCK_OF_NODES,
    of_skus=queries.PAGE_STOCK_OF_SKUS,
    of_both=queries.PAGE_STOCK_OF_BOTH,
)


def get_rows(tx: Tx, keys: Iterable[StockKey]) -> list[StockRow]:
    """The rows of these (node_id, sku) that exist, in no order."""
    wanted = sorted(set(keys))
    return [_row(row) for row in tx.ask(queries.GET_STOCK, rows=rows(wanted))] if wanted else []


def page_rows(
    tx: Tx,
    *,
    node_ids: Sequence[str] = (),
    skus: Sequence[str] = (),
    page_size: int,
    after: StockKey = ("", ""),
) -> StockPage:
    """At most `page_size` rows after the key `after`, of these nodes and SKUs (empty: of all)."""
    return read_page(
        tx,
        _PAGES,
        node_ids=node_ids,
        skus=skus,
        page_size=page_size,
        after={"after_node": after[0], "after_sku": after[1]},
        row_of=_row,
        key_of=lambda row: (row.node_id, row.sku),
    )


def get_reservation(tx: Tx, reservation_id: str) -> Reservation | None:
    """A hold or allocation with its lines; None when there is none of that id."""
    return read_reservation(tx, reservation_id)


def pool_uses(tx: Tx, since_bucket: str = "") -> list[tuple[str, str, int]]:
    """(pool_id, bucket, used) of every bucket from `since_bucket` on (buckets are ISO dates, so: from that day on)."""
    return [(pool_id, bucket, used) for pool_id, bucket, used in tx.ask(queries.GET_POOL_USES, since=since_bucket)]


def pool_uses_of(tx: Tx, keys: Iterable[PoolKey]) -> list[tuple[str, str, int]]:
    """(pool_id, bucket, used) of these buckets, where they exist."""
    wanted = sorted(set(keys))
    if not wanted:
        return []
    return [(p, b, used) for p, b, used in tx.ask(queries.GET_POOL_USES_OF, rows=rows(wanted))]


def _row(row: Row) -> StockRow:
    node_id, sku, on_hand, blocked, held, allocated, unsettled, *floors = row
    return StockRow(
        node_id=node_id,
        sku=sku,
        on_hand=on_hand,
        blocked=blocked,
        held=held,
        allocated=allocated,
        unsettled=unsettled,
        floors=(floors[0], floors[1], floors[2]),
    )

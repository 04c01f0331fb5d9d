"""Read dated supply."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final

from sourcier.domain.supply import SupplyKind, SupplyRow
from sourcier.ledger import queries, queries_supply
from sourcier.ledger.commands import SupplyKey
from sourcier.ledger.dialect import rows
from sourcier.ledger.pages import Page, PageQueries, read_page
from sourcier.ledger.store import Row, Tx

SupplyPage = Page[SupplyRow, SupplyKey]
"""Rows by node, SKU and supply."""

_PAGES: Final = PageQueries(
    of_all=queries_supply.PAGE_SUPPLY,
    of_nodes=queries_supply.PAGE_SUPPLY_OF_NODES,
    of_skus=queries_supply.PAGE_SUPPLY_OF_SKUS,
    of_both=queries_supply.PAGE_SUPPLY_OF_BOTH,
)


def get_supplies(tx: Tx, keys: Iterable[SupplyKey]) -> list[SupplyRow]:
    """The rows of these (supply_id, node_id, sku) that exist, in no order."""
    wanted = sorted(set(keys))
    return [_row(row) for row in tx.ask(queries_supply.GET_SUPPLY, rows=rows(wanted))] if wanted else []


def all_supplies(tx: Tx) -> list[SupplyRow]:
    """Every row from which something may still come or that has pegs: for filling a snapshot."""
    tx.tell(queries.NO_TIMEOUT)
    return [_row(row) for row in tx.ask(queries_supply.ALL_SUPPLY)]


def page_supplies(
    tx: Tx,
    *,
    node_ids: Sequence[str] = (),
    skus: Sequence[str] = (),
    page_size: int,
    after: SupplyKey = ("", "", ""),
) -> SupplyPage:
    """At most `page_size` rows after the key `after`, of these nodes and SKUs (empty: of all)."""
    after_supply, after_node, after_sku = after
    return read_page(
        tx,
        _PAGES,
        node_ids=node_ids,
        skus=skus,
        page_size=page_size,
        after={"after_node": after_node, "after_sku": after_sku, "after_supply": after_supply},
        row_of=_row,
        key_of=lambda row: (row.supply_id, row.node_id, row.sku),
    )


def _row(row: Row) -> SupplyRow:
    supply_id, kind, node_id, sku, usable, held, allocated, expected_on, lead_days, preorder = row
    return SupplyRow(
        supply_id=supply_id,
        kind=SupplyKind(kind),
        node_id=node_id,
        sku=sku,
        usable=usable,
        held=held,
        allocated=allocated,
        expected_on=None if expected_on is None else date.fromisoformat(expected_on),
        lead_days=lead_days,
        preorder=bool(preorder),
    )

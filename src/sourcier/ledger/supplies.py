"""Read dated supply."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sourcier.domain.supply import SupplyKind, SupplyRow
from sourcier.ledger import queries, queries_supply
from sourcier.ledger.commands import SupplyKey
from sourcier.ledger.dialect import rows
from sourcier.ledger.store import Row, Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyPage:
    """Rows by node, SKU and supply; `after` is the key to go on from, None on the last page."""

    rows: tuple[SupplyRow, ...]
    after: SupplyKey | None


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
    nodes = rows([[node_id] for node_id in sorted(set(node_ids))])
    goods = rows([[sku] for sku in sorted(set(skus))])
    after_supply, after_node, after_sku = after
    limits = {
        "after_node": after_node,
        "after_sku": after_sku,
        "after_supply": after_supply,
        "num_max": page_size + 1,
    }
    if node_ids and skus:
        found = tx.ask(queries_supply.PAGE_SUPPLY_OF_BOTH, nodes=nodes, skus=goods, **limits)
    elif node_ids:
        found = tx.ask(queries_supply.PAGE_SUPPLY_OF_NODES, nodes=nodes, **limits)
    elif skus:
        found = tx.ask(queries_supply.PAGE_SUPPLY_OF_SKUS, skus=goods, **limits)
    else:
        found = tx.ask(queries_supply.PAGE_SUPPLY, **limits)
    page = tuple(_row(row) for row in found[:page_size])
    more = len(found) > page_size and page
    return SupplyPage(rows=page, after=(page[-1].supply_id, page[-1].node_id, page[-1].sku) if more else None)


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

"""Pages of rows, of some nodes and SKUs or of all."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from sourcier.ledger.dialect import Query, rows
from sourcier.ledger.store import Row, Tx

R = TypeVar("R")
K = TypeVar("K")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[R, K]):
    """Rows in key order; `after` is the key to go on from, None on the last page."""

    rows: tuple[R, ...]
    after: K | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PageQueries:
    """One statement for each filter; all take the last key and `num_max`."""

    of_all: Query
    of_nodes: Query
    of_skus: Query
    of_both: Query


def read_page(
    tx: Tx,
    queries: PageQueries,
    *,
    node_ids: Sequence[str],
    skus: Sequence[str],
    page_size: int,
    after: Mapping[str, str],
    row_of: Callable[[Row], R],
    key_of: Callable[[R], K],
) -> Page[R, K]:
    """At most `page_size` rows of these nodes and SKUs (empty: of all) after the key in the parameters `after`."""
    nodes = {"nodes": rows([[node_id] for node_id in sorted(set(node_ids))])}
    goods = {"skus": rows([[sku] for sku in sorted(set(skus))])}
    limits = {**after, "num_max": page_size + 1}
    if node_ids and skus:
        found = tx.ask(queries.of_both, **nodes, **goods, **limits)
    elif node_ids:
        found = tx.ask(queries.of_nodes, **nodes, **limits)
    elif skus:
        found = tx.ask(queries.of_skus, **goods, **limits)
    else:
        found = tx.ask(queries.of_all, **limits)
    page = tuple(row_of(row) for row in found[:page_size])
    return Page(rows=page, after=key_of(page[-1]) if len(found) > page_size and page else None)

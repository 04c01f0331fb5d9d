"""What is free of stock rows, in the shortest form: for filling and for patching a snapshot.

Millions of rows make one object each too many: a node's rows come as two texts, put together inside the database.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from sourcier.ledger import queries
from sourcier.ledger.commands import StockKey
from sourcier.ledger.dialect import rows
from sourcier.ledger.store import Tx

Floors = tuple[int, int, int]
"""Units kept back from each channel class."""
StockLevel = tuple[str, str, int, int, int, int]
"""(node_id, sku, free, and its three floors)"""

SEPARATOR: Final = "\n"  # between SKUs, which are printable
NO_FLOOR_ABOVE: Final = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeStock:
    """The rows of one node in the same order: `skus` with SEPARATOR between them, `free` units with commas.

    Where a row's floors pass those expected, the excess is taken off, and the SKU is also in `guarded`.
    """

    node_id: str
    skus: str
    free: str
    guarded: tuple[str, ...]


def get_levels(tx: Tx, keys: Iterable[StockKey]) -> list[StockLevel]:
    """The levels of these (node_id, sku) that exist, in no order."""
    wanted = sorted(set(keys))
    if not wanted:
        return []
    return [(n, s, free, f0, f1, f2) for n, s, free, f0, f1, f2 in tx.ask(queries.GET_LEVELS, rows=rows(wanted))]


def node_stocks(tx: Tx, floors: Mapping[str, Floors] | None) -> Iterator[NodeStock]:
    """Every node of the network in force that has rows. `floors` are those expected, by node type; None: whatever is.

    Lazy: nothing else may be asked of `tx` before the end.
    """
    tx.tell(queries.NO_TIMEOUT)
    for node_id, node_type in tx.ask(queries.NODES_IN_FORCE):
        expected = (NO_FLOOR_ABOVE,) * 3 if floors is None else floors[node_type]
        limits = dict(zip(("floor_0", "floor_1", "floor_2"), expected, strict=True))
        skus, free, num_guarded = tx.ask(queries.NODE_LEVELS, node_id=node_id, separator=SEPARATOR, **limits)[0]
        if skus is not None:
            found = tx.ask(queries.GUARDED_OF_NODE, node_id=node_id, **limits) if num_guarded else []
            yield NodeStock(node_id=node_id, skus=skus, free=free, guarded=tuple(sku for (sku,) in found))

"""Takes stock batches of sources into the ledger and reads stock back."""

from typing import TYPE_CHECKING

from sourcier.domain.stock import BatchAnswer, StockRow
from sourcier.ledger import feeds, stock
from sourcier.ledger.store import Tx
from sourcier.service.batches import apply_once
from sourcier.service.commands import ApplyStock
from sourcier.service.pages import read_token, write_token

if TYPE_CHECKING:
    from sourcier.service.app import App


async def apply_stock(app: "App", request: ApplyStock) -> BatchAnswer:
    """Apply one batch of one source: one verdict per record, in order; a bad record stops no other.

    See `apply_once` for when it answers and what it raises.
    """
    return await apply_once(app, request, _apply, BatchAnswer)


async def get_stock(
    app: "App", node_ids: tuple[str, ...], skus: tuple[str, ...], page_size: int, page_token: str
) -> tuple[tuple[StockRow, ...], str]:
    """One page of the ledger's rows of these nodes and SKUs (empty: all), and the token of the next (empty: last).

    Raises FIELD_INVALID for a foreign page token.
    """
    after = read_token(page_token, tuple[str, str], ("", ""))
    page = await app.read(stock.page_rows, node_ids=node_ids, skus=skus, page_size=page_size, after=after)
    return page.rows, write_token(page.after)


def _apply(tx: Tx, request: ApplyStock) -> BatchAnswer:
    return feeds.apply_batch(tx, request.source, request.records)

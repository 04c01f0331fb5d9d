"""Takes what sources say about dated supply into the ledger and reads it back."""

from typing import TYPE_CHECKING

from sourcier.domain.stock import BatchAnswer
from sourcier.domain.supply import SupplyRow
from sourcier.ledger import supplies
from sourcier.ledger.store import Tx
from sourcier.ledger.supply_feed import apply_supply as apply_batch
from sourcier.service.batches import apply_once
from sourcier.service.commands import ApplySupply
from sourcier.service.pages import read_token, write_token

if TYPE_CHECKING:
    from sourcier.service.app import App


async def apply_supply(app: "App", request: ApplySupply) -> BatchAnswer:
    """Apply one batch of one source: one verdict per record, in order; a bad record stops no other.

    What was received turns the reservations that wait for it into reservations of stock on hand. See `apply_once` for
    when it answers and what it raises.
    """
    return await apply_once(app, request, _apply, BatchAnswer)


async def get_supply(
    app: "App", node_ids: tuple[str, ...], skus: tuple[str, ...], page_size: int, page_token: str
) -> tuple[tuple[SupplyRow, ...], str]:
    """One page of the supply of these nodes and SKUs (empty: all) by node, SKU and supply, and the next page's token.

    Raises FIELD_INVALID for a foreign page token.
    """
    after = read_token(page_token, tuple[str, str, str], ("", "", ""))
    page = await app.read(supplies.page_supplies, node_ids=node_ids, skus=skus, page_size=page_size, after=after)
    return page.rows, write_token(page.after)


def _apply(tx: Tx, request: ApplySupply) -> BatchAnswer:
    return apply_batch(tx, request.source, request.records)

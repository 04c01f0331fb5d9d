"""Takes what sources say about dated supply into the ledger and reads it back."""

from typing import TYPE_CHECKING

from sourcier.domain.supply import SupplyRow
from sourcier.ledger import requests, supplies
from sourcier.ledger.store import Tx
from sourcier.ledger.supply_feed import apply_supply as apply_batch
from sourcier.service import codec, deadline, replay
from sourcier.service.commands import ApplySupply, SupplyAnswer
from sourcier.service.ingest import demand_network
from sourcier.service.pages import read_token, write_token

if TYPE_CHECKING:
    from sourcier.service.app import App


async def apply_supply(app: "App", request: ApplySupply) -> SupplyAnswer:
    """Apply one batch of one source: one verdict per record, in order; a bad record stops no other.

    What was received turns the reservations that wait for it into reservations of stock on hand. The answer is given
    after the commit, when this server's decisions know of it. Raises NETWORK_NOT_APPLIED.
    """
    await demand_network(app)

    async def work() -> SupplyAnswer:
        response = await app.write(_apply, request)
        await deadline.wait(app.snapshots.catch_up())
        return codec.load(SupplyAnswer, response)

    return await replay.once(app, request.key, work, _restore)


async def get_supply(
    app: "App", node_ids: tuple[str, ...], skus: tuple[str, ...], page_size: int, page_token: str
) -> tuple[tuple[SupplyRow, ...], str]:
    """One page of the supply of these nodes and SKUs (empty: all) by node, SKU and supply, and the next page's token.

    Raises FIELD_INVALID for a foreign page token.
    """
    after = read_token(page_token, tuple[str, str, str], ("", "", ""))
    page = await app.read(supplies.page_supplies, node_ids=node_ids, skus=skus, page_size=page_size, after=after)
    return page.rows, write_token(page.after)


def _apply(tx: Tx, request: ApplySupply) -> bytes:
    """The batch and its answer in one transaction. A duplicate that runs beside it finds every record stale."""
    key = request.key
    results = apply_batch(tx, request.source, request.records)
    response = codec.dump(SupplyAnswer(results=results))
    return requests.remember(tx, key.method, key.request_id, key.fingerprint, response)


async def _restore(stored: bytes) -> SupplyAnswer:
    return codec.load(SupplyAnswer, stored)

"""Takes stock batches of sources into the ledger and reads stock back."""

from typing import TYPE_CHECKING

from sourcier.domain.stock import StockRow
from sourcier.ledger import feeds, requests, stock
from sourcier.ledger.store import Tx
from sourcier.service import codec, deadline, replay
from sourcier.service.commands import ApplyStock, StockAnswer
from sourcier.service.pages import read_token, write_token
from sourcier.service.refusals import network_not_applied

if TYPE_CHECKING:
    from sourcier.service.app import App


async def apply_stock(app: "App", request: ApplyStock) -> StockAnswer:
    """Apply one batch of one source: one verdict per record, in order; a bad record stops no other.

    The answer is given after the commit, when this server's decisions know of it. Raises NETWORK_NOT_APPLIED, because
    without a network every node is unknown.
    """
    await demand_network(app)

    async def work() -> StockAnswer:
        response = await app.write(_apply, request)
        await deadline.wait(app.snapshots.catch_up())
        return codec.load(StockAnswer, response)

    return await replay.once(app, request.key, work, _restore)


async def demand_network(app: "App") -> None:
    """Raise NETWORK_NOT_APPLIED while there is no network: every node would be unknown."""
    if not app.snapshots.network_revision:
        await deadline.wait(app.snapshots.catch_up())
        if not app.snapshots.network_revision:
            raise network_not_applied()


async def get_stock(
    app: "App", node_ids: tuple[str, ...], skus: tuple[str, ...], page_size: int, page_token: str
) -> tuple[tuple[StockRow, ...], str]:
    """One page of the ledger's rows of these nodes and SKUs (empty: all), and the token of the next (empty: last).

    Raises FIELD_INVALID for a foreign page token.
    """
    after = read_token(page_token, tuple[str, str], ("", ""))
    page = await app.read(stock.page_rows, node_ids=node_ids, skus=skus, page_size=page_size, after=after)
    return page.rows, write_token(page.after)


def _apply(tx: Tx, request: ApplyStock) -> bytes:
    """The batch and its answer in one transaction. A duplicate that runs beside it finds every record stale."""
    key = request.key
    results = feeds.apply_batch(tx, request.source, request.records)
    response = codec.dump(StockAnswer(results=results))
    return requests.remember(tx, key.method, key.request_id, key.fingerprint, response)


async def _restore(stored: bytes) -> StockAnswer:
    return codec.load(StockAnswer, stored)

"""Lists the promises that cannot be kept as things stand: supply was cut or comes late, stock is not there."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sourcier.domain.network import Network
from sourcier.ledger import at_risk
from sourcier.service import codec
from sourcier.service.commands import AtRisk, ListPromisesAtRisk
from sourcier.service.pages import read_token, write_token
from sourcier.service.refusals import network_not_applied
from sourcier.service.reservations import Document

if TYPE_CHECKING:
    from sourcier.service.app import App


async def list_promises_at_risk(app: "App", request: ListPromisesAtRisk) -> tuple[tuple[AtRisk, ...], str]:
    """One page by priority, the highest first, then by the time of the reservation; and the next page's token.

    Raises NETWORK_NOT_APPLIED, since days are those of the nodes, and FIELD_INVALID for a foreign page token.
    """
    after = read_token(request.page_token, tuple[int, int, str, int], None)
    network = app.snapshots.network
    if network is None:
        raise network_not_applied()
    page = await app.read(
        at_risk.at_risk,
        node_ids=request.node_ids,
        skus=request.skus,
        supply_ids=request.supply_ids,
        utc_offsets=utc_offsets(network, app.clock()),
        page_size=request.page_size,
        after=after,
    )
    documents: dict[str, Document] = {}
    risks = []
    for row in page.rows:
        reservation_id = row.promise.reservation_id
        if reservation_id not in documents:
            documents[reservation_id] = codec.load(Document, row.document)
        document = documents[reservation_id]
        risks.append(AtRisk(risk=row.promise, kept=document.kept, currency_code=document.cart.currency_code))
    return tuple(risks), write_token(page.after)


def utc_offsets(network: Network, at: datetime) -> Mapping[str, int]:
    """Seconds by which each node's clocks are ahead of UTC at an instant."""
    zones = {node.time_zone for node in network.nodes}
    offsets = {zone: at.astimezone(ZoneInfo(zone)).utcoffset() or timedelta() for zone in zones}
    return {node.node_id: int(offsets[node.time_zone].total_seconds()) for node in network.nodes}

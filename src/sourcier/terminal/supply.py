"""What product pages show, and promises at risk, as tables."""

from collections.abc import Iterable

from rich.table import Table

from sourcier.terminal.tables import table
from sourcier.terminal.words import day, kilometres, word
from sourcier.v1 import availability_pb2, sourcing_pb2


def availability_table(skus: Iterable[availability_pb2.SkuAvailability]) -> Table:
    """One row per SKU: how much there is, how early, where, and what comes next."""
    made = table("SKU", ">units", "~earliest", "~stores", "~next supply")
    for sku in skus:
        made.add_row(
            sku.sku,
            f"{sku.units:,}\n{sku.band}" if sku.band else f"{sku.units:,}",
            "\n".join(f"{day(entry.on)} {entry.service_id}" for entry in sku.earliest) or "–",
            "\n".join(f"{store.store_id}: {store.units:,}, {kilometres(store.distance_m)}" for store in sku.stores)
            or "–",
            _next_supply(sku),
        )
    return made


def _next_supply(sku: availability_pb2.SkuAvailability) -> str:
    if not sku.HasField("next_supply"):
        return "–"
    coming = sku.next_supply
    return f"{day(coming.on)}: {coming.units:,}{' (preorder)' if coming.preorder else ''}"


def risk_table(promises: Iterable[sourcing_pb2.PromiseAtRisk]) -> Table:
    """One row per promise that may be missed, the most urgent order first."""
    made = table(">priority", "~order", "line", "SKU", "~node", ">short", "~waits for", "ships", "ready", "promised")
    for risk in promises:
        reason = word(sourcing_pb2.RiskReason.Name(risk.reason), "RISK_REASON")
        made.add_row(
            f"{risk.priority:,}",
            risk.order_id or risk.reservation,
            risk.line_id,
            risk.sku,
            risk.node_id,
            f"{risk.short:,} of {risk.quantity:,}",
            f"{risk.supply_id or 'stock'}: {reason}",
            day(risk.ship_day) if risk.HasField("ship_day") else "–",
            day(risk.ready_on) if risk.HasField("ready_on") else "unknown",
            day(risk.kept.latest) if risk.HasField("kept") else "–",
        )
    return made

"""Goods on their way to the demo's retailer, and what becomes of them in its week.

- Every second scarce article is on a purchase order for one of the warehouses, due within the next ten days.
- A few articles come back from customers to the second warehouse; seven in ten of those units are counted on.
- The supplier of some garden articles makes as many as are ordered, within nine days.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random
from typing import Final

from sourcier.client import Client
from sourcier.demo.retailer import FIRST_DAY, ORDERS_PER_DAY, UNITS_PER_ORDER, WAREHOUSES, Article, catalogue
from sourcier.domain.supply import SupplyKind, SupplyRecord
from sourcier.loading import load_supply
from sourcier.terminal.words import counted
from sourcier.v1 import inventory_pb2, sourcing_pb2

SOURCE: Final = "erp"
ORDERED_SHARE: Final = 0.5  # of the scarce articles
RETURNED_SHARE: Final = 0.08  # of the others
MADE_SHARE: Final = 0.3  # of the garden articles
DUE_DAYS: Final = (2, 10)  # after the first day, at least and at most
RETURN_BP: Final = 7_000
LEAD_DAYS: Final = 9
DELAY: Final = timedelta(days=7)


def supply_records(seed: int, first_day: date = FIRST_DAY) -> tuple[SupplyRecord, ...]:
    """All goods on their way, as they are known on the first morning."""
    random = Random(f"supply {seed}")
    drafts = (_record(random, article, number, first_day) for number, article in enumerate(catalogue(seed), 1_001))
    return tuple(record for record in drafts if record is not None)


def _record(random: Random, article: Article, number: int, first_day: date) -> SupplyRecord | None:
    due = first_day + timedelta(days=random.randint(*DUE_DAYS))
    units, drawn = random.randint(2, 6), random.random()
    record = SupplyRecord(
        supply_id=f"PO-{number}",
        kind=SupplyKind.PURCHASE_ORDER,
        node_id=WAREHOUSES[number % 2],
        sku=article.sku,
        quantity=2 * units + round(article.demand_share * sum(ORDERS_PER_DAY) * UNITS_PER_ORDER / 2),
        expected_on=due,
        epoch=0,
        seq=1,
    )
    if article.scarce:
        return record if drawn < ORDERED_SHARE else None
    record = replace(record, node_id=WAREHOUSES[1])
    if drawn < RETURNED_SHARE:
        returned = SupplyKind.CUSTOMER_RETURN
        return replace(record, supply_id=f"RMA-{number}", kind=returned, quantity=units, probability_bp=RETURN_BP)
    if article.sku.startswith("GARDEN") and drawn > 1 - MADE_SHARE:
        made = replace(record, supply_id="MADE-TO-ORDER", kind=SupplyKind.SUPPLIER_ORDERABLE, quantity=None)
        return replace(made, expected_on=None, lead_days=LEAD_DAYS)
    return None


@dataclass(slots=True, kw_only=True)
class Inbound:
    """What the retailer's ERP tells of the goods on their way, `records`, from day to day."""

    client: Client
    records: tuple[SupplyRecord, ...]

    async def announce(self) -> str:
        """Tell the server of all of them; what was told, in words."""
        await load_supply(self.client, SOURCE, self.records, lambda more: None)
        kinds = [record.kind for record in self.records]
        units = sum(record.quantity or 0 for record in self.records)
        return (
            f"{counted(kinds.count(SupplyKind.PURCHASE_ORDER), 'purchase order')} and "
            f"{counted(kinds.count(SupplyKind.CUSTOMER_RETURN), 'expected return')} of {units:,} units are on their "
            f"way, and {counted(kinds.count(SupplyKind.SUPPLIER_ORDERABLE), 'article')} would be made to order."
        )

    async def receive(self, day: date) -> str:
        """Let the lorries of a morning come in; a sentence about it, empty where none is due."""
        due = [r for r in self.records if r.expected_on is not None and r.expected_on <= day and not r.received]
        due = [record for record in due if record.kind is SupplyKind.PURCHASE_ORDER]
        if not due:
            return ""
        pegged = sum([row.allocated for row in await self._pegged() if row.supply_id in {r.supply_id for r in due}])
        await self._tell(*(replace(r, received=r.quantity or 0, seq=r.seq + 1) for r in due))
        units = sum(record.quantity or 0 for record in due)
        known = f", {pegged:,} of which orders were waiting for" if pegged else ""
        return f" {counted(len(due), 'purchase order')} of {units:,} units came in{known}."

    async def delay(self) -> str:
        """Let the supplier of the most promised purchase order need a week more; a sentence about it."""
        most = max(await self._pegged(), key=lambda row: row.allocated, default=None)
        late = next((r for r in self.records if most is not None and r.supply_id == most.supply_id), None)
        if late is None or late.expected_on is None:
            return ""
        await self._tell(replace(late, expected_on=late.expected_on + DELAY, seq=late.seq + 1))
        wanted = sourcing_pb2.ListPromisesAtRiskRequest(supply_ids=[late.supply_id])
        orders = {risk.order_id async for risk in self.client.promises_at_risk(wanted)}
        return (
            f" The supplier of {late.sku} needs a week more for {late.supply_id}. ListPromisesAtRisk names "
            f"{counted(len(orders), 'order')} that it will be too late for."
        )

    async def _tell(self, *changed: SupplyRecord) -> None:
        now = {record.supply_id: record for record in changed}
        self.records = tuple(now.get(record.supply_id, record) for record in self.records)
        await load_supply(self.client, SOURCE, changed, lambda more: None)

    async def _pegged(self) -> list[inventory_pb2.SupplyRow]:
        """Purchase orders that orders wait for."""
        request = inventory_pb2.GetSupplyRequest(page_size=1_000)
        rows = (await self.client.get_supply(request)).rows
        return [row for row in rows if row.kind == inventory_pb2.SUPPLY_KIND_PURCHASE_ORDER and row.allocated]

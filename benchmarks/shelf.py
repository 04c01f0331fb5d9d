"""What a ledger would keep, for whoever has none: stock, dated supply and used pools, put into a snapshot."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from sourcier.domain.network import CapacityMeasure, Network, capacity_pool_id, round_pool_id, shift_pool_id
from sourcier.domain.plan import Plan, Shipment
from sourcier.domain.stock import StockRecord, StockRow
from sourcier.domain.supply import SupplyRecord, SupplyRow
from sourcier.engine.snapshot import Snapshot


class Shelf:
    """Stock rows by (SKU, node), supply rows by (supply, node, SKU), used of pools by (pool, ISO day)."""

    def __init__(self, network: Network, snapshot: Snapshot) -> None:
        self.rows: dict[tuple[str, str], StockRow] = {}
        self.supplies: dict[tuple[str, str, str], SupplyRow] = {}
        self.used: Counter[tuple[str, str]] = Counter()
        self._received: Counter[tuple[str, str, str]] = Counter()
        self._nodes = {node.node_id: node for node in network.nodes}
        self._snapshot = snapshot

    def count(self, records: Iterable[StockRecord]) -> None:
        """Counts of what is on hand."""
        for record in records:
            self._put(replace(self._row(record.sku, record.node_id), on_hand=record.quantity))

    def hear(self, records: Iterable[SupplyRecord]) -> None:
        """What sources say of supply: units that came in go to whom they were promised, the rest is free."""
        for record in records:
            key = record.supply_id, record.node_id, record.sku
            allocated = self.supplies[key].allocated if key in self.supplies else 0
            came = record.received - self._received[key]
            self._received[key] = record.received
            served = min(came, allocated)
            stock = self._row(record.sku, record.node_id)
            self._put(replace(stock, on_hand=stock.on_hand + came, allocated=stock.allocated + served))
            self._put_supply(
                SupplyRow(
                    supply_id=record.supply_id,
                    kind=record.kind,
                    node_id=record.node_id,
                    sku=record.sku,
                    usable=record.usable,
                    allocated=allocated - served,
                    expected_on=record.expected_on,
                    lead_days=record.lead_days,
                    preorder=record.preorder,
                )
            )
        self._snapshot.version += 1

    def take(self, plan: Plan, sign: int = 1) -> None:
        """Take a plan's units and capacity; with -1, give them back."""
        for shipment in plan.shipments:
            for line in shipment.lines:
                pegged = 0
                for peg in line.pegs:
                    row = self.supplies[peg.supply_id, shipment.node_id, line.sku]
                    self._put_supply(replace(row, allocated=row.allocated + sign * peg.quantity))
                    pegged += peg.quantity
                stock = self._row(line.sku, shipment.node_id)
                self._put(replace(stock, allocated=stock.allocated + sign * (line.quantity - pegged)))
            for pool, day, load in self._pools(shipment):
                self.used[pool, day] += sign * load
                self._snapshot.put_pool_uses([(pool, day, self.used[pool, day])])
        self._snapshot.version += 1

    def _row(self, sku: str, node_id: str) -> StockRow:
        return self.rows.get((sku, node_id), StockRow(node_id=node_id, sku=sku, on_hand=0))

    def _put(self, row: StockRow) -> None:
        self.rows[row.sku, row.node_id] = row
        self._snapshot.put_rows([row])

    def _put_supply(self, row: SupplyRow) -> None:
        self.supplies[row.supply_id, row.node_id, row.sku] = row
        self._snapshot.put_supplies([row])

    def _pools(self, shipment: Shipment) -> Iterator[tuple[str, str, int]]:
        """(pool, ISO day, load) of everything that the shipment uses up."""
        node = self._nodes[shipment.node_id]
        load = {
            CapacityMeasure.ORDERS: 1,
            CapacityMeasure.LINES: len(shipment.lines),
            CapacityMeasure.UNITS: sum(line.quantity for line in shipment.lines),
        }
        if node.capacity is not None:
            yield capacity_pool_id(node.node_id), shipment.ship_day.isoformat(), load[node.capacity.measure]
        if shipment.shift is not None:
            shift_id, day = shipment.shift
            measure = next(shift.measure for shift in node.shifts if shift.shift_id == shift_id)
            yield shift_pool_id(node.node_id, shift_id), day.isoformat(), load[measure]
        if shipment.round_minute is not None:
            pool = round_pool_id(node.node_id, shipment.service_id, shipment.round_minute)
            yield pool, shipment.ship_day.isoformat(), 1

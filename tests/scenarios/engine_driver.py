"""The engine alone: its snapshot is the shop, and what it decides is taken from there."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from tests.scenarios.driver import Allocated, Promised
from tests.scenarios.story import Story

from sourcier.domain.availability import Availability, AvailabilityQuery
from sourcier.domain.limits import TIMETABLE_DAYS
from sourcier.domain.network import CapacityMeasure, capacity_pool_id, round_pool_id, shift_pool_id
from sourcier.domain.order import Cart, Order
from sourcier.domain.plan import Plan, Shipment
from sourcier.domain.promise import Choice
from sourcier.domain.stock import StockRecord, StockRow
from sourcier.domain.supply import SupplyRecord, SupplyRow
from sourcier.engine.availability import availability
from sourcier.engine.compile import CompiledRules, compile_network, compile_rules
from sourcier.engine.decide import Steps, decide_steps, drive
from sourcier.engine.promise import promise_steps
from sourcier.engine.snapshot import Snapshot
from sourcier.engine.solver import Budget, solve
from sourcier.inputs.holidays import expand
from sourcier.inputs.rules_yaml import parse_rule_set

T = TypeVar("T")


class EngineDriver:
    """Keeps absolute stock, supply and used pools, and puts what changed into the snapshot."""

    def __init__(self, story: Story) -> None:
        first = min(story.instant(step["at"]) for step in story.steps)
        last = max(story.instant(step["at"]) for step in story.steps)
        network = expand(story.network, first.date(), (last - first).days + TIMETABLE_DAYS)
        self._snapshot = Snapshot(compile_network(network))
        self._nodes = {node.node_id: node for node in network.nodes}
        self._stock: dict[tuple[str, str], StockRow] = {}
        self._supply: dict[tuple[str, str, str], SupplyRow] = {}
        self._used: Counter[tuple[str, str]] = Counter()
        self._plans: dict[str, Plan] = {}
        self._rules: CompiledRules | None = None

    async def at(self, moment: datetime) -> None:
        """Every request brings its own time."""

    async def rules(self, text: str) -> None:
        rule_set = parse_rule_set(text, "rules")
        self._rules = compile_rules(rule_set, f"ruleSets/{rule_set.rule_set_id}/revisions/1")

    async def stock(self, records: tuple[StockRecord, ...]) -> None:
        for record in records:
            row = self._row(record.node_id, record.sku)
            self._put(replace(row, on_hand=record.quantity))

    async def supply(self, records: tuple[SupplyRecord, ...]) -> None:
        for record in records:
            key = record.supply_id, record.node_id, record.sku
            old = self._supply.get(key)
            self._supply[key] = SupplyRow(
                supply_id=record.supply_id,
                kind=record.kind,
                node_id=record.node_id,
                sku=record.sku,
                usable=record.usable,
                allocated=old.allocated if old else 0,
                expected_on=record.expected_on,
                lead_days=record.lead_days,
                preorder=record.preorder,
            )
            self._snapshot.put_supplies([self._supply[key]])

    async def promise(self, cart: Cart, choices: frozenset[Choice], hold: Any) -> Promised:
        assert hold is None, "only a server holds"
        return Promised(promises=self._drive(lambda rules: promise_steps(cart, self._snapshot, rules, choices=choices)))

    async def allocate(self, order: Order, *, token: str, hold: str) -> Allocated:
        assert not token, "only a server knows promises again"
        assert not hold, "only a server holds"
        plan = self._drive(lambda rules: decide_steps(order.cart, self._snapshot, rules)).plan
        self._plans[order.order_id] = plan
        self._take(plan, 1)
        return Allocated(
            plan=plan,
            to_order=tuple(
                (peg.supply_id, shipment.node_id, line.sku, peg.quantity, peg.expected_on)
                for shipment in plan.shipments
                for line in shipment.lines
                for peg in line.pegs
                if peg.to_order
            ),
        )

    async def availability(self, query: AvailabilityQuery, at: datetime) -> Availability:
        assert self._rules is not None, "every story has rules"
        return availability(query, self._snapshot, self._rules, at)

    async def settle(self, order_id: str, *, ship: bool) -> None:
        assert not ship, "only a server ships"
        self._take(self._plans.pop(order_id), -1)

    async def at_risk(self) -> list[dict[str, Any]]:
        raise AssertionError("only a server keeps promises")

    def _drive(self, steps: Callable[[CompiledRules], Steps[T]]) -> T:
        assert self._rules is not None, "every story has rules"
        return drive(steps(self._rules), lambda model: solve(model, Budget(solve_ms=10_000)))

    def _row(self, node_id: str, sku: str) -> StockRow:
        return self._stock.get((node_id, sku), StockRow(node_id=node_id, sku=sku, on_hand=0))

    def _put(self, row: StockRow) -> None:
        self._stock[row.node_id, row.sku] = row
        self._snapshot.put_rows([row])

    def _take(self, plan: Plan, sign: int) -> None:
        """Take a plan's units and capacity, or give them back."""
        for shipment in plan.shipments:
            for line in shipment.lines:
                for peg in line.pegs:
                    key = peg.supply_id, shipment.node_id, line.sku
                    row = self._supply[key]
                    self._supply[key] = replace(row, allocated=row.allocated + sign * peg.quantity)
                    self._snapshot.put_supplies([self._supply[key]])
                on_hand = line.quantity - sum(peg.quantity for peg in line.pegs)
                stock = self._row(shipment.node_id, line.sku)
                self._put(replace(stock, allocated=stock.allocated + sign * on_hand))
            for pool, day, load in self._pools(shipment):
                self._used[pool, day] += sign * load
                self._snapshot.put_pool_uses([(pool, day, self._used[pool, day])])

    def _pools(self, shipment: Shipment) -> list[tuple[str, str, int]]:
        node = self._nodes[shipment.node_id]
        load = {
            CapacityMeasure.ORDERS: 1,
            CapacityMeasure.LINES: len(shipment.lines),
            CapacityMeasure.UNITS: sum(line.quantity for line in shipment.lines),
        }
        found = []
        if node.capacity is not None:
            found.append((capacity_pool_id(node.node_id), shipment.ship_day.isoformat(), load[node.capacity.measure]))
        if shipment.shift is not None:
            shift_id, day = shipment.shift
            measure = next(shift.measure for shift in node.shifts if shift.shift_id == shift_id)
            found.append((shift_pool_id(node.node_id, shift_id), day.isoformat(), load[measure]))
        if shipment.round_minute is not None:
            pool = round_pool_id(node.node_id, shipment.service_id, shipment.round_minute)
            found.append((pool, shipment.ship_day.isoformat(), 1))
        return found

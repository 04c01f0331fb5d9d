"""The engine alone: its snapshot is the shop, and what it decides is taken from there."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from benchmarks.shelf import Shelf
from tests.scenarios.driver import Allocated, Promised
from tests.scenarios.story import Story

from sourcier.domain.availability import Availability, AvailabilityQuery
from sourcier.domain.limits import TIMETABLE_DAYS
from sourcier.domain.order import Cart, Order
from sourcier.domain.promise import Choice
from sourcier.domain.stock import StockRecord
from sourcier.domain.supply import SupplyRecord
from sourcier.engine.availability import availability
from sourcier.engine.compile import CompiledRules, compile_network, compile_rules
from sourcier.engine.decide import Steps, decide_steps, drive
from sourcier.engine.promise import promise_steps
from sourcier.engine.snapshot import Snapshot
from sourcier.engine.solver import Budget, solve
from sourcier.inputs.holidays import expand
from sourcier.inputs.rules_yaml import parse_rule_set

if TYPE_CHECKING:
    from sourcier.domain.plan import Plan

T = TypeVar("T")


class EngineDriver:
    """A snapshot and the shelf behind it; plans by order id."""

    def __init__(self, story: Story) -> None:
        first = min(story.instant(step["at"]) for step in story.steps)
        last = max(story.instant(step["at"]) for step in story.steps)
        network = expand(story.network, first.date(), (last - first).days + TIMETABLE_DAYS)
        self._snapshot = Snapshot(compile_network(network))
        self._shelf = Shelf(network, self._snapshot)
        self._plans: dict[str, Plan] = {}
        self._rules: CompiledRules | None = None

    async def at(self, moment: datetime) -> None:
        """Every request brings its own time."""

    async def rules(self, text: str) -> None:
        rule_set = parse_rule_set(text, "rules")
        self._rules = compile_rules(rule_set, f"ruleSets/{rule_set.rule_set_id}/revisions/1")

    async def stock(self, records: tuple[StockRecord, ...]) -> None:
        self._shelf.count(records)

    async def supply(self, records: tuple[SupplyRecord, ...]) -> None:
        self._shelf.hear(records)

    async def promise(self, cart: Cart, choices: frozenset[Choice], hold: Any) -> Promised:
        assert hold is None, "only a server holds"
        return Promised(promises=self._drive(lambda rules: promise_steps(cart, self._snapshot, rules, choices=choices)))

    async def allocate(self, order: Order, *, token: str, hold: str) -> Allocated:
        assert not token, "only a server knows promises again"
        assert not hold, "only a server holds"
        plan = self._drive(lambda rules: decide_steps(order.cart, self._snapshot, rules)).plan
        self._plans[order.order_id] = plan
        self._shelf.take(plan)
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
        self._shelf.take(self._plans.pop(order_id), -1)

    async def at_risk(self) -> list[dict[str, Any]]:
        raise AssertionError("only a server keeps promises")

    def _drive(self, steps: Callable[[CompiledRules], Steps[T]]) -> T:
        assert self._rules is not None, "every story has rules"
        return drive(steps(self._rules), lambda model: solve(model, Budget(solve_ms=10_000)))

"""The stream through the engine alone, in this process: what a decision costs without a server and a ledger.

Each order is promised and then decided on the same stock; the decision's plan is taken from the stock. Times are CPU
milliseconds of this process: `promise` and `decide` without the solver, `promise_solver` and `decide_solver` in it.
"""

import pickle
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from time import process_time_ns
from typing import Any, TypeVar

from benchmarks.online_retail.outcome import Answered, Outcome, answered
from benchmarks.online_retail.supply import Feed
from benchmarks.shelf import Shelf
from sourcier.domain.errors import Refusal
from sourcier.domain.network import Network
from sourcier.domain.order import Order
from sourcier.domain.plan import Decision, Proof
from sourcier.domain.promise import Promises
from sourcier.domain.rules import RuleSet
from sourcier.domain.stock import StockRecord, StockRow
from sourcier.domain.supply import SupplyRow
from sourcier.engine.compile import CompiledRules, compile_network, compile_rules
from sourcier.engine.decide import Steps, decide_steps
from sourcier.engine.promise import promise_steps
from sourcier.engine.snapshot import Snapshot
from sourcier.engine.solver import Budget, solve

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class HardOrder:
    """A decision that needed the solver, with all the stock, supply and capacity it saw."""

    order: Order
    rows: tuple[StockRow, ...]
    supplies: tuple[SupplyRow, ...]
    used: tuple[tuple[str, str, int], ...]
    decision: Decision


def run(
    events: Iterable[Order | Feed],
    network: Network,
    rule_set: RuleSet,
    stock: Iterable[StockRecord],
    budget: Budget,
    done: Callable[[], None],
) -> tuple[list[Outcome], list[HardOrder]]:
    """One outcome per order, and the orders whose decision needed the solver; `done` hears of each order."""
    snapshot = Snapshot(compile_network(network))
    rules = compile_rules(rule_set, f"ruleSets/{rule_set.rule_set_id}/revisions/1")
    shelf = Shelf(network, snapshot)
    shelf.count(stock)
    outcomes, hard = [], []
    for event in events:
        if isinstance(event, Feed):
            shelf.hear(event.records)
            continue
        outcome, decision = _decide(event, snapshot, rules, budget)
        outcomes.append(outcome)
        if decision is not None:
            if decision.proof is Proof.MIP:
                hard.append(_hard(event, shelf, decision))
            shelf.take(decision.plan)
        done()
    return outcomes, hard


def _decide(order: Order, snapshot: Snapshot, rules: CompiledRules, budget: Budget) -> tuple[Outcome, Decision | None]:
    """Promise and decide, on the same stock."""
    cart, milliseconds, refusals = order.cart, dict[str, float](), dict[str, str]()
    promises = _timed(promise_steps(cart, snapshot, rules), budget, "promise", milliseconds)
    reason = _refused(promises)
    if reason:
        refusals["promise"] = reason
    decision = _timed(decide_steps(cart, snapshot, rules), budget, "decide", milliseconds)
    if isinstance(decision, Refusal):
        refusals["decide"] = decision.reason
    outcome = Outcome(
        order_id=order.order_id,
        num_lines=len(cart.lines),
        num_units=sum(line.quantity for line in cart.lines),
        milliseconds=milliseconds,
        refusals=refusals,
        decision=None if isinstance(decision, Refusal) else answered(decision, len(cart.lines)),
        promise=_cheapest(promises, len(cart.lines)),
    )
    return outcome, None if isinstance(decision, Refusal) else decision


def write_hard(path: Path, network: Network, rule_set: RuleSet, hard: list[HardOrder]) -> None:
    """Pickle {"network", "rule_set", "orders": [{"order", "rows", "supplies", "used", "decision"}]}."""
    names = ("order", "rows", "supplies", "used", "decision")
    orders: list[dict[str, Any]] = [{name: getattr(entry, name) for name in names} for entry in hard]
    path.write_bytes(pickle.dumps({"network": network, "rule_set": rule_set, "orders": orders}))


def _timed(steps: Steps[T], budget: Budget, name: str, milliseconds: dict[str, float]) -> T | Refusal:
    """Drive the steps to their end; CPU time in the engine and in the solver apart."""
    engine = solver = 0
    solution = None
    result: T | Refusal
    try:
        while True:
            start = process_time_ns()
            try:
                model = steps.send(solution)
            finally:
                engine += process_time_ns() - start
            start = process_time_ns()
            solution = solve(model, budget)
            solver += process_time_ns() - start
    except StopIteration as stop:
        result = stop.value
    except Refusal as refusal:
        result = refusal
    milliseconds[name] = engine / 1e6
    if solver:
        milliseconds[f"{name}_solver"] = solver / 1e6
    return result


def _refused(promises: Promises | Refusal) -> str:
    """Why no service brings the whole cart; empty if one does."""
    if isinstance(promises, Refusal):
        return promises.reason
    if promises.promised:
        return ""
    return "/".join(sorted({unpromised.reason for unpromised in promises.unpromised}))


def _cheapest(promises: Promises | Refusal, num_lines: int) -> Answered | None:
    """What a client would hold."""
    if isinstance(promises, Refusal) or not promises.promised:
        return None
    cheapest = min(promises.promised, key=lambda promise: promise.decision.objective_micros)
    return answered(cheapest.decision, num_lines)


def _hard(order: Order, shelf: Shelf, decision: Decision) -> HardOrder:
    skus = {line.sku for line in order.cart.lines}
    return HardOrder(
        order=order,
        rows=tuple(row for (sku, _), row in sorted(shelf.rows.items()) if sku in skus),
        supplies=tuple(row for (_, _, sku), row in sorted(shelf.supplies.items()) if sku in skus),
        used=tuple((pool, day, used) for (pool, day), used in shelf.used.items()),
        decision=decision,
    )

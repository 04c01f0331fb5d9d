"""What a run came to, computed from the server's answers alone."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sourcier.demo.traffic import Served
from sourcier.domain.network import Network, NodeType
from sourcier.terminal.tables import COSTS, proof_word, status_word
from sourcier.terminal.words import decimal, to_date
from sourcier.v1 import common_pb2, sourcing_pb2

Caps = Callable[[str, date], int | None]
"""Orders that may leave a node on a ship day; None: any number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """What callers waited for one kind of call, in milliseconds: half of them at most `p50`, all but 1 % `p99`."""

    calls: int
    p50: float
    p99: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FullDay:
    """A node that shipped as many orders as it may on one day."""

    node_id: str
    ship_day: date
    orders: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """A run, or one day of it. Costs are sums in the currency; `num_split` orders took several shipments.

    `proofs` counts the decisions that are proven optimal by what proved them, `statuses` all decisions. Of the
    `num_promised` orders `num_kept` arrive as promised; `services` counts them by the service that the customer chose,
    and `fees` is what customers pay for it.
    """

    num_orders: int
    num_refused: int
    refusals: Mapping[str, int]
    units_ordered: int
    units_shipped: int
    num_complete: int
    num_shipments: int
    num_shipping_orders: int
    num_split: int
    num_store_shipments: int
    num_late_orders: int
    num_promised: int
    num_kept: int
    services: Mapping[str, int]
    fees: Mapping[str, Decimal]
    costs: Mapping[str, Decimal]
    statuses: Mapping[str, int]
    proofs: Mapping[str, int]
    full_days: tuple[FullDay, ...]
    promise_waits: Waits
    allocate_waits: Waits

    @property
    def num_allocated(self) -> int:
        """Orders that got an answer."""
        return self.num_orders - self.num_refused

    @property
    def num_optimal(self) -> int:
        """Decisions that are proven optimal."""
        return sum(self.proofs.values())

    @property
    def cost(self) -> Decimal:
        """All components together."""
        return sum(self.costs.values(), Decimal(0))


def figures(served: Sequence[Served], network: Network, caps: Caps) -> Figures:
    """The figures of these orders; `network` says which nodes are stores."""
    allocations = [one.allocation for one in served if one.allocation is not None]
    decisions = [allocation.decision for allocation in allocations]
    plans = [decision.plan for decision in decisions]
    stores = {node.node_id for node in network.nodes if node.node_type is NodeType.STORE}
    refusals = [one.refusal for one in served if one.refusal is not None]
    chosen = [one for one in served if one.chosen is not None]
    bound = [(one.chosen, one.allocation) for one in chosen if one.chosen is not None and one.allocation is not None]
    proven = [decision for decision in decisions if decision.status == common_pb2.STATUS_OPTIMAL]
    return Figures(
        num_orders=len(served),
        num_refused=len(refusals),
        refusals=Counter(f"{refusal.kind.value} / {refusal.reason.value}" for refusal in refusals),
        units_ordered=sum(line.quantity for one in served for line in one.order.cart.lines),
        units_shipped=sum(units(plan) for plan in plans),
        num_complete=sum(not plan.unfilled for plan in plans),
        num_shipments=sum(len(plan.shipments) for plan in plans),
        num_shipping_orders=sum(bool(plan.shipments) for plan in plans),
        num_split=sum(len(plan.shipments) > 1 for plan in plans),
        num_store_shipments=sum(shipment.node_id in stores for plan in plans for shipment in plan.shipments),
        num_late_orders=sum(decimal(plan.costs.late) > 0 for plan in plans),
        num_promised=len(chosen),
        num_kept=sum(not made.kept.late_days for _, made in bound),
        services=Counter(option.service_id for option, _ in bound),
        fees=_fees(bound),
        costs={name: sum((decimal(getattr(plan.costs, name)) for plan in plans), Decimal(0)) for name in COSTS},
        statuses=Counter(status_word(decision) for decision in decisions),
        proofs=Counter(proof_word(decision) for decision in proven),
        full_days=full_days(decisions, caps),
        promise_waits=waits(one.promise_seconds for one in served if one.promises is not None),
        allocate_waits=waits(one.allocate_seconds for one in served if one.allocation is not None),
    )


def _fees(bound: Iterable[tuple[sourcing_pb2.Promise, sourcing_pb2.Allocation]]) -> dict[str, Decimal]:
    """What customers pay, by the service that they chose."""
    fees: dict[str, Decimal] = {}
    for option, made in bound:
        fees[option.service_id] = fees.get(option.service_id, Decimal(0)) + decimal(made.kept.fee)
    return fees


def units(plan: common_pb2.Plan) -> int:
    """Units that a plan ships."""
    return sum(line.quantity for shipment in plan.shipments for line in shipment.lines)


def full_days(decisions: Iterable[common_pb2.Decision], caps: Caps) -> tuple[FullDay, ...]:
    """Every node and day on which as many orders left as may, by node and day."""
    used: Counter[tuple[str, date]] = Counter()
    for decision in decisions:
        # Two shipments of one order from one node on one day are one order.
        used.update({(shipment.node_id, to_date(shipment.ship_day)) for shipment in decision.plan.shipments})
    return tuple(
        FullDay(node_id=node_id, ship_day=ship_day, orders=orders)
        for (node_id, ship_day), orders in sorted(used.items())
        if (cap := caps(node_id, ship_day)) is not None and orders >= cap
    )


def waits(seconds: Iterable[float]) -> Waits:
    """Nearest-rank percentiles; zeros when there were no calls."""
    ordered = sorted(1_000 * second for second in seconds)
    if not ordered:
        return Waits(calls=0, p50=0.0, p99=0.0)
    return Waits(calls=len(ordered), p50=_rank(ordered, 0.50), p99=_rank(ordered, 0.99))


def _rank(ordered: Sequence[float], share: float) -> float:
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]

"""Between the engine's plans and the ledger's reservations: what a plan takes, and the document of its proof."""

import os
from dataclasses import dataclass
from datetime import datetime

from sourcier.domain.network import Node, capacity_pool_id
from sourcier.domain.order import Cart
from sourcier.domain.plan import Decision, Plan, Shipment
from sourcier.domain.reservation import PoolUse, Reservation, ReservationLine
from sourcier.engine.compile import CompiledNetwork, CompiledRules
from sourcier.ledger.commands import ReserveLine, StockKey
from sourcier.ledger.motions import load
from sourcier.service import codec
from sourcier.service.commands import Allocation


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What the ledger keeps with a reservation: what was asked, what was decided, and where it came from.

    `service_id` is set on holds. `hold_id` and `reallocated` are those of an allocation.
    """

    cart: Cart
    decision: Decision
    service_id: str = ""
    hold_id: str = ""
    reallocated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationRecord:
    """The stored answer of Allocate, ShipAllocation and CancelAllocation.

    The rest of the answer is the reservation's document, which never changes once the reservation is an allocation.
    """

    allocation_id: str
    order_id: str
    created_at: datetime
    lines: tuple[ReservationLine, ...]


def new_id(now: datetime) -> str:
    """A reservation id: 12 hex digits of milliseconds, so that ids made together lie together, and 20 random ones."""
    return f"{int(now.timestamp() * 1_000):012x}{os.urandom(10).hex()}"


def reserve_lines(plan: Plan) -> tuple[ReserveLine, ...]:
    """What the plan takes from which stock row."""
    return tuple(
        ReserveLine(
            line_id=line.line_id,
            node_id=shipment.node_id,
            sku=line.sku,
            quantity=line.quantity,
            bucket=shipment.ship_day.isoformat(),
        )
        for shipment in plan.shipments
        for line in shipment.lines
    )


def pinned_floors(
    plan: Plan, network: CompiledNetwork, rules: CompiledRules, channel_class: int
) -> dict[StockKey, int]:
    """What the rules that made the plan keep back on each row it takes from; the row itself may keep less by then."""
    return {
        (shipment.node_id, line.sku): rules.floors[_node(network, shipment).node_type][channel_class]
        for shipment in plan.shipments
        for line in shipment.lines
    }


def pool_uses(plan: Plan, network: CompiledNetwork) -> tuple[PoolUse, ...]:
    """What the plan takes of its nodes' daily capacity. A plan has at most one shipment of a node."""
    uses = []
    for shipment in plan.shipments:
        capacity = _node(network, shipment).capacity
        if capacity is not None:
            uses.append(
                PoolUse(
                    pool_id=capacity_pool_id(shipment.node_id),
                    bucket=shipment.ship_day.isoformat(),
                    node_id=shipment.node_id,
                    measure=capacity.measure,
                    quantity=load(capacity.measure, [(ln.line_id, "", ln.quantity) for ln in shipment.lines]),
                )
            )
    return tuple(uses)


def _node(network: CompiledNetwork, shipment: Shipment) -> Node:
    return network.network.nodes[network.node_index[shipment.node_id]]


def record(reservation: Reservation) -> bytes:
    """The answer to store for a change of this allocation."""
    return codec.dump(
        AllocationRecord(
            allocation_id=reservation.reservation_id,
            order_id=reservation.order_id,
            created_at=reservation.created_at,
            lines=reservation.lines,
        )
    )


def allocation(stored: AllocationRecord | Reservation, document: Document) -> Allocation:
    """The answer from what was stored, or from the reservation itself, and the reservation's document."""
    allocation_id = stored.allocation_id if isinstance(stored, AllocationRecord) else stored.reservation_id
    return Allocation(
        allocation_id=allocation_id,
        order_id=stored.order_id,
        currency_code=document.cart.currency_code,
        created_at=stored.created_at,
        decision=document.decision,
        lines=stored.lines,
        hold_id=document.hold_id,
        reallocated=document.reallocated,
    )

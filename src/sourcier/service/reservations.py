"""Between the engine's plans and the ledger's reservations: what a plan takes, and the document of its proof."""

import os
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime

from sourcier.domain.calendar_checks import pickup_minutes
from sourcier.domain.network import CapacityMeasure, Node, capacity_pool_id, round_pool_id, shift_pool_id
from sourcier.domain.order import Cart
from sourcier.domain.plan import Decision, Plan, Shipment, ShipmentLine
from sourcier.domain.promise import Kept
from sourcier.domain.reservation import PoolUse, Reservation, ReservationLine
from sourcier.engine.compile import CompiledNetwork, CompiledRules
from sourcier.ledger.commands import ReserveLine, StockKey
from sourcier.ledger.motions import load
from sourcier.service import codec
from sourcier.service.commands import Allocation, ToOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What the ledger keeps with a reservation: what was asked, decided and promised, and where it came from.

    `service_id` is set on holds. `hold_id` and `reallocated` are those of an allocation.
    """

    cart: Cart
    decision: Decision
    service_id: str = ""
    hold_id: str = ""
    reallocated: bool = False
    kept: Kept | None = None


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
    """What the plan takes from which stock row, and what of that from which dated supply."""
    return tuple(
        ReserveLine(
            line_id=line.line_id,
            node_id=shipment.node_id,
            sku=line.sku,
            quantity=quantity,
            bucket=shipment.ship_day.isoformat(),
            supply_id=supply_id,
        )
        for shipment in plan.shipments
        for line in shipment.lines
        for supply_id, quantity in _sources(line)
    )


def _sources(line: ShipmentLine) -> list[tuple[str, int]]:
    """(supply id, units) of a line, what is on hand first, under the empty id."""
    pegged = [(peg.supply_id, peg.quantity) for peg in line.pegs]
    on_hand = line.quantity - sum(quantity for _, quantity in pegged)
    return [("", on_hand), *pegged] if on_hand else pegged


def to_order(plan: Plan) -> tuple[ToOrder, ...]:
    """What somebody must order so that the plan comes true, by node, supply and SKU."""
    units: Counter[tuple[str, str, str, date]] = Counter()
    for shipment in plan.shipments:
        for line in shipment.lines:
            for peg in line.pegs:
                if peg.to_order:
                    units[shipment.node_id, peg.supply_id, line.sku, peg.expected_on] += peg.quantity
    return tuple(
        ToOrder(node_id=node_id, supply_id=supply_id, sku=sku, quantity=quantity, expected_on=expected_on)
        for (node_id, supply_id, sku, expected_on), quantity in sorted(units.items())
    )


def pinned_floors(
    plan: Plan, network: CompiledNetwork, rules: CompiledRules, channel_class: int
) -> dict[StockKey, int]:
    """What the rules that made the plan keep back on each row it takes from; the row itself may keep less by then."""
    return {
        (shipment.node_id, line.sku): rules.protection.floors[_node(network, shipment).node_type][channel_class]
        for shipment in plan.shipments
        for line in shipment.lines
    }


def pool_uses(plan: Plan, network: CompiledNetwork) -> tuple[PoolUse, ...]:
    """What the plan takes of node days, shifts and carriers' rounds. A plan has at most one shipment of a node."""
    return tuple(
        use
        for shipment in plan.shipments
        for use in (
            _day_use(shipment, _node(network, shipment)),
            _shift_use(shipment, _node(network, shipment)),
            _round_use(shipment, _node(network, shipment)),
        )
        if use is not None
    )


def _day_use(shipment: Shipment, node: Node) -> PoolUse | None:
    if node.capacity is None:
        return None
    return _use(shipment, capacity_pool_id(node.node_id), shipment.ship_day, node.capacity.measure)


def _shift_use(shipment: Shipment, node: Node) -> PoolUse | None:
    if shipment.shift is None:
        return None
    shift_id, day = shipment.shift
    shift = next(shift for shift in node.shifts if shift.shift_id == shift_id)
    return _use(shipment, shift_pool_id(node.node_id, shift_id), day, shift.measure)


def _round_use(shipment: Shipment, node: Node) -> PoolUse | None:
    """One parcel of the round that collects the shipment, where any such round has a limit."""
    minute = shipment.round_minute
    if minute is None:
        return None
    limited = any(
        entry.parcels is not None
        and entry.service_id == shipment.service_id
        and shipment.ship_day.isoweekday() in entry.days
        and minute in pickup_minutes(entry)
        for entry in node.rounds
    )
    if not limited:
        return None
    pool_id = round_pool_id(node.node_id, shipment.service_id, minute)
    return _use(shipment, pool_id, shipment.ship_day, CapacityMeasure.ORDERS)


def _use(shipment: Shipment, pool_id: str, day: date, measure: CapacityMeasure) -> PoolUse:
    """What the shipment takes of a pool on a day; the pool may work on another day than the shipment leaves."""
    return PoolUse(
        pool_id=pool_id,
        bucket=day.isoformat(),
        node_id=shipment.node_id,
        measure=measure,
        quantity=load(measure, [(line.line_id, "", line.quantity) for line in shipment.lines]),
        line_bucket="" if day == shipment.ship_day else shipment.ship_day.isoformat(),
    )


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
        kept=document.kept,
        to_order=to_order(document.decision.plan),
    )

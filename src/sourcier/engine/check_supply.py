"""The checker's rules of stock, dated supply and pools: nothing is taken that was not there."""

from zoneinfo import ZoneInfo

from sourcier.domain.calendar import departures_at
from sourcier.domain.network import (
    CapacityMeasure,
    Node,
    Service,
    capacity_pool_id,
    round_pool_id,
    shift_pool_id,
)
from sourcier.domain.plan import Decision, Marking, Peg, Shipment, ShipmentLine
from sourcier.domain.supply import SupplyKind, SupplyRow
from sourcier.engine.seen import Seen


def within_pools(shipment: Shipment, node: Node, service: Service, seen: Seen) -> list[str]:
    """Room on the node's ship day, in the shift that picks it and in the round that collects it."""
    wanted = []
    if node.capacity is not None:
        wanted.append((capacity_pool_id(node.node_id), shipment.ship_day, node.capacity.measure))
    wanted += [
        (shift_pool_id(node.node_id, shift.shift_id), shipment.shift[1], shift.measure)
        for shift in node.shifts
        if shipment.shift is not None and shipment.shift[0] == shift.shift_id
    ]
    if shipment.round_minute is not None and _limited(shipment, node):
        pool = round_pool_id(node.node_id, service.service_id, shipment.round_minute)
        wanted.append((pool, shipment.ship_day, CapacityMeasure.ORDERS))
    load = {
        CapacityMeasure.ORDERS: 1,
        CapacityMeasure.LINES: len({part.line_id for part in shipment.lines}),
        CapacityMeasure.UNITS: sum([part.quantity for part in shipment.lines]),
    }
    return [
        f"needs {load[measure]} of {seen.left.get((pool, day), 0)} {measure.value} left of {pool} on {day}"
        for pool, day, measure in wanted
        if load[measure] > seen.left.get((pool, day), 0)
    ]


def _limited(shipment: Shipment, node: Node) -> bool:
    """Whether the round that collects it takes only so many parcels."""
    rounds = departures_at(node, shipment.service_id, shipment.ship_day, shipment.round_minute)
    return all(one.parcels is not None for one in rounds)


def within_stock(decision: Decision, seen: Seen) -> list[str]:
    """What no peg names is on hand at the node, protection taken off."""
    faults, row_of = [], {line.sku: row for row, line in enumerate(seen.cart.lines)}  # rows of a SKU are the same
    for node_id, shipments in _by_node(decision).items():
        drawn: dict[str, int] = {}
        for part in (part for shipment in shipments for part in shipment.lines):
            on_hand = part.quantity - sum([peg.quantity for peg in part.pegs])
            drawn[part.sku] = drawn.get(part.sku, 0) + on_hand
        floor, free = _floor(seen, node_id), seen.stock_free[:, seen.directory.position[node_id]].tolist()
        for sku, units in drawn.items():
            there = max(0, free[row_of[sku]] - floor)
            if units > there:
                faults.append(f"{node_id}: takes {units} of {sku}, {there} available")
    return faults


def _by_node(decision: Decision) -> dict[str, list[Shipment]]:
    found: dict[str, list[Shipment]] = {}
    for shipment in decision.plan.shipments:
        found.setdefault(shipment.node_id, []).append(shipment)
    return found


def within_supply(decision: Decision, seen: Seen) -> list[str]:
    """Pegs name supply that there is, no more of it than may be pegged, on its day; lines say what they wait for."""
    shipping = {s.node_id for s in decision.plan.shipments for part in s.lines if part.pegs}
    rows = {(row.supply_id, node, row.sku): row for node in shipping for row in seen.supplies.get(node, ())}
    pegged: dict[tuple[str, str, str], int] = {}
    faults = [f"unfilled line {part.line_id} is pegged" for part in decision.plan.unfilled if part.pegs]
    for shipment in decision.plan.shipments:
        for part in shipment.lines:
            for peg in part.pegs:
                row = rows.get((peg.supply_id, shipment.node_id, part.sku))
                if row is None:
                    faults.append(f"{shipment.node_id}: no supply {peg.supply_id} of {part.sku}")
                else:
                    key = (peg.supply_id, shipment.node_id, part.sku)
                    pegged[key] = pegged.get(key, 0) + peg.quantity
                    faults += _misnamed(peg, row, shipment, seen)
            if part.pegs:
                faults += _mismarked(part, rows, shipment.node_id)
            elif part.marking is not Marking.ON_HAND:
                faults.append(f"line {part.line_id} is {Marking.ON_HAND.value}, not {part.marking.value}")
    for key, units in pegged.items():
        row = rows[key]
        there = row.available(_free(seen, row.node_id, row.sku), _floor(seen, row.node_id))
        if units > there:
            faults.append(f"{row.node_id}: pegs {units} of {row.sku} to {row.supply_id}, {there} available")
    return faults


def _misnamed(peg: Peg, row: SupplyRow, shipment: Shipment, seen: Seen) -> list[str]:
    node = seen.directory.nodes[shipment.node_id]
    order_day = seen.cart.placed_at.astimezone(ZoneInfo(node.time_zone)).date()
    faults = []
    if peg.quantity <= 0:
        faults.append(f"an empty peg to {row.supply_id}")
    if peg.expected_on != row.ready_on(order_day):
        faults.append(f"{row.supply_id} is ready on {row.ready_on(order_day)}, not {peg.expected_on}")
    if peg.to_order is not (row.kind is SupplyKind.SUPPLIER_ORDERABLE):
        faults.append(f"{row.supply_id} is {row.kind.value}: whether to order it is told wrongly")
    return faults


def _mismarked(part: ShipmentLine, rows: dict[tuple[str, str, str], SupplyRow], node_id: str) -> list[str]:
    """What is told wrongly of a part that is pegged."""
    mine = [rows[key] for peg in part.pegs if (key := (peg.supply_id, node_id, part.sku)) in rows]
    marking = Marking.PREORDER if any(row.preorder for row in mine) else Marking.BACKORDER
    faults = [] if part.marking is marking else [f"line {part.line_id} is {marking.value}, not {part.marking.value}"]
    if sum(peg.quantity for peg in part.pegs) > part.quantity:
        faults.append(f"line {part.line_id} is pegged more than it ships")
    return faults


def _free(seen: Seen, node_id: str, sku: str) -> int:
    column = seen.directory.position[node_id]
    row = next(i for i, line in enumerate(seen.cart.lines) if line.sku == sku)
    return int(seen.stock_free[row, column])


def _floor(seen: Seen, node_id: str) -> int:
    node = seen.directory.nodes[node_id]
    kept = [
        entry.units
        for entry in seen.rules.safety_stock
        if (not entry.node_types or node.node_type in entry.node_types)
        and (not entry.channels or seen.cart.channel in entry.channels)
    ]
    return max(kept, default=0)

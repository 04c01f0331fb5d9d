"""The checker's rules of stock, dated supply and pools: nothing is taken that was not there."""

from zoneinfo import ZoneInfo

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
from sourcier.engine.check_facts import Facts


def within_pools(shipment: Shipment, node: Node, service: Service, facts: Facts) -> list[str]:
    """Room on the node's ship day, in the shift that picks it and in the round that collects it."""
    wanted = []
    if node.capacity is not None:
        wanted.append((capacity_pool_id(node.node_id), shipment.ship_day, node.capacity.measure))
    wanted += [
        (shift_pool_id(node.node_id, shift.shift_id), shipment.shift[1], shift.measure)
        for shift in node.shifts
        if shipment.shift is not None and shipment.shift[0] == shift.shift_id
    ]
    if shipment.round_minute is not None and _limited(shipment, node, facts):
        pool = round_pool_id(node.node_id, service.service_id, shipment.round_minute)
        wanted.append((pool, shipment.ship_day, CapacityMeasure.ORDERS))
    load = {
        CapacityMeasure.ORDERS: 1,
        CapacityMeasure.LINES: len({part.line_id for part in shipment.lines}),
        CapacityMeasure.UNITS: sum([part.quantity for part in shipment.lines]),
    }
    return [
        f"needs {load[measure]} of {facts.seen.left.get((pool, day), 0)} {measure.value} left of {pool} on {day}"
        for pool, day, measure in wanted
        if load[measure] > facts.seen.left.get((pool, day), 0)
    ]


def _limited(shipment: Shipment, node: Node, facts: Facts) -> bool:
    """Whether the round that collects it takes only so many parcels."""
    rounds = facts.departures(node, shipment.service_id, shipment.ship_day, shipment.round_minute)
    return all(one.parcels is not None for one in rounds)


def within_stock(decision: Decision, facts: Facts) -> list[str]:
    """What no peg names is on hand at the node, protection taken off."""
    drawn: dict[str, dict[str, int]] = {}
    for shipment in decision.plan.shipments:
        of_node = drawn.setdefault(shipment.node_id, {})
        for part in shipment.lines:
            on_hand = part.quantity - sum([peg.quantity for peg in part.pegs]) if part.pegs else part.quantity
            of_node[part.sku] = of_node.get(part.sku, 0) + on_hand
    faults = []
    for node_id, of_node in drawn.items():
        there = facts.there(facts.seen.directory.nodes[node_id])
        for sku, units in of_node.items():
            if units > there[facts.row_of[sku]]:
                faults.append(f"{node_id}: takes {units} of {sku}, {there[facts.row_of[sku]]} available")
    return faults


def within_supply(decision: Decision, facts: Facts) -> list[str]:
    """Pegs name supply that there is, no more of it than may be pegged, on its day; lines say what they wait for."""
    shipping = {s.node_id for s in decision.plan.shipments for part in s.lines if part.pegs}
    rows = {(row.supply_id, node, row.sku): row for node in shipping for row in facts.seen.supplies.get(node, ())}
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
                    faults += _misnamed(peg, row, shipment, facts)
            if part.pegs:
                faults += _mismarked(part, rows, shipment.node_id)
            elif part.marking is not Marking.ON_HAND:
                faults.append(f"line {part.line_id} is {Marking.ON_HAND.value}, not {part.marking.value}")
    for key, units in pegged.items():
        row = rows[key]
        node = facts.seen.directory.nodes[row.node_id]
        there = row.available(facts.free(node)[facts.row_of[row.sku]], facts.floor(node))
        if units > there:
            faults.append(f"{row.node_id}: pegs {units} of {row.sku} to {row.supply_id}, {there} available")
    return faults


def _misnamed(peg: Peg, row: SupplyRow, shipment: Shipment, facts: Facts) -> list[str]:
    node = facts.seen.directory.nodes[shipment.node_id]
    order_day = facts.cart.placed_at.astimezone(ZoneInfo(node.time_zone)).date()
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

"""Which units of a plan come from which dated supply, and until when the order can be placed for that."""

from collections.abc import Iterator, Sequence
from datetime import date

from sourcier.domain.order import Line
from sourcier.domain.plan import Marking, Peg, ShipmentLine
from sourcier.domain.supply import SupplyKind, SupplyRow
from sourcier.engine.available import Available

Used = tuple[SupplyRow, int]
"""A supply row that a shipment takes from, and the ordinal of the day from which it can."""


def pegged(
    lines: Sequence[Line], units: Sequence[int], available: Available, node: int, ready: int
) -> tuple[tuple[ShipmentLine, ...], list[Used]]:
    """The lines of a shipment from `node` that can wait for supply until the day `ready`, and the supply it takes.

    The latest supply on its way goes first: what is here is left for others. Nothing is ordered from a supplier while
    the units are on hand or on their way. Lines of one SKU share.
    """
    coming = available.latest_first(node, ready)
    left: dict[tuple[str, str], int] = {}
    here: dict[str, int] = {}
    parts, used = [], {}
    for position, line in enumerate(lines):
        missing = units[position]
        if not missing:
            continue
        pegs, preorder = [], False
        for row, most, day in _in_turn(available, position, node, coming[position]) if position in coming else ():
            if row is None:
                take = min(missing, here.setdefault(line.sku, most))
                here[line.sku] -= take
                missing -= take
                continue
            key = (row.sku, row.supply_id)
            take = min(missing, left.setdefault(key, most))
            if take:
                left[key] -= take
                missing -= take
                used[key] = (row, day)
                preorder |= row.preorder
                to_order = row.kind is SupplyKind.SUPPLIER_ORDERABLE
                on = date.fromordinal(day)
                pegs.append(Peg(supply_id=row.supply_id, quantity=take, expected_on=on, to_order=to_order))
        marking = Marking.PREORDER if preorder else Marking.BACKORDER if pegs else Marking.ON_HAND
        parts.append(
            ShipmentLine(
                line_id=line.line_id, sku=line.sku, quantity=units[position], pegs=tuple(pegs), marking=marking
            )
        )
    return tuple(parts), list(used.values())


def _in_turn(
    available: Available, line: int, node: int, coming: Sequence[tuple[SupplyRow, int, int]]
) -> Iterator[tuple[SupplyRow | None, int, int]]:
    """(row, units, ready day) in the order in which a shipment takes them; None stands for the stock on hand."""
    yield from (entry for entry in coming if entry[0].kind is not SupplyKind.SUPPLIER_ORDERABLE)
    yield None, int(available.on_hand[line, node]), 0
    yield from (entry for entry in coming if entry[0].kind is SupplyKind.SUPPLIER_ORDERABLE)


def last_order_day(used: Sequence[Used], last_work_day: int) -> int:
    """The last local day (ordinal) of an order whose supply, of which there is some, is ready by `last_work_day`.

    A lead time counts from the order. What is overdue is expected the day after it.
    """
    return min(last_work_day - row.lead_days if row.lead_days is not None else last_work_day - 1 for row, _ in used)

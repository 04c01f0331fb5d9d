"""Which units of a plan come from which dated supply, and until when the order can be placed for that."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from sourcier.domain.order import Line
from sourcier.domain.plan import Marking, Peg, ShipmentLine
from sourcier.domain.supply import SupplyKind, SupplyRow
from sourcier.engine.available import ON_HAND, Available
from sourcier.engine.compile import IntArray

Used = tuple[SupplyRow, int]
"""A supply row that a shipment takes from, and the ordinal of the day from which it can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What shipments of some nodes can draw on: by (line, node) the supply rows, their units and ready day (an
    ordinal), the latest first; stock `on_hand[L, N]`.

    `kept` are the lines written so far of shipments that have no supply to draw on, by units: other plans may have the
    same.
    """

    coming: Mapping[tuple[int, int], Sequence[tuple[SupplyRow, int, int]]]
    on_hand: IntArray
    kept: dict[tuple[int, ...], tuple[ShipmentLine, ...]]


def drawn_from(available: Available, nodes: IntArray, until: IntArray) -> Drawn:
    """What shipments of the nodes can draw on that wait for supply until the days `until` (ordinals) at most."""
    coming: dict[tuple[int, int], list[tuple[SupplyRow, int, int]]] = {}
    latest = int(until.max(initial=ON_HAND)) if available.rows else ON_HAND
    if latest > ON_HAND:
        wanted = np.zeros(available.on_hand.shape[1], dtype=np.bool_)
        wanted[nodes] = True
        line, node, units, ready = available.line, available.node, available.units, available.ready
        for r in (wanted[node] & (ready <= latest) & (units > 0)).nonzero()[0][::-1].tolist():
            coming.setdefault((line.item(r), node.item(r)), []).append(
                (available.rows[r], units.item(r), ready.item(r))
            )
    return Drawn(coming=coming, on_hand=available.on_hand, kept={})


def pegged(
    lines: Sequence[Line], units: Sequence[int], drawn: Drawn, node: int, ready: int
) -> tuple[tuple[ShipmentLine, ...], list[Used]]:
    """The lines of a shipment from `node` that can wait for supply until the day `ready`, and the supply it takes.

    The latest supply on its way goes first: what is here is left for others. Nothing is ordered from a supplier while
    the units are on hand or on their way. Lines of one SKU share.
    """
    if not drawn.coming:
        return _on_hand(lines, tuple(units), drawn), []
    left: dict[tuple[str, str], int] = {}
    here: dict[str, int] = {}
    used: dict[tuple[str, str], Used] = {}
    parts = []
    for position, (line, quantity) in enumerate(zip(lines, units, strict=True)):
        if not quantity:
            continue
        pegs: list[Peg] = []
        coming = [entry for entry in drawn.coming.get((position, node), ()) if entry[2] <= ready]
        missing = quantity
        for row, most, day in _in_turn(int(drawn.on_hand[position, node]), coming) if coming else ():
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
                to_order = row.kind is SupplyKind.SUPPLIER_ORDERABLE
                on = date.fromordinal(day)
                pegs.append(Peg(supply_id=row.supply_id, quantity=take, expected_on=on, to_order=to_order))
        marking = Marking.ON_HAND
        if pegs:
            preorder = any(used[line.sku, peg.supply_id][0].preorder for peg in pegs)
            marking = Marking.PREORDER if preorder else Marking.BACKORDER
        parts.append(
            ShipmentLine(line_id=line.line_id, sku=line.sku, quantity=quantity, pegs=tuple(pegs), marking=marking)
        )
    return tuple(parts), list(used.values())


def _on_hand(lines: Sequence[Line], units: tuple[int, ...], drawn: Drawn) -> tuple[ShipmentLine, ...]:
    """The lines of a shipment of so many units of each, all of them on hand."""
    if units not in drawn.kept:
        drawn.kept[units] = tuple(
            [
                ShipmentLine(line_id=line.line_id, sku=line.sku, quantity=quantity)
                for line, quantity in zip(lines, units, strict=True)
                if quantity
            ]
        )
    return drawn.kept[units]


def _in_turn(on_hand: int, coming: Sequence[tuple[SupplyRow, int, int]]) -> list[tuple[SupplyRow | None, int, int]]:
    """(row, units, ready day) in the order in which a shipment takes them; None stands for the stock on hand."""
    ordered = [entry for entry in coming if entry[0].kind is SupplyKind.SUPPLIER_ORDERABLE]
    on_its_way = [entry for entry in coming if entry[0].kind is not SupplyKind.SUPPLIER_ORDERABLE]
    return [*on_its_way, (None, on_hand, 0), *ordered]


def last_order_day(used: Sequence[Used], last_work_day: int) -> int:
    """The last local day (ordinal) of an order whose supply, of which there is some, is ready by `last_work_day`.

    A lead time counts from the order. What is overdue is expected the day after it.
    """
    return min(last_work_day - row.lead_days if row.lead_days is not None else last_work_day - 1 for row, _ in used)

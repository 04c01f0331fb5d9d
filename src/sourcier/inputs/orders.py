"""Reads orders from CSV (one row per line) or JSON lines (one order per line); docs/reference/files.md describes both.

Both use the same words for the same things, so one set of readers serves both.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar

from sourcier.domain.errors import Reason
from sourcier.domain.limits import (
    LINES_PER_ORDER_MAX,
    PRIORITY_MAX,
    QUANTITY_PER_LINE_MAX,
    SERVICES_PER_REQUEST_MAX,
    STORES_PER_REQUEST_MAX,
    UNIT_WEIGHT_GRAMS_MAX,
)
from sourcier.domain.network import Method
from sourcier.domain.order import Cart, Line, Order
from sourcier.domain.place import Destination, GeoPoint
from sourcier.inputs import values
from sourcier.inputs.faults import Faults
from sourcier.inputs.files import opened
from sourcier.inputs.json_lines import read_objects
from sourcier.inputs.tables import Row, read_rows

ORDER_FIELDS: Final = ("order_id", "channel", "currency_code", "country_code", "placed_at")
ORDER_FIELDS_OPTIONAL: Final = (
    "postal_code",
    "lat",
    "lon",
    "methods",
    "services",
    "store_ids",
    "deliver_by",
    "priority",
)
LINE_FIELDS: Final = ("line_id", "sku", "quantity")
LINE_FIELDS_OPTIONAL: Final = ("unit_weight_grams", "unit_price")
LISTS: Final = dict.fromkeys(("methods", "services", "store_ids"), ";")  # and what separates the items in a cell

Item = TypeVar("Item")

_quantity = values.whole(1, QUANTITY_PER_LINE_MAX)
_grams = values.whole(0, UNIT_WEIGHT_GRAMS_MAX)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """The rows of one order: what belongs to the order, and its lines."""

    head: Row
    lines: list[Row]


def read_orders(path: Path) -> Iterator[Order]:
    """The orders of a ``.csv`` or ``.jsonl`` file in its order, one at a time.

    After the first fault no more orders come, only faults are looked for; so a caller that must have all or nothing
    reads the file to its end first.

    Raises
    ------
    Refusal
        FIELD_INVALID with the faults of every row as ``Violation(field="file:line")``, up to FILE_FAULTS_MAX.
    """
    faults = Faults(filename=str(path), reason=Reason.FIELD_INVALID)
    readers = {".csv": _csv_drafts, ".jsonl": _json_drafts}
    drafts_of = readers.get(path.suffix.lower())
    if drafts_of is None:
        faults.refuse(1, 0, f"must be named {' or '.join(readers)}")
    seen: dict[str, int] = {}
    with opened(path, faults) as lines:
        for draft in drafts_of(lines, faults):
            order = _order(draft, seen)
            if faults.full:
                break
            if not faults:
                yield order
    faults.raise_if_any()


def _csv_drafts(lines: Iterable[str], faults: Faults) -> Iterator[_Draft]:
    """Consecutive rows of one order id are one order."""
    required, optional = (*ORDER_FIELDS, *LINE_FIELDS), (*ORDER_FIELDS_OPTIONAL, *LINE_FIELDS_OPTIONAL)
    group: list[Row] = []
    for row in read_rows(lines, required, optional, faults):
        if group and row.cells["order_id"] != group[0].cells["order_id"]:
            yield _Draft(head=group[0], lines=group)
            group = []
        if len(group) <= LINES_PER_ORDER_MAX:  # one line too many is kept, to be refused
            group.append(row)
        for field in (*ORDER_FIELDS, *ORDER_FIELDS_OPTIONAL):
            if row.cells[field] != group[0].cells[field]:
                row.fault(f"differs from line {group[0].line}, the first of this order", field)
    if group:
        yield _Draft(head=group[0], lines=group)


def _json_drafts(lines: Iterable[str], faults: Faults) -> Iterator[_Draft]:
    for order in read_objects(lines, ORDER_FIELDS, (*ORDER_FIELDS_OPTIONAL, "lines"), faults):
        head = order.row(lists=LISTS)
        yield _Draft(head=head, lines=order.rows("lines", LINE_FIELDS, LINE_FIELDS_OPTIONAL))


def _order(draft: _Draft, seen: dict[str, int]) -> Order:
    head = draft.head
    order_id = head.value("order_id", values.name, "")
    if order_id in seen:
        head.fault(f"was on line {seen[order_id]} already; the rows of an order must follow each other", "order_id")
    if order_id:
        seen.setdefault(order_id, head.line)
    if not 1 <= len(draft.lines) <= LINES_PER_ORDER_MAX:
        head.fault(f"must have 1 to {LINES_PER_ORDER_MAX} lines", "lines")
    return Order(
        order_id=order_id,
        cart=Cart(
            channel=head.value("channel", values.name, ""),
            destination=_destination(head),
            lines=_lines(draft.lines),
            currency_code=head.value("currency_code", values.currency_code, ""),
            placed_at=head.value("placed_at", values.instant, datetime.min),
            services=_items(head, "services", values.name, SERVICES_PER_REQUEST_MAX),
            deliver_by=head.optional("deliver_by", values.iso_date, None),
            methods=_items(head, "methods", values.word_of(Method), len(Method)),
            store_ids=_items(head, "store_ids", values.identifier, STORES_PER_REQUEST_MAX),
        ),
        priority=head.optional("priority", values.whole(0, PRIORITY_MAX), 0),
    )


def _lines(rows: list[Row]) -> tuple[Line, ...]:
    lines: dict[str, Line] = {}
    for row in rows:
        line = Line(
            line_id=row.value("line_id", values.name, ""),
            sku=row.value("sku", values.name, ""),
            quantity=row.value("quantity", _quantity, 0),
            unit_weight_grams=row.optional("unit_weight_grams", _grams, 0),
            unit_price_micros=row.optional("unit_price", values.money, 0),
        )
        if line.line_id and line.line_id in lines:
            row.fault("stands twice in this order", "line_id")
        lines[line.line_id] = line
    return tuple(lines.values())


def _destination(head: Row) -> Destination:
    lat = head.optional("lat", values.latitude, None)
    lon = head.optional("lon", values.longitude, None)
    postal_code = head.optional("postal_code", values.name, "")
    if bool(head.cells["lat"]) != bool(head.cells["lon"]):
        head.fault("lat and lon go together")
    elif not head.cells["lat"] and not head.cells["postal_code"]:
        head.fault("must have a postal_code, or lat and lon")
    return Destination(
        country_code=head.value("country_code", values.country_code, ""),
        postal_code=postal_code,
        point=None if lat is None or lon is None else GeoPoint(lat_e6=lat, lon_e6=lon),
    )


def _items(head: Row, column: str, read: Callable[[str], Item], items_max: int) -> tuple[Item, ...]:
    """The items of a cell that holds a list; each once."""
    texts = head.cells[column].split(LISTS[column]) if head.cells[column] else []
    items = [head.check(column, text, read) for text in texts]
    if len(set(texts)) < len(texts):
        head.fault("names one twice", column)
    if len(texts) > items_max:
        head.fault(f"must name at most {items_max}", column)
    return tuple(item for item in items if item is not None)

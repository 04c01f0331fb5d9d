"""What a customer wants: a cart at checkout, an order once it is placed."""

from dataclasses import dataclass
from datetime import date, datetime

from sourcier.domain.network import Method
from sourcier.domain.place import Destination


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """`quantity` units of one SKU. A SKU may stand on several lines of one order."""

    line_id: str
    sku: str
    quantity: int
    unit_weight_grams: int = 0
    unit_price_micros: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cart:
    """An order before it is placed. `placed_at` is the instant from which every date is counted.

    `services` limits the carrier services and `methods` the methods; empty means any. `deliver_by` is a date in the
    destination's zone. Methods that are collected look at the stores `store_ids`, or without them at the nearest ones.
    """

    channel: str
    destination: Destination
    lines: tuple[Line, ...]
    currency_code: str
    placed_at: datetime
    services: tuple[str, ...] = ()
    deliver_by: date | None = None
    methods: tuple[Method, ...] = ()
    store_ids: tuple[str, ...] = ()

    @property
    def value_micros(self) -> int:
        """What the goods cost the customer, micros."""
        return sum(line.quantity * line.unit_price_micros for line in self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A cart that the customer has placed under the OMS's own order id.

    Scarce dated supply goes to the higher `priority` first, then to the earlier allocation.
    """

    order_id: str
    cart: Cart
    priority: int = 0

"""What a customer wants: a cart at checkout, an order once it is placed."""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class GeoPoint:
    """A place on earth in microdegrees (WGS 84)."""

    lat_e6: int
    lon_e6: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where the customer wants the goods: a postal code of a country, or coordinates, or both.

    Coordinates win for distances; the postal code then only helps to find the time zone.
    """

    country_code: str
    postal_code: str = ""
    point: GeoPoint | None = None


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

    `services` limits the carrier services; empty means any. `deliver_by` is a date in the destination's zone.
    """

    channel: str
    destination: Destination
    lines: tuple[Line, ...]
    currency_code: str
    placed_at: datetime
    services: tuple[str, ...] = ()
    deliver_by: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A cart that the customer has placed under the OMS's own order id."""

    order_id: str
    cart: Cart

"""The retailer's orders as orders of the network: dated, placed in a city, cut into parts. Rules in the package."""

from bisect import bisect
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from math import ceil
from random import Random
from statistics import median_low
from typing import Final
from zoneinfo import ZoneInfo

from benchmarks.online_retail.data import Data, OrderLine, Place, RawOrder
from sourcier.domain.limits import LINES_PER_ORDER_MAX
from sourcier.domain.order import Cart, Line, Order
from sourcier.domain.place import Destination, GeoPoint

CHANNEL: Final = "web"
CURRENCY: Final = "GBP"
TIME_ZONE: Final = "America/Chicago"
DEADLINE_SHARE: Final = 0.2
DEADLINE_DAYS: Final = (5, 8)
GRAMS_AT_ONE_POUND: Final = 60.0
GRAMS_PRICE_POWER: Final = 0.7
GRAMS_SIGMA: Final = 0.7
GRAMS_RANGE: Final = (10, 15_000)


def orders(data: Data, seed: int, today: date) -> Iterator[Order]:
    """Every order in the order of its time, the parts of a long one after each other, all at the same instant."""
    grams = weights(data, seed)
    cities = _Cities(data.cities)
    shift = weeks_to(data.orders[0].placed_at.date(), today)
    for raw in data.orders:
        random = Random(f"order {seed} {raw.order_id}")
        city = cities.draw(Random(f"customer {seed} {raw.customer_id}") if raw.customer_id else random)
        local = (raw.placed_at + shift).replace(tzinfo=ZoneInfo(TIME_ZONE))
        deliver_by = None
        if random.random() < DEADLINE_SHARE:
            deliver_by = local.date() + timedelta(days=random.randint(*DEADLINE_DAYS))
        for order_id, lines in _parts(raw):
            cart = _cart(lines, city, grams, local.astimezone(UTC), deliver_by)
            yield Order(order_id=order_id, cart=cart)


def days(data: Data, today: date) -> tuple[date, date]:
    """The local days of the first and the last order."""
    shift = weeks_to(data.orders[0].placed_at.date(), today)
    return data.orders[0].placed_at.date() + shift, data.orders[-1].placed_at.date() + shift


def local_day(order: Order) -> date:
    """The day on which an order is placed, where orders are timed."""
    return order.cart.placed_at.astimezone(ZoneInfo(TIME_ZONE)).date()


def weeks_to(first: date, today: date) -> timedelta:
    """The whole weeks that bring `first` to the seven days after `today`."""
    return timedelta(weeks=ceil(((today - first).days + 1) / 7))


def weights(data: Data, seed: int) -> dict[str, int]:
    """Grams of one unit of every SKU."""
    prices: dict[str, list[int]] = {}
    for order in data.orders:
        for line in order.lines:
            prices.setdefault(line.sku, []).append(line.unit_price_micros)
    low, high = GRAMS_RANGE
    grams = {}
    for sku, micros in prices.items():
        factor = Random(f"weight {seed} {sku}").lognormvariate(0.0, GRAMS_SIGMA)
        usual = GRAMS_AT_ONE_POUND * (median_low(micros) / 1e6) ** GRAMS_PRICE_POWER
        grams[sku] = min(high, max(low, round(usual * factor)))
    return grams


def point_of(place: Place) -> GeoPoint:
    """The place in microdegrees."""
    return GeoPoint(lat_e6=round(place.lat * 1e6), lon_e6=round(place.lon * 1e6))


def _parts(raw: RawOrder) -> Iterator[tuple[str, tuple[OrderLine, ...]]]:
    if len(raw.lines) <= LINES_PER_ORDER_MAX:
        yield raw.order_id, raw.lines
        return
    for number, start in enumerate(range(0, len(raw.lines), LINES_PER_ORDER_MAX), 1):
        yield f"{raw.order_id}/{number}", raw.lines[start : start + LINES_PER_ORDER_MAX]


def _cart(
    lines: tuple[OrderLine, ...], city: Place, grams: dict[str, int], placed_at: datetime, deliver_by: date | None
) -> Cart:
    return Cart(
        channel=CHANNEL,
        destination=Destination(country_code="US", point=point_of(city)),
        lines=tuple(
            Line(
                line_id=str(number),
                sku=line.sku,
                quantity=line.quantity,
                unit_weight_grams=grams[line.sku],
                unit_price_micros=line.unit_price_micros,
            )
            for number, line in enumerate(lines, 1)
        ),
        currency_code=CURRENCY,
        placed_at=placed_at,
        deliver_by=deliver_by,
    )


class _Cities:
    """Cities, drawn in proportion to their population."""

    def __init__(self, cities: tuple[Place, ...]) -> None:
        self._cities = cities
        self._cumulated = list(accumulate(city.population for city in cities))

    def draw(self, random: Random) -> Place:
        """One of the cities."""
        return self._cities[bisect(self._cumulated, random.random() * self._cumulated[-1], hi=len(self._cities) - 1)]

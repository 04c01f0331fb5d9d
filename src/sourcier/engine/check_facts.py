"""What the checker reads off the network and its calendars for one order, each thing once for all plans held together.

Nothing in it comes from the engine: these are single answers of `domain.calendar` and look-ups among domain objects.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sourcier.domain.calendar import Departure, departures_at, shift_begin, start_by, work_on
from sourcier.domain.network import Node, PostalArea, Shift
from sourcier.domain.order import Cart, Line
from sourcier.domain.place import GeoPoint
from sourcier.engine.compile import EARTH_RADIUS_M
from sourcier.engine.seen import Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What was read so far: by node, and by what else it depends on."""

    starts: dict[tuple[str, datetime], datetime | None]
    begins: dict[tuple[str, str, date, datetime], datetime | None]
    leaving: dict[tuple[str, str, date, int | None], tuple[Departure, ...]]
    metres: dict[str, float]
    there: dict[str, list[int]]
    zone: list[str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """An order as the customer asks for it in `cart`, what was `seen`, and what follows from these alone.

    `lines` are the order's by id, `row_of` the row of each SKU in `Seen.stock_free` (rows of a SKU are the same),
    `units` are those of all lines. `area` is the postal area of the destination (None where it names no code, or an
    unknown one), `point` where that is (None: nowhere).
    """

    seen: Seen
    cart: Cart
    lines: Mapping[str, Line]
    row_of: Mapping[str, int]
    units: int
    area: PostalArea | None
    point: GeoPoint | None
    known: Known

    def asked(self, cart: Cart) -> "Facts":
        """The same order where it is asked for in another way: by other services, or at another store."""
        if cart is self.cart:
            return self
        assert _beside_the_way(cart) == _beside_the_way(self.cart), "the cart of another order"
        return replace(self, cart=cart)

    @property
    def time_zone(self) -> str:
        """That of the destination: of its postal area, or the network's."""
        return self.seen.network.time_zone if self.area is None else self.area.time_zone

    @property
    def zone_id(self) -> str | None:
        """The postal zone of the destination; None where it lies in none."""
        if not self.known.zone:
            self.known.zone.append(_zone_of(self.seen))
        return self.known.zone[0]

    def work(self, node: Node) -> timedelta:
        """How long the node works on the whole order, whatever part of it it sends."""
        return work_on(node.calendar, self.units)

    def start_by(self, node: Node, done_by: datetime) -> datetime | None:
        """The last instant at which the node can start its work on the order to be done by an instant."""
        known, key = self.known.starts, (node.node_id, done_by)
        if key not in known:
            known[key] = start_by(node.calendar, node.time_zone, done_by, self.work(node))
        return known[key]

    def shift_begin(self, node: Node, shift: Shift, day: date, begin: datetime) -> datetime | None:
        """When the node starts its work in a shift, where it could at `begin`; None if it does not in that shift."""
        known, key = self.known.begins, (node.node_id, shift.shift_id, day, begin)
        if key not in known:
            known[key] = shift_begin(node, shift, day, begin, self.work(node))
        return known[key]

    def departures(self, node: Node, service_id: str, day: date, minute: int | None) -> tuple[Departure, ...]:
        """What leaves the node by the service on a day, with the round of that minute."""
        known, key = self.known.leaving, (node.node_id, service_id, day, minute)
        if key not in known:
            known[key] = departures_at(node, service_id, day, minute)
        return known[key]

    def metres_to_door(self, node: Node) -> float | None:
        """How far the destination is from the node; None where it is nowhere."""
        if self.point is None:
            return None
        known = self.known.metres
        if node.node_id not in known:
            known[node.node_id] = metres_between(node.point, self.point)
        return known[node.node_id]

    def there(self, node: Node) -> list[int]:
        """By row, the units on hand at the node for orders of this channel."""
        known = self.known.there
        if node.node_id not in known:
            kept = self.floor(node)
            known[node.node_id] = [max(0, units - kept) for units in self.free(node)]
        return known[node.node_id]

    def free(self, node: Node) -> list[int]:
        """By row, the free stock of the node before protection."""
        units: list[int] = self.seen.stock_free[:, self.seen.directory.position[node.node_id]].tolist()
        return units

    def floor(self, node: Node) -> int:
        """The units of every SKU that are kept back at the node from orders of this channel."""
        kept = [
            entry.units
            for entry in self.seen.rules.safety_stock
            if (not entry.node_types or node.node_type in entry.node_types)
            and (not entry.channels or self.cart.channel in entry.channels)
        ]
        return max(kept, default=0)


def facts_of(seen: Seen) -> Facts:
    """What the plans for an order are held against."""
    cart, area = seen.cart, _area_of(seen)
    point = cart.destination.point
    return Facts(
        seen=seen,
        cart=cart,
        lines={line.line_id: line for line in cart.lines},
        row_of={line.sku: row for row, line in enumerate(cart.lines)},
        units=sum([line.quantity for line in cart.lines]),
        area=area,
        point=area.point if point is None and area is not None else point,
        known=Known(starts={}, begins={}, leaving={}, metres={}, there={}, zone=[]),
    )


def _beside_the_way(cart: Cart) -> tuple[object, ...]:
    """All of a cart but the services, methods and stores that are asked for."""
    return cart.lines, cart.destination, cart.placed_at, cart.deliver_by, cart.channel


def _area_of(seen: Seen) -> PostalArea | None:
    """By the longest prefix of its code."""
    code, country = seen.cart.destination.postal_code, seen.cart.destination.country_code
    for length in range(len(code), 0, -1):
        area = seen.directory.areas.get((country, code[:length]))
        if area is not None:
            return area
    return None


def _zone_of(seen: Seen) -> str | None:
    code = seen.cart.destination.postal_code
    for zone in seen.network.zones:
        for one in zone.ranges:
            head = code[: len(one.low)]
            here = one.country_code == seen.cart.destination.country_code and len(head) == len(one.low)
            if here and one.low <= head <= one.high:
                return zone.zone_id
    return None


def metres_between(a: GeoPoint, b: GeoPoint) -> float:
    """The great circle, by the haversine formula."""
    lat_a, lat_b = math.radians(a.lat_e6 / 1e6), math.radians(b.lat_e6 / 1e6)
    lon_a, lon_b = math.radians(a.lon_e6 / 1e6), math.radians(b.lon_e6 / 1e6)
    h = math.sin((lat_a - lat_b) / 2) ** 2 + math.cos(lat_a) * math.cos(lat_b) * math.sin((lon_a - lon_b) / 2) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(math.sqrt(min(h, 1.0)))

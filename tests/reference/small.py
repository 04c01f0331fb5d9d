"""Hand-made worlds, one node at a time: everything ordinary unless the test says otherwise.

The order is placed on Wednesday, 4 March 2026, 09:30 UTC, for a place at 48° N 2° E. Nodes stand there too, work every
day of the week until 12:00 UTC and hand over to the service "std", which delivers every day after one day.
"""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from tests.reference.instances import World

from sourcier.domain.network import Method, Network, Node, NodeCalendar, NodeType, Service, TransitBand
from sourcier.domain.order import Cart, Line
from sourcier.domain.place import Destination, GeoPoint
from sourcier.domain.plan import Decision, NodeOutcome
from sourcier.domain.rules import Constraints, Prices, RuleSet
from sourcier.domain.stock import StockRow
from sourcier.engine.decide import decide
from sourcier.engine.solver import Budget

PLACED_AT = datetime(2026, 3, 4, 9, 30, tzinfo=UTC)
TODAY = date(2026, 3, 4)
EVERY_DAY = frozenset(range(1, 8))
HERE = GeoPoint(lat_e6=48_000_000, lon_e6=2_000_000)
ONE_DEGREE_NORTH = GeoPoint(lat_e6=49_000_000, lon_e6=2_000_000)
ONE_DEGREE_M = 111_195  # 6,371,008.8 m * pi / 180, rounded
NOON = NodeCalendar(working_days=EVERY_DAY, cut_off_minute=720)
EURO = 1_000_000  # micros


def node(node_id: str, **changes: Any) -> Node:
    """An ordinary warehouse, with changes."""
    ordinary: dict[str, Any] = {
        "node_type": NodeType.WAREHOUSE,
        "point": HERE,
        "time_zone": "UTC",
        "calendar": NOON,
        "services": ("std",),
    }
    return Node(node_id=node_id, **{**ordinary, **changes})


def service(service_id: str = "std", **changes: Any) -> Service:
    """An ordinary service at five euros a shipment, with changes."""
    ordinary: dict[str, Any] = {
        "method": Method.HOME_DELIVERY,
        "transit": (TransitBand(max_distance_m=None, business_days=1),),
        "delivery_days": EVERY_DAY,
        "per_shipment_micros": 5 * EURO,
    }
    return Service(service_id=service_id, **{**ordinary, **changes})


def lines(**quantities: int) -> tuple[Line, ...]:
    """One line per SKU, of 100 grams and 50 euros a unit."""
    return tuple(
        Line(line_id=f"line-{sku}", sku=sku, quantity=q, unit_weight_grams=100, unit_price_micros=50 * EURO)
        for sku, q in quantities.items()
    )


def rules(*, prices: Prices | None = None, constraints: Constraints | None = None, **changes: Any) -> RuleSet:
    """A rule set of one channel that limits nothing, with changes."""
    ordinary: dict[str, Any] = {"channels": ("web",), "rule_set_id": "small"}
    return RuleSet(prices=prices or Prices(), constraints=constraints or Constraints(), **{**ordinary, **changes})


def world(
    nodes: list[Node],
    stock: dict[str, dict[str, int]],
    order: tuple[Line, ...],
    *,
    services: tuple[Service, ...] = (),
    rule_set: RuleSet | None = None,
    pool_uses: tuple[tuple[str, str, int], ...] = (),
    **cart: Any,
) -> World:
    """A world of these nodes with ``stock[node][sku]``; further arguments change the cart."""
    ordinary: dict[str, Any] = {
        "channel": "web",
        "destination": Destination(country_code="FR", point=HERE),
        "currency_code": "EUR",
        "placed_at": PLACED_AT,
    }
    return World(
        network=Network(currency_code="EUR", time_zone="UTC", nodes=tuple(nodes), services=services or (service(),)),
        rules=rule_set or rules(),
        rows=tuple(StockRow(node_id=n, sku=k, on_hand=u) for n, skus in stock.items() for k, u in skus.items()),
        pool_uses=pool_uses,
        cart=Cart(lines=order, **{**ordinary, **cart}),
    )


def decided(world: World, *, solve_ms: int = 10_000) -> Decision:
    """The engine's decision of a world."""
    return decide(world.cart, world.snapshot(), world.compiled_rules(), Budget(solve_ms=solve_ms))


def outcomes(decision: Decision) -> dict[str, NodeOutcome]:
    """What was said of the nodes that are not in the plan."""
    return {outcome.node_id: outcome for outcome in decision.left_out}


def local_day(instant: datetime, zone: str) -> date:
    """The day that a calendar on the wall shows then."""
    return instant.astimezone(ZoneInfo(zone)).date()

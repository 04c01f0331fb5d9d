"""The demo's goods, stock and orders, made from a seed: standard library only, the same seed gives the same data.

Stock follows a stated rule. A SKU's expected demand is its share of the units that `orders` asks for.

- One SKU in six is scarce: a warehouse holds 0 to 2 units, so only stores can serve most of its orders.
- Of the others, the first warehouse carries 85 of 100 and holds 0.8 to 2.4 times the expected demand; the second
  carries 70 of 100 and holds 0.5 to 1.2 times.
- A store carries 20 to 60 of 100 SKUs, more the larger its town, with 1 to 4 units each, best-sellers up to 3 more.

Orders come on five days in the rhythm of a web shop, from towns by population, with 1 to 8 lines. Most customers want
them at home; some hurry, some would rather collect in the store of their town.
"""

from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Final, Generic, TypeVar
from zoneinfo import ZoneInfo

from sourcier.demo.towns import TOWNS, Town
from sourcier.domain.order import Cart, Line, Order
from sourcier.domain.place import Destination
from sourcier.domain.stock import RecordKind, StockRecord

DATA: Final = Path(__file__).parent / "data"
NETWORK_FILE: Final = DATA / "network.yaml"
RULE_SET_FILES: Final = (DATA / "rules.yaml", DATA / "rules_protect_stores.yaml", DATA / "rules_one_parcel.yaml")

WAREHOUSES: Final = ("wh-orleans", "wh-lyon")
FIRST_DAY: Final = date(2026, 11, 23)  # a Monday
ORDERS_PER_DAY: Final = (290, 250, 240, 260, 310)
TIME_ZONE: Final = ZoneInfo("Europe/Paris")

# Relative numbers of orders in each hour of the day: quiet at night, lunch, and a long evening.
HOUR_WEIGHTS: Final = (8, 4, 2, 1, 1, 2, 6, 14, 24, 32, 36, 38, 44, 42, 36, 34, 36, 40, 44, 50, 62, 64, 46, 22)
LINE_COUNT_WEIGHTS: Final = {"web": (46, 24, 13, 7, 4, 3, 2, 1), "marketplace": (78, 16, 4, 1, 1, 0, 0, 0)}
QUANTITY_WEIGHTS: Final = (82, 13, 3, 2)  # 1 to 4 units
MARKETPLACE_SHARE: Final = 0.25
EXPRESS_SHARE: Final = 0.16  # of the web shop's orders
COURIER_SHARE: Final = 0.06  # of those in towns with couriers
COLLECT_SHARE: Final = 0.12  # of those in towns with a store
COURIER_THOUSANDS_MIN: Final = 200  # population of a town with couriers
SCARCE_SHARE: Final = 1 / 6
UNITS_PER_ORDER: Final = 2.6  # about what the weights above come to

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """A shelf: how many SKUs, and between which weights and prices they lie (spread evenly by ratio)."""

    code: str
    num_skus: int
    grams: tuple[int, int]
    euros: tuple[int, int]
    popularity: float


CATEGORIES: Final = (
    Category(code="KITCHEN", num_skus=60, grams=(150, 4_500), euros=(6, 120), popularity=1.2),
    Category(code="HOME", num_skus=50, grams=(200, 6_000), euros=(8, 150), popularity=1.0),
    Category(code="TEXTILE", num_skus=70, grams=(120, 1_200), euros=(9, 90), popularity=1.4),
    Category(code="TOYS", num_skus=45, grams=(100, 2_500), euros=(7, 80), popularity=1.1),
    Category(code="SPORT", num_skus=40, grams=(200, 9_000), euros=(10, 180), popularity=0.8),
    Category(code="GARDEN", num_skus=30, grams=(300, 14_000), euros=(12, 220), popularity=0.5),
    Category(code="AUDIO", num_skus=25, grams=(60, 3_500), euros=(19, 260), popularity=0.9),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """One SKU; `demand_share` is its share of all units ordered."""

    sku: str
    unit_weight_grams: int
    unit_price_micros: int
    demand_share: float
    scarce: bool


@cache
def catalogue(seed: int) -> tuple[Article, ...]:
    """Every article the retailer sells, in the order of its SKU."""
    random = Random(f"catalogue {seed}")
    drafts = [
        (category, number, category.popularity / (1 + random.randrange(category.num_skus)) ** 0.7)
        for category in CATEGORIES
        for number in range(1, category.num_skus + 1)
    ]
    total = sum(popularity for _, _, popularity in drafts)
    return tuple(
        Article(
            sku=f"{category.code}-{number:03d}",
            unit_weight_grams=round(_between(random, category.grams) / 10) * 10,
            unit_price_micros=round(_between(random, category.euros)) * 1_000_000 - 10_000,
            demand_share=popularity / total,
            scarce=random.random() < SCARCE_SHARE,
        )
        for category, number, popularity in drafts
    )


def stock_records(seed: int) -> tuple[StockRecord, ...]:
    """A first count of every SKU at every node that has it, by the rule at the top of this module."""
    random = Random(f"stock {seed}")
    records = []
    stores = [town for town in TOWNS if town.store]
    for article in catalogue(seed):
        demand = article.demand_share * sum(ORDERS_PER_DAY) * UNITS_PER_ORDER
        on_hand = dict(zip(WAREHOUSES, _warehouse_units(random, article, demand), strict=True))
        for town in stores:
            if random.random() < _carried_share(town):
                on_hand[town.store] = random.randint(1, 4) + random.randint(0, min(3, int(demand / 10)))
        records += [
            StockRecord(kind=RecordKind.COUNT, node_id=node_id, sku=article.sku, quantity=units, epoch=0, seq=1)
            for node_id, units in on_hand.items()
            if units
        ]
    return tuple(records)


def _warehouse_units(random: Random, article: Article, demand: float) -> tuple[int, int]:
    if article.scarce:
        return random.randint(0, 2), random.randint(0, 2)
    first = demand * (0.8 + 1.6 * random.random()) * (random.random() < 0.85)
    second = demand * (0.5 + 0.7 * random.random()) * (random.random() < 0.70)
    return round(first), round(second)


def _carried_share(town: Town) -> float:
    """The share of the catalogue that the town's store carries."""
    return min(0.6, 0.2 + town.population_thousands / 1_200)


def orders(seed: int, first_day: date = FIRST_DAY) -> tuple[Order, ...]:
    """Five days of orders from `first_day` (local time), sorted by the instant they are placed."""
    random = Random(f"orders {seed}")
    articles = catalogue(seed)
    popular = _Weighted(articles, [article.demand_share for article in articles])
    towns = _Weighted(TOWNS, [town.population_thousands for town in TOWNS])
    instants = sorted(
        _instant(random, first_day + timedelta(days=day))
        for day, num_orders in enumerate(ORDERS_PER_DAY)
        for _ in range(num_orders)
    )
    return tuple(
        Order(order_id=f"D{number:05d}", cart=_cart(random, placed_at, towns.draw(random), popular))
        for number, placed_at in enumerate(instants, 1)
    )


def _cart(random: Random, placed_at: datetime, town: Town, popular: "_Weighted[Article]") -> Cart:
    """One customer: what, how fast, and on the marketplace always by when."""
    channel = "marketplace" if random.random() < MARKETPLACE_SHARE else "web"
    services = _wishes(random.random(), town) if channel == "web" else ("standard",)
    wanted = random.random() < 0.3 and services == ("standard",)
    placed_on = placed_at.astimezone(TIME_ZONE).date()
    deliver_by = placed_on + timedelta(days=random.randint(4, 7))
    return Cart(
        channel=channel,
        destination=Destination(country_code="FR", postal_code=town.postal_code),
        lines=_lines(random, channel, popular),
        currency_code="EUR",
        placed_at=placed_at,
        services=services,
        deliver_by=deliver_by if channel == "marketplace" or wanted else None,
        store_ids=(town.store,) if "collect" in services else (),
    )


def _wishes(drawn: float, town: Town) -> tuple[str, ...]:
    """Services that a customer of the web shop would take, the favourite first; `drawn` is from 0 to 1."""
    if drawn < EXPRESS_SHARE:
        return ("express",)
    drawn -= EXPRESS_SHARE
    if town.population_thousands >= COURIER_THOUSANDS_MIN and drawn < COURIER_SHARE:
        return ("courier", "standard")
    drawn -= COURIER_SHARE
    if town.store and 0 <= drawn < COLLECT_SHARE:
        return ("collect", "shuttle", "standard")
    return ("standard",)


def _lines(random: Random, channel: str, popular: "_Weighted[Article]") -> tuple[Line, ...]:
    weights = LINE_COUNT_WEIGHTS[channel]
    num_lines = _Weighted(range(1, len(weights) + 1), weights).draw(random)
    basket: dict[str, Article] = {}
    while len(basket) < num_lines:
        article = popular.draw(random)
        basket[article.sku] = article
    quantities = _Weighted(range(1, len(QUANTITY_WEIGHTS) + 1), QUANTITY_WEIGHTS)
    return tuple(
        Line(
            line_id=str(number),
            sku=article.sku,
            quantity=quantities.draw(random),
            unit_weight_grams=article.unit_weight_grams,
            unit_price_micros=article.unit_price_micros,
        )
        for number, article in enumerate(basket.values(), 1)
    )


def _instant(random: Random, day: date) -> datetime:
    """An instant of a local day, in UTC, to the second."""
    hour = _Weighted(range(24), HOUR_WEIGHTS).draw(random)
    local = datetime(day.year, day.month, day.day, hour, random.randrange(60), random.randrange(60), tzinfo=TIME_ZONE)
    return local.astimezone(UTC)


def _between(random: Random, bounds: tuple[int, int]) -> float:
    """A number between the bounds, small ones as often as large ones by ratio."""
    low, high = bounds
    return float(low * (high / low) ** random.random())


class _Weighted(Generic[Item]):
    """Items drawn in proportion to their weights."""

    def __init__(self, items: Sequence[Item], weights: Sequence[float]) -> None:
        self._items = items
        self._cumulated = list(accumulate(weights))

    def draw(self, random: Random) -> Item:
        """One of the items."""
        return self._items[bisect(self._cumulated, random.random() * self._cumulated[-1], hi=len(self._items) - 1)]

"""Purchase orders: part of the first stock comes later, some of it late, some of it short."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random
from typing import Final

from sourcier.domain.network import Network, NodeType
from sourcier.domain.stock import StockRecord
from sourcier.domain.supply import SupplyKind, SupplyRecord

IMPORTED_SHARE: Final = 0.3
AT_ONCE_SHARE: Final = 0.5
DELIVERIES: Final = 4
LATE_SHARE: Final = 0.15
LATE_DAYS: Final = (1, 4)
SHORT_SHARE: Final = 0.05
SHORT_FACTOR: Final = 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """What the purchasing system says on the morning of `day`."""

    day: date
    records: tuple[SupplyRecord, ...]


def imported(
    stock: Iterable[StockRecord], network: Network, seed: int, first: date, last: date
) -> tuple[tuple[StockRecord, ...], tuple[Feed, ...]]:
    """The stock that is there at the start, and all feeds by day; the first announces every purchase order.

    Three articles in ten are imported: of their units in warehouses half is there, the rest comes in four deliveries.
    """
    warehouses = {node.node_id for node in network.nodes if node.node_type is NodeType.WAREHOUSE}
    left: list[StockRecord] = []
    announced: list[SupplyRecord] = []
    feeds: dict[date, list[SupplyRecord]] = {}
    for record in stock:
        random = Random(f"import {seed} {record.sku}")
        if record.node_id not in warehouses or random.random() >= IMPORTED_SHARE:
            left.append(record)
            continue
        at_once = round(record.quantity * AT_ONCE_SHARE)
        left.append(replace(record, quantity=at_once))
        for order, news in _orders(record, record.quantity - at_once, random, first, last):
            announced.append(order)
            for day, told in news:
                feeds.setdefault(day, []).append(told)
    later = (Feed(day=day, records=tuple(records)) for day, records in sorted(feeds.items()))
    return tuple(left), (Feed(day=first, records=tuple(announced)), *later)


def _orders(
    record: StockRecord, units: int, random: Random, first: date, last: date
) -> Iterator[tuple[SupplyRecord, list[tuple[date, SupplyRecord]]]]:
    """Each purchase order as it is announced, and what is said of it later."""
    days = max((last - first).days, DELIVERIES + 1)
    for number in range(DELIVERIES):
        quantity = units * (number + 1) // DELIVERIES - units * number // DELIVERIES
        # Every node draws the same days: one container for all.
        expected = first + timedelta(days=max(1, days * (number + 1) // (DELIVERIES + 1) + random.randint(-5, 5)))
        fate = random.random()
        late = random.randint(*LATE_DAYS)
        if quantity == 0:
            continue
        order = SupplyRecord(
            supply_id=f"PO-{record.sku}-{number}",
            kind=SupplyKind.PURCHASE_ORDER,
            node_id=record.node_id,
            sku=record.sku,
            quantity=quantity,
            expected_on=expected,
            epoch=0,
            seq=1,
        )
        received = replace(order, received=quantity, closed=True, seq=3)
        if fate < LATE_SHARE:
            arrives = expected + timedelta(days=late)
            yield order, [(expected, replace(order, expected_on=arrives, seq=2)), (arrives, received)]
        elif fate < LATE_SHARE + SHORT_SHARE:
            yield order, [(expected, replace(received, received=int(quantity * SHORT_FACTOR)))]
        else:
            yield order, [(expected, received)]

"""The first stock of every node, by the rule in the package's text."""

from collections.abc import Iterator
from functools import cache
from math import sqrt
from random import Random
from typing import Final

from benchmarks.online_retail.data import Data
from benchmarks.online_retail.geography import miles
from sourcier.domain.network import Network, NodeType
from sourcier.domain.stock import RecordKind, StockRecord

WAREHOUSE_CARRIES: Final = 0.9
STORE_CARRIES: Final = 0.2
STORE_UNITS: Final = (1, 6)
SAFETY_DEVIATIONS: Final = 0.5
SCARCE_SHARE: Final = 0.05
SCARCE_FACTOR: Final = 0.5


def records(data: Data, network: Network, seed: int) -> Iterator[StockRecord]:
    """A count of every SKU at every node that carries it, by SKU, then in the order of the network's nodes."""
    stores = [node.node_id for node in network.nodes if node.node_type is NodeType.STORE]
    shares = _shares_by_nearest(data)
    for sku, (units, squares) in sorted(_demand(data).items()):
        random = Random(f"stock {seed} {sku}")
        carriers = tuple(i for i in range(len(data.warehouses)) if random.random() < WAREHOUSE_CARRIES)
        factor = SCARCE_FACTOR if random.random() < SCARCE_SHARE else 1.0
        for i, share in shares(carriers or (random.randrange(len(data.warehouses)),)).items():
            deviation = sqrt(share * (1 - share) * squares)
            yield _count(data.warehouses[i].place_id, sku, factor * (share * units + SAFETY_DEVIATIONS * deviation))
        for node_id in stores:
            if random.random() < STORE_CARRIES:
                yield _count(node_id, sku, random.randint(*STORE_UNITS))


def _demand(data: Data) -> dict[str, tuple[int, int]]:
    """Units ordered of each SKU, and the sum of the squares of its lines' quantities."""
    demand: dict[str, tuple[int, int]] = {}
    for order in data.orders:
        for line in order.lines:
            units, squares = demand.get(line.sku, (0, 0))
            demand[line.sku] = units + line.quantity, squares + line.quantity**2
    return demand


def _shares_by_nearest(data: Data) -> "_Shares":
    nearest = [
        (city.population, sorted(range(len(data.warehouses)), key=lambda i: miles(city, data.warehouses[i])))
        for city in data.cities
    ]
    return _Shares(nearest)


class _Shares:
    """The share of the population whose nearest warehouse, of those that carry an article, is each of them."""

    def __init__(self, nearest: list[tuple[int, list[int]]]) -> None:
        self._nearest = nearest
        self._total = sum(population for population, _ in nearest)
        self._of = cache(self._count)

    def __call__(self, carriers: tuple[int, ...]) -> dict[int, float]:
        return self._of(carriers)

    def _count(self, carriers: tuple[int, ...]) -> dict[int, float]:
        people = dict.fromkeys(carriers, 0)
        for population, order in self._nearest:
            people[next(i for i in order if i in people)] += population
        return {i: number / self._total for i, number in people.items()}


def _count(node_id: str, sku: str, units: float) -> StockRecord:
    return StockRecord(kind=RecordKind.COUNT, node_id=node_id, sku=sku, quantity=round(units), epoch=0, seq=1)

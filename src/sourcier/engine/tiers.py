"""What a shipment costs by its weight: steps, one table for each service, and several of them as arrays."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tiers:
    """Shipping cost by shipment weight, ascending: `limit_g[T]` grams inclusive, `cost[T]` micros."""

    limit_g: IntArray
    cost: IntArray

    def at(self, grams: int) -> int | None:
        """The tier's cost for this weight; None if the service does not carry it."""
        tier = int(self.limit_g.searchsorted(grams))
        return int(self.cost[tier]) if tier < len(self.cost) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class TierTables:
    """Tables one by one, and as columns: `limit[T, table]` and `cost[T, table]`, where short ones repeat their last.

    A table carries ``heaviest[table]`` grams and costs ``cheapest[table]`` at least; `rising`: in none of them a
    heavier shipment costs less.
    """

    tables: tuple[Tiers, ...]
    limit: IntArray
    cost: IntArray
    heaviest: IntArray
    cheapest: IntArray
    rising: bool

    def __len__(self) -> int:
        """How many tables there are."""
        return len(self.tables)

    def __iter__(self) -> Iterator[Tiers]:
        """The tables, one by one."""
        return iter(self.tables)

    def __getitem__(self, table: int) -> Tiers:
        """One of them."""
        return self.tables[table]


def tier_tables(tables: Sequence[Tiers]) -> TierTables:
    """Several tables, one at least, side by side."""
    most = max(len(table.cost) for table in tables)
    limit, cost = (np.array([_lengthened(column, most) for column in columns]).T.copy() for columns in _columns(tables))
    return TierTables(
        tables=tuple(tables),
        limit=limit,
        cost=cost,
        heaviest=limit[-1],
        cheapest=cost.min(axis=0),
        rising=bool((cost[1:] >= cost[:-1]).all()),
    )


def _columns(tables: Sequence[Tiers]) -> tuple[list[list[int]], list[list[int]]]:
    return [table.limit_g.tolist() for table in tables], [table.cost.tolist() for table in tables]


def _lengthened(column: list[int], length: int) -> list[int]:
    return column + column[-1:] * (length - len(column))


def added(tables: Sequence[Tiers]) -> Tiers:
    """The sum of steps: what each costs at the weight, up to the heaviest that all of them carry."""
    heaviest = min(int(table.limit_g[-1]) for table in tables)
    limits = np.unique(np.concatenate([table.limit_g for table in tables]))
    limits = limits[limits <= heaviest]
    costs = [table.cost[np.searchsorted(table.limit_g, limits)] for table in tables]
    return Tiers(limit_g=limits, cost=np.sum(costs, axis=0))

"""What transport costs, as arrays: carriers' tariffs, added up over the legs that goods take.

``fixed + tier(grams) + sum over units of unit``: the tariff is that of `domain.network.Service`, all in whole micros.
"""

from dataclasses import dataclass

import numpy as np

from sourcier.engine.compile import UNLIMITED, BoolArray, CompiledNetwork, IntArray, steps_dominate


@dataclass(frozen=True, slots=True, kw_only=True)
class Tiers:
    """Shipping cost by shipment weight, ascending: `limit_g[T]` grams inclusive, `cost[T]` micros."""

    limit_g: IntArray
    cost: IntArray

    def at(self, grams: int) -> int | None:
        """The tier's cost for this weight; None if the service does not carry it."""
        tier = int(np.searchsorted(self.limit_g, grams))
        return int(self.cost[tier]) if tier < len(self.cost) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """What ways cost (axis T), apart from what goods weigh.

    ``fixed[T]`` micros a shipment, ``per_unit[T]`` micros a unit, and ``tiers[T]``, which indexes `tables`; they end at
    ``heaviest[T]`` grams. The first tables are those of the network's services, then FREE.
    """

    fixed: IntArray
    per_unit: IntArray
    tiers: IntArray
    heaviest: IntArray
    tables: tuple[Tiers, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Transport:
    """``fixed[C]`` micros a shipment, ``unit[D, C]`` micros a unit, and ``tiers[C]``, which indexes `tables`."""

    fixed: IntArray
    unit: IntArray
    tiers: IntArray
    tables: tuple[Tiers, ...]


FREE = Tiers(limit_g=np.array([UNLIMITED]), cost=np.zeros(1, dtype=np.int64))
"""Any weight for nothing."""


def transport(network: CompiledNetwork, leg_service: IntArray, leg_metres: IntArray, weight: IntArray) -> Transport:
    """The cost of ways by their legs ``[C, legs]`` (-1: no such leg) for units of ``weight[D]`` grams."""
    tariff = tariff_of(network, leg_service, leg_metres)
    unit = tariff.per_unit + by_weight(network, leg_service, weight)
    return Transport(fixed=tariff.fixed, unit=unit, tiers=tariff.tiers, tables=tariff.tables)


def tariff_of(network: CompiledNetwork, leg_service: IntArray, leg_metres: IntArray) -> Tariff:
    """The tariff of ways by their legs ``[T, legs]`` (-1: no such leg), added up."""
    fixed, per_unit = np.zeros((2, len(leg_service)), dtype=np.int64)
    for service, metres in zip(leg_service.T, leg_metres.T, strict=True):
        rate = network.rates.take(service, axis=1)  # the last column is that of no service
        fixed += rate[0] + thousandths(rate[1], metres)
        per_unit += rate[2] + thousandths(rate[3], metres)
    tiers, tables = _tiers(network, leg_service)
    heaviest = np.array([table.limit_g[-1] for table in tables], dtype=np.int64)[tiers]
    return Tariff(fixed=fixed, per_unit=per_unit, tiers=tiers, heaviest=heaviest, tables=tables)


def by_weight(network: CompiledNetwork, leg_service: IntArray, weight: IntArray) -> IntArray:
    """``[D, C]``: what a unit of ``weight[D]`` grams costs for its weight, on all legs together."""
    of_service = thousandths(network.rates[4][None, :], weight[:, None])
    cost: IntArray = of_service.take(leg_service[:, 0], axis=1)
    for service in leg_service.T[1:]:
        cost = cost + of_service.take(service, axis=1)
    return cost


def _tiers(network: CompiledNetwork, leg_service: IntArray) -> tuple[IntArray, tuple[Tiers, ...]]:
    tables = [*(Tiers(limit_g=s.tier_limit_g, cost=s.tier_cost) for s in network.services), FREE]
    index: IntArray = leg_service.max(axis=1, initial=-1) % len(tables)  # none of them: the last
    several = np.flatnonzero((leg_service >= 0).sum(axis=1) > 1) if leg_service.shape[1] > 1 else ()
    if len(several):
        rows, of_row = np.unique(leg_service[several], axis=0, return_inverse=True)
        index[several] = len(tables) + of_row.reshape(-1)
        tables += [added([tables[s] for s in row[row >= 0].tolist()]) for row in rows]
    return index, tuple(tables)


def added(tables: list[Tiers]) -> Tiers:
    """The sum of steps: what each costs at the weight, up to the heaviest that all of them carry."""
    heaviest = min(int(table.limit_g[-1]) for table in tables)
    limits = np.unique(np.concatenate([table.limit_g for table in tables]))
    limits = limits[limits <= heaviest]
    costs = [table.cost[np.searchsorted(table.limit_g, limits)] for table in tables]
    return Tiers(limit_g=limits, cost=np.sum(costs, axis=0))


def dominance(network: CompiledNetwork, tables: tuple[Tiers, ...]) -> BoolArray:
    """``[T, T]``: the first table costs no more than the second at any weight that the second carries."""
    if len(tables) == len(network.tier_dominates):
        return network.tier_dominates
    return np.array(
        [[steps_dominate((a.limit_g, a.cost), (b.limit_g, b.cost)) for b in tables] for a in tables], dtype=np.bool_
    )


def rounded(amount: IntArray, divisor: int) -> IntArray:
    """Integer division, halves up; amounts are not negative."""
    return (amount + divisor // 2) // divisor


def thousandths(rate: IntArray, amount: IntArray) -> IntArray:
    """``rate * amount / 1000``, halves up: metres at a rate per kilometre, grams at one per kilogram.

    The rate is taken apart first: a million a kilometre half way round the earth would not fit 64 bits otherwise.
    """
    thousands, rest = np.divmod(rate, 1_000)
    return thousands * amount + rounded(rest * amount, 1_000)

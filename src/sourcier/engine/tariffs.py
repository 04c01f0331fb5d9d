"""What transport costs, as arrays: carriers' tariffs, added up over the legs that goods take.

``fixed + tier(grams) + sum over units of unit``: the tariff is that of `domain.network.Service`, all in whole micros.
"""

from dataclasses import dataclass

import numpy as np

from sourcier.engine.compile import BoolArray, CompiledNetwork, IntArray, steps_dominate
from sourcier.engine.tiers import TierTables, added, tier_tables


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """What ways cost (axis T), apart from what goods weigh.

    ``fixed[T]`` micros a shipment, ``per_unit[T]`` micros a unit, and ``tiers[T]``, which indexes `tables`; they end at
    ``heaviest[T]`` grams. The first tables are the network's.
    """

    fixed: IntArray
    per_unit: IntArray
    tiers: IntArray
    heaviest: IntArray
    tables: TierTables

    @property
    def nbytes(self) -> int:
        """What the arrays occupy that are its own: the tables are nearly always the network's."""
        return self.fixed.nbytes + self.per_unit.nbytes + self.tiers.nbytes + self.heaviest.nbytes

    def take(self, chosen: IntArray) -> "Tariff":
        """The chosen ways, in that order."""
        return Tariff(
            fixed=self.fixed[chosen],
            per_unit=self.per_unit[chosen],
            tiers=self.tiers[chosen],
            heaviest=self.heaviest[chosen],
            tables=self.tables,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """What single legs cost (axis T), wherever they lead: micros a shipment and, behind it, a unit.

    ``fixed[2, T]``, and for each kilometre a thousand times ``thousands[2, T]`` and ``rest[2, T]``.
    """

    fixed: IntArray
    thousands: IntArray
    rest: IntArray

    def over(self, metres: IntArray) -> IntArray:
        """``[2, T]``: what they cost that lead so far."""
        cost: IntArray = self.fixed + _per_thousand(self.thousands, self.rest, metres)
        return cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Transport:
    """``fixed[C]`` micros a shipment, ``unit[D, C]`` micros a unit, and ``tiers[C]``, which indexes `tables`."""

    fixed: IntArray
    unit: IntArray
    tiers: IntArray
    tables: TierTables


def transport(network: CompiledNetwork, leg_service: IntArray, leg_metres: IntArray, weight: IntArray) -> Transport:
    """The cost of ways by their legs ``[C, legs]`` (-1: no such leg) for units of ``weight[D]`` grams."""
    tariff = tariff_of(network, leg_service, leg_metres)
    unit = tariff.per_unit + by_weight(network, leg_service, weight)
    return Transport(fixed=tariff.fixed, unit=unit, tiers=tariff.tiers, tables=tariff.tables)


def tariff_of(network: CompiledNetwork, leg_service: IntArray, leg_metres: IntArray) -> Tariff:
    """The tariff of ways by their legs ``[T, legs]`` (-1: no such leg), added up."""
    legs = [rates_of(network, leg).over(metres) for leg, metres in zip(leg_service.T, leg_metres.T, strict=True)]
    fixed, per_unit = sum(legs[1:], start=legs[0])
    tiers, tables = _tiers(network, leg_service)
    return Tariff(fixed=fixed, per_unit=per_unit, tiers=tiers, heaviest=tables.heaviest.take(tiers), tables=tables)


def rates_of(network: CompiledNetwork, service: IntArray) -> Rates:
    """The rates of one leg each (-1: no such leg)."""
    rate = network.rates.take(service, axis=1)  # the last column is that of no service
    thousands, rest = np.divmod(rate[1:4:2], 1_000)
    return Rates(fixed=rate[0:3:2], thousands=thousands, rest=rest)


def by_weight(network: CompiledNetwork, leg_service: IntArray, weight: IntArray) -> IntArray:
    """``[D, C]``: what a unit of ``weight[D]`` grams costs for its weight, on all legs together."""
    of_service = thousandths(network.rates[4][None, :], weight[:, None])
    cost: IntArray = of_service.take(leg_service[:, 0], axis=1)
    for service in leg_service.T[1:]:
        cost = cost + of_service.take(service, axis=1)
    return cost


def _tiers(network: CompiledNetwork, leg_service: IntArray) -> tuple[IntArray, TierTables]:
    tables = network.tiers
    if leg_service.shape[1] == 1:
        return leg_service[:, 0] % len(tables), tables  # no service: the last table
    index: IntArray = leg_service.max(axis=1) % len(tables)
    several = np.flatnonzero((leg_service >= 0).sum(axis=1) > 1)
    if len(several) == 0:
        return index, tables
    rows, of_row = np.unique(leg_service[several], axis=0, return_inverse=True)
    index[several] = len(tables) + of_row.reshape(-1)
    return index, tier_tables([*tables, *(added([tables[s] for s in row[row >= 0].tolist()]) for row in rows)])


def dominance(network: CompiledNetwork, tables: TierTables) -> BoolArray:
    """``[T, T]``: the first table costs no more than the second at any weight that the second carries."""
    if tables is network.tiers:
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
    return _per_thousand(*np.divmod(rate, 1_000), amount)


def _per_thousand(thousands: IntArray, rest: IntArray, amount: IntArray) -> IntArray:
    return thousands * amount + rounded(rest * amount, 1_000)

"""The cheapest way to bring one overfull shipment down to its weight limit: an exact min-knapsack by dynamic program.

Where a subset of offers, filled from the cheapest unit on, overfills one of them, some of its units must go to the
others, or stay unfilled. Demands are independent but for that weight, so each unit that leaves has a known price (the
next cheapest place for it), and the least price of `excess` grams or more is a knapsack over those units.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sourcier.engine.bounds import Relaxed
from sourcier.engine.compile import IntArray
from sourcier.engine.formulation import cheapest_first
from sourcier.engine.offers import Problem

EXCESS_MAX = 60_000
"""Grams to shed beyond which the table would be too large, and no bound is given."""

NEVER = np.int64(2**61)
"""The price of the impossible."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shed:
    """`extra` micros is the least that any filling of the subset costs above the unlimited one; `units` attains it
    if the other offers' limits let it."""

    extra: int
    units: IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parcel:
    """`count` units of demand d that can move together from offer `out_of` to offer `to` (-1: unfilled).

    `price` is micros a unit.
    """

    d: int
    out_of: int
    to: int
    count: int
    price: int


def shed(problem: Problem, relaxed: Relaxed, offers: NDArray[np.int64]) -> Shed | None:
    """Relieve the most overfull of `offers` at least cost; of two offers, without overfilling the other one.

    None if nothing is overfull, or too much. `extra` is a valid addition to the subset's unlimited cost in any case:
    it drops limits, never adds one.
    """
    units = cheapest_first(problem, offers, relaxed.unit)
    worth = relaxed.unit[:, offers] < problem.unfilled[:, None]
    spare = np.where(worth, problem.supply[:, offers], 0) - units
    limits = np.array([int(problem.tier_tables[problem.tiers[k]].limit_g[-1]) for k in offers])
    over = problem.weight @ units - limits
    j = int(np.argmax(over))
    if not 0 < over[j] <= EXCESS_MAX:
        return None
    parcels = _parcels(problem, relaxed, offers, units, spare, j)
    extra, chosen = _least_price(problem, parcels, int(over[j]))
    if len(offers) == 2 and sum(_grams(problem, parcel) for parcel in chosen if parcel.to >= 0) > -over[1 - j]:
        back = _parcels(problem, relaxed, offers, units, spare, 1 - j)
        room = int(-over[1 - j])
        within, chosen = _least_price_within(
            problem, [p for p in parcels if p.to >= 0], [p for p in back if p.to >= 0], int(over[j]), room
        )
        extra = max(extra, min(within, _least_unfilled(problem, relaxed, offers, units)))
    for parcel in chosen:
        units[parcel.d, parcel.out_of] -= parcel.count
        if parcel.to >= 0:
            units[parcel.d, parcel.to] += parcel.count
    return Shed(extra=extra, units=units)


def _grams(problem: Problem, parcel: _Parcel) -> int:
    return int(problem.weight[parcel.d]) * parcel.count


def _parcels(
    problem: Problem, relaxed: Relaxed, offers: NDArray[np.int64], units: IntArray, spare: IntArray, j: int
) -> list[_Parcel]:
    """The units of shipment j, each with the next cheapest place for it, in parcels of 1, 2, 4, ... units."""
    parcels = []
    for d in np.flatnonzero((units[:, j] > 0) & (problem.weight > 0)):
        left, own = int(units[d, j]), int(relaxed.unit[d, offers[j]])
        places = [(int(relaxed.unit[d, offers[to]]), to, int(spare[d, to])) for to in range(len(offers)) if to != j]
        places = sorted(place for place in places if place[2] > 0)
        places.append((int(problem.unfilled[d]), -1, left))
        for cost, to, room in places:
            here = min(left, room)
            left -= here
            size = 1
            while here > 0:
                count = min(size, here)
                parcels.append(_Parcel(d=int(d), out_of=j, to=to, count=count, price=cost - own))
                here -= count
                size *= 2
    return parcels


def _least_unfilled(problem: Problem, relaxed: Relaxed, offers: NDArray[np.int64], units: IntArray) -> int:
    """What it costs at least to leave one unit of some weight unfilled that the offers could ship."""
    own = np.where((units > 0) & (problem.weight > 0)[:, None], relaxed.unit[:, offers], NEVER)
    return int((problem.unfilled[:, None] - own)[own < NEVER].min())


def _least_price(problem: Problem, parcels: list[_Parcel], excess: int) -> tuple[int, list[_Parcel]]:
    """The least price of parcels that weigh `excess` grams or more, and which they are.

    ``least[g]`` after some parcels: the least price of g grams or more out of them.
    """
    least = np.full(excess + 1, NEVER, dtype=np.int64)
    least[0] = 0
    took = np.zeros((len(parcels), excess + 1), dtype=np.bool_)
    for index, parcel in enumerate(parcels):
        weight = min(_grams(problem, parcel), excess)
        with_it = np.empty_like(least)
        with_it[:weight] = least[0]
        with_it[weight:] = least[: excess + 1 - weight]
        with_it += parcel.price * parcel.count
        took[index] = with_it < least
        np.minimum(least, with_it, out=least)
    return int(least[excess]), _chosen(parcels, [_grams(problem, parcel) for parcel in parcels], took, excess)


def _least_price_within(
    problem: Problem, out: list[_Parcel], back: list[_Parcel], excess: int, room: int
) -> tuple[int, list[_Parcel]]:
    """The least price at which `excess` to `room` grams more go `out` to the other offer than come `back` from it.

    ``least[g]``: the least price of exactly g grams net, first of what goes out, then of what comes back. 0 where the
    table would be too large, NEVER where there is no such choice.
    """
    top = room + sum(_grams(problem, parcel) for parcel in back)
    if room < excess or top > EXCESS_MAX:
        return (int(NEVER) if room < excess else 0), []
    moves = out + back
    grams = [_grams(problem, p) for p in out] + [-_grams(problem, p) for p in back]
    least = np.full(top + 1, NEVER, dtype=np.int64)
    least[0] = 0
    took = np.zeros((len(moves), top + 1), dtype=np.bool_)
    for index, (parcel, weight) in enumerate(zip(moves, grams, strict=True)):
        with_it = np.full_like(least, NEVER)
        if weight > 0:
            with_it[weight:] = least[: max(0, top + 1 - weight)]
        else:
            with_it[: top + 1 + weight] = least[-weight:]
        with_it += parcel.price * parcel.count
        took[index] = with_it < least
        np.minimum(least, with_it, out=least)
    net = excess + int(np.argmin(least[excess : room + 1]))
    if least[net] >= NEVER:
        return int(NEVER), []
    return int(least[net]), _chosen(moves, grams, took, net)


def _chosen(parcels: list[_Parcel], grams: list[int], took: NDArray[np.bool_], net: int) -> list[_Parcel]:
    """Walk the table back from its last row."""
    chosen = []
    for index in range(len(parcels) - 1, -1, -1):
        if took[index, net]:
            chosen.append(parcels[index])
            net = max(0, net - grams[index])
    return chosen

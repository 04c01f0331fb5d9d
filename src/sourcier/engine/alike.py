"""What a proof says of a problem that differs from its own by a constant for each shipment.

Two services that reach the same nodes on the same days are such a pair: one costs so much more a parcel than the other.
A plan of m shipments then costs m times that much more, so a plan of the one is one of the other, and a bound on all
plans of the one bounds those of two and more shipments of the other.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sourcier.domain.plan import Proof
from sourcier.engine.compile import IntArray
from sourcier.engine.formulation import Cover
from sourcier.engine.offers import Problem


class Proven(NamedTuple):
    """A plan of a problem, a lower bound on every plan, what proved it, and the dual point of the ascent."""

    problem: Problem
    cover: Cover
    bound: int
    proof: Proof
    price: IntArray


class Kin(NamedTuple):
    """What is so known of another problem: a plan, a bound on plans of two and more shipments, what proved that, and a
    dual point as good as an ascent finds."""

    cover: Cover
    several: int
    proof: Proof
    price: IntArray


def kin_of(problem: Problem, proven: Sequence[Proven]) -> Kin | None:
    """What the last proof of a problem that is alike says of this one; None where there is none."""
    for known in reversed(proven):
        more = more_a_shipment(known.problem, problem)
        if more is None:
            continue
        most = problem.num_offers if problem.max_shipments is None else problem.max_shipments
        cover = known.cover
        return Kin(
            cover=Cover(offers=cover.offers, units=cover.units, objective=cover.objective + more * len(cover.offers)),
            several=known.bound + more * (2 if more >= 0 else most),
            proof=known.proof,
            price=known.price,
        )
    return None


def more_a_shipment(one: Problem, other: Problem) -> int | None:
    """By how many micros a shipment of the other problem costs more, whatever it holds; None where they differ in
    more."""
    if one.num_offers != other.num_offers or not all(
        getattr(one, name) is getattr(other, name) or getattr(one, name) == getattr(other, name) for name in _FIGURES
    ):
        return None
    difference = other.fixed - one.fixed
    more = int(difference[0])
    if (difference != more).any() or not all(_equal(getattr(one, name), getattr(other, name)) for name in _ARRAYS):
        return None
    tables, others = one.tier_tables, other.tier_tables
    for column, counterpart in ((tables.limit, others.limit), (tables.cost, others.cost)):
        if not _equal(column.take(one.tiers, axis=1), counterpart.take(other.tiers, axis=1)):
            return None
    return more


_FIGURES = ("lines_of", "split", "max_shipments", "max_nodes_per_line", "fill")
_ARRAYS = (
    *("node", "quantity", "weight", "unfilled", "group", "family", "cap_units", "cap_lines"),
    *("unit", "supply", "available"),
)


def _equal(one: IntArray, other: IntArray) -> bool:
    return one is other or (one.shape == other.shape and bool(np.all(one == other)))

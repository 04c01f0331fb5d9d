"""The decision as algebra, and the exact cost and feasibility of any answer to it.

Sets: demands d with quantity q_d; offers k (node n(k), service, ship day); stock groups g.

Variables: x_dk units of d from k; y_k offer opened; u_d units unfilled; v_dn line d touches node n.

    min  sum_k (fixed_k y_k + tier_k(W_k)) - split [any y_k]     W_k = sum_d weight_d x_dk, grams
       + sum_dk unit_dk x_dk + sum_d unfilled_d u_d
    s.t. sum_k x_dk + u_d = q_d                                  cover
         sum_{d in g} x_dk <= available_gk                       stock, protection taken off
         sum_d x_dk <= cap_units_k;  |{d: x_dk > 0}| <= cap_lines_k   node-day capacity
         x_dk <= supply_dk y_k                                   link
         sum_{k of n} y_k <= 1                                   a node picks an order once
         sum_k y_k <= max_shipments
         |{n: x_dn > 0}| <= max_nodes_per_line                   per order line
         W_k <= heaviest tier of k
         fill ALL, ALL_OR_NOTHING: unfilled_d exceeds the cost of any plan that fills everything

`fixed_k` carries one split price per shipment; the first shipment's is credited back. Lateness is priced per unit and
day, inside unit_dk. `solver` states the same model for CP-SAT; `tests` hold both against a model built from the
domain objects alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sourcier.engine.compile import IntArray
from sourcier.engine.offers import Fill, Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """An answer: `units[D, k]` from each of the opened `offers[k]` (ascending), and its exact objective, micros."""

    offers: NDArray[np.int64]
    units: IntArray
    objective: int

    def fills(self, quantity: IntArray) -> bool:
        """Whether it brings every unit of the demands ``quantity[D]``."""
        return int(self.units.sum()) == int(quantity.sum())


def nothing(problem: Problem) -> Cover:
    """Ship nothing at all."""
    none = np.zeros(0, dtype=np.int64)
    units = np.zeros((len(problem.quantity), 0), dtype=np.int64)
    return Cover(offers=none, units=units, objective=unfilled_cost(problem, units))


def ceiling(problem: Problem, best: Cover) -> int:
    """Only plans that cost less are of interest: less than the best one and, where every unit must be filled, less than
    one that is not, for its price exceeds the cost of any plan that fills all."""
    return best.objective if problem.fill is Fill.PARTIAL else min(best.objective, int(problem.unfilled.min()))


def cover(problem: Problem, offers: NDArray[np.int64], units: IntArray) -> Cover:
    """Price an assignment exactly; offers that carry nothing are closed."""
    used = units.any(axis=0)
    offers, units = offers[used], units[:, used]
    if len(offers) == 0:
        return nothing(problem)
    objective = (
        int(problem.fixed[offers].sum())
        - problem.split
        + int((problem.unit[:, offers] * units).sum())
        + sum(tier_costs(problem, offers, (problem.weight @ units).tolist()))
        + unfilled_cost(problem, units)
    )
    return Cover(offers=offers, units=units, objective=objective)


def cheapest_first(problem: Problem, offers: NDArray[np.int64], unit: IntArray) -> IntArray:
    """``units[D, offer]``: every demand from its cheapest open offer on by ``unit[D, K]``, whatever else breaks."""
    unit, supply = unit[:, offers], problem.supply[:, offers]
    supply = np.where(unit < problem.unfilled[:, None], supply, 0)
    if len(offers) == 1:
        return supply
    order = np.argsort(unit, axis=1, kind="stable")
    rows = np.arange(len(order))[:, None]
    reached = np.minimum(np.cumsum(supply[rows, order], axis=1), problem.quantity[:, None])
    reached[:, 1:] -= reached[:, :-1].copy()
    units = np.empty_like(reached)
    units[rows, order] = reached
    return units


def unfilled_cost(problem: Problem, units: IntArray) -> int:
    """The price of what an assignment leaves unfilled, micros."""
    return int((problem.unfilled * (problem.quantity - units.sum(axis=1))).sum())


def tier_costs(problem: Problem, offers: NDArray[np.int64], grams: Sequence[int]) -> list[int]:
    """The weight tier of every opened offer with so many grams, micros; every weight is one that it carries."""
    costs = []
    for tiers, weight in zip(problem.tiers[offers].tolist(), grams, strict=True):
        cost = problem.tier_tables[tiers].at(weight)
        assert cost is not None, "a plan is heavier than its service carries"
        costs.append(cost)
    return costs


def breaks(problem: Problem, offers: NDArray[np.int64], units: IntArray) -> bool:
    """Whether an assignment that respects `supply` breaks any other constraint."""
    opened = units > 0
    return bool(
        _breaks_stock(problem, offers, units)
        or (units.sum(axis=0) > problem.cap_units[offers]).any()
        or (opened.sum(axis=0) > problem.cap_lines[offers]).any()
        or (problem.weight @ units > heaviest(problem, offers)).any()
        or (problem.max_shipments is not None and opened.any(axis=0).sum() > problem.max_shipments)
        or (problem.max_nodes_per_line is not None and (opened.sum(axis=1) > problem.max_nodes_per_line).any())
        or len(set(problem.node[offers].tolist())) < len(offers)
    )


def _breaks_stock(problem: Problem, offers: NDArray[np.int64], units: IntArray) -> bool:
    if not problem.shares_stock:
        return False
    taken = np.zeros((int(problem.group.max()) + 1, len(offers)), dtype=np.int64)
    np.add.at(taken, problem.group, units)
    return bool((taken[problem.group] > problem.available[:, offers]).any())


def heaviest(problem: Problem, offers: NDArray[np.int64] | slice) -> IntArray:
    """Grams that each of the offers carries at most."""
    found: IntArray = problem.tier_tables.heaviest[problem.tiers[offers]]
    return found

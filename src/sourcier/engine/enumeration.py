"""Exact enumeration of every subset of a few offers, all subsets at once.

`relaxed_costs` prices 2^F subsets by filling every demand from the cheapest open stock on; where the problem has
nothing that the relaxation drops, that price is the subset's optimum.
"""

import numpy as np
from numpy.typing import NDArray

from sourcier.engine.bounds import Dual, Relaxed
from sourcier.engine.compile import IntArray
from sourcier.engine.offers import Problem

OFFERS_MAX = 12
"""Offers that are enumerated at most: 4,096 subsets."""


def relaxed_costs(problem: Problem, relaxed: Relaxed) -> IntArray:
    """``cost[subset]``: a lower bound on every plan that opens exactly this subset of the problem's offers.

    Bit k of the subset's index says whether offer k is open. Subsets that open two offers of a node, or more than
    max_shipments, cost the largest integer.
    """
    num_offers = problem.num_offers
    cost = np.zeros(1 << num_offers, dtype=np.int64)
    for k in range(num_offers):
        _with_offer(cost, k)[...] += relaxed.fixed[k]
    cost[1:] -= problem.split
    for d in range(len(problem.quantity)):
        cost += _fill_cost(problem, relaxed, d)
    cost[~_allowed(problem)] = np.iinfo(np.int64).max
    return cost


def dual_costs(problem: Problem, dual: Dual) -> IntArray:
    """``cost[subset]``: the Lagrangian bound of every plan that opens exactly this subset; it sees the weight tiers."""
    cost = np.full(1 << problem.num_offers, int((problem.quantity * dual.price).sum()) - problem.split, dtype=np.int64)
    for k in range(problem.num_offers):
        _with_offer(cost, k)[...] += dual.value[k]
    cost[0] = int((problem.quantity * problem.unfilled).sum())
    return cost


def _with_offer(subsets: IntArray, k: int) -> IntArray:
    """The view of all subsets that open offer k."""
    view: IntArray = subsets.reshape(-1, 2, 1 << k)[:, 1, :]
    return view


def _fill_cost(problem: Problem, relaxed: Relaxed, d: int) -> IntArray:
    """Demand d filled from the cheapest open offer on, the rest left unfilled."""
    quantity, unfilled = int(problem.quantity[d]), int(problem.unfilled[d])
    cost = np.full(1 << problem.num_offers, quantity * unfilled, dtype=np.int64)
    rest = np.full(1 << problem.num_offers, quantity, dtype=np.int64)
    for k in np.argsort(relaxed.unit[d], kind="stable"):
        supply, saving = int(problem.supply[d, k]), unfilled - int(relaxed.unit[d, k])
        if supply == 0 or saving <= 0:
            continue
        open_rest = _with_offer(rest, int(k))
        taken = np.minimum(open_rest, supply)
        open_rest -= taken
        taken *= saving
        _with_offer(cost, int(k))[...] -= taken
    return cost


def _allowed(problem: Problem) -> NDArray[np.bool_]:
    num_offers = problem.num_offers
    subsets = np.arange(1 << num_offers)
    allowed = np.ones(1 << num_offers, dtype=np.bool_)
    if problem.max_shipments is not None and problem.max_shipments < num_offers:
        opened = sum(((subsets >> k) & 1 for k in range(num_offers)), np.zeros_like(subsets))
        allowed &= opened <= problem.max_shipments
    for k in range(1, num_offers):
        for other in range(k):
            if problem.node[k] == problem.node[other]:
                both = (1 << k) | (1 << other)
                allowed &= (subsets & both) != both
    return allowed


def members(subset: int, num_offers: int) -> NDArray[np.int64]:
    """The offers of a subset's index, ascending."""
    return np.flatnonzero((subset >> np.arange(num_offers)) & 1)

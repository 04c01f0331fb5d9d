"""The documented logic of other systems, one function each. All of them leave unfilled what nobody has."""

from collections.abc import Iterable
from itertools import combinations, islice
from typing import Final

import numpy as np

from benchmarks.peers.view import Peer, View
from sourcier.engine.compile import IntArray

COMBINATIONS_MAX: Final = 10_000  # Salesforce states this limit of its search
RANKED_MAX: Final = 10  # IBM's documented default of nodes that reach the cost step
FLUENT_BANDS_M: Final = (50_000, 200_000, 500_000, 1_000_000)


def magento_priority(order: View) -> IntArray:
    """Magento MSI, source priority: every line from the sources in one fixed order."""
    return _by_nodes(order, np.arange(len(order.distance_m)))


def magento_distance(order: View) -> IntArray:
    """Magento MSI, distance priority: every line from the nearest sources that have it."""
    return _by_nodes(order, np.argsort(order.distance_m, kind="stable"))


def manhattan(order: View) -> IntArray:
    """Manhattan Active Omni: the location that fills most lines, then the cheapest of them; again for the rest."""
    units, left = _nothing(order), order.wanted.copy()
    while left.any():
        offers = [order.taken(left, node) for node in range(units.shape[1])]
        scores = [
            (int(((given == left) & (left > 0)).sum()), int(given.sum()), -order.cost_of(node, given))
            for node, given in enumerate(offers)
        ]
        best = max(range(len(scores)), key=scores.__getitem__, default=None)
        if best is None or not offers[best].any():
            break
        units[:, best] += offers[best]
        left -= offers[best]
    return units


def hotwax(order: View) -> IntArray:
    """HotWax: rules in turn: a warehouse with everything, a store with everything, then parts by proximity."""
    near = np.argsort(order.distance_m, kind="stable")
    for group in (order.warehouse, ~order.warehouse):
        for node in near[group[near]]:
            given = order.taken(order.wanted, int(node))
            if (given == order.wanted).all():
                return _only(order, int(node), given)
    return _by_nodes(order, near)


def fluent(order: View) -> IntArray:
    """Fluent: lexicographic scores, here availability in quarters, then banded distance, then the network's order."""
    units, left = _nothing(order), order.wanted.copy()
    bands = np.searchsorted(FLUENT_BANDS_M, order.distance_m)
    while left.any():
        offers = [order.taken(left, node) for node in range(units.shape[1])]
        scores = [(int(given.sum()) * 4 // int(left.sum()), -int(bands[k])) for k, given in enumerate(offers)]
        useful = [k for k, given in enumerate(offers) if given.any()]
        if not useful:
            break
        best = max(useful, key=lambda k: (scores[k], -k))
        units[:, best] += offers[best]
        left -= offers[best]
    return units


def salesforce(order: View) -> IntArray:
    """Salesforce: the fewest locations that have everything, of those the smallest average distance.

    The search looks at a stated number of combinations; beyond it, and where nothing covers all, nearest first.
    """
    near = np.argsort(order.distance_m, kind="stable")
    reachable = np.minimum(order.wanted, order.supply.sum(axis=1))
    looked = 0
    for count in range(1, len(near) + 1):
        covering = []
        for chosen in islice(combinations(near, count), COMBINATIONS_MAX - looked):
            looked += 1
            if (order.supply[:, list(chosen)].sum(axis=1) >= reachable).all():
                covering.append(chosen)
        if covering:
            best = min(covering, key=lambda nodes: int(order.distance_m[list(nodes)].sum()))
            units = _by_nodes(order, best)
            if (units.sum(axis=1) >= reachable).all():
                return units
        if looked >= COMBINATIONS_MAX:
            break
    return _by_nodes(order, near)


def fulfillmenttools(order: View) -> IntArray:
    """fulfillmenttools: the best rated facility with everything; otherwise split in sequence, the best rated first.

    The rating adds penalties: distance (0 to 1,000 km) and the share of the order that is not there, equally.
    """
    units, left = _nothing(order), order.wanted.copy()
    far = np.minimum(order.distance_m, 1_000_000) / 1_000_000
    while left.any():
        offers = [order.taken(left, node) for node in range(units.shape[1])]
        share = np.array([given.sum() for given in offers]) / left.sum()
        useful = [k for k in range(len(offers)) if share[k] > 0]
        if not useful:
            break
        complete = [k for k in useful if share[k] == 1]
        best = min(complete or useful, key=lambda k: far[k] + 1 - share[k])
        units[:, best] += offers[best]
        left -= offers[best]
    return units


def ranked(order: View) -> IntArray:
    """The nodes that reach IBM's cost step: the first ten by what filling a unit from that node alone costs."""
    given = [order.taken(order.wanted, node) for node in range(len(order.distance_m))]
    per_unit = [order.cost_of(k, units) / units.sum() if units.any() else np.inf for k, units in enumerate(given)]
    order_of = sorted(range(len(per_unit)), key=lambda k: (-int(given[k].sum()), per_unit[k]))
    return np.array(sorted(order_of[:RANKED_MAX]), dtype=np.int64)


def _nothing(order: View) -> IntArray:
    return np.zeros_like(order.supply)


def _only(order: View, node: int, given: IntArray) -> IntArray:
    units = _nothing(order)
    units[:, node] = given
    return units


def _by_nodes(order: View, nodes: Iterable[int] | IntArray) -> IntArray:
    """Each node in turn gives all it has of what is left; line by line in this order of nodes comes to the same."""
    units, left = _nothing(order), order.wanted.copy()
    for node in nodes:
        given = order.taken(left, int(node))
        units[:, node] = given
        left -= given
    return units


RULES: Final[dict[str, Peer]] = {
    "Magento, priority": magento_priority,
    "Magento, distance": magento_distance,
    "Manhattan, most lines then cheapest": manhattan,
    "HotWax, cascade": hotwax,
    "Fluent, lexicographic score": fluent,
    "Salesforce, fewest splits then distance": salesforce,
    "fulfillmenttools, sequential split": fulfillmenttools,
}

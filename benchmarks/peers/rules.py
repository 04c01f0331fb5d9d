"""The documented logic of other systems, one function each. All of them leave unfilled what nobody has.

Each docstring names the public documentation; what stands after "Open:" is not said there and was decided here.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import combinations, islice
from typing import Final

import numpy as np

from benchmarks.peers.view import Peer, View
from sourcier.engine.compile import IntArray

TRIES_MAX: Final = 1_000_000  # locations sets that Salesforce's search looks at, and
FOUND_MAX: Final = 10_000  # those that it returns
CHUNK: Final = 2_000  # sets that are looked at together
RANKED_MAX: Final = 10  # IBM's documented default of nodes that reach the cost step
FLUENT_BANDS_M: Final = (50_000, 200_000, 500_000, 1_000_000)
FAR_M: Final = 1_000_000


def magento_priority(order: View) -> IntArray:
    """Magento, source priority: enabled sources in one fixed order; each gives what it has of what is left.

    Source: magento/inventory, ``PriorityBasedAlgorithm`` and ``GetDefaultSortedSourcesResult``: no split penalty, cost,
    capacity or look-ahead. Open: the order of priorities, here the network's (warehouses first).
    """
    return _by_nodes(order, range(len(order.distance_m)))


def magento_distance(order: View) -> IntArray:
    """Magento, distance priority: the same, the nearest sources first.

    Source: magento/inventory, ``DistanceBasedAlgorithm``.
    """
    return _by_nodes(order, _near(order))


def manhattan(order: View) -> IntArray:
    """Manhattan Active Omni: the location that fills most lines, of those the cheapest; again for the rest.

    Source: its guide to order promising: locations that fill most lines ("no cost optimization is performed at this
    stage"), then shipping and handling cost, then capacity; repeated on what is left. Open: between two that fill as
    many lines, units of other lines count before cost.
    """

    def best(left: IntArray, given: IntArray) -> int:
        lines = ((given == left[:, None]) & (left > 0)[:, None]).sum(axis=0)
        score = lines * (int(left.sum()) + 1) + given.sum(axis=0)
        most = np.flatnonzero(score == score.max())
        return min((int(k) for k in most), key=lambda k: order.cost_of(k, given[:, k]))

    return _one_by_one(order, best)


def hotwax(order: View) -> IntArray:
    """HotWax: inventory rules in turn: a warehouse with everything, a store with everything, then parts by proximity.

    Source: hotwax/oms-documentation, ``configurableRouting``: rules of filters and sorts (here facility group and
    proximity); an order that a rule cannot allocate moves to the next; the last rule allocates partially. Open: which
    rules a retailer sets up.
    """
    near = _near(order)
    whole = (order.given(order.wanted) == order.wanted[:, None]).all(axis=0)
    for group in (order.warehouse, ~order.warehouse):
        complete = near[(whole & group)[near]]
        if len(complete):
            return _by_nodes(order, complete[:1])
    return _by_nodes(order, near)


def fluent(order: View) -> IntArray:
    """Fluent: criteria scored in turn, the next only breaks ties; the best location ships, again for the rest.

    Source: its documentation of Responsive Sourcing: ``inventoryAvailabilityBanded``, ``locationDistanceBanded`` and
    ``networkPriority`` among the criteria, ``defaultMaxSplit`` on the profile. Open: this choice of criteria and of
    bands: quarters of what is left, 50, 200, 500 and 1,000 km.
    """
    bands = np.searchsorted(FLUENT_BANDS_M, order.distance_m)

    def best(left: IntArray, given: IntArray) -> int:
        quarters = given.sum(axis=0) * 4 // int(left.sum())
        useful = np.flatnonzero(given.any(axis=0))
        return int(useful[np.lexsort((useful, bands[useful], -quarters[useful]))[0]])

    return _one_by_one(order, best)


def salesforce(order: View) -> IntArray:
    """Salesforce: the fewest locations that have everything, of those the smallest average distance.

    Source: Salesforce Help, automated order routing, and ConnectApi ``findRoutesWithFewestSplits`` and
    ``rankAverageDistance``: single locations first, then pairs, and so on; at most 1,000,000 tries and 10,000 sets
    found. Open: inside a set the nearest gives first; where no set is found, locations give from the nearest on.
    """
    near = _near(order)
    reachable = np.minimum(order.wanted, order.supply.sum(axis=1))
    for chosen in _fewest(order, near, reachable):
        units = _by_nodes(order, chosen)
        if (units.sum(axis=1) >= reachable).all():
            return units
    return _by_nodes(order, near)


def _fewest(order: View, near: IntArray, reachable: IntArray) -> Iterator[IntArray]:
    """The sets of fewest locations that have everything, the smallest average distance first."""
    limit, tries = order.problem.max_shipments or len(near), 0
    ranked = -np.sort(-order.supply, axis=1)
    for count in range(1, min(limit, len(near)) + 1):
        if (ranked[:, :count].sum(axis=1) < reachable).any():
            continue  # no set of so many can: the best ones of a single line already fall short
        found: list[IntArray] = []
        sets = combinations(near.tolist(), count)
        while tries < TRIES_MAX and len(found) < FOUND_MAX and (some := list(islice(sets, CHUNK))):
            tries += len(some)
            chosen = np.array(some, dtype=np.int64)
            there = order.supply[:, chosen].sum(axis=2) >= reachable[:, None]
            found += list(chosen[there.all(axis=0)])
        if found or tries >= TRIES_MAX:
            yield from sorted(found[:FOUND_MAX], key=lambda nodes: int(order.distance_m[nodes].sum()))
            return


def fulfillmenttools(order: View) -> IntArray:
    """fulfillmenttools: the best rated facility with everything; otherwise split in sequence, the best rated first.

    Source: its routing documentation: fences (complete stock, capacity), then ratings that add penalties, among them
    distance (0 to 1,000 km) and stock availability; what is not covered is routed again. Open: both penalties weigh
    the same.
    """
    far = np.minimum(order.distance_m, FAR_M) / FAR_M

    def best(left: IntArray, given: IntArray) -> int:
        share = given.sum(axis=0) / left.sum()
        complete = np.flatnonzero(share == 1)
        useful = complete if len(complete) else np.flatnonzero(share > 0)
        return int(useful[np.argmin((far + 1 - share)[useful])])

    return _one_by_one(order, best)


def ranked(order: View) -> IntArray:
    """The nodes that reach IBM's cost step: those that can give most, of equal ones the cheapest a unit, ten of them.

    Source: IBM Sterling Intelligent Promising, ``rankNodesLimit`` and ``minNodesForRanking`` (both 10). Open: the rank
    itself, here by units and then by the very costs that the next step adds up.
    """
    given = order.given(order.wanted)
    total = given.sum(axis=0)
    per_unit = [order.cost_of(k, given[:, k]) / total[k] if total[k] else np.inf for k in range(len(total))]
    first = np.lexsort((per_unit, -total))[:RANKED_MAX]
    return np.sort(first)


def _near(order: View) -> IntArray:
    return np.argsort(order.distance_m, kind="stable")


def _one_by_one(order: View, best: Callable[[IntArray, IntArray], int]) -> IntArray:
    """The best node gives all it has of what is left, again and again."""
    units, left = np.zeros_like(order.supply), order.wanted.copy()
    while left.any() and order.may_open(units):
        given = order.given(left)
        given[:, units.any(axis=0)] = 0
        if not given.any():
            break
        node = best(left, given)
        units[:, node] = given[:, node]
        left -= given[:, node]
    return units


def _by_nodes(order: View, nodes: Iterable[int] | IntArray) -> IntArray:
    """Each node in turn gives all it has of what is left; line by line in this order of nodes comes to the same."""
    units, left = np.zeros_like(order.supply), order.wanted.copy()
    for node in nodes:
        if not left.any() or not order.may_open(units):
            break
        given = order.taken(left, int(node))
        units[:, node] = given
        left -= given
    return units


RULES: Final = (
    Peer(name="Magento, priority", plan=magento_priority),
    Peer(name="Magento, distance", plan=magento_distance),
    Peer(name="Manhattan, most lines then cheapest", plan=manhattan, dates=True, capacity=True, splits=True),
    Peer(name="HotWax, cascade", plan=hotwax, capacity=True),
    Peer(name="Fluent, lexicographic score", plan=fluent, capacity=True, splits=True),
    Peer(name="Salesforce, fewest splits then distance", plan=salesforce, capacity=True, splits=True),
    Peer(name="fulfillmenttools, sequential split", plan=fulfillmenttools, dates=True, capacity=True, splits=True),
)

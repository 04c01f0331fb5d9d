"""What product pages show: for up to a hundred SKUs at once, how much there is, from when by which method, and where.

One unit of each SKU is looked at. How such a cart could travel is found once for all SKUs, to the destination and to
every store in question; then everything is a gather over what is there by SKU, node and day.
"""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date, datetime
from functools import cache

import numpy as np

from sourcier.domain.availability import (
    Availability,
    AvailabilityQuery,
    EarliestDate,
    NextSupply,
    SkuAvailability,
    StoreStock,
)
from sourcier.domain.errors import Reason, Violation, invalid
from sourcier.domain.network import NodeType
from sourcier.domain.order import Cart, Line
from sourcier.domain.place import Destination
from sourcier.engine.available import ON_HAND, Available, look
from sourcier.engine.candidates import starts
from sourcier.engine.compile import (
    NODE_TYPES,
    UNLIMITED,
    BoolArray,
    CompiledNetwork,
    CompiledRules,
    IntArray,
)
from sourcier.engine.going import going
from sourcier.engine.places import Place, place_at, place_of
from sourcier.engine.prefilter import ask_for, check_cart
from sourcier.engine.snapshot import Snapshot
from sourcier.engine.stores import chosen_stores, nearest_stores
from sourcier.engine.trips import reach

ONE_UNIT = (1, 1)
"""The load of a cart with one unit: (lines, units)."""

CANDIDATES_AT_ONCE = 128
"""Of a service, looked at for all SKUs that none before them brings."""


def availability(query: AvailabilityQuery, snapshot: Snapshot, rules: CompiledRules, at: datetime) -> Availability:
    """Answer for one channel and one destination or store, as of the instant `at`.

    The units of all nodes are summed from which at least one can be had there by some service. Dates are those that
    a cart of one unit would be promised, its weight left aside.

    Raises
    ------
    Refusal
        CHANNEL_UNKNOWN, POSTAL_CODE_UNKNOWN, or NODE_UNKNOWN for a `store_id` that is no store.
    """
    network = snapshot.network
    place, destination = _place(query, network)
    cart = _cart(query, network, destination, at)
    check_cart(cart, snapshot, rules)
    available = look(cart, snapshot, rules)
    arrival, reaches = _arrivals(cart, place, snapshot, rules, available)
    units = (available.on_hand @ reaches).tolist()
    columns = (
        query.skus,
        units,
        bands(rules, units),
        _earliest(network, arrival),
        _stores(snapshot, place, rules, available, query),
        _next_supplies(available, reaches),
    )
    return Availability(
        skus=tuple(
            [
                SkuAvailability(sku=sku, units=count, band=band, earliest=earliest, stores=stores, next_supply=supply)
                for sku, count, band, earliest, stores, supply in zip(*columns, strict=True)
            ]
        ),
        time_zone=place.time_zone,
        rule_set_revision=rules.revision_name,
        snapshot_version=snapshot.version,
    )


def bands(rules: CompiledRules, units: Sequence[int]) -> list[str]:
    """The rule set's words for numbers of units: the label of the highest band reached; empty if none is."""
    label_of = {b.min_units: b.label for b in reversed(rules.rule_set.bands)}  # of equal ones the first counts
    least = sorted(label_of)
    labels = ["", *(label_of[count] for count in least)]
    return [labels[bisect_right(least, count)] for count in units]


def _place(query: AvailabilityQuery, network: CompiledNetwork) -> tuple[Place, Destination]:
    if query.destination is not None:
        return place_of(network, query.destination), query.destination
    index = network.node_index.get(query.store_id)
    store = None if index is None else network.network.nodes[index]
    if store is None or store.node_type is not NodeType.STORE:
        fault = Violation(field="store_id", description=f"the network has no store {query.store_id!r}")
        raise invalid([fault], Reason.NODE_UNKNOWN)
    return place_at(network, store.point, store.time_zone), Destination(country_code="", point=store.point)


def _cart(query: AvailabilityQuery, network: CompiledNetwork, destination: Destination, at: datetime) -> Cart:
    """A cart that wants one unit of each SKU; whatever service brings it."""
    return Cart(
        channel=query.channel,
        destination=destination,
        lines=tuple(Line(line_id=str(i), sku=sku, quantity=1) for i, sku in enumerate(query.skus)),
        currency_code=network.network.currency_code,
        placed_at=at,
        store_ids=(query.store_id,) if query.store_id else (),
    )


def _arrivals(
    cart: Cart, place: Place, snapshot: Snapshot, rules: CompiledRules, available: Available
) -> tuple[IntArray, BoolArray]:
    """The first ``arrival[sku, service]`` (ordinals, UNLIMITED: never), and the nodes ``reaches[N]`` with a candidate.

    A candidate brings what its node has by a day.
    """
    network = snapshot.network
    num_services, wanted = len(network.services), np.ones(len(cart.lines), dtype=np.int64)
    ask, _ = ask_for(cart, snapshot, rules, ONE_UNIT, available.useful(wanted))
    delivering = tuple(s for s, one in enumerate(network.network.services) if not one.method.collected)
    door = None if cart.store_ids else place
    whole = reach(ask.table, door, delivering, _collected_at(cart, place, snapshot, rules))
    arrival = np.full((len(cart.lines), num_services), UNLIMITED)
    reaches = np.zeros(len(network.node_index), dtype=np.bool_)
    begins = starts(ask)
    found = going(ask, whole, (), begins)
    trip, ready, on = found.departing.trip, begins.ready[found.departing.start], found.arrival
    service, node = whole.trips.way[trip] % num_services, whole.trips.node[trip]
    order = np.lexsort((on, service))
    service, node, ready, on = service[order], node[order], ready[order], on[order]
    reaches[node] = True
    first = _first_ready(available)
    for one in range(num_services):
        mine = slice(*service.searchsorted([one, one + 1]).tolist())
        arrival[:, one] = _soonest(first, node[mine], ready[mine], on[mine])
    return arrival, reaches


def _soonest(first: IntArray, node: IntArray, ready: IntArray, on: IntArray) -> IntArray:
    """The day ``on[C]`` of the first candidate that brings each SKU (UNLIMITED: none does); they stand by day.

    Most SKUs come with one of the first candidates, so these are looked at first.
    """
    found = np.full(len(first), UNLIMITED)
    left = np.arange(len(first))
    for begin in range(0, len(node), CANDIDATES_AT_ONCE):
        block = slice(begin, begin + CANDIDATES_AT_ONCE)
        has = first[left].take(node[block], axis=1) <= ready[block]
        at = has.argmax(axis=1)
        hit = has[np.arange(len(left)), at]
        found[left[hit]] = on[begin + at[hit]]
        left = left[~hit]
        if len(left) == 0:
            break
    return found


def _collected_at(cart: Cart, place: Place, snapshot: Snapshot, rules: CompiledRules) -> list[tuple[int, int]]:
    """(service, store) of everything that could be collected: at the store asked for, or at the nearest ones."""
    network, promising = snapshot.network, rules.rule_set.promising
    chosen = chosen_stores(cart, network)
    return [
        (index, store)
        for index, compiled in enumerate(network.services)
        if compiled.service.method.collected
        for store in chosen
        or nearest_stores(
            snapshot, index, place.distance_m, radius_m=promising.store_radius_m, count=promising.nearest_stores
        )
    ]


def _first_ready(available: Available) -> IntArray:
    """``first[sku, N]``: ON_HAND where a unit is there now, else the first day on which supply is, else UNLIMITED."""
    first = np.full(available.on_hand.shape, UNLIMITED)
    latest_first = np.flatnonzero(available.units > 0)[::-1]
    first[available.line[latest_first], available.node[latest_first]] = available.ready[latest_first]
    first[available.on_hand > 0] = ON_HAND
    return first


def _earliest(network: CompiledNetwork, arrival: IntArray) -> list[tuple[EarliestDate, ...]]:
    """Of every SKU one entry per service with an ``arrival[sku, service]``, by date, then by id."""
    services = sorted(enumerate(network.network.services), key=lambda entry: entry[1].service_id)
    keys = np.where(arrival < UNLIMITED, arrival * len(services), UNLIMITED)[:, [s for s, _ in services]]
    keys += np.arange(len(services))
    keys.sort(axis=1)

    @cache
    def entry(key: int) -> EarliestDate:
        day, position = divmod(key, len(services))
        service = services[position][1]
        return EarliestDate(method=service.method, service_id=service.service_id, on=date.fromordinal(day))

    return [tuple(entry(key) for key in row if key < UNLIMITED) for row in keys.tolist()]


def _stores(
    snapshot: Snapshot, place: Place, rules: CompiledRules, available: Available, query: AvailabilityQuery
) -> list[tuple[StoreStock, ...]]:
    """Of every SKU the first stores by distance that have some, within the rule set's radius."""
    network = snapshot.network
    is_store = network.node_type == NODE_TYPES.index(NodeType.STORE)
    if NodeType.STORE in rules.excluded[query.channel]:
        is_store = np.zeros_like(is_store)
    near = np.flatnonzero(is_store & snapshot.online & (place.distance_m <= rules.rule_set.promising.store_radius_m))
    near = near[np.argsort(place.distance_m[near], kind="stable")]
    units = available.on_hand.take(near, axis=1)
    has = units > 0
    row, position = np.nonzero(has & (has.cumsum(axis=1) <= query.nearby_stores))
    store_ids = [network.network.nodes[n].node_id for n in near.tolist()]
    distances = place.distance_m[near].tolist()

    @cache
    def entry(at: int, quantity: int) -> StoreStock:
        return StoreStock(store_id=store_ids[at], units=quantity, distance_m=distances[at])

    found: list[list[StoreStock]] = [[] for _ in units]
    for sku, at, quantity in zip(row.tolist(), position.tolist(), units[row, position].tolist(), strict=True):
        found[sku].append(entry(at, quantity))
    return [tuple(entries) for entries in found]


def _next_supplies(available: Available, reaches: BoolArray) -> list[NextSupply | None]:
    """Of every SKU the first day on which supply is ready at a node that ``reaches[N]``, and all that is then ready."""
    num_skus = len(available.on_hand)
    first, total = np.full(num_skus, UNLIMITED), np.zeros(num_skus, dtype=np.int64)
    counts = (available.units > 0) & reaches[available.node]
    np.minimum.at(first, available.line[counts], available.ready[counts])
    counts &= available.ready == first[available.line]
    np.add.at(total, available.line[counts], available.units[counts])
    rows, lines = available.rows, available.line[counts].tolist()
    preorder = {line for line, r in zip(lines, np.flatnonzero(counts).tolist(), strict=True) if rows[r].preorder}
    total = np.minimum(total, UNLIMITED)
    return [
        NextSupply(on=date.fromordinal(day), units=units, preorder=i in preorder) if units else None
        for i, (day, units) in enumerate(zip(first.tolist(), total.tolist(), strict=True))
    ]

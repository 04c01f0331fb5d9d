"""What product pages show: for up to a hundred SKUs at once, how much there is, from when by which method, and where.

One unit of each SKU is looked at. The lanes of such a cart are found once, for they do not depend on the SKU; then
everything is a gather over ``available[sku, node]``.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from zoneinfo import ZoneInfo

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
from sourcier.engine.compile import (
    NODE_TYPES,
    UNLIMITED,
    BoolArray,
    CompiledNetwork,
    CompiledRules,
    IntArray,
    distances_m,
)
from sourcier.engine.prefilter import Lanes, check_cart, lanes, locate
from sourcier.engine.snapshot import Snapshot

ONE_UNIT = (1, 1)
"""The load of a cart with one unit: (lines, units)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where the goods are wanted. `distance_m[N]` is from every node."""

    destination: Destination
    time_zone: str
    distance_m: IntArray


def availability(query: AvailabilityQuery, snapshot: Snapshot, rules: CompiledRules, at: datetime) -> Availability:
    """Answer for one channel and one destination or store, as of the instant `at`.

    The units of all nodes are summed from which at least one can be had there by some service. Dates are those that
    a cart of one unit would be promised, its weight left aside.

    Raises
    ------
    Refusal
        CHANNEL_UNKNOWN, POSTAL_CODE_UNKNOWN, or NODE_UNKNOWN for a `store_id` that is no store.
    """
    place = _place(query, snapshot.network)
    cart = _cart(query, snapshot.network, place, at)
    check_cart(cart, snapshot, rules)
    floor = _floors(query.channel, snapshot.network, rules)
    available = _available(query, snapshot, rules, floor)
    arrival, reaches = _arrivals(cart, snapshot, rules, available)
    units = available[:, reaches].sum(axis=1)
    supply = _next_supplies(query.skus, snapshot, floor, reaches, at)
    earliest = _earliest(snapshot.network, arrival)
    stores = _stores(snapshot.network, place, rules, available, query.nearby_stores)
    return Availability(
        skus=tuple(
            SkuAvailability(
                sku=sku,
                units=int(units[i]),
                band=band(rules, int(units[i])),
                earliest=earliest[i],
                stores=stores[i],
                next_supply=supply[i],
            )
            for i, sku in enumerate(query.skus)
        ),
        time_zone=place.time_zone,
        rule_set_revision=rules.revision_name,
        snapshot_version=snapshot.version,
    )


def band(rules: CompiledRules, units: int) -> str:
    """The rule set's word for so many units: the label of the highest band reached; empty if none is."""
    reached = [b for b in rules.rule_set.bands if units >= b.min_units]
    return max(reached, key=lambda b: b.min_units).label if reached else ""


def _place(query: AvailabilityQuery, network: CompiledNetwork) -> _Place:
    if query.destination is not None:
        point, time_zone = locate(network, query.destination)
        return _Place(destination=query.destination, time_zone=time_zone, distance_m=distances_m(network, point))
    index = network.node_index.get(query.store_id)
    store = None if index is None else network.network.nodes[index]
    if store is None or store.node_type is not NodeType.STORE:
        fault = Violation(field="store_id", description=f"the network has no store {query.store_id!r}")
        raise invalid([fault], Reason.NODE_UNKNOWN)
    return _Place(
        destination=Destination(country_code="", point=store.point),
        time_zone=store.time_zone,
        distance_m=distances_m(network, store.point),
    )


def _cart(query: AvailabilityQuery, network: CompiledNetwork, place: _Place, at: datetime) -> Cart:
    """A cart that wants one unit of each SKU; whatever service brings it."""
    return Cart(
        channel=query.channel,
        destination=place.destination,
        lines=tuple(Line(line_id=str(i), sku=sku, quantity=1) for i, sku in enumerate(query.skus)),
        currency_code=network.network.currency_code,
        placed_at=at,
        store_ids=(query.store_id,) if query.store_id else (),
    )


def _floors(channel: str, network: CompiledNetwork, rules: CompiledRules) -> IntArray:
    """``floor[N]``: units of every SKU that are kept back from the channel."""
    channel_class = rules.channel_class[channel]
    floors: IntArray = np.array([rules.floors[t][channel_class] for t in NODE_TYPES], dtype=np.int64)
    return floors[network.node_type]


def _available(query: AvailabilityQuery, snapshot: Snapshot, rules: CompiledRules, floor: IntArray) -> IntArray:
    """``available[sku, node]`` for the channel now: protection taken off, nothing at nodes that do not take part."""
    excluded = np.array([t in rules.excluded[query.channel] for t in NODE_TYPES])
    takes_part = snapshot.online & ~excluded[snapshot.network.node_type]
    return np.where(takes_part, np.maximum(snapshot.free(query.skus) - floor, 0), 0)


def _arrivals(cart: Cart, snapshot: Snapshot, rules: CompiledRules, available: IntArray) -> tuple[IntArray, BoolArray]:
    """The first ``arrival[sku, service]`` (ordinals, UNLIMITED: never), and the nodes ``reaches[N]`` with a lane."""
    network = snapshot.network
    arrival = np.full((len(available), len(network.services)), UNLIMITED)
    reaches = np.zeros(len(network.node_index), dtype=np.bool_)
    for found in _trips(cart, snapshot, rules):
        reaches[found.node] = True
        for service in np.unique(found.service):
            mine = found.service == service
            dated = np.where(available[:, found.node[mine]] > 0, found.arrival[mine], UNLIMITED)
            arrival[:, service] = np.minimum(arrival[:, service], dated.min(axis=1))
    return arrival, reaches


def _trips(cart: Cart, snapshot: Snapshot, rules: CompiledRules) -> Iterator[Lanes]:
    """The lanes to the destination."""
    yield lanes(cart, snapshot, rules, ONE_UNIT)


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
    network: CompiledNetwork, place: _Place, rules: CompiledRules, available: IntArray, most: int
) -> list[tuple[StoreStock, ...]]:
    """Of every SKU the first `most` stores by distance that have some, within the rule set's radius."""
    is_store = network.node_type == NODE_TYPES.index(NodeType.STORE)
    near = np.flatnonzero(is_store & (place.distance_m <= rules.rule_set.promising.store_radius_m))
    near = near[np.argsort(place.distance_m[near], kind="stable")]
    units = available[:, near]
    has = units > 0
    row, position = np.nonzero(has & (np.cumsum(has, axis=1) <= most))
    stores = [(network.network.nodes[n].node_id, int(place.distance_m[n])) for n in near]
    found: list[list[StoreStock]] = [[] for _ in available]
    for sku, at, quantity in zip(row.tolist(), position.tolist(), units[row, position].tolist(), strict=True):
        store_id, distance_m = stores[at]
        found[sku].append(StoreStock(store_id=store_id, units=quantity, distance_m=distance_m))
    return [tuple(entries) for entries in found]


def _next_supplies(
    skus: tuple[str, ...], snapshot: Snapshot, floor: IntArray, reaches: BoolArray, at: datetime
) -> list[NextSupply | None]:
    """Of every SKU the first day on which supply is ready at a node that ``reaches[N]``, and all that is then ready."""
    supplies = snapshot.supplies(skus)
    network = snapshot.network
    today = np.array([at.astimezone(ZoneInfo(zone)).date().toordinal() for zone in network.time_zones], dtype=np.int64)
    ready, units = supplies.ready(today[network.zone_of]), supplies.available(snapshot.free(skus), floor)
    first = np.full(len(skus), UNLIMITED)
    counts = (units > 0) & reaches[supplies.node]
    np.minimum.at(first, supplies.sku[counts], ready[counts])
    counts &= ready == first[supplies.sku]
    total = np.zeros(len(skus), dtype=np.int64)
    np.add.at(total, supplies.sku[counts], units[counts])
    preorder = {int(supplies.sku[r]) for r in np.flatnonzero(counts) if supplies.rows[r].preorder}
    return [
        NextSupply(on=date.fromordinal(day), units=min(n, int(UNLIMITED)), preorder=i in preorder) if n else None
        for i, (day, n) in enumerate(zip(first.tolist(), total.tolist(), strict=True))
    ]

"""Ways on which goods can travel to where they are wanted, whenever that is: what depends on the network alone.

A trip begins at a node and ends at the customer's door, at a store where the customer collects, or at a hub. What is
collected where it lies is a trip too, of no legs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from sourcier.domain.network import Method
from sourcier.engine.columns import Columns
from sourcier.engine.compile import BoolArray, CompiledNetwork, IntArray
from sourcier.engine.places import Place, place_at
from sourcier.engine.tariffs import Rates, Tariff, rates_of, tariff_of
from sourcier.engine.timetable import Timetable

NONE = np.int64(-1)
"""Stands for "no shift", "no departure", "no leg" and "no node"."""

LEGS_MAX = 3
"""Transfer lanes that goods take one after the other at most."""

FREE, ALONE, VIA = 0, 1, 2
"""Families of offers: those of a plan are all FREE, one that is ALONE, or all of one hub's (VIA and above)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trips(Columns):
    """Trips over axis T.

    Goods leave `node[T]` by `service[T]`, on a departure of the run `schedule[T]` (NONE: there is none). Of every leg
    (NONE: no such leg) there are the service that it pays (`leg_service[T, legs]`), its `leg_metres`, the node `leg_to`
    at its end (NONE: the customer) and its row of transit (`leg_transit`; NONE in all legs: the goods stay). `to[T]` is
    the store or hub that the goods are sent to (NONE: none), `way[T]` says which way to get the order the trip is part
    of (`way_of`), `family[T]` what goes together with what.
    """

    node: IntArray
    service: IntArray
    schedule: IntArray
    leg_service: IntArray
    leg_metres: IntArray
    leg_to: IntArray
    leg_transit: IntArray
    to: IntArray
    way: IntArray
    family: IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Where an order can come from: its trips, which of them are `moved` and which `kept`, what they cost.

    `to_hubs`: some end at hubs. `by_node`: all are moved, and stand by node. ``served[N]``: a wanted service collects
    at the node; ``reached[N]``: it reaches the destination from there.
    """

    trips: Trips
    moved: IntArray
    kept: IntArray
    to_hubs: bool
    by_node: bool
    tariff: Tariff
    served: BoolArray
    reached: BoolArray

    @property
    def nbytes(self) -> int:
        """What the arrays occupy."""
        own = (self.trips, self.moved, self.kept, self.tariff, self.served, self.reached)
        return sum([part.nbytes for part in own])

    def with_nodes_of_other_ways(self, nodes: BoolArray) -> BoolArray:
        """The mask ``nodes[N]``, and all nodes of the ways that none of them is on."""
        node, way = self.trips.node, self.trips.way
        known = np.zeros(int(way.max(initial=-1)) + 1, dtype=np.bool_)
        known[way[nodes[node]]] = True
        if known[way].all():
            return nodes
        found = nodes.copy()
        found[node[~known[way]]] = True
        return found


def way_of(network: CompiledNetwork, service: IntArray, store: IntArray) -> IntArray:
    """One number per way to get an order: by the service, collected at the store (NONE: delivered)."""
    return (store + 1) * len(network.services) + service


def reach(table: Timetable, place: Place | None, services: Sequence[int], pairs: Sequence[tuple[int, int]]) -> Reach:
    """Deliveries to the place by the services, and collections for every (service, store) pair.

    The timetable keeps what was asked for last: the next order to the same place finds it there, and one to another
    place finds the trips to the stores.
    """

    def made() -> Reach:
        parts = [] if place is None else [_delivered(table, place, services)]
        parts += [table.reaches.of(pair, partial(_collected, table, *pair)) for pair in pairs]
        served = np.zeros(len(table.network.node_index), dtype=np.bool_)
        for part in parts:
            served[part.serving] = True
        trips = _side_by_side([part.trips for part in parts])
        tariff = _tariff(table.network, trips, [part.tariff for part in parts])
        return reach_of(trips, tariff, served, by_node=not pairs)

    return table.reaches.of((None if place is None else place.key, tuple(services), tuple(pairs)), made)


def reach_of(trips: Trips, tariff: Tariff, served: BoolArray, *, to_hubs: bool = False, by_node: bool = False) -> Reach:
    """What is so reached by the trips."""
    reached = np.zeros(len(served), dtype=np.bool_)
    reached[trips.node] = True
    moves = trips.leg_transit[:, 0] >= 0
    return Reach(
        trips=trips,
        moved=moves.nonzero()[0],
        kept=(~moves).nonzero()[0],
        to_hubs=to_hubs,
        by_node=by_node,
        tariff=tariff,
        served=served,
        reached=reached,
    )


def with_more(network: CompiledNetwork, found: Reach, trips: Trips, more: Sequence[Trips]) -> Reach:
    """The `trips`, which are those `found` in other families, and some to hubs."""
    whole = _side_by_side([trips, *more])
    tariff = tariff_of(network, whole.leg_service, whole.leg_metres)
    return replace(reach_of(whole, tariff, found.served, to_hubs=bool(more)), reached=found.reached)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """Some of the trips, what they cost, and the nodes ``serving[.]`` at which one collects, reached or not."""

    trips: Trips
    tariff: Tariff
    serving: IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class _Doors:
    """Trips to any door of a time zone: how far it is, and whether it is reached, is not known yet."""

    trips: Trips
    rates: Rates
    tariff: Tariff


def _tariff(network: CompiledNetwork, trips: Trips, parts: Sequence[Tariff]) -> Tariff:
    """The tariff of the trips of all parts, one part after the other."""
    if len(parts) == 1:
        return parts[0]
    if not parts or any(part.tables is not network.tiers for part in parts):
        return tariff_of(network, trips.leg_service, trips.leg_metres)
    return Tariff(
        fixed=np.concatenate([part.fixed for part in parts]),
        per_unit=np.concatenate([part.per_unit for part in parts]),
        tiers=np.concatenate([part.tiers for part in parts]),
        heaviest=np.concatenate([part.heaviest for part in parts]),
        tables=network.tiers,
    )


def _delivered(table: Timetable, place: Place, services: Sequence[int]) -> _Part:
    """To the customer's door by the services."""
    zone = place.time_zone
    doors = table.reaches.of((tuple(services), zone), lambda: _delivering(table, services, zone))
    some, known = doors.trips, doors.tariff
    metres = place.distance_m[some.node]
    transit = table.transit.rows(some.node, some.service, metres, place.zone_id)
    fixed, per_unit = doors.rates.over(metres)
    tariff = Tariff(fixed=fixed, per_unit=per_unit, tiers=known.tiers, heaviest=known.heaviest, tables=known.tables)
    trips = Trips(
        node=some.node,
        service=some.service,
        schedule=some.schedule,
        leg_service=some.leg_service,
        leg_metres=metres[:, None],
        leg_to=some.leg_to,
        leg_transit=transit[:, None],
        to=some.to,
        way=some.way,
        family=some.family,
    )
    reached = (transit >= 0).nonzero()[0]
    if len(reached) < len(transit):
        trips, tariff = trips.take(reached), tariff.take(reached)
    return _Part(trips=trips, tariff=tariff, serving=some.node)


def _delivering(table: Timetable, services: Sequence[int], time_zone: str) -> _Doors:
    network, wanted = table.network, np.array(services, dtype=np.int64)
    node, position = np.nonzero(network.collects[:, wanted])
    service, nowhere = wanted[position], np.full(len(node), NONE)
    trips = Trips(
        node=node,
        service=service,
        schedule=table.schedules(time_zone)[node, service].astype(np.int64),
        leg_service=service[:, None],
        leg_metres=nowhere[:, None],
        leg_to=nowhere[:, None],
        leg_transit=nowhere[:, None],
        to=nowhere,
        way=way_of(network, service, nowhere),
        family=np.full(len(node), FREE),
    )
    at_no_distance = tariff_of(network, trips.leg_service, np.zeros_like(trips.leg_metres))
    return _Doors(trips=trips, rates=rates_of(network, service), tariff=at_no_distance)


def _collected(table: Timetable, service: int, store: int) -> _Part:
    """What lies at the store, and what nodes send there; the last leg is by the service, which the customer asked for.

    A service of CLICK_AND_COLLECT must be the store's, and costs its tariff for 0 metres.
    """
    network = table.network
    method = network.services[service].service.method
    way = int(way_of(network, np.array(service), np.array(store)))
    parts, serving = [], []
    if method is not Method.CLICK_AND_COLLECT or network.collects[store, service]:
        serving.append(store)
        pays = service if method is Method.CLICK_AND_COLLECT else int(NONE)
        parts.append(lying(store, service, way=way, pays=pays))
    if method is Method.SHIP_TO_STORE:
        sent = sent_to(table, store, frozenset({service}), way=way)
        serving += sent.node.tolist()
        parts.append(sent.take(np.flatnonzero(reaching(sent))))
    trips = _side_by_side(parts)
    return _Part(
        trips=trips,
        tariff=tariff_of(network, trips.leg_service, trips.leg_metres),
        serving=np.array(serving, dtype=np.int64),
    )


def lying(node: int, service: int, *, way: int, pays: int = -1, to: int = -1, family: int = FREE) -> Trips:
    """Goods that stay at a node; they cost the tariff of the service that `pays` for 0 metres (NONE: nothing)."""
    one = np.array([NONE])
    return Trips(
        node=np.array([node]),
        service=np.array([service]),
        schedule=one,
        leg_service=np.array([[pays]]),
        leg_metres=np.zeros((1, 1), dtype=np.int64),
        leg_to=one[:, None],
        leg_transit=one[:, None],
        to=np.array([to]),
        way=np.array([way]),
        family=np.array([family]),
    )


def sent_to(
    table: Timetable, target: int, last_services: frozenset[int] | None = None, *, way: int, family: int = FREE
) -> Trips:
    """Every way to the target over at most LEGS_MAX transfer lanes, by `last_services` into it (None: by any).

    Those of one leg come first, then those of more; whether they reach it is for `reaching` to say.
    """
    network = table.network
    shorter: list[tuple[tuple[int, int], ...]] = [
        ((start, service),)
        for start, service in network.transfers.get(target, ())
        if last_services is None or service in last_services
    ]
    found = list(shorter)
    for _ in range(LEGS_MAX - 1):
        shorter = [
            ((start, service), *legs) for legs in shorter for start, service in network.transfers.get(legs[0][0], ())
        ]
        found += shorter
    width = max((len(legs) for legs in found), default=1)
    service, to, start = np.full((3, len(found), width), NONE)
    for t, legs in enumerate(found):
        start[t, : len(legs)] = [node for node, _ in legs]
        service[t, : len(legs)] = [by for _, by in legs]
        to[t, : len(legs)] = [*(node for node, _ in legs[1:]), target]
    metres, transit = np.zeros_like(to), np.full_like(to, NONE)
    for end in np.unique(to[to >= 0]).tolist():
        node = network.network.nodes[end]
        at = np.nonzero(to == end)
        metres[at] = place_at(network, node.point, node.time_zone).distance_m[start[at]]
    there = np.nonzero(to >= 0)
    transit[there] = table.transit.rows(start[there], service[there], metres[there], "")
    return Trips(
        node=start[:, 0],
        service=service[:, 0],
        schedule=table.schedule[start[:, 0], service[:, 0]].astype(np.int64),
        leg_service=service,
        leg_metres=metres,
        leg_to=to,
        leg_transit=transit,
        to=np.full(len(found), target),
        way=np.full(len(found), way),
        family=np.full(len(found), family),
    )


def through_hub(table: Timetable, service: int, hub: int, family: int) -> list[Trips]:
    """What lies at the hub and what nodes send there, to go on to the customer by the service as one parcel."""
    sent = sent_to(table, hub, way=service, family=family)
    return [
        lying(hub, service, way=service, to=hub, family=family),
        sent.take(np.flatnonzero(reaching(sent))),
    ]


def reaching(trips: Trips) -> BoolArray:
    """Which trips reach their end on every leg."""
    reached: BoolArray = np.all((trips.leg_transit >= 0) | (trips.leg_service < 0), axis=1)
    return reached


def _side_by_side(parts: Sequence[Trips]) -> Trips:
    """The trips of all parts, as wide as the one with most legs; none if there is no part."""
    if len(parts) == 1:
        return parts[0]
    legs = max((part.leg_service.shape[1] for part in parts), default=1)
    wide = [part if part.leg_service.shape[1] == legs else _widened(part, legs) for part in parts]
    return Trips.joined(wide) if wide else lying(0, 0, way=0).take(np.zeros(0, dtype=np.int64))


def _widened(part: Trips, legs: int) -> Trips:
    def wide(of_leg: IntArray, filler: int) -> IntArray:
        found = np.full((len(of_leg), legs), filler)
        found[:, : of_leg.shape[1]] = of_leg
        return found

    return replace(
        part,
        leg_service=wide(part.leg_service, -1),
        leg_metres=wide(part.leg_metres, 0),
        leg_to=wide(part.leg_to, -1),
        leg_transit=wide(part.leg_transit, -1),
    )

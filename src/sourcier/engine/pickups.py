"""From when goods can be collected at several stores at once: what `going` finds for one store after the other.

For one store and service it is `going.collected`; product pages ask for a handful of stores by every service that is
collected, and want days only.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from sourcier.domain.network import Method
from sourcier.engine.candidates import Ask, departing, starts, staying
from sourcier.engine.compile import IntArray
from sourcier.engine.transfers import Routes, arriving, collectable, reaching, routes_to, transits_of, ways_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Pickups:
    """Candidates over axis C: what ``node[C]`` has by the day ``ready[C]`` can be collected on the day ``on[C]``."""

    service: IntArray
    node: IntArray
    ready: IntArray
    on: IntArray


def pickups(ask: Ask, pairs: Sequence[tuple[int, int]]) -> Pickups:
    """All useful candidates for (service, store) pairs, after a deadline as well; every service is collected."""
    service = np.array([service for service, _ in pairs], dtype=np.int64)
    store = np.array([store for _, store in pairs], dtype=np.int64)
    own, sent = _own(ask, service, store), _sent(ask, pairs)
    return Pickups(
        service=np.concatenate([own.service, sent.service]),
        node=np.concatenate([own.node, sent.node]),
        ready=np.concatenate([own.ready, sent.ready]),
        on=np.concatenate([own.on, sent.on]),
    )


def _own(ask: Ask, service: IntArray, store: IntArray) -> Pickups:
    """The stores' own stock; a service of CLICK_AND_COLLECT must be the store's."""
    network, table = ask.snapshot.network, ask.table
    click = np.array([s.service.method is Method.CLICK_AND_COLLECT for s in network.services], dtype=np.bool_)
    offered = np.flatnonzero(network.collects[store, service] | ~click[service])
    service, store = service[offered], store[offered]
    found = staying(ask, starts(_from(ask, store)))
    node = found.starts.node
    on = table.local_day(node, table.next_opening(node, found.at))
    pair, candidate = np.nonzero(store[:, None] == node[None, :])
    return Pickups(service=service[pair], node=node[candidate], ready=found.starts.ready[candidate], on=on[candidate])


def _sent(ask: Ask, pairs: Sequence[tuple[int, int]]) -> Pickups:
    """What nodes send to the stores over transfer lanes."""
    network, table = ask.snapshot.network, ask.table
    parts = [
        (service, store, routes_to(network, store, frozenset({service})))
        for service, store in pairs
        if network.services[service].service.method is Method.SHIP_TO_STORE
    ]
    lengths = [len(routes.node) for _, _, routes in parts]
    service = np.repeat(np.array([service for service, _, _ in parts], dtype=np.int64), lengths)
    store = np.repeat(np.array([store for _, store, _ in parts], dtype=np.int64), lengths)
    if len(service) == 0:
        return Pickups(service=service, node=service, ready=service, on=service)
    routes = Routes.joined([routes for _, _, routes in parts])
    transits = transits_of(ask, routes)
    good = np.flatnonzero(reaching(routes, transits) & ask.usable[routes.node])
    routes, transits, service, store = routes.take(good), transits[good], service[good], store[good]
    found = departing(ask, ways_of(ask, routes), starts(_from(ask, routes.node)))
    way = found.way
    minutes = np.array([s.service.collect_minutes for s in network.services], dtype=np.int64)[service[way]]
    there = arriving(ask, routes.take(way), transits[way], found.day, found.at)
    return Pickups(
        service=service[way],
        node=found.starts.node,
        ready=found.starts.ready,
        on=table.local_day(store[way], collectable(ask, store[way], there.late, minutes)),
    )


def _from(ask: Ask, node: IntArray) -> Ask:
    """The same order, from these nodes alone."""
    among = np.zeros_like(ask.usable)
    among[node] = True
    return replace(ask, usable=ask.usable & among)

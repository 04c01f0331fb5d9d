"""Where goods go and when they are there: to the customer's door, or to a store where the customer collects them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from sourcier.domain.network import Method
from sourcier.engine.candidates import NONE, Ask, Departing, Starts, Ways, departing, starts, staying
from sourcier.engine.compile import BoolArray, CompiledNetwork, IntArray
from sourcier.engine.hours import NEVER
from sourcier.engine.hubs import FREE, Onward, to_hub
from sourcier.engine.transfers import (
    Routes,
    arriving,
    collectable,
    leaving_from,
    reaching,
    routes_to,
    transits_of,
    ways_of,
)
from sourcier.engine.transit import ALL_BP, Arrivals


@dataclass(frozen=True, slots=True, kw_only=True)
class Going:
    """Candidates with the days on which they are there (axis C), and how far each node got (axis N).

    `leg_service[C, legs]` (-1: no such leg) and `leg_metres` say what a candidate's transport costs, `service[C]` by
    what it leaves, `way[C]` which way to get the order it is part of (`way_of`), `to[C]` the store or hub it goes to
    (NONE: the customer). It is there on the days `there` and with the customer on `arrivals`; the two differ where the
    parcel of a hub waits for it. `at_hub[C]` is the instant since which it is at the hub (NEVER: it goes to none),
    `family[C]` what it goes together with (`engine.hubs`); `ready_at[C]` is the instant at which it can be had (NEVER:
    some time that day). `served[N]`: a wanted service collects there; `reached[N]`: it reaches the destination;
    `in_time[N]`: by the deadline, if nothing is full.
    """

    found: Departing
    service: IntArray
    way: IntArray
    leg_service: IntArray
    leg_metres: IntArray
    to: IntArray
    arrivals: Arrivals
    there: Arrivals
    at_hub: IntArray
    family: IntArray
    ready_at: IntArray
    served: BoolArray
    reached: BoolArray
    in_time: BoolArray


def delivered(
    ask: Ask, services: tuple[int, ...], distance_m: IntArray, time_zone: str, zone_id: str, begins: Starts
) -> Going:
    """To the customer: ``distance_m[N]`` away, in the zone `zone_id` (empty: none)."""
    network, table = ask.snapshot.network, ask.table
    wanted = np.array(services, dtype=np.int64)
    served = network.collects[:, wanted]
    node, position = np.nonzero(served & ask.usable[:, None])
    service = wanted[position]
    transit = table.transit.rows(node, service, distance_m[node], zone_id)
    reached = np.flatnonzero(transit >= 0)
    node, service, transit = node[reached], service[reached], transit[reached]
    ways = Ways(node=node, service=service, schedule=table.schedules(time_zone)[node, service].astype(np.int64))
    found = departing(ask, ways, begins)
    arrivals = table.transit.arrivals(transit[found.way], found.day, ask.quantile_bp)
    kept = np.flatnonzero(arrivals.latest <= ask.deadline)
    found, service = found.take(kept), service[found.way[kept]]
    in_time = _among(ask, found.starts.node)
    full = np.flatnonzero(~in_time[node])  # or too late: without looking at room, the two can be told apart
    if len(full):
        leaves, _ = leaving_from(ask, node[full], ways.schedule[full], np.full(len(full), ask.placed))
        soonest = table.transit.arrivals(transit[full], leaves, ask.quantile_bp).latest
        in_time[node[full[soonest <= ask.deadline]]] = True
    courier = np.array([60 * s.service.courier_minutes for s in network.services], dtype=np.int64)[service]
    same_day = np.array([s.service.method is Method.SAME_DAY for s in network.services], dtype=np.bool_)[service]
    return Going(
        found=found,
        service=service,
        way=way_of(network, service, np.full(len(kept), NONE)),
        leg_service=service[:, None],
        leg_metres=distance_m[found.starts.node][:, None],
        to=np.full(len(kept), NONE),
        arrivals=_of(arrivals, kept),
        **_directly(_of(arrivals, kept)),
        ready_at=np.where(same_day, found.at + courier, NEVER),
        served=np.any(served, axis=1),
        reached=_among(ask, node),
        in_time=in_time,
    )


class _Direct(TypedDict):
    there: Arrivals
    at_hub: IntArray
    family: IntArray


def _directly(arrivals: Arrivals) -> _Direct:
    """What goes by no hub is with the customer when it is there."""
    count = len(arrivals.latest)
    return {"there": arrivals, "at_hub": np.full(count, NEVER), "family": np.full(count, FREE)}


def _of(arrivals: Arrivals, chosen: IntArray) -> Arrivals:
    return Arrivals(
        earliest=arrivals.earliest[chosen],
        latest=arrivals.latest[chosen],
        confidence_bp=arrivals.confidence_bp[chosen],
    )


def _among(ask: Ask, node: IntArray) -> BoolArray:
    mask = np.zeros(len(ask.usable), dtype=np.bool_)
    mask[node] = True
    return mask


def collected(ask: Ask, pairs: Sequence[tuple[int, int]], begins: Starts) -> Going:
    """At stores, for every (service, store) pair: of their own stock, or of what nodes send over transfer lanes."""
    own = _own(ask, pairs, begins)
    services = ask.snapshot.network.network.services
    sending = [pair for pair in pairs if services[pair[0]].method is Method.SHIP_TO_STORE]
    return joined([own, _sent(ask, sending, begins)]) if sending else own


def way_of(network: CompiledNetwork, service: IntArray, store: IntArray) -> IntArray:
    """One number per way to get an order: by the service, collected at the store (NONE: delivered)."""
    return (store + 1) * len(network.services) + service


def nowhere(ask: Ask) -> Going:
    """Nothing goes anywhere: no store was named, or several."""
    none = np.zeros(0, dtype=np.int64)
    off = np.zeros_like(ask.usable)
    return Going(
        found=staying(ask, starts(ask).take(none)),
        service=none,
        way=none,
        leg_service=none[:, None],
        leg_metres=none[:, None],
        to=none,
        arrivals=Arrivals(earliest=none, latest=none, confidence_bp=none),
        **_directly(Arrivals(earliest=none, latest=none, confidence_bp=none)),
        ready_at=none,
        served=off,
        reached=off,
        in_time=off,
    )


def _own(ask: Ask, pairs: Sequence[tuple[int, int]], begins: Starts) -> Going:
    """The stores' own stock. A service of CLICK_AND_COLLECT must be the store's, and costs its tariff for 0 metres."""
    network, table = ask.snapshot.network, ask.table
    service, store = np.array(pairs, dtype=np.int64).T
    is_click = [s.service.method is Method.CLICK_AND_COLLECT for s in network.services]
    click = np.array(is_click, dtype=np.bool_)[service]
    offered = np.flatnonzero(network.collects[store, service] | ~click)
    service, store, click = service[offered], store[offered], click[offered]
    at_stores = _among(ask, store)
    found = staying(ask, begins.take(np.flatnonzero(at_stores[begins.node])))
    node = found.starts.node
    ready_at = table.next_opening(node, found.at)
    latest = table.local_day(node, ready_at)
    now = np.flatnonzero(at_stores)
    first = table.next_opening(now, table.ready(now, np.full(len(now), ask.placed), ask.load.work[now]))
    pair, kept = np.nonzero((store[:, None] == node[None, :]) & (latest <= ask.deadline)[None, :])
    service, click, ready_at, latest = service[pair], click[pair], ready_at[kept], latest[kept]
    arrivals = Arrivals(earliest=latest, latest=latest, confidence_bp=np.full(len(kept), ALL_BP))
    return Going(
        found=found.take(kept),
        service=service,
        way=way_of(network, service, node[kept]),
        leg_service=np.where(click, service, NONE)[:, None],
        leg_metres=np.zeros((len(kept), 1), dtype=np.int64),
        to=np.full(len(kept), NONE),
        arrivals=arrivals,
        **_directly(arrivals),
        ready_at=ready_at,
        served=at_stores,
        reached=at_stores,
        in_time=_among(ask, now[table.local_day(now, first) <= ask.deadline]),
    )


def _sent(ask: Ask, pairs: Sequence[tuple[int, int]], begins: Starts) -> Going:
    """What nodes send to the stores; the last leg is by the service, which the customer asked for."""
    network, table = ask.snapshot.network, ask.table
    parts = [routes_to(network, store, frozenset({service})) for service, store in pairs]
    service, store = np.repeat(np.array(pairs, dtype=np.int64), [len(part.node) for part in parts], axis=0).T
    routes = Routes.joined(parts)
    served = _among(ask, routes.node)
    transits = transits_of(ask, routes)
    good = np.flatnonzero(reaching(routes, transits) & ask.usable[routes.node])
    routes, transits, service, store = routes.take(good), transits[good], service[good], store[good]
    legs = max(1, int((routes.service >= 0).any(axis=0).sum()))
    ways = ways_of(ask, routes)
    minutes = np.array([s.service.collect_minutes for s in network.services], dtype=np.int64)[service]

    def there(way: IntArray, day: IntArray, at: IntArray) -> tuple[Arrivals, IntArray]:
        at_store = arriving(ask, routes.take(way), transits[way], day, at)
        ready_at = collectable(ask, store[way], at_store.late, minutes[way])
        days = Arrivals(
            earliest=table.local_day(store[way], collectable(ask, store[way], at_store.soon, minutes[way])),
            latest=table.local_day(store[way], ready_at),
            confidence_bp=at_store.days.confidence_bp,
        )
        return days, ready_at

    found = departing(ask, ways, begins)
    arrivals, ready_at = there(found.way, found.day, found.at)
    kept = np.flatnonzero(arrivals.latest <= ask.deadline)
    found, way = found.take(kept), found.way[kept]
    in_time = _among(ask, found.starts.node)
    full = np.flatnonzero(~in_time[routes.node])  # as for what is delivered
    if len(full):
        leaves = leaving_from(ask, routes.node[full], ways.schedule[full], np.full(len(full), ask.placed))
        in_time[routes.node[full[there(full, *leaves)[0].latest <= ask.deadline]]] = True
    return Going(
        found=found,
        service=routes.service[way, 0],
        way=way_of(network, service[way], store[way]),
        leg_service=routes.service[way, :legs],
        leg_metres=routes.metres[way, :legs],
        to=store[way],
        arrivals=_of(arrivals, kept),
        **_directly(_of(arrivals, kept)),
        ready_at=ready_at[kept],
        served=served,
        reached=_among(ask, routes.node),
        in_time=in_time,
    )


def joined(parts: Sequence[Going]) -> Going:
    """The candidates of all parts; a node got as far as in any of them."""
    if len(parts) == 1:
        return parts[0]
    legs = max(part.leg_service.shape[1] for part in parts)

    def wide(array: IntArray, filler: int) -> IntArray:
        return np.pad(array, ((0, 0), (0, legs - array.shape[1])), constant_values=filler)

    return Going(
        found=Departing.joined([part.found for part in parts]),
        service=np.concatenate([part.service for part in parts]),
        way=np.concatenate([part.way for part in parts]),
        leg_service=np.concatenate([wide(part.leg_service, -1) for part in parts]),
        leg_metres=np.concatenate([wide(part.leg_metres, 0) for part in parts]),
        to=np.concatenate([part.to for part in parts]),
        arrivals=_one_after_the_other([part.arrivals for part in parts]),
        there=_one_after_the_other([part.there for part in parts]),
        at_hub=np.concatenate([part.at_hub for part in parts]),
        family=np.concatenate([part.family for part in parts]),
        ready_at=np.concatenate([part.ready_at for part in parts]),
        served=np.any([part.served for part in parts], axis=0),
        reached=np.any([part.reached for part in parts], axis=0),
        in_time=np.any([part.in_time for part in parts], axis=0),
    )


def _one_after_the_other(parts: Sequence[Arrivals]) -> Arrivals:
    return Arrivals(
        earliest=np.concatenate([part.earliest for part in parts]),
        latest=np.concatenate([part.latest for part in parts]),
        confidence_bp=np.concatenate([part.confidence_bp for part in parts]),
    )


def through_hub(ask: Ask, parcel: Onward, family: int) -> Going:
    """To the hub of a parcel, and on with it."""
    going = to_hub(ask, parcel)
    here = _among(ask, going.found.starts.node)
    count = len(going.at)
    return Going(
        found=going.found,
        service=going.service,
        way=way_of(ask.snapshot.network, np.full(count, parcel.service), np.full(count, NONE)),
        leg_service=going.leg_service,
        leg_metres=going.leg_metres,
        to=np.full(count, parcel.hub),
        arrivals=going.arrivals,
        there=going.days,
        at_hub=going.at,
        family=np.full(count, family),
        ready_at=np.full(count, NEVER),
        served=here,
        reached=here,
        in_time=here,
    )

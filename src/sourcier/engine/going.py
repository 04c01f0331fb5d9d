"""Where goods go and when they are there: to the customer's door, or to a store where the customer collects them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from sourcier.domain.network import Method
from sourcier.engine.candidates import NONE, Ask, Departing, Ways, departing, starts, staying
from sourcier.engine.compile import BoolArray, IntArray
from sourcier.engine.hours import NEVER
from sourcier.engine.hubs import FREE, Onward, to_hub
from sourcier.engine.transfers import arriving, collectable, leaving_from, reaching, routes_to, transits_of, ways_of
from sourcier.engine.transit import ALL_BP, Arrivals


@dataclass(frozen=True, slots=True, kw_only=True)
class Going:
    """Candidates with the days on which they are there (axis C), and how far each node got (axis N).

    `leg_service[C, legs]` (-1: no such leg) and `leg_metres` say what a candidate's transport costs, `service[C]` by
    what it leaves, `to[C]` the store or hub it goes to (NONE: the customer). It is there on the days `there` and with
    the customer on `arrivals`; the two differ where the parcel of a hub waits for it. `at_hub[C]` is the instant since
    which it is at the hub (NEVER: it goes to none), `family[C]` what it goes together with (`engine.hubs`);
    `ready_at[C]` is the instant at which it can be had (NEVER: some time that day). `served[N]`: a wanted service
    collects there; `reached[N]`: it reaches the destination; `in_time[N]`: by the deadline, if nothing is full.
    """

    found: Departing
    service: IntArray
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


def delivered(ask: Ask, services: tuple[int, ...], distance_m: IntArray, time_zone: str, zone_id: str) -> Going:
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
    found = departing(ask, ways, starts(ask))
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


def collected(ask: Ask, store: int, services: tuple[int, ...]) -> Going:
    """At a store: of its own stock, or of what nodes send there over transfer lanes."""
    parts = [
        part
        for service in services
        for part in (
            (_own(ask, store, service),)
            if ask.snapshot.network.services[service].service.method is Method.CLICK_AND_COLLECT
            else (_own(ask, store, service), _sent(ask, store, service))
        )
    ]
    return joined(parts)


def nowhere(ask: Ask) -> Going:
    """Nothing goes anywhere: no store was named, or several."""
    none = np.zeros(0, dtype=np.int64)
    off = np.zeros_like(ask.usable)
    return Going(
        found=staying(ask, starts(ask).take(none)),
        service=none,
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


def _own(ask: Ask, store: int, service: int) -> Going:
    """The store's own stock. A service of CLICK_AND_COLLECT must be the store's, and costs its tariff for 0 metres."""
    network, table = ask.snapshot.network, ask.table
    click = network.services[service].service.method is Method.CLICK_AND_COLLECT
    offers = bool(network.collects[store, service]) or not click
    begins = starts(ask)
    found = staying(ask, begins.take(np.flatnonzero((begins.node == store) & offers)))
    node = found.starts.node
    ready_at = table.next_opening(node, found.at)
    latest = table.local_day(node, ready_at)
    now = np.array([store] if offers else [], dtype=np.int64)
    first = table.next_opening(now, table.ready(now, np.full(len(now), ask.placed), ask.load.work[now]))
    kept = np.flatnonzero(latest <= ask.deadline)
    found, ready_at, latest = found.take(kept), ready_at[kept], latest[kept]
    arrivals = Arrivals(earliest=latest, latest=latest, confidence_bp=np.full(len(kept), ALL_BP))
    return Going(
        found=found,
        service=np.full(len(kept), service),
        leg_service=np.full((len(kept), 1), service if click else NONE),
        leg_metres=np.zeros((len(kept), 1), dtype=np.int64),
        to=np.full(len(kept), NONE),
        arrivals=arrivals,
        **_directly(arrivals),
        ready_at=ready_at,
        served=_among(ask, now),
        reached=_among(ask, now),
        in_time=_among(ask, now[table.local_day(now, first) <= ask.deadline]),
    )


def _sent(ask: Ask, store: int, service: int) -> Going:
    """What nodes send to the store; the last leg is by the service, which the customer asked for."""
    network, table = ask.snapshot.network, ask.table
    routes = routes_to(network, store, frozenset({service}))
    served = _among(ask, routes.node)
    transits = transits_of(ask, routes)
    good = np.flatnonzero(reaching(routes, transits) & ask.usable[routes.node])
    routes, transits = routes.take(good), transits[good]
    ways = ways_of(ask, routes)
    minutes = np.full(len(good), network.services[service].service.collect_minutes)

    def there(way: IntArray, day: IntArray, at: IntArray) -> tuple[Arrivals, IntArray]:
        at_store = arriving(ask, routes.take(way), transits[way], day, at)
        target, minute = np.full(len(way), store), minutes[way]
        ready_at = collectable(ask, target, at_store.late, minute)
        days = Arrivals(
            earliest=table.local_day(target, collectable(ask, target, at_store.soon, minute)),
            latest=table.local_day(target, ready_at),
            confidence_bp=at_store.days.confidence_bp,
        )
        return days, ready_at

    every, at_once = np.arange(len(good)), np.full(len(good), ask.placed)
    leaves = leaving_from(ask, routes.node, ways.schedule, at_once)
    in_time = there(every, *leaves)[0].latest <= ask.deadline
    found = departing(ask, ways, starts(ask))
    arrivals, ready_at = there(found.way, found.day, found.at)
    kept = np.flatnonzero(arrivals.latest <= ask.deadline)
    found, way = found.take(kept), found.way[kept]
    return Going(
        found=found,
        service=routes.service[way, 0],
        leg_service=routes.service[way],
        leg_metres=routes.metres[way],
        to=np.full(len(kept), store),
        arrivals=_of(arrivals, kept),
        **_directly(_of(arrivals, kept)),
        ready_at=ready_at[kept],
        served=served,
        reached=_among(ask, routes.node),
        in_time=_among(ask, routes.node[in_time]),
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

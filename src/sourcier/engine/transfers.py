"""Ways from nodes to a store or hub over transfer lanes, and when goods get there.

A way has at most LEGS_MAX legs. What arrives at a node on a day is there when that day starts, as dated supply is;
where it goes on, the node works on it like on an order of its own.
"""

from dataclasses import dataclass

import numpy as np

from sourcier.engine.candidates import Ask, Ways
from sourcier.engine.compile import BoolArray, CompiledNetwork, IntArray, distances_m
from sourcier.engine.hours import NEVER
from sourcier.engine.transit import Arrivals

LEGS_MAX = 3
"""Transfer lanes that goods take one after the other at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Routes:
    """Ways to one target (axis W): the `node[W]` where they begin, and their legs.

    `service[W, LEGS_MAX]`, `to[W, LEGS_MAX]` (-1: no such leg), `metres[W, LEGS_MAX]`.
    """

    node: IntArray
    service: IntArray
    to: IntArray
    metres: IntArray

    def take(self, chosen: IntArray) -> "Routes":
        """The chosen ones, in that order."""
        return Routes(
            node=self.node[chosen], service=self.service[chosen], to=self.to[chosen], metres=self.metres[chosen]
        )


def routes_to(network: CompiledNetwork, target: int, last_services: frozenset[int] | None = None) -> Routes:
    """Every way to the target, by `last_services` into it (None: by any), of one leg first, then of more."""
    found: list[tuple[tuple[int, int], ...]] = [
        ((start, service),)
        for start, service in network.transfers.get(target, ())
        if last_services is None or service in last_services
    ]
    shorter = found
    for _ in range(LEGS_MAX - 1):
        shorter = [
            ((start, service), *legs) for legs in shorter for start, service in network.transfers.get(legs[0][0], ())
        ]
        found = found + shorter
    shape = (len(found), LEGS_MAX)
    service, to, metres = np.full(shape, -1), np.full(shape, -1), np.zeros(shape, dtype=np.int64)
    away: dict[int, IntArray] = {}
    for w, legs in enumerate(found):
        ends = [*(start for start, _ in legs[1:]), target]
        for i, ((start, by), end) in enumerate(zip(legs, ends, strict=True)):
            if end not in away:
                away[end] = distances_m(network, network.network.nodes[end].point)
            service[w, i], to[w, i], metres[w, i] = by, end, away[end][start]
    return Routes(node=np.array([legs[0][0] for legs in found], dtype=np.int64), service=service, to=to, metres=metres)


def ways_of(ask: Ask, routes: Routes) -> Ways:
    """The first legs of the routes, as lanes."""
    schedule = ask.table.schedule[routes.node, routes.service[:, 0]].astype(np.int64)
    return Ways(node=routes.node, service=routes.service[:, 0], schedule=schedule)


def transits_of(ask: Ask, routes: Routes) -> IntArray:
    """``row[W, LEGS_MAX]`` of every leg's transit; -1 where it does not reach, or there is no such leg."""
    rows = np.full(routes.service.shape, -1)
    start = routes.node
    for i in range(LEGS_MAX):
        there = np.flatnonzero(routes.service[:, i] >= 0)
        rows[there, i] = ask.table.transit.rows(start[there], routes.service[there, i], routes.metres[there, i], "")
        start = routes.to[:, i]
    return rows


def reaching(routes: Routes, transits: IntArray) -> BoolArray:
    """Which routes reach their target on every leg."""
    reached: BoolArray = np.all((transits >= 0) | (routes.service < 0), axis=1)
    return reached


def arriving(ask: Ask, routes: Routes, transits: IntArray, day: IntArray) -> Arrivals:
    """When goods that leave on the ship `day` of each route get to the target."""
    first = ask.table.transit.arrivals(transits[:, 0], day, ask.quantile_bp)
    earliest, latest, sure = first.earliest, first.latest, first.confidence_bp
    for i in range(1, LEGS_MAX):
        goes_on = np.flatnonzero((routes.service[:, i] >= 0) & (latest < NEVER))
        if len(goes_on):
            part, rows = routes.take(goes_on), transits[goes_on, i]
            soon = _next_leg(ask, part, i, rows, earliest[goes_on])
            late = _next_leg(ask, part, i, rows, latest[goes_on])
            earliest[goes_on], latest[goes_on] = soon.earliest, late.latest
            sure[goes_on] = sure[goes_on] * late.confidence_bp // 10_000
    return Arrivals(earliest=earliest, latest=latest, confidence_bp=sure)


def _next_leg(ask: Ask, routes: Routes, leg: int, transit: IntArray, day: IntArray) -> Arrivals:
    """When goods that are at the start of a leg on a day are at its end."""
    node = routes.to[:, leg - 1]
    schedule = ask.table.schedule[node, routes.service[:, leg]].astype(np.int64)
    leaves = day_of_departure(ask, node, schedule, day)
    return ask.table.transit.arrivals(transit, leaves, ask.quantile_bp)


def day_of_departure(ask: Ask, node: IntArray, schedule: IntArray, day: IntArray) -> IntArray:
    """The day on which goods that are at a node from the start of ``day`` leave it; NEVER if they do not."""
    departure = departure_after(ask, node, schedule, day)
    leaves = np.full(len(node), NEVER)
    made = departure >= 0
    leaves[made] = ask.table.rounds.day[departure[made]]
    return leaves


def departure_after(ask: Ask, node: IntArray, schedule: IntArray, day: IntArray) -> IntArray:
    """The first departure that goods make which are at a node from the start of ``day``; -1 if there is none."""
    table = ask.table
    begin = np.maximum(table.midnight(node, np.where(day < NEVER, day, 0)), ask.placed)
    known = (day < NEVER) & (begin < NEVER)
    found = table.first_round(node, schedule, ask.placed, np.where(known, begin, ask.placed), ask.load.work[node])
    return np.where(known, found, -1)

"""Ways from nodes to a store or hub over transfer lanes, and when goods get there.

A way has at most LEGS_MAX legs. What arrives at a node on a day is there when that day starts, as dated supply is;
where it goes on, the node works on it like on an order of its own.
"""

from collections.abc import Sequence
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

    @staticmethod
    def joined(parts: Sequence["Routes"]) -> "Routes":
        """The routes of all parts, one part after the other."""
        names = ("node", "service", "to", "metres")
        return Routes(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


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


@dataclass(frozen=True, slots=True, kw_only=True)
class There:
    """When goods are at the end of their routes: on `days`, from the instants `soon` or `late` on at the latest."""

    days: Arrivals
    soon: IntArray
    late: IntArray


def arriving(ask: Ask, routes: Routes, transits: IntArray, day: IntArray, at: IntArray) -> There:
    """When goods get to the target that leave on the ship `day` of each route, at the instant ``at``."""
    first = ask.table.transit.arrivals(transits[:, 0], day, ask.quantile_bp)
    there = There(days=first, soon=at, late=at)
    there = _since(ask, routes.to[:, 0], there)
    for i in range(1, LEGS_MAX):
        goes_on = np.flatnonzero((routes.service[:, i] >= 0) & (there.late < NEVER))
        if len(goes_on):
            _go_on(ask, routes.take(goes_on), i, transits[goes_on, i], there, goes_on)
    return there


def _since(ask: Ask, node: IntArray, there: There) -> There:
    """Goods are there from the start of the day of arrival on, if they left before."""
    days = there.days
    soon, late = (
        np.where(day < NEVER, np.maximum(ask.table.midnight(node, np.minimum(day, NEVER - 1)), left), NEVER)
        for day, left in ((days.earliest, there.soon), (days.latest, there.late))
    )
    return There(days=days, soon=soon, late=late)


def _go_on(ask: Ask, routes: Routes, leg: int, transit: IntArray, there: There, at: IntArray) -> None:
    """Take the goods of the positions ``at`` one leg further, in place."""
    node, to = routes.to[:, leg - 1], routes.to[:, leg]
    schedule = ask.table.schedule[node, routes.service[:, leg]].astype(np.int64)
    ends = []
    for since in (there.soon[at], there.late[at]):
        day, pickup = leaving_from(ask, node, schedule, since)
        days = ask.table.transit.arrivals(transit, day, ask.quantile_bp)
        ends.append(_since(ask, to, There(days=days, soon=pickup, late=pickup)))
    soon, late = ends
    there.days.earliest[at], there.days.latest[at] = soon.days.earliest, late.days.latest
    there.days.confidence_bp[at] = there.days.confidence_bp[at] * late.days.confidence_bp // 10_000
    there.soon[at], there.late[at] = soon.soon, late.late


def leaving_from(ask: Ask, node: IntArray, schedule: IntArray, since: IntArray) -> tuple[IntArray, IntArray]:
    """The day and the instant at which goods that are at a node leave it; NEVER if they do not."""
    departure = departure_after(ask, node, schedule, since)
    day, pickup = np.full(len(node), NEVER), np.full(len(node), NEVER)
    made = departure >= 0
    day[made] = ask.table.rounds.day[departure[made]]
    pickup[made] = ask.table.rounds.pickup[departure[made]]
    return day, pickup


def departure_after(ask: Ask, node: IntArray, schedule: IntArray, since: IntArray) -> IntArray:
    """The first departure that goods make which are at a node since an instant; -1 if there is none."""
    known = since < NEVER
    begin = np.where(known, np.maximum(since, ask.placed), ask.placed)
    found = ask.table.first_round(node, schedule, ask.placed, begin, ask.load.work[node])
    return np.where(known, found, -1)


def collectable(ask: Ask, store: IntArray, since: IntArray, minutes: IntArray) -> IntArray:
    """When what is at a store since an instant can be collected: ``minutes`` after it is first open, while it is."""
    opened = ask.table.next_opening(store, since)
    return ask.table.next_opening(store, np.where(opened < NEVER, opened + 60 * minutes, NEVER))

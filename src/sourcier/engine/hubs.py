"""Orders from several nodes that meet at a hub and leave it as one parcel (ADR 0017).

A way to the hub is an offer like any other: its arrival is the day on which the parcel would be delivered if it waited
for that offer alone. The parcel leaves after the last one and later arrivals never leave earlier, so the parcel of a
plan arrives with the latest of its offers. What the parcel costs is the same for every plan of the order.
"""

from dataclasses import dataclass

import numpy as np

from sourcier.domain.order import Cart
from sourcier.engine.candidates import NONE, Ask, Departing, departing, starts, staying
from sourcier.engine.compile import CompiledNetwork, CompiledRules, IntArray
from sourcier.engine.hours import NEVER
from sourcier.engine.tariffs import transport
from sourcier.engine.transfers import arriving, departure_after, reaching, routes_to, transits_of, ways_of
from sourcier.engine.transit import ALL_BP, Arrivals

FREE, ALONE, VIA = 0, 1, 2
"""Families of offers: those of a plan are all FREE, one that is ALONE, or all of one hub's (VIA and above)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Onward:
    """The parcel from a hub to the customer, for a whole order: `shipping` and `handling` micros whatever it holds.

    `service` and `hub` index the network; `transit` is a row of transit, `schedule` a run of rounds.
    """

    service: int
    hub: int
    metres: int
    transit: int
    schedule: int
    shipping: int
    handling: int

    @property
    def micros(self) -> int:
        """What it costs in all."""
        return self.shipping + self.handling


@dataclass(frozen=True, slots=True, kw_only=True)
class ToHub:
    """Candidates (axis C) that bring goods to a hub, or have them there.

    They are there at the instant `at[C]`, on the days `days`; `arrivals` are those of the parcel that waits for them.
    """

    found: Departing
    service: IntArray
    leg_service: IntArray
    leg_metres: IntArray
    at: IntArray
    days: Arrivals
    arrivals: Arrivals


def hub_of(rules: CompiledRules, network: CompiledNetwork, service: int) -> int | None:
    """The hub at which orders by the service meet, if the rule set names one; an unknown node is none."""
    method = network.services[service].service.method
    for entry in rules.rule_set.consolidation:
        if method in entry.methods:
            return network.node_index.get(entry.hub_id)
    return None


def consolidates(rules: CompiledRules, network: CompiledNetwork, service: int) -> bool:
    """Whether orders by the service must not come from several nodes in several parcels."""
    method = network.services[service].service.method
    return any(method in entry.methods for entry in rules.rule_set.consolidation)


def onward(
    ask: Ask, cart: Cart, service: int, hub: int, distance_m: IntArray, time_zone: str, zone_id: str
) -> Onward | None:
    """The hub's parcel by the service; None where the hub cannot send it."""
    network, table = ask.snapshot.network, ask.table
    node, by, metres = np.array([hub]), np.array([service]), distance_m[[hub]]
    row = int(table.transit.rows(node, by, metres, zone_id)[0])
    schedule = int(table.schedules(time_zone)[hub, service])
    if row < 0 or schedule < 0 or not ask.usable[hub]:
        return None
    weight = np.array([line.unit_weight_grams for line in cart.lines], dtype=np.int64)
    quantity = np.array([line.quantity for line in cart.lines], dtype=np.int64)
    tariff = transport(network, by[:, None], metres[:, None], weight)
    tier = tariff.tables[int(tariff.tiers[0])].at(int(weight @ quantity))
    if tier is None:
        return None
    return Onward(
        service=service,
        hub=hub,
        metres=int(metres[0]),
        transit=row,
        schedule=schedule,
        shipping=int(tariff.fixed[0]) + tier + int(quantity @ tariff.unit[:, 0]),
        handling=int(network.handling_per_shipment[hub] + network.handling_per_unit[hub] * quantity.sum()),
    )


def leaving(ask: Ask, parcel: Onward, at: IntArray) -> IntArray:
    """The departure that a parcel makes whose last goods are at the hub at each instant; -1 if there is none."""
    return departure_after(ask, np.full(len(at), parcel.hub), np.full(len(at), parcel.schedule), at)


def delivered_from(ask: Ask, parcel: Onward, departure: IntArray) -> Arrivals:
    """When parcels that make the departures (-1: none) are delivered."""
    day = np.full(len(departure), NEVER)
    made = departure >= 0
    day[made] = ask.table.rounds.day[departure[made]]
    return ask.table.transit.arrivals(np.full(len(departure), parcel.transit), day, ask.quantile_bp)


def to_hub(ask: Ask, parcel: Onward) -> ToHub:
    """Every useful candidate that is part of the hub's parcel, delivered by the deadline."""
    begins = starts(ask)
    own = staying(ask, begins.take(np.flatnonzero(begins.node == parcel.hub)))
    routes = routes_to(ask.snapshot.network, parcel.hub)
    transits = transits_of(ask, routes)
    good = np.flatnonzero(reaching(routes, transits) & ask.usable[routes.node])
    routes, transits = routes.take(good), transits[good]
    sent = departing(ask, ways_of(ask, routes), begins)
    there = arriving(ask, routes.take(sent.way), transits[sent.way], sent.day, sent.at)
    at = np.concatenate([own.at, there.late])
    arrivals = delivered_from(ask, parcel, leaving(ask, parcel, at))
    kept = np.flatnonzero(arrivals.latest <= ask.deadline)
    legs = routes.service.shape[1]
    return ToHub(
        found=Departing.joined([own, sent]).take(kept),
        service=np.concatenate([np.full(len(own.at), parcel.service), routes.service[sent.way, 0]])[kept],
        leg_service=np.concatenate([np.full((len(own.at), legs), NONE), routes.service[sent.way]])[kept],
        leg_metres=np.concatenate([np.zeros((len(own.at), legs), dtype=np.int64), routes.metres[sent.way]])[kept],
        at=at[kept],
        days=Arrivals(
            earliest=np.concatenate([own.day, there.days.earliest])[kept],
            latest=np.concatenate([own.day, there.days.latest])[kept],
            confidence_bp=np.concatenate([np.full(len(own.at), ALL_BP), there.days.confidence_bp])[kept],
        ),
        arrivals=Arrivals(
            earliest=arrivals.earliest[kept],
            latest=arrivals.latest[kept],
            confidence_bp=arrivals.confidence_bp[kept],
        ),
    )

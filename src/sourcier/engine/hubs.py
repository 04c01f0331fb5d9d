"""Orders from several nodes that meet at a hub and leave it as one parcel (ADR 0017).

A way to the hub is an offer like any other: its arrival is the day on which the parcel would be delivered if it waited
for that offer alone. The parcel leaves after the last one and later arrivals never leave earlier, so the parcel of a
plan arrives with the latest of its offers. What the parcel costs is the same for every plan of the order.
"""

from dataclasses import dataclass

import numpy as np

from sourcier.domain.order import Cart
from sourcier.engine.candidates import Ask
from sourcier.engine.compile import CompiledNetwork, CompiledRules, IntArray
from sourcier.engine.hours import NEVER
from sourcier.engine.places import Place
from sourcier.engine.tariffs import transport
from sourcier.engine.transfers import departure_after
from sourcier.engine.transit import Arrivals


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


def onward(ask: Ask, cart: Cart, service: int, hub: int, place: Place) -> Onward | None:
    """The hub's parcel by the service to the place; None where the hub cannot send it."""
    network, table = ask.snapshot.network, ask.table
    node, by, metres = np.array([hub]), np.array([service]), place.distance_m[[hub]]
    row = int(table.transit.rows(node, by, metres, place.zone_id)[0])
    schedule = int(table.schedules(place.time_zone)[hub, service])
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

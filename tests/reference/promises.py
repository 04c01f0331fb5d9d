"""Every plan for a whole small cart by one service, one by one, in plain Python: the yardstick for dated options.

It shares nothing with the engine but the domain; what a node can send, and when, is that of the unfiltered model. A
plan says how many units of each line come from which node. What a node sends takes its first departure that has the
goods and the room: a later one costs as much and arrives no sooner.
"""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from itertools import product
from math import prod

from tests.reference.instances import World
from tests.reference.model import EARTH_RADIUS_M, Offer, offers_of

from sourcier.domain.network import CapacityMeasure, Node, Service
from sourcier.domain.rules import DeliverBy

PLANS_MAX = 60_000
"""Ways to divide one cart that are looked at, possible or not."""


@dataclass(frozen=True, slots=True, order=True, kw_only=True)
class Outcome:
    """What a plan comes to: when the last shipment arrives, what it costs (micros), how many shipments it has."""

    latest: date
    cost: int
    shipments: int


def outcomes(world: World, service_id: str) -> set[Outcome] | None:
    """What every plan for the whole cart comes to; None where there are too many plans to look at."""
    constraints = replace(world.rules.constraints, deliver_by=DeliverBy.HARD)
    world = replace(world, rules=replace(world.rules, constraints=constraints))
    service = next(s for s in world.network.services if s.service_id == service_id)
    nodes, sends = [], []
    for node in world.network.nodes:
        mine = [offer for offer in offers_of(world, node) if offer.service.service_id == service_id]
        if mine:
            nodes.append(node)
            sends.append(sorted(mine, key=lambda offer: offer.arrival))
    lines = world.cart.lines
    most = [[max(offer.stock.get(line.sku, 0) for offer in mine) for mine in sends] for line in lines]
    ways = [list(_divided(line.quantity, row)) for line, row in zip(lines, most, strict=True)]
    if prod(map(len, ways)) > PLANS_MAX:
        return None
    shipped = cache(lambda position, units: _shipped(world, nodes[position], service, sends[position], units))
    found = (_outcome(world, plan, shipped) for plan in product(*ways))
    return {outcome for outcome in found if outcome is not None}


def frontier(found: set[Outcome]) -> list[tuple[date, int]]:
    """Every (date, cost) for which no plan is as early and as cheap and better in one of them, by date."""
    least: dict[date, int] = {}
    for outcome in found:
        least[outcome.latest] = min(outcome.cost, least.get(outcome.latest, outcome.cost))
    return [(day, cost) for day, cost in sorted(least.items()) if all(c > cost for d, c in least.items() if d < day)]


def _divided(quantity: int, most: list[int]) -> Iterator[tuple[int, ...]]:
    """Every way to take exactly `quantity` units from nodes that have so many."""
    if not most:
        if quantity == 0:
            yield ()
        return
    for units in range(min(quantity, most[0]) + 1):
        for rest in _divided(quantity - units, most[1:]):
            yield (units, *rest)


def _outcome(world, plan, shipped) -> Outcome | None:
    rules = world.rules
    most = 1 if rules.constraints.ship_complete else rules.constraints.max_shipments
    per_line = rules.constraints.max_nodes_per_line
    loads = list(zip(*plan, strict=True))
    opened = [position for position, load in enumerate(loads) if any(load)]
    if most is not None and len(opened) > most:
        return None
    if per_line is not None and any(sum(u > 0 for u in row) > per_line for row in plan):
        return None
    shipments = [shipped(position, loads[position]) for position in opened]
    if None in shipments:
        return None
    return Outcome(
        latest=max(arrives for arrives, _ in shipments),
        cost=rules.prices.split_micros * (len(opened) - 1) + sum(cost for _, cost in shipments),
        shipments=len(opened),
    )


def _shipped(
    world: World, node: Node, service: Service, sends: list[Offer], units: tuple[int, ...]
) -> tuple[date, int] | None:
    """The first arrival of such a shipment and its cost; None if it is too heavy, or nothing can take it in time."""
    lines, distance = world.cart.lines, _metres(node, world)
    grams = sum(line.unit_weight_grams * u for line, u in zip(lines, units, strict=True))
    tiers = [t.cost_micros for t in service.weight_tiers if t.max_grams is None or grams <= t.max_grams]
    if service.weight_tiers and not tiers:
        return None
    cost = service.per_shipment_micros + _km(service.per_shipment_km_micros, distance)
    cost += node.handling_per_shipment_micros + (tiers[0] if tiers else 0)
    drawn: Counter[str] = Counter()
    for line, number in zip(lines, units, strict=True):
        each = service.per_unit_micros + _km(service.per_unit_km_micros, distance) + node.handling_per_unit_micros
        cost += number * (each + _km(service.per_kg_micros, line.unit_weight_grams))
        drawn[line.sku] += number
    load = {
        CapacityMeasure.ORDERS: 1,
        CapacityMeasure.LINES: sum(u > 0 for u in units),
        CapacityMeasure.UNITS: sum(units),
    }
    for offer in sends:
        stocked = all(number <= offer.stock.get(sku, 0) for sku, number in drawn.items())
        if stocked and all(load[measure] <= left for measure, left in offer.pools):
            return offer.arrival, cost
    return None


def _metres(node: Node, world: World) -> int:
    """Great-circle metres on a sphere of mean radius, by the chord between the two places."""
    here, there = (_on_sphere(point.lat_e6, point.lon_e6) for point in (node.point, world.cart.destination.point))
    return round(2 * EARTH_RADIUS_M * math.asin(math.dist(here, there) / 2))


def _on_sphere(lat_e6: int, lon_e6: int) -> tuple[float, float, float]:
    lat, lon = math.radians(lat_e6 / 1e6), math.radians(lon_e6 / 1e6)
    return math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)


def _km(rate: int, thousandths: int) -> int:
    return (2 * rate * thousandths + 1_000) // 2_000

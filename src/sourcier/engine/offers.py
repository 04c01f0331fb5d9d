"""The order as a small optimization problem: demands, offers, what each offer can supply and what it costs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sourcier.domain.errors import Violation, invalid
from sourcier.domain.order import Cart
from sourcier.domain.plan import NodeReason
from sourcier.engine.available import Available, look
from sourcier.engine.columns import copies
from sourcier.engine.compile import UNLIMITED, BoolArray, CompiledNetwork, CompiledRules, IntArray
from sourcier.engine.prefilter import NONE_LATER, Lanes, check_cart, first_failed, lanes
from sourcier.engine.snapshot import Snapshot
from sourcier.engine.tariffs import by_weight, dominance, rounded
from sourcier.engine.tiers import Tiers, TierTables, tier_tables
from sourcier.engine.trips import VIA

OBJECTIVE_MICROS_MAX = 2**60
"""No plan of an accepted order may cost more, micros; it keeps every sum within 64 bits."""


class Fill(StrEnum):
    """What a plan may leave unfilled: some units, all or none of them, or none at all."""

    PARTIAL = "PARTIAL"
    ALL_OR_NOTHING = "ALL_OR_NOTHING"
    ALL = "ALL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One order over demands (axis D) and offers (axis K), all integers.

    A demand is one order line, or several lines of one SKU where nothing distinguishes them; `lines_of[D]` names
    their positions. Offers stand sorted by node; a plan uses at most one offer of a node: a node picks an order once.

    - `quantity[D]` units, `weight[D]` grams a unit, `unfilled[D]` micros a unit left unfilled; `group[D]` is equal for
      demands that draw on the same stock.
    - `lane[K]` is the offer's position among the order's `Lanes`; `node[K]` and `service[K]`, which delivers it, index
      the network; `way[K]` is that of `Lanes`; `arrival[K]` are ordinals; `fixed[K]` micros to open the offer, the
      split price included; `unit[D, K]` micros a unit; `available[D, K]` units on hand and of dated supply that the
      offer can wait for, equal for the demands of a group; `supply[D, K]` what of it the demand can use: its quantity
      at most, none of what is too heavy for the service; `cap_units[K]`, `cap_lines[K]` what capacity lets through.
    - `tiers[K]` indexes `tier_tables`.
    - `family[K]` says which offers a plan may use together (`engine.hubs`), `onward` what the parcel of a plan of each
      family costs, micros.
    - `split` is credited once per plan that ships anything; `nothing` is the objective of shipping nothing.
    """

    quantity: IntArray
    weight: IntArray
    unfilled: IntArray
    group: IntArray
    lines_of: tuple[tuple[int, ...], ...]
    lane: IntArray
    node: IntArray
    service: IntArray
    way: IntArray
    arrival: IntArray
    fixed: IntArray
    unit: IntArray
    available: IntArray
    supply: IntArray
    cap_units: IntArray
    cap_lines: IntArray
    tiers: IntArray
    family: IntArray
    tier_tables: TierTables
    split: int
    onward: tuple[int, ...]
    nothing: int
    max_shipments: int | None
    max_nodes_per_line: int | None
    fill: Fill

    @property
    def num_offers(self) -> int:
        """K."""
        return len(self.node)

    @property
    def node_start(self) -> NDArray[np.int64]:
        """Where the offers of each node begin."""
        first = np.ones(len(self.node), dtype=np.bool_)
        np.not_equal(self.node[1:], self.node[:-1], out=first[1:])
        return first.nonzero()[0]

    @property
    def shares_stock(self) -> bool:
        """Whether several demands draw on the same stock: groups are numbered as they first come."""
        return self.group.item(-1) + 1 < len(self.group)

    @property
    def total_weight(self) -> int:
        """Grams of the whole order."""
        return int((self.quantity * self.weight).sum())

    def restricted(self, offers: NDArray[np.int64] | slice) -> "Problem":
        """The same order over some of the offers (ascending positions)."""
        columns = columns_of(self)
        for name in PER_OFFER:
            columns[name] = columns[name][offers]
        for name in PER_DEMAND_AND_OFFER:
            matrix = columns[name]
            columns[name] = matrix[:, offers] if isinstance(offers, slice) else matrix.take(offers, axis=1)
        return Problem(**columns)


_FIELDS = attrgetter(*Problem.__slots__)


def columns_of(problem: Problem) -> dict[str, Any]:
    """All fields of a problem, to make another one of."""
    return dict(zip(Problem.__slots__, _FIELDS(problem), strict=True))


def by_tier(problem: Problem) -> Problem:
    """The same order with one offer per weight tier that an offer's contents can reach, each with a one-tier table.

    What was a step in the cost becomes a choice of one offer with a limit of grams; a node still ships once.
    """
    if len(problem.tier_tables.cost) == 1:
        return problem
    tables, tiers = problem.tier_tables, problem.tiers
    size = np.array([len(table.cost) for table in tables], dtype=np.int64)
    below = (tables.limit.take(tiers, axis=1) < problem.weight @ problem.supply).sum(axis=0)
    source, tier = copies(np.minimum(below + 1, size[tiers]))
    single = [
        Tiers(limit_g=table.limit_g[t : t + 1], cost=table.cost[t : t + 1])
        for table in tables
        for t in range(len(table.cost))
    ]
    first = np.cumsum(size) - size
    return replace(problem.restricted(source), tiers=first[tiers[source]] + tier, tier_tables=tier_tables(single))


PER_OFFER = ("lane", "node", "service", "way", "arrival", "fixed", "cap_units", "cap_lines", "tiers", "family")
PER_DEMAND_AND_OFFER = ("unit", "available", "supply")
"""The columns of a Problem that have an axis K: alone, and after the axis D."""


def build(
    cart: Cart,
    snapshot: Snapshot,
    rules: CompiledRules,
    *,
    complete: bool = False,
    pickups: Sequence[tuple[int, int]] = (),
    reasons: bool = True,
) -> tuple[Problem, Lanes, Available]:
    """The problem of a cart, the lanes it came from, and what was available as seen.

    `complete` asks for every unit whatever the rule set says (a promise is for the whole cart); `pickups` are those of
    `lanes`. Nodes that cannot supply anything get their reason in the lanes, if `reasons` are wanted; else the lanes
    leave nodes without stock out. Raises the Refusals of `prefilter.check_cart` and `prefilter.lanes`.
    """
    check_cart(cart, snapshot, rules)
    available = look(cart, snapshot, rules)
    num_lines = len(cart.lines)
    later = available.useful(_wanted(cart)) if available.rows else NONE_LATER
    supplying = None if reasons else available.supplying()
    load = num_lines, sum([line.quantity for line in cart.lines])
    found = lanes(cart, snapshot, rules, load, later, pickups, supplying)
    whole_lines = rules.rule_set.constraints.max_nodes_per_line is not None
    merge = not whole_lines and int(found.cap_lines.min(initial=num_lines)) == num_lines
    demands = _demands(cart, merge=merge)
    offered = available.by(found.node, found.ready)
    if len(demands.lines_of) < num_lines:
        offered = offered[[positions[0] for positions in demands.lines_of]]
    heaviest = found.tariff.heaviest[found.trip]
    light = int(demands.weight.max()) <= int(heaviest.min(initial=UNLIMITED))
    carried = offered if light else offered * (demands.weight[:, None] <= heaviest)
    carries: BoolArray = np.logical_or.reduce(carried, axis=0)
    if reasons:
        _name_what_is_missing(found, available, offered, carries)
    lane = carries.nonzero()[0]
    there = offered.take(lane, axis=1)
    brought = _Brought(lane=lane, available=there, carried=there if light else carried.take(lane, axis=1))
    problem = undominated(_price(cart, snapshot.network, rules, found, demands, brought, complete=complete), snapshot)
    _guard_magnitude(problem)
    return problem, found, available


@dataclass(frozen=True, slots=True, kw_only=True)
class _Demands:
    """The demands of a `Problem`, `value[D]` micros a unit."""

    quantity: IntArray
    weight: IntArray
    value: IntArray
    group: IntArray
    lines_of: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Brought:
    """Of the lanes that bring a unit, ``lane[K]``, what is ``available[D, K]`` and, not too heavy, can be `carried`."""

    lane: IntArray
    available: IntArray
    carried: IntArray


def _delivering(found: Lanes, lane: IntArray) -> IntArray:
    """The service that brings each lane's goods to the customer: by way of a hub, that of the hub's parcel."""
    service = found.service[lane]
    for i, parcel in enumerate(found.parcels):
        service[found.family[lane] == VIA + i] = parcel.service
    return service


def _wanted(cart: Cart) -> IntArray:
    """Per line, the units of its SKU on all lines."""
    total: dict[str, int] = {}
    for line in cart.lines:
        total[line.sku] = total.get(line.sku, 0) + line.quantity
    return np.array([total[line.sku] for line in cart.lines], dtype=np.int64)


def _name_what_is_missing(found: Lanes, available: Available, offered: IntArray, carries: BoolArray) -> None:
    """What stock, protection and capacity have against nodes; then that supply comes too late, or all is too heavy.

    Of a lane there are ``offered[D, C]`` units, and it ``carries[C]`` one.
    """
    num_nodes, in_time = len(found.reason), np.logical_or.reduce(offered, axis=0)
    missing = first_failed(
        {
            NodeReason.NO_STOCK: available.stocked(),
            NodeReason.PROTECTED: available.supplying(),
            NodeReason.CAPACITY_FULL: _mask(found.node, num_nodes),
            NodeReason.TOO_LATE: _mask(found.node[in_time], num_nodes),
            NodeReason.TOO_HEAVY: _mask(found.node[carries], num_nodes),
        }
    )
    unnamed = found.reason == 0
    found.reason[unnamed] = missing[unnamed]


def _mask(nodes: IntArray, num_nodes: int) -> BoolArray:
    mask = np.zeros(num_nodes, dtype=np.bool_)
    mask[nodes] = True
    return mask


def _demands(cart: Cart, *, merge: bool) -> _Demands:
    """Every line alone; with `merge`, those that nothing distinguishes together."""
    groups: dict[str, int] = {}
    rows = [
        (line.quantity, line.unit_weight_grams, line.unit_price_micros, groups.setdefault(line.sku, len(groups)))
        for line in cart.lines
    ]
    lines_of: tuple[tuple[int, ...], ...] = tuple([(position,) for position in range(len(rows))])
    if merge and len(groups) < len(rows):
        alike: dict[tuple[int, int, int], list[int]] = {}
        for position, (_, grams, price, group) in enumerate(rows):
            alike.setdefault((grams, price, group), []).append(position)
        rows = [(sum([rows[p][0] for p in positions]), *key) for key, positions in alike.items()]
        lines_of = tuple(map(tuple, alike.values()))
    quantity, weight, value, group_of = np.array(rows, dtype=np.int64).T.copy()
    return _Demands(quantity=quantity, weight=weight, value=value, group=group_of, lines_of=lines_of)


def _price(
    cart: Cart,
    network: CompiledNetwork,
    rules: CompiledRules,
    found: Lanes,
    demands: _Demands,
    brought: _Brought,
    *,
    complete: bool,
) -> Problem:
    """Lanes that bring a unit as offers with costs; algebra in `formulation`, tariff in `domain.network.Service`."""
    prices, constraints = rules.rule_set.prices, rules.rule_set.constraints
    quantity, weight, tariff, lane = demands.quantity, demands.weight, found.tariff, brought.lane
    node, trip, family, arrival = found.node[lane], found.trip[lane], found.family[lane], found.arrival[lane]
    unfilled = prices.unfilled_per_unit_micros + rounded(demands.value * prices.unfilled_value_bp, 10_000)
    fixed = tariff.fixed[trip] + network.handling_per_shipment[node]
    fixed += prices.split_micros if not found.parcels else np.where(family < VIA, prices.split_micros, 0)
    per_unit = tariff.per_unit[trip] + network.handling_per_unit[node]
    if cart.deliver_by is not None:
        per_unit += prices.late_per_unit_day_micros * np.maximum(arrival - cart.deliver_by.toordinal(), 0)
    if network.priced_by_weight:
        unit = by_weight(network, found.leg_service[lane], weight) + per_unit
    else:
        unit = per_unit[None, :].repeat(len(quantity), axis=0)
    all_of_it = complete or constraints.ship_complete or not constraints.partial_orders
    nothing = sum([q * price for q, price in zip(quantity.tolist(), unfilled.tolist(), strict=True)])
    onward = [parcel.micros for parcel in found.parcels]
    if all_of_it:
        unfilled = np.full(len(quantity), _prohibitive(fixed, unit, quantity, tariff.tables, max([0, *onward])))
    return Problem(
        quantity=quantity,
        weight=weight,
        unfilled=unfilled,
        group=demands.group,
        lines_of=demands.lines_of,
        lane=lane,
        node=node,
        service=_delivering(found, lane),
        way=found.way[lane],
        arrival=arrival,
        fixed=fixed,
        unit=unit,
        available=brought.available,
        supply=np.minimum(brought.carried, quantity[:, None]),
        cap_units=found.cap_units[lane],
        cap_lines=found.cap_lines[lane],
        tiers=tariff.tiers[trip],
        family=family,
        tier_tables=tariff.tables,
        split=prices.split_micros,
        onward=(0, 0, *onward),
        nothing=nothing,
        max_shipments=1 if constraints.ship_complete else constraints.max_shipments,
        max_nodes_per_line=constraints.max_nodes_per_line,
        fill=(Fill.ALL if complete else Fill.ALL_OR_NOTHING) if all_of_it else Fill.PARTIAL,
    )


def _prohibitive(fixed: IntArray, unit: IntArray, quantity: IntArray, tables: TierTables, dearest_parcel: int) -> int:
    """A price per unfilled unit above what any plan without unfilled units costs: it stands for "must be filled"."""
    if len(fixed) == 0:
        return 1
    shipments = min(len(fixed), int(quantity.sum()))
    dearest = (
        dearest_parcel
        + shipments * (float(fixed.max()) + int(tables.cost.max()))
        + float((quantity * unit.max(axis=1)).sum(dtype=np.float64))
    )
    return int(min(dearest, float(OBJECTIVE_MICROS_MAX))) + 1


def undominated(problem: Problem, snapshot: Snapshot) -> Problem:
    """Drop an offer where another of the same node costs no more for any contents and lets as much through.

    An offer is not beaten by one that arrives later, unless that one is cheaper whatever it carries; and not at all
    where a promise asks for several dates. Nor is it beaten by one of another way where a promise asks for each.
    """
    if (problem.node[1:] != problem.node[:-1]).all():
        return problem
    dates_count = problem.fill is Fill.ALL
    key = problem.node * len(problem.onward) + problem.family
    num_ways = int(problem.way.max(initial=0)) + 1
    first, second = _alike(key * num_ways + problem.way if dates_count else key)
    if len(first) == 0:
        return problem
    better, worse = np.concatenate([first, second]), np.concatenate([second, first])
    lighter = problem.tiers[better] == problem.tiers[worse]
    if not lighter.all():
        lighter |= dominance(snapshot.network, problem.tier_tables)[problem.tiers[better], problem.tiers[worse]]
    cheaper = (problem.fixed[better] < problem.fixed[worse]) & (not dates_count)
    beats = (
        lighter
        & (problem.fixed[better] <= problem.fixed[worse])
        & ((problem.arrival[better] <= problem.arrival[worse]) | cheaper)
        & (problem.cap_units[better] >= problem.cap_units[worse])
        & (problem.cap_lines[better] >= problem.cap_lines[worse])
    )
    left = beats.nonzero()[0]
    beats[left] = _whatever_it_carries(problem, better[left], worse[left])
    beats[len(first) :] &= ~beats[: len(first)]  # of two that beat each other the first one stays
    keep = np.ones(problem.num_offers, dtype=np.bool_)
    keep[worse[beats]] = False  # whatever beats a beaten one beats what that one beats
    return problem if keep.all() else problem.restricted(keep.nonzero()[0])


def _whatever_it_carries(problem: Problem, better: IntArray, worse: IntArray) -> BoolArray:
    """Of pairs of offers, whether the first brings as much of every demand as the second, for no more a unit."""
    wanted = np.bincount(problem.group, weights=problem.quantity).astype(np.int64)[problem.group][:, None]
    waited_for = np.minimum(problem.available, wanted)
    good = np.concatenate([problem.supply, waited_for, -problem.unit])  # the more, the better
    whatever: BoolArray = np.all(good.take(better, axis=1) >= good.take(worse, axis=1), axis=0)
    return whatever


def _alike(key: IntArray) -> tuple[IntArray, IntArray]:
    """Every two positions of equal key, the smaller one first."""
    order = np.argsort(key, kind="stable")
    ranked = key[order]
    others = ranked.searchsorted(ranked, side="right") - np.arange(1, len(key) + 1)  # of its key, behind it
    first, nth = copies(others)
    return order[first], order[first + 1 + nth]


def _guard_magnitude(problem: Problem) -> None:
    """Refuse an order whose worst plan would not fit the integers; only absurd prices or quantities do."""
    quantity = problem.quantity.astype(np.float64)
    worst = problem.nothing + float(quantity @ problem.unfilled)
    if problem.num_offers:
        worst += float(problem.fixed.sum(dtype=np.float64)) + float(quantity @ problem.unit.max(axis=1))
    if worst > OBJECTIVE_MICROS_MAX:
        raise invalid([Violation(field="lines", description="quantities times prices are beyond what can be priced")])

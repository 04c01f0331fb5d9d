"""Networks and rule sets as arrays, compiled once per revision."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import pairwise
from types import MappingProxyType
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from sourcier.domain.calendar_checks import pickup_minutes
from sourcier.domain.errors import Reason, Refusal, Violation, invalid
from sourcier.domain.limits import PROTECTION_CLASSES_MAX
from sourcier.domain.network import (
    CapacityMeasure,
    Method,
    Network,
    NodeCalendar,
    NodeStatus,
    NodeType,
    Service,
)
from sourcier.domain.place import GeoPoint
from sourcier.domain.rules import RuleSet
from sourcier.engine.directory import Directory, compile_directory
from sourcier.engine.memo import Memo
from sourcier.engine.postal_zones import CodeRanges, compile_postal_zones
from sourcier.engine.tiers import Tiers, TierTables, tier_tables

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

UNLIMITED = np.int64(2**53)
"""Stands for "no limit" in integer arrays; exact as a float too."""

EARTH_RADIUS_M = 6_371_008.8
"""Mean earth radius R1, metres (IUGG)."""

ROUND_MINUTES = 1_441
"""Pickup minutes of a day that are told apart, midnight at its end included."""

PLACES_BYTES_MAX = 32 * 2**20
"""For how far the places asked for last are from every node."""

FREE = Tiers(limit_g=np.array([UNLIMITED]), cost=np.zeros(1, dtype=np.int64))
"""Any weight for nothing."""

NODE_TYPES = tuple(NodeType)
MEASURES: tuple[CapacityMeasure | None, ...] = (None, *CapacityMeasure)


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledService:
    """One service with its weight tiers, ascending: `tier_limit_g[T]` (grams, inclusive), `tier_cost[T]`."""

    service: Service
    tier_limit_g: IntArray
    tier_cost: IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledNetwork:
    """A network as arrays over nodes (axis N) and services (axis S).

    `calendar_of[N]` indexes `calendars`, the distinct pairs of calendar and zone; `zone_of[N]` the distinct
    `time_zones`; `cos_lat[N]` is the cosine of `lat_rad`. `capacity[N]` is UNLIMITED where a node has none;
    `measure[N]` indexes MEASURES. `tier_dominates[S + 1, S + 1]`: the first service's tier costs no more than the
    second's at any weight the second carries; the last one is that of no service, which costs nothing, as in `tiers`
    and `rates[5, S + 1]`: micros per shipment, per shipment and km, per unit, per unit and km, per kg.
    `collects[N, S]`: the service collects there; `gives_out[N, S]`: customers can collect there what comes by it.

    Shifts stand over axis H, by node, those of node n from `first_shift[n]` on: `shift_measure[H]` (indexes MEASURES),
    `shift_limit[H]`; `in_shifts[N]`: it has some. `measures` and `shift_measures` are those in use by nodes and shifts.
    `priced_by_weight`: some service has a rate per kg. `round_keys` are the `round_key` of every
    carrier's round with a limit of parcels, ascending. `transfers` are the (node, service) pairs that lead to a node.
    `postal_zones` is for `engine.postal_zones.zone_of`. `courier_seconds[S]` pass from pickup to door (-1: no courier),
    `collect_minutes[S]` from arrival in a store to collection. `memo` keeps how far the places asked for last are.
    """

    network: Network
    directory: Directory
    node_index: Mapping[str, int]
    node_type: NDArray[np.int8]
    online: BoolArray
    lat_rad: FloatArray
    cos_lat: FloatArray
    lon_rad: FloatArray
    collects: BoolArray
    gives_out: BoolArray
    calendar_of: IntArray
    calendars: tuple[tuple[NodeCalendar, str], ...]
    zone_of: IntArray
    time_zones: tuple[str, ...]
    capacity: IntArray
    measure: NDArray[np.int8]
    handling_per_shipment: IntArray
    handling_per_unit: IntArray
    services: tuple[CompiledService, ...]
    service_index: Mapping[str, int]
    tiers: TierTables
    tier_dominates: BoolArray
    rates: IntArray
    priced_by_weight: bool
    postal_areas: Mapping[tuple[str, str], int]
    postal_zones: Mapping[str, tuple[CodeRanges, ...]]
    transfers: Mapping[int, tuple[tuple[int, int], ...]]
    in_shifts: BoolArray
    first_shift: IntArray
    shift_measure: NDArray[np.int8]
    shift_limit: IntArray
    shift_measures: tuple[int, ...]
    measures: tuple[int, ...]
    round_keys: IntArray
    courier_seconds: IntArray
    collect_minutes: IntArray
    memo: Memo = field(compare=False, repr=False)

    def round_key(self, node: IntArray, service: IntArray, pickup_minute: NDArray[np.integer]) -> IntArray:
        """One number per carrier's round: node, service and pickup minute."""
        return (node * len(self.services) + service) * ROUND_MINUTES + pickup_minute


def compile_network(network: Network) -> CompiledNetwork:
    """Arrays of a valid network (validation is the inputs' and the edge's work)."""
    calendars: dict[tuple[NodeCalendar, str], int] = {}
    calendar_of = [calendars.setdefault((n.calendar, n.time_zone), len(calendars)) for n in network.nodes]
    service_index = {s.service_id: i for i, s in enumerate(network.services)}
    collects = np.zeros((len(network.nodes), len(network.services)), dtype=np.bool_)
    for i, node in enumerate(network.nodes):
        collects[i, [service_index[s] for s in node.services]] = True
    services = tuple(_compile_service(s) for s in network.services)
    tiers = tier_tables([*(Tiers(limit_g=s.tier_limit_g, cost=s.tier_cost) for s in services), FREE])
    steps = [(table.limit_g, table.cost) for table in tiers]
    zones: dict[str, int] = {}
    zone_of = [zones.setdefault(n.time_zone, len(zones)) for n in network.nodes]
    shifts = [shift for node in network.nodes for shift in node.shifts]
    lat_rad = np.radians(np.array([n.point.lat_e6 for n in network.nodes], dtype=np.float64) / 1e6)
    return CompiledNetwork(
        network=network,
        directory=compile_directory(network),
        node_index=MappingProxyType({n.node_id: i for i, n in enumerate(network.nodes)}),
        node_type=np.array([NODE_TYPES.index(n.node_type) for n in network.nodes], dtype=np.int8),
        online=np.array([n.status is NodeStatus.OPEN for n in network.nodes], dtype=np.bool_),
        lat_rad=lat_rad,
        cos_lat=np.cos(lat_rad),
        lon_rad=np.radians(np.array([n.point.lon_e6 for n in network.nodes], dtype=np.float64) / 1e6),
        collects=collects,
        gives_out=_gives_out(network, collects),
        calendar_of=np.array(calendar_of, dtype=np.int64),
        calendars=tuple(calendars),
        zone_of=np.array(zone_of, dtype=np.int64),
        time_zones=tuple(zones),
        capacity=_ints(UNLIMITED if n.capacity is None else n.capacity.per_day for n in network.nodes),
        measure=np.array(
            [0 if n.capacity is None else MEASURES.index(n.capacity.measure) for n in network.nodes],
            dtype=np.int8,
        ),
        handling_per_shipment=_ints(n.handling_per_shipment_micros for n in network.nodes),
        handling_per_unit=_ints(n.handling_per_unit_micros for n in network.nodes),
        services=services,
        service_index=MappingProxyType(service_index),
        tiers=tiers,
        tier_dominates=np.array([[steps_dominate(a, b) for b in steps] for a in steps], dtype=np.bool_),
        rates=_rates(network.services),
        priced_by_weight=any(s.per_kg_micros for s in network.services),
        postal_areas=MappingProxyType({(a.country_code, a.prefix): i for i, a in enumerate(network.postal_areas)}),
        postal_zones=MappingProxyType(compile_postal_zones(network)),
        transfers=MappingProxyType(_transfers(network, service_index)),
        in_shifts=np.array([bool(node.shifts) for node in network.nodes], dtype=np.bool_),
        first_shift=np.cumsum([0, *(len(node.shifts) for node in network.nodes)], dtype=np.int64)[:-1],
        shift_measure=np.array([MEASURES.index(shift.measure) for shift in shifts], dtype=np.int8),
        shift_limit=_ints(shift.limit for shift in shifts),
        shift_measures=tuple(sorted({MEASURES.index(shift.measure) for shift in shifts})),
        measures=tuple(sorted({MEASURES.index(n.capacity.measure) for n in network.nodes if n.capacity})),
        round_keys=_ints(sorted(_limited_rounds(network, service_index))),
        courier_seconds=_ints(60 * s.courier_minutes if s.method is Method.SAME_DAY else -1 for s in network.services),
        collect_minutes=_ints(s.collect_minutes for s in network.services),
        memo=Memo(PLACES_BYTES_MAX),
    )


def _limited_rounds(network: Network, service_index: Mapping[str, int]) -> set[int]:
    """The `round_key` of every carrier's round with a limit of parcels."""
    return {
        (i * len(network.services) + service_index[r.service_id]) * ROUND_MINUTES + minute
        for i, node in enumerate(network.nodes)
        for r in node.rounds
        if r.parcels is not None
        for minute in pickup_minutes(r)
    }


def _gives_out(network: Network, collects: BoolArray) -> BoolArray:
    """Stores that have a collected service, or that a ship-to-store service brings goods to."""
    gives_out = np.zeros_like(collects)
    collected = [i for i, s in enumerate(network.services) if s.method.collected]
    gives_out[:, collected] = collects[:, collected]
    sending = {s.service_id: i for i, s in enumerate(network.services) if s.method is Method.SHIP_TO_STORE}
    position = {node.node_id: i for i, node in enumerate(network.nodes)}
    for lane in network.transfer_lanes:
        if lane.service_id in sending:
            gives_out[position[lane.to_node_id], sending[lane.service_id]] = True
    gives_out[[node.node_type is not NodeType.STORE for node in network.nodes]] = False
    return gives_out


def _transfers(network: Network, service_index: Mapping[str, int]) -> dict[int, tuple[tuple[int, int], ...]]:
    """The (node, service) pairs that lead to each node over transfer lanes."""
    node_index = {node.node_id: i for i, node in enumerate(network.nodes)}
    found: dict[int, tuple[tuple[int, int], ...]] = {}
    for lane in network.transfer_lanes:
        to, start = node_index[lane.to_node_id], node_index[lane.from_node_id]
        found[to] = (*found.get(to, ()), (start, service_index[lane.service_id]))
    return found


def _compile_service(service: Service) -> CompiledService:
    tiers = service.weight_tiers
    return CompiledService(
        service=service,
        tier_limit_g=_ints(UNLIMITED if t.max_grams is None else t.max_grams for t in tiers)
        if tiers
        else _ints([UNLIMITED]),
        tier_cost=_ints(t.cost_micros for t in tiers) if tiers else _ints([0]),
    )


def _rates(services: Sequence[Service]) -> IntArray:
    """``rates[5, S + 1]``: per shipment, per shipment-km, per unit, per unit-km, per kg; nothing for no service."""
    return np.array(
        [
            (
                s.per_shipment_micros,
                s.per_shipment_km_micros,
                s.per_unit_micros,
                s.per_unit_km_micros,
                s.per_kg_micros,
            )
            for s in services
        ]
        + [(0, 0, 0, 0, 0)],
        dtype=np.int64,
    ).T


Steps = tuple[IntArray, IntArray]
"""A step function: ascending limits (inclusive) and the cost up to each."""


def steps_dominate(better: Steps, worse: Steps) -> bool:
    """Whether the first costs no more wherever the second reaches: compared at the end of every step."""
    if better[0][-1] < worse[0][-1]:
        return False
    ends = np.union1d(better[0], worse[0])
    ends = ends[ends <= worse[0][-1]]
    cost = [costs[np.searchsorted(limits, ends)] for limits, costs in (better, worse)]
    return bool((cost[0] <= cost[1]).all())


def _ints(values: Iterable[int | np.int64]) -> IntArray:
    return np.fromiter(values, dtype=np.int64)


def distances_m(network: CompiledNetwork, point: GeoPoint) -> IntArray:
    """Great-circle metres from every node to `point`, by the haversine formula; at most 0.3 % off WGS 84."""
    lat, lon = np.radians(point.lat_e6 / 1e6), np.radians(point.lon_e6 / 1e6)
    half_chord = (
        np.sin((network.lat_rad - lat) / 2) ** 2
        + network.cos_lat * np.cos(lat) * np.sin((network.lon_rad - lon) / 2) ** 2
    )
    metres = 2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.minimum(half_chord, 1.0)))
    whole: IntArray = np.rint(metres).astype(np.int64)
    return whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """What is kept back from channels.

    `floors[node type][class]` units are kept back from a channel class, ``kept_back[class, type]`` (indexes NODE_TYPES)
    are the same; classes are nested, class 0 keeps the least.
    """

    channel_class: Mapping[str, int]
    floors: Mapping[NodeType, tuple[int, int, int]]
    kept_back: IntArray

    @property
    def floors_by_name(self) -> dict[str, tuple[int, int, int]]:
        """The same, by what node types are called outside."""
        return {node_type.value: floors for node_type, floors in self.floors.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledRules:
    """A rule-set revision, ready for decisions.

    `excluded` are the node types that take no part in orders of a channel, ``takes_no_part[channel][type]`` (indexes
    NODE_TYPES) says the same.
    """

    rule_set: RuleSet
    revision_name: str
    protection: Protection
    excluded: Mapping[str, frozenset[NodeType]]
    takes_no_part: Mapping[str, BoolArray]


def compile_rules(rule_set: RuleSet, revision_name: str) -> CompiledRules:
    """Resolve which channel sees which protection; refuse levels that are not nested or more than three.

    Nested means: of two channels, one keeps back at least as much as the other at every node type. The ledger
    enforces protection as three floor columns per stock row, which can hold nothing else (ledger specification, 3.5).
    """
    levels: dict[str, tuple[int, ...]] = {
        channel: tuple(_floor(rule_set, channel, node_type) for node_type in NODE_TYPES)
        for channel in rule_set.channels
    }
    distinct = sorted(set(levels.values()))
    _check_nested(levels, distinct)
    padded = distinct + [distinct[-1]] * (PROTECTION_CLASSES_MAX - len(distinct))
    return CompiledRules(
        rule_set=rule_set,
        revision_name=revision_name,
        protection=Protection(
            channel_class=MappingProxyType({c: distinct.index(v) for c, v in levels.items()}),
            floors=MappingProxyType({t: (padded[0][i], padded[1][i], padded[2][i]) for i, t in enumerate(NODE_TYPES)}),
            kept_back=np.array(padded, dtype=np.int64),
        ),
        excluded=MappingProxyType({c: _excluded(rule_set, c) for c in rule_set.channels}),
        takes_no_part=MappingProxyType({c: _mask(_excluded(rule_set, c)) for c in rule_set.channels}),
    )


def with_channel(rules: CompiledRules, channel: str) -> CompiledRules:
    """The rules for a channel that they may not list: what names channels does not name it.

    It is kept back from as the least protected channel is, which is no less than what is kept back from every channel.
    """
    protection = rules.protection
    if channel in protection.channel_class:
        return rules
    return replace(
        rules,
        protection=replace(protection, channel_class=MappingProxyType({**protection.channel_class, channel: 0})),
        excluded=MappingProxyType({**rules.excluded, channel: _excluded(rules.rule_set, channel)}),
        takes_no_part=MappingProxyType({**rules.takes_no_part, channel: _mask(_excluded(rules.rule_set, channel))}),
    )


def _check_nested(levels: Mapping[str, tuple[int, ...]], distinct: list[tuple[int, ...]]) -> None:
    if len(distinct) > PROTECTION_CLASSES_MAX:
        raise _refused(f"channels have {len(distinct)} levels; at most {PROTECTION_CLASSES_MAX} are kept apart")
    for lower, upper in pairwise(distinct):
        if any(a > b for a, b in zip(lower, upper, strict=True)):
            low, high = (next(c for c, v in levels.items() if v == level) for level in (lower, upper))
            raise _refused(f"{low!r} and {high!r} are each protected more somewhere; one must be nowhere below")


def _refused(description: str) -> Refusal:
    return invalid([Violation(field="protection.safety_stock", description=description)], Reason.RULE_SET_INVALID)


def _floor(rule_set: RuleSet, channel: str, node_type: NodeType) -> int:
    return max(
        (
            entry.units
            for entry in rule_set.safety_stock
            if (not entry.channels or channel in entry.channels)
            and (not entry.node_types or node_type in entry.node_types)
        ),
        default=0,
    )


def _excluded(rule_set: RuleSet, channel: str) -> frozenset[NodeType]:
    found: set[NodeType] = set()
    for entry in rule_set.eligibility:
        if not entry.channels or channel in entry.channels:
            found |= entry.exclude_node_types
    return frozenset(found)


def _mask(node_types: frozenset[NodeType]) -> BoolArray:
    return np.array([node_type in node_types for node_type in NODE_TYPES], dtype=np.bool_)


def local_days(network: CompiledNetwork, instant: datetime) -> IntArray:
    """The ordinal of an instant's local day at every node."""
    days = [instant.astimezone(ZoneInfo(zone)).date().toordinal() for zone in network.time_zones]
    return np.array(days, dtype=np.int64)[network.zone_of]


def ordinal(day: date) -> int:
    """A date as the engine's integer day."""
    return day.toordinal()

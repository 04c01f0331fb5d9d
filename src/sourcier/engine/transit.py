"""How long parcels travel: transit by zone or distance, measured or stated, counted in delivery days.

Axes: T transit rows (one band or zone lane of one service), K the steps of its distribution, D days, L asked lanes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from sourcier.domain.network import Method, Service, TransitBand, TransitShare, ZoneTransit
from sourcier.engine.compile import UNLIMITED, BoolArray, CompiledNetwork, IntArray
from sourcier.engine.hours import NEVER, open_days

YEAR_DAYS = 366
"""A carrier that does not deliver within so many days after the ship day never does."""

ALL_BP = 10_000
_LIMIT_SPAN = np.int64(2**54)  # metres by which services lie apart in the key of bands; more than UNLIMITED


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """For each lane the first and last delivery day (ordinals; NEVER: none), and the share that has come by the last.

    `confidence_bp` is in basis points; ALL_BP where transit was stated and not measured.
    """

    earliest: IntArray
    latest: IntArray
    confidence_bp: IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Transit:
    """Transit rows and the delivery days they count.

    `steps[T, K]` business days and `cumulated[T, K]` basis points; `calendar[T]` is a row of `rank[., D + 1]` (delivery
    days before each day from the ordinal `first` on) and `nth` (their ordinals, NEVER behind the last).
    `by_zone[S, Z]` is the row for all nodes, `lane_key` and `lane_row` those of named nodes, `band_key` and `band_row`
    those by distance.
    """

    first: int
    zone_index: dict[str, int]
    steps: IntArray
    cumulated: IntArray
    calendar: IntArray
    same_day: BoolArray
    by_zone: IntArray
    lane_key: IntArray
    lane_row: IntArray
    band_key: IntArray
    band_row: IntArray
    rank: NDArray[np.int32]
    nth: IntArray

    def rows(self, node: IntArray, service: IntArray, distance_m: IntArray, zone_id: str) -> IntArray:
        """``row[L]`` of each lane to a destination in the zone (empty: in none) so far away; -1 where none reaches it.

        The zone's lane of the node comes first, then the zone's, then the distance band.
        """
        at = np.searchsorted(self.band_key, service * _LIMIT_SPAN + distance_m)
        at = np.minimum(at, len(self.band_key) - 1)
        reached = self.band_key[at] // _LIMIT_SPAN == service
        found: IntArray = np.where(reached, self.band_row[at], -1)
        zone = self.zone_index.get(zone_id)
        if zone is None:
            return found
        found = np.where(self.by_zone[service, zone] >= 0, self.by_zone[service, zone], found)
        key = _lane(len(self.zone_index), service, zone, node)
        at = np.minimum(np.searchsorted(self.lane_key, key), len(self.lane_key) - 1)
        return np.where(self.lane_key[at] == key, self.lane_row[at], found)

    def arrivals(self, row: IntArray, ship_day: IntArray, quantile_bp: int) -> Arrivals:
        """When parcels that leave on `ship_day` arrive; by `latest`, `quantile_bp` of them at least.

        A courier's parcels arrive on the day itself or not at all.
        """
        reached = (row >= 0) & (ship_day < NEVER)
        row, day = np.where(reached, row, 0), np.where(reached, ship_day, self.first)
        step = (self.cumulated < quantile_bp).sum(axis=1)
        lowest = (self.cumulated <= 0).sum(axis=1)
        every = np.arange(len(self.steps))
        earliest = self._delivered(row, day, self.steps[every, lowest][row])
        latest = self._delivered(row, day, self.steps[every, step][row])
        late = self.same_day[row] & (latest != day)
        none = ~reached | late | (latest >= NEVER)
        return Arrivals(
            earliest=np.where(none, NEVER, earliest),
            latest=np.where(none, NEVER, latest),
            confidence_bp=self.cumulated[every, step][row],
        )

    def _delivered(self, row: IntArray, ship_day: IntArray, business_days: IntArray) -> IntArray:
        """The n-th delivery day after the ship day; for 0 the first one from the ship day itself on."""
        calendar, column = self.calendar[row], ship_day - self.first
        past = self.rank[calendar, column + 1].astype(np.int64)
        before = self.rank[calendar, column]
        position = np.where(business_days > 0, past + business_days - 1, before)
        day = self.nth[calendar, np.minimum(position, self.nth.shape[1] - 1)]
        in_time = day - ship_day <= YEAR_DAYS - (business_days == 0)
        return np.where(in_time, day, NEVER)


_DeliveryDays = tuple[frozenset[int], frozenset[date]]
_Whole = TypeVar("_Whole", int, IntArray)


def _lane(num_zones: int, service: _Whole, zone: int, node: _Whole) -> _Whole:
    return (service * num_zones + zone) * 2**32 + node


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """A band or zone lane: the weekdays on which it delivers and the closed dates, its shares of parcels."""

    days: frozenset[int]
    closed: frozenset[date]
    shares: tuple[TransitShare, ...]
    same_day: bool = False


_NOTHING = _Row(days=frozenset(), closed=frozenset(), shares=(TransitShare(business_days=0, share_bp=ALL_BP),))


def _row(service: Service, transit: TransitBand | ZoneTransit) -> _Row:
    """What is stated is a distribution of one share; a courier has no other."""
    own = transit.delivery_days if isinstance(transit, ZoneTransit) else None
    same_day = service.method is Method.SAME_DAY
    stated = (TransitShare(business_days=0 if same_day else transit.business_days, share_bp=ALL_BP),)
    return _Row(
        days=service.delivery_days if own is None else own,
        closed=service.closed_dates,
        shares=stated if same_day else transit.distribution or stated,
        same_day=same_day,
    )


def compile_transit(network: CompiledNetwork, first: int, num_days: int) -> Transit:
    """The transit of a valid network for parcels that leave on `num_days` days from the ordinal `first` on."""
    zones = {zone.zone_id: i for i, zone in enumerate(network.network.zones)}
    services = [compiled.service for compiled in network.services]
    by_zone = np.full((len(services), len(zones)), -1, dtype=np.int64)
    bands: list[tuple[int, int]] = []  # (key, row)
    lanes: list[tuple[int, int]] = []
    rows: list[_Row] = []
    for s, service in enumerate(services):
        for band in service.transit:
            limit = int(UNLIMITED) if band.max_distance_m is None else band.max_distance_m
            bands.append((s * int(_LIMIT_SPAN) + limit, len(rows)))
            rows.append(_row(service, band))
        for entry in service.zone_transit:
            zone = zones[entry.zone_id]
            if not entry.node_ids:
                by_zone[s, zone] = len(rows)
            lanes += [(_lane(len(zones), s, zone, network.node_index[n]), len(rows)) for n in entry.node_ids]
            rows.append(_row(service, entry))
    rows = rows or [_NOTHING]
    steps, cumulated = _distributions(rows)
    calendar, rank, nth = _delivery_days(rows, first, num_days)
    band_key, band_row = _sorted(bands)
    lane_key, lane_row = _sorted(lanes)
    return Transit(
        first=first,
        zone_index=zones,
        steps=steps,
        cumulated=cumulated,
        calendar=calendar,
        same_day=np.array([row.same_day for row in rows], dtype=np.bool_),
        by_zone=by_zone,
        lane_key=lane_key,
        lane_row=lane_row,
        band_key=band_key,
        band_row=band_row,
        rank=rank,
        nth=nth,
    )


def _sorted(pairs: list[tuple[int, int]]) -> tuple[IntArray, IntArray]:
    """Keys and rows, by key, before one key that nothing has: a search always finds something."""
    table = np.array([(np.iinfo(np.int64).max, -1), *pairs], dtype=np.int64)
    table = table[np.argsort(table[:, 0], kind="stable")]
    return table[:, 0].copy(), table[:, 1].copy()


def _distributions(rows: Sequence[_Row]) -> tuple[IntArray, IntArray]:
    """``steps[T, K]`` and ``cumulated[T, K]``."""
    longest = max(len(row.shares) for row in rows)
    steps = np.zeros((len(rows), longest), dtype=np.int64)
    cumulated = np.full((len(rows), longest), ALL_BP, dtype=np.int64)
    for t, row in enumerate(rows):
        steps[t, : len(row.shares)] = [share.business_days for share in row.shares]
        cumulated[t, : len(row.shares)] = list(accumulate(share.share_bp for share in row.shares))
    return steps, cumulated


def _delivery_days(rows: Sequence[_Row], first: int, num_days: int) -> tuple[IntArray, NDArray[np.int32], IntArray]:
    """``calendar[T]``, and of the distinct delivery calendars ``rank[., D + 1]`` and ``nth``."""
    distinct: dict[_DeliveryDays, int] = {}
    calendar = [distinct.setdefault((row.days, row.closed), len(distinct)) for row in rows]
    span = num_days + YEAR_DAYS
    delivers = np.array([open_days(*key, first, span) for key in distinct], dtype=np.bool_)
    rank = np.zeros((len(distinct), span + 1), dtype=np.int32)
    rank[:, 1:] = np.cumsum(delivers, axis=1)
    nth = np.full((len(distinct), span + 1), NEVER, dtype=np.int64)
    for c, days in enumerate(delivers):
        found = np.flatnonzero(days)
        nth[c, : len(found)] = first + found
    return np.array(calendar, dtype=np.int64), rank, nth

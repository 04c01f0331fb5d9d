"""How long parcels travel: transit by zone or distance, measured or stated, counted in delivery days.

Axes: T transit rows (one band or zone lane of one service), K the steps of its distribution, D days, L asked lanes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate
from typing import TypeVar

import numpy as np

from sourcier.domain.limits import TRANSIT_DAYS_MAX
from sourcier.domain.network import Method, Service, TransitBand, TransitShare, ZoneTransit
from sourcier.engine.columns import Columns
from sourcier.engine.compile import UNLIMITED, BoolArray, CompiledNetwork, IntArray
from sourcier.engine.hours import NEVER, open_days
from sourcier.engine.memo import Memo

YEAR_DAYS = 366
"""A carrier that does not deliver within so many days after the ship day never does."""

QUANTILES_BYTES_MAX = 8 * 2**20
"""For what the quantiles asked for last mean to every transit row."""

ALL_BP = 10_000
_LIMIT_SPAN = np.int64(2**54)  # metres by which services lie apart in the key of bands; more than UNLIMITED


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals(Columns):
    """For each lane the first and last delivery day (ordinals; NEVER: none), and the share that has come by the last.

    `confidence_bp` is in basis points; ALL_BP where transit was stated and not measured.
    """

    earliest: IntArray
    latest: IntArray
    confidence_bp: IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Transit:
    """Transit rows and the delivery days they count.

    `lead[T, K]` is a row of `delivered[., D + 1]`: the day on which what leaves on a day from the ordinal `first` on is
    delivered, NEVER in the last column and row; `cumulated[T, K]` basis points have by then. `by_zone[S, Z]` is the row
    for all nodes, `lane_key` and `lane_row` those of named nodes, `band_key` and `band_row`
    those by distance.
    """

    first: int
    zone_index: dict[str, int]
    lead: IntArray
    cumulated: IntArray
    delivered: IntArray
    by_zone: IntArray
    lane_key: IntArray
    lane_row: IntArray
    band_key: IntArray
    band_row: IntArray
    by_quantile: Memo

    def rows(self, node: IntArray, service: IntArray, distance_m: IntArray, zone_id: str) -> IntArray:
        """``row[L]`` of each lane to a destination in the zone (empty: in none) so far away; -1 where none reaches it.

        The zone's lane of the node comes first, then the zone's, then the distance band.
        """
        at = self.band_key.searchsorted(service * _LIMIT_SPAN + distance_m)
        at = np.minimum(at, len(self.band_key) - 1)
        reached = self.band_key[at] // _LIMIT_SPAN == service
        found: IntArray = np.where(reached, self.band_row[at], -1)
        zone = self.zone_index.get(zone_id)
        if zone is None:
            return found
        found = np.where(self.by_zone[service, zone] >= 0, self.by_zone[service, zone], found)
        key = _lane(len(self.zone_index), service, zone, node)
        at = np.minimum(self.lane_key.searchsorted(key), len(self.lane_key) - 1)
        return np.where(self.lane_key[at] == key, self.lane_row[at], found)

    def arrivals(self, row: IntArray, ship_day: IntArray, quantile_bp: int) -> Arrivals:
        """When parcels that leave on `ship_day` arrive; by `latest`, `quantile_bp` of them at least.

        A courier's parcels arrive on the day itself or not at all.
        """
        soonest, slowest, share, stated = self.by_quantile.of(quantile_bp, lambda: self._leads(quantile_bp))
        column = np.minimum(ship_day - self.first, self.delivered.shape[1] - 1)
        latest: IntArray = self.delivered[slowest[row], column]
        earliest = latest
        if not stated:
            earliest = np.where(latest < NEVER, self.delivered[soonest[row], column], NEVER)
        return Arrivals(earliest=earliest, latest=latest, confidence_bp=share[row])

    def _leads(self, quantile_bp: int) -> tuple[IntArray, IntArray, IntArray, bool]:
        """Of every transit row, and of none, the leads of its first and last parcels and the share that has come.

        Then whether the two are the same for all rows.
        """
        every = np.arange(len(self.lead))
        soonest = self.lead[every, (self.cumulated <= 0).sum(axis=1)]
        slowest = self.lead[every, step := (self.cumulated < quantile_bp).sum(axis=1)]
        nothing = len(self.delivered) - 1
        return (
            np.append(soonest, nothing),
            np.append(slowest, nothing),
            np.append(self.cumulated[every, step], ALL_BP),
            bool((soonest == slowest).all()),
        )


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
    lead, delivered = _delivered(rows, steps, first, num_days)
    band_key, band_row = _sorted(bands)
    lane_key, lane_row = _sorted(lanes)
    return Transit(
        first=first,
        zone_index=zones,
        lead=lead,
        cumulated=cumulated,
        delivered=delivered,
        by_zone=by_zone,
        lane_key=lane_key,
        lane_row=lane_row,
        band_key=band_key,
        band_row=band_row,
        by_quantile=Memo(QUANTILES_BYTES_MAX),
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


def _delivered(rows: Sequence[_Row], steps: IntArray, first: int, num_days: int) -> tuple[IntArray, IntArray]:
    """``lead[T, K]`` and ``delivered[., D + 1]``: every distinct pair of delivery days and business days once."""
    distinct: dict[_DeliveryDays, int] = {}
    calendar = np.array([distinct.setdefault((row.days, row.closed), len(distinct)) for row in rows], dtype=np.int64)
    courier = np.array([row.same_day for row in rows], dtype=np.int64)
    most = TRANSIT_DAYS_MAX + 1
    kinds, lead = np.unique((calendar * 2 + courier)[:, None] * most + steps, return_inverse=True)
    delivers = [open_days(*key, first, num_days + YEAR_DAYS) for key in distinct]
    delivered = np.full((len(kinds) + 1, num_days + 1), NEVER)
    for kind, number in enumerate(kinds.tolist()):
        of, business_days = divmod(number, most)
        day = _nth_delivery(delivers[of // 2], business_days, first, num_days)
        on_the_day = day == first + np.arange(num_days)
        delivered[kind, :num_days] = np.where(on_the_day, day, NEVER) if of % 2 else day
    return lead.reshape(steps.shape), delivered


def _nth_delivery(delivers: BoolArray, business_days: int, first: int, num_days: int) -> IntArray:
    """The n-th delivery day after each of `num_days` days; for 0 the first one from the day itself on."""
    days = np.append(first + np.flatnonzero(delivers), NEVER)
    upto = np.cumsum(delivers)[:num_days]  # delivery days up to each day
    nth = upto + business_days - 1 if business_days else upto - delivers[:num_days]
    found = days[np.minimum(nth, len(days) - 1)]
    in_time = found - (first + np.arange(num_days)) <= YEAR_DAYS - (business_days == 0)
    return np.where(in_time, found, NEVER)

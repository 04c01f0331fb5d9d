"""Random calendars: small networks whose nodes work, ship and open at odd times about the days when clocks change."""

import random
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from sourcier.domain.network import (
    CapacityMeasure,
    DayException,
    Hours,
    Method,
    Network,
    Node,
    NodeCalendar,
    NodeType,
    Round,
    Service,
    Shift,
    TransitBand,
    TransitShare,
    Zone,
    ZoneTransit,
)
from sourcier.domain.place import GeoPoint

DAYS = 8
"""Days ahead of the timetables; orders come within the first five."""

SEASONS = (
    (date(2026, 3, 29), ("Europe/Paris", "Europe/Dublin", "Asia/Beirut", "Africa/Casablanca", "Pacific/Kiritimati")),
    (date(2026, 10, 25), ("Europe/Paris", "Europe/Dublin", "Asia/Beirut", "UTC", "Pacific/Pago_Pago")),
    (date(2026, 3, 8), ("America/New_York", "America/Havana", "America/St_Johns", "Asia/Kathmandu")),
    (date(2026, 11, 1), ("America/New_York", "America/Havana", "America/St_Johns", "Pacific/Kiritimati")),
    (date(2026, 4, 5), ("Australia/Lord_Howe", "America/Santiago", "Pacific/Apia", "Europe/Paris")),
    (date(2026, 10, 4), ("Australia/Lord_Howe", "Australia/Sydney", "America/Asuncion", "Pacific/Chatham")),
    (date(2026, 9, 6), ("America/Santiago", "Africa/Cairo", "Asia/Gaza", "UTC")),
    (date(2011, 12, 30), ("Pacific/Apia", "Pacific/Fakaofo", "Pacific/Pago_Pago", "Pacific/Auckland")),
)
EVERY_DAY = frozenset(range(1, 8))
ODD_MINUTES = (0, 1, 59, 60, 90, 119, 120, 121, 150, 179, 180, 181, 239, 240, 480, 600, 720, 900, 960, 1_080, 1_380)


@dataclass(frozen=True, slots=True, kw_only=True)
class Season:
    """A network and an order: seconds after the start of `first_day` (UTC), units, days until its goods are there."""

    network: Network
    first_day: date
    order: tuple[int, int, int]


def random_season(seed: int, season: int) -> Season:
    """One or two nodes with three services, drawn from `seed`, three days before clocks change."""
    rng = random.Random(f"{season}/{seed}")
    change, zones = SEASONS[season]
    first_day = change - timedelta(days=3)
    services = (_service(rng, "std", first_day), _service(rng, "exp", first_day), _courier(rng, first_day))
    nodes = tuple(_node(rng, f"n{i}", rng.choice(zones), first_day) for i in range(rng.choice([1, 1, 2])))
    units = rng.choice([1, 1, 2, 7, 40])
    second = rng.choice([rng.randrange(5 * 86_400), _telling_second(rng, nodes[0], first_day, units)])
    order = (second % (5 * 86_400), units, rng.choice([0, 0, 1, 2]))
    network = Network(
        currency_code="EUR",
        time_zone=rng.choice([nodes[0].time_zone, rng.choice(zones)]),
        nodes=nodes,
        services=services,
        zones=(Zone(zone_id="isle", ranges=()),),
    )
    return Season(network=network, first_day=first_day, order=order)


def _telling_second(rng: random.Random, node: Node, first_day: date, units: int) -> int:
    """A second at which something of the node begins or ends, or just beside it, or the work on an order before it."""
    calendar = node.calendar
    hours = [*calendar.picking_hours, *calendar.opening_hours, *node.shifts]
    spans = [span for one in calendar.exceptions for span in (*one.picking, *one.opening)]
    minutes = [calendar.cut_off_minute, *(m for one in hours for m in (one.from_minute, one.to_minute))]
    minutes += [m for one in node.rounds for m in (one.pickup_minute, one.cut_off_minute) if m is not None]
    minutes += [m for span in spans for m in span]
    midnight = datetime.combine(first_day + timedelta(days=rng.randrange(5)), time.min)
    local = (midnight + timedelta(minutes=rng.choice(minutes))).replace(tzinfo=ZoneInfo(node.time_zone))
    second = int((local - datetime.combine(first_day, time.min, tzinfo=UTC)).total_seconds())
    work = 60 * (calendar.backlog_minutes + calendar.processing_minutes) + units * calendar.processing_seconds_per_unit
    return second + rng.choice([-1, 0, 0, 1, 900]) - rng.choice([0, 0, work])


def _minute(rng: random.Random, last: int = 1_439) -> int:
    return min(last, rng.choice([*ODD_MINUTES, rng.randint(0, last), rng.randint(0, last)]))


def _weekdays(rng: random.Random) -> frozenset[int]:
    days = rng.choice([EVERY_DAY, EVERY_DAY, frozenset(range(1, 6)), frozenset(range(1, 7)), frozenset({6, 7})])
    return days - {rng.randint(1, 21)}


def _dates(rng: random.Random, first_day: date, most: int) -> list[date]:
    return rng.sample([first_day + timedelta(days=d) for d in range(-2, DAYS + 1)], rng.randint(0, most))


def _spans(rng: random.Random, most: int) -> list[tuple[int, int]]:
    """Up to so many spans of a day that do not overlap; they may touch."""
    ends = sorted({_minute(rng, 1_440) for _ in range(2 * most)} | set(rng.sample([0, 1_440], rng.randint(0, 2))))
    spans = [span for span in pairwise(ends) if rng.random() < 0.6]
    return spans[:most] or [(480, 960)]


def _hours(rng: random.Random) -> tuple[Hours, ...]:
    weekend = frozenset({6, 7})
    if rng.random() < 0.4:
        week = [Hours(days=EVERY_DAY - weekend, from_minute=a, to_minute=b) for a, b in _spans(rng, 2)]
        return (*week, *(Hours(days=weekend, from_minute=a, to_minute=b) for a, b in _spans(rng, 1)))
    return tuple(Hours(days=EVERY_DAY, from_minute=a, to_minute=b) for a, b in _spans(rng, 3))


def _exceptions(rng: random.Random, first_day: date) -> tuple[DayException, ...]:
    return tuple(
        DayException(
            day=day,
            picking=tuple(_spans(rng, 2)) if rng.random() < 0.6 else (),
            opening=tuple(_spans(rng, 2)) if rng.random() < 0.6 else (),
        )
        for day in _dates(rng, first_day, 3)
    )


def _node(rng: random.Random, node_id: str, zone: str, first_day: date) -> Node:
    calendar = NodeCalendar(
        working_days=_weekdays(rng),
        cut_off_minute=_minute(rng, 1_440),
        processing_minutes=rng.choice([0, 0, 30, 61, 240, 1_500]),
        closed_dates=frozenset(_dates(rng, first_day, 3)),
        picking_hours=_hours(rng) if rng.random() < 0.75 else (),
        opening_hours=_hours(rng) if rng.random() < 0.6 else (),
        exceptions=_exceptions(rng, first_day) if rng.random() < 0.5 else (),
        processing_seconds_per_unit=rng.choice([0, 0, 7, 61, 600]),
        backlog_minutes=rng.choice([0, 0, 0, 45, 700]),
    )
    return Node(
        node_id=node_id,
        node_type=NodeType.STORE,
        point=GeoPoint(lat_e6=0, lon_e6=0),
        time_zone=zone,
        calendar=calendar,
        services=("std", "exp", "sd"),
        rounds=tuple(
            _round(rng, service) for service in ("std", "exp", "exp", "exp", "sd", "sd") if rng.random() < 0.6
        ),
        shifts=tuple(_shift(rng, f"s{i}") for i in range(rng.choice([0, 1, 2, 3]))),
    )


def _round(rng: random.Random, service_id: str) -> Round:
    pickup = _minute(rng)
    once = Round(
        service_id=service_id,
        days=_weekdays(rng),
        pickup_minute=pickup,
        cut_off_minute=rng.choice([None, pickup, rng.randint(0, pickup)]),
        parcels=rng.choice([None, 3, 50]),
    )
    if rng.random() < 0.6:
        return once
    return replace(once, every_minutes=rng.choice([20, 45, 60, 150]), last_pickup_minute=rng.randint(pickup, 1_439))


def _shift(rng: random.Random, shift_id: str) -> Shift:
    start = _minute(rng)
    end = start + rng.choice([30, 240, 480, 600, 1_440])
    return Shift(shift_id=shift_id, from_minute=start, to_minute=end, measure=CapacityMeasure.ORDERS, limit=5)


def _service(rng: random.Random, service_id: str, first_day: date) -> Service:
    return Service(
        service_id=service_id,
        method=Method.HOME_DELIVERY,
        transit=(
            TransitBand(max_distance_m=100_000, business_days=rng.randint(0, 3)),
            TransitBand(max_distance_m=None, business_days=1, distribution=_shares(rng)),
        ),
        zone_transit=(
            ZoneTransit(
                zone_id="isle", business_days=rng.randint(1, 5), delivery_days=rng.choice([None, _weekdays(rng)])
            ),
            ZoneTransit(zone_id="isle", business_days=9, distribution=_shares(rng), node_ids=frozenset({"n0"})),
        ),
        delivery_days=_weekdays(rng),
        closed_dates=frozenset(_dates(rng, first_day, 4)),
    )


def _shares(rng: random.Random) -> tuple[TransitShare, ...]:
    days = sorted(rng.sample(range(8), rng.randint(1, 4)))
    cuts = sorted(rng.sample(range(1, 10_000), len(days) - 1))
    return tuple(
        TransitShare(business_days=d, share_bp=b - a) for d, a, b in zip(days, [0, *cuts], [*cuts, 10_000], strict=True)
    )


def _courier(rng: random.Random, first_day: date) -> Service:
    return Service(
        service_id="sd",
        method=Method.SAME_DAY,
        transit=(TransitBand(max_distance_m=20_000, business_days=0),),
        delivery_days=_weekdays(rng),
        closed_dates=frozenset(_dates(rng, first_day, 2)),
        windows=_hours(rng) if rng.random() < 0.7 else (),
        courier_minutes=rng.choice([0, 15, 90, 600]),
    )

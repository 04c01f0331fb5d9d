"""Transit: which row of a service a lane takes, and which delivery day comes out of it."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from tests.reference.minutes import delivery
from tests.reference.small import EVERY_DAY, node, service

from sourcier.domain.network import Method, Network, Service, TransitBand, TransitShare, Zone, ZoneTransit
from sourcier.engine.compile import compile_network
from sourcier.engine.hours import NEVER
from sourcier.engine.transit import Transit, compile_transit

MONDAY = date(2026, 3, 2)
WEEK = frozenset(range(1, 6))
WEEKDAYS_AND_SATURDAY = frozenset(range(1, 7))


def transit(*services: Service) -> Transit:
    """The transit of two nodes and the zones "isle" and "hills", from Monday on for ten days."""
    ids = tuple(one.service_id for one in services)
    network = Network(
        currency_code="EUR",
        time_zone="UTC",
        nodes=(node("a", services=ids), node("b", services=ids)),
        services=services,
        zones=(Zone(zone_id="isle", ranges=()), Zone(zone_id="hills", ranges=())),
    )
    return compile_transit(compile_network(network), MONDAY.toordinal(), 10)


def arrival(found: Transit, node: int, distance_m: int, zone_id: str = "", **asked: Any) -> tuple[date | None, ...]:
    """(earliest, latest) of service 0 for a parcel of `day`."""
    row = found.rows(np.array([node]), np.array([0]), np.array([distance_m]), zone_id)
    day = np.array([asked.get("day", MONDAY).toordinal()])
    told = found.arrivals(row, day, asked.get("quantile_bp", 9_000))
    return tuple(None if a[0] >= NEVER else date.fromordinal(int(a[0])) for a in (told.earliest, told.latest))


BANDS = (TransitBand(max_distance_m=50_000, business_days=1), TransitBand(max_distance_m=200_000, business_days=2))
TUESDAY, WEDNESDAY, THURSDAY = (MONDAY + timedelta(days=d) for d in (1, 2, 3))


def test_the_nearest_band_that_reaches_the_destination_counts() -> None:
    found = transit(service(transit=BANDS))
    assert arrival(found, 0, 50_000) == (TUESDAY, TUESDAY)
    assert arrival(found, 0, 50_001) == (WEDNESDAY, WEDNESDAY)
    assert arrival(found, 0, 200_001) == (None, None)


def test_bands_of_the_next_service_are_not_taken_for_those_that_lack() -> None:
    far = service("far", transit=(TransitBand(max_distance_m=None, business_days=4),))
    found = transit(service(transit=BANDS), far)
    rows = found.rows(np.array([0, 0]), np.array([0, 1]), np.array([300_000, 300_000]), "")
    assert rows.tolist() == [-1, 2]


def test_a_nodes_lane_to_the_zone_comes_before_the_zone_and_the_zone_before_the_distance() -> None:
    lanes = (
        ZoneTransit(zone_id="isle", business_days=3),
        ZoneTransit(zone_id="isle", business_days=2, node_ids=frozenset({"b"})),
        ZoneTransit(zone_id="hills", business_days=9, node_ids=frozenset({"b"})),
    )
    found = transit(service(transit=BANDS, zone_transit=lanes))
    assert arrival(found, 0, 10, "isle") == (THURSDAY, THURSDAY)
    assert arrival(found, 1, 10, "isle") == (WEDNESDAY, WEDNESDAY)
    assert arrival(found, 0, 10, "hills") == (TUESDAY, TUESDAY)
    assert arrival(found, 1, 10, "hills")[0] == date(2026, 3, 11)
    assert arrival(found, 1, 10) == arrival(found, 1, 10, "elsewhere") == (TUESDAY, TUESDAY)
    assert arrival(found, 0, 999_999, "isle") == (THURSDAY, THURSDAY)


def test_a_carrier_that_skips_the_isle_on_saturdays() -> None:
    friday, saturday, monday = date(2026, 3, 6), date(2026, 3, 7), date(2026, 3, 9)
    lane = ZoneTransit(zone_id="isle", business_days=1, delivery_days=WEEK)
    found = transit(service(transit=BANDS, zone_transit=(lane,), delivery_days=WEEKDAYS_AND_SATURDAY))
    assert arrival(found, 0, 10, day=friday) == (saturday, saturday)
    assert arrival(found, 0, 10, "isle", day=friday) == (monday, monday)


def test_closed_dates_of_the_service_hold_in_zones_with_days_of_their_own() -> None:
    lane = ZoneTransit(zone_id="isle", business_days=1, delivery_days=EVERY_DAY)
    found = transit(service(transit=BANDS, zone_transit=(lane,), closed_dates=frozenset({TUESDAY})))
    assert arrival(found, 0, 10, "isle") == (WEDNESDAY, WEDNESDAY)


SHARES = (
    TransitShare(business_days=1, share_bp=6_000),
    TransitShare(business_days=2, share_bp=3_000),
    TransitShare(business_days=5, share_bp=1_000),
)


@pytest.mark.parametrize(
    ("quantile_bp", "days", "confidence_bp"),
    [(1, 1, 6_000), (6_000, 1, 6_000), (6_001, 2, 9_000), (9_000, 2, 9_000), (9_001, 5, 10_000), (10_000, 5, 10_000)],
)
def test_the_quantile_says_how_many_days_are_promised(quantile_bp: int, days: int, confidence_bp: int) -> None:
    band = TransitBand(max_distance_m=None, business_days=0, distribution=SHARES)
    found = transit(service(transit=(band,)), service("other", transit=BANDS))
    told = found.arrivals(np.array([0, 1]), np.full(2, MONDAY.toordinal()), quantile_bp)
    assert told.earliest.tolist() == [TUESDAY.toordinal(), TUESDAY.toordinal()]
    assert told.latest[0] == MONDAY.toordinal() + days
    assert told.confidence_bp.tolist() == [confidence_bp, 10_000]


def test_a_share_of_nothing_is_not_the_earliest_day() -> None:
    shares = (TransitShare(business_days=1, share_bp=0), TransitShare(business_days=3, share_bp=10_000))
    found = transit(service(transit=(TransitBand(max_distance_m=None, business_days=0, distribution=shares),)))
    assert arrival(found, 0, 10) == (THURSDAY, THURSDAY)


def test_a_courier_comes_on_the_day_itself_or_not_at_all() -> None:
    bands = (TransitBand(max_distance_m=20_000, business_days=3, distribution=SHARES),)
    found = transit(service(method=Method.SAME_DAY, transit=bands, delivery_days=WEEK))
    assert arrival(found, 0, 10, day=TUESDAY) == (TUESDAY, TUESDAY)
    assert arrival(found, 0, 10, day=date(2026, 3, 7)) == (None, None)


@pytest.mark.parametrize("business_days", [0, 1, 2, 60])
@pytest.mark.parametrize("days", [WEEK, frozenset({3}), EVERY_DAY, frozenset()])
def test_delivery_days_are_counted_one_by_one(business_days: int, days: frozenset[int]) -> None:
    closed = frozenset(date(2026, 3, 5) + timedelta(days=d) for d in (0, 1, 7, 8, 9, 30))
    band = TransitBand(max_distance_m=None, business_days=business_days)
    found = transit(service(transit=(band,), delivery_days=days, closed_dates=closed))
    for day in (MONDAY + timedelta(days=d) for d in range(10)):
        expected = delivery(days, closed, day, business_days)
        assert arrival(found, 0, 10, day=day) == (expected, expected)


def test_a_lane_that_reaches_nothing_or_never_leaves_has_no_arrival() -> None:
    found = transit(service(transit=BANDS))
    told = found.arrivals(np.array([-1, 0]), np.array([MONDAY.toordinal(), NEVER]), 9_000)
    assert told.earliest.tolist() == told.latest.tolist() == [NEVER, NEVER]


def test_services_that_go_nowhere_have_no_rows() -> None:
    found = transit(service(transit=()))
    assert found.rows(np.array([0]), np.array([0]), np.array([0]), "isle").tolist() == [-1]

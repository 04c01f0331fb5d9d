"""Tabled local times: the same instants as `local_instant`, on days with and without a change of the clocks."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from sourcier.domain.calendar import local_instant
from sourcier.engine.zones import compile_zones, seconds

CHANGES = (
    ("Europe/Paris", date(2026, 3, 29)),
    ("Europe/Paris", date(2026, 10, 25)),
    ("Asia/Beirut", date(2026, 3, 29)),  # midnight itself is missing
    ("America/Havana", date(2026, 11, 1)),  # midnight comes twice
    ("Australia/Lord_Howe", date(2026, 4, 5)),  # half an hour
    ("Pacific/Apia", date(2011, 12, 30)),  # the whole day is missing
    ("Asia/Kathmandu", date(2026, 6, 1)),
)


@pytest.mark.parametrize(("zone", "day"), CHANGES)
def test_every_minute_is_where_the_domain_has_it(zone: str, day: date) -> None:
    zones = compile_zones(["UTC", zone, "UTC"], day - timedelta(days=1), 5)
    for at in (day - timedelta(days=1), day, day + timedelta(days=1)):
        minutes = np.arange(0, 2_881, 7)
        told = zones.instant(np.full(len(minutes), zones.index[zone]), np.full(len(minutes), at.toordinal()), minutes)
        assert told.tolist() == [seconds(local_instant(at, int(minute), zone)) for minute in minutes]


def test_instants_are_found_in_the_local_day_in_which_they_lie() -> None:
    zones = compile_zones(["Pacific/Kiritimati", "Pacific/Pago_Pago"], date(2026, 3, 1), 4)
    noon = seconds(datetime(2026, 3, 3, 11, 0, tzinfo=UTC))
    days = zones.day(np.array([0, 1, 0]), np.array([noon, noon, noon - 3_601]))
    assert [date.fromordinal(int(day)) for day in days] == [date(2026, 3, 4), date(2026, 3, 3), date(2026, 3, 3)]


def test_midnight_belongs_to_the_day_that_it_begins() -> None:
    zones = compile_zones(["UTC", "Europe/Paris"], date(2026, 3, 1), 4)
    midnight = seconds(datetime(2026, 3, 2, tzinfo=UTC))
    days = zones.day(np.array([0, 0, 1, 1]), midnight + np.array([-1, 0, -3_601, -3_600]))
    assert [date.fromordinal(int(day)).day for day in days] == [1, 2, 1, 2]


def test_only_days_with_a_change_have_a_table_of_minutes() -> None:
    zones = compile_zones(["Europe/Paris"], date(2026, 3, 27), 5)
    assert (zones.table_of[0] >= 0).tolist() == [False, False, True, False, False, False]


def test_a_part_of_a_second_counts_as_a_whole_one() -> None:
    second = datetime(2026, 3, 4, 9, 30, 1, tzinfo=UTC)
    assert seconds(second + timedelta(microseconds=1)) == seconds(second) + 1
    assert seconds(second) == int(second.timestamp())

"""What the checker reads off the network: the same as single answers of the calendar, each asked for once."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from tests.reference import small
from tests.unit.engine.test_check import seen_of

from sourcier.domain.calendar import departures_at, shift_begin, start_by, work_on
from sourcier.domain.network import CapacityMeasure, NodeCalendar, PostalArea, PostalRange, Round, Shift, Zone
from sourcier.domain.place import Destination
from sourcier.domain.rules import SafetyStock
from sourcier.engine.check_facts import Facts, facts_of, metres_between
from sourcier.engine.directory import compile_directory

DAY = date(2026, 3, 4)
NODE = small.node(
    "n",
    calendar=NodeCalendar(working_days=small.EVERY_DAY, cut_off_minute=780, processing_minutes=45),
    rounds=(Round(service_id="std", days=small.EVERY_DAY, pickup_minute=720, parcels=5),),
    shifts=(Shift(shift_id="s", from_minute=0, to_minute=720, measure=CapacityMeasure.UNITS, limit=9),),
)


@pytest.fixture
def facts() -> Facts:
    world = small.world(
        [NODE], {"n": {"a": 5}}, small.lines(a=2), rule_set=small.rules(safety_stock=(SafetyStock(units=2),))
    )
    return facts_of(seen_of(world))


def test_the_calendar_answers_for_the_work_on_the_whole_order(facts: Facts) -> None:
    work, noon = work_on(NODE.calendar, 2), datetime(2026, 3, 4, 12, tzinfo=UTC)
    assert facts.work(NODE) == work == timedelta(minutes=45)
    shift = NODE.shifts[0]
    for _ in range(2):  # worked out, then known
        assert facts.start_by(NODE, noon) == start_by(NODE.calendar, NODE.time_zone, noon, work)
        assert facts.departures(NODE, "std", DAY, 720) == departures_at(NODE, "std", DAY, 720)
        assert facts.departures(NODE, "std", DAY, None) == ()
        for begin in (noon, noon - timedelta(hours=3), noon + timedelta(hours=3)):
            assert facts.shift_begin(NODE, shift, DAY, begin) == shift_begin(NODE, shift, DAY, begin, work)


def test_stock_and_what_is_kept_back_of_it(facts: Facts) -> None:
    assert (facts.free(NODE), facts.floor(NODE), facts.there(NODE)) == ([5], 2, [3])
    assert (facts.units, facts.row_of) == (2, {"a": 0})


def test_the_longest_prefix_and_the_first_range_tell_where_a_destination_is(facts: Facts) -> None:
    areas = tuple(
        PostalArea(country_code="FR", prefix=prefix, point=small.ONE_DEGREE_NORTH, time_zone=zone)
        for prefix, zone in (("7", "Europe/Paris"), ("75", "Europe/Berlin"), ("76", "UTC"))
    )
    zone = Zone(zone_id="z", ranges=(PostalRange(country_code="FR", low="750", high="751"),))
    network = replace(facts.seen.network, postal_areas=areas, zones=(zone,))

    def at(code: str, country: str = "FR") -> Facts:
        cart = replace(facts.cart, destination=Destination(country_code=country, postal_code=code))
        return facts_of(replace(facts.seen, network=network, directory=compile_directory(network), cart=cart))

    assert (at("75001").area, at("75001").zone_id, at("75001").time_zone) == (areas[1], "z", "Europe/Berlin")
    assert (at("79001").area, at("79001").zone_id) == (areas[0], None)
    assert (at("75001", "DE").area, at("75001", "DE").time_zone) == (None, facts.seen.network.time_zone)
    assert at("75001").metres_to_door(NODE) == metres_between(NODE.point, small.ONE_DEGREE_NORTH)
    assert at("75001", "DE").metres_to_door(NODE) is None


def test_only_the_way_to_ask_for_an_order_may_be_another(facts: Facts) -> None:
    asked = facts.asked(replace(facts.cart, services=("std",), store_ids=("n",)))
    assert asked.cart.store_ids == ("n",)
    assert asked.known is facts.known
    for changed in ({"deliver_by": DAY}, {"lines": small.lines(a=3)}, {"channel": "other"}):
        with pytest.raises(AssertionError, match="another order"):
            facts.asked(replace(facts.cart, **changed))

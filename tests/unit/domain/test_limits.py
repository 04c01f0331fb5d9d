"""Limits: what the code relies on between them."""

from math import pi

from sourcier.domain import limits


def test_every_limit_is_a_positive_whole_number() -> None:
    named = {name: value for name, value in vars(limits).items() if name.isupper()}
    assert len(named) > 30
    assert {name: value for name, value in named.items() if type(value) is not int or value <= 0} == {}


def test_defaults_lie_within_their_limits() -> None:
    assert limits.HOLD_TTL_SECONDS_MIN <= limits.HOLD_TTL_SECONDS_DEFAULT <= limits.HOLD_TTL_SECONDS_MAX
    assert limits.SOLVE_MS_DEFAULT <= limits.SOLVE_MS_MAX
    assert limits.PAGE_SIZE_DEFAULT <= limits.PAGE_SIZE_MAX


def test_an_order_fits_in_the_engines_integers() -> None:
    units = limits.LINES_PER_ORDER_MAX * limits.QUANTITY_PER_LINE_MAX
    assert units * limits.UNIT_WEIGHT_GRAMS_MAX < 2**53  # stands for "any weight"
    assert limits.MONEY_MICROS_MAX * limits.UNFILLED_VALUE_BP_MAX < 2**63


def test_arrivals_can_be_packed_with_their_ship_day() -> None:
    assert limits.TRANSIT_DAYS_MAX < 1_000  # engine.prefilter packs (ship day, transit) so


def test_no_two_places_on_earth_are_too_far_apart() -> None:
    assert pi * 6_371_008.8 < limits.DISTANCE_M_MAX < 1.01 * pi * 6_371_008.8


def test_a_full_batch_and_page_fit_in_a_message() -> None:
    record_bytes = 3 * limits.TEXT_BYTES_MAX + 100
    assert limits.STOCK_RECORDS_PER_BATCH_MAX * record_bytes < limits.MESSAGE_BYTES_MAX
    assert limits.PAGE_SIZE_MAX * record_bytes < limits.MESSAGE_BYTES_MAX
    assert limits.NETWORK_BYTES_MAX <= limits.MESSAGE_BYTES_MAX

"""Fees: the first entry that fits by method, zone and value."""

from dataclasses import replace

import pytest
from tests.reference import small

from sourcier.domain.network import Method, PostalRange, Zone
from sourcier.domain.place import Destination
from sourcier.domain.rules import Fee
from sourcier.engine.compile import compile_network, compile_rules
from sourcier.engine.fees import fee_micros

HOME, EXPRESS = Method.HOME_DELIVERY, Method.EXPRESS
CORSICA = Zone(zone_id="corsica", ranges=(PostalRange(country_code="FR", low="200", high="206"),))
TABLE = (
    Fee(fee_micros=0, methods=frozenset({HOME}), min_value_micros=100 * small.EURO),
    Fee(fee_micros=12 * small.EURO, zone_ids=frozenset({"corsica"})),
    Fee(fee_micros=9 * small.EURO, methods=frozenset({EXPRESS})),
    Fee(fee_micros=4 * small.EURO, methods=frozenset({HOME})),
)


def fee(method: Method, postal_code: str, units: int, table: tuple[Fee, ...] = TABLE) -> int:
    world = small.world([small.node("n")], {}, small.lines(a=units), rule_set=small.rules(fees=table))
    destination = Destination(country_code="FR", postal_code=postal_code, point=small.HERE)
    network = compile_network(replace(world.network, zones=(CORSICA,)))
    rules = compile_rules(world.rules, "ruleSets/small/revisions/1")
    return fee_micros(replace(world.cart, destination=destination), method, network, rules) // small.EURO


@pytest.mark.parametrize(
    ("method", "postal_code", "units", "euros"),
    [
        (HOME, "75001", 1, 4),
        (HOME, "75001", 2, 0),
        (HOME, "20000", 1, 12),
        (HOME, "20000", 2, 0),
        (EXPRESS, "75001", 2, 9),
        (EXPRESS, "20600", 1, 12),
        (EXPRESS, "20700", 1, 9),
        (EXPRESS, "", 1, 9),
        (Method.CLICK_AND_COLLECT, "75001", 1, 0),
    ],
)
def test_the_first_entry_that_fits_counts(method: Method, postal_code: str, units: int, euros: int) -> None:
    assert fee(method, postal_code, units) == euros


def test_without_a_table_delivery_is_free() -> None:
    assert fee(HOME, "75001", 1, ()) == 0

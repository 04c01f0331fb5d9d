"""What transport costs: rounding, weight tiers, several legs added up."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.reference import small

from sourcier.domain.limits import DISTANCE_M_MAX, MONEY_MICROS_MAX
from sourcier.domain.network import Network, WeightTier
from sourcier.engine.compile import compile_network
from sourcier.engine.tariffs import dominance, rounded, thousandths, transport


@pytest.mark.parametrize(("amount", "expected"), [(0, 0), (499, 0), (500, 1), (1_499, 1), (1_500, 2)])
def test_halves_round_up(amount: int, expected: int) -> None:
    assert rounded(np.array([amount]), 1_000).tolist() == [expected]


@given(rate=st.integers(0, MONEY_MICROS_MAX), amount=st.integers(0, DISTANCE_M_MAX))
def test_rates_by_distance_and_weight_are_exact_up_to_their_limits(rate: int, amount: int) -> None:
    assert thousandths(np.array([rate]), np.array([amount])).tolist() == [(rate * amount + 500) // 1_000]


@given(st.integers(0, MONEY_MICROS_MAX), st.integers(0, MONEY_MICROS_MAX), st.integers(0, DISTANCE_M_MAX))
def test_a_leg_costs_exactly_its_rates_up_to_their_limits(shipment: int, unit: int, metres: int) -> None:
    service = small.service(per_shipment_km_micros=shipment, per_unit_km_micros=unit, per_unit_micros=7)
    network = compile_network(Network(currency_code="EUR", time_zone="UTC", nodes=(), services=(service,)))
    found = transport(network, np.array([[0]]), np.array([[metres]]), np.array([250]))
    assert found.fixed.tolist() == [service.per_shipment_micros + (shipment * metres + 500) // 1_000]
    assert found.unit.tolist() == [[7 + (unit * metres + 500) // 1_000]]


def test_legs_cost_their_services_for_their_distances() -> None:
    services = (
        small.service(
            "a", per_shipment_micros=1_000, per_shipment_km_micros=10, per_unit_micros=3, per_kg_micros=2_000
        ),
        small.service(
            "b",
            per_shipment_micros=500,
            per_unit_km_micros=7,
            weight_tiers=(WeightTier(max_grams=1_000, cost_micros=40), WeightTier(max_grams=None, cost_micros=90)),
        ),
    )
    network = compile_network(Network(currency_code="EUR", time_zone="UTC", nodes=(), services=services))
    legs = np.array([[0, -1], [0, 1], [-1, -1], [1, -1]])
    metres = np.array([[5_000, 0], [5_000, 2_000], [0, 0], [3_000, 0]])
    found = transport(network, legs, metres, np.array([250]))
    assert found.fixed.tolist() == [1_050, 1_550, 0, 500]
    assert found.unit.tolist() == [[3 + 500, 3 + 500 + 14, 0, 21]]
    assert [found.tables[t].at(1_001) for t in found.tiers] == [0, 90, 0, 90]
    beats = dominance(network, found.tables)[np.ix_(found.tiers, found.tiers)]
    assert beats[2].all()
    assert not beats[1, 2]
    alone = transport(network, legs[:1, :1], metres[:1, :1], np.array([250]))
    assert dominance(network, alone.tables) is network.tier_dominates

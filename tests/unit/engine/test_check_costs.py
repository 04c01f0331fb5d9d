"""What a shipment must cost, added up by hand; whole decisions are checked in `test_check`."""

from dataclasses import replace
from typing import Any

import pytest
from tests.reference import small

from sourcier.domain.network import Service, WeightTier
from sourcier.domain.plan import Decision, Shipment
from sourcier.engine.check_costs import costs_its_parts, costs_its_tariff, parcel_costs
from sourcier.engine.check_facts import Facts, facts_of
from sourcier.engine.decide import prepare

PER_KM = small.service(
    per_shipment_micros=5_000,
    per_unit_micros=100,
    per_shipment_km_micros=200,
    per_unit_km_micros=10,
    per_kg_micros=1_000,
    weight_tiers=(WeightTier(max_grams=1_500, cost_micros=40), WeightTier(max_grams=4_000, cost_micros=70)),
)
NODE = small.node("n", handling_per_shipment_micros=7, handling_per_unit_micros=3)
LINES = tuple(replace(line, unit_weight_grams=500) for line in small.lines(a=2, b=1))


@pytest.fixture(scope="module")
def told() -> tuple[Decision, Facts]:
    """Two units of 500 g and one, all from one node."""
    world = small.world([NODE], {"n": {"a": 2, "b": 1}}, LINES)
    seen = prepare(world.cart, world.snapshot(), world.compiled_rules()).sight.seen
    return small.decided(world), facts_of(seen)


def shipment(told: tuple[Decision, Facts], **changes: Any) -> Shipment:
    """The shipment over 2,500 m: 5,000 + 500 + 40, and 100 + 25 + 500 for each of three units."""
    (only,) = told[0].plan.shipments
    return replace(only, **{"shipping_micros": 7_415, "handling_micros": 16, "late_micros": 0, **changes})


def test_a_tariff_is_added_up_with_every_half_rounded_up(told: tuple[Decision, Facts]) -> None:
    assert costs_its_tariff(shipment(told), NODE, ((PER_KM, 2_500),), told[1], to_hub=False) == []
    # 2,503 m at 200 a kilometre are 500.6, at 10 they are 25.03: one more for the shipment, none for a unit
    dearer = shipment(told, shipping_micros=7_416)
    assert costs_its_tariff(dearer, NODE, ((PER_KM, 2_503),), told[1], to_hub=False) == []


def test_legs_are_added(told: tuple[Decision, Facts]) -> None:
    twice = shipment(told, shipping_micros=2 * 7_415)
    assert costs_its_tariff(twice, NODE, ((PER_KM, 2_500), (PER_KM, 2_500)), told[1], to_hub=False) == []
    nowhere = shipment(told, shipping_micros=0)
    assert costs_its_tariff(nowhere, NODE, (), told[1], to_hub=False) == []


@pytest.mark.parametrize("figure", ["weight_grams", "shipping_micros", "handling_micros", "late_micros"])
def test_no_figure_can_be_moved(told: tuple[Decision, Facts], figure: str) -> None:
    good = shipment(told)
    for change in (-1, 1):
        moved = replace(good, **{figure: getattr(good, figure) + change})
        (fault,) = costs_its_tariff(moved, NODE, ((PER_KM, 2_500),), told[1], to_hub=False)
        assert fault.startswith("costs")


def test_lateness_of_what_goes_to_a_hub_is_told_elsewhere(told: tuple[Decision, Facts]) -> None:
    late = shipment(told, late_micros=9)
    assert costs_its_tariff(late, NODE, ((PER_KM, 2_500),), told[1], to_hub=True) == []


def test_what_is_too_heavy_for_a_leg(told: tuple[Decision, Facts]) -> None:
    light = replace(PER_KM, weight_tiers=(WeightTier(max_grams=1_499, cost_micros=0),))
    faults = costs_its_tariff(shipment(told), NODE, ((PER_KM, 2_500), (light, 1)), told[1], to_hub=False)
    assert faults == ["1500 g are too heavy for the service"]


def test_a_parcel_costs_as_if_it_held_the_whole_order(told: tuple[Decision, Facts]) -> None:
    parcel = shipment(told, distance_m=2_500, lines=())
    assert parcel_costs(parcel, NODE, PER_KM, told[1]) == []
    assert parcel_costs(replace(parcel, late_micros=1), NODE, PER_KM, told[1])[0].startswith("the parcel costs")
    light: Service = replace(PER_KM, weight_tiers=(WeightTier(max_grams=1_499, cost_micros=0),))
    assert parcel_costs(parcel, NODE, light, told[1]) == ["the whole order is too heavy for one parcel"]


def test_the_parts_of_a_plan_come_to_its_objective(told: tuple[Decision, Facts]) -> None:
    decision, facts = told
    assert costs_its_parts(decision, facts) == []
    assert costs_its_parts(replace(decision, objective_micros=1, bound_micros=0), facts)[0].startswith("objective is")
    above = replace(decision, bound_micros=decision.objective_micros + 1)
    assert costs_its_parts(above, facts) == ["bound is above the objective"]

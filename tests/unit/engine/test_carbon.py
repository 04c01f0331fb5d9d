"""Carbon: so much a parcel, so much per kilogram and kilometre."""

from datetime import UTC, date, datetime

from tests.reference import small

from sourcier.domain.plan import Costs, Plan, Shipment
from sourcier.engine.carbon import plan_grams, shipment_grams


def shipment(co2_grams: int) -> Shipment:
    return Shipment(
        node_id="n",
        service_id="std",
        ship_day=date(2026, 3, 4),
        deliver_on=date(2026, 3, 5),
        order_by=datetime(2026, 3, 4, tzinfo=UTC),
        ship_by=datetime(2026, 3, 4, tzinfo=UTC),
        distance_m=0,
        weight_grams=0,
        lines=(),
        shipping_micros=0,
        handling_micros=0,
        late_micros=0,
        co2_grams=co2_grams,
    )


def test_weight_and_distance_count_in_kilograms_and_kilometres() -> None:
    lorry = small.service(co2_g_per_shipment=200, co2_mg_per_kg_km=150)
    assert shipment_grams(lorry, 0, 0) == 200
    assert shipment_grams(lorry, 2_000, 500_000) == 200 + 150  # 150 mg x 2 kg x 500 km


def test_halves_are_rounded_up_and_nothing_overflows() -> None:
    light = small.service(co2_mg_per_kg_km=1)
    assert [shipment_grams(light, 1_000, m) for m in (499_999, 500_000)] == [0, 1]
    worst = small.service(co2_mg_per_kg_km=1_000_000)
    assert shipment_grams(worst, 10**12, 20_100_000) == 20_100_000_000_000_000


def test_a_plan_emits_what_its_shipments_and_the_parcel_of_the_hub_emit() -> None:
    plan = Plan(shipments=(shipment(3), shipment(4)), unfilled=(), costs=Costs())
    assert plan_grams(plan) == 7
    assert plan_grams(Plan(shipments=plan.shipments, unfilled=(), costs=Costs(), onward=shipment(5))) == 12

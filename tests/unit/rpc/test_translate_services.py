"""Carrier services: transit by zone and distance, measured or not, windows, carbon; and how they may be wrong."""

from dataclasses import replace

import pytest
from google.type.date_pb2 import Date
from tests.rpc import messages, networks
from tests.rpc.networks import hours, shares
from tests.rpc.spoil import assign, faults_of

from sourcier.domain.network import Hours, Method, Service, TransitBand, TransitShare, ZoneTransit
from sourcier.rpc import translate_network as network
from sourcier.rpc import translate_services as services
from sourcier.rpc.fields import Check
from sourcier.v1 import network_pb2 as pb


def parsed() -> tuple[Service, ...]:
    return network.parse_apply_network(networks.apply_network()).network.services


def share(days: int, share_bp: int) -> TransitShare:
    return TransitShare(business_days=days, share_bp=share_bp)


def test_a_service_is_read_whole() -> None:
    ground, courier, counter, feeder = parsed()
    assert ground.transit == (
        TransitBand(max_distance_m=800_000, business_days=3),
        TransitBand(
            max_distance_m=None,
            business_days=4,
            distribution=(share(3, 6_000), share(4, 3_500), share(7, 500)),
        ),
    )
    assert ground.zone_transit == (
        ZoneTransit(zone_id="islands", business_days=5, delivery_days=frozenset({2, 4})),
        ZoneTransit(zone_id="islands", business_days=6, distribution=(share(6, 10_000),), node_ids=frozenset({"near"})),
    )
    assert ground.windows == (Hours(days=frozenset(range(1, 7)), from_minute=480, to_minute=1_200),)
    assert (ground.holidays, ground.co2_g_per_shipment, ground.co2_mg_per_kg_km) == ("DE", 300, 90)
    assert (courier.method, courier.courier_minutes, courier.collect_minutes) == (Method.SAME_DAY, 90, 0)
    assert (counter.method, counter.transit) == (Method.CLICK_AND_COLLECT, ())
    assert (feeder.method, feeder.courier_minutes, feeder.collect_minutes) == (Method.SHIP_TO_STORE, 0, 120)


def variants() -> list[Service]:
    ground, *others = parsed()
    return [
        ground,
        *others,
        replace(ground, weight_tiers=(), windows=(), holidays="", zone_transit=()),
        replace(ground, transit=(), closed_dates=frozenset()),
        *(replace(ground, method=method) for method in Method),
    ]


@pytest.mark.parametrize("value", variants())
def test_services_go_there_and_back(value: Service) -> None:
    message = pb.Service()
    services.fill_service(message, value, "EUR")
    check = Check()
    assert services.parse_service(check, pb.Service.FromString(message.SerializeToString()), "EUR") == value
    assert not check.faults


BAND, TIER = pb.TransitBand, pb.WeightTier
MEASURED, LANE = "services[0].transit[1].distribution", "services[0].zone_transit[1]"

SPOILT = [
    ("services[1].service_id", "", "services[1].service_id"),
    ("services[0].method", 0, "services[0].method"),
    ("services[0].transit", [BAND(max_distance_m=i + 1) for i in range(17)], "services[0].transit"),
    ("services[0].transit", [BAND(), BAND(max_distance_m=1)], "services[0].transit[0].max_distance_m"),
    (
        "services[0].transit",
        [BAND(max_distance_m=2), BAND(max_distance_m=2)],
        "services[0].transit[1].max_distance_m",
    ),
    ("services[1].transit", [], "services[1].transit"),
    ("services[3].transit", [], "services[3].transit"),
    ("services[0].transit[0].max_distance_m", 0, "services[0].transit[0].max_distance_m"),
    ("services[0].transit[0].max_distance_m", 20_100_001, "services[0].transit[0].max_distance_m"),
    ("services[0].transit[0].business_days", -1, "services[0].transit[0].business_days"),
    ("services[0].transit[0].business_days", 61, "services[0].transit[0].business_days"),
    (MEASURED, shares((3, 9_999)), MEASURED),
    (MEASURED, shares((3, 10_001)), f"{MEASURED}[0].share_bp"),
    (MEASURED, shares((3, 0), (4, 10_000)), f"{MEASURED}[0].share_bp"),
    (MEASURED, shares((3, -1), (4, 10_000)), f"{MEASURED}[0].share_bp"),
    (MEASURED, shares((3, 5_000), (3, 5_000)), f"{MEASURED}[1].business_days"),
    (MEASURED, shares((4, 5_000), (3, 5_000)), f"{MEASURED}[1].business_days"),
    (MEASURED, shares((-1, 10_000)), f"{MEASURED}[0].business_days"),
    (MEASURED, shares((61, 10_000)), f"{MEASURED}[0].business_days"),
    (MEASURED, shares(*((i, 100) for i in range(62))), MEASURED),
    ("services[0].zone_transit[0].zone_id", "", "services[0].zone_transit[0].zone_id"),
    ("services[0].zone_transit[0].zone_id", "moon", "services[0].zone_transit[0].zone_id"),
    ("services[0].zone_transit[0].business_days", -1, "services[0].zone_transit[0].business_days"),
    ("services[0].zone_transit[0].business_days", 61, "services[0].zone_transit[0].business_days"),
    ("services[0].zone_transit[0].delivery_days", [0], "services[0].zone_transit[0].delivery_days[0]"),
    ("services[0].zone_transit[0].delivery_days", [2, 2], "services[0].zone_transit[0].delivery_days[1]"),
    (f"{LANE}.distribution", shares((6, 1)), f"{LANE}.distribution"),
    (f"{LANE}.node_ids", ["nowhere"], f"{LANE}.node_ids"),
    (f"{LANE}.node_ids", ["near", "near"], f"{LANE}.node_ids[1]"),
    (f"{LANE}.node_ids", [""], f"{LANE}.node_ids[0]"),
    (f"{LANE}.node_ids", [], f"{LANE}.zone_id"),  # two entries for all nodes
    ("services[0].zone_transit", [pb.ZoneTransit(zone_id="islands")] * 4_001, "services[0].zone_transit"),
    ("services[0].delivery_days", [], "services[0].delivery_days"),
    ("services[0].delivery_days", [7, 8], "services[0].delivery_days[1]"),
    ("services[0].closed_dates", [Date()], "services[0].closed_dates[0]"),
    ("services[0].holidays", "ATLANTIS", "services[0].holidays"),
    ("services[0].windows[0].days", [], "services[0].windows[0].days"),
    ("services[0].windows[0].to_minute", 1_441, "services[0].windows[0].to_minute"),
    ("services[0].windows", [hours(), hours(500, 600)], "services[0].windows[1]"),
    ("services[0].windows", [hours(i, i + 1) for i in range(65)], "services[0].windows"),
    ("services[0].courier_minutes", 1, "services[0].courier_minutes"),  # not SAME_DAY
    ("services[1].courier_minutes", -1, "services[1].courier_minutes"),
    ("services[1].courier_minutes", 1_441, "services[1].courier_minutes"),
    ("services[0].collect_minutes", 1, "services[0].collect_minutes"),  # not SHIP_TO_STORE
    ("services[3].collect_minutes", -1, "services[3].collect_minutes"),
    ("services[3].collect_minutes", 10_081, "services[3].collect_minutes"),
    ("services[0].co2_g_per_shipment", -1, "services[0].co2_g_per_shipment"),
    ("services[0].co2_g_per_shipment", 10_000_001, "services[0].co2_g_per_shipment"),
    ("services[0].co2_mg_per_kg_km", -1, "services[0].co2_mg_per_kg_km"),
    ("services[0].co2_mg_per_kg_km", 1_000_001, "services[0].co2_mg_per_kg_km"),
    ("services[0].per_shipment.nanos", 1, "services[0].per_shipment.nanos"),
    ("services[0].per_kg", messages.euros(-1), "services[0].per_kg"),
    ("services[0].weight_tiers", [TIER(max_grams=i + 1) for i in range(17)], "services[0].weight_tiers"),
    ("services[0].weight_tiers", [TIER(), TIER()], "services[0].weight_tiers[0].max_grams"),
    (
        "services[0].weight_tiers",
        [TIER(max_grams=2), TIER(max_grams=1)],
        "services[0].weight_tiers[1].max_grams",
    ),
    ("services[0].weight_tiers[0].max_grams", 10_000_001, "services[0].weight_tiers[0].max_grams"),
    ("services[0].weight_tiers[0].cost.units", -1, "services[0].weight_tiers[0].cost"),
]


@pytest.mark.parametrize(("path", "value", "field"), SPOILT)
def test_spoilt_services_are_refused_for_the_field(path: str, value: object, field: str) -> None:
    request = networks.apply_network()
    assign(f"network.{path}", value)(request)
    assert f"network.{field}" in faults_of(lambda: network.parse_apply_network(request))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("services[0].transit", []),  # zones alone
        ("services[0].transit[0].max_distance_m", 20_100_000),
        ("services[0].transit[0].business_days", 60),
        (MEASURED, shares((0, 10_000))),
        (MEASURED, shares(*((i, 1) for i in range(60)), (60, 9_940))),
        ("services[1].courier_minutes", 1_440),
        ("services[3].collect_minutes", 10_080),
        ("services[0].co2_g_per_shipment", 10_000_000),
        ("services[0].co2_mg_per_kg_km", 1_000_000),
        ("services[0].weight_tiers[0].max_grams", 10_000_000),
        ("services[0].weight_tiers", []),
    ],
)
def test_services_at_their_limits_are_taken(path: str, value: object) -> None:
    request = networks.apply_network()
    assign(f"network.{path}", value)(request)
    network.parse_apply_network(request)

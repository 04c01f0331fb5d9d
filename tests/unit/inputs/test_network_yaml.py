"""Networks: what is read, what is refused and where."""

from datetime import date

import pytest
from hypothesis import given, settings
from tests.unit.inputs.mutations import assert_placed, mutations

from sourcier.domain.errors import Reason
from sourcier.domain.network import (
    Capacity,
    CapacityMeasure,
    Method,
    Node,
    NodeCalendar,
    NodeStatus,
    NodeType,
    PostalArea,
    Service,
    TransitBand,
    WeightTier,
)
from sourcier.domain.place import GeoPoint
from sourcier.inputs.network_yaml import parse_network

FULL = """\
currency: EUR
time_zone: Europe/Paris
services:
  - service: standard
    method: home_delivery
    transit: [{max_km: 149.5, business_days: 1}, {business_days: 3}]
    delivery_days: [mon-wed, fri]
    closed_dates: [2026-12-25]
    tariff:
      per_shipment: 4.20
      per_shipment_km: 0.0015
      per_unit: 0.1
      per_unit_km: "0.000001"
      per_kg: 0.5
      weight_tiers: [{max_kg: 0.25, cost: 0}, {max_kg: 30, cost: 5.5}]
  - {service: slow, transit: [{business_days: 9}], delivery_days: sun, tariff: {}}
node_defaults:
  store:
    working_days: mon-sat
    cut_off: 15:00
    processing_minutes: 180
    closed_dates: [2026-12-25]
    services: [standard]
    capacity: {measure: orders, per_day: 10}
    handling: {per_shipment: 2.40, per_unit: 0.60}
    status: offline
    time_zone: Europe/Madrid
nodes:
  - node: wh
    node_type: warehouse
    lat: 47.954
    lon: 1.8760004
    working_days: mon-fri
    cut_off: 09:05
    services: [standard, slow]
  - {node: s1, node_type: store, lat: 48, lon: -2}
  - {node: s2, node_type: store, lat: 48, lon: -2, capacity: unlimited, handling: {per_unit: 1}, status: open}
postal_areas:
  - {country: FR, prefix: 01, lat: 46.2, lon: 5.2}
  - {country: ES, prefix: 28, lat: 40.4, lon: -3.7, time_zone: Europe/Madrid}
"""

SERVICES = (
    "services: [{service: std, transit: [{business_days: 1}], delivery_days: mon-fri, tariff: {per_shipment: 1}}]\n"
)
NODES = "nodes: [{node: n, node_type: store, lat: 1, lon: 2, working_days: mon, cut_off: 16:00, services: [std]}]\n"
HEAD = "currency: EUR\ntime_zone: Europe/Paris\n"


def test_reads_every_key() -> None:
    network = parse_network(FULL, "full.yaml")
    assert network.services == (
        Service(
            service_id="standard",
            method=Method.HOME_DELIVERY,
            transit=(
                TransitBand(max_distance_m=149_500, business_days=1),
                TransitBand(max_distance_m=None, business_days=3),
            ),
            delivery_days=frozenset({1, 2, 3, 5}),
            closed_dates=frozenset({date(2026, 12, 25)}),
            per_shipment_micros=4_200_000,
            per_shipment_km_micros=1_500,
            per_unit_micros=100_000,
            per_unit_km_micros=1,
            per_kg_micros=500_000,
            weight_tiers=(
                WeightTier(max_grams=250, cost_micros=0),
                WeightTier(max_grams=30_000, cost_micros=5_500_000),
            ),
        ),
        Service(
            service_id="slow",
            method=Method.HOME_DELIVERY,
            transit=(TransitBand(max_distance_m=None, business_days=9),),
            delivery_days=frozenset({7}),
        ),
    )
    assert (network.currency_code, network.time_zone) == ("EUR", "Europe/Paris")
    assert network.postal_areas == (
        _area("FR", "01", 46_200_000, 5_200_000, "Europe/Paris"),
        _area("ES", "28", 40_400_000, -3_700_000, "Europe/Madrid"),
    )


def test_a_node_s_own_key_replaces_the_default_whole() -> None:
    warehouse, first, second = parse_network(FULL, "full.yaml").nodes
    assert warehouse == Node(
        node_id="wh",
        node_type=NodeType.WAREHOUSE,
        point=GeoPoint(lat_e6=47_954_000, lon_e6=1_876_000),
        time_zone="Europe/Paris",
        calendar=NodeCalendar(working_days=frozenset({1, 2, 3, 4, 5}), cut_off_minute=545),
        services=("standard", "slow"),
    )
    assert first == Node(
        node_id="s1",
        node_type=NodeType.STORE,
        point=GeoPoint(lat_e6=48_000_000, lon_e6=-2_000_000),
        time_zone="Europe/Madrid",
        calendar=NodeCalendar(
            working_days=frozenset(range(1, 7)),
            cut_off_minute=900,
            processing_minutes=180,
            closed_dates=frozenset({date(2026, 12, 25)}),
        ),
        services=("standard",),
        capacity=Capacity(measure=CapacityMeasure.ORDERS, per_day=10),
        handling_per_shipment_micros=2_400_000,
        handling_per_unit_micros=600_000,
        status=NodeStatus.OFFLINE,
    )
    assert (second.capacity, second.status, second.calendar) == (None, NodeStatus.OPEN, first.calendar)
    assert (second.handling_per_shipment_micros, second.handling_per_unit_micros) == (0, 1_000_000)


def _area(country: str, prefix: str, lat_e6: int, lon_e6: int, time_zone: str) -> PostalArea:
    return PostalArea(
        country_code=country, prefix=prefix, point=GeoPoint(lat_e6=lat_e6, lon_e6=lon_e6), time_zone=time_zone
    )


TOP = [
    ("nothing is there", "§§§§postal_areas: []\n", ["time_zone is", "services is", "currency is", "nodes is"]),
    ("currency in words", f"currency: §euro\ntime_zone: UTC\n{SERVICES}{NODES}", ["ISO 4217"]),
    ("unknown zone", f"currency: EUR\ntime_zone: §Europe/Pari\n{SERVICES}{NODES}", ["did you mean Europe/Paris?"]),
    ("no service", f"{HEAD}services: §[]\n{NODES}", ["services: must not be empty"]),
    ("no node", f"{HEAD}{SERVICES}nodes: §[]\n", ["nodes: must not be empty"]),
    ("unknown top key", f"{HEAD}{SERVICES}{NODES}§lanes: []\n", ["unknown key 'lanes'"]),
    (
        "defaults of no type",
        f"{HEAD}{SERVICES}node_defaults: {{§shop: {{}}}}\n{NODES}",
        ["unknown key 'shop'"],
    ),
    ("capacity at top", f"{HEAD}{SERVICES}{NODES}§per_kg: 1\n", ["it belongs under services.tariff"]),
]

SERVICE = [
    (
        "service without an id",
        "§{transit: [{business_days: 1}], delivery_days: mon, tariff: {}}",
        ["service is missing"],
    ),
    ("no tariff", "§{service: std, transit: [{business_days: 1}], delivery_days: mon}", ["tariff is missing"]),
    ("no transit", "§{service: std, delivery_days: mon, tariff: {}}", ["must have a band, unless"]),
    ("empty transit", "{service: std, transit: §[], delivery_days: mon, tariff: {}}", ["must have a band, unless"]),
    ("no delivery day", "§{service: std, transit: [{business_days: 1}], tariff: {}}", ["delivery_days is missing"]),
    (
        "unknown weekday",
        "{service: std, transit: [{business_days: 1}], delivery_days: §monday, tariff: {}}",
        ["weekdays from mon to sun"],
    ),
    (
        "backward range",
        "{service: std, transit: [{business_days: 1}], delivery_days: [mon, §sat-tue], tariff: {}}",
        ["weekdays"],
    ),
    (
        "unknown method",
        "{service: std, method: §pickup, transit: [{business_days: 1}], delivery_days: mon, tariff: {}}",
        ["must be one of home_delivery"],
    ),
    (
        "bands not rising",
        "{service: std, transit: [{max_km: 9, business_days: 1}, {max_km: §9, business_days: 2}], "
        "delivery_days: mon, tariff: {}}",
        ["must be above the entry before it"],
    ),
    (
        "open band not last",
        "{service: std, transit: [§{business_days: 1}, {max_km: 9, business_days: 2}], delivery_days: mon, tariff: {}}",
        ["only the last entry may be without a limit"],
    ),
    (
        "band without days",
        "{service: std, transit: [§{max_km: 9}], delivery_days: mon, tariff: {}}",
        ["business_days is missing"],
    ),
    (
        "too many days",
        "{service: std, transit: [{business_days: §61}], delivery_days: mon, tariff: {}}",
        ["must be from 0 to 60"],
    ),
    (
        "further than the earth",
        "{service: std, transit: [{max_km: §20101, business_days: 1}], delivery_days: mon, tariff: {}}",
        ["from 0.001 to 20100"],
    ),
    (
        "tiers not rising",
        "{service: std, transit: [{business_days: 1}], delivery_days: mon, "
        "tariff: {weight_tiers: [{max_kg: 5, cost: 1}, {max_kg: §3, cost: 2}]}}",
        ["must be above the entry before it"],
    ),
    (
        "tier without a cost",
        "{service: std, transit: [{business_days: 1}], delivery_days: mon, tariff: {weight_tiers: [§{max_kg: 5}]}}",
        ["cost is missing"],
    ),
    (
        "grams in kilograms",
        "{service: std, transit: [{business_days: 1}], delivery_days: mon, "
        "tariff: {weight_tiers: [{max_kg: §0.0005, cost: 1}]}}",
        ["at most 3 decimals"],
    ),
    (
        "negative price",
        "{service: std, transit: [{business_days: 1}], delivery_days: mon, tariff: {per_kg: §-1}}",
        ["from 0 to 1000000"],
    ),
    (
        "price beside the tariff",
        "{service: std, transit: [{business_days: 1}], delivery_days: mon, tariff: {}, §per_kg: 1}",
        ["it belongs under services.tariff"],
    ),
    (
        "a day that is not",
        "{service: std, transit: [{business_days: 1}], delivery_days: mon, tariff: {}, closed_dates: [§2026-02-30]}",
        ["must be a date"],
    ),
]

NODE_START = "node: n, node_type: store, lat: 1, lon: 2"
NODE_REST = "working_days: mon, cut_off: 16:00, services: [std]"
NODE = [
    ("no id", f"§{{node_type: store, lat: 1, lon: 2, {NODE_REST}}}", ["node is missing"]),
    ("slash in the id", f"{{node: §a/b, node_type: store, lat: 1, lon: 2, {NODE_REST}}}", ["slash"]),
    ("no type", f"§{{node: n, lat: 1, lon: 2, {NODE_REST}}}", ["node_type is missing"]),
    ("unknown type", "{node: n, node_type: §stor, lat: 1, lon: 2}", ["did you mean store?"]),
    ("no place", f"§§{{node: n, node_type: store, {NODE_REST}}}", ["lat is missing", "lon is missing"]),
    ("beyond the pole", f"{{node: n, node_type: store, lat: §90.000001, lon: 2, {NODE_REST}}}", ["-90 to 90"]),
    ("minutes of arc", f"{{node: n, node_type: store, lat: §48°51, lon: 2, {NODE_REST}}}", ["must be degrees"]),
    (
        "neither own nor default",
        f"§§§{{{NODE_START}}}",
        ["working_days is missing", "cut_off is missing", "services is missing"],
    ),
    (
        "unknown service",
        f"{{{NODE_START}, working_days: mon, cut_off: 16:00, services: [§sdt]}}",
        ["did you mean std?"],
    ),
    ("no service at all", f"{{{NODE_START}, working_days: mon, cut_off: 16:00, services: §[]}}", ["not be empty"]),
    (
        "cut-off past midnight",
        f"{{{NODE_START}, working_days: mon, cut_off: §24:00, services: [std]}}",
        ["00:00 to 23:59"],
    ),
    ("cut-off in minutes", f"{{{NODE_START}, working_days: mon, cut_off: §960, services: [std]}}", ["time of day"]),
    (
        "another spelling",
        f"§{{{NODE_START}, working_days: mon, §cutoff: 16:00, services: [std]}}",
        ["missing", "cut_off?"],
    ),
    ("too long a process", f"{{{NODE_START}, {NODE_REST}, processing_minutes: §20161}}", ["from 0 to 20160"]),
    ("capacity as a number", f"{{{NODE_START}, {NODE_REST}, capacity: §20}}", ["must be keys and values, found '20'"]),
    ("capacity of nothing", f"{{{NODE_START}, {NODE_REST}, capacity: §{{per_day: 2}}}}", ["measure is missing"]),
    (
        "capacity in parcels",
        f"{{{NODE_START}, {NODE_REST}, capacity: {{measure: §parcels, per_day: 2}}}}",
        ["orders, lines"],
    ),
    ("negative capacity", f"{{{NODE_START}, {NODE_REST}, capacity: {{measure: units, per_day: §-2}}}}", ["from 0 to"]),
    ("closed twice", f"{{{NODE_START}, {NODE_REST}, closed_dates: [2026-05-01, §2026-05-01]}}", ["twice"]),
    ("unknown status", f"{{{NODE_START}, {NODE_REST}, status: §closed}}", ["one of open, offline"]),
    (
        "id twice",
        f"{{{NODE_START}, {NODE_REST}}}, {{node: §n, node_type: store, lat: 1, lon: 2, {NODE_REST}}}",
        ["twice"],
    ),
]

AREA = [
    ("small letters", "{country: §fr, prefix: 75, lat: 1, lon: 2}", ["ISO 3166"]),
    ("prefix in small letters", "{country: GB, prefix: §sw, lat: 1, lon: 2}", ["must be capitals"]),
    ("no prefix", "§{country: FR, lat: 1, lon: 2}", ["prefix is missing"]),
    (
        "prefix twice",
        "{country: FR, prefix: 75, lat: 1, lon: 2}, §{country: FR, prefix: 75, lat: 1, lon: 2}",
        ["twice"],
    ),
    ("unknown zone", "{country: FR, prefix: 75, lat: 1, lon: 2, time_zone: §CEST}", ["IANA time zone"]),
]


@pytest.mark.parametrize(("marked", "told"), [case[1:] for case in TOP], ids=[case[0] for case in TOP])
def test_refuses_whole_files(refused, marked: str, told: list[str]) -> None:
    assert refused(parse_network, marked, *told).reason is Reason.NETWORK_INVALID


@pytest.mark.parametrize(("marked", "told"), [case[1:] for case in SERVICE], ids=[case[0] for case in SERVICE])
def test_refuses_services(refused, marked: str, told: list[str]) -> None:
    refused(parse_network, f"{HEAD}services:\n  - {marked}\n{NODES}", *told)


@pytest.mark.parametrize(("marked", "told"), [case[1:] for case in NODE], ids=[case[0] for case in NODE])
def test_refuses_nodes(refused, marked: str, told: list[str]) -> None:
    refused(parse_network, f"{HEAD}{SERVICES}nodes: [{marked}]\n", *told)


@pytest.mark.parametrize(("marked", "told"), [case[1:] for case in AREA], ids=[case[0] for case in AREA])
def test_refuses_postal_areas(refused, marked: str, told: list[str]) -> None:
    refused(parse_network, f"{HEAD}{SERVICES}{NODES}postal_areas: [{marked}]\n", *told)


def test_a_service_twice(refused) -> None:
    twice = SERVICES.replace(
        "]\n", ", {service: §std, transit: [{business_days: 1}], delivery_days: mon, tariff: {}}]\n"
    )
    refused(parse_network, HEAD + twice + NODES, "is given twice; the first is on line 3")


def test_a_fault_in_a_default_is_told_once_however_many_nodes_take_it(refused) -> None:
    nodes = "".join(f"  - {{node: n{n}, node_type: store, lat: 1, lon: 2}}\n" for n in range(5))
    default = "node_defaults:\n  store: {working_days: mon, cut_off: §4pm, services: [§sdt]}\n"
    refused(
        parse_network, f"{HEAD}{SERVICES}{default}nodes:\n{nodes}", "node_defaults.store.cut_off", "did you mean std"
    )


def test_tells_all_faults_at_once_in_the_order_of_the_file(refused) -> None:
    marked = """\
currency: §EURO
time_zone: §Mars
services:
  - service: std
    transit: [{max_km: 10, business_days: §x}, {max_km: §5, business_days: 2}]
    delivery_days: [§someday]
    tariff: {per_kg: §1.0000001}
nodes:
  - §§node: n
    node_type: warehouse
    lat: §north
    lon: 2
    working_days: mon
postal_areas:
  - {country: §France, prefix: 75, lat: 1, lon: 2}
"""
    refused(
        parse_network,
        marked,
        *("ISO 4217", "IANA", "whole number", "above", "weekdays", "6 decimals"),
        *("cut_off is missing", "services is missing", "degrees", "ISO 3166"),
    )


@settings(max_examples=250)
@given(mutations(FULL, ".csv", "x.csv"))
def test_no_text_breaks_the_reader(text: str) -> None:
    assert_placed(parse_network, text)

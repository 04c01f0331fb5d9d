"""Services of a network file: methods, transit to zones, distributions, windows, carbon; what is refused and where."""

from datetime import date, timedelta

import pytest

from sourcier.domain.network import Hours, Method, Service, TransitBand, TransitShare, ZoneTransit
from sourcier.inputs.network_yaml import parse_network

TAIL = """\
zones: [{zone: corsica, country: FR, ranges: [20]}, {zone: paris, country: FR, ranges: [75]}]
nodes:
  - {node: n, node_type: store, lat: 1, lon: 2, working_days: mon-fri, cut_off: 16:00, services: [std]}
  - {node: other, node_type: store, lat: 1, lon: 2, working_days: mon-fri, cut_off: 16:00, services: [extra]}
"""
HEAD = "currency: EUR\ntime_zone: Europe/Paris\n"
EXTRA = "  - {service: extra, method: click_and_collect, tariff: {}}\n"
FULL = """\
  - service: std
    method: ship_to_store
    transit:
      - {max_km: 20, business_days: 0}
      - {distribution: {0: 12.5, 1: 80, 3: 7.5}}
    zone_transit:
      - {zone: corsica, business_days: 3, delivery_days: mon-fri}
      - {zone: corsica, nodes: [n], distribution: {2: 100}}
    delivery_days: mon-sat
    holidays: FR
    windows: [{days: mon-fri, hours: [10:00-13:00, 18:00-21:00]}]
    collect_minutes: 90
    tariff: {}
    carbon: {grams_per_shipment: 150, grams_per_tonne_km: 80}
"""


def read(service: str) -> tuple[Service, ...]:
    return parse_network(f"{HEAD}services:\n{service}{EXTRA}{TAIL}", "file.yaml").services


def shares(*pairs: tuple[int, int]) -> tuple[TransitShare, ...]:
    return tuple(TransitShare(business_days=days, share_bp=share) for days, share in pairs)


def test_reads_every_new_key() -> None:
    week = frozenset(range(1, 6))
    assert read(FULL)[0] == Service(
        service_id="std",
        method=Method.SHIP_TO_STORE,
        transit=(
            TransitBand(max_distance_m=20_000, business_days=0),
            TransitBand(max_distance_m=None, business_days=3, distribution=shares((0, 1_250), (1, 8_000), (3, 750))),
        ),
        zone_transit=(
            ZoneTransit(zone_id="corsica", business_days=3, delivery_days=week),
            ZoneTransit(
                zone_id="corsica", business_days=2, node_ids=frozenset({"n"}), distribution=shares((2, 10_000))
            ),
        ),
        delivery_days=frozenset(range(1, 7)),
        holidays="FR",
        windows=(
            Hours(days=week, from_minute=600, to_minute=780),
            Hours(days=week, from_minute=1080, to_minute=1260),
        ),
        collect_minutes=90,
        co2_g_per_shipment=150,
        co2_mg_per_kg_km=80,
    )


def test_what_is_collected_where_it_is_needs_no_transit() -> None:
    assert read(FULL)[1].delivery_days == frozenset(range(1, 8))


@pytest.mark.parametrize("method", list(Method))
def test_every_method_has_its_word(method: Method) -> None:
    band = "transit: [{business_days: 1}], delivery_days: mon"
    assert read(f"  - {{service: std, method: {method.lower()}, {band}, tariff: {{}}}}\n")[0].method is method


SERVICE = [
    (
        "band without days",
        "transit: [§{max_km: 9}], delivery_days: mon",
        ["business_days is missing, or a distribution of them"],
    ),
    (
        "both days and shares",
        "transit: [{business_days: §1, distribution: {1: 100}}], delivery_days: mon",
        ["must not stand beside a distribution"],
    ),
    (
        "shares of less than all",
        "transit: [{distribution: §{1: 70, 2: 29.5}}], delivery_days: mon",
        ["services[0].transit[0].distribution: the shares must be 100 % in all, not 99.5 %"],
    ),
    (
        "shares of more than all",
        "transit: [{business_days: 1}], zone_transit: [{zone: corsica, distribution: §{1: 70, 2: 31}}], "
        "delivery_days: mon",
        ["not 101 %"],
    ),
    ("a list of shares", "transit: [{distribution: §[1, 2]}], delivery_days: mon", ["must be keys and values"]),
    ("no shares", "transit: [{distribution: §{}}], delivery_days: mon", ["must not be empty"]),
    ("negative days", "transit: [{distribution: {§-1: 100}}], delivery_days: mon", ["must be from 0 to 60"]),
    (
        "negative share",
        "transit: [{distribution: {1: §-5, 2: 100}}], delivery_days: mon",
        ["a percentage from 0 to 100"],
    ),
    ("share of nothing", "transit: [{distribution: {1: §0, 2: 100}}], delivery_days: mon", ["more than 0 %"]),
    ("days that fall", "transit: [{distribution: {2: 50, §1: 50}}], delivery_days: mon", ["more days than the entry"]),
    ("an unknown zone", "zone_transit: [{zone: §corsika, business_days: 1}], delivery_days: mon", ["is not a zone"]),
    ("no zone", "zone_transit: [§{business_days: 1}], delivery_days: mon", ["zone is missing"]),
    (
        "an unknown node",
        "zone_transit: [{zone: corsica, nodes: §[x], business_days: 1}], delivery_days: mon",
        ["'x' is not a node of this network"],
    ),
    (
        "a node of another carrier",
        "zone_transit: [{zone: corsica, nodes: §[other], business_days: 1}], delivery_days: mon",
        ["'std' does not collect at 'other'"],
    ),
    (
        "a zone twice",
        "zone_transit: [{zone: corsica, business_days: 1}, {zone: §corsica, business_days: 2}], delivery_days: mon",
        ["'corsica' has an entry for all nodes already"],
    ),
    (
        "no delivery day in a zone",
        "zone_transit: [{zone: corsica, business_days: 1, delivery_days: §[]}], delivery_days: mon",
        ["must not be empty"],
    ),
    (
        "windows that overlap",
        "transit: [{business_days: 1}], delivery_days: mon, windows: [{days: mon, hours: [08:00-12:00, §11:00-14:00]}]",
        ["overlaps 08:00-12:00"],
    ),
    (
        "windows on other days",
        "transit: [{business_days: 1}], delivery_days: mon, windows: §[{days: tue, hours: 08:00-12:00}]",
        ["none of these days is a delivery day"],
    ),
    (
        "a courier of another method",
        "transit: [{business_days: 1}], delivery_days: mon, courier_minutes: §9",
        ["same-day"],
    ),
    ("collected at home", "transit: [{business_days: 1}], delivery_days: mon, collect_minutes: §9", ["ship-to-store"]),
    (
        "a courier of other days",
        "method: same_day, zone_transit: [{zone: corsica, business_days: 0, delivery_days: §sun}], delivery_days: mon",
        ["delivers on the same days everywhere"],
    ),
    (
        "negative minutes",
        "method: same_day, transit: [{business_days: 1}], delivery_days: mon, courier_minutes: §-9",
        ["from 0 to 1440"],
    ),
    ("unknown holidays", "transit: [{business_days: 1}], delivery_days: mon, holidays: §ZZ", ["is not a country"]),
    (
        "negative carbon",
        "transit: [{business_days: 1}], delivery_days: mon, carbon: {grams_per_tonne_km: §-1}",
        ["from 0 to 1000000"],
    ),
    (
        "carbon elsewhere",
        "transit: [{business_days: 1}], delivery_days: mon, §grams_per_shipment: 1",
        ["it belongs under services.carbon"],
    ),
]


@pytest.mark.parametrize(("marked", "told"), [case[1:] for case in SERVICE], ids=[case[0] for case in SERVICE])
def test_refuses(refused, marked: str, told: list[str]) -> None:
    refused(parse_network, f"{HEAD}services:\n  - {{service: std, tariff: {{}}, {marked}}}\n{EXTRA}{TAIL}", *told)


def test_a_service_that_never_delivers(refused) -> None:
    mondays = ", ".join(str(date(2026, 1, 5) + timedelta(weeks=week)) for week in range(60))
    times = f"transit: [{{business_days: 1}}], delivery_days: §mon, closed_dates: [{mondays}]"
    refused(
        parse_network,
        f"{HEAD}services:\n  - {{service: std, tariff: {{}}, {times}}}\n{EXTRA}{TAIL}",
        "services[0].delivery_days: never delivers: every day from 2025-12-30 to",
    )

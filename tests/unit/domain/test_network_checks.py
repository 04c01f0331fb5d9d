"""Services, zones and transfer lanes that do not fit together: every fault by the path of its field."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sourcier.domain.network import (
    Hours,
    Method,
    Network,
    Node,
    NodeCalendar,
    NodeType,
    PostalArea,
    PostalRange,
    Round,
    Service,
    TransferLane,
    TransitBand,
    TransitShare,
    Zone,
    ZoneTransit,
)
from sourcier.domain.network_checks import faults
from sourcier.domain.place import GeoPoint

WEEK = frozenset(range(1, 6))
BAND = TransitBand(max_distance_m=None, business_days=1)


def node(node_id: str, *services: str) -> Node:
    return Node(
        node_id=node_id,
        node_type=NodeType.STORE,
        point=GeoPoint(lat_e6=0, lon_e6=0),
        time_zone="UTC",
        calendar=NodeCalendar(working_days=WEEK, cut_off_minute=960),
        services=services or ("std",),
    )


def service(**fields: object) -> Service:
    plain = Service(service_id="std", method=Method.HOME_DELIVERY, transit=(BAND,), delivery_days=WEEK)
    return replace(plain, **fields)  # type: ignore[arg-type]


def zone(zone_id: str, *ranges: tuple[str, str], country: str = "FR") -> Zone:
    return Zone(
        zone_id=zone_id,
        ranges=tuple(PostalRange(country_code=country, low=low, high=high) for low, high in ranges),
    )


def network(
    *services: Service,
    nodes: tuple[Node, ...] = (node("a"), node("b")),
    zones: tuple[Zone, ...] = (zone("corsica", ("20", "20")),),
    lanes: tuple[str, ...] = (),
) -> Network:
    return Network(
        currency_code="EUR",
        time_zone="UTC",
        nodes=nodes,
        services=services or (service(),),
        zones=zones,
        transfer_lanes=tuple(
            TransferLane(from_node_id=lane[0], to_node_id=lane[1], service_id="std") for lane in lanes
        ),
    )


def told(checked: Network) -> list[tuple[str, str]]:
    return [(found.field, found.description) for found in faults(checked)]


def only(checked: Network) -> tuple[str, str]:
    (found,) = told(checked)
    return found


def shares(*pairs: tuple[int, int]) -> tuple[TransitShare, ...]:
    return tuple(TransitShare(business_days=days, share_bp=share) for days, share in pairs)


def test_a_full_network_is_sound() -> None:
    full = service(
        transit=(replace(BAND, distribution=shares((0, 1), (2, 9_999))),),
        windows=(Hours(days=frozenset({6}), from_minute=480, to_minute=720),),
        zone_transit=(
            ZoneTransit(zone_id="corsica", business_days=3, delivery_days=frozenset({6})),
            ZoneTransit(zone_id="corsica", business_days=2, node_ids=frozenset({"a"})),
            ZoneTransit(zone_id="corsica", business_days=2, node_ids=frozenset({"b"})),
        ),
    )
    here = service(service_id="here", method=Method.CLICK_AND_COLLECT, transit=())
    assert told(network(full, here, lanes=("ab",))) == []


def test_the_nodes_are_checked_too() -> None:
    lost = replace(node("b"), rounds=(Round(service_id="other", days=WEEK, pickup_minute=600),))
    assert only(network(nodes=(node("a"), lost)))[0] == "nodes[1].rounds[0].service_id"


@pytest.mark.parametrize(
    ("pairs", "field", "words"),
    [
        (((1, 9_000),), "", "must be 100 % in all, not 90 %"),
        (((1, 9_000), (2, 1_001)), "", "not 100.01 %"),
        (((1, 5_000), (1, 5_000)), "[1].business_days", "more days than the entry before"),
        (((2, 5_000), (1, 5_000)), "[1].business_days", "more days than the entry before"),
        (((-1, 10_000),), "[0].business_days", "must be 0 to 60"),
        (((61, 10_000),), "[0].business_days", "must be 0 to 60"),
    ],
)
def test_shares(pairs: tuple[tuple[int, int], ...], field: str, words: str) -> None:
    band = replace(BAND, distribution=shares(*pairs))
    path, description = only(network(service(transit=(BAND, band))))
    assert path == f"services[0].transit[1].distribution{field}"
    assert words in description
    there = ZoneTransit(zone_id="corsica", business_days=1, distribution=band.distribution)
    assert only(network(service(zone_transit=(there,))))[0] == f"services[0].zone_transit[0].distribution{field}"


def test_a_share_of_nothing() -> None:
    band = replace(BAND, distribution=shares((1, 10_000), (2, 0)))
    assert only(network(service(transit=(band,))))[0] == "services[0].transit[0].distribution[1].share_bp"


def test_a_service_that_reaches_nobody() -> None:
    assert only(network(service(transit=())))[0] == "services[0].transit"
    there = (ZoneTransit(zone_id="corsica", business_days=1),)
    assert told(network(service(transit=(), zone_transit=there))) == []


def test_minutes_of_other_methods() -> None:
    assert only(network(service(courier_minutes=30)))[0] == "services[0].courier_minutes"
    assert only(network(service(collect_minutes=30)))[0] == "services[0].collect_minutes"
    assert told(network(service(method=Method.SAME_DAY, courier_minutes=30))) == []
    assert told(network(service(method=Method.SHIP_TO_STORE, collect_minutes=30))) == []


def test_a_service_that_never_delivers() -> None:
    closed = frozenset(date(2026, 1, 1) + timedelta(days=n) for n in range(366))
    path, description = only(network(service(closed_dates=closed)))
    assert (path, description[:16]) == ("services[0].delivery_days", "never delivers: ")
    a_monday = date(2026, 6, 15)
    assert told(network(service(closed_dates=closed - {a_monday}))) == []


def test_windows() -> None:
    sunday = Hours(days=frozenset({7}), from_minute=480, to_minute=720)
    assert only(network(service(windows=(sunday,))))[0] == "services[0].windows"
    monday = replace(sunday, days=frozenset({1}))
    assert only(network(service(windows=(monday, replace(monday, from_minute=700)))))[0] == "services[0].windows[1]"


def test_transit_to_zones() -> None:
    def found(*entries: ZoneTransit) -> tuple[str, str]:
        nodes = (node("a"), node("b"), node("c", "other"))
        return only(network(service(zone_transit=entries), service(service_id="other"), nodes=nodes))

    there = ZoneTransit(zone_id="corsica", business_days=1)
    from_a = replace(there, node_ids=frozenset({"a"}))
    path = "services[0].zone_transit"
    assert found(replace(there, zone_id="corsika")) == (f"{path}[0].zone_id", "'corsika' is not a zone of this network")
    assert found(replace(there, node_ids=frozenset({"x"}))) == (
        f"{path}[0].node_ids",
        "'x' is not a node of this network",
    )
    assert found(replace(there, node_ids=frozenset({"c"}))) == (f"{path}[0].node_ids", "'std' does not collect at 'c'")
    assert found(there, there) == (f"{path}[1].zone_id", "'corsica' has an entry for all nodes already")
    assert found(from_a, replace(there, node_ids=frozenset({"a", "b"})))[0] == f"{path}[1].zone_id"
    assert found(replace(there, delivery_days=frozenset()))[0] == f"{path}[0].delivery_days"
    sundays = replace(there, delivery_days=frozenset({7}))
    assert faults(network(service(zone_transit=(sundays,)))) == []
    courier = service(zone_transit=(sundays,), method=Method.SAME_DAY)
    assert only(network(courier)) == (
        f"{path}[0].delivery_days",
        "a same-day service delivers on the same days everywhere",
    )


def test_zones() -> None:
    assert only(network(zones=(zone("a", ("1", "2")), zone("a", ("3", "4")))))[0] == "zones[1].zone_id"
    assert only(network(zones=(zone("a"),)))[0] == "zones[0].ranges"
    assert only(network(zones=(zone("a", ("1", "22")),)))[0] == "zones[0].ranges[0]"
    assert only(network(zones=(zone("a", ("2", "1")),)))[1] == "'1' must not come before '2'"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("20", "20"), ("20", "20")),
        (("20", "20"), ("20137", "20137")),
        (("20137", "20137"), ("20", "20")),
        (("20100", "20200"), ("202", "203")),
        (("2", "4"), ("395", "410")),
    ],
)
def test_zones_that_overlap(first: tuple[str, str], second: tuple[str, str]) -> None:
    path, description = only(network(zones=(zone("one", ("99", "99"), first), zone("two", ("98", "98"), second))))
    assert path == "zones[1].ranges[1]"
    assert description.startswith(f"overlaps FR {first[0]}")
    assert description.endswith("of zone 'one'")
    assert told(network(zones=(zone("one", first), zone("two", second, country="BE")))) == []
    assert told(network(zones=(zone("one", first, second),))) == []


def test_zones_side_by_side() -> None:
    zones = (zone("one", ("20000", "20199")), zone("two", ("202", "209")), zone("three", ("21", "99"), ("1", "1")))
    assert told(network(zones=zones)) == []


texts = st.text("012", min_size=1, max_size=3)
spans = st.builds(lambda one, other: tuple(sorted((one, other[: len(one)].ljust(len(one), "0")))), texts, texts)


@given(st.lists(st.lists(spans, min_size=1, max_size=3), min_size=2, max_size=4))
def test_overlaps_are_found_as_by_trying_every_code(drawn: list[list[tuple[str, str]]]) -> None:
    zones = tuple(zone(str(i), *ranges) for i, ranges in enumerate(drawn))
    codes = [a + b + c for a in "012" for b in "012" for c in "012"]

    def zones_of(code: str) -> set[str]:
        return {
            one.zone_id for one in zones for r in one.ranges if r.low <= code[: len(r.low)] <= r.high
        }  # fmt: skip

    assert bool(told(network(zones=zones))) == any(len(zones_of(code)) > 1 for code in codes)


def test_transfer_lanes() -> None:
    assert only(network(lanes=("ax",))) == ("transfer_lanes[0].to_node_id", "'x' is not a node of this network")
    assert only(network(lanes=("xa",)))[0] == "transfer_lanes[0].from_node_id"
    assert only(network(lanes=("ab", "ab"))) == ("transfer_lanes[1]", "is given twice")
    other = network(service(), service(service_id="other"), nodes=(node("a", "other"), node("b")), lanes=("ab",))
    assert only(other) == ("transfer_lanes[0].service_id", "'std' does not collect at 'a'")
    here = network(service(method=Method.CLICK_AND_COLLECT), lanes=("ab",))
    assert "does not travel" in only(here)[1]


def test_cycles_of_transfers() -> None:
    nodes = tuple(node(name) for name in "abcde")
    assert only(network(nodes=nodes, lanes=("aa",))) == ("transfer_lanes[0]", "closes a cycle: a > a")
    assert only(network(nodes=nodes, lanes=("ca", "ab", "bc"))) == (
        "transfer_lanes[2]",
        "closes a cycle: b > c > a > b",
    )
    assert only(network(nodes=nodes, lanes=("ab", "bd", "db", "de")))[1] == "closes a cycle: d > b > d"
    assert told(network(nodes=nodes, lanes=("ab", "ac", "bd", "cd", "de", "ae"))) == []


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), unique=True, max_size=14))
def test_cycles_are_found_as_by_following_every_way(pairs: list[tuple[int, int]]) -> None:
    names = "abcdefg"
    lanes = tuple(names[i] + names[j] for i, j in pairs)
    reached = {(i, j) for i, j in pairs}
    for _ in names:
        reached |= {(i, m) for i, j in reached for k, m in pairs if j == k}
    found = told(network(nodes=tuple(node(name) for name in names), lanes=lanes))
    assert bool(found) == any(i == j for i, j in reached)
    for path, description in found:
        way = description.removeprefix("closes a cycle: ").split(" > ")
        steps = [a + b for a, b in pairwise(way)]
        assert way[0] == way[-1]
        assert lanes[int(path.removeprefix("transfer_lanes[").removesuffix("]"))] in steps
        assert set(steps) <= set(lanes)
    named = {lanes[int(path.removeprefix("transfer_lanes[").removesuffix("]"))] for path, _ in found}
    rest = tuple(lane for lane in lanes if lane not in named)
    assert told(network(nodes=tuple(node(name) for name in names), lanes=rest)) == []


def test_a_long_chain_is_no_cycle_and_no_recursion() -> None:
    names = [str(n) for n in range(3_000)]
    lanes = tuple(TransferLane(from_node_id=a, to_node_id=b, service_id="std") for a, b in pairwise(names))
    chain = replace(network(nodes=tuple(node(name) for name in names)), transfer_lanes=lanes)
    assert told(chain) == []


def test_what_a_reader_left_empty_is_no_second_fault() -> None:
    unread = network(
        service(zone_transit=(ZoneTransit(zone_id="gone", business_days=1, node_ids=frozenset({"x"})),)),
        nodes=(node("a"), node("")),
        zones=(zone(""),),
        lanes=("ax",),
    )
    assert told(unread) == [("zones[0].ranges", "must have at least one entry")]


def test_ids_and_prefixes_are_given_once() -> None:
    area = PostalArea(country_code="FR", prefix="75", point=GeoPoint(lat_e6=0, lon_e6=0), time_zone="UTC")
    twice = replace(
        network(service(), service(), nodes=(node("a"), node("b"), node("a"), node(""), node(""))),
        postal_areas=(area, replace(area, country_code="DE"), replace(area, time_zone="Europe/Paris")),
    )
    assert told(twice) == [
        ("nodes[2].node_id", "'a' is a node of this network already"),
        ("services[1].service_id", "'std' is a service of this network already"),
        ("postal_areas[2].prefix", "'FR 75' is a postal area of this network already"),
    ]


def test_a_node_ships_with_services_of_the_network() -> None:
    lost = network(nodes=(node("a", "std"), node("b", "slow", "std", "fast")))
    assert told(lost) == [
        ("nodes[1].services[0]", "'slow' is not a service of this network"),
        ("nodes[1].services[2]", "'fast' is not a service of this network"),
    ]
    assert told(network(service(service_id=""), nodes=(node("a"),))) == []

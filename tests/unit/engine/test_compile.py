"""Networks and rule sets as arrays."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.reference import small
from tests.reference.instances import random_world

from sourcier.domain.errors import Reason, Refusal
from sourcier.domain.network import (
    Capacity,
    CapacityMeasure,
    Method,
    Network,
    NodeStatus,
    NodeType,
    PostalArea,
    TransferLane,
    WeightTier,
)
from sourcier.domain.place import GeoPoint
from sourcier.domain.rules import Eligibility, SafetyStock
from sourcier.engine.compile import (
    MEASURES,
    NODE_TYPES,
    UNLIMITED,
    compile_network,
    compile_rules,
    distances_m,
    with_channel,
)

PARIS = GeoPoint(lat_e6=48_856_600, lon_e6=2_352_200)
NEW_YORK = GeoPoint(lat_e6=40_712_800, lon_e6=-74_006_000)


def network_of(*nodes, services=None, **changes) -> Network:
    return Network(
        currency_code="EUR", time_zone="UTC", nodes=nodes, services=services or (small.service(),), **changes
    )


def test_columns_follow_the_networks_order() -> None:
    capacity = Capacity(measure=CapacityMeasure.LINES, per_day=7)
    compiled = compile_network(
        network_of(
            small.node("a", handling_per_shipment_micros=3, services=("std", "fast")),
            small.node("b", node_type=NodeType.STORE, capacity=capacity, handling_per_unit_micros=4, services=()),
            small.node("c", status=NodeStatus.OFFLINE, services=("fast",)),
            services=(small.service(), small.service("fast")),
        )
    )
    assert dict(compiled.node_index) == {"a": 0, "b": 1, "c": 2}
    assert compiled.collects.tolist() == [[True, True], [False, False], [False, True]]
    assert [NODE_TYPES[t] for t in compiled.node_type] == [NodeType.WAREHOUSE, NodeType.STORE, NodeType.WAREHOUSE]
    assert compiled.online.tolist() == [True, True, False]
    assert compiled.capacity.tolist() == [UNLIMITED, 7, UNLIMITED]
    assert [MEASURES[m] for m in compiled.measure] == [None, CapacityMeasure.LINES, None]
    assert compiled.handling_per_shipment.tolist() == [3, 0, 0]
    assert compiled.handling_per_unit.tolist() == [0, 4, 0]


def test_customers_collect_at_stores_that_have_the_service_or_are_sent_to() -> None:
    click = small.service("click", method=Method.CLICK_AND_COLLECT, transit=())
    send = small.service("send", method=Method.SHIP_TO_STORE)
    lane = TransferLane(from_node_id="depot", to_node_id="end", service_id="send")
    compiled = compile_network(
        network_of(
            small.node("depot", services=("click", "send", "std")),
            small.node("shop", node_type=NodeType.STORE, services=("click", "std")),
            small.node("end", node_type=NodeType.STORE, services=()),
            services=(small.service(), click, send),
            transfer_lanes=(lane,),
        )
    )
    assert compiled.gives_out.tolist() == [[False, False, False], [False, True, False], [False, False, True]]


def test_equal_calendars_in_one_zone_are_compiled_once() -> None:
    nodes = (small.node("a"), small.node("b", time_zone="Europe/Paris"), small.node("c"))
    compiled = compile_network(network_of(*nodes))
    assert compiled.calendar_of.tolist() == [0, 1, 0]
    assert compiled.calendars == ((small.NOON, "UTC"), (small.NOON, "Europe/Paris"))


def test_a_service_without_tiers_carries_any_weight_for_nothing() -> None:
    compiled = compile_network(network_of()).services[0]
    assert (compiled.tier_limit_g.tolist(), compiled.tier_cost.tolist()) == ([UNLIMITED], [0])


def test_postal_areas_are_found_by_country_and_prefix() -> None:
    areas = tuple(
        PostalArea(country_code=country, prefix="75", point=small.HERE, time_zone="UTC") for country in ("FR", "DE")
    )
    assert dict(compile_network(network_of(postal_areas=areas)).postal_areas) == {("FR", "75"): 0, ("DE", "75"): 1}


def test_distances_on_known_pairs() -> None:
    there_and_here = (small.node("ny", point=NEW_YORK), small.node("paris", point=PARIS))
    found = distances_m(compile_network(network_of(*there_and_here)), PARIS)
    assert found[0] == pytest.approx(5_837_000, rel=0.002)  # the usual figure for Paris to New York
    assert found[1] == 0


def test_a_degree_of_a_meridian_and_the_antipode() -> None:
    antipode = GeoPoint(lat_e6=-48_000_000, lon_e6=-178_000_000)
    nodes = (small.node("north", point=small.ONE_DEGREE_NORTH), small.node("far", point=antipode))
    assert distances_m(compile_network(network_of(*nodes)), small.HERE).tolist() == [small.ONE_DEGREE_M, 20_015_114]


TIERS = st.lists(st.tuples(st.integers(1, 40), st.integers(0, 9)), max_size=4, unique_by=lambda t: t[0]).map(sorted)


@given(first=TIERS, second=TIERS, open_ended=st.tuples(st.booleans(), st.booleans()))
def test_tier_dominance_is_what_comparing_every_weight_says(first, second, open_ended) -> None:
    services, tables = [], []
    for name, steps, endless in zip("ab", (first, second), open_ended, strict=True):
        limits = [grams for grams, _ in steps]
        if endless and limits:
            limits[-1] = None
        tiers = tuple(WeightTier(max_grams=g, cost_micros=c) for g, (_, c) in zip(limits, steps, strict=True))
        services.append(small.service(name, weight_tiers=tiers))
        tables.append(tiers or (WeightTier(max_grams=None, cost_micros=0),))

    def cost(tiers, grams):
        return next((t.cost_micros for t in tiers if t.max_grams is None or grams <= t.max_grams), None)

    found = compile_network(network_of(services=tuple(services))).tier_dominates
    for i, better in enumerate(tables):
        for j, worse in enumerate(tables):
            carried = [(cost(better, g), cost(worse, g)) for g in range(60) if cost(worse, g) is not None]
            assert found[i, j] == all(b is not None and b <= w for b, w in carried)


def channels(*entries: SafetyStock, names: tuple[str, ...] = ("web", "app", "mail", "shop")):
    return compile_rules(small.rules(channels=names, safety_stock=entries), "ruleSets/small/revisions/3")


def test_rules_without_protection_have_one_class_without_floors() -> None:
    compiled = channels()
    assert compiled.revision_name == "ruleSets/small/revisions/3"
    assert set(compiled.protection.channel_class.values()) == {0}
    assert set(compiled.protection.floors.values()) == {(0, 0, 0)}


def test_the_largest_of_the_entries_that_apply_is_kept_back() -> None:
    compiled = channels(
        SafetyStock(units=2),
        SafetyStock(units=5, node_types=frozenset({NodeType.STORE})),
        SafetyStock(units=3, node_types=frozenset({NodeType.STORE}), channels=frozenset({"web"})),
    )
    assert compiled.protection.floors == {
        NodeType.WAREHOUSE: (2, 2, 2),
        NodeType.STORE: (5, 5, 5),
        NodeType.SUPPLIER: (2, 2, 2),
    }


def test_channels_fall_into_classes_from_the_least_protected_on() -> None:
    compiled = channels(
        SafetyStock(units=1, channels=frozenset({"app", "mail"})),
        SafetyStock(units=4, node_types=frozenset({NodeType.STORE}), channels=frozenset({"mail"})),
    )
    assert dict(compiled.protection.channel_class) == {"web": 0, "shop": 0, "app": 1, "mail": 2}
    assert compiled.protection.floors[NodeType.STORE] == (0, 1, 4)
    assert compiled.protection.floors[NodeType.WAREHOUSE] == (0, 1, 1)


def test_two_levels_repeat_the_upper_one() -> None:
    compiled = channels(SafetyStock(units=6, channels=frozenset({"web"})))
    assert compiled.protection.floors[NodeType.SUPPLIER] == (0, 6, 6)


def test_a_channel_that_is_not_listed_is_one_that_no_entry_names() -> None:
    store, web = frozenset({NodeType.STORE}), frozenset({"web"})
    listed = compile_rules(
        small.rules(
            channels=("web", "app"),
            safety_stock=(SafetyStock(units=1), SafetyStock(units=4, channels=web)),
            eligibility=(
                Eligibility(exclude_node_types=store),
                Eligibility(exclude_node_types=frozenset({NodeType.SUPPLIER}), channels=web),
            ),
        ),
        "",
    )
    compiled = with_channel(listed, "gone")
    assert (compiled.protection.channel_class["gone"], compiled.excluded["gone"]) == (0, store)
    assert compiled.protection.floors == listed.protection.floors
    assert with_channel(listed, "web") is listed
    for rules in (listed, compiled):
        for channel, level in rules.protection.channel_class.items():
            kept_back = rules.protection.kept_back[level].tolist()
            no_part = rules.takes_no_part[channel].tolist()
            assert kept_back == [rules.protection.floors[node_type][level] for node_type in NODE_TYPES]
            assert no_part == [node_type in rules.excluded[channel] for node_type in NODE_TYPES]


def test_four_levels_are_refused() -> None:
    entries = [SafetyStock(units=u, channels=frozenset({c})) for u, c in ((1, "app"), (2, "mail"), (3, "shop"))]
    with pytest.raises(Refusal, match="4 levels") as caught:
        channels(*entries)
    assert caught.value.reason is Reason.RULE_SET_INVALID


def test_levels_that_are_not_nested_are_refused_with_the_channels_named() -> None:
    with pytest.raises(Refusal, match="each protected more") as caught:
        channels(
            SafetyStock(units=1, channels=frozenset({"web"}), node_types=frozenset({NodeType.STORE})),
            SafetyStock(units=1, channels=frozenset({"app"}), node_types=frozenset({NodeType.WAREHOUSE})),
            names=("web", "app"),
        )
    assert "'web'" in caught.value.message
    assert "'app'" in caught.value.message
    assert caught.value.violations[0].field == "protection.safety_stock"


def test_excluded_node_types_add_up_per_channel() -> None:
    compiled = compile_rules(
        small.rules(
            channels=("web", "app"),
            eligibility=(
                Eligibility(exclude_node_types=frozenset({NodeType.SUPPLIER})),
                Eligibility(exclude_node_types=frozenset({NodeType.STORE}), channels=frozenset({"app"})),
            ),
        ),
        "r",
    )
    assert compiled.excluded == {
        "web": frozenset({NodeType.SUPPLIER}),
        "app": frozenset({NodeType.SUPPLIER, NodeType.STORE}),
    }


def test_floors_take_the_same_from_a_row_as_from_the_reading_of_the_rule() -> None:
    for seed in range(40):
        world = random_world(seed, lines_max=2, nodes_max=4)
        compiled = compile_rules(world.rules, "r")
        for row in world.rows:
            node_type = next(n.node_type for n in world.network.nodes if n.node_id == row.node_id)
            kept = max((s.units for s in world.rules.safety_stock if node_type in s.node_types), default=0)
            pinned = replace(row, floors=compiled.protection.floors[node_type])
            assert pinned.available(compiled.protection.channel_class["web"]) == max(0, row.on_hand - kept)


def test_distances_do_not_depend_on_the_direction() -> None:
    points = [GeoPoint(lat_e6=lat, lon_e6=lon) for lat, lon in ((-33_900_000, 151_200_000), (64_100_000, -21_900_000))]
    there, back = (
        distances_m(compile_network(network_of(small.node("n", point=a))), b) for a, b in (points, points[::-1])
    )
    assert np.array_equal(there, back)

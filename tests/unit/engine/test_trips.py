"""Ways to where goods are wanted: at the door, in a store, over at most three transfer lanes; kept by the timetable."""

from dataclasses import replace
from datetime import date

import numpy as np
from tests.reference import small
from tests.unit.engine.test_transfers import chain, truck, world

from sourcier.domain.network import Method, Network, NodeType, TransitBand
from sourcier.engine.compile import compile_network
from sourcier.engine.places import place_at
from sourcier.engine.tariffs import tariff_of
from sourcier.engine.timetable import Timetable, compile_timetable
from sourcier.engine.trips import LEGS_MAX, NONE, reach, reaching, sent_to, through_hub, way_of

CLICK, STD, TRUCK = 0, 1, 2


def table_of(network: Network) -> Timetable:
    return compile_timetable(compile_network(network), date(2026, 3, 4), 5)


def shop() -> Timetable:
    """A store that gives out by "click", a warehouse 1 degree north that delivers and sends to the store by truck."""
    near = (TransitBand(max_distance_m=50_000, business_days=1),)
    services = (
        small.service("click", method=Method.CLICK_AND_COLLECT, transit=(), per_shipment_micros=3),
        small.service(per_shipment_micros=5),
        small.service("truck", method=Method.SHIP_TO_STORE, transit=near, per_shipment_micros=7),
    )
    nodes = (
        small.node("store", node_type=NodeType.STORE, services=("click", "std")),
        small.node("warehouse", services=("std", "truck")),
        small.node("far", services=("std", "truck"), point=small.ONE_DEGREE_NORTH),
    )
    lanes = (*chain("store", "warehouse"), *chain("store", "far"))
    return table_of(Network(currency_code="EUR", time_zone="UTC", nodes=nodes, services=services, transfer_lanes=lanes))


def test_ways_have_at_most_three_legs() -> None:
    table = table_of(world(chain(*"sabcd")).network)
    found = sent_to(table, 0, way=7)
    assert found.node.tolist() == [1, 2, 3]
    assert found.leg_to.tolist() == [[0, -1, -1], [1, 0, -1], [2, 1, 0]]
    assert (found.to.tolist(), found.way.tolist()) == ([0, 0, 0], [7, 7, 7])
    assert LEGS_MAX == 3
    assert sent_to(table, 0, frozenset({1}), way=7).node.tolist() == []


def test_the_last_leg_is_by_the_service_asked_for() -> None:
    table = table_of(world(chain(*"sabc", b="van")).network)
    assert sent_to(table, 0, frozenset({0}), way=0).node.tolist() == [1, 2, 3]
    assert sent_to(table, 1, frozenset({1}), way=0).service.tolist() == [1, 0]


def test_a_leg_that_does_not_reach_is_no_trip() -> None:
    drawn = world(chain(*"sab"), "sab")
    near = truck(transit=(TransitBand(max_distance_m=1_000, business_days=1),))
    far = replace(drawn.network.nodes[1], point=small.ONE_DEGREE_NORTH)
    nodes = (drawn.network.nodes[0], far, drawn.network.nodes[2])
    table = table_of(replace(drawn.network, services=(near, truck("van")), nodes=nodes))
    assert reaching(sent_to(table, 0, way=0)).tolist() == [False, False]
    hub = through_hub(table, 0, 0, 2)
    assert [len(part.node) for part in hub] == [1, 0]


def test_deliveries_and_collections_stand_side_by_side() -> None:
    table = shop()
    place = place_at(table.network, small.HERE, "UTC")
    found = reach(table, place, (STD,), ((CLICK, 0), (TRUCK, 0)))
    trips = found.trips
    assert trips.node.tolist() == [0, 1, 2, 0, 0, 1]
    assert trips.service.tolist() == [STD, STD, STD, CLICK, TRUCK, TRUCK]
    assert trips.to.tolist() == [-1, -1, -1, -1, -1, 0]
    assert found.moved.tolist() == [0, 1, 2, 5]
    assert found.kept.tolist() == [3, 4]
    assert (found.by_node, found.to_hubs) == (False, False)
    assert reach(table, place, (STD,), ()).by_node
    assert not reach(table, place, (STD,), ((TRUCK, 2),)).by_node
    assert found.tariff.fixed.tolist() == [5, 5, 5, 3, 0, 7]
    ways = [(STD, NONE), (STD, NONE), (STD, NONE), (CLICK, 0), (TRUCK, 0), (TRUCK, 0)]
    assert trips.way.tolist() == way_of(table.network, *np.array(ways).T).tolist()


def test_each_trip_costs_what_its_legs_cost() -> None:
    """Whatever it stands beside; ways of two legs have tables of their own."""
    network = world(chain(*"sab"), "sab").network
    std = small.service(per_shipment_km_micros=9)
    nodes = tuple(replace(node, services=(*node.services, "std")) for node in network.nodes)
    table = table_of(replace(network, services=(*network.services, std), nodes=nodes))
    place = place_at(table.network, small.ONE_DEGREE_NORTH, "UTC")
    for pairs in ((), ((0, 0),), ((0, 0), (1, 0))):
        found = reach(table, place, (2,), pairs)
        tariff, whole = found.tariff, tariff_of(table.network, found.trips.leg_service, found.trips.leg_metres)
        assert tariff.fixed.tolist() == whole.fixed.tolist()
        assert (tariff.fixed[: len(nodes)] > std.per_shipment_micros).all()
        assert tariff.per_unit.tolist() == whole.per_unit.tolist()
        assert tariff.heaviest.tolist() == whole.heaviest.tolist()
        for one, other in zip(tariff.tiers.tolist(), whole.tiers.tolist(), strict=True):
            assert tariff.tables[one].cost.tolist() == whole.tables[other].cost.tolist()


def test_masks_tell_who_serves_and_who_reaches() -> None:
    table = shop()
    found = reach(table, None, (), ((TRUCK, 0),))
    assert (found.served.tolist(), found.reached.tolist()) == ([True, True, True], [True, True, False])
    click = reach(table, None, (), ((CLICK, 1),))
    assert (click.served.any(), click.trips.node.tolist()) == (False, [])


def test_the_same_place_is_found_again() -> None:
    table = shop()
    place = place_at(table.network, small.HERE, "UTC")
    assert reach(table, place, (STD,), ()) is reach(table, place, (STD,), ())
    assert reach(table, place, (STD,), ((CLICK, 0),)) is not reach(table, place, (STD,), ())
    assert reach(table, None, (), ()).trips.node.tolist() == []


def test_nodes_are_added_for_ways_that_have_none() -> None:
    table = shop()
    found = reach(table, place_at(table.network, small.HERE, "UTC"), (STD,), ((CLICK, 0), (TRUCK, 0)))
    for nodes, expected in (
        ([True, False, False], [True, False, False]),
        ([False, True, False], [True, True, False]),  # what is collected by "click" lies at the store alone
        ([False, False, True], [True, True, True]),
    ):
        assert found.with_nodes_of_other_ways(np.array(nodes)).tolist() == expected

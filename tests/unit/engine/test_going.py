"""Where goods go: to the door, or to the one store that the cart names; what is collected, from when on."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from tests.reference import small
from tests.reference.instances import World

from benchmarks import shop
from sourcier.domain.network import (
    Capacity,
    CapacityMeasure,
    Hours,
    Method,
    Network,
    NodeCalendar,
    NodeType,
    TransferLane,
    capacity_pool_id,
)
from sourcier.domain.plan import NodeReason, Shipment
from sourcier.engine.candidates import Ask, starts
from sourcier.engine.compile import compile_network, compile_rules
from sourcier.engine.going import going
from sourcier.engine.offers import build
from sourcier.engine.prefilter import REASONS, ask_for
from sourcier.engine.snapshot import Snapshot
from sourcier.engine.trips import NONE, reach, way_of

CALENDAR = NodeCalendar(
    working_days=small.EVERY_DAY,
    cut_off_minute=720,
    processing_minutes=60,
    opening_hours=(Hours(days=small.EVERY_DAY, from_minute=600, to_minute=640),),
)
COLLECT = Method.CLICK_AND_COLLECT


def world(*methods: Method, stores: tuple[str, ...] = ("s",), **store: object) -> World:
    """A store that opens from 10:00 to 10:40 UTC, and a warehouse that sends there; one piece at each."""
    nodes = [
        small.node("s", **{"node_type": NodeType.STORE, "calendar": CALENDAR, "services": ("click",), **store}),
        small.node("w", services=("std", "truck")),
    ]
    services = (
        small.service(),
        small.service("click", method=COLLECT, transit=(), per_shipment_micros=1),
        small.service("truck", method=Method.SHIP_TO_STORE, per_shipment_micros=2 * small.EURO, collect_minutes=15),
    )
    drawn = small.world(
        nodes,
        {"s": {"a": 1}, "w": {"a": 1}},
        small.lines(a=1),
        services=services,
        methods=methods,
        store_ids=stores,
    )
    lane = TransferLane(from_node_id="w", to_node_id="s", service_id="truck")
    return replace(drawn, network=replace(drawn.network, transfer_lanes=(lane,)))


def shipped(drawn: World) -> list[Shipment]:
    return list(small.decided(drawn).plan.shipments)


def test_a_store_gives_out_its_own_stock_when_it_is_ready_and_open() -> None:
    (shipment,) = shipped(world(COLLECT))
    assert (shipment.node_id, shipment.service_id, shipment.shipping_micros) == ("s", "click", 1)
    assert (shipment.ship_by.isoformat(), shipment.ready_at) == ("2026-03-04T10:30:00+00:00", shipment.ship_by)
    five_minutes_before_closing = replace(world(COLLECT).cart, placed_at=small.PLACED_AT.replace(hour=10, minute=35))
    (shipment,) = shipped(replace(world(COLLECT), cart=five_minutes_before_closing))
    assert (shipment.ship_day, shipment.ship_by.isoformat()[11:16]) == (small.TODAY, "11:35")
    assert (shipment.deliver_on, str(shipment.ready_at)[:16]) == (date(2026, 3, 5), "2026-03-05 10:00")


def test_a_full_day_leaves_it_to_the_next() -> None:
    capacity = Capacity(measure=CapacityMeasure.ORDERS, per_day=3)
    full = ((capacity_pool_id("s"), "2026-03-04", 3),)
    (shipment,) = shipped(replace(world(COLLECT, capacity=capacity), pool_uses=full))
    assert (shipment.ship_day, shipment.deliver_on) == (date(2026, 3, 5), date(2026, 3, 5))
    assert str(shipment.ship_by)[:16] == "2026-03-05 01:00"


def test_goods_are_sent_to_the_store_or_lie_there_already() -> None:
    (own,) = shipped(world(Method.SHIP_TO_STORE))
    assert (own.node_id, own.shipping_micros, own.to_node_id, own.service_id) == ("s", 0, "", "truck")
    two = replace(world(Method.SHIP_TO_STORE), cart=replace(world(Method.SHIP_TO_STORE).cart, lines=small.lines(a=2)))
    here, sent = shipped(two)
    assert (here.node_id, sent.node_id, sent.to_node_id) == ("s", "w", "s")
    assert (str(sent.ready_at)[:16], sent.shipping_micros) == ("2026-03-05 10:15", 2 * small.EURO)


@pytest.mark.parametrize(
    ("methods", "stores", "nodes"),
    [
        ((COLLECT,), (), []),
        ((COLLECT,), ("s", "s2"), []),
        ((COLLECT,), ("s",), ["s"]),
        ((Method.HOME_DELIVERY,), ("s",), ["w"]),
        ((), ("s",), ["w"]),
        ((COLLECT, Method.HOME_DELIVERY), ("s",), ["w"]),
    ],
)
def test_an_order_is_collected_at_one_store_if_it_is_not_delivered(
    methods: tuple[Method, ...], stores: tuple[str, ...], nodes: list[str]
) -> None:
    drawn = world(*methods, stores=stores)
    twin = replace(drawn.network.nodes[0], node_id="s2")
    drawn = replace(drawn, network=replace(drawn.network, nodes=(*drawn.network.nodes, twin)))
    assert [shipment.node_id for shipment in shipped(drawn)] == nodes


@pytest.mark.parametrize(
    ("method", "reasons"),
    [
        (COLLECT, [NodeReason.NO_SERVICE, None]),
        (Method.SHIP_TO_STORE, [None, None]),
    ],
)
def test_nodes_that_cannot_send_there_have_a_reason(method: Method, reasons: list[NodeReason | None]) -> None:
    drawn = world(method)
    _, found, _ = build(drawn.cart, drawn.snapshot(), drawn.compiled_rules())
    assert [REASONS[code] for code in found.reason] == reasons[::-1]


def test_what_is_collected_too_late_is_named_so() -> None:
    drawn = world(Method.SHIP_TO_STORE, calendar=replace(CALENDAR, working_days=frozenset({5})))
    drawn = replace(drawn, cart=replace(drawn.cart, deliver_by=date(2026, 3, 5)))
    _, found, _ = build(drawn.cart, drawn.snapshot(), drawn.compiled_rules())
    assert [REASONS[code] for code in found.reason] == [NodeReason.TOO_LATE, NodeReason.TOO_LATE]


def test_every_way_is_told_apart() -> None:
    drawn = world(COLLECT, Method.SHIP_TO_STORE)
    network = compile_network(drawn.network)
    store = network.node_index["s"]
    pickups = [(network.service_index[service], store) for service in ("click", "truck")]
    cart = replace(drawn.cart, methods=(), store_ids=())
    problem, found, _ = build(cart, drawn.snapshot(), drawn.compiled_rules(), complete=True, pickups=pickups)
    ways = {
        (network.services[service].service.service_id, at): way_of(network, np.array([service]), np.array([at]))[0]
        for service, at in [(network.service_index["std"], int(NONE)), *pickups]
    }
    nodes = {
        way: {drawn.network.nodes[n].node_id for n in problem.node[problem.way == key]} for way, key in ways.items()
    }
    assert nodes == {("std", -1): {"w"}, ("click", store): {"s"}, ("truck", store): {"s", "w"}}
    assert len(set(ways.values())) == 3
    assert found.way[problem.lane].tolist() == problem.way.tolist()


RULES = compile_rules(shop.rules(), "ruleSets/benchmark/revisions/1")

Entries = set[tuple[int, int, int, int]]
"""(service, node, ready day, day on which it can be collected)"""


def shop_with_a_chain(num_nodes: int) -> Network:
    """A shop in which the first warehouse also sends to the second, from where goods go on."""
    made = shop.network(num_nodes)
    more = TransferLane(from_node_id="node-0000", to_node_id="node-0001", service_id="shuttle")
    return replace(made, transfer_lanes=(*made.transfer_lanes, more))


def ask_of(network: Network, hours: int) -> Ask:
    """One unit, so many hours after NOW; worth waiting for is supply at every third node, some days on."""
    snapshot = Snapshot(compile_network(network))
    snapshot.online[-1] = False
    nodes = np.arange(0, len(network.nodes), 3)
    days = np.array([shop.FIRST_DAY.toordinal() + int(node) % 9 for node in nodes])
    cart = replace(shop.carts(1, 1)[0], placed_at=shop.NOW + timedelta(hours=hours))
    return ask_for(cart, snapshot, RULES, (1, 1), (nodes, days))[0]


def collected_pairs(network: Network) -> list[tuple[int, int]]:
    services = [s for s, service in enumerate(network.services) if service.method.collected]
    stores = [n for n, node in enumerate(network.nodes) if node.node_type is NodeType.STORE]
    return [(service, store) for service in services for store in stores]


def entries(ask: Ask, pairs: Sequence[tuple[int, int]]) -> Entries:
    whole, begins = reach(ask.table, None, (), tuple(pairs)), starts(ask)
    found = going(ask, whole, (), begins)
    trip, start = found.departing.trip, found.departing.start
    service = whole.trips.way[trip] % len(ask.table.network.services)
    columns = (service, whole.trips.node[trip], begins.ready[start], found.arrival)
    return set(zip(*(column.tolist() for column in columns), strict=True))


@pytest.mark.parametrize("hours", range(0, 150, 7))
def test_several_stores_have_what_one_after_the_other_has(hours: int) -> None:
    places = shop_with_a_chain(14)
    ask, pairs = ask_of(places, hours), collected_pairs(places)
    found = entries(ask, pairs)
    assert found == set.union(*(entries(ask, [pair]) for pair in pairs))
    assert len(found) > 20


def test_without_a_pair_nothing_is_found() -> None:
    assert entries(ask_of(shop_with_a_chain(10), 0), []) == set()

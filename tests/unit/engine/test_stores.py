"""Which stores a collected method looks at."""

from dataclasses import replace

import pytest
from tests.reference import small

from sourcier.domain.errors import Reason, Refusal
from sourcier.domain.network import Method, Network, NodeStatus, NodeType, TransferLane
from sourcier.domain.place import GeoPoint
from sourcier.engine.compile import compile_network, distances_m
from sourcier.engine.snapshot import Snapshot
from sourcier.engine.stores import chosen_stores, nearest_stores

COLLECT, SEND = 0, 1
SERVICES = (
    small.service("collect", method=Method.CLICK_AND_COLLECT, transit=()),
    small.service("send", method=Method.SHIP_TO_STORE),
)


def north(metres: int) -> GeoPoint:
    return GeoPoint(lat_e6=small.HERE.lat_e6 + round(metres * 1_000_000 / small.ONE_DEGREE_M), lon_e6=small.HERE.lon_e6)


def store(node_id: str, metres: int, *services: str, **changes):
    return small.node(
        node_id, node_type=NodeType.STORE, point=north(metres), services=services or ("collect",), **changes
    )


def network(*nodes, lanes: tuple[TransferLane, ...] = ()):
    return compile_network(
        Network(currency_code="EUR", time_zone="UTC", nodes=nodes, services=SERVICES, transfer_lanes=lanes)
    )


def nearest(compiled, service: int = COLLECT, *, radius_m: int = 50_000, count: int = 3) -> list[str]:
    snapshot = Snapshot(compiled)
    found = nearest_stores(snapshot, service, distances_m(compiled, small.HERE), radius_m=radius_m, count=count)
    return [compiled.network.nodes[n].node_id for n in found]


def test_the_nearest_stores_within_the_radius_are_looked_at() -> None:
    compiled = network(store("c", 3_000), store("a", 1_000), store("far", 60_000), store("b", 2_000))
    assert nearest(compiled) == ["a", "b", "c"]
    assert nearest(compiled, count=2) == ["a", "b"]
    assert nearest(compiled, radius_m=1_500) == ["a"]
    assert nearest(compiled, radius_m=500) == []
    assert nearest(compiled, radius_m=100_000, count=9) == ["a", "b", "c", "far"]


def test_only_open_stores_that_offer_the_service_are_looked_at() -> None:
    warehouse = small.node("warehouse", services=("collect", "send"))
    compiled = network(
        warehouse, store("sends", 10, "send"), store("off", 20, status=NodeStatus.OFFLINE), store("good", 30)
    )
    assert nearest(compiled) == ["good"]
    assert nearest(compiled, SEND) == ["sends"]


def test_goods_are_sent_to_stores_at_the_end_of_a_lane() -> None:
    warehouse = small.node("warehouse", services=("send",))
    lane = TransferLane(from_node_id="warehouse", to_node_id="end", service_id="send")
    compiled = network(warehouse, store("end", 10), store("none", 20), lanes=(lane,))
    assert nearest(compiled, SEND) == ["end"]
    assert nearest(compiled, COLLECT) == ["end", "none"]


def test_stores_of_the_customers_choice_are_taken_in_that_order_each_once() -> None:
    compiled = network(store("a", 1), store("b", 2))
    cart = small.world([], {}, small.lines(a=1), store_ids=("b", "a", "b")).cart
    assert chosen_stores(cart, compiled) == (1, 0)
    assert chosen_stores(replace(cart, store_ids=()), compiled) == ()


@pytest.mark.parametrize("store_id", ["nowhere", "warehouse"])
def test_what_is_no_store_cannot_be_chosen(store_id: str) -> None:
    compiled = network(store("a", 1), small.node("warehouse", services=()))
    cart = small.world([], {}, small.lines(a=1), store_ids=("a", store_id)).cart
    with pytest.raises(Refusal) as caught:
        chosen_stores(cart, compiled)
    assert caught.value.reason is Reason.NODE_UNKNOWN
    assert [v.field for v in caught.value.violations] == ["store_ids[1]"]

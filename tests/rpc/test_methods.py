"""Every method on a network that uses every field, over the wire: promised as it is, and kept by its token."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from tests.rpc import messages, networks
from tests.rpc.servers import Served, count, filled

from sourcier.client import Client
from sourcier.v1 import common_pb2, network_pb2, sourcing_pb2

MONDAY = Timestamp(seconds=int(datetime(2026, 11, 23, 9, 0, tzinfo=UTC).timestamp()))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with the full network, goods at the warehouse, and some at the store."""

    async def stores(client: Client) -> None:
        await client.apply_network(networks.apply_network())
        await count(client, {"tea": 50, "pot": 0}, node_id="store")

    with filled(tmp_path_factory.mktemp("methods"), stores) as server:
        yield server


@pytest.fixture
async def buyer(shop: Served) -> AsyncIterator[Client]:
    async with Client(shop.target) as connected:
        yield connected


def asked(*lines: common_pb2.Line) -> sourcing_pb2.PromiseDeliveryRequest:
    request = messages.promise(*lines)
    request.cart.placed_at.CopyFrom(MONDAY)
    return request


async def test_the_network_comes_back_as_it_was_applied(buyer: Client) -> None:
    found = await buyer.get_network()
    found.ClearField("name")
    found.ClearField("revision")
    wanted = networks.network()
    for node in wanted.nodes:
        node.status = network_pb2.NODE_STATUS_OPEN
    assert found == wanted


async def test_every_method_is_promised_with_its_own_facts(buyer: Client) -> None:
    options = {option.service_id: option for option in (await buyer.promise_delivery(asked())).promised}
    assert set(options) == {"ground", "courier", "counter", "feeder"}
    ground, courier, counter = options["ground"], options["courier"], options["counter"]
    assert [(window.from_minute, window.to_minute) for window in ground.windows] == [(480, 1_200)]
    assert ground.co2_grams >= 300
    assert not ground.HasField("ready_at")
    # The round at 12:00 in Berlin, and 90 minutes by bicycle.
    assert courier.ready_at.ToJsonString() == "2026-11-23T12:30:00Z"
    (shipment,) = courier.decision.plan.shipments
    assert (shipment.node_id, shipment.round_minute, shipment.shift.shift_id) == ("near", 720, "day")
    # Half an hour of processing at a store that is always open.
    assert (counter.store_id, counter.ready_at.ToJsonString()) == ("store", "2026-11-23T09:30:00Z")
    assert options["feeder"].store_id == "store"


@pytest.mark.parametrize(
    ("method", "service_id"),
    [
        (common_pb2.METHOD_HOME_DELIVERY, "ground"),
        (common_pb2.METHOD_SAME_DAY, "courier"),
        (common_pb2.METHOD_CLICK_AND_COLLECT, "counter"),
        (common_pb2.METHOD_SHIP_TO_STORE, "feeder"),
    ],
)
async def test_a_method_alone_is_kept_by_its_token(
    buyer: Client, method: common_pb2.Method.ValueType, service_id: str
) -> None:
    request = asked()
    request.cart.methods.append(method)
    (option,) = (await buyer.promise_delivery(request)).promised
    assert (option.method, option.service_id) == (method, service_id)
    order = messages.allocate(f"kept-{service_id}")
    order.order.cart.CopyFrom(request.cart)
    order.promise_token = option.token
    kept = (await buyer.allocate(order)).kept
    assert (kept.method, kept.latest, kept.late_days) == (method, option.latest, 0)
    assert (kept.store_id, kept.fee) == (option.store_id, option.fee)


async def test_goods_travel_to_the_store_that_lacks_them(buyer: Client) -> None:
    request = asked(messages.line(sku="pot"))
    request.cart.methods.extend([common_pb2.METHOD_CLICK_AND_COLLECT, common_pb2.METHOD_SHIP_TO_STORE])
    request.cart.store_ids.append("store")
    response = await buyer.promise_delivery(request)
    (option,) = response.promised
    (shipment,) = option.decision.plan.shipments
    assert (option.service_id, shipment.node_id, shipment.to_node_id) == ("feeder", "near", "store")
    (counter,) = response.unpromised
    assert (counter.service_id, counter.store_id, counter.reason) == ("counter", "store", "OUT_OF_STOCK")
    assert list(counter.line_ids) == ["1"]


async def test_a_product_page_of_a_store_shows_what_it_has_and_when(buyer: Client) -> None:
    request = messages.get_availability()
    request.ClearField("destination")
    request.store_id, request.nearby_stores = "store", 1
    request.skus[:] = ["tea", "pot"]
    tea, pot = (await buyer.get_availability(request)).skus
    assert {entry.service_id for entry in tea.earliest} == {"counter", "feeder"}
    assert {entry.service_id for entry in pot.earliest} == {"feeder"}
    assert [(store.store_id, store.distance_m) for store in tea.stores] == [("store", 0)]
    assert not pot.stores


async def test_a_remedy_says_which_line_to_leave_out(buyer: Client) -> None:
    request = asked(messages.line("1"), messages.line("2", sku="unheard of"))
    response = await buyer.promise_delivery(request)
    assert not response.promised
    remedies = {unpromised.service_id: list(unpromised.remedy.remove_line_ids) for unpromised in response.unpromised}
    assert remedies["ground"] == ["2"]

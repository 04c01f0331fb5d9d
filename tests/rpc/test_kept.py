"""What is promised is kept: on random networks any option that is chosen can be allocated by its token."""

import os
import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from tests.rpc import messages
from tests.rpc.random_networks import draw_day, draw_network
from tests.rpc.servers import Served, count, fill, serving

from sourcier.client import Client
from sourcier.v1 import common_pb2, network_pb2, sourcing_pb2

SEED = int(os.environ.get("SEED", random.SystemRandom().randrange(2**32)))
NETWORKS = 40
CARTS = 6  # on each network
FIRST_INSTANT = datetime(2026, 11, 21, tzinfo=UTC)
MINUTES = 14 * 24 * 60


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server of its own: the networks change all the time."""
    with serving(tmp_path_factory.mktemp("kept")) as server:
        yield server


async def stock_up(client: Client, rng: random.Random, network: network_pb2.Network, number: int) -> None:
    """Some goods at some nodes, and some more on their way."""
    records = []
    for node in network.nodes:
        node_id = node.name.removeprefix("nodes/")
        units = {"tea": rng.choice((0, 2, 50)), "pot": rng.choice((0, 3, 50))}
        await count(client, units, node_id=node_id, epoch=number)
        record = messages.supply_record("po", node_id, rng.choice(("tea", "pot")), rng.choice((1, 5, 100)))
        record.epoch = number
        record.expected_on.CopyFrom(draw_day(rng))
        records.append(record)
    assert [answer async for answer in client.apply_supply([messages.supply(*records)])]


def draw_request(rng: random.Random) -> sourcing_pb2.PromiseDeliveryRequest:
    lines = [messages.line("1", "tea", rng.choice((1, 2, 4)))]
    if rng.random() < 0.5:
        lines.append(messages.line("2", "pot", rng.choice((1, 3))))
    request = messages.promise(*lines)
    request.cart.placed_at.FromDatetime(FIRST_INSTANT + timedelta(minutes=rng.randrange(MINUTES)))
    request.choices.extend(sourcing_pb2.Choice.values()[1:])
    if rng.random() < 0.4:
        request.cart.deliver_by.CopyFrom(draw_day(rng))
    return request


def cost(decision: common_pb2.Decision) -> tuple[int, int]:
    return decision.objective.units, decision.objective.nanos


@pytest.mark.slow
async def test_every_option_is_kept_by_its_token(shop: Served) -> None:
    rng = random.Random(SEED)
    options: Counter[str] = Counter()
    async with Client(shop.target) as client:
        await fill(client)
        for number in range(2, NETWORKS + 2):
            request = draw_network(rng)
            await client.apply_network(request)
            await stock_up(client, rng, request.network, number)
            for cart in range(CARTS):
                wanted = draw_request(rng)
                # A batch is answered when the server's picture has it: so it has the order before this one, too.
                await count(client, {"clock": cart}, seq=cart + 1, epoch=number)
                promised = (await client.promise_delivery(wanted, seconds=30)).promised
                if not promised:
                    continue
                option = rng.choice(list(promised))
                order = messages.allocate(f"{number}-{cart}")
                order.order.cart.CopyFrom(wanted.cart)
                order.promise_token = option.token
                made = await client.allocate(order, seconds=30)
                where = f"SEED={SEED} network {number - 2}, cart {cart}, {option.service_id}"
                assert (made.kept.late_days, made.kept.latest) == (0, option.latest), where
                assert not made.decision.plan.unfilled, where
                if sourcing_pb2.CHOICE_FEWEST_SHIPMENTS not in option.choices:
                    assert cost(made.decision) <= cost(option.decision), where
                options[option.service_id] += 1
    assert sum(options.values()) > NETWORKS
    assert len(options) > 1

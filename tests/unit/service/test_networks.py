"""Networks and statuses are applied once and read back as they are."""

import asyncio
from dataclasses import replace

from tests.service.shop import NETWORK, Shop, key

from sourcier.domain.network import NodeStatus
from sourcier.service import networks
from sourcier.service.commands import ApplyNetwork, SetNodeStatus


def test_the_ledger_says_which_nodes_are_open() -> None:
    seen = networks.with_statuses(NETWORK, {"near": "OFFLINE", "elsewhere": "OFFLINE"})
    assert {node.node_id: node.status for node in seen.nodes} == {
        "near": NodeStatus.OFFLINE,
        "far": NodeStatus.OPEN,
        "store": NodeStatus.OPEN,
    }
    assert networks.with_statuses(seen, {"near": "OPEN"}) == NETWORK
    assert networks.with_statuses(seen, {}) == seen


async def test_a_network_is_applied_once(shop: Shop) -> None:
    request = ApplyNetwork(key=key("ApplyNetwork"), network=replace(NETWORK, nodes=NETWORK.nodes[:2]))
    answers = await asyncio.gather(*(networks.apply_network(shop.app, request) for _ in range(3)))
    assert {answer.revision for answer in answers} == {2}
    await shop.status("near", NodeStatus.OFFLINE)
    assert await networks.apply_network(shop.app, request) == answers[0]
    assert (await networks.get_network(shop.app)).revision == 2


async def test_a_status_is_set_once(shop: Shop) -> None:
    request = SetNodeStatus(key=key("SetNodeStatus"), node_id="near", status=NodeStatus.OFFLINE)
    first = await networks.set_node_status(shop.app, request)
    await shop.status("near", NodeStatus.OPEN)
    assert await networks.set_node_status(shop.app, request) == first
    (near, *_) = (await networks.get_network(shop.app)).network.nodes
    assert near.status is NodeStatus.OPEN

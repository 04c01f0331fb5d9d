"""Networks and statuses are applied once and read back as they are."""

import asyncio
from dataclasses import replace

import pytest
from tests.service.shop import NETWORK, RULES, Shop, key

from sourcier.domain.errors import Reason, Refusal
from sourcier.domain.network import NodeStatus, PostalRange, Zone
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


async def test_a_network_without_what_the_rules_name_is_applied_with_a_warning(shop: Shop) -> None:
    zone = Zone(zone_id="island", ranges=(PostalRange(country_code="DE", low="18", high="18"),))
    assert (await shop.network(replace(NETWORK, zones=(zone,)))).warnings == ()
    named = await shop.activate((await shop.revise(RULES + "fees:\n  - {fee: 9, zones: [island]}\n")).revision)
    preview = await shop.network(NETWORK, validate_only=True)
    request = ApplyNetwork(key=key("ApplyNetwork"), network=NETWORK)
    answer = await networks.apply_network(shop.app, request)
    assert [warning.field for warning in answer.warnings] == [f"{named.name}:{RULES.count(chr(10)) + 2}:22"]
    assert preview.warnings == answer.warnings
    await shop.activate(1)
    assert await networks.apply_network(shop.app, request) == answer
    assert (await shop.network(NETWORK)).warnings == ()


@pytest.mark.parametrize("validate_only", [False, True])
async def test_a_network_that_does_not_fit_together_is_refused_whoever_brings_it(
    shop: Shop, *, validate_only: bool
) -> None:
    near, far, store = NETWORK.nodes
    odd = replace(far, node_id="near", calendar=replace(far.calendar, holidays="ATLANTIS"))
    with pytest.raises(Refusal) as caught:
        await shop.network(replace(NETWORK, nodes=(near, odd, store)), validate_only=validate_only)
    assert caught.value.reason is Reason.FIELD_INVALID
    fields = [violation.field for violation in caught.value.violations]
    assert fields == ["network.nodes[1].node_id", "network.nodes[1].calendar.holidays"]
    assert (await networks.get_network(shop.app)).revision == 1

"""What can be collected at several stores at once is what `going` finds for one store after the other."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from benchmarks import shop
from sourcier.domain.network import Network, NodeType, TransferLane
from sourcier.engine.candidates import Ask, starts
from sourcier.engine.compile import compile_network, compile_rules
from sourcier.engine.going import collected
from sourcier.engine.hours import NEVER
from sourcier.engine.pickups import Pickups, pickups
from sourcier.engine.prefilter import ask_for
from sourcier.engine.snapshot import Snapshot

RULES = compile_rules(shop.rules(), "ruleSets/benchmark/revisions/1")

Entries = set[tuple[int, int, int, int]]
"""(service, node, ready day, day on which it can be collected)"""


def network(num_nodes: int) -> Network:
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


def entries(found: Pickups) -> Entries:
    columns = (found.service, found.node, found.ready, found.on)
    return {entry for entry in zip(*(column.tolist() for column in columns), strict=True) if entry[3] < NEVER}


def one_after_the_other(ask: Ask, pairs: list[tuple[int, int]]) -> Entries:
    found: Entries = set()
    for service, store in pairs:
        going = collected(ask, [(service, store)], starts(ask))
        begun = going.found.starts
        columns = (going.service, begun.node, begun.ready, going.arrivals.latest)
        found |= set(zip(*(column.tolist() for column in columns), strict=True))
    return found


@pytest.mark.parametrize("hours", range(0, 150, 7))
def test_it_is_what_one_store_after_the_other_has(hours: int) -> None:
    places = network(14)
    ask, pairs = ask_of(places, hours), collected_pairs(places)
    found = entries(pickups(ask, pairs))
    assert found == one_after_the_other(ask, pairs)
    assert len(found) > 20


def test_one_pair_is_not_mixed_up_with_others() -> None:
    places = network(14)
    ask, pairs = ask_of(places, 5), collected_pairs(places)
    assert set.union(*(entries(pickups(ask, [pair])) for pair in pairs)) == entries(pickups(ask, pairs))


def test_without_a_pair_nothing_is_found() -> None:
    assert entries(pickups(ask_of(network(10), 0), [])) == set()

"""What a rule set names must be in the network: otherwise the entry does something else than its author wants."""

from collections.abc import Iterator
from dataclasses import dataclass

from sourcier.domain.network import Network
from sourcier.domain.rules import Consolidation, RuleSet


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """What is wrong with `name`, which stands at `path` of a rule set, in the words of its file: ``fees[2].zones``.

    `known` are the names that the network has in its place.
    """

    path: str
    name: str
    problem: str
    known: frozenset[str] = frozenset()


def mismatches(rule_set: RuleSet, network: Network) -> list[Mismatch]:
    """Everything that the rule set names and the network does not have, in the order of the rule set.

    A fee for a zone that is not there fits no cart. Orders for a hub that is not there, that no transfer lane leads to
    or that has no service for them never meet, and come from one node or not at all.
    """
    zones = frozenset(zone.zone_id for zone in network.zones)
    found = [
        Mismatch(path=f"fees[{i}].zones", name=zone, problem=f"{zone!r} is not a zone of the network", known=zones)
        for i, fee in enumerate(rule_set.fees)
        for zone in sorted(fee.zone_ids - zones)
    ]
    for i, entry in enumerate(rule_set.consolidation):
        found += _hub(f"consolidation[{i}]", entry, network)
    return found


def _hub(path: str, entry: Consolidation, network: Network) -> Iterator[Mismatch]:
    hub = next((node for node in network.nodes if node.node_id == entry.hub_id), None)
    if hub is None:
        known = frozenset(node.node_id for node in network.nodes)
        problem = f"{entry.hub_id!r} is not a node of the network"
        yield Mismatch(path=f"{path}.hub", name=entry.hub_id, problem=problem, known=known)
        return
    if all(lane.to_node_id != hub.node_id for lane in network.transfer_lanes):
        yield Mismatch(path=f"{path}.hub", name=hub.node_id, problem=f"no transfer lane leads to {hub.node_id!r}")
    offered = {service.method for service in network.services}
    leaving = {service.method for service in network.services if service.service_id in hub.services}
    for method in sorted(entry.methods & offered - leaving):
        word = method.lower()
        yield Mismatch(path=f"{path}.methods", name=word, problem=f"no service by {word} leaves {hub.node_id!r}")

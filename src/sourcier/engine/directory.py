"""A network's nodes, services and transfer lanes by their names: where the checker looks things up, compiled once."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sourcier.domain.network import Network, Node, PostalArea, Service, TransferLane


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """Domain objects by id; `position` is a node's place in the network, lanes are by the node that they join, postal
    `areas` by country and prefix."""

    nodes: Mapping[str, Node]
    services: Mapping[str, Service]
    position: Mapping[str, int]
    lanes_from: Mapping[str, tuple[TransferLane, ...]]
    lanes_to: Mapping[str, tuple[TransferLane, ...]]
    areas: Mapping[tuple[str, str], PostalArea]


def compile_directory(network: Network) -> Directory:
    """The directory of a valid network."""
    lanes_from: dict[str, list[TransferLane]] = {}
    lanes_to: dict[str, list[TransferLane]] = {}
    for lane in network.transfer_lanes:
        lanes_from.setdefault(lane.from_node_id, []).append(lane)
        lanes_to.setdefault(lane.to_node_id, []).append(lane)
    return Directory(
        nodes=MappingProxyType({node.node_id: node for node in network.nodes}),
        services=MappingProxyType({service.service_id: service for service in network.services}),
        position=MappingProxyType({node.node_id: i for i, node in enumerate(network.nodes)}),
        lanes_from=MappingProxyType({node_id: tuple(lanes) for node_id, lanes in lanes_from.items()}),
        lanes_to=MappingProxyType({node_id: tuple(lanes) for node_id, lanes in lanes_to.items()}),
        areas=MappingProxyType({(area.country_code, area.prefix): area for area in network.postal_areas}),
    )

"""Names of a network's parts."""

from dataclasses import replace

from tests.reference import small

from sourcier.domain.network import PostalArea, TransferLane
from sourcier.engine.directory import compile_directory


def test_everything_is_found_by_its_name() -> None:
    nodes = (small.node("b"), small.node("a"), small.node("c"))
    network = small.world(nodes, {}, small.lines(x=1)).network
    lanes = tuple(
        TransferLane(from_node_id=start, to_node_id=end, service_id="std") for start, end in ("bc", "ac", "ca")
    )
    area = PostalArea(country_code="FR", prefix="75", point=small.ONE_DEGREE_NORTH, time_zone="UTC")
    found = compile_directory(replace(network, transfer_lanes=lanes, postal_areas=(area,)))
    assert {name: found.nodes[name].node_id for name in found.position} == {"b": "b", "a": "a", "c": "c"}
    assert found.position == {"b": 0, "a": 1, "c": 2}
    assert found.services == {service.service_id: service for service in network.services}
    assert found.lanes_from == {"b": lanes[:1], "a": lanes[1:2], "c": lanes[2:]}
    assert found.lanes_to == {"c": lanes[:2], "a": lanes[2:]}
    assert found.areas == {("FR", "75"): area}

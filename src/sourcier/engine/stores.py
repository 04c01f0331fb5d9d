"""Where a customer can collect: the stores that the cart names, or the nearest ones that offer the service."""

import numpy as np

from sourcier.domain.errors import Reason, Violation, invalid
from sourcier.domain.network import Method, NodeType
from sourcier.domain.order import Cart
from sourcier.engine.compile import NODE_TYPES, BoolArray, CompiledNetwork, IntArray
from sourcier.engine.snapshot import Snapshot


def chosen_stores(cart: Cart, network: CompiledNetwork) -> tuple[int, ...]:
    """The nodes that the cart names, each once. Raises Refusal NODE_UNKNOWN for what is no store of the network."""
    nodes = network.network.nodes
    stores = {node_id: i for node_id, i in network.node_index.items() if nodes[i].node_type is NodeType.STORE}
    faults = [
        Violation(field=f"store_ids[{i}]", description=f"the network has no store {store_id!r}")
        for i, store_id in enumerate(cart.store_ids)
        if store_id not in stores
    ]
    if faults:
        raise invalid(faults, Reason.NODE_UNKNOWN)
    return tuple(dict.fromkeys(stores[store_id] for store_id in cart.store_ids))


def nearest_stores(
    snapshot: Snapshot, service: int, distance_m: IntArray, *, radius_m: int, count: int
) -> tuple[int, ...]:
    """The nearest `count` open stores within `radius_m` metres at which the service can be collected."""
    found = np.flatnonzero(offers_service(snapshot.network, service) & snapshot.online & (distance_m <= radius_m))
    nearest = found[np.argsort(distance_m[found], kind="stable")][:count]
    return tuple(int(node) for node in nearest)


def offers_service(network: CompiledNetwork, service: int) -> BoolArray:
    """Whether customers can collect at ``node[N]``: stores that have the service, or that it brings goods to."""
    offered: BoolArray = network.collects[:, service].copy()
    wanted = network.network.services[service]
    if wanted.method is Method.SHIP_TO_STORE:
        for lane in network.network.transfer_lanes:
            if lane.service_id == wanted.service_id:
                offered[network.node_index[lane.to_node_id]] = True
    is_store: BoolArray = network.node_type == NODE_TYPES.index(NodeType.STORE)
    return offered & is_store

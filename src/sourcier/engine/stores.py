"""Where a customer can collect: the stores that the cart names, or the nearest ones that offer the service."""

import numpy as np

from sourcier.domain.errors import Reason, Violation, invalid
from sourcier.domain.network import NodeType
from sourcier.domain.order import Cart
from sourcier.engine.compile import CompiledNetwork, IntArray
from sourcier.engine.snapshot import Snapshot


def chosen_stores(cart: Cart, network: CompiledNetwork) -> tuple[int, ...]:
    """The nodes that the cart names, each once. Raises Refusal NODE_UNKNOWN for what is no store of the network."""
    if not cart.store_ids:
        return ()
    nodes = network.network.nodes
    found = {store_id: network.node_index.get(store_id) for store_id in cart.store_ids}
    faults = [
        Violation(field=f"store_ids[{i}]", description=f"the network has no store {store_id!r}")
        for i, store_id in enumerate(cart.store_ids)
        if (node := found[store_id]) is None or nodes[node].node_type is not NodeType.STORE
    ]
    if faults:
        raise invalid(faults, Reason.NODE_UNKNOWN)
    return tuple(node for node in found.values() if node is not None)


def nearest_stores(
    snapshot: Snapshot, service: int, distance_m: IntArray, *, radius_m: int, count: int
) -> tuple[int, ...]:
    """The nearest `count` open stores within `radius_m` metres at which the service can be collected."""
    found = np.flatnonzero(snapshot.network.gives_out[:, service] & snapshot.online & (distance_m <= radius_m))
    nearest = found[np.argsort(distance_m[found], kind="stable")][:count]
    return tuple(int(node) for node in nearest)

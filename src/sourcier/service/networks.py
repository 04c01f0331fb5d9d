"""Applies and reads the network, and switches nodes on and off."""

from typing import TYPE_CHECKING

from sourcier.domain.network import Network, Node
from sourcier.ledger import registry
from sourcier.service import codec, replay
from sourcier.service.commands import ApplyNetwork, NetworkAnswer, SetNodeStatus
from sourcier.service.refusals import network_not_applied

if TYPE_CHECKING:
    from sourcier.service.app import App


async def apply_network(app: "App", request: ApplyNetwork) -> NetworkAnswer:
    """Replace the network. This server decides on it once the answer is given, other replicas within moments.

    The network must be valid, which the edge sees to. A node's own status counts only when the node is new.
    """
    if request.validate_only:
        stored = await app.read(registry.get_network)
        revision, statuses = (stored.revision, stored.statuses) if stored else (0, {})
        return NetworkAnswer(revision=revision, network=_with_statuses(request.network, statuses))

    async def work() -> NetworkAnswer:
        answer = codec.load(NetworkAnswer, await app.write(_apply, request))
        await app.snapshots.catch_up()
        return answer

    return await replay.once(app, request.key, work, _restore)


async def get_network(app: "App") -> NetworkAnswer:
    """The network in force. Raises NETWORK_NOT_APPLIED."""
    stored = await app.read(registry.get_network)
    if stored is None:
        raise network_not_applied()
    network = _with_statuses(codec.load(Network, stored.document), stored.statuses)
    return NetworkAnswer(revision=stored.revision, network=network)


async def set_node_status(app: "App", request: SetNodeStatus) -> Node:
    """Switch a node on or off. Raises NODE_UNKNOWN, NETWORK_NOT_APPLIED."""

    async def work() -> Node:
        node = codec.load(Node, await app.write(_set_status, request))
        await app.snapshots.catch_up()
        return node

    return await replay.once(app, request.key, work, _restore_node)

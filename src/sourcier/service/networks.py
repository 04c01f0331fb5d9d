"""Applies and reads the network, and switches nodes on and off."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from sourcier.domain.errors import Violation, invalid
from sourcier.domain.network import Network, Node, NodeStatus
from sourcier.domain.reservation import pool_caps
from sourcier.inputs.network_yaml import misfits
from sourcier.ledger import registry
from sourcier.ledger.commands import Replayed, StoredNetwork
from sourcier.ledger.store import Tx
from sourcier.service import codec, replay
from sourcier.service.commands import ApplyNetwork, NetworkAnswer, SetNodeStatus
from sourcier.service.refusals import network_not_applied, node_unknown
from sourcier.service.rule_texts import mismatched

if TYPE_CHECKING:
    from sourcier.service.app import App


async def apply_network(app: "App", request: ApplyNetwork) -> NetworkAnswer:
    """Replace the network. This server decides on it once the answer is given, other replicas within moments.

    A node's own status counts only when the node is new. The answer warns of what the rule set in force names and the
    network does not have. Raises FIELD_INVALID with everything in the network that does not fit together, and CONTENDED
    when a rule set came into force meanwhile.
    """
    found = await asyncio.to_thread(misfits, request.network)
    if found:
        raise invalid([replace(fault, field=f"network.{fault.field}") for fault in found])
    if request.validate_only:
        stored, warnings = await app.read(registry.get_network), (await _compare(app, request.network))[1]
        if stored is None:
            return NetworkAnswer(revision=0, network=request.network, warnings=warnings)
        network = with_statuses(request.network, stored.statuses)
        return NetworkAnswer(revision=stored.revision, network=network, warnings=warnings)

    async def work() -> NetworkAnswer:
        answer = await app.write(_apply, request, *await _compare(app, request.network))
        await app.snapshots.abreast()
        return await _restore(answer)

    return await replay.once(app, request.key, work, _restore)


async def get_network(app: "App") -> NetworkAnswer:
    """The network in force. Raises NETWORK_NOT_APPLIED."""
    stored = await app.read(registry.get_network)
    if stored is None:
        raise network_not_applied()
    return _answer(stored)


async def set_node_status(app: "App", request: SetNodeStatus) -> Node:
    """Switch a node on or off, for this network and every later one. Raises NETWORK_NOT_APPLIED, NODE_UNKNOWN."""

    async def work() -> Node:
        network = (await get_network(app)).network
        node = next((node for node in network.nodes if node.node_id == request.node_id), None)
        if node is None:
            raise node_unknown(request.node_id)
        response = codec.dump(replace(node, status=request.status))
        outcome = await app.write(
            registry.set_node_status, request.key, request.node_id, request.status.value, response
        )
        await app.snapshots.abreast()
        return await _restore_node(outcome.response if isinstance(outcome, Replayed) else outcome)

    return await replay.once(app, request.key, work, _restore_node)


def with_statuses(network: Network, statuses: Mapping[str, str]) -> Network:
    """The network with the ledger's word on which nodes are open; a node it does not know keeps its own."""
    return replace(
        network,
        nodes=tuple(
            replace(node, status=NodeStatus(statuses.get(node.node_id, node.status))) for node in network.nodes
        ),
    )


async def _compare(app: "App", network: Network) -> tuple[tuple[str, int] | None, tuple[Violation, ...]]:
    """The rule set in force, and what of it the network does not have, as ``ruleSets/x/revisions/n:line:col``."""
    active = await app.read(registry.active_rule_set)
    if active is None:
        return None, ()
    name = f"ruleSets/{active.rule_set_id}/revisions/{active.revision}"
    warnings = await asyncio.to_thread(mismatched, active.document.decode(), name, network)
    return (active.rule_set_id, active.revision), warnings


def _apply(tx: Tx, request: ApplyNetwork, beside: tuple[str, int] | None, warnings: tuple[Violation, ...]) -> bytes:
    network = request.network
    outcome = registry.put_network(
        tx,
        request.key,
        codec.dump(network),
        nodes={node.node_id: node.node_type.value for node in network.nodes},
        caps=pool_caps(network),
        beside=beside,
        offline=frozenset(node.node_id for node in network.nodes if node.status is NodeStatus.OFFLINE),
        respond=lambda stored: codec.dump(replace(_answer(stored), warnings=warnings)),
    )
    return outcome.response if isinstance(outcome, Replayed) else outcome[1]


def _answer(stored: StoredNetwork) -> NetworkAnswer:
    network = with_statuses(codec.load(Network, stored.document), stored.statuses)
    return NetworkAnswer(revision=stored.revision, network=network)


async def _restore(stored: bytes) -> NetworkAnswer:
    return codec.load(NetworkAnswer, stored)


async def _restore_node(stored: bytes) -> Node:
    return codec.load(Node, stored)

"""Random small worlds in which the customer collects: stores with opening hours, transfer lanes, up to three legs."""

import random
from dataclasses import replace

from tests.reference.instances import World
from tests.reference.timed import timed_world

from sourcier.domain.network import (
    Hours,
    Method,
    Node,
    NodeStatus,
    NodeType,
    Service,
    TransferLane,
    TransitBand,
    TransitShare,
    WeightTier,
)
from sourcier.domain.rules import Consolidation

WEEK = frozenset(range(1, 8))


def store_world(seed: int, *, lines_max: int = 4, nodes_max: int = 6) -> World:
    """A timed world of the seed whose cart is collected at its first node, a store."""
    rng, drawn = random.Random(f"stores {seed}"), timed_world(seed, lines_max=lines_max, nodes_max=nodes_max)
    services = (*drawn.network.services, _collect(rng), *(_sends(rng, i) for i in range(2)))
    nodes = tuple(_node(rng, i, node) for i, node in enumerate(drawn.network.nodes))
    methods = rng.choice([(Method.CLICK_AND_COLLECT,), (Method.SHIP_TO_STORE,), (Method.SHIP_TO_STORE,), _BOTH])
    lanes = {
        TransferLane(
            from_node_id=nodes[a].node_id, to_node_id=nodes[b].node_id, service_id=rng.choice(nodes[a].services)
        )
        for a in range(1, len(nodes))
        for b in {0, rng.randrange(a)}
        if rng.random() < 0.7 and nodes[a].services
    }
    lanes = {lane for lane in lanes if lane.service_id != "click"}
    return replace(
        drawn,
        network=replace(drawn.network, services=services, nodes=nodes, transfer_lanes=tuple(sorted(lanes, key=repr))),
        cart=replace(drawn.cart, methods=methods, store_ids=(nodes[0].node_id,)),
    )


_BOTH = (Method.CLICK_AND_COLLECT, Method.SHIP_TO_STORE)


def hub_world(seed: int, *, lines_max: int = 4, nodes_max: int = 6) -> World:
    """A world of the seed delivered to the customer, whose first node is the hub where some methods meet."""
    rng, drawn = random.Random(f"hubs {seed}"), store_world(seed, lines_max=lines_max, nodes_max=nodes_max)
    delivered = tuple(m for m in Method if not m.collected)
    meeting = rng.choice([frozenset({Method.HOME_DELIVERY}), frozenset(delivered)])
    entry = Consolidation(hub_id=drawn.network.nodes[0].node_id, methods=meeting)
    hub = replace(drawn.network.nodes[0], node_type=NodeType.WAREHOUSE)
    return replace(
        drawn,
        network=replace(drawn.network, nodes=(hub, *drawn.network.nodes[1:])),
        rules=replace(drawn.rules, consolidation=(entry,)),
        cart=replace(drawn.cart, methods=delivered, store_ids=()),
    )


def _collect(rng: random.Random) -> Service:
    return Service(
        service_id="click",
        method=Method.CLICK_AND_COLLECT,
        transit=(),
        delivery_days=WEEK,
        per_shipment_micros=rng.choice([0, 900_000]),
        per_shipment_km_micros=5_000,
        per_unit_micros=rng.choice([0, 100_000]),
        per_kg_micros=rng.choice([0, 70_000]),
    )


def _sends(rng: random.Random, i: int) -> Service:
    tiers = (
        WeightTier(max_grams=rng.choice([300, 2_000]), cost_micros=100_000),
        WeightTier(max_grams=9_000, cost_micros=2_000_000),
    )
    measured = (TransitShare(business_days=1, share_bp=6_000), TransitShare(business_days=3, share_bp=4_000))
    return Service(
        service_id=f"send{i}",
        method=Method.SHIP_TO_STORE,
        transit=(
            TransitBand(
                max_distance_m=400_000, business_days=rng.randint(0, 2), distribution=rng.choice([(), measured])
            ),
            TransitBand(max_distance_m=rng.choice([700_000, None]), business_days=3),
        ),
        delivery_days=rng.choice([WEEK, frozenset({1, 2, 3, 4, 5})]),
        per_shipment_micros=rng.randint(0, 40) * 100_000,
        per_shipment_km_micros=rng.randint(0, 4_000),
        per_unit_micros=rng.choice([0, 50_000]),
        per_unit_km_micros=rng.randint(0, 200),
        per_kg_micros=rng.choice([0, 90_000]),
        weight_tiers=rng.choice([(), tiers]),
        collect_minutes=rng.choice([0, 90, 600]),
    )


def _node(rng: random.Random, i: int, node: Node) -> Node:
    services = (*node.services, *(s for s in ("send0", "send1") if rng.random() < 0.8))
    hours = (Hours(days=frozenset(range(1, 7)), from_minute=540, to_minute=rng.choice([780, 1_200])),)
    calendar = replace(node.calendar, opening_hours=rng.choice([(), hours, hours]))
    if i > 0:
        return replace(node, services=services, calendar=calendar)
    return replace(
        node,
        services=(*services, "click"),
        calendar=calendar,
        node_type=NodeType.STORE,
        status=NodeStatus.OPEN,
    )

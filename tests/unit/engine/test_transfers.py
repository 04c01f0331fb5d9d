"""Goods sent over transfer lanes: each leg on its own calendar."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
from tests.reference import small
from tests.reference.instances import World

from sourcier.domain.network import Method, NodeCalendar, NodeType, Service, TransferLane, TransitBand
from sourcier.engine.offers import build


def truck(service_id: str = "truck", **changes: object) -> Service:
    return small.service(service_id, **{"method": Method.SHIP_TO_STORE, "per_shipment_micros": 7, **changes})


def chain(*node_ids: str, **services: str) -> tuple[TransferLane, ...]:
    """Each node to the one before it."""
    return tuple(
        TransferLane(from_node_id=start, to_node_id=end, service_id=services.get(start, "truck"))
        for end, start in pairwise(node_ids)
    )


def world(lanes: tuple[TransferLane, ...], names: str = "sabcd") -> World:
    nodes = [small.node(name, services=("truck", "van")) for name in names]
    stock = {names[-1]: {"x": 1}}
    drawn = small.world(
        nodes,
        stock,
        small.lines(x=1),
        services=(truck(), truck("van")),
        store_ids=("s",),
        methods=(Method.SHIP_TO_STORE,),
    )
    first = replace(drawn.network.nodes[0], node_type=NodeType.STORE)
    return replace(drawn, network=replace(drawn.network, nodes=(first, *drawn.network.nodes[1:]), transfer_lanes=lanes))


def test_every_leg_leaves_when_its_node_works() -> None:
    drawn = world(chain(*"sab"), "sab")
    only_monday = NodeCalendar(working_days=frozenset({1}), cut_off_minute=720)
    nodes = tuple(replace(n, calendar=only_monday) if n.node_id == "a" else n for n in drawn.network.nodes)
    drawn = replace(drawn, network=replace(drawn.network, nodes=nodes))
    (shipment,) = small.decided(drawn).plan.shipments
    # From b on Wednesday the 4th, at a on the 5th, from there on Monday the 9th, collected on the 10th.
    assert (shipment.ship_day.day, shipment.deliver_on.day, shipment.to_node_id) == (4, 10, "s")


def test_a_leg_that_does_not_reach_is_no_way() -> None:
    near = truck(transit=(TransitBand(max_distance_m=1_000, business_days=1),))
    drawn = world(chain(*"sab"), "sab")
    far = replace(drawn.network.nodes[1], point=small.ONE_DEGREE_NORTH)
    nodes = (drawn.network.nodes[0], far, drawn.network.nodes[2])
    drawn = replace(drawn, network=replace(drawn.network, services=(near, truck("van")), nodes=nodes))
    _, found, _ = build(drawn.cart, drawn.snapshot(), drawn.compiled_rules())
    assert np.unique(found.node).tolist() == [0]

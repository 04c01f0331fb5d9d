"""Why nodes are left out, and that no extra cost is told that is not true."""

import pytest
from tests.reference import small
from tests.reference.brute import tiny_problems
from tests.reference.instances import random_world
from tests.reference.model import optimum

from sourcier.domain.network import NodeStatus
from sourcier.domain.plan import NodeReason
from sourcier.engine.offers import Fill


def test_every_node_is_in_the_plan_or_has_one_outcome_in_the_networks_order() -> None:
    for seed in range(50_000, 50_080):
        world = random_world(seed, lines_max=5, nodes_max=15)
        decision = small.decided(world)
        shipping = {s.node_id for s in decision.plan.shipments}
        told = [outcome.node_id for outcome in decision.left_out]
        assert told == [n.node_id for n in world.network.nodes if n.node_id not in shipping], f"seed {seed}"
        for outcome in decision.left_out:
            priced = outcome.extra_cost_micros is not None
            assert priced == (outcome.reason is NodeReason.NOT_CHOSEN), f"seed {seed}: {outcome}"


def test_a_dearer_node_costs_what_it_costs_more() -> None:
    nodes = [
        small.node("near"),
        small.node("far", handling_per_shipment_micros=3 * small.EURO),
        small.node("shut", status=NodeStatus.OFFLINE),
    ]
    stock = {node.node_id: {"a": 5} for node in nodes}
    told = small.outcomes(small.decided(small.world(nodes, stock, small.lines(a=1))))
    assert (told["far"].reason, told["far"].extra_cost_micros) == (NodeReason.NOT_CHOSEN, 3 * small.EURO)
    assert (told["shut"].reason, told["shut"].extra_cost_micros) == (NodeReason.OFFLINE, None)


def test_no_extra_cost_is_more_than_a_plan_through_the_node_costs_more() -> None:
    """Against every plan of tiny problems."""
    compared = told_something = 0
    for tiny in tiny_problems(150):
        if tiny.problem.fill is not Fill.PARTIAL:
            continue
        decision = small.decided(tiny.world)
        told = small.outcomes(decision)
        for index, node in enumerate(tiny.world.network.nodes):
            offers = [k for k in range(tiny.problem.num_offers) if tiny.problem.node[k] == index]
            plans = [least for k in offers if (least := tiny.least(through=k)) is not None]
            outcome = told.get(node.node_id)
            if outcome is None or outcome.reason is not NodeReason.NOT_CHOSEN or not plans:
                continue
            compared += 1
            told_something += outcome.extra_cost_micros > 0
            assert outcome.extra_cost_micros <= min(plans) - decision.objective_micros, f"seed {tiny.seed}: {outcome}"
    assert compared > 50
    assert told_something > 30


@pytest.mark.parametrize("first_seed", [51_000, 52_000])
def test_no_extra_cost_is_more_than_the_unfiltered_model_pays_through_the_node(first_seed: int) -> None:
    compared = 0
    for seed in range(first_seed, first_seed + 40):
        world = random_world(seed, lines_max=4, nodes_max=8)
        decision = small.decided(world)
        for outcome in decision.left_out:
            through = optimum(world, through=outcome.node_id)
            if outcome.reason is not NodeReason.NOT_CHOSEN:
                assert through is None, f"seed {seed}: {outcome.node_id} could have shipped"
            elif through is not None:
                compared += 1
                extra = through - decision.objective_micros
                assert outcome.extra_cost_micros <= extra, f"seed {seed}: {outcome}, truly {extra}"
    assert compared > 40

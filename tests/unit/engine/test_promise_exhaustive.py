"""Dated options of random small carts, each compared with every plan there is."""

import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.reference.instances import World, random_world
from tests.reference.promises import Outcome, frontier, outcomes
from tests.reference.timed import timed_world

from sourcier.domain.limits import FRONTIER_MAX
from sourcier.domain.network import NodeCalendar
from sourcier.domain.promise import Choice, Promise, Promises
from sourcier.engine.decide import drive
from sourcier.engine.promise import promise_steps
from sourcier.engine.solver import Budget, solve

EVERYTHING = frozenset(Choice)
SEEDS_EACH = 60


def promised(world: World, choices: frozenset[Choice]) -> Promises:
    steps = promise_steps(world.cart, world.snapshot(), world.compiled_rules(), choices=choices)
    return drive(steps, lambda model: solve(model, Budget(solve_ms=10_000)))


def told(promise: Promise) -> Outcome:
    plan = promise.decision.plan
    return Outcome(latest=promise.latest, cost=promise.decision.objective_micros, shipments=len(plan.shipments))


def patient_world(seed: int) -> World:
    """A world in which waiting pays: nodes work on one weekday each, and the later they do the cheaper they are."""
    rng, drawn = random.Random(seed), random_world(seed, lines_max=3, nodes_max=9)
    slope = rng.choice([0, 1_000_000, 6_000_000])
    nodes = []
    for node in drawn.network.nodes:
        wait = rng.randint(0, 6)
        calendar = NodeCalendar(working_days=frozenset({(2 + wait) % 7 + 1}), cut_off_minute=960)
        handling = (7 - wait) * slope
        services = tuple(s.service_id for s in drawn.network.services)
        nodes.append(replace(node, calendar=calendar, handling_per_shipment_micros=handling, services=services))
    lines = tuple(replace(line, quantity=min(line.quantity, 4)) for line in drawn.cart.lines)
    deliver_by = drawn.cart.deliver_by if rng.random() < 0.5 else None
    return replace(
        drawn,
        network=replace(drawn.network, nodes=tuple(nodes)),
        cart=replace(drawn.cart, lines=lines, deliver_by=deliver_by),
        rows=tuple(replace(row, on_hand=row.on_hand + rng.choice([0, 3])) for row in drawn.rows),
    )


def dated_world(seed: int) -> World:
    """A world with rounds, shifts, pools, measured transit and dated supply, small enough for all its plans."""
    drawn = timed_world(seed, lines_max=3, nodes_max=5)
    lines = tuple(replace(line, quantity=min(line.quantity, 4)) for line in drawn.cart.lines)
    return replace(drawn, cart=replace(drawn.cart, lines=lines))


def expected(found: set[Outcome]) -> dict[Choice, set[Outcome]]:
    points = frontier(found)
    fewest = {
        point: min(o.shipments for o in found if (o.latest, o.cost) == point) for point in {*points, *_ends(found)}
    }

    def outcome(latest, cost):
        return Outcome(latest=latest, cost=cost, shipments=fewest[latest, cost])

    return {
        Choice.EARLIEST: {outcome(*points[0])},
        Choice.CHEAPEST: {outcome(*points[-1])},
        Choice.FRONTIER: {outcome(*point) for point in points},
        Choice.FEWEST_SHIPMENTS: {min(found, key=lambda o: (o.shipments, o.cost, o.latest))},
    }


def _ends(found):
    first, last = min(found), min(found, key=lambda o: (o.cost, o.latest))
    return (first.latest, first.cost), (last.latest, last.cost)


def check(world: World, service_id: str, answer: Promises, seed: int) -> int:
    """Compare one service's options with all plans; how many points its frontier has (0: no plan, or too many)."""
    found = outcomes(world, service_id)
    if found is None:
        return 0
    mine = [p for p in answer.promised if p.service_id == service_id]
    where = f"seed {seed}, {service_id}"
    assert bool(mine) == bool(found), where
    assert any(u.service_id == service_id for u in answer.unpromised) != bool(found), where
    if not found:
        return 0
    keys = [(p.latest, p.decision.objective_micros) for p in mine]
    assert len(set(keys)) == len(keys), where
    for choice, wanted in expected(found).items():
        shown = {told(p) for p in mine if choice in p.choices}
        if choice is Choice.FRONTIER and len(wanted) > FRONTIER_MAX:
            assert len(shown) == FRONTIER_MAX, where
            assert {(o.latest, o.cost) for o in shown} < {(o.latest, o.cost) for o in wanted}, where
            continue
        same = shown == wanted if choice is Choice.FEWEST_SHIPMENTS else _alike(shown, wanted)
        assert same, f"{where}, {choice}: {shown} is not {wanted}"
    return len(expected(found)[Choice.FRONTIER])


def _alike(shown: set[Outcome], wanted: set[Outcome]) -> bool:
    return sorted((o.latest, o.cost) for o in shown) == sorted((o.latest, o.cost) for o in wanted)


@pytest.mark.parametrize("first_seed", range(60_000, 60_000 + 3 * SEEDS_EACH, SEEDS_EACH))
@pytest.mark.parametrize("world_of", [patient_world, dated_world])
def test_options_are_what_all_plans_say(world_of: Callable[[int], World], first_seed: int) -> None:
    points = []
    for seed in range(first_seed, first_seed + SEEDS_EACH):
        world = world_of(seed)
        answer = promised(world, EVERYTHING)
        points += [check(world, service.service_id, answer, seed) for service in world.network.services]
    assert sum(p == 0 for p in points) > 3
    assert sum(p > 1 for p in points) > 3


def test_a_choice_asked_for_alone_is_answered_alike() -> None:
    for seed in range(61_000, 61_060):
        world = patient_world(seed)
        everything = promised(world, EVERYTHING)
        for choice in Choice:
            alone = promised(world, frozenset({choice}))
            assert {p.choices for p in alone.promised} <= {frozenset({choice})}
            ends = [(p.service_id, p.latest, p.decision.objective_micros) for p in alone.promised]
            wanted = [p for p in everything.promised if choice in p.choices]
            assert ends == [(p.service_id, p.latest, p.decision.objective_micros) for p in wanted], f"seed {seed}"
            assert [u.service_id for u in alone.unpromised] == [u.service_id for u in everything.unpromised]

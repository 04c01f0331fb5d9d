"""The engine against the unfiltered model: same optimum, proven, on random worlds. The seed of a failure is printed."""

from collections.abc import Callable

import numpy as np
import pytest
from tests.reference.instances import World, heavy_world, random_world
from tests.reference.model import Unproven, optimum
from tests.reference.stores import hub_world, store_world
from tests.reference.timed import timed_world

from sourcier.domain.plan import Decision, Status
from sourcier.engine.decide import decide_steps, drive
from sourcier.engine.solver import Budget, solve

GENEROUS = Budget(solve_ms=10_000)

SIZES = ((8, 4, 10), (2, 6, 25), (1, 8, 60))
"""(share, most lines, most nodes) of the worlds of a chunk."""

CHUNK = 44
"""Worlds of one test case, every fourth without quirks."""


def chunk(first_seed: int) -> list[tuple[int, World]]:
    """Worlds of mixed size; each is made again by `world(seed)` alone."""
    return [(seed, world(seed)) for seed in range(first_seed, first_seed + CHUNK)]


def world(seed: int) -> World:
    """The world of a seed: its size follows from the seed."""
    share = seed % sum(count for count, _, _ in SIZES)
    for count, lines_max, nodes_max in SIZES:
        if share < count:
            return random_world(seed, lines_max=lines_max, nodes_max=nodes_max, quirks=seed % 4 != 0)
        share -= count
    raise AssertionError("shares cover every seed")


def decided(world: World, *, complete: bool = False) -> Decision:
    steps = decide_steps(world.cart, world.snapshot(), world.compiled_rules(), complete=complete)
    return drive(steps, lambda model: solve(model, GENEROUS))


def disagreements(
    worlds: list[tuple[int, World]], *, complete: bool, seconds: float = 20.0, unproven_max: int = 0
) -> list[str]:
    """What the engine got wrong, a line per world. An unproven answer is wrong beyond `unproven_max` of them."""
    found = []
    unproven = 0
    for seed, instance in worlds:
        decision = decided(instance, complete=complete)
        unproven += decision.gap_micros > 0
        if decision.gap_micros > 0 and unproven > unproven_max:
            found.append(f"seed {seed}: gap {decision.gap_micros}, by {decision.proof}")
        fault = _against_the_optimum(decision, instance, complete, seconds)
        if (
            fault is None
            and decision.plan.shipments
            and (decision.status is Status.OPTIMAL) != (not decision.gap_micros)
        ):
            fault = f"gap {decision.gap_micros}, yet {decision.status}"
        if fault is not None:
            found.append(f"seed {seed}: {fault}, by {decision.proof}")
    return found


def _against_the_optimum(decision: Decision, instance: World, complete: bool, seconds: float) -> str | None:
    """Where one of the two is not settled in time, their intervals must overlap."""
    objective, bound = decision.objective_micros, decision.bound_micros
    try:
        best = optimum(instance, complete=complete, seconds=seconds)
    except Unproven as unproven:
        within = unproven.bound <= objective and bound <= unproven.objective
        return None if within else f"objective {objective}, {unproven}"
    if complete and best is None:
        return None if decision.status is Status.UNFILLABLE else f"no plan fills the cart, yet {decision.status}"
    if complete and (decision.plan.unfilled or not decision.plan.shipments):
        return "a plan fills the cart, yet this one does not"
    return None if bound <= best <= objective else f"objective {objective}, bound {bound}, optimum {best}"


@pytest.mark.parametrize("first_seed", range(0, 9 * CHUNK, CHUNK))
def test_orders_are_decided_at_the_optimum(first_seed: int) -> None:
    assert disagreements(chunk(first_seed), complete=False) == []


@pytest.mark.parametrize("first_seed", range(20_000, 20_000 + 9 * CHUNK, CHUNK))
def test_whole_carts_are_decided_at_the_optimum(first_seed: int) -> None:
    assert disagreements(chunk(first_seed), complete=True) == []


@pytest.mark.parametrize("first_seed", range(10_000, 10_000 + 4 * CHUNK, CHUNK))
def test_orders_of_heavy_parcels_are_decided_at_the_optimum(first_seed: int) -> None:
    worlds = [(seed, heavy_world(seed, lines_max=5, nodes_max=10)) for seed in range(first_seed, first_seed + CHUNK)]
    assert disagreements(worlds, complete=False) == []


@pytest.mark.parametrize("complete", [False, True])
@pytest.mark.parametrize("first_seed", range(50_000, 50_000 + 6 * CHUNK, CHUNK))
def test_rounds_shifts_supply_and_measured_transit_are_decided_at_the_optimum(first_seed: int, complete: bool) -> None:
    worlds = [(seed, timed_world(seed)) for seed in range(first_seed, first_seed + CHUNK)]
    assert disagreements(worlds, complete=complete) == []


@pytest.mark.parametrize("complete", [False, True])
@pytest.mark.parametrize("first_seed", range(60_000, 60_000 + 3 * CHUNK, CHUNK))
def test_orders_that_are_collected_are_decided_at_the_optimum(first_seed: int, complete: bool) -> None:
    worlds = [(seed, store_world(seed)) for seed in range(first_seed, first_seed + CHUNK)]
    assert disagreements(worlds, complete=complete) == []


@pytest.mark.parametrize("complete", [False, True])
@pytest.mark.parametrize("first_seed", range(70_000, 70_000 + 3 * CHUNK, CHUNK))
def test_orders_that_meet_at_a_hub_are_decided_at_the_optimum(first_seed: int, complete: bool) -> None:
    worlds = [(seed, hub_world(seed)) for seed in range(first_seed, first_seed + CHUNK)]
    assert disagreements(worlds, complete=complete) == []


@pytest.mark.parametrize(
    ("make", "seed"),
    [
        # A node whose shifts count in different measures.
        (timed_world, 900_189),
        (hub_world, 920_154),
        # Several lines of one SKU, and offers of a node that wait for different supply of it.
        (timed_world, 901_221),
        (timed_world, 900_225),
        (hub_world, 921_007),
        (hub_world, 921_055),
    ],
)
def test_what_was_once_decided_wrongly_is_decided_at_the_optimum(make: Callable[[int], World], seed: int) -> None:
    for complete in (False, True):
        assert disagreements([(seed, make(seed))], complete=complete) == []


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("make", [timed_world, store_world, hub_world])
@pytest.mark.parametrize("first_seed", range(400_000, 400_000 + 12 * CHUNK, CHUNK))
def test_many_orders_in_time_and_through_stores_and_hubs(make: Callable[[int], World], first_seed: int) -> None:
    worlds = [(seed, make(seed)) for seed in range(first_seed, first_seed + CHUNK)]
    for complete in (False, True):
        assert disagreements(worlds, complete=complete, seconds=60.0, unproven_max=2) == []


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("first_seed", range(300_000, 300_000 + 12 * CHUNK, CHUNK))
def test_many_orders_of_heavy_parcels_are_decided_at_the_optimum(first_seed: int) -> None:
    worlds = [(seed, heavy_world(seed, lines_max=5, nodes_max=10)) for seed in range(first_seed, first_seed + CHUNK)]
    assert disagreements(worlds, complete=False, seconds=60.0, unproven_max=2) == []


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("first_seed", range(100_000, 100_000 + 46 * CHUNK, CHUNK))
def test_many_orders_are_decided_at_the_optimum(first_seed: int) -> None:
    assert disagreements(chunk(first_seed), complete=False, seconds=60.0, unproven_max=2) == []


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("first_seed", range(200_000, 200_000 + 46 * CHUNK, CHUNK))
def test_many_whole_carts_are_decided_at_the_optimum(first_seed: int) -> None:
    assert disagreements(chunk(first_seed), complete=True, seconds=60.0, unproven_max=2) == []


def test_a_decision_is_the_same_every_time() -> None:
    for seed in range(40_000, 40_060):
        assert decided(world(seed)) == decided(world(seed)), f"seed {seed}"


def test_a_decision_leaves_the_snapshot_as_it_was() -> None:
    for seed in range(41_000, 41_040):
        instance = world(seed)
        snapshot, rules = instance.snapshot(), instance.compiled_rules()
        skus = tuple({row.sku for row in instance.rows})
        days = list(range(instance.cart.placed_at.toordinal(), instance.cart.placed_at.toordinal() + 30))

        nodes = np.arange(len(instance.network.nodes))

        def state(snapshot=snapshot, skus=skus, days=days, nodes=nodes):
            left = [snapshot.node_left(nodes, np.full(len(nodes), day)).tolist() for day in days]
            return snapshot.free(skus).tolist(), left, snapshot.online.tolist(), snapshot.version

        before = state()
        first = drive(decide_steps(instance.cart, snapshot, rules), lambda model: solve(model, GENEROUS))
        assert state() == before, f"seed {seed}"
        second = drive(decide_steps(instance.cart, snapshot, rules), lambda model: solve(model, GENEROUS))
        assert first == second, f"seed {seed}"

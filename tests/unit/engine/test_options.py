"""Which dated options of one service are shown, on worlds made for it; random ones are in `test_promise_exhaustive`."""

from datetime import timedelta
from itertools import pairwise

import pytest
from tests.reference import small
from tests.reference.instances import World, random_world

from sourcier.domain.limits import FRONTIER_MAX
from sourcier.domain.network import NodeCalendar
from sourcier.domain.plan import NodeReason
from sourcier.domain.promise import Choice
from sourcier.domain.rules import Constraints, Prices
from sourcier.engine.decide import Prepared, drive, prepare, written
from sourcier.engine.options import Search, earliest, options
from sourcier.engine.outlooks import outlooks
from sourcier.engine.solver import Budget, solve

TOMORROW = small.TODAY + timedelta(days=1)
EARLIEST, CHEAPEST, FEWEST, FRONTIER = Choice


def after(days: int, **changes) -> NodeCalendar:
    """A calendar whose goods arrive so many days later than with the ordinary one."""
    return NodeCalendar(working_days=small.EVERY_DAY, cut_off_minute=720, processing_minutes=1_440 * days, **changes)


def node(node_id: str, days: int, euros: int):
    """A node whose goods arrive `days` after tomorrow and cost so much to pick."""
    return small.node(node_id, calendar=after(days), handling_per_shipment_micros=euros * small.EURO)


def prepared(world: World) -> Prepared:
    return prepare(world.cart, world.snapshot(), world.compiled_rules(), complete=True)


def shown(world: World, *choices: Choice, explained: bool = False) -> list[tuple[int, int, int, frozenset[Choice]]]:
    """(days after tomorrow, euros without the carrier's five a shipment, shipments, choices) of every option."""
    found = drive(
        options(prepared(world), frozenset(choices or Choice), explained=explained),
        lambda model: solve(model, Budget()),
    )
    told = []
    for option, decision in zip(found, written([option.settled for option in found]), strict=True):
        shipments = decision.plan.shipments
        latest = max(s.deliver_on for s in shipments)
        assert latest.toordinal() == option.settled.latest
        euros = (decision.objective_micros - 5 * small.EURO * len(shipments)) // small.EURO
        told.append(((latest - TOMORROW).days, euros, len(shipments), option.choices))
    return told


def chain(count: int) -> World:
    """Every day another node can ship it for a euro less."""
    nodes = [node(f"n{i:02}", i, 20 - i) for i in range(count)]
    return small.world(nodes, {n.node_id: {"a": 1} for n in nodes}, small.lines(a=1))


def test_one_plan_may_be_everything() -> None:
    world = small.world([node("n", 0, 3), node("m", 2, 4)], {"n": {"a": 1}, "m": {"a": 1}}, small.lines(a=1))
    assert shown(world) == [(0, 3, 1, frozenset(Choice))]


def test_waiting_may_be_cheaper() -> None:
    world = chain(3)
    assert shown(world, EARLIEST) == [(0, 20, 1, frozenset({EARLIEST}))]
    assert shown(world, CHEAPEST) == [(2, 18, 1, frozenset({CHEAPEST}))]
    assert shown(world, EARLIEST, CHEAPEST) == [
        (0, 20, 1, frozenset({EARLIEST})),
        (2, 18, 1, frozenset({CHEAPEST})),
    ]
    assert shown(world) == [
        (0, 20, 1, frozenset({EARLIEST, FRONTIER})),
        (1, 19, 1, frozenset({FRONTIER})),
        (2, 18, 1, frozenset({CHEAPEST, FRONTIER, FEWEST})),
    ]


def test_a_later_day_at_the_same_cost_is_no_option() -> None:
    nodes = [node("now", 0, 9), node("later", 1, 9), node("last", 4, 5), node("too-late", 5, 5)]
    world = small.world(nodes, {n.node_id: {"a": 1} for n in nodes}, small.lines(a=1))
    assert [(days, euros) for days, euros, _, _ in shown(world)] == [(0, 9), (4, 5)]


def test_fewer_shipments_may_come_later_and_cost_more() -> None:
    nodes = [node("x", 0, 1), node("y", 0, 1), node("all", 3, 40), node("all-cheaper", 4, 30), node("all-late", 5, 30)]
    both = {"a": 1, "b": 1}
    stock = {"x": {"a": 1}, "y": {"b": 1}, "all": both, "all-cheaper": both, "all-late": both}
    world = small.world(nodes, stock, small.lines(a=1, b=1))
    assert shown(world) == [
        (0, 2, 2, frozenset({EARLIEST, CHEAPEST, FRONTIER})),
        (4, 30, 1, frozenset({FEWEST})),
    ]


def test_fewest_shipments_may_still_be_several() -> None:
    nodes = [node(f"n{i}", 0, 0) for i in range(4)] + [node("two", 1, 9), node("other-two", 2, 9)]
    stock = {f"n{i}": {f"k{i}": 1} for i in range(4)}
    stock |= {"two": {"k0": 1, "k1": 1}, "other-two": {"k2": 1, "k3": 1}}
    world = small.world(nodes, stock, small.lines(k0=1, k1=1, k2=1, k3=1))
    assert shown(world, FEWEST) == [(2, 18, 2, frozenset({FEWEST}))]
    assert shown(world, EARLIEST) == [(0, 0, 4, frozenset({EARLIEST}))]


def test_of_equal_options_the_one_with_fewer_shipments_is_shown() -> None:
    nodes = [node("x", 0, 0), node("y", 0, 0), node("both", 0, 5)]
    stock = {"x": {"a": 1}, "y": {"b": 1}, "both": {"a": 1, "b": 1}}
    world = small.world(nodes, stock, small.lines(a=1, b=1))
    told = shown(world)
    assert [(shipments, choices) for _, _, shipments, choices in told] == [(1, frozenset(Choice))]


def test_a_long_frontier_is_cut_to_points_that_are_on_it_with_both_ends() -> None:
    told = shown(chain(14))
    assert len(told) == FRONTIER_MAX
    assert all(euros == 20 - days and FRONTIER in choices for days, euros, _, choices in told)
    assert told[0][3] == frozenset({EARLIEST, FRONTIER})
    assert told[-1] == (13, 7, 1, frozenset({CHEAPEST, FEWEST, FRONTIER}))
    assert max(b[0] - a[0] for a, b in pairwise(told)) <= 4  # spread, not all at one end


def test_a_frontier_that_fits_is_whole() -> None:
    assert [days for days, *_ in shown(chain(FRONTIER_MAX), FRONTIER)] == list(range(FRONTIER_MAX))


def test_without_a_plan_there_is_no_option() -> None:
    rules = small.rules(constraints=Constraints(max_shipments=1))
    nodes = [small.node("x"), small.node("y")]
    split = small.world(nodes, {"x": {"a": 1}, "y": {"b": 1}}, small.lines(a=1, b=1), rule_set=rules)
    empty = small.world(nodes, {}, small.lines(a=1))
    for world in (split, empty):
        assert shown(world) == []
        for choice in Choice:
            assert shown(world, choice) == []
        assert drive(earliest(prepared(world)), lambda _: None) is None


def test_nothing_is_decided_twice_nor_what_follows() -> None:
    order = prepared(chain(6))
    (outlook,) = outlooks(order.joined)
    assert outlook is not None
    search = Search(order, outlook, explained=False)

    def best(by: int, most: int | None = None):
        return drive(search.best(by, most), lambda _: None)

    first, last = search.dates[0], search.dates[-1]
    cheapest = best(last)
    assert best(last) is cheapest
    assert best(last, 1) is cheapest  # it has one shipment as it is
    assert len(search.found) == 1
    assert best(first).cost > cheapest.cost
    assert best(first) is search.found[1]
    assert best(first - 1) is None
    assert len(search.found) == 2


def test_nodes_that_come_too_late_for_an_option_are_told_apart() -> None:
    world = chain(3)
    found = drive(options(prepared(world), frozenset(Choice), explained=True), lambda _: None)
    first, *_, last = written([option.settled for option in found])
    assert {o.node_id: o.reason for o in first.left_out} == {
        "n01": NodeReason.TOO_LATE,
        "n02": NodeReason.TOO_LATE,
    }
    assert {o.node_id: o.reason for o in last.left_out} == {
        "n00": NodeReason.NOT_CHOSEN,
        "n01": NodeReason.NOT_CHOSEN,
    }


@pytest.mark.parametrize("first_seed", range(62_000, 62_200, 50))
def test_without_a_solver_the_options_still_agree_with_each_other(first_seed: int) -> None:
    asked = []
    for seed in range(first_seed, first_seed + 50):
        world = random_world(seed, lines_max=6, nodes_max=14)
        told = drive(options(prepared(world), frozenset(Choice)), asked.append)
        keys = [(option.settled.latest, option.settled.answer.cover.objective) for option in told]
        for position, (option, (day, cost)) in enumerate(zip(told, keys, strict=True)):
            others = keys[:position] + keys[position + 1 :]
            if option.choices != {FEWEST}:
                assert not [key for key in others if key[0] <= day and key[1] <= cost], f"seed {seed}"
            if EARLIEST in option.choices:
                assert all(key[0] >= day for key in others)
            if CHEAPEST in option.choices:
                assert all(key[1] >= cost for key in others)
        assert {choice for option in told for choice in option.choices} == (set(Choice) if told else set())
    assert asked


def test_the_price_of_a_split_counts() -> None:
    rules = small.rules(prices=Prices(split_micros=50 * small.EURO))
    nodes = [node("x", 0, 1), node("y", 0, 1), node("all", 3, 40)]
    stock = {"x": {"a": 1}, "y": {"b": 1}, "all": {"a": 1, "b": 1}}
    world = small.world(nodes, stock, small.lines(a=1, b=1), rule_set=rules)
    assert [(days, choices) for days, _, _, choices in shown(world)] == [
        (0, frozenset({EARLIEST, FRONTIER})),
        (3, frozenset({CHEAPEST, FEWEST, FRONTIER})),
    ]

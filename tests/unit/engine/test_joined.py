"""Problems side by side: each is found again as it is, and no node belongs to two."""

import numpy as np
from tests.reference.brute import tiny_problems
from tests.reference.timed import timed_world
from tests.unit.engine.test_options import prepared

from sourcier.engine.joined import alone, by_way, join
from sourcier.engine.offers import PER_DEMAND_AND_OFFER, PER_OFFER, Problem


def split(problem: Problem) -> list[Problem]:
    """Every offer that arrives first, all offers, and the last one."""
    first = np.flatnonzero(problem.arrival == problem.arrival.min())
    return [problem.restricted(first), problem, problem.restricted(np.array([problem.num_offers - 1]))]


def test_each_problem_is_found_again() -> None:
    for tiny in tiny_problems(40):
        parts = split(tiny.problem)
        joined = join(parts)
        assert joined.offers.num_offers == sum(part.num_offers for part in parts)
        for number, (part, span) in enumerate(zip(parts, joined.spans(), strict=True)):
            assert (joined.problem_of[span] == number).all()
            assert joined.span(number) == span
            again = joined.problem(number)
            for name in (*PER_OFFER, *PER_DEMAND_AND_OFFER):
                assert getattr(again, name).tolist() == getattr(part, name).tolist(), name


def test_no_node_belongs_to_two_problems() -> None:
    for tiny in tiny_problems(40):
        parts = split(tiny.problem)
        joined = join(parts)
        starts = joined.offers.node_start
        for part, offers, nodes in zip(parts, joined.spans(), joined.node_spans(), strict=True):
            assert (starts[nodes] - offers.start).tolist() == part.node_start.tolist()


def test_one_problem_alone_is_as_it_was() -> None:
    problem = tiny_problems(1)[0].problem
    joined = join([problem])
    assert joined.offers is joined.problem(0) is problem
    assert joined.spans() == [slice(0, problem.num_offers)]


def test_without_offers_there_is_no_problem() -> None:
    problem = tiny_problems(1)[0].problem
    none = alone(problem.restricted(np.zeros(0, dtype=np.int64)))
    assert (len(none), none.spans()) == (0, [])


def test_offers_that_come_in_time_are_those_of_each_problem() -> None:
    gone = 0
    for tiny in tiny_problems(40):
        parts = split(tiny.problem)
        joined = join(parts)
        for days in ([part.arrival.min() for part in parts], [0, *(part.arrival.max() for part in parts[1:])]):
            in_time, numbers = joined.arriving_by(np.array(days))
            assert numbers == [
                i for i, (part, day) in enumerate(zip(parts, days, strict=True)) if min(part.arrival) <= day
            ]
            gone += len(numbers) < len(parts)
            for number, i in enumerate(numbers):
                expected = parts[i].restricted(np.flatnonzero(parts[i].arrival <= days[i]))
                assert columns(in_time.problem(number)) == columns(expected), f"seed {tiny.seed}"
    assert gone == 40
    assert joined.arriving_by(np.array([tiny.problem.arrival.max()] * 3)) == (joined, [0, 1, 2])


def test_some_of_the_problems_are_as_they_were() -> None:
    for tiny in tiny_problems(40):
        joined = join(split(tiny.problem))
        for numbers in ([0], [1], [0, 2], [1, 2], [0, 1, 2]):
            some, offers = joined.only(numbers)
            assert joined.offers.lane[offers].tolist() == some.offers.lane.tolist()
            assert [columns(some.problem(k)) for k in range(len(some))] == [columns(joined.problem(i)) for i in numbers]


def test_an_order_falls_into_its_ways() -> None:
    for seed in range(71_000, 71_020):
        whole = prepared(timed_world(seed)).problem
        if whole.num_offers == 0:
            continue
        ways = np.append(np.unique(whole.way)[::-1], 99_999)
        joined, positions = by_way(whole, ways)
        assert positions == list(range(len(ways) - 1))
        for number, way in enumerate(ways[:-1].tolist()):
            expected = whole.restricted(np.flatnonzero(whole.way == way))
            assert columns(joined.problem(number)) == columns(expected), f"seed {seed}"
        none, positions = by_way(whole, ways[-1:])
        assert (len(none), positions) == (0, [])


def columns(problem: Problem) -> dict[str, list[object]]:
    return {name: getattr(problem, name).tolist() for name in (*PER_OFFER, *PER_DEMAND_AND_OFFER)}

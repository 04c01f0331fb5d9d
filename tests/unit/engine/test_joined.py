"""Problems side by side: each is found again as it is, and no node belongs to two."""

import numpy as np
from tests.reference.brute import tiny_problems

from sourcier.engine.joined import join, spans
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
            assert joined.problems[number] is part
            assert (joined.problem_of[span] == number).all()
            for name in (*PER_OFFER, *PER_DEMAND_AND_OFFER):
                if name != "node":
                    assert (getattr(joined.offers, name)[..., span] == getattr(part, name)).all(), name


def test_no_node_belongs_to_two_problems() -> None:
    for tiny in tiny_problems(40):
        parts = split(tiny.problem)
        joined = join(parts)
        starts = joined.offers.node_start
        for part, offers, nodes in zip(parts, joined.spans(), spans(joined.node_start, len(starts)), strict=True):
            assert (starts[nodes] - offers.start).tolist() == part.node_start.tolist()


def test_one_problem_alone_is_as_it_was() -> None:
    problem = tiny_problems(1)[0].problem
    joined = join([problem])
    assert joined.offers is problem
    assert list(joined.spans()) == [slice(0, problem.num_offers)]

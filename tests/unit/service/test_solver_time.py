"""Solver time is counted down and divided; so is the caller's own."""

from sourcier.service import deadline
from sourcier.service.solver_time import ANSWER_SHARE, SolverTime


def test_a_model_gets_its_share_and_never_more_than_one_may_have() -> None:
    time = SolverTime(decision_ms=200, total_ms=1_000)
    assert [time.share_ms(waiting) for waiting in (0, 4, 9)] == [200, 200, 100]


def test_what_was_not_used_is_left_for_the_others() -> None:
    time = SolverTime(decision_ms=200, total_ms=600)
    assert time.share_ms(5) == 100
    time.spend(0.02)
    assert time.share_ms(4) == 116
    time.spend(0.3)
    assert time.share_ms(0) == 200
    time.spend(0.25)
    assert time.share_ms(0) == 30


def test_what_was_overdrawn_is_nobody_s() -> None:
    time = SolverTime(decision_ms=200, total_ms=200)
    time.spend(0.5)
    assert time.share_ms(0) <= 0


def test_of_the_caller_s_time_a_part_is_kept_back_and_the_rest_divided() -> None:
    with deadline.within(4.0):
        time = SolverTime(decision_ms=200, total_ms=200)
        alone, beside_two = time.share_seconds(0), time.share_seconds(2)
    assert 2.9 < alone <= 4.0 * (1 - ANSWER_SHARE)
    assert 0.9 < beside_two <= alone / 3
    with deadline.within(0.5):
        assert time.share_seconds(0) < 0

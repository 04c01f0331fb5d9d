"""The clock of a SQLite ledger (E2): never back, and slow to believe a leap forward."""

import logging

import pytest

from sourcier.ledger.clock import LEAP_SECONDS_MAX, LedgerClock

SECOND = 1_000_000
HOUR = 3_600 * SECOND


class Hands:
    """Both clocks, to be moved by hand."""

    def __init__(self) -> None:
        self.wall = 1_000 * HOUR
        self.steady = 5 * SECOND

    def pass_time(self, micros: int) -> None:
        self.wall += micros
        self.steady += micros


def make(hands: Hands, last: int = 0) -> LedgerClock:
    return LedgerClock(last, lambda: hands.wall, lambda: hands.steady)


def test_it_follows_the_wall() -> None:
    hands = Hands()
    clock = make(hands)
    for _ in range(3):
        hands.pass_time(40 * SECOND)
        assert clock.now() == hands.wall


def test_it_stands_still_while_the_wall_is_behind() -> None:
    hands = Hands()
    clock = make(hands)
    before = clock.now()
    hands.wall -= HOUR
    hands.pass_time(1)
    assert clock.now() == before
    hands.pass_time(HOUR + 5)
    assert clock.now() == hands.wall


def test_it_starts_where_the_file_left_it() -> None:
    hands = Hands()
    assert make(hands, hands.wall + HOUR).now() == hands.wall + HOUR
    assert make(hands, hands.wall - HOUR).now() == hands.wall


def test_a_leap_is_believed_only_after_a_while(caplog: pytest.LogCaptureFixture) -> None:
    hands = Hands()
    clock = make(hands)
    start = clock.now()
    hands.wall += HOUR
    with caplog.at_level(logging.WARNING):
        for passed in range(10, LEAP_SECONDS_MAX, 10):
            hands.pass_time(10 * SECOND)
            assert clock.now() == start + passed * SECOND
    assert caplog.text.count("leapt forward") == 1
    hands.pass_time(20 * SECOND)
    assert clock.now() == hands.wall


def test_a_leap_that_is_taken_back_never_was() -> None:
    hands = Hands()
    clock = make(hands)
    hands.wall += HOUR
    hands.pass_time(SECOND)
    clock.now()
    hands.wall -= HOUR
    hands.pass_time(SECOND)
    assert clock.now() == hands.wall


def test_a_long_idle_time_is_no_leap() -> None:
    hands = Hands()
    clock = make(hands)
    hands.pass_time(HOUR)
    assert clock.now() == hands.wall

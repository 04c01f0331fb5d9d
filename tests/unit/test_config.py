"""Settings are refused whole, with every fault at once."""

from dataclasses import FrozenInstanceError

import pytest

from sourcier.config import Config
from sourcier.domain.errors import Reason, Refusal


def test_the_defaults_are_valid_and_frozen() -> None:
    config = Config()
    assert config.port < 32_768
    with pytest.raises(FrozenInstanceError):
        config.port = 1  # type: ignore[misc]


def test_all_faults_come_at_once() -> None:
    with pytest.raises(Refusal) as caught:
        Config(
            port=65_536,
            workers=0,
            solver_processes=0,
            solve_ms=0,
            promise_solve_ms=0,
            database_url="mysql://x",
            host="",
            follow_interval_ms=0,
        )
    assert caught.value.reason is Reason.FIELD_INVALID
    assert {v.field for v in caught.value.violations} == {
        "port",
        "workers",
        "solver_processes",
        "solve_ms",
        "promise_solve_ms",
        "database_url",
        "host",
        "follow_interval_ms",
    }


@pytest.mark.parametrize("port", [0, 65_535])
def test_the_ends_of_a_range_are_in_it(port: int) -> None:
    assert Config(port=port).port == port


def test_a_promise_has_five_decisions_worth_of_solver_unless_told_otherwise() -> None:
    assert Config(solve_ms=70).promise_total_ms == 350
    assert Config(solve_ms=70, promise_solve_ms=90).promise_total_ms == 90

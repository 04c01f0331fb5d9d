"""A reservation of three lines by the ledger on SQLite, with its commit, one after the other."""

import random
from collections.abc import Iterator
from typing import Any

import pytest

from benchmarks import ledger_reserve
from sourcier.ledger import Ledger, open_ledger
from sourcier.ledger.commands import Reserved
from sourcier.ledger.reserve import reserve

NUM_COMMANDS = 400


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    opened = open_ledger(f"sqlite:///{tmp_path_factory.mktemp('ledger')}/ledger.db")
    ledger_reserve.fill(opened)
    yield opened
    opened.close()


@pytest.mark.parametrize("pools", [False, True], ids=["stock", "stock_and_capacity"])
def test_reserve(benchmark: Any, ledger: Ledger, pools: bool) -> None:
    draw = random.Random()
    commands = iter([ledger_reserve.command(draw, pools=pools) for _ in range(NUM_COMMANDS)])

    def one() -> None:
        outcome = ledger.write(reserve, next(commands), lambda _: ledger_reserve.DOCUMENT).result()
        assert isinstance(outcome, Reserved)

    benchmark.pedantic(one, rounds=NUM_COMMANDS - 1, warmup_rounds=1)

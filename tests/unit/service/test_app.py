"""An app starts whole or not at all, keeps to its callers' time, and stops everything it started."""

import asyncio
import time
from pathlib import Path

import pytest
from tests.service.shop import Shop, cart, running
from tests.unit.service.test_solver_pool import alive

from sourcier.bootstrap import build
from sourcier.config import Config
from sourcier.domain.errors import Reason, Refusal
from sourcier.ledger import stock
from sourcier.ledger.store import Tx
from sourcier.service import deadline
from sourcier.service.app import App
from sourcier.service.solver_pool import SolverParams, SolverPool


def slow(tx: Tx) -> str:
    time.sleep(0.3)
    return "done"


async def test_a_caller_without_time_reaches_no_database(shop: Shop) -> None:
    called = []
    with deadline.within(0), pytest.raises(Refusal) as caught:
        await shop.app.write(called.append)
    assert caught.value.reason is Reason.DEADLINE_TOO_SHORT
    assert called == []


async def test_a_caller_waits_no_longer_than_its_time(shop: Shop) -> None:
    begun = time.monotonic()
    with deadline.within(0.05), pytest.raises(Refusal) as caught:
        await shop.app.write(slow)
    assert caught.value.reason is Reason.DEADLINE_TOO_SHORT
    assert time.monotonic() - begun < 0.25
    assert await shop.app.write(slow) == "done"


async def test_what_a_late_caller_queued_is_not_begun(shop: Shop) -> None:
    called: list[Tx] = []
    busy = asyncio.create_task(shop.app.write(slow))
    await asyncio.sleep(0.05)
    with deadline.within(0.05), pytest.raises(Refusal):
        await shop.app.write(called.append)
    assert await busy == "done"
    await shop.app.read(stock.page_rows, page_size=1)
    assert called == []


async def test_promises_need_no_database(shop: Shop) -> None:
    await shop.count("near", "mug", 5)
    await asyncio.to_thread(shop.app.ledger.close)
    answer = await shop.promise(cart(("mug", 5)))
    assert len(answer.promises.promised) == 2
    with pytest.raises(Refusal) as caught:
        await shop.allocate("o-1", cart(("mug", 5)))
    assert caught.value.reason is Reason.SHUTTING_DOWN


async def test_an_app_whose_solvers_do_not_load_stops_again(tmp_path: Path) -> None:
    app = build(Config(database_url=f"sqlite:///{tmp_path}/ledger.db"))
    broken = App(
        ledger=app.ledger,
        snapshots=app.snapshots,
        solvers=SolverPool(SolverParams(entry="sourcier.engine.solver:missing")),
        sweeper=app.sweeper,
        solve_ms=app.solve_ms,
        promise_solve_ms=app.promise_solve_ms,
        clock=app.clock,
    )
    with pytest.raises(OSError, match="did not start"):
        await broken.start()
    with pytest.raises(Refusal) as caught:
        await broken.read(stock.page_rows, page_size=1)
    assert caught.value.reason is Reason.SHUTTING_DOWN


async def test_a_stopped_app_leaves_no_process(sqlite_url: str) -> None:
    async with running(sqlite_url, late_solvers=False) as shop:
        pids = shop.app.solvers.pids
        assert pids
        assert all(alive(pid) for pid in pids)
    assert not any(alive(pid) for pid in pids)

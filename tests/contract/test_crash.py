"""B1: the process is killed at any moment; what was answered is there, once; the rest can be sent again."""

import multiprocessing
import os
import random
import signal
import time
from pathlib import Path

import pytest
from tests.contract import crash_child
from tests.contract.bench import Bench, Clock
from tests.contract.crash_child import DOCK, SKUS, UNITS, came_in, command, receipts

from sourcier.domain.reservation import State
from sourcier.ledger import stock
from sourcier.ledger.commands import Replayed, Reserved
from sourcier.ledger.sqlite_store import connect

Sent = dict[tuple[int, int], bytes | None]


def run_until_killed(path: Path, run: int, seconds: float) -> Sent:
    """What a child sent, and the answer it got before SIGKILL (None: none)."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.contract.crash_child"])
    ours, theirs = context.Pipe()
    process = context.Process(target=crash_child.serve, args=(path, run, theirs))
    process.start()
    theirs.close()
    sent: Sent = {}
    die_at = float("inf")
    try:
        while True:
            if ours.poll(0.005):
                what, caller, number, answer = ours.recv()
                die_at = min(die_at, time.monotonic() + seconds)  # counted from the first message
                sent[caller, number] = answer if what == "answered" else None
            if time.monotonic() >= die_at and process.is_alive() and process.pid is not None:
                os.kill(process.pid, signal.SIGKILL)
                die_at = float("inf")
    except (EOFError, OSError):
        process.join(10)
    assert process.exitcode == -signal.SIGKILL
    return sent


def kill_often(path: Path, kills: int, seed: int) -> None:
    draw = random.Random(seed)
    bench = Bench(f"sqlite:///{path}", Clock())
    bench.apply_network()
    for number in range(SKUS):
        bench.count("n1", f"s{number}", UNITS)
        bench.announce("n1", f"s{number}", UNITS)
    bench.close()
    num_answered = num_unknown = 0
    for run in range(kills):
        sent = run_until_killed(path, run, draw.uniform(0.02, 0.25))
        begin = time.monotonic()
        bench.open()
        assert time.monotonic() - begin < 5, "serving again soon after the crash"
        assert connect(path).execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert bench.audit() == ()
        check_receipts(
            bench, run, {number: sent.pop((caller, number)) for caller, number in sorted(sent) if caller == DOCK}
        )
        wanted = [command(run, caller, number) for caller, number in sent]
        futures = [bench.reserve_later(again) for again in wanted]
        for again, future, answer in zip(wanted, futures, sent.values(), strict=True):
            outcome = future.result(30)
            assert isinstance(outcome, Replayed | Reserved)
            assert answer is None or outcome == Replayed(response=answer)
            expected = [(line.sku, line.quantity, State.ALLOCATED) for line in again.lines]
            found = bench.ledger.read(stock.get_reservation, again.reservation_id).result(30)
            assert found is not None
            assert [(line.sku, line.quantity, line.state) for line in found.lines] == expected
        num_answered += sum(answer is not None for answer in sent.values())
        num_unknown += sum(answer is None for answer in sent.values())
        assert bench.audit() == ()
        bench.close()
    assert num_answered > kills
    assert num_unknown > 0


def check_receipts(bench: Bench, run: int, told: dict[int, bytes | None]) -> None:
    """On hand is what came in by the last message that was answered, or by one after it; once, however often sent."""
    answered = [receipts(run, number) for number, answer in told.items() if answer is not None]
    on_hand = {bench.row("n1", f"s{number}").on_hand - UNITS for number in range(SKUS)}
    assert len(on_hand) == 1, "all SKUs of a message or none"
    last = max(told, default=0)
    assert max(answered, default=0) <= max(on_hand) <= receipts(run, last)
    for number in sorted(told):
        bench.supply(*came_in(run, number), source="dock")
    if told:
        assert {bench.row("n1", f"s{number}").on_hand - UNITS for number in range(SKUS)} == {receipts(run, last)}


def test_twenty_kills(tmp_path: Path) -> None:
    kill_often(tmp_path / "ledger.db", 20, seed=1)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_hundred_kills(tmp_path: Path) -> None:
    kill_often(tmp_path / "ledger.db", 100, seed=2)

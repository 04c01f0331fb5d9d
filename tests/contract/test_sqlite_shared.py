"""A SQLite ledger seen by a guest: the same outcomes, and nothing is acknowledged that could be lost."""

import pickle
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from tests.contract.bench import Bench, Clock, allocation, echo, hold

from sourcier.domain.errors import Reason, Refusal
from sourcier.ledger import queries, stock
from sourcier.ledger.commands import Replayed, Reserved, Short
from sourcier.ledger.opening import join_ledger
from sourcier.ledger.reserve import reserve
from sourcier.ledger.sqlite_shared import share
from sourcier.ledger.store import Ledger, Tx
from sourcier.processes.frames import frame


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """An owner with its guest, and the owner's end of the socket between them."""

    bench: Bench
    guest: Ledger
    link: socket.socket
    sharing: threading.Thread


@pytest.fixture
def table(sqlite_url: str) -> Iterator[Table]:
    bench = Bench(sqlite_url, Clock())
    bench.apply_network()
    bench.count("n1", "a", 10)
    ours, theirs = socket.socketpair()
    sharing = threading.Thread(target=share, args=(bench.ledger, ours), daemon=True)
    sharing.start()
    guest = join_ledger(sqlite_url, theirs)
    yield Table(bench=bench, guest=guest, link=ours, sharing=sharing)
    guest.close()
    sharing.join(10)
    assert not sharing.is_alive()
    assert bench.audit() == ()
    bench.close()


def clock(tx: Tx) -> int:
    return int(tx.ask(queries.CLOCK)[0][0])


def divide(tx: Tx, by: int) -> float:
    return 1 / by


def nap(tx: Tx, seconds: float) -> str:
    time.sleep(seconds)
    return "woke"


def padded(tx: Tx, size: int) -> bytes:
    return bytes(size)


def threads(tx: Tx) -> Any:
    return threading.current_thread()


class Spiteful:
    """Travels well and arrives badly."""

    def __reduce__(self) -> Any:
        return int, ("spite",)


def test_a_guest_s_outcomes_are_the_owner_s(table: Table) -> None:
    command = allocation(("n1", "a", 7))
    assert isinstance(table.guest.write(reserve, command, echo).result(10), Reserved)
    assert isinstance(table.guest.write(reserve, command, echo).result(10), Replayed)
    assert table.guest.write(reserve, hold(("n1", "a", 4)), echo).result(10) == Short(stock=(("n1", "a"),))
    assert table.bench.row("n1", "a").allocated == 7


def test_a_refusal_keeps_its_reason_and_details(table: Table) -> None:
    command = allocation(("n1", "a", 1))
    table.guest.write(reserve, command, echo).result(10)
    refusal = table.guest.write(reserve, replace(command, fingerprint="another"), echo).exception(10)
    assert isinstance(refusal, Refusal)
    assert refusal.reason is Reason.REQUEST_ID_REUSED
    assert refusal.metadata == {"request_id": command.request_id}


def test_a_guest_reads_what_was_acknowledged(table: Table) -> None:
    """The answer comes after the COMMIT: any other connection sees it then."""
    for _ in range(5):
        done = table.guest.write(reserve, allocation(("n1", "a", 1)), echo).result(10)
        found = table.guest.read(stock.get_reservation, done.reservation.reservation_id).result(10)
        assert found == done.reservation


def test_a_guest_cannot_write_by_itself(table: Table) -> None:
    refusal = table.guest.read(reserve, allocation(("n1", "a", 1)), echo).exception(10)
    assert isinstance(refusal, Refusal)
    assert table.bench.row("n1", "a").allocated == 0


def test_a_guest_s_clock_goes_on(table: Table) -> None:
    committed = table.guest.write(clock).result(10)
    time.sleep(0.01)
    assert table.guest.read(clock).result(10) > committed


def test_defects_are_told_as_such_and_stop_nothing(table: Table, caplog: pytest.LogCaptureFixture) -> None:
    outcomes = [
        table.guest.write(divide, 0),
        table.guest.write(threads),
        table.guest.write(divide, Spiteful()),  # type: ignore[arg-type]
        table.guest.write(divide, 2),
    ]
    refusals = [outcome.exception(10) for outcome in outcomes[:3]]
    assert [refusal.reason for refusal in refusals if isinstance(refusal, Refusal)] == [Reason.INTERNAL] * 3
    assert outcomes[3].result(10) == 0.5
    assert "ZeroDivisionError" in caplog.text
    with pytest.raises((pickle.PicklingError, AttributeError)):
        table.guest.write(lambda tx: None)


def test_only_the_guest_s_own_commits_wake_it(table: Table) -> None:
    woken: list[None] = []
    table.guest.on_commit(lambda: woken.append(None))
    table.bench.count("n1", "a", 20)
    assert not woken
    table.guest.write(clock).result(10)
    deadline = time.monotonic() + 10
    while not woken and time.monotonic() < deadline:
        time.sleep(0.001)
    assert len(woken) == 1


def test_what_a_guest_gave_is_finished_before_it_leaves(table: Table) -> None:
    outcome = table.guest.write(nap, 0.2)
    table.guest.close()
    assert outcome.result(0) == "woke"
    refusal = table.guest.write(clock).exception(10)
    assert isinstance(refusal, Refusal)
    assert refusal.reason is Reason.SHUTTING_DOWN


def test_when_the_owner_is_gone_the_outcome_is_unknown(table: Table) -> None:
    """As with a database that is gone: refused as unavailable, and a retry elsewhere finds what was done."""
    command = allocation(("n1", "a", 3))
    nap_under_way = table.bench.ledger.write(nap, 0.3)
    outcome = table.guest.write(reserve, command, echo)
    time.sleep(0.1)
    table.link.shutdown(socket.SHUT_RDWR)
    for refusal in (outcome.exception(10), table.guest.write(clock).exception(10)):
        assert isinstance(refusal, Refusal)
        assert refusal.reason is Reason.DATABASE_UNAVAILABLE
    nap_under_way.result(10)
    assert isinstance(table.bench.write(reserve, command, echo), Replayed)
    assert table.bench.row("n1", "a").allocated == 3


def test_a_guest_that_reads_no_answers_keeps_nobody_waiting(table: Table) -> None:
    ours, theirs = socket.socketpair()
    threading.Thread(target=share, args=(table.bench.ledger, ours), daemon=True).start()
    big = pickle.dumps((padded, (100_000,), {}))
    for number in range(100):
        theirs.sendall(frame((number, big)))
    begin = time.monotonic()
    for _ in range(20):
        table.guest.write(clock).result(10)
    assert time.monotonic() - begin < 5
    theirs.close()


def test_many_threads_share_the_link(table: Table) -> None:
    outcomes: list[int] = []

    def call(number: int) -> None:
        outcomes.append(len(table.guest.write(padded, number * 1_000).result(20)))

    callers = [threading.Thread(target=call, args=(number,)) for number in range(100)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert sorted(outcomes) == [number * 1_000 for number in range(100)]


def test_a_stranger_is_no_guest(table: Table, sqlite_url: str) -> None:
    with pytest.raises(Refusal) as refused:
        join_ledger(sqlite_url, None)
    assert refused.value.reason is Reason.DATABASE_UNAVAILABLE

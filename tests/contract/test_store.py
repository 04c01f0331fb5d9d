"""What every ledger keeps, whichever database is behind it."""

import threading
from collections.abc import Callable

import pytest
from tests.contract.bench import Bench, allocation, echo

from sourcier.domain.errors import Kind, Reason, Refusal
from sourcier.ledger.commands import Reserved
from sourcier.ledger.dialect import query, rows
from sourcier.ledger.reserve import reserve
from sourcier.ledger.store import Tx, broken, contended, shutting_down, unavailable

CLOCK = query("SELECT ledger_clock()")


def test_the_clock_never_goes_back(bench: Bench) -> None:
    readings = [bench.write(lambda tx: tx.ask(CLOCK)[0][0]) for _ in range(50)]
    assert readings == sorted(readings)


def test_callers_hear_of_each_commit(bench: Bench) -> None:
    heard = threading.Event()
    bench.ledger.on_commit(heard.set)
    bench.count("n1", "a", 1)
    assert heard.wait(5)


def test_a_callback_that_fails_stops_nobody(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.ledger.on_commit(lambda: 1 // 0)
    bench.count("n1", "a", 1)
    bench.count("n1", "a", 2)
    assert bench.row("n1", "a").on_hand == 2
    assert "a callback of the ledger failed" in caplog.text


def test_an_abandoned_operation_returns_its_value_and_leaves_nothing(bench: Bench) -> None:
    bench.count("n1", "a", 5)

    def try_it(tx: Tx) -> str:
        assert isinstance(reserve(tx, allocation(("n1", "a", 1)), echo), Reserved)
        tx.abandon()
        return "value"

    assert bench.write(try_it) == "value"
    assert bench.row("n1", "a").allocated == 0


def test_a_refusal_undoes_its_operation(bench: Bench) -> None:
    bench.count("n1", "a", 5)

    def refuse(tx: Tx) -> None:
        reserve(tx, allocation(("n1", "a", 1)), echo)
        raise contended()

    with pytest.raises(Refusal) as refused:
        bench.write(refuse)
    assert refused.value.reason is Reason.CONTENDED
    assert bench.row("n1", "a").allocated == 0


def test_an_answer_is_never_that_of_an_earlier_statement(bench: Bench) -> None:
    """Statements that are told travel with the next question; their results come while it is still being sent."""
    touch = query("UPDATE counter SET value = value WHERE name = 'status'")
    count = query("SELECT COUNT(*) FROM EACH(:rows, number BIGINT, text TEXT) AS one")

    def many(tx: Tx) -> None:
        for size in (1, 3_000, 20_000) * 4:
            tx.tell(touch)
            assert tx.ask(count, rows=rows([[number, "x" * 60] for number in range(size)])) == [(size,)]

    bench.write(many)


@pytest.mark.parametrize(
    ("make", "kind", "reason"),
    [
        (unavailable, Kind.UNAVAILABLE, Reason.DATABASE_UNAVAILABLE),
        (contended, Kind.ABORTED, Reason.CONTENDED),
        (broken, Kind.INTERNAL, Reason.INTERNAL),
        (shutting_down, Kind.UNAVAILABLE, Reason.SHUTTING_DOWN),
    ],
)
def test_refusals(make: Callable[[], Refusal], kind: Kind, reason: Reason) -> None:
    refusal = make()
    assert (refusal.kind, refusal.reason, refusal.metadata) == (kind, reason, {})
    assert refusal.message

"""Dated supply under parallel work: never pegged twice; receipts convert pegs while everything else goes on."""

import dataclasses
import random
import uuid
from collections import Counter
from collections.abc import Iterator

import pytest
from tests.contract.bench import Bench, Clock, allocation, echo, hold, supply
from tests.contract.crowd import Crowd, Job, outcome_of
from tests.contract.test_concurrency import deadlocks

from sourcier.domain.errors import Reason
from sourcier.domain.reservation import State
from sourcier.ledger import pegs, queries_supply, settle
from sourcier.ledger.commands import AllocateHold, Reserve, Settle
from sourcier.ledger.dialect import Query
from sourcier.ledger.reserve import allocate_hold, reserve
from sourcier.ledger.supply_feed import apply_supply

CLIENTS = 200
UNITS = 120  # of each supply
ROWS = [("n1", "a"), ("n1", "b"), ("n2", "a")]
SUPPLIES = ("x", "y")


def test_two_hundred_clients_on_ten_expected_units(bench: Bench, crowd: Crowd) -> None:
    """A1 for pegs: exactly ten win, the others are told that supply is short, nothing else ever happens."""
    for number in range(5):
        bench.announce("n1", f"s{number}", 10)
        outcomes = crowd.race([hold(("n1", f"s{number}", 1, "po")) for _ in range(CLIENTS)])
        assert Counter(kind for kind, _ in outcomes) == {"reserved": 10, "short": 190}
        assert bench.supply_row("n1", f"s{number}").free == 0


def test_protected_units_stay_when_stock_and_supply_are_wanted_at_once(bench: Bench, crowd: Crowd) -> None:
    """A floor of 4, 6 on hand, 10 expected: whoever wins, 4 units on hand or expected are left."""
    bench.activate({"STORE": (4, 4, 4)})
    for number in range(5):
        bench.count("n1", f"s{number}", 6)
        bench.announce("n1", f"s{number}", 10)
        pegs = [hold(("n1", f"s{number}", 1, "po")) for _ in range(100)]
        stock = [hold(("n1", f"s{number}", 1)) for _ in range(100)]
        commands = [command for pair in zip(pegs, stock, strict=True) for command in pair]
        outcomes = crowd.race(commands)
        assert Counter(kind for kind, _ in outcomes) == {"reserved": 12, "short": 188}
        assert (bench.free("n1", f"s{number}"), bench.supply_row("n1", f"s{number}").free) == (4, 0)


def test_check_then_act_would_peg_units_twice(fresh_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: a ledger whose UPDATE has no predicate pegs more than comes, and the audit sees it."""
    bench = Bench(fresh_url, Clock())
    bench.apply_network()
    bench.announce("n1", "a", 10)
    monkeypatch.setattr(pegs, "plainly_short", lambda *_: ())
    monkeypatch.setattr(queries_supply, "TAKE_SUPPLY", _without_predicate(queries_supply.TAKE_SUPPLY))
    futures = [bench.ledger.write(reserve, hold(("n1", "a", 1, "po")), echo) for _ in range(20)]
    assert Counter(outcome_of(future)[0] for future in futures) == {"reserved": 20}
    assert bench.supply_row("n1", "a").free == -10
    assert any("pegged a protected unit" in violation for violation in bench.audit())
    bench.close()


def _without_predicate(original: Query) -> Query:
    def cut(text: str) -> str:
        begin, end = text.index("AND supply.usable"), text.index("RETURNING")
        return f"{text[:begin]} {text[end:]}"

    return dataclasses.replace(original, sqlite=cut(original.sqlite), postgresql=cut(original.postgresql))


class Shop:
    """A ledger full of pegs, and jobs that all meet on them."""

    def __init__(self, bench: Bench, seed: int) -> None:
        self.bench = bench
        self.draw = random.Random(seed)
        self.orders = [self._basket(allocation, f"order-{number}") for number in range(40)]
        self.holds = [self._basket(hold, f"hold-{number}") for number in range(40)]
        self.dying = [self._basket(hold, f"dying-{number}", ttl_seconds=30) for number in range(20)]

    def _basket(self, make: object, name: str, **more: object) -> Reserve:
        """Three lines of one or two units, pegged or on hand, in any order."""
        wanted: list[tuple[str, str, int, str]] = []
        for node_id, sku in self.draw.sample(ROWS, 3):
            wanted.append((node_id, sku, self.draw.randint(1, 2), self.draw.choice(("", *SUPPLIES, *SUPPLIES))))
        assert callable(make)
        command = make(*wanted, reservation_id=name, priority=self.draw.randint(0, 2), **more)
        assert isinstance(command, Reserve)
        return command

    def fill(self, crowd: Crowd) -> None:
        """Announce, count, and reserve what the jobs then fight for."""
        for node_id, sku in ROWS:
            self.bench.count(node_id, sku, 1_000)
            for supply_id in SUPPLIES:
                self.bench.announce(node_id, sku, UNITS, supply_id)
        for commands in (self.orders, self.holds, self.dying):
            assert {kind for kind, _ in crowd.race(commands)} == {"reserved"}

    def receipts(self, totals: list[int]) -> list[Job]:
        """Batches that tell all totals in any order, everything twice."""
        jobs: list[Job] = []
        for total in totals:
            batch = [
                supply(node_id, sku, UNITS, supply_id, epoch=1, seq=1 + total, received=total)
                for node_id, sku in self.draw.sample(ROWS, len(ROWS))
                for supply_id in SUPPLIES
            ]
            jobs += [(apply_supply, "dock", batch)] * 2
        return jobs

    def settles(self) -> list[Job]:
        """Every order is cancelled in part or not at all, every hold allocated, released or left."""
        jobs: list[Job] = []
        for command in self.orders[:30]:
            lines = () if self.draw.random() < 0.5 else ((self.draw.randint(1, 3), 1),)
            jobs.append(_settling(settle.cancel, command.reservation_id, lines))
        for command in self.holds:
            how = self.draw.choice(("allocate", "release", "leave"))
            if how == "allocate":
                jobs.append((allocate_hold, _taking_over(command), echo))
            elif how == "release":
                jobs.append(_settling(settle.release, command.reservation_id, ()))
        return jobs


def _settling(how: object, reservation_id: str, lines: tuple[tuple[int, int], ...]) -> Job:
    command = Settle(
        method="settle", request_id=uuid.uuid4().hex, fingerprint="same", reservation_id=reservation_id, lines=lines
    )
    return how, command, echo


def _taking_over(command: Reserve) -> AllocateHold:
    return AllocateHold(
        method="Allocate",
        request_id=uuid.uuid4().hex,
        fingerprint="same",
        hold_id=command.reservation_id,
        order_id=f"order-{command.reservation_id}",
        held=tuple((line.line_id, line.sku, line.quantity) for line in command.lines),
        ordered=tuple((line.line_id, line.quantity) for line in command.lines),
        document=b"allocated",
    )


@pytest.mark.parametrize("seed", range(4))
def test_supply_comes_in_while_holds_expire_and_orders_are_cancelled(bench: Bench, crowd: Crowd, seed: int) -> None:
    """Every reply is one that could have been given, nothing deadlocks, no unit is lost or made (see the audit)."""
    shop = Shop(bench, seed)
    shop.fill(crowd)
    bench.pass_time(60)
    before = deadlocks(bench)
    fresh = [shop._basket(allocation, f"fresh-{number}") for number in range(60)]
    jobs = [*shop.receipts([5, 11, 23, 40]), *shop.settles(), *[(settle.expire_due, 3)] * 10]
    jobs += [(reserve, command, echo) for command in fresh]
    shop.draw.shuffle(jobs)
    again = (Reason.CONTENDED, Reason.DATABASE_UNAVAILABLE)  # a busy machine makes lock waits run out
    while jobs:
        outcomes = crowd.run(jobs)
        assert {kind for kind, _ in outcomes} <= {"reserved", "short", "settled", "done", "replayed", *again}
        jobs = [job for job, (kind, _) in zip(jobs, outcomes, strict=True) if kind in again]
    assert deadlocks(bench) == before
    while bench.sweep():
        pass
    assert bench.audit() == ()
    for node_id, sku in ROWS:
        assert bench.row(node_id, sku).on_hand == 1_000 + 40 * len(SUPPLIES)
        assert {bench.supply_row(node_id, sku, supply_id).usable for supply_id in SUPPLIES} == {UNITS - 40}
    for command in shop.dying:
        assert {line.state for line in bench.lines(command.reservation_id)} == {State.EXPIRED}
    finish(bench, shop)


def finish(bench: Bench, shop: Shop) -> None:
    """Everything comes in: no peg is left; every line adds up to what was reserved."""
    for _, source, batch in shop.receipts([UNITS]):
        bench.supply(*batch, source=source)
    for node_id, sku in ROWS:
        for supply_id in SUPPLIES:
            row = bench.supply_row(node_id, sku, supply_id)
            assert (row.usable, row.held, row.allocated) == (0, 0, 0)
    for command in (*shop.orders, *shop.holds):
        lines = bench.lines(command.reservation_id)
        ends = (State.CANCELLED, State.RELEASED)
        assert {line.supply_id for line in lines if line.state not in ends} <= {""}
        assert Counter(_units(lines)) == Counter(_units(command.lines))


def _units(lines: object) -> Iterator[tuple[str, str, str]]:
    for line in lines:  # type: ignore[attr-defined]
        for _ in range(line.quantity):
            yield line.line_id, line.node_id, line.sku

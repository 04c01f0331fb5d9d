"""A5: any sequence of operations leaves the ledger as the model on paper says."""

import dataclasses
import importlib
import itertools
import re
import tempfile
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.contract.bench import DAY, NODES, Bench, Clock, record, supply, use, wipe
from tests.contract.model import Key, Model, Supply, SupplyKey, Wanted

from sourcier.domain.errors import Refusal
from sourcier.domain.stock import RecordKind, Verdict
from sourcier.ledger import settle, stock, supplies
from sourcier.ledger.at_risk import at_risk
from sourcier.ledger.commands import Short
from sourcier.ledger.reserve import get_lines
from sourcier.ledger.store import Tx

# Few rows, little capacity, and stock that is plenty in one run and scarce in another: so that random steps meet each
# other. Steps that need what another step has made pick from it, for by chance alone they seldom fit.
CAP = 2
STEP_SECONDS = 60
KEYS: list[Key] = [("n1", "a"), ("n2", "a"), ("w1", "a")]
STOCK = 8

lines = st.lists(
    st.tuples(st.sampled_from(KEYS), st.integers(1, 3), st.sampled_from(["", "", "", "x", "x", "y"])).map(
        lambda drawn: (*drawn[0], *drawn[1:])
    ),
    min_size=1,
    max_size=3,
)
priorities = st.integers(0, 1)
told = st.builds(Supply, quantity=st.integers(0, 8), received=st.integers(0, 8), closed=st.booleans())
some_stock = st.sampled_from([1, STOCK, STOCK])
counted = st.integers(0, 3) | st.integers(0, 12)
orders = st.sampled_from(["o1", "o2", "o3"])
classes = st.integers(0, 2)
floors = st.lists(st.integers(0, 3), min_size=3, max_size=3).map(lambda drawn: tuple(sorted(drawn)))
parts = st.just([]) | st.lists(st.tuples(st.integers(1, 3), st.integers(1, 2)), max_size=2, unique_by=lambda p: p[0])


class LedgerAgainstModel(RuleBasedStateMachine):
    """Each rule does the same to both and compares the answers; the invariant compares everything there is."""

    url = ""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(prefix="sourcier-model-")
        if self.url:
            wipe(self.url)
        self.bench = Bench(self.url or f"sqlite:///{self.folder.name}/ledger.db", Clock())
        self.bench.apply_network(caps={"n1": CAP})
        self.model = Model(cap=CAP)
        self.numbers = itertools.count(1)
        self.delta_seq = 0
        self.supply_seq = 0

    @initialize(on_hand=st.tuples(some_stock, some_stock, some_stock), store=floors, warehouse=floors)
    def begin(self, on_hand: tuple[int, ...], store: tuple[int, int, int], warehouse: tuple[int, int, int]) -> None:
        """Each row has plenty or one; the first floors are there before anything is taken."""
        self.activate(store, warehouse)
        for key, quantity in zip(KEYS, on_hand, strict=True):
            self.count(key, quantity, False)
        for key in KEYS[:2]:
            self.announce(key, "x", Supply(quantity=STOCK))

    def teardown(self) -> None:
        """The audit must agree as well."""
        violations = self.bench.audit()
        self.bench.close()
        self.folder.cleanup()
        assert violations == ()

    def answer(self, operation: Any, *args: Any, **kwargs: Any) -> str:
        """What the ledger says, in the model's words."""
        try:
            outcome = operation(*args, **kwargs)
        except Refusal as refusal:
            return str(refusal.reason)
        return "short" if isinstance(outcome, Short) else "ok"

    def some(self, number: int) -> str:
        """One of the last reservations."""
        return sorted(self.model.bookings)[-1 - number % min(4, len(self.model.bookings))]

    def pools(self, wanted: list[Wanted]) -> tuple[Any, ...]:
        return (use("n1", 1),) if any(node == "n1" for node, *_ in wanted) else ()

    @rule(wanted=lines, channel_class=classes, ttl=st.sampled_from([90, 210]))
    def hold(self, wanted: list[Wanted], channel_class: int, ttl: int) -> None:
        name = f"r{next(self.numbers):03d}"
        more = {"reservation_id": name, "channel_class": channel_class, "pools": self.pools(wanted)}
        expected = self.model.reserve(name, wanted, channel_class, "", ttl)
        assert self.answer(self.bench.hold, *wanted, ttl_seconds=ttl, **more) == expected

    @rule(wanted=lines, channel_class=classes, order_id=orders, priority=priorities)
    def allocate(self, wanted: list[Wanted], channel_class: int, order_id: str, priority: int) -> None:
        self.order(wanted, channel_class, priority, order_id)

    def order(self, wanted: list[Wanted], channel_class: int, priority: int, order_id: str = "") -> None:
        """Allocate for this order, or for one of its own."""
        name = f"r{next(self.numbers):03d}"
        expected = self.model.reserve(name, wanted, channel_class, order_id or name, None, priority)
        answer = self.answer(
            self.bench.allocate,
            *wanted,
            reservation_id=name,
            order_id=order_id or name,
            channel_class=channel_class,
            priority=priority,
            pools=self.pools(wanted),
        )
        assert answer == expected

    @rule(
        node=st.sampled_from(["n1", "n2", "n2"]),
        asked=st.lists(st.tuples(st.integers(1, 3), priorities), min_size=1, max_size=3),
        channel_class=classes,
    )
    def peg(self, node: str, asked: list[tuple[int, int]], channel_class: int) -> None:
        """Orders of their own for what is still to come, so that there are often several to serve."""
        for units, priority in asked:
            self.order([(node, "a", units, "x")], channel_class, priority)

    @rule(
        key=st.sampled_from(KEYS),
        supply_id=st.sampled_from(["", "x"]),
        spared=st.integers(0, 2),
        channel_class=classes,
        priority=priorities,
    )
    def take_the_last(self, key: Key, supply_id: str, spared: int, channel_class: int, priority: int) -> None:
        """An order of its own for what is left of a row or a supply, nearly: what is kept back decides."""
        known = (supply_id, *key) in self.model.supplies
        left = self.model.left(key, supply_id) if known else self.model.free(key)
        self.order([(*key, max(1, left - spared), supply_id)], channel_class, priority)

    @precondition(lambda self: self.model.bookings)
    @rule(number=st.integers(0, 99), order_id=orders, priority=priorities)
    def allocate_hold(self, number: int, order_id: str, priority: int) -> None:
        name = self.some(number)
        expected = self.model.allocate_hold(name, order_id, priority)
        assert self.answer(self.bench.allocate_hold, name, order_id=order_id, priority=priority) == expected

    @precondition(lambda self: self.model.bookings)
    @rule(number=st.integers(0, 99), how=st.sampled_from(["ship", "cancel", "release"]), wanted=parts)
    def settle(self, number: int, how: str, wanted: list[tuple[int, int]]) -> None:
        name = self.some(number)
        expected = self.model.settle(how, name, wanted)
        assert self.answer(self.bench.settle, getattr(settle, how), name, *wanted) == expected

    def ready(self) -> list[tuple[str, int, int]]:
        """Reservation, number and units of each line that can be shipped."""
        return sorted(
            (name, line.number, line.quantity)
            for name, booking in self.model.bookings.items()
            for line in booking.lines
            if line.state == "ALLOCATED" and not line.supply
        )

    @precondition(lambda self: self.ready())
    @rule(number=st.integers(0, 99))
    def ship_what_is_ready(self, number: int) -> None:
        ready = self.ready()
        name, *move = ready[number % len(ready)]
        assert self.model.settle("ship", name, [(move[0], move[1])]) == "ok"
        assert self.answer(self.bench.settle, settle.ship, name, (move[0], move[1])) == "ok"

    @rule(key=st.sampled_from(KEYS), quantity=counted, before=st.booleans())
    def count(self, key: Key, quantity: int, before: bool) -> None:
        """Taken now, or half a step ago."""
        age = STEP_SECONDS // 2 if before else 0
        as_of = self.bench.now() - timedelta(seconds=age) if before else None
        self.model.count(key, NODES[key[0]], quantity, self.model.now - age)
        self.bench.count(*key, quantity, as_of=as_of)

    def shipped(self) -> list[Key]:
        lines = [line for booking in self.model.bookings.values() for line in booking.lines]
        return sorted({line.key for line in lines if line.state == "SHIPPED"})

    @precondition(lambda self: self.shipped())
    @rule(number=st.integers(0, 99), before=st.booleans())
    def count_what_was_shipped(self, number: int, before: bool) -> None:
        keys = self.shipped()
        self.count(keys[number % len(keys)], STOCK, before)

    @rule(key=st.sampled_from(KEYS), supply_id=st.sampled_from(["x", "y"]), told=told)
    def announce(self, key: Key, supply_id: str, told: Supply) -> None:
        """A newer word on a supply, and the same once more, and an older one after it."""
        self.supply_seq += 1
        new = supply(*key, told.quantity, supply_id, seq=self.supply_seq, received=told.received, closed=told.closed)
        old = supply(*key, 9, supply_id, seq=max(1, self.supply_seq - 1), received=9)
        self.model.announce((supply_id, *key), NODES[key[0]], told)
        verdicts = [result.verdict for result in self.bench.supply(new, new, old)]
        assert verdicts == [Verdict.APPLIED, Verdict.STALE, Verdict.STALE]

    def pegged(self) -> list[SupplyKey]:
        lines = [line for booking in self.model.bookings.values() for line in booking.lines]
        return sorted({(at.supply, *at.key) for at in lines if at.supply and at.state in ("HELD", "ALLOCATED")})

    @precondition(lambda self: self.pegged())
    @rule(number=st.integers(0, 99), units=st.integers(1, 4))
    def receive_what_is_pegged(self, number: int, units: int) -> None:
        keys = self.pegged()
        supply_id, *key = keys[number % len(keys)]
        before = self.model.supplies[supply_id, key[0], key[1]]
        told = Supply(quantity=before.quantity, received=before.received + units, closed=before.closed)
        self.announce((key[0], key[1]), supply_id, told)

    @rule(quantity=st.integers(-4, 8))
    def delta(self, quantity: int) -> None:
        self.delta_seq += 1
        self.model.delta(("w1", "a"), NODES["w1"], quantity)
        self.bench.feed(record(RecordKind.DELTA, "w1", "a", quantity, self.delta_seq), source="wms")

    @rule(store=floors, warehouse=floors)
    def activate(self, store: tuple[int, int, int], warehouse: tuple[int, int, int]) -> None:
        self.model.activate({"STORE": store, "WAREHOUSE": warehouse}, NODES)
        self.bench.activate({"STORE": store, "WAREHOUSE": warehouse})

    @rule(steps=st.integers(1, 3))
    def pass_time(self, steps: int) -> None:
        self.model.now += steps * STEP_SECONDS
        self.bench.pass_time(steps * STEP_SECONDS)

    @rule()
    def sweep(self) -> None:
        assert self.bench.sweep() == self.model.sweep()

    @rule()
    def reopen(self) -> None:
        self.bench.close()
        self.bench.open()

    @invariant()
    def agrees(self) -> None:
        names = list(self.model.bookings)
        rows, supplied, used, found, risks = self.bench.read(_everything, names)
        sums = ("HELD", "ALLOCATED", "SHIPPED")
        assert rows == {
            key: (row.on_hand, *(self.model.sum_of(key, state) for state in sums), self.model.free(key), row.floors)
            for key, row in self.model.rows.items()
        }
        assert supplied == {
            (name, *key): (
                told.usable,
                self.model.sum_of((key[0], key[1]), "HELD", name),
                self.model.sum_of((key[0], key[1]), "ALLOCATED", name),
            )
            for (name, *key), told in self.model.supplies.items()
        }
        assert sorted(risks) == self.model.at_risk()
        assert used == ([self.model.pool_used()] if used else [])
        assert used or not self.model.pool_used()
        for name in names:
            lines = [
                (at.number, at.line_id, at.key, at.quantity, at.state, at.supply)
                for at in self.model.bookings[name].lines
            ]
            assert found[name] == lines


def _everything(tx: Tx, names: list[str]) -> tuple[Any, Any, list[int], dict[str, Any], Any]:
    """All there is in the ledger, in the model's words."""
    rows = {
        (row.node_id, row.sku): (row.on_hand, row.held, row.allocated, row.unsettled, row.free, row.floors)
        for row in stock.page_rows(tx, page_size=1_000).rows
    }
    supplied = {
        (row.supply_id, row.node_id, row.sku): (row.usable, row.held, row.allocated)
        for row in supplies.page_supplies(tx, page_size=100).rows
    }
    used = [use[2] for use in stock.pool_uses(tx, DAY)]
    lines = {
        name: [
            (at.line_no, at.line_id, (at.node_id, at.sku), at.quantity, str(at.state), at.supply_id)
            for at in get_lines(tx, name)
        ]
        for name in names
    }
    promises = [risk.promise for risk in at_risk(tx, page_size=1_000).rows]
    risks = [(at.reservation_id, at.quantity, at.short, str(at.reason)) for at in promises]
    return rows, supplied, used, lines, risks


def run(url: str, examples: int, steps: int, phases: tuple[Phase, ...] = tuple(Phase)) -> None:
    machine = type("Machine", (LedgerAgainstModel,), {"url": url})
    wanted = settings(
        max_examples=examples,
        stateful_step_count=steps,
        print_blob=True,
        database=None,
        phases=phases,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=wanted)


def test_sqlite_agrees_with_the_model() -> None:
    run("", examples=40, steps=25)


def test_postgresql_agrees_with_the_model(postgres_bench_url: str) -> None:
    run(postgres_bench_url, examples=10, steps=20)


MUTANTS = {
    "the wrong floor": ("queries", "TAKE_STOCK", "CASE ?2 WHEN 0", "CASE 0 * ?2 WHEN 0"),
    "one unit too many": ("queries", "TAKE_STOCK", ">= max(", "+ 1 >= max("),
    "one order too many": ("queries", "TAKE_POOLS", "<= pool.cap", "<= pool.cap + 1"),
    "expired too early": ("queries", "EXPIRE_HOLDS", "expires_at <= ?2", "expires_at > 0 * ?2"),
    "settled too early": ("queries_feeds", "SETTLE_LINES", "AND reservation_line.shipped_at <= fed.as_of", ""),
    "one peg too many": ("queries_supply", "TAKE_SUPPLY", ">= want.kept", "+ 1 >= want.kept"),
    "a floor not kept back of supply": ("queries_supply", "TAKE_SUPPLY", ">= want.kept", ">= 0 * want.kept"),
    "the last served first": ("queries_supply", "GET_PEGGED_LINES", "r.created_at,", "r.created_at DESC,"),
    "priority forgotten": ("queries_supply", "GET_PEGGED_LINES", "r.priority DESC,", ""),
    "allocated twice": ("queries", "TAKE_ORDER_LINES", "WHERE order_line.allocated +", "WHERE 0 *"),
}


SLOW_MUTANTS = (
    "settled too early",
    "one order too many",
    "one unit too many",
    "expired too early",
    "one peg too many",
    "a floor not kept back of supply",
    "the last served first",
    "priority forgotten",
)


PARAMETERS = re.compile(r"\?\d+")


def mutate(mutant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module_name, name, right, wrong = MUTANTS[mutant]
    module = importlib.import_module(f"sourcier.ledger.{module_name}")
    original = getattr(module, name)
    text = original.sqlite.replace(right, wrong)
    assert text != original.sqlite
    assert set(PARAMETERS.findall(text)) == set(PARAMETERS.findall(original.sqlite))  # else it is an error, not a fault
    monkeypatch.setattr(module, name, dataclasses.replace(original, sqlite=text))


@pytest.mark.parametrize("mutant", MUTANTS)
def test_every_fault_fits_the_statement_as_it_is(mutant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    mutate(mutant, monkeypatch)


@pytest.mark.parametrize(
    "mutant", [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW_MUTANTS)) for name in MUTANTS]
)
def test_the_model_catches(mutant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A6: a ledger with one fault is told from a sound one."""
    mutate(mutant, monkeypatch)
    with pytest.raises((AssertionError, Refusal, ExceptionGroup)):
        run("", examples=500, steps=30, phases=(Phase.generate,))


@pytest.mark.slow
@pytest.mark.timeout(1_800)
def test_both_agree_for_long(postgres_bench_url: str) -> None:
    run("", examples=400, steps=40)
    run(postgres_bench_url, examples=100, steps=40)

"""Many clients at once: no oversell, no deadlock, one effect per request. SQLite: threads. PostgreSQL: processes."""

import dataclasses
import random
from collections import Counter

import psycopg
import pytest
from tests.contract.bench import Bench, Clock, allocation, hold, lines_of, use
from tests.contract.crowd import Crowd, ThreadCrowd, outcome_of

from sourcier.domain.reservation import State
from sourcier.ledger import queries, stock
from sourcier.ledger.commands import Reserve
from sourcier.ledger.dialect import Query, query
from sourcier.ledger.reserve import reserve

CLIENTS = 200
ROUNDS = 10


def test_two_hundred_clients_on_ten_units(bench: Bench, crowd: Crowd) -> None:
    """A1 and A2: exactly ten win, the others are told that stock is short, nothing else ever happens."""
    for number in range(ROUNDS):
        bench.count("n1", f"s{number}", 10)
        outcomes = Counter(kind for kind, _ in crowd.race([hold(("n1", f"s{number}", 1)) for _ in range(CLIENTS)]))
        assert outcomes == {"reserved": 10, "short": 190}
        assert bench.free("n1", f"s{number}") == 0


def test_check_then_act_would_oversell(fresh_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Control of A1: a ledger that looks first and takes then loses units, and the audit sees it."""
    bench = Bench(fresh_url, Clock())
    bench.apply_network()
    bench.count("n1", "a", 10)
    monkeypatch.setattr(queries, "TAKE_STOCK", _without_predicate(queries.TAKE_STOCK))
    commands = [hold(("n1", "a", 1)) for _ in range(CLIENTS)]
    looks = [bench.ledger.read(stock.get_rows, [("n1", "a")]) for _ in commands]
    free = [look.result(30)[0].free for look in looks]
    taken = [bench.ledger.write(reserve, command, lambda _: b"") for command, left in zip(commands, free, strict=True)]
    assert Counter(outcome_of(future)[0] for future in taken) != {"reserved": 10, "short": 190}
    assert bench.free("n1", "a") < 0
    assert any("took a protected unit" in violation for violation in bench.audit())
    bench.close()


def _without_predicate(original: Query) -> Query:
    """TAKE_STOCK whose WHERE only finds the row."""

    def cut(text: str) -> str:
        begin, end = text.index("AND stock.on_hand"), text.index("RETURNING")
        return f"{text[:begin]} AND :channel_class = :channel_class {text[end:]}".replace(":channel_class", mark)

    mark = "?2"
    sqlite = cut(original.sqlite)
    mark = "$2"
    return dataclasses.replace(original, sqlite=sqlite, postgresql=cut(original.postgresql))


def test_shuffled_baskets_never_deadlock(bench: Bench, crowd: Crowd) -> None:
    """A3: five lines out of eight SKUs in any order; every request is answered, the sums are right."""
    skus = [f"s{number}" for number in range(8)]
    for sku in skus:
        bench.count("n1", sku, 1_000_000)
    before = deadlocks(bench)
    draw = random.Random(20261121)
    commands = []
    for _ in range(800):
        basket = draw.sample(skus, 5)
        commands.append(allocation(*(("n1", sku, draw.randint(1, 3)) for sku in basket)))
    outcomes = Counter(kind for kind, _ in crowd.race(commands[:200]))
    for start in (200, 400, 600):
        outcomes += Counter(kind for kind, _ in crowd.race(commands[start : start + 200]))
    assert outcomes == {"reserved": 800}
    wanted: Counter[str] = Counter()
    for command in commands:
        for line in command.lines:
            wanted[line.sku] += line.quantity
    assert {sku: bench.row("n1", sku).allocated for sku in skus} == wanted
    assert deadlocks(bench) == before


def test_unsorted_locks_would_deadlock(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Control of A3: without the sort, the same baskets end in deadlocks."""
    bench = Bench(postgres_url, Clock())
    bench.apply_network()
    skus = [f"s{number}" for number in range(8)]
    for sku in skus:
        bench.count("n1", sku, 1_000_000)
    text = queries.LOCK_STOCK.postgresql
    unsorted = text.replace("ORDER BY stock.node_id, stock.sku", "ORDER BY random()")
    assert unsorted != text
    monkeypatch.setattr(queries, "LOCK_STOCK", dataclasses.replace(queries.LOCK_STOCK, postgresql=unsorted))
    commands = [allocation(*(("n1", sku, 1) for sku in skus)) for _ in range(40)]
    ThreadCrowd(bench.ledger).race(commands)
    assert deadlocks(bench) > 0
    bench.close()


def deadlocks(bench: Bench) -> int:
    """How many deadlocks PostgreSQL has found in this database."""
    if bench.on_sqlite:
        return 0
    with psycopg.connect(bench.url, autocommit=True) as connection:
        connection.execute("SELECT pg_stat_clear_snapshot()")
        row = connection.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()").fetchone()
        assert row is not None
        return int(row[0])


def test_a_limit_over_many_rows_holds(bench: Bench, crowd: Crowd) -> None:
    """A9: a node that ships 100 orders a day gets exactly 100 of 200, although no two share a stock row."""
    bench.apply_network(caps={"n1": 100})
    for number in range(CLIENTS):
        bench.count("n1", f"s{number}", 1)
    commands = [allocation(("n1", f"s{number}", 1), pools=(use("n1", 1),)) for number in range(CLIENTS)]
    outcomes = Counter(kind for kind, _ in crowd.race(commands))
    assert outcomes == {"reserved": 100, "short": 100}
    assert bench.used("n1") == 100


def test_new_days_are_begun_by_many_at_once(bench: Bench, crowd: Crowd) -> None:
    """Buckets that nobody has used yet, wanted in any combination: made once, locked in order, counted right."""
    nodes = [f"x{number}" for number in range(6)]
    bench.apply_network(nodes=dict.fromkeys(nodes, "STORE"), caps=dict.fromkeys(nodes, 1_000))
    for node_id in nodes:
        bench.count(node_id, "a", 10_000)
    draw = random.Random(5)
    before, wanted, outcomes = deadlocks(bench), Counter[tuple[str, str]](), Counter[str]()
    for number in range(8):
        day = f"2026-12-{number + 1:02d}"
        commands = []
        for _ in range(32):
            chosen = draw.sample(nodes, 3)
            wanted.update((node_id, day) for node_id in chosen)
            lines = lines_of([(node_id, "a", 1) for node_id in chosen], day)
            commands.append(allocation(lines=lines, pools=tuple(use(node_id, 1, bucket=day) for node_id in chosen)))
        outcomes.update(kind for kind, _ in crowd.race(commands))
    assert outcomes == {"reserved": 256}
    assert {key: bench.used(*key) for key in wanted} == wanted
    assert deadlocks(bench) == before


def test_one_order_line_under_two_request_ids(bench: Bench, crowd: Crowd) -> None:
    """A10: each order is allocated once, whoever asks."""
    bench.count("n1", "a", 1_000)
    commands = [allocation(("n1", "a", 1), order_id=f"o{number}") for number in range(100) for _ in range(2)]
    outcomes = Counter(kind for kind, _ in crowd.race(commands))
    assert outcomes == {"reserved": 100, "ORDER_LINE_ALREADY_ALLOCATED": 100}
    assert bench.row("n1", "a").allocated == 100


def test_one_request_sent_five_times_at_once(bench: Bench, crowd: Crowd) -> None:
    """C1: one effect, five times the same answer."""
    bench.count("n1", "a", 1_000)
    originals = [allocation(("n1", "a", 1)) for _ in range(40)]
    outcomes = crowd.race([command for command in originals for _ in range(5)])
    for number in range(40):
        five = outcomes[number * 5 : number * 5 + 5]
        assert Counter(kind for kind, _ in five) == {"reserved": 1, "replayed": 4}
        assert len({answer for _, answer in five}) == 1
    assert bench.row("n1", "a").allocated == 40


def test_floors_rise_and_fall_under_load(bench: Bench) -> None:
    """A8, small: whatever is activated meanwhile, no reservation goes below the floor its row had (see the audit)."""
    for number in range(20):
        bench.count("n1", f"s{number}", 60)
    draw = random.Random(7)

    def some() -> list[Reserve]:
        return [hold(("n1", f"s{draw.randrange(20)}", 1), channel_class=draw.randrange(3)) for _ in range(60)]

    futures = []
    for top in (3, 0, 5, 1, 9, 2):
        futures += [bench.ledger.write(reserve, command, lambda _: b"") for command in some()]
        bench.activate({"STORE": (0, top, top + 2)})
        futures += [bench.ledger.write(reserve, command, lambda _: b"") for command in some()]
    assert {outcome_of(future)[0] for future in futures} <= {"reserved", "short"}
    assert all(bench.row("n1", f"s{number}").floors == (0, 2, 4) for number in range(20))


def test_lines_are_counted_by_state(bench: Bench, crowd: Crowd) -> None:
    """Sum of the lines = what the rows say, after a race for two SKUs at once."""
    bench.count("n1", "a", 30)
    bench.count("n2", "b", 30)
    commands = [allocation(("n1", "a", 1), ("n2", "b", 1)) for _ in range(100)]
    outcomes = crowd.race(commands)
    won = [command for command, (kind, _) in zip(commands, outcomes, strict=True) if kind == "reserved"]
    assert len(won) == 30
    lines = [line for command in won for line in bench.lines(command.reservation_id, State.ALLOCATED)]
    assert Counter(line.sku for line in lines) == {"a": 30, "b": 30}


def test_the_journal_cannot_be_changed(bench: Bench) -> None:
    bench.count("n1", "a", 30)
    for statement in ("UPDATE journal SET d_held = 1", "DELETE FROM journal"):
        with pytest.raises(Exception, match="ledger failed"):
            bench.execute(statement)
    rows = bench.read(lambda tx: tx.ask(query("SELECT COUNT(*), SUM(d_held) FROM journal")))
    assert rows == [(1, 0)]

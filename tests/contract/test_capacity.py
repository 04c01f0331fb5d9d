"""Capacity under parallel work: two hundred clients in several processes end exactly at the limit, on both databases.

Two sourcing products document that theirs does not: one ended at 7 used of 5, another must run a single task.
"""

import uuid
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from tests.contract.bench import DAY, Bench, allocation, echo, hold, lines_of
from tests.contract.crowd import Crowd, Job, ProcessCrowd

from sourcier.domain.network import CapacityMeasure, capacity_pool_id, round_pool_id, shift_pool_id
from sourcier.domain.reservation import PoolUse
from sourcier.ledger import settle, stock
from sourcier.ledger.commands import Reserved, Settle, Short
from sourcier.ledger.reserve import reserve
from sourcier.ledger.sqlite_store import SqliteLedger

CLIENTS = 200
NIGHT = "2026-11-22"  # the night shift before DAY
POOLS = {
    "node-day": (capacity_pool_id("n1"), DAY, CapacityMeasure.ORDERS),
    "node-day in units": (capacity_pool_id("n1"), DAY, CapacityMeasure.UNITS),
    "shift": (shift_pool_id("n1", "early"), DAY, CapacityMeasure.ORDERS),
    "shift in lines": (shift_pool_id("n1", "early"), DAY, CapacityMeasure.LINES),
    "night shift in units": (shift_pool_id("n1", "night"), NIGHT, CapacityMeasure.UNITS),
    "round": (round_pool_id("n1", "std", 1_020), DAY, CapacityMeasure.ORDERS),
}
LIMIT = 5


@pytest.fixture(scope="module")
def guests() -> Iterator[ProcessCrowd]:
    crowd = ProcessCrowd(None)
    yield crowd
    crowd.close()


@pytest.fixture
def crowd(bench: Bench, request: pytest.FixtureRequest) -> Crowd:
    """Four processes: guests of the one that owns the SQLite file, or replicas on PostgreSQL."""
    processes: ProcessCrowd = request.getfixturevalue("guests" if bench.on_sqlite else "replicas")
    if isinstance(bench.ledger, SqliteLedger):
        processes.serve(bench.ledger, bench.url)
    return processes


def use(name: str, quantity: int = 1) -> PoolUse:
    pool_id, bucket, measure = POOLS[name]
    return PoolUse(pool_id=pool_id, bucket=bucket, node_id="n1", measure=measure, quantity=quantity, line_bucket=DAY)


def used(bench: Bench, name: str) -> int:
    uses = bench.read(stock.pool_uses_of, [POOLS[name][:2]])
    return uses[0][2] if uses else 0


def settling(how: Any, reservation_id: str, *lines: tuple[int, int]) -> Job:
    command = Settle(
        method=how.__name__,
        request_id=uuid.uuid4().hex,
        fingerprint="same",
        reservation_id=reservation_id,
        lines=lines,
    )
    return how, command, echo


@pytest.mark.parametrize("name", POOLS)
def test_two_hundred_clients_end_exactly_at_the_limit(bench: Bench, crowd: Crowd, name: str) -> None:
    """Not 7 of 5; what is given back can be had again, once."""
    bench.apply_network(pools={(POOLS[name][0], "*"): LIMIT})
    bench.count("n1", "a", 1_000_000)
    ids = [f"{number:03d}" for number in range(CLIENTS)]
    commands = [hold(("n1", "a", 1), reservation_id=f"hold-{number}", pools=(use(name),)) for number in ids]
    outcomes = crowd.race(commands)
    assert Counter(kind for kind, _ in outcomes) == {"reserved": LIMIT, "short": CLIENTS - LIMIT}
    assert used(bench, name) == LIMIT
    won = [command.reservation_id for command, (kind, _) in zip(commands, outcomes, strict=True) if kind == "reserved"]
    again = [allocation(("n1", "a", 1), reservation_id=f"order-{number}", pools=(use(name),)) for number in ids]
    jobs: list[Job] = [settling(settle.release, hold_id) for hold_id in won[:2]]
    counts = Counter(kind for kind, _ in crowd.run(jobs))
    assert counts == {"settled": 2}
    outcomes = crowd.race(again)
    assert Counter(kind for kind, _ in outcomes) == {"reserved": 2, "short": CLIENTS - 2}
    assert used(bench, name) == LIMIT
    bench.pass_time(1_000)
    assert sum(int(answer) for _, answer in crowd.run([(settle.expire_due, 2)] * 8)) == 3
    assert used(bench, name) == 2
    orders = [command.reservation_id for command, (kind, _) in zip(again, outcomes, strict=True) if kind == "reserved"]
    assert Counter(kind for kind, _ in crowd.run([settling(settle.cancel, order) for order in orders])) == {
        "settled": 2
    }
    assert used(bench, name) == 0


@pytest.mark.parametrize("name", ["node-day", "shift", "round"])
def test_taking_and_giving_back_at_the_same_time(bench: Bench, crowd: Crowd, name: str) -> None:
    """The audit replays every step and sees any that passed the limit; here we see that nothing is lost."""
    bench.apply_network(pools={(POOLS[name][0], "*"): 20})
    bench.count("n1", "a", 1_000_000)
    first = [hold(("n1", "a", 1), reservation_id=f"first-{number}", pools=(use(name),)) for number in range(20)]
    assert {kind for kind, _ in crowd.race(first)} == {"reserved"}
    jobs: list[Job] = [settling(settle.release, command.reservation_id) for command in first]
    more = [allocation(("n1", "a", 1), reservation_id=f"more-{n}", pools=(use(name),)) for n in range(180)]
    commands = {command.reservation_id: command for command in more}
    jobs += [(reserve, command, echo) for command in more]
    outcomes = crowd.run(jobs)
    assert Counter(kind for kind, _ in outcomes[:20]) == {"settled": 20}
    won = [job[1].reservation_id for job, (kind, _) in zip(jobs, outcomes, strict=True) if kind == "reserved"]
    assert len(won) <= 20
    assert used(bench, name) == len(won)
    missing = [bench.reserve(commands[order]) for order in sorted(commands.keys() - set(won))[: 20 - len(won)]]
    assert all(isinstance(outcome, Reserved) for outcome in missing)
    assert isinstance(bench.hold(("n1", "a", 1), pools=(use(name),)), Short)


def test_the_smallest_of_several_limits_governs(bench: Bench, crowd: Crowd) -> None:
    """A day of 60 units, a night shift of 40 lines and a round of 15 parcels: two units in a parcel each."""
    names = ("node-day in units", "night shift in units", "round")
    caps = dict(zip(names, (60, 80, 15), strict=True))
    bench.apply_network(pools={(POOLS[name][0], "*"): cap for name, cap in caps.items()})
    bench.count("n1", "a", 1_000_000)
    uses = (use(names[0], 2), use(names[1], 2), use(names[2]))
    commands = [allocation(("n1", "a", 2), pools=uses) for _ in range(CLIENTS)]
    outcomes = crowd.race(commands)
    assert Counter(kind for kind, _ in outcomes) == {"reserved": 15, "short": 185}
    assert [used(bench, name) for name in names] == [30, 30, 15]
    won = [command for command, (kind, _) in zip(commands, outcomes, strict=True) if kind == "reserved"]
    crowd.run([settling(settle.cancel, command.reservation_id, (1, 1)) for command in won])
    assert [used(bench, name) for name in names] == [15, 15, 15]
    crowd.run([settling(settle.cancel, command.reservation_id) for command in won[:5]])
    assert [used(bench, name) for name in names] == [10, 10, 10]


def test_a_round_may_hold_less_on_some_days(bench: Bench) -> None:
    """50 parcels on working days, 2 on Saturdays, none on Sundays; later other caps, and the buckets follow."""
    pool_id = round_pool_id("n1", "std", 1_020)
    monday, saturday, sunday = "2026-11-23", "2026-11-28", "2026-11-29"

    def parcels(day: str) -> int:
        wanted = 0
        while wanted < 9:
            pool = PoolUse(pool_id=pool_id, bucket=day, node_id="n1", measure=CapacityMeasure.ORDERS, quantity=1)
            if isinstance(bench.allocate(lines=lines_of([("n1", "a", 1)], day), pools=(pool,)), Short):
                return wanted
            wanted += 1
        return wanted

    bench.count("n1", "a", 1_000)
    bench.apply_network(pools={(pool_id, f"*{day}"): 2 if day == 6 else 5 for day in range(1, 7)})
    assert [parcels(day) for day in (monday, saturday, sunday)] == [5, 2, 0]
    bench.apply_network(pools={(pool_id, f"*{day}"): 3 if day == 6 else 5 for day in range(1, 8)})
    assert [parcels(day) for day in (monday, saturday, sunday)] == [0, 1, 5]
    bench.apply_network(pools={(pool_id, "*"): 6})
    assert [parcels(day) for day in (monday, saturday, sunday)] == [1, 3, 1]
    bench.apply_network(pools={(pool_id, "*6"): 7})
    assert [parcels(day) for day in (monday, saturday)] == [9, 1]


def test_a_shift_of_another_day_is_given_back_with_its_lines(bench: Bench) -> None:
    bench.apply_network(pools={(shift_pool_id("n1", "night"), "*"): 10})
    bench.count("n1", "a", 10)
    lines = (*lines_of([("n1", "a", 2)]), *lines_of([("n2", "b", 3)]))
    bench.count("n2", "b", 10)
    name = "night shift in units"
    bench.allocate(lines=lines, pools=(use(name, 2),), reservation_id="r", ordered=(("1", 5),))
    assert used(bench, name) == 2
    bench.settle(settle.cancel, "r", (2, 3))
    assert used(bench, name) == 2
    bench.settle(settle.cancel, "r", (1, 1))
    assert used(bench, name) == 1
    bench.settle(settle.ship, "r", (1, 1))
    assert used(bench, name) == 1, "what was shipped has used the shift"

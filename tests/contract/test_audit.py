"""The audit: silent on a sound ledger, and not on one that is wrong in any of these ways (its negative controls)."""

from collections.abc import Iterator

import pytest
from tests.conftest import DATABASES
from tests.contract.bench import Bench, Clock, allocation, record, use, wipe

from sourcier.domain.stock import RecordKind
from sourcier.domain.supply import SupplyKind
from sourcier.ledger import settle
from sourcier.ledger.audit import EXAMPLES_MAX, audit
from sourcier.ledger.dialect import query
from sourcier.ledger.store import Tx


@pytest.fixture(scope="module", params=DATABASES)
def busy(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A ledger in which everything has happened at least once, and whose journals can be damaged."""
    url = f"sqlite:///{tmp_path_factory.mktemp('audit')}/ledger.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_bench_url")
        wipe(url)
    bench = Bench(url, Clock())
    do_everything(bench)
    yield bench
    bench.close()


def do_everything(bench: Bench) -> None:
    bench.apply_network(caps={"n1": 10})
    bench.activate({"STORE": (1, 2, 3)})
    bench.count("n1", "a", 50)
    bench.count("n2", "b", 50)
    bench.feed(record(RecordKind.DELTA, "w1", "c", 50, 1), source="pos")
    pools = (use("n1", 1),)
    bench.hold(("n1", "a", 3), reservation_id="hold", pools=pools)
    bench.hold(("n1", "a", 3), reservation_id="expired", ttl_seconds=1, pools=pools)
    bench.pass_time(2)
    bench.sweep()
    bench.hold(("n2", "b", 2), reservation_id="taken")
    bench.allocate_hold("taken")
    bench.allocate(("n1", "a", 4), ("n2", "b", 2), ("w1", "c", 1), reservation_id="order", pools=pools)
    bench.settle(settle.ship, "order", (1, 2), (3, 1))
    bench.settle(settle.cancel, "order", (2, 1))
    bench.pass_time(1)
    bench.count("n1", "a", 48)
    do_everything_with_supply(bench)


def do_everything_with_supply(bench: Bench) -> None:
    bench.announce("n2", "d", 20)
    bench.announce("n2", "d", None, "vendor", kind=SupplyKind.SUPPLIER_ORDERABLE, expected_on=None, lead_days=3)
    bench.hold(("n2", "d", 2, "po"), reservation_id="pegged hold")
    bench.hold(("n2", "d", 2, "po"), reservation_id="pegged and taken")
    bench.allocate_hold("pegged and taken")
    bench.allocate(("n2", "d", 7, "po"), ("n2", "d", 1, "vendor"), reservation_id="pegged", priority=1)
    bench.settle(settle.cancel, "pegged", (1, 1))
    bench.announce("n2", "d", 20, received=4)


def test_a_sound_ledger_passes(busy: Bench) -> None:
    report = busy.read(audit)
    assert report.violations == ()
    assert report.counts["reservations"] == 7
    assert report.counts["reservation lines"] == 14
    assert report.counts["pool buckets"] == 1
    assert report.counts["supplies"] == 2


# What keeps the journals from being changed, off for one transaction.
SQLITE_OFF = tuple(
    f"DROP TRIGGER {table}_{name}"
    for table in ("journal", "pool_journal", "supply_journal")
    for name in ("no_update", "no_delete")
)
POSTGRESQL_OFF = ("SET LOCAL session_replication_role = replica",)

DAMAGES = {
    "a journal delta is off by one": "UPDATE journal SET d_allocated = d_allocated + 1 "
    "WHERE cause = 'ALLOCATE' AND sku = 'a'",
    "a journal entry is gone": "DELETE FROM journal WHERE cause = 'EXPIRE'",
    "on hand has drifted": "UPDATE stock SET on_hand = on_hand + 1 WHERE sku = 'b'",
    "held differs from the lines": "UPDATE stock SET held = held + 1 WHERE sku = 'a'",
    "a line's state changed alone": "UPDATE reservation_line SET state = 'SETTLED' WHERE state = 'SHIPPED' OR "
    "(state = 'ALLOCATED' AND sku = 'b')",
    "a line's quantity changed alone": "UPDATE reservation_line SET quantity = quantity + 1 WHERE state = 'HELD'",
    "a stock row is gone": "DELETE FROM stock WHERE sku = 'b'",
    "a unit was taken below the floor": "UPDATE journal SET floor_used = avail_after + 1 WHERE cause = 'HOLD'",
    "the floor was not written down": "UPDATE journal SET floor_used = NULL WHERE cause = 'ALLOCATE'",
    "what was free is wrong": "UPDATE journal SET avail_after = avail_after - 1 WHERE cause = 'CANCEL'",
    "a pool has drifted": "UPDATE pool SET used = used + 1 WHERE bucket <> '*'",
    "a pool's journal is off": "UPDATE pool_journal SET d_used = d_used + 1 WHERE cause = 'ALLOCATE'",
    "a pool passed its cap": "UPDATE pool_journal SET cap_then = 0 WHERE cause = 'ALLOCATE'",
    "a pool use outlived its lines": "UPDATE reservation_line SET state = 'EXPIRED' WHERE state = 'HELD'",
    "a pool use was given back early": "UPDATE reservation_pool SET quantity = 0 WHERE reservation_id = 'order'",
    "a hold has no end": "UPDATE reservation SET expires_at = NULL WHERE reservation_id = 'hold'",
    "an expired hold is open": "UPDATE reservation SET expires_at = 1 WHERE reservation_id = 'expired'",
    "an order line counts too much": "UPDATE order_line SET allocated = allocated - 1 WHERE line_id = '1'",
    "an order line is gone": "DELETE FROM order_line WHERE order_id = 'order-taken'",
    "a supply's journal delta is off": "UPDATE supply_journal SET d_usable = d_usable + 1 WHERE cause = 'SUPPLY'",
    "a supply's journal entry is gone": "DELETE FROM supply_journal WHERE cause = 'CANCEL'",
    "a supply has drifted": "UPDATE supply SET allocated = allocated + 1 WHERE supply_id = 'vendor'",
    "a supply is gone": "DELETE FROM supply WHERE supply_id = 'vendor'",
    "a line lost its peg alone": "UPDATE reservation_line SET supply_id = '' WHERE reservation_id = 'pegged hold'",
    "a line got a peg alone": "UPDATE reservation_line SET supply_id = 'po' WHERE reservation_id = 'hold'",
    "a peg was of a protected unit": "UPDATE supply_journal SET floor_used = free_after + 1 WHERE cause = 'HOLD'",
    "what was kept back was not written down": "UPDATE supply_journal SET floor_used = NULL WHERE cause = 'ALLOCATE'",
    "what was free of a supply is wrong": "UPDATE supply_journal SET free_after = free_after - 1 "
    "WHERE cause = 'CANCEL'",
    "more is counted on than was said": "UPDATE supply SET usable = usable + 1 WHERE supply_id = 'po'",
    "a supply was closed alone": "UPDATE supply SET closed = 1 WHERE supply_id = 'vendor'",
    "a receipt is not on hand": "UPDATE supply_journal SET d_received = d_received + 1 WHERE d_received > 0",
    "a reservation's pegs are not marked": "UPDATE reservation SET pegged = 0 WHERE reservation_id = 'pegged'",
    "a floor is not the rules'": "UPDATE stock SET floor_2 = floor_2 + 1 WHERE sku = 'b'",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_the_audit_sees(busy: Bench, damage: str) -> None:
    off = SQLITE_OFF if busy.on_sqlite else POSTGRESQL_OFF

    def damaged(tx: Tx) -> tuple[str, ...]:
        for statement in (*off, DAMAGES[damage]):
            tx.tell(query(statement))
        found = audit(tx).violations
        tx.abandon()
        return found

    assert busy.write(damaged) != ()
    assert busy.audit() == (), "the damage was undone"


def test_the_audit_lists_some_of_many(bench: Bench) -> None:
    for number in range(30):
        bench.count("n1", f"s{number}", 1)
    bench.execute("UPDATE stock SET on_hand = on_hand + 1")
    assert len(bench.audit()) == EXAMPLES_MAX
    bench.execute("UPDATE stock SET on_hand = on_hand - 1")


def test_the_audit_reads_one_moment(bench: Bench) -> None:
    """While reservations run, the audit never raises a false alarm."""
    bench.count("n1", "a", 10_000)
    futures = []
    for _ in range(5):
        futures += [bench.reserve_later(allocation(("n1", "a", 1))) for _ in range(40)]
        assert bench.audit() == ()
    for future in futures:
        future.result(30)

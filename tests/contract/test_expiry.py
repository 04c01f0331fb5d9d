"""E1: holds that are allocated at about the moment they expire, while several sweepers run, end exactly once."""

import random
import threading
import time
from collections import Counter
from datetime import datetime

from tests.contract.bench import Bench, hold

from sourcier.domain.reservation import State
from sourcier.ledger import reserve, settle
from sourcier.ledger.commands import AllocateHold, Reserved
from sourcier.ledger.dialect import query
from sourcier.ledger.reserve import instant

JOURNAL = query("SELECT at, cause, ref FROM journal WHERE cause IN ('EXPIRE', 'ALLOCATE_HOLD')")
ALLOCATED = query("SELECT reservation_id, allocated_at FROM reservation WHERE allocated_at IS NOT NULL")
STATES = query("SELECT state, COUNT(*) FROM reservation_line GROUP BY state")


def test_every_hold_ends_exactly_once(bench: Bench) -> None:
    num = 2_000 if bench.on_sqlite else 600
    bench.count("n1", "a", num)
    futures = [bench.reserve_later(hold(("n1", "a", 1), ttl_seconds=1)) for _ in range(num)]
    outcomes = [future.result(60) for future in futures]
    expires = {o.reservation.reservation_id: o.reservation.expires_at for o in outcomes if isinstance(o, Reserved)}
    assert len(expires) == num
    stop = threading.Event()
    sweepers = [threading.Thread(target=_sweep, args=(bench, stop)) for _ in range(3)]
    for sweeper in sweepers:
        sweeper.start()
    won = Counter(_allocate_about_now(bench, {key: at for key, at in expires.items() if at is not None}))
    assert set(won) <= {"reserved", "HOLD_EXPIRED"}
    deadline = time.monotonic() + 20
    while bench.row("n1", "a").held and time.monotonic() < deadline:
        time.sleep(0.05)
    stop.set()
    for sweeper in sweepers:
        sweeper.join()
    _check_ends(bench, expires, won["reserved"])


def _check_ends(bench: Bench, expires: dict[str, datetime | None], allocated: int) -> None:
    num = len(expires)
    states = {str(state): int(count) for state, count in bench.read(lambda tx: tx.ask(STATES))}
    assert states.get(State.ALLOCATED, 0) == allocated
    assert states.get(State.ALLOCATED, 0) + states.get(State.EXPIRED, 0) == num
    journal = bench.read(lambda tx: tx.ask(JOURNAL))
    assert sorted(ref for _, _, ref in journal) == sorted(expires)
    lags = sorted(_late(at, expires[ref]) for at, cause, ref in journal if cause == "EXPIRE")
    assert lags[0] >= 0
    assert lags[len(lags) * 99 // 100] <= 2.0
    early = [_late(at, expires[ref]) for ref, at in bench.read(lambda tx: tx.ask(ALLOCATED))]
    assert max(early) < 0.01  # the clock is read once more to write it down
    row = bench.row("n1", "a")
    assert (row.held, row.allocated) == (0, allocated)


def _late(at: int, expires_at: datetime | None) -> float:
    """Seconds after the expiry."""
    assert expires_at is not None
    return (instant(at) - expires_at).total_seconds()


def _sweep(bench: Bench, stop: threading.Event) -> None:
    while not stop.is_set():
        bench.sweep(200)
        time.sleep(0.02)


def _allocate_about_now(bench: Bench, expires: dict[str, datetime]) -> list[str]:
    """Half of the holds, each at a random moment around its expiry."""
    draw = random.Random(11)
    chosen = draw.sample(sorted(expires), len(expires) // 2)
    when = sorted((expires[key].timestamp() + draw.uniform(-0.5, 0.2), key) for key in chosen)
    futures = []
    for at, key in when:
        time.sleep(max(0.0, at - time.time()))
        command = AllocateHold(
            method="Allocate",
            request_id=f"allocate-{key}",
            fingerprint="same",
            hold_id=key,
            order_id=f"order-{key}",
            held=(("1", "a", 1),),
            ordered=(("1", 1),),
            document=b"",
        )
        futures.append(bench.ledger.write(reserve.allocate_hold, command, lambda _: b""))
    ends = []
    for future in futures:
        error = future.exception(60)
        ends.append("reserved" if error is None else str(getattr(error, "reason", error)))
    return ends


def test_sweeping_uses_the_limit_it_is_given(bench: Bench) -> None:
    bench.count("n1", "a", 5)
    for _ in range(3):
        bench.hold(("n1", "a", 1), ttl_seconds=1)
    bench.pass_time(2)
    assert bench.write(settle.expire_due, 2) == 2
    assert bench.write(settle.expire_due, 2) == 1

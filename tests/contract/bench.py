"""A ledger on the workbench: short ways to fill it, to reserve from it and to look at it."""

import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeVar

import psycopg

from sourcier.domain.network import CapacityMeasure, capacity_pool_id
from sourcier.domain.reservation import ANY_DAY, PoolUse, Reservation, ReservationLine, State
from sourcier.domain.stock import RecordKind, RecordResult, StockRecord, StockRecords, StockRow, Verdict
from sourcier.domain.supply import SupplyKind, SupplyRecord, SupplyRow
from sourcier.ledger import activation, registry, requests, reserve, settle, stock, supplies
from sourcier.ledger.audit import audit
from sourcier.ledger.clock import steady_micros, wall_micros
from sourcier.ledger.commands import (
    AllocateHold,
    Replayed,
    Reserve,
    Reserved,
    ReserveLine,
    Settle,
    Settled,
    Short,
    StoredNetwork,
)
from sourcier.ledger.dialect import query
from sourcier.ledger.feeds import apply_batch
from sourcier.ledger.opening import open_ledger, open_sqlite
from sourcier.ledger.schema import metadata
from sourcier.ledger.store import Ledger, Tx
from sourcier.ledger.supply_feed import apply_supply

T = TypeVar("T")

NODES = {"n1": "STORE", "n2": "STORE", "w1": "WAREHOUSE"}
DAY = "2026-11-23"
NOW = query("SELECT ledger_clock()")
FLUSH_STATISTICS = query("SELECT 1 FROM pg_stat_force_next_flush()", postgresql_only=True)
Wanted = tuple[str, str, int] | tuple[str, str, int, str]
"""Units of a SKU at a node; pegged to a supply when one is named."""


@dataclass(frozen=True, kw_only=True)
class Key:
    """A request's identity."""

    request_id: str
    method: str = "Test"
    fingerprint: str = "same"


class Clock:
    """The wall clock plus what the test has added."""

    def __init__(self) -> None:
        self.ahead = 0

    def wall(self) -> int:
        """Microseconds since 1970."""
        return wall_micros() + self.ahead

    def steady(self) -> int:
        """Microseconds; it goes along, so that a step is time passing and not a leap."""
        return steady_micros() + self.ahead


def echo(reservation: Reservation) -> bytes:
    """An answer that names the reservation and its lines."""
    lines = ";".join(f"{line.line_no}:{line.state}:{line.quantity}" for line in reservation.lines)
    return f"{reservation.reservation_id}|{lines}".encode()


class Bench:
    """One ledger at `url`. Every helper waits for its result."""

    def __init__(self, url: str, clock: Clock) -> None:
        self.url = url
        self.clock = clock
        self._seq = 0
        self.ledger: Ledger
        self.open()

    @property
    def on_sqlite(self) -> bool:
        """Which of the two databases this is."""
        return self.url.startswith("sqlite")

    def open(self) -> None:
        """Open the ledger (again), with the test's clock."""
        if self.on_sqlite:
            path = Path(self.url.removeprefix("sqlite:///"))
            self.ledger = open_sqlite(path, wall=self.clock.wall, steady=self.clock.steady)
        else:
            self.ledger = open_ledger(self.url)

    def close(self) -> None:
        """Close the ledger."""
        self.ledger.close()

    def write(self, operation: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Run an operation and wait for its commit."""
        return self.ledger.write(operation, *args, **kwargs).result(30)

    def read(self, operation: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Run a read-only operation and wait for it."""
        return self.ledger.read(operation, *args, **kwargs).result(30)

    def pass_time(self, seconds: float) -> None:
        """Let the ledger's clock go on by itself."""
        self.clock.ahead += round(seconds * 1e6)
        if not self.on_sqlite:
            with psycopg.connect(self.url, autocommit=True) as connection:
                set_clock(connection, self.clock.ahead)

    def now(self) -> datetime:
        """What the ledger's clock shows."""
        return reserve.instant(self.write(lambda tx: tx.ask(NOW)[0][0]))

    def apply_network(
        self,
        nodes: Mapping[str, str] = NODES,
        caps: Mapping[str, int] | None = None,
        pools: Mapping[tuple[str, str], int] | None = None,
    ) -> StoredNetwork:
        """Put a network in force: `caps` by node and day, `pools` as `put_network` takes them."""
        daily = {(capacity_pool_id(node_id), ANY_DAY): cap for node_id, cap in (caps or {}).items()}
        outcome = self.write(
            registry.put_network,
            Key(request_id=uuid.uuid4().hex),
            b"network",
            nodes=nodes,
            caps={**daily, **(pools or {})},
            beside=self.in_force(),
            respond=lambda _: b"",
        )
        assert not isinstance(outcome, Replayed)
        return outcome[0]

    def in_force(self) -> tuple[str, int] | None:
        """The rule set revision in force."""
        active = self.read(registry.active_rule_set)
        return (active.rule_set_id, active.revision) if active else None

    def network_revision(self) -> int:
        """That of the network in force, 0 if there is none."""
        network = self.read(registry.get_network)
        return network.revision if network else 0

    def activate(self, floors: Mapping[str, tuple[int, int, int]], *, rule_set_id: str = "base") -> None:
        """Store a rule set and put it in force with these floors by node type."""
        name = uuid.uuid4().hex
        added = self.write(
            registry.add_rule_set_revision, Key(request_id=f"{name}-c"), rule_set_id, b"yaml", "", lambda _: b""
        )
        assert not isinstance(added, Replayed)
        command = activation.Activate(
            method="Activate",
            request_id=name,
            fingerprint="same",
            rule_set_id=rule_set_id,
            revision=added[0].revision,
            floors=floors,
            network_revision=self.network_revision(),
        )
        activation.activate(self.ledger, command, lambda _: b"")

    def feed(self, *records: StockRecord, source: str = "erp") -> tuple[RecordResult, ...]:
        """Apply one batch."""
        return self.write(apply_batch, source, StockRecords.of(records)).each()

    def count(self, node_id: str, sku: str, quantity: int, *, as_of: datetime | None = None) -> None:
        """An absolute count that is newer than any before."""
        self._seq += 1
        record = StockRecord(
            kind=RecordKind.COUNT,
            node_id=node_id,
            sku=sku,
            quantity=quantity,
            epoch=0,
            seq=self._seq,
            as_of=as_of,
        )
        (result,) = self.feed(record)
        assert result.verdict is Verdict.APPLIED

    def supply(self, *records: SupplyRecord, source: str = "purchasing") -> tuple[RecordResult, ...]:
        """Apply one batch about dated supply."""
        return self.write(apply_supply, source, records).each()

    def announce(self, node_id: str, sku: str, quantity: int | None, supply_id: str = "po", **more: Any) -> None:
        """What a source says of a supply now, newer than anything before."""
        self._seq += 1
        (result,) = self.supply(supply(node_id, sku, quantity, supply_id, seq=self._seq, **more))
        assert result.verdict is Verdict.APPLIED

    def supply_row(self, node_id: str, sku: str, supply_id: str = "po") -> SupplyRow:
        """A supply that exists."""
        (row,) = self.read(supplies.get_supplies, [(supply_id, node_id, sku)])
        return row

    def row(self, node_id: str, sku: str) -> StockRow:
        """A stock row that exists."""
        (row,) = self.read(stock.get_rows, [(node_id, sku)])
        return row

    def free(self, node_id: str, sku: str) -> int:
        """What is not promised on a row."""
        return self.row(node_id, sku).free

    def reserve(self, command: Reserve) -> Reserved | Short | Replayed:
        """Reserve, answering with `echo`."""
        return self.write(reserve.reserve, command, echo)

    def reserve_later(self, command: Reserve) -> Future[Reserved | Short | Replayed]:
        """Reserve without waiting."""
        return self.ledger.write(reserve.reserve, command, echo)

    def hold(self, *lines: Wanted, ttl_seconds: int = 900, **more: Any) -> Reserved | Short | Replayed:
        """A hold of lines given as (node, sku, quantity)."""
        return self.reserve(hold(*lines, ttl_seconds=ttl_seconds, **more))

    def allocate(self, *lines: Wanted, **more: Any) -> Reserved | Short | Replayed:
        """An allocation of lines given as (node, sku, quantity)."""
        return self.reserve(allocation(*lines, **more))

    def allocate_hold(self, hold_id: str, **more: Any) -> Reserved | Replayed:
        """The allocation of a hold, believing what the ledger says of it."""
        held = self.lines(hold_id, State.HELD) or self.lines(hold_id)
        ordered: Counter[str] = Counter()
        for line in held:
            ordered[line.line_id] += line.quantity
        values = {
            "method": "Allocate",
            "request_id": uuid.uuid4().hex,
            "fingerprint": "same",
            "hold_id": hold_id,
            "order_id": f"order-{hold_id}",
            "held": tuple((line.line_id, line.sku, line.quantity) for line in held),
            "ordered": tuple(ordered.items()),
            "document": b"allocated",
        }
        return self.write(reserve.allocate_hold, AllocateHold(**{**values, **more}), echo)

    def settle(
        self, how: Callable[..., Any], reservation_id: str, *lines: tuple[int, int], **more: Any
    ) -> Settled | Replayed:
        """Ship, cancel or release."""
        values = {
            "method": how.__name__,
            "request_id": uuid.uuid4().hex,
            "fingerprint": "same",
            "reservation_id": reservation_id,
            "lines": lines,
        }
        outcome = self.write(how, Settle(**{**values, **more}), echo)
        assert isinstance(outcome, Settled | Replayed)
        return outcome

    def sweep(self, limit: int = 500) -> int:
        """Expire what is due."""
        return self.write(settle.expire_due, limit)

    def lines(self, reservation_id: str, state: State | None = None) -> list[ReservationLine]:
        """The lines of a reservation, of one state if given."""
        found = self.read(stock.get_reservation, reservation_id)
        lines = found.lines if found else ()
        return [line for line in lines if state is None or line.state is state]

    def used(self, node_id: str, bucket: str = DAY) -> int:
        """What is used of a node's capacity."""
        uses = self.read(stock.pool_uses_of, [(capacity_pool_id(node_id), bucket)])
        return uses[0][2] if uses else 0

    def remember(self, request_id: str, response: bytes, *, method: str = "Allocate") -> bytes:
        """Log a refusal."""
        return self.write(requests.remember, method, request_id, "same", response)

    def execute(self, text: str) -> None:
        """Any SQL, to damage a ledger on purpose."""
        statement = query(text)

        def run(tx: Tx) -> None:
            tx.tell(statement)

        self.write(run)

    def audit(self) -> tuple[str, ...]:
        """What breaks an identity."""
        return self.read(audit).violations


def set_clock(connection: "psycopg.Connection[Any]", ahead: int) -> None:
    """Let PostgreSQL's ledger clock run `ahead` microseconds before its own."""
    connection.execute(
        "CREATE OR REPLACE FUNCTION ledger_clock() RETURNS BIGINT LANGUAGE sql VOLATILE AS "
        f"'SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT) + {ahead}'"
    )


def wipe(url: str) -> None:
    """Make a PostgreSQL ledger as empty as after its migration, past the triggers of the journals."""
    with psycopg.connect(url) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")
        for table in reversed(metadata.sorted_tables):
            connection.execute(f"DELETE FROM {table.name}")
        connection.execute("INSERT INTO activation (id, settled) VALUES (1, 1)")
        connection.execute("INSERT INTO counter (name, value) VALUES ('network', 0), ('status', 0), ('clock', 0)")
        set_clock(connection, 0)


def lines_of(lines: Iterable[Wanted], bucket: str = DAY) -> tuple[ReserveLine, ...]:
    """Lines numbered from 1, one order line each."""
    return tuple(
        ReserveLine(
            line_id=str(number),
            node_id=node_id,
            sku=sku,
            quantity=quantity,
            bucket=bucket,
            supply_id="".join(supply_id),
        )
        for number, (node_id, sku, quantity, *supply_id) in enumerate(lines, start=1)
    )


def hold(*lines: Wanted, **more: Any) -> Reserve:
    """A command to hold lines given as (node, sku, quantity) or, pegged, (node, sku, quantity, supply)."""
    name = uuid.uuid4().hex
    values = {
        "method": "PromiseDelivery",
        "request_id": name,
        "fingerprint": "same",
        "reservation_id": name,
        "order_id": "",
        "state": State.HELD,
        "ttl_seconds": 900,
        "lines": lines_of(lines),
        "channel_class": 0,
        "rule_set_revision": "ruleSets/base/revisions/1",
        "document": b"held",
    }
    return Reserve(**{**values, **more})


def allocation(*lines: Wanted, **more: Any) -> Reserve:
    """A command to allocate lines given as (node, sku, quantity), of an order that wants exactly them."""
    name = more.get("reservation_id") or uuid.uuid4().hex
    values = {
        "method": "Allocate",
        "request_id": name,
        "reservation_id": name,
        "order_id": f"order-{name}",
        "state": State.ALLOCATED,
        "ttl_seconds": None,
        "ordered": tuple((line.line_id, line.quantity) for line in more.get("lines", lines_of(lines))),
    }
    return hold(*lines, **{**values, **more})


def use(node_id: str, quantity: int, measure: CapacityMeasure = CapacityMeasure.ORDERS, bucket: str = DAY) -> PoolUse:
    """So much of a node's capacity."""
    return PoolUse(
        pool_id=capacity_pool_id(node_id), bucket=bucket, node_id=node_id, measure=measure, quantity=quantity
    )


def supply(
    node_id: str, sku: str, quantity: int | None, supply_id: str = "po", *, seq: int, **more: Any
) -> SupplyRecord:
    """What a source says of a supply: a purchase order expected on 1 December unless said otherwise."""
    values = {"kind": SupplyKind.PURCHASE_ORDER, "expected_on": date(2026, 12, 1), "epoch": 0}
    return SupplyRecord(supply_id=supply_id, node_id=node_id, sku=sku, quantity=quantity, seq=seq, **{**values, **more})


def record(
    kind: RecordKind, node_id: str, sku: str, quantity: int, seq: int, *, epoch: int = 0, as_of: datetime | None = None
) -> StockRecord:
    """One record of a feed."""
    return StockRecord(kind=kind, node_id=node_id, sku=sku, quantity=quantity, epoch=epoch, seq=seq, as_of=as_of)

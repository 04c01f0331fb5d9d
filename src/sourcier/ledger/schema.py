"""The tables of the ledger (ledger specification, 3.2). Quantities are units, instants microseconds since 1970 UTC.

These definitions are what a migrated database must equal; a test compares them with the migrations.
"""

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.sql.elements import TextClause

metadata: Final = MetaData()


def _id(name: str) -> Column[str]:
    return Column(name, Text, primary_key=True, nullable=False)


def _words(name: str, *, nullable: bool = False) -> Column[str]:
    return Column(name, Text, nullable=nullable)


def _number(name: str, *, nullable: bool = False, default: TextClause | None = None, key: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=nullable, server_default=default, primary_key=key, autoincrement=False)


def _count(name: str) -> Column[int]:
    return _number(name, default=text("0"))


def _table(name: str, *parts: Any, rowid: bool = False) -> Table:
    """A table kept in its key's order on SQLite (`rowid` False), unless its rows are large."""
    return Table(name, metadata, *parts, sqlite_with_rowid=rowid)


stock = _table(
    "stock",
    _id("node_id"),
    _id("sku"),
    _number("on_hand"),  # what the source last said; below 0 when deltas say so: reality wins
    *(_count(name) for name in ("blocked", "held", "allocated", "unsettled")),
    *(_count(name) for name in ("floor_0", "floor_1", "floor_2")),  # units kept back, by channel class
    _count("floor_rules"),  # the activation (its counter) that wrote the floors
    CheckConstraint("blocked >= 0 AND held >= 0 AND allocated >= 0 AND unsettled >= 0", name="stock_counts"),
    CheckConstraint("0 <= floor_0 AND floor_0 <= floor_1 AND floor_1 <= floor_2", name="stock_floors"),
    Index("stock_by_sku", "sku", "node_id"),
)

# Every limit that spans rows is a row: a node's capacity per day. Bucket '*' holds the cap of buckets to come.
pool = _table(
    "pool",
    _id("pool_id"),
    _id("bucket"),
    _number("cap"),
    _count("used"),
    CheckConstraint("used >= 0", name="pool_used"),
)

request_log = _table(
    "request_log",
    _id("request_id"),
    _words("method"),
    _words("fingerprint"),
    Column("response", LargeBinary, nullable=True),
    _words("reservation_id", nullable=True),
    _number("at"),
    Index("request_log_at", "at"),
    rowid=True,
)

# `expires_at` is set while the reservation is an open hold, `allocated_at` once it is an allocation. `pegged` is 1 if
# a line was pegged to dated supply when it was made: then more is locked before its lines are read (see `pegs`).
reservation = _table(
    "reservation",
    _id("reservation_id"),
    _words("order_id"),
    _number("created_at"),
    _number("expires_at", nullable=True),
    _number("allocated_at", nullable=True),
    _words("rule_set_revision"),
    _number("channel_class"),
    _count("priority"),
    _count("pegged"),
    Column("document", LargeBinary, nullable=False),
    CheckConstraint("expires_at IS NULL OR allocated_at IS NULL", name="reservation_kind"),
    rowid=True,
)
Index(
    "reservation_due",
    reservation.c.expires_at,
    sqlite_where=reservation.c.expires_at.is_not(None),
    postgresql_where=reservation.c.expires_at.is_not(None),
)

_STATES: Final = "'HELD', 'ALLOCATED', 'SHIPPED', 'SETTLED', 'RELEASED', 'CANCELLED', 'EXPIRED', 'FAILED'"

reservation_line = _table(
    "reservation_line",
    _id("reservation_id"),
    _number("line_no", key=True),
    _words("line_id"),
    _words("node_id"),
    _words("sku"),
    _number("quantity"),
    _words("state"),
    _words("bucket"),  # its ship day, which the uses of pools speak of
    _words("supply_id"),  # the dated supply it is pegged to; empty: on hand
    _number("shipped_at", nullable=True),
    CheckConstraint("quantity > 0", name="reservation_line_quantity"),
    CheckConstraint(f"state IN ({_STATES})", name="reservation_line_state"),
    CheckConstraint("supply_id = '' OR state NOT IN ('SHIPPED', 'SETTLED', 'FAILED')", name="reservation_line_peg"),
)
Index(
    "reservation_line_shipped",
    reservation_line.c.node_id,
    reservation_line.c.sku,
    sqlite_where=reservation_line.c.state == text("'SHIPPED'"),
    postgresql_where=reservation_line.c.state == text("'SHIPPED'"),
)

_PEGGED: Final = text("supply_id <> '' AND state IN ('HELD', 'ALLOCATED')")
Index(
    "reservation_line_pegged",
    reservation_line.c.node_id,
    reservation_line.c.sku,
    reservation_line.c.supply_id,
    sqlite_where=_PEGGED,
    postgresql_where=_PEGGED,
)

# A use counts the lines of its node whose bucket is `line_bucket`; that of the pool is another day for a night shift.
reservation_pool = _table(
    "reservation_pool",
    _id("reservation_id"),
    _id("pool_id"),
    _id("bucket"),
    _id("node_id"),
    _id("line_bucket"),
    _words("measure"),
    _number("quantity"),
    CheckConstraint("quantity >= 0", name="reservation_pool_quantity"),
)

# Never more allocated than ordered, whatever the request ids. Shipped units stay allocated here.
order_line = _table(
    "order_line",
    _id("order_id"),
    _id("line_id"),
    _number("ordered"),
    _count("allocated"),
    CheckConstraint("0 <= allocated AND allocated <= ordered", name="order_line_allocated"),
)


def _seq() -> Column[int]:
    """A number that grows with every row; INTEGER makes it SQLite's row id."""
    return Column("seq", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True)


def _journal(name: str, *columns: Column[Any]) -> Table:
    """Append-only: triggers refuse UPDATE and DELETE. `xid` is PostgreSQL's transaction id, for gap-free readers."""
    return _table(
        name,
        _seq(),
        _count("xid"),
        _number("at"),
        _words("actor"),
        _words("cause"),
        _words("ref"),
        *columns,
        Index(f"{name}_by_xid", "xid", "seq").ddl_if(dialect="postgresql"),
        rowid=True,
    )


journal = _journal(
    "journal",
    _words("node_id"),
    _words("sku"),
    *(_count(name) for name in ("d_on_hand", "d_blocked", "d_held", "d_allocated", "d_unsettled")),
    _number("channel_class", nullable=True),
    _number("floor_used", nullable=True),
    _number("avail_after"),
    _words("rule_set_revision"),
)

pool_journal = _journal(
    "pool_journal", _words("pool_id"), _words("bucket"), _number("d_used"), _number("used_after"), _number("cap_then")
)

# One SKU of one supply at one node. `usable` follows from quantity, received, probability and closed; it is stored so
# that what limits a reservation is a predicate over this row. The row changes under the lock of its stock row.
supply = _table(
    "supply",
    _id("node_id"),
    _id("sku"),
    _id("supply_id"),
    _words("kind"),
    _number("quantity", nullable=True),
    _number("received"),
    _words("expected_on", nullable=True),
    _number("lead_days", nullable=True),
    _number("probability_bp"),
    _number("preorder"),
    _number("closed"),
    _number("epoch"),
    _number("seq"),
    _number("usable"),
    *(_count(name) for name in ("held", "allocated")),
    CheckConstraint("usable >= 0 AND held >= 0 AND allocated >= 0", name="supply_counts"),
    CheckConstraint("expected_on IS NOT NULL OR lead_days IS NOT NULL", name="supply_ready"),
    Index("supply_by_sku", "sku", "node_id", "supply_id"),
)

supply_journal = _journal(
    "supply_journal",
    _words("supply_id"),
    _words("node_id"),
    _words("sku"),
    *(_count(name) for name in ("d_received", "d_usable", "d_held", "d_allocated")),
    _number("floor_used", nullable=True),
    _number("free_after"),
)

feed_item = _table(
    "feed_item", _id("source"), _id("node_id"), _id("sku"), _number("epoch"), _number("last_seq"), _number("as_of")
)
feed_cursor = _table("feed_cursor", _id("node_id"), _id("source"), _number("epoch"), _number("last_seq"))
feed_dead_letter = _table(
    "feed_dead_letter",
    _seq(),
    _words("source"),
    _words("kind"),
    _words("node_id"),
    _words("sku"),
    _words("supply_id"),
    _number("epoch"),
    _number("record_seq"),
    Column("payload", LargeBinary, nullable=False),
    _words("reason"),
    _number("at"),
    UniqueConstraint(
        "source", "kind", "node_id", "sku", "supply_id", "epoch", "record_seq", name="feed_dead_letter_once"
    ),
    rowid=True,
)

node = _table("node", _id("node_id"), _words("node_type"), _words("status"), _number("network_revision"))
network = _table(
    "network",
    _number("revision", key=True),
    Column("document", LargeBinary, nullable=False),
    _number("at"),
    rowid=True,
)

rule_set = _table(
    "rule_set",
    _id("rule_set_id"),
    _number("revision", key=True),
    Column("document", LargeBinary, nullable=False),
    _words("comment"),
    _number("created_at"),
    rowid=True,
)

# One row: which revision is in force, and which one is on its way (specification 3.5, two passes).
activation = _table(
    "activation",
    _number("id", key=True),
    _words("rule_set_id", nullable=True),
    _number("revision", nullable=True),
    _count("counter"),
    _words("pending", nullable=True),
    _count("touched_at"),
    _count("settled"),
    CheckConstraint("id = 1", name="activation_single"),
)

# Units kept back per node type: `phase` ACTIVE is in force, PENDING is being activated.
type_floor = _table(
    "type_floor", _id("phase"), _id("node_type"), *(_number(name) for name in ("floor_0", "floor_1", "floor_2"))
)
# The same, spread over the nodes; new stock rows take theirs from here.
node_floor = _table("node_floor", _id("node_id"), *(_number(name) for name in ("floor_0", "floor_1", "floor_2")))

# network revision, number of node status changes, last clock reading (SQLite)
counter = _table("counter", _id("name"), _number("value"))

# What signs promise tokens.
secret = _table("secret", _id("name"), Column("value", LargeBinary, nullable=False))

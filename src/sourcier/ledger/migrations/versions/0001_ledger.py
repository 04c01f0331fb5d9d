"""The first ledger: stock, dated supply, pools, reservations, journals, feeds, network and rule sets."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# {key}: tables read by their key are kept in its order on SQLite. {seq}, {bytes}, {xid}: as the database says it.
TABLES = (
    """CREATE TABLE stock (
        node_id TEXT NOT NULL,
        sku TEXT NOT NULL,
        on_hand BIGINT NOT NULL,
        blocked BIGINT NOT NULL DEFAULT 0,
        held BIGINT NOT NULL DEFAULT 0,
        allocated BIGINT NOT NULL DEFAULT 0,
        unsettled BIGINT NOT NULL DEFAULT 0,
        floor_0 BIGINT NOT NULL DEFAULT 0,
        floor_1 BIGINT NOT NULL DEFAULT 0,
        floor_2 BIGINT NOT NULL DEFAULT 0,
        floor_rules BIGINT NOT NULL DEFAULT 0,
        PRIMARY KEY (node_id, sku),
        CONSTRAINT stock_counts CHECK (blocked >= 0 AND held >= 0 AND allocated >= 0 AND unsettled >= 0),
        CONSTRAINT stock_floors CHECK (0 <= floor_0 AND floor_0 <= floor_1 AND floor_1 <= floor_2)
    ) {key} {room}""",
    "CREATE INDEX stock_by_sku ON stock (sku, node_id)",
    """CREATE TABLE pool (
        pool_id TEXT NOT NULL,
        bucket TEXT NOT NULL,
        cap BIGINT NOT NULL,
        used BIGINT NOT NULL DEFAULT 0,
        PRIMARY KEY (pool_id, bucket),
        CONSTRAINT pool_used CHECK (used >= 0)
    ) {key} {room}""",
    """CREATE TABLE request_log (
        request_id TEXT NOT NULL PRIMARY KEY,
        method TEXT NOT NULL,
        fingerprint TEXT NOT NULL,
        response {bytes},
        reservation_id TEXT,
        at BIGINT NOT NULL
    ) {room}""",
    "CREATE INDEX request_log_at ON request_log (at)",
    """CREATE TABLE reservation (
        reservation_id TEXT NOT NULL PRIMARY KEY,
        order_id TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        expires_at BIGINT,
        allocated_at BIGINT,
        rule_set_revision TEXT NOT NULL,
        channel_class BIGINT NOT NULL,
        priority BIGINT NOT NULL DEFAULT 0,
        pegged BIGINT NOT NULL DEFAULT 0,
        document {bytes} NOT NULL,
        CONSTRAINT reservation_kind CHECK (expires_at IS NULL OR allocated_at IS NULL)
    )""",
    "CREATE INDEX reservation_due ON reservation (expires_at) WHERE expires_at IS NOT NULL",
    """CREATE TABLE reservation_line (
        reservation_id TEXT NOT NULL,
        line_no BIGINT NOT NULL,
        line_id TEXT NOT NULL,
        node_id TEXT NOT NULL,
        sku TEXT NOT NULL,
        quantity BIGINT NOT NULL,
        state TEXT NOT NULL,
        bucket TEXT NOT NULL,
        supply_id TEXT NOT NULL,
        shipped_at BIGINT,
        PRIMARY KEY (reservation_id, line_no),
        CONSTRAINT reservation_line_quantity CHECK (quantity > 0),
        CONSTRAINT reservation_line_state CHECK (state IN
            ('HELD', 'ALLOCATED', 'SHIPPED', 'SETTLED', 'RELEASED', 'CANCELLED', 'EXPIRED', 'FAILED')),
        CONSTRAINT reservation_line_peg CHECK (supply_id = '' OR state NOT IN ('SHIPPED', 'SETTLED', 'FAILED'))
    ) {key}""",
    "CREATE INDEX reservation_line_shipped ON reservation_line (node_id, sku) WHERE state = 'SHIPPED'",
    """CREATE INDEX reservation_line_pegged ON reservation_line (node_id, sku, supply_id)
        WHERE supply_id <> '' AND state IN ('HELD', 'ALLOCATED')""",
    """CREATE TABLE reservation_pool (
        reservation_id TEXT NOT NULL,
        pool_id TEXT NOT NULL,
        bucket TEXT NOT NULL,
        node_id TEXT NOT NULL,
        line_bucket TEXT NOT NULL,
        measure TEXT NOT NULL,
        quantity BIGINT NOT NULL,
        PRIMARY KEY (reservation_id, pool_id, bucket, node_id, line_bucket),
        CONSTRAINT reservation_pool_quantity CHECK (quantity >= 0)
    ) {key}""",
    """CREATE TABLE order_line (
        order_id TEXT NOT NULL,
        line_id TEXT NOT NULL,
        ordered BIGINT NOT NULL,
        allocated BIGINT NOT NULL DEFAULT 0,
        PRIMARY KEY (order_id, line_id),
        CONSTRAINT order_line_allocated CHECK (0 <= allocated AND allocated <= ordered)
    ) {key}""",
    """CREATE TABLE journal (
        seq {seq},
        xid BIGINT NOT NULL DEFAULT {xid},
        at BIGINT NOT NULL,
        actor TEXT NOT NULL,
        cause TEXT NOT NULL,
        ref TEXT NOT NULL,
        node_id TEXT NOT NULL,
        sku TEXT NOT NULL,
        d_on_hand BIGINT NOT NULL DEFAULT 0,
        d_blocked BIGINT NOT NULL DEFAULT 0,
        d_held BIGINT NOT NULL DEFAULT 0,
        d_allocated BIGINT NOT NULL DEFAULT 0,
        d_unsettled BIGINT NOT NULL DEFAULT 0,
        channel_class BIGINT,
        floor_used BIGINT,
        avail_after BIGINT NOT NULL,
        rule_set_revision TEXT NOT NULL
    )""",
    """CREATE TABLE pool_journal (
        seq {seq},
        xid BIGINT NOT NULL DEFAULT {xid},
        at BIGINT NOT NULL,
        actor TEXT NOT NULL,
        cause TEXT NOT NULL,
        ref TEXT NOT NULL,
        pool_id TEXT NOT NULL,
        bucket TEXT NOT NULL,
        d_used BIGINT NOT NULL,
        used_after BIGINT NOT NULL,
        cap_then BIGINT NOT NULL
    )""",
    """CREATE TABLE supply (
        node_id TEXT NOT NULL,
        sku TEXT NOT NULL,
        supply_id TEXT NOT NULL,
        kind TEXT NOT NULL,
        quantity BIGINT,
        received BIGINT NOT NULL,
        expected_on TEXT,
        lead_days BIGINT,
        probability_bp BIGINT NOT NULL,
        preorder BIGINT NOT NULL,
        closed BIGINT NOT NULL,
        epoch BIGINT NOT NULL,
        seq BIGINT NOT NULL,
        usable BIGINT NOT NULL,
        held BIGINT NOT NULL DEFAULT 0,
        allocated BIGINT NOT NULL DEFAULT 0,
        PRIMARY KEY (node_id, sku, supply_id),
        CONSTRAINT supply_counts CHECK (usable >= 0 AND held >= 0 AND allocated >= 0),
        CONSTRAINT supply_ready CHECK (expected_on IS NOT NULL OR lead_days IS NOT NULL)
    ) {key} {room}""",
    "CREATE INDEX supply_by_sku ON supply (sku, node_id, supply_id)",
    """CREATE TABLE supply_journal (
        seq {seq},
        xid BIGINT NOT NULL DEFAULT {xid},
        at BIGINT NOT NULL,
        actor TEXT NOT NULL,
        cause TEXT NOT NULL,
        ref TEXT NOT NULL,
        supply_id TEXT NOT NULL,
        node_id TEXT NOT NULL,
        sku TEXT NOT NULL,
        d_received BIGINT NOT NULL DEFAULT 0,
        d_usable BIGINT NOT NULL DEFAULT 0,
        d_held BIGINT NOT NULL DEFAULT 0,
        d_allocated BIGINT NOT NULL DEFAULT 0,
        floor_used BIGINT,
        free_after BIGINT NOT NULL
    )""",
    """CREATE TABLE feed_item (
        source TEXT NOT NULL,
        node_id TEXT NOT NULL,
        sku TEXT NOT NULL,
        epoch BIGINT NOT NULL,
        last_seq BIGINT NOT NULL,
        as_of BIGINT NOT NULL,
        PRIMARY KEY (source, node_id, sku)
    ) {key} {room}""",
    """CREATE TABLE feed_cursor (
        node_id TEXT NOT NULL,
        source TEXT NOT NULL,
        epoch BIGINT NOT NULL,
        last_seq BIGINT NOT NULL,
        PRIMARY KEY (node_id, source)
    ) {key} {room}""",
    """CREATE TABLE feed_dead_letter (
        seq {seq},
        source TEXT NOT NULL,
        kind TEXT NOT NULL,
        node_id TEXT NOT NULL,
        sku TEXT NOT NULL,
        supply_id TEXT NOT NULL,
        epoch BIGINT NOT NULL,
        record_seq BIGINT NOT NULL,
        payload {bytes} NOT NULL,
        reason TEXT NOT NULL,
        at BIGINT NOT NULL,
        CONSTRAINT feed_dead_letter_once UNIQUE (source, kind, node_id, sku, supply_id, epoch, record_seq)
    )""",
    """CREATE TABLE node (
        node_id TEXT NOT NULL PRIMARY KEY,
        node_type TEXT NOT NULL,
        status TEXT NOT NULL,
        network_revision BIGINT NOT NULL
    ) {key}""",
    """CREATE TABLE network (
        revision BIGINT NOT NULL PRIMARY KEY,
        document {bytes} NOT NULL,
        at BIGINT NOT NULL
    )""",
    """CREATE TABLE rule_set (
        rule_set_id TEXT NOT NULL,
        revision BIGINT NOT NULL,
        document {bytes} NOT NULL,
        comment TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        PRIMARY KEY (rule_set_id, revision)
    )""",
    """CREATE TABLE activation (
        id BIGINT NOT NULL PRIMARY KEY,
        rule_set_id TEXT,
        revision BIGINT,
        counter BIGINT NOT NULL DEFAULT 0,
        pending TEXT,
        touched_at BIGINT NOT NULL DEFAULT 0,
        settled BIGINT NOT NULL DEFAULT 0,
        CONSTRAINT activation_single CHECK (id = 1)
    ) {key}""",
    "INSERT INTO activation (id, settled) VALUES (1, 1)",
    """CREATE TABLE type_floor (
        phase TEXT NOT NULL,
        node_type TEXT NOT NULL,
        floor_0 BIGINT NOT NULL,
        floor_1 BIGINT NOT NULL,
        floor_2 BIGINT NOT NULL,
        PRIMARY KEY (phase, node_type)
    ) {key}""",
    """CREATE TABLE node_floor (
        node_id TEXT NOT NULL PRIMARY KEY,
        floor_0 BIGINT NOT NULL,
        floor_1 BIGINT NOT NULL,
        floor_2 BIGINT NOT NULL
    ) {key}""",
    "CREATE TABLE counter (name TEXT NOT NULL PRIMARY KEY, value BIGINT NOT NULL) {key} {room}",
    "INSERT INTO counter (name, value) VALUES ('network', 0), ('status', 0), ('clock', 0)",
    "CREATE TABLE secret (name TEXT NOT NULL PRIMARY KEY, value {bytes} NOT NULL) {key}",
)

APPEND_ONLY = ("journal", "pool_journal", "supply_journal")

ON_SQLITE = (
    """CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table}
       BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END""",
    """CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table}
       BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END""",
)

# The database's clock is one function, so that every statement reads the same clock on every replica.
CLOCK = """CREATE FUNCTION ledger_clock() RETURNS BIGINT LANGUAGE sql VOLATILE
    AS 'SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)'"""
APPEND_ONLY_FUNCTION = """CREATE FUNCTION ledger_append_only() RETURNS trigger LANGUAGE plpgsql
    AS 'BEGIN RAISE EXCEPTION ''% is append-only'', TG_TABLE_NAME; END'"""
ON_POSTGRESQL = (
    """CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
       FOR EACH ROW EXECUTE FUNCTION ledger_append_only()""",
    """CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
       FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only()""",
    "CREATE INDEX {table}_by_xid ON {table} (xid, seq)",  # SQLite's xid is always 0: the row id does
)

NAMES = (
    "secret",
    "counter",
    "node_floor",
    "type_floor",
    "activation",
    "rule_set",
    "network",
    "node",
    "feed_dead_letter",
    "feed_cursor",
    "feed_item",
    "supply_journal",
    "supply",
    "pool_journal",
    "journal",
    "order_line",
    "reservation_pool",
    "reservation_line",
    "reservation",
    "request_log",
    "pool",
    "stock",
)


def upgrade() -> None:
    """Create every table, the append-only triggers and, on PostgreSQL, the clock."""
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    words = {
        "key": "WITHOUT ROWID" if on_sqlite else "",
        "room": "" if on_sqlite else "WITH (fillfactor = 70)",  # updates stay on their page
        "seq": "INTEGER NOT NULL PRIMARY KEY" if on_sqlite else "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        "bytes": "BLOB" if on_sqlite else "BYTEA",
        "xid": "0" if on_sqlite else "(CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT))",
    }
    for statement in TABLES:
        op.execute(statement.format(**words))
    if not on_sqlite:
        op.execute(CLOCK)
        op.execute(APPEND_ONLY_FUNCTION)
    for table in APPEND_ONLY:
        for statement in ON_SQLITE if on_sqlite else ON_POSTGRESQL:
            op.execute(statement.format(table=table))


def downgrade() -> None:
    """Drop everything; the ledger is gone."""
    for name in NAMES:
        op.execute(f"DROP TABLE {name}")
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION ledger_clock()")
        op.execute("DROP FUNCTION ledger_append_only()")

"""Every statement of the ledger's working day, by name. `dialect` says how one text serves both databases.

Rules that all of them keep (ledger specification, 3.3 and 3.4):

* what limits a reservation is a predicate over columns of the row that the UPDATE changes, in its WHERE;
* rows are locked and changed in key order, one table after the other: request, order line, reservation and its
  lines, pool, stock row, journal (feeds: cursor, then stock row, then SHIPPED lines, which nothing else touches);
* no statement is put together from pieces at run time.
"""

from typing import Final

from sourcier.ledger.dialect import query

# --- requests ---------------------------------------------------------------------------------------------------

BEGIN_REQUEST: Final = query("""
    INSERT INTO request_log (request_id, method, fingerprint, at)
    VALUES (:request_id, :method, :fingerprint, ledger_clock())
    ON CONFLICT (request_id) DO NOTHING RETURNING at""")
FINISH_REQUEST: Final = query("""
    UPDATE request_log SET response = :response, reservation_id = :reservation_id WHERE request_id = :request_id""")
GET_REQUEST: Final = query("SELECT method, fingerprint, response FROM request_log WHERE request_id = :request_id")
FORGET_REQUESTS: Final = query("""
    WITH old AS MATERIALIZED (
        SELECT request_id FROM request_log r WHERE r.at <= ledger_clock() - :age AND NOT EXISTS (
            SELECT 1 FROM reservation_line l
            WHERE l.reservation_id = r.reservation_id AND l.state IN ('HELD', 'ALLOCATED'))
        ORDER BY r.at LIMIT :num_max)
    DELETE FROM request_log WHERE request_id IN (SELECT request_id FROM old) RETURNING request_id""")
CLOCK: Final = query("SELECT ledger_clock()")

# --- order lines ------------------------------------------------------------------------------------------------

TAKE_ORDER_LINES: Final = query("""
    INSERT INTO order_line (order_id, line_id, ordered, allocated)
    SELECT :order_id, want.line_id, want.ordered, want.quantity
    FROM EACH(:rows, line_id TEXT, ordered BIGINT, quantity BIGINT) AS want WHERE true
    ON CONFLICT (order_id, line_id) DO UPDATE
    SET ordered = excluded.ordered, allocated = order_line.allocated + excluded.allocated
    WHERE order_line.allocated + excluded.allocated <= excluded.ordered
    RETURNING line_id""")
LOCK_ORDER_LINES: Final = query(
    "SELECT line_id FROM order_line WHERE order_id = :order_id ORDER BY line_id FOR UPDATE", postgresql_only=True
)
GIVE_ORDER_LINES: Final = query("""
    UPDATE order_line SET allocated = order_line.allocated - back.quantity
    FROM EACH(:rows, order_id TEXT, line_id TEXT, quantity BIGINT) AS back
    WHERE order_line.order_id = back.order_id AND order_line.line_id = back.line_id""")

# --- reservations -----------------------------------------------------------------------------------------------

INSERT_RESERVATION: Final = query("""
    INSERT INTO reservation (reservation_id, order_id, created_at, expires_at, allocated_at, rule_set_revision,
        channel_class, priority, pegged, document)
    VALUES (:reservation_id, :order_id, :created_at, :expires_at, :allocated_at, :rule_set_revision,
        :channel_class, :priority, :pegged, :document)""")
INSERT_LINES: Final = query("""
    INSERT INTO reservation_line (reservation_id, line_no, line_id, node_id, sku, quantity, state, bucket, supply_id,
        shipped_at)
    SELECT :reservation_id, line.line_no, line.line_id, line.node_id, line.sku, line.quantity, line.state,
        line.bucket, line.supply_id, line.shipped_at
    FROM EACH(:rows, line_no BIGINT, line_id TEXT, node_id TEXT, sku TEXT, quantity BIGINT, state TEXT, bucket TEXT,
        supply_id TEXT, shipped_at BIGINT) AS line""")
INSERT_RESERVATION_POOLS: Final = query("""
    INSERT INTO reservation_pool (reservation_id, pool_id, bucket, node_id, line_bucket, measure, quantity)
    SELECT :reservation_id, use.pool_id, use.bucket, use.node_id, use.line_bucket, use.measure, use.quantity
    FROM EACH(:rows, pool_id TEXT, bucket TEXT, node_id TEXT, line_bucket TEXT, measure TEXT, quantity BIGINT)
        AS use""")
GET_RESERVATION: Final = query("""
    SELECT reservation_id, order_id, created_at, expires_at, allocated_at, rule_set_revision, channel_class, document,
        ledger_clock(), pegged
    FROM reservation WHERE reservation_id = :reservation_id""")
LOCK_RESERVATION: Final = query("""
    SELECT order_id, created_at, expires_at, allocated_at, rule_set_revision, channel_class, document, ledger_clock(),
        pegged
    FROM reservation WHERE reservation_id = :reservation_id FOR UPDATE""")
GET_LINES: Final = query("""
    SELECT line_no, line_id, node_id, sku, quantity, state, bucket, supply_id FROM reservation_line
    WHERE reservation_id = :reservation_id ORDER BY line_no""")
ALLOCATE_HOLD: Final = query("""
    UPDATE reservation
    SET expires_at = NULL, allocated_at = ledger_clock(), order_id = :order_id, document = :document,
        priority = :priority
    WHERE reservation_id = :reservation_id AND expires_at > ledger_clock()
    RETURNING allocated_at, rule_set_revision, pegged""")
CLOSE_HOLD: Final = query("UPDATE reservation SET expires_at = NULL WHERE reservation_id = :reservation_id")
MOVE_LINES: Final = query("""
    UPDATE reservation_line SET state = :new_state, shipped_at = :shipped_at
    FROM EACH(:rows, reservation_id TEXT, line_no BIGINT, quantity BIGINT) AS move
    WHERE reservation_line.reservation_id = move.reservation_id AND reservation_line.line_no = move.line_no
        AND reservation_line.state = :old_state AND reservation_line.quantity = move.quantity
    RETURNING reservation_line.line_no""")
SHRINK_LINES: Final = query("""
    UPDATE reservation_line SET quantity = reservation_line.quantity - part.quantity
    FROM EACH(:rows, reservation_id TEXT, line_no BIGINT, quantity BIGINT) AS part
    WHERE reservation_line.reservation_id = part.reservation_id AND reservation_line.line_no = part.line_no
        AND reservation_line.state = :old_state AND reservation_line.quantity > part.quantity
    RETURNING reservation_line.line_no""")
# In a sub-select PostgreSQL may run the LIMIT again for every row; a materialized one it runs once.
EXPIRE_HOLDS: Final = query("""
    WITH due AS MATERIALIZED (
        SELECT reservation_id FROM reservation WHERE expires_at <= ledger_clock()
        ORDER BY expires_at, reservation_id LIMIT :num_max FOR UPDATE SKIP LOCKED)
    UPDATE reservation SET expires_at = NULL
    WHERE reservation_id IN (SELECT reservation_id FROM due) AND expires_at <= ledger_clock()
    RETURNING reservation_id, pegged""")
EXPIRE_LINES: Final = query("""
    UPDATE reservation_line SET state = 'EXPIRED'
    FROM EACH(:rows, reservation_id TEXT) AS due
    WHERE reservation_line.reservation_id = due.reservation_id AND reservation_line.state = 'HELD'
    RETURNING reservation_line.reservation_id, reservation_line.node_id, reservation_line.sku,
        reservation_line.supply_id, reservation_line.quantity""")

# --- pools ------------------------------------------------------------------------------------------------------

LOCK_POOLS: Final = query(
    """
    SELECT 1 FROM pool JOIN EACH(:rows, pool_id TEXT, bucket TEXT, quantity BIGINT) AS want
        ON pool.pool_id = want.pool_id AND pool.bucket = want.bucket
    ORDER BY pool.pool_id, pool.bucket FOR UPDATE OF pool""",
    postgresql_only=True,
)
TAKE_POOLS: Final = query("""
    UPDATE pool SET used = pool.used + want.quantity
    FROM EACH(:rows, pool_id TEXT, bucket TEXT, quantity BIGINT) AS want
    WHERE pool.pool_id = want.pool_id AND pool.bucket = want.bucket AND pool.used + want.quantity <= pool.cap
    RETURNING pool.pool_id, pool.bucket, pool.used, pool.cap""")
GIVE_POOLS: Final = query("""
    UPDATE pool SET used = pool.used - back.quantity
    FROM EACH(:rows, pool_id TEXT, bucket TEXT, quantity BIGINT) AS back
    WHERE pool.pool_id = back.pool_id AND pool.bucket = back.bucket
    RETURNING pool.pool_id, pool.bucket, pool.used, pool.cap""")
MAKE_POOLS: Final = query("""
    INSERT INTO pool (pool_id, bucket, cap)
    SELECT template.pool_id, want.bucket, template.cap
    FROM EACH(:rows, pool_id TEXT, bucket TEXT, quantity BIGINT, weekday TEXT) AS want
        JOIN pool AS template ON template.pool_id = want.pool_id AND template.bucket = (
            SELECT MAX(bucket) FROM pool AS one WHERE one.pool_id = want.pool_id AND one.bucket IN ('*', want.weekday))
    WHERE NOT EXISTS (SELECT 1 FROM pool AS made WHERE made.pool_id = want.pool_id AND made.bucket = want.bucket)
    ORDER BY template.pool_id, want.bucket FOR SHARE OF template
    ON CONFLICT (pool_id, bucket) DO NOTHING""")
GET_RESERVATION_POOLS: Final = query("""
    SELECT reservation_id, pool_id, bucket, node_id, line_bucket, measure, quantity FROM reservation_pool
    WHERE reservation_id AMONG(:rows) AND quantity > 0""")
GET_COUNTING_LINES: Final = query("""
    SELECT reservation_id, line_id, node_id, bucket, quantity FROM reservation_line
    WHERE reservation_id AMONG(:rows)
        AND state IN ('HELD', 'ALLOCATED', 'SHIPPED', 'SETTLED')""")
SHRINK_RESERVATION_POOLS: Final = query("""
    UPDATE reservation_pool SET quantity = reservation_pool.quantity - back.quantity
    FROM EACH(:rows, reservation_id TEXT, pool_id TEXT, bucket TEXT, node_id TEXT, line_bucket TEXT, quantity BIGINT)
        AS back
    WHERE reservation_pool.reservation_id = back.reservation_id AND reservation_pool.pool_id = back.pool_id
        AND reservation_pool.bucket = back.bucket AND reservation_pool.node_id = back.node_id
        AND reservation_pool.line_bucket = back.line_bucket""")
GET_POOL_USES: Final = query("""
    SELECT pool_id, bucket, used FROM pool WHERE bucket >= :since AND bucket NOT LIKE '*%' ORDER BY pool_id, bucket""")
GET_POOL_USES_OF: Final = query("""
    SELECT pool.pool_id, pool.bucket, pool.used FROM pool JOIN EACH(:rows, pool_id TEXT, bucket TEXT) AS want
        ON pool.pool_id = want.pool_id AND pool.bucket = want.bucket""")
JOURNAL_POOLS: Final = query("""
    INSERT INTO pool_journal (at, actor, cause, ref, pool_id, bucket, d_used, used_after, cap_then)
    SELECT ledger_clock(), :actor, :cause, entry.ref, entry.pool_id, entry.bucket, entry.d_used, entry.used_after,
        entry.cap_then
    FROM EACH(:rows, ref TEXT, pool_id TEXT, bucket TEXT, d_used BIGINT, used_after BIGINT, cap_then BIGINT)
        AS entry""")

# --- stock ------------------------------------------------------------------------------------------------------

LOCK_STOCK: Final = query(
    """
    SELECT 1 FROM stock JOIN EACH(:rows, node_id TEXT, sku TEXT) AS want
        ON stock.node_id = want.node_id AND stock.sku = want.sku
    ORDER BY stock.node_id, stock.sku FOR UPDATE OF stock""",
    postgresql_only=True,
)
TAKE_STOCK: Final = query("""
    UPDATE stock SET held = stock.held + want.held, allocated = stock.allocated + want.allocated
    FROM EACH(:rows, node_id TEXT, sku TEXT, held BIGINT, allocated BIGINT, floor BIGINT) AS want
    WHERE stock.node_id = want.node_id AND stock.sku = want.sku
        AND stock.on_hand - stock.blocked - stock.held - stock.allocated - stock.unsettled - want.held - want.allocated
            >= GREATEST(CASE :channel_class WHEN 0 THEN stock.floor_0 WHEN 1 THEN stock.floor_1 ELSE stock.floor_2 END,
                want.floor)
    RETURNING stock.node_id, stock.sku,
        stock.on_hand - stock.blocked - stock.held - stock.allocated - stock.unsettled,
        CASE :channel_class WHEN 0 THEN stock.floor_0 WHEN 1 THEN stock.floor_1 ELSE stock.floor_2 END""")
MOVE_STOCK: Final = query("""
    UPDATE stock SET on_hand = stock.on_hand + move.d_on_hand, blocked = stock.blocked + move.d_blocked,
        held = stock.held + move.d_held, allocated = stock.allocated + move.d_allocated,
        unsettled = stock.unsettled + move.d_unsettled
    FROM EACH(:rows, node_id TEXT, sku TEXT, d_on_hand BIGINT, d_blocked BIGINT, d_held BIGINT, d_allocated BIGINT,
        d_unsettled BIGINT) AS move
    WHERE stock.node_id = move.node_id AND stock.sku = move.sku
    RETURNING stock.node_id, stock.sku,
        stock.on_hand - stock.blocked - stock.held - stock.allocated - stock.unsettled""")
JOURNAL: Final = query("""
    INSERT INTO journal (at, actor, cause, ref, node_id, sku, d_on_hand, d_blocked, d_held, d_allocated, d_unsettled,
        channel_class, floor_used, avail_after, rule_set_revision)
    SELECT ledger_clock(), :actor, :cause, entry.ref, entry.node_id, entry.sku, entry.d_on_hand, entry.d_blocked,
        entry.d_held, entry.d_allocated, entry.d_unsettled, :channel_class, entry.floor_used, entry.avail_after,
        :rule_set_revision
    FROM EACH(:rows, ref TEXT, node_id TEXT, sku TEXT, d_on_hand BIGINT, d_blocked BIGINT, d_held BIGINT,
        d_allocated BIGINT, d_unsettled BIGINT, floor_used BIGINT, avail_after BIGINT) AS entry""")
GET_STOCK: Final = query("""
    SELECT stock.node_id, stock.sku, on_hand, blocked, held, allocated, unsettled, floor_0, floor_1, floor_2
    FROM EACH(:rows, node_id TEXT, sku TEXT) AS want
        JOIN stock ON stock.node_id = want.node_id AND stock.sku = want.sku""")
GET_LEVELS: Final = query("""
    SELECT stock.node_id, stock.sku, on_hand - blocked - held - allocated - unsettled, floor_0, floor_1, floor_2
    FROM EACH(:rows, node_id TEXT, sku TEXT) AS want
        JOIN stock ON stock.node_id = want.node_id AND stock.sku = want.sku""")
NODE_LEVELS: Final = query("""
    SELECT string_agg(one.sku, :separator), string_agg(CAST(one.free - one.excess AS TEXT), ','),
        SUM(CASE WHEN one.excess > 0 THEN 1 ELSE 0 END)
    FROM (
        SELECT sku, on_hand - blocked - held - allocated - unsettled AS free,
            GREATEST(0, floor_0 - :floor_0, floor_1 - :floor_1, floor_2 - :floor_2) AS excess
        FROM stock WHERE node_id = :node_id) AS one""")
GUARDED_OF_NODE: Final = query("""
    SELECT sku FROM stock
    WHERE node_id = :node_id AND (floor_0 > :floor_0 OR floor_1 > :floor_1 OR floor_2 > :floor_2)""")
NODES_IN_FORCE: Final = query("""
    SELECT node_id, node_type FROM node
    WHERE network_revision = (SELECT value FROM counter WHERE name = 'network') ORDER BY node_id""")
PAGE_STOCK: Final = query("""
    SELECT node_id, sku, on_hand, blocked, held, allocated, unsettled, floor_0, floor_1, floor_2 FROM stock
    WHERE (node_id, sku) > (:after_node, :after_sku) ORDER BY node_id, sku LIMIT :num_max""")
PAGE_STOCK_OF_NODES: Final = query("""
    SELECT node_id, sku, on_hand, blocked, held, allocated, unsettled, floor_0, floor_1, floor_2 FROM stock
    WHERE node_id AMONG(:nodes) AND (node_id, sku) > (:after_node, :after_sku)
    ORDER BY node_id, sku LIMIT :num_max""")
PAGE_STOCK_OF_SKUS: Final = query("""
    SELECT node_id, sku, on_hand, blocked, held, allocated, unsettled, floor_0, floor_1, floor_2 FROM stock
    WHERE sku AMONG(:skus) AND (node_id, sku) > (:after_node, :after_sku)
    ORDER BY node_id, sku LIMIT :num_max""")
PAGE_STOCK_OF_BOTH: Final = query("""
    SELECT node_id, sku, on_hand, blocked, held, allocated, unsettled, floor_0, floor_1, floor_2 FROM stock
    WHERE node_id AMONG(:nodes) AND sku AMONG(:skus) AND (node_id, sku) > (:after_node, :after_sku)
    ORDER BY node_id, sku LIMIT :num_max""")

# --- following --------------------------------------------------------------------------------------------------

# One statement, for each is a way to the database and back; one row, for a thread of Python that steps through rows has
# to wait for the others at every one.
CHANGES: Final = query("""
    WITH changed AS MATERIALIZED (
        SELECT xid, seq, node_id, sku, at FROM journal WHERE AFTER(:stock_xid, :stock_seq) AND NOT_AHEAD(:stock_ahead)
        ORDER BY COMMIT_ORDER LIMIT :num_max)
    SELECT COUNT(*), MAX(seq), MIN(at),
        (SELECT xid FROM changed WHERE IS_FINAL ORDER BY NEWEST_FIRST LIMIT 1),
        (SELECT seq FROM changed WHERE IS_FINAL ORDER BY NEWEST_FIRST LIMIT 1),
        (SELECT JSON_ROWS(xid) FROM (SELECT DISTINCT xid FROM changed WHERE NOT IS_FINAL) AS early),
        (SELECT JSON_ROWS(stock.node_id, stock.sku, on_hand - blocked - held - allocated - unsettled, floor_0, floor_1,
            floor_2)
        FROM changed CROSS JOIN stock WHERE stock.node_id = changed.node_id AND stock.sku = changed.sku),
        (SELECT JSON_ROWS(xid, seq, final, pool_id, bucket) FROM (
            SELECT xid, seq, CASE WHEN IS_FINAL THEN 1 ELSE 0 END AS final, pool_id, bucket FROM pool_journal
            WHERE AFTER(:pool_xid, :pool_seq) AND NOT_AHEAD(:pool_ahead)
            ORDER BY COMMIT_ORDER LIMIT :num_max) AS changed_pools),
        (SELECT JSON_ROWS(xid, seq, final, supply_id, node_id, sku) FROM (
            SELECT xid, seq, CASE WHEN IS_FINAL THEN 1 ELSE 0 END AS final, supply_id, node_id, sku FROM supply_journal
            WHERE AFTER(:supply_xid, :supply_seq) AND NOT_AHEAD(:supply_ahead)
            ORDER BY COMMIT_ORDER LIMIT :num_max) AS changed_supplies),
        (SELECT value FROM counter WHERE name = 'network'), (SELECT value FROM counter WHERE name = 'status'),
        (SELECT counter FROM activation), ledger_clock()
    FROM changed""")
# How many entries there will be, the planner can only guess, and would rather read all of stock.
BY_KEY: Final = query(
    "SELECT set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)",
    postgresql_only=True,
)
LAST_STOCK_CHANGE: Final = query("""
    SELECT xid, seq FROM journal WHERE IS_FINAL ORDER BY NEWEST_FIRST LIMIT 1""")
LAST_POOL_CHANGE: Final = query("""
    SELECT xid, seq FROM pool_journal WHERE IS_FINAL ORDER BY NEWEST_FIRST LIMIT 1""")
NO_TIMEOUT: Final = query("SET LOCAL statement_timeout = 0", postgresql_only=True)

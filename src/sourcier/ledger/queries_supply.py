"""Statements of dated supply, by name; the rules of `queries` hold here too.

A row of `supply`, and a line that is pegged to it, change only under the lock of the stock row of the same node and
SKU. So neither needs an order of locks of its own, and what a statement reads of them after that lock stays true.
"""

from typing import Final

from sourcier.ledger.dialect import query

# --- pegs -------------------------------------------------------------------------------------------------------

LOCK_STOCK_FREE: Final = query("""
    SELECT stock.node_id, stock.sku,
        stock.on_hand - stock.blocked - stock.held - stock.allocated - stock.unsettled,
        CASE :channel_class WHEN 0 THEN stock.floor_0 WHEN 1 THEN stock.floor_1 ELSE stock.floor_2 END
    FROM EACH(:rows, node_id TEXT, sku TEXT) AS want
        JOIN stock ON stock.node_id = want.node_id AND stock.sku = want.sku
    ORDER BY stock.node_id, stock.sku FOR UPDATE OF stock""")
LOCK_STOCK_OF_LINES: Final = query(
    """
    SELECT 1 FROM stock WHERE (node_id, sku) IN (
        SELECT line.node_id, line.sku FROM EACH(:rows, reservation_id TEXT) AS one
            JOIN reservation_line AS line ON line.reservation_id = one.reservation_id
        WHERE line.state IN ('HELD', 'ALLOCATED'))
    ORDER BY node_id, sku FOR UPDATE""",
    postgresql_only=True,
)
LOCK_POOLS_OF_RESERVATIONS: Final = query(
    """
    SELECT 1 FROM pool WHERE (pool_id, bucket) IN (
        SELECT use.pool_id, use.bucket FROM EACH(:rows, reservation_id TEXT) AS one
            JOIN reservation_pool AS use ON use.reservation_id = one.reservation_id)
    ORDER BY pool_id, bucket FOR UPDATE""",
    postgresql_only=True,
)
FIND_SUPPLY: Final = query("""
    SELECT supply.supply_id, supply.node_id, supply.sku
    FROM EACH(:rows, supply_id TEXT, node_id TEXT, sku TEXT, quantity BIGINT) AS want JOIN supply
        ON supply.node_id = want.node_id AND supply.sku = want.sku AND supply.supply_id = want.supply_id
    WHERE supply.usable - supply.held - supply.allocated >= want.quantity""")
TAKE_SUPPLY: Final = query("""
    UPDATE supply SET held = supply.held + want.held, allocated = supply.allocated + want.allocated
    FROM EACH(:rows, node_id TEXT, sku TEXT, supply_id TEXT, held BIGINT, allocated BIGINT, kept BIGINT) AS want
    WHERE supply.node_id = want.node_id AND supply.sku = want.sku AND supply.supply_id = want.supply_id
        AND supply.usable - supply.held - supply.allocated - want.held - want.allocated >= want.kept
    RETURNING supply.node_id, supply.sku, supply.supply_id, supply.usable - supply.held - supply.allocated""")
MOVE_PEGS: Final = query("""
    UPDATE supply SET held = supply.held + move.held, allocated = supply.allocated + move.allocated
    FROM EACH(:rows, node_id TEXT, sku TEXT, supply_id TEXT, held BIGINT, allocated BIGINT) AS move
    WHERE supply.node_id = move.node_id AND supply.sku = move.sku AND supply.supply_id = move.supply_id
    RETURNING supply.node_id, supply.sku, supply.supply_id, supply.usable - supply.held - supply.allocated""")
JOURNAL_SUPPLY: Final = query("""
    INSERT INTO supply_journal (at, actor, cause, ref, supply_id, node_id, sku, d_received, d_usable, d_held,
        d_allocated, floor_used, free_after)
    SELECT ledger_clock(), :actor, :cause, entry.ref, entry.supply_id, entry.node_id, entry.sku, entry.d_received,
        entry.d_usable, entry.d_held, entry.d_allocated, entry.floor_used, entry.free_after
    FROM EACH(:rows, ref TEXT, node_id TEXT, sku TEXT, supply_id TEXT, d_received BIGINT, d_usable BIGINT,
        d_held BIGINT, d_allocated BIGINT, floor_used BIGINT, free_after BIGINT) AS entry""")

# --- what sources say -------------------------------------------------------------------------------------------

GET_RECORDS: Final = query("""
    SELECT supply.node_id, supply.sku, supply.supply_id, epoch, seq, received, usable, held, allocated
    FROM EACH(:rows, node_id TEXT, sku TEXT, supply_id TEXT) AS want JOIN supply
        ON supply.node_id = want.node_id AND supply.sku = want.sku AND supply.supply_id = want.supply_id""")
PUT_SUPPLY: Final = query("""
    INSERT INTO supply (node_id, sku, supply_id, kind, quantity, received, expected_on, lead_days, probability_bp,
        preorder, closed, epoch, seq, usable, held, allocated)
    SELECT node_id, sku, supply_id, kind, quantity, received, expected_on, lead_days, probability_bp, preorder, closed,
        epoch, seq, usable, held, allocated
    FROM EACH(:rows, node_id TEXT, sku TEXT, supply_id TEXT, kind TEXT, quantity BIGINT, received BIGINT,
        expected_on TEXT, lead_days BIGINT, probability_bp BIGINT, preorder BIGINT, closed BIGINT, epoch BIGINT,
        seq BIGINT, usable BIGINT, held BIGINT, allocated BIGINT) AS said WHERE true
    ON CONFLICT (node_id, sku, supply_id) DO UPDATE
    SET kind = excluded.kind, quantity = excluded.quantity, received = excluded.received,
        expected_on = excluded.expected_on, lead_days = excluded.lead_days, probability_bp = excluded.probability_bp,
        preorder = excluded.preorder, closed = excluded.closed, epoch = excluded.epoch, seq = excluded.seq,
        usable = excluded.usable, held = excluded.held, allocated = excluded.allocated""")
# Those whom the units reach, in the order in which they are served.
GET_PEGGED_LINES: Final = query("""
    SELECT node_id, sku, supply_id, reservation_id, line_no, line_id, quantity, state, bucket
    FROM (
        SELECT line.node_id, line.sku, line.supply_id, line.reservation_id, line.line_no, line.line_id, line.quantity,
            line.state, line.bucket, came_in.units,
            SUM(line.quantity) OVER (PARTITION BY line.node_id, line.sku, line.supply_id
                ORDER BY r.priority DESC, r.created_at, line.reservation_id, line.line_no) AS upto
        FROM EACH(:rows, node_id TEXT, sku TEXT, supply_id TEXT, units BIGINT) AS came_in
            JOIN reservation_line AS line ON line.node_id = came_in.node_id AND line.sku = came_in.sku
                AND line.supply_id = came_in.supply_id AND line.supply_id <> '' AND line.state IN ('HELD', 'ALLOCATED')
            JOIN reservation AS r ON r.reservation_id = line.reservation_id) AS queue
    WHERE upto - quantity < units
    ORDER BY node_id, sku, supply_id, upto""")
UNPEG_LINES: Final = query("""
    UPDATE reservation_line SET supply_id = ''
    FROM EACH(:rows, reservation_id TEXT, line_no BIGINT, quantity BIGINT) AS came_in
    WHERE reservation_line.reservation_id = came_in.reservation_id AND reservation_line.line_no = came_in.line_no
        AND reservation_line.quantity = came_in.quantity
    RETURNING reservation_line.line_no""")
SHRINK_PEGGED_LINES: Final = query("""
    UPDATE reservation_line SET quantity = reservation_line.quantity - came_in.quantity
    FROM EACH(:rows, reservation_id TEXT, line_no BIGINT, quantity BIGINT) AS came_in
    WHERE reservation_line.reservation_id = came_in.reservation_id AND reservation_line.line_no = came_in.line_no
        AND reservation_line.quantity > came_in.quantity
    RETURNING reservation_line.line_no""")
LAST_LINE_NUMBERS: Final = query("""
    SELECT reservation_id, MAX(line_no) FROM reservation_line
    WHERE reservation_id AMONG(:rows) GROUP BY reservation_id""")
INSERT_SPLIT_LINES: Final = query("""
    INSERT INTO reservation_line (reservation_id, line_no, line_id, node_id, sku, quantity, state, bucket, supply_id)
    SELECT part.reservation_id, part.line_no, part.line_id, part.node_id, part.sku, part.quantity, part.state,
        part.bucket, ''
    FROM EACH(:rows, reservation_id TEXT, line_no BIGINT, line_id TEXT, node_id TEXT, sku TEXT, quantity BIGINT,
        state TEXT, bucket TEXT) AS part WHERE true ORDER BY part.reservation_id, part.line_no
    ON CONFLICT (reservation_id, line_no) DO NOTHING RETURNING reservation_id, line_no""")

# --- reading ----------------------------------------------------------------------------------------------------

GET_SUPPLY: Final = query("""
    SELECT supply.supply_id, kind, supply.node_id, supply.sku, usable, held, allocated, expected_on, lead_days, preorder
    FROM EACH(:rows, supply_id TEXT, node_id TEXT, sku TEXT) AS want JOIN supply
        ON supply.node_id = want.node_id AND supply.sku = want.sku AND supply.supply_id = want.supply_id""")
ALL_SUPPLY: Final = query("""
    SELECT supply_id, kind, node_id, sku, usable, held, allocated, expected_on, lead_days, preorder FROM supply
    WHERE usable > 0 OR held > 0 OR allocated > 0 ORDER BY node_id, sku, supply_id""")
PAGE_SUPPLY: Final = query("""
    SELECT supply_id, kind, node_id, sku, usable, held, allocated, expected_on, lead_days, preorder FROM supply
    WHERE (node_id, sku, supply_id) > (:after_node, :after_sku, :after_supply)
    ORDER BY node_id, sku, supply_id LIMIT :num_max""")
PAGE_SUPPLY_OF_NODES: Final = query("""
    SELECT supply_id, kind, node_id, sku, usable, held, allocated, expected_on, lead_days, preorder FROM supply
    WHERE node_id AMONG(:nodes) AND (node_id, sku, supply_id) > (:after_node, :after_sku, :after_supply)
    ORDER BY node_id, sku, supply_id LIMIT :num_max""")
PAGE_SUPPLY_OF_SKUS: Final = query("""
    SELECT supply_id, kind, node_id, sku, usable, held, allocated, expected_on, lead_days, preorder FROM supply
    WHERE sku AMONG(:skus) AND (node_id, sku, supply_id) > (:after_node, :after_sku, :after_supply)
    ORDER BY node_id, sku, supply_id LIMIT :num_max""")
PAGE_SUPPLY_OF_BOTH: Final = query("""
    SELECT supply_id, kind, node_id, sku, usable, held, allocated, expected_on, lead_days, preorder FROM supply
    WHERE node_id AMONG(:nodes) AND sku AMONG(:skus)
        AND (node_id, sku, supply_id) > (:after_node, :after_sku, :after_supply)
    ORDER BY node_id, sku, supply_id LIMIT :num_max""")
LAST_SUPPLY_CHANGE: Final = query("""
    SELECT xid, seq FROM supply_journal WHERE IS_FINAL ORDER BY NEWEST_FIRST LIMIT 1""")

# --- promises at risk -------------------------------------------------------------------------------------------

# All pegs of a supply, and all claims on a stock row of which less is there than promised, queue up by priority, then
# by time: `upto` is how much is wanted up to and including a line. Days are local ones, by the nodes' offsets to UTC.
AT_RISK: Final = query("""
    WITH clock AS (SELECT ledger_clock() AS now),
    peg AS (
        SELECT line.reservation_id, line.line_no, line.line_id, line.node_id, line.sku, line.supply_id, line.quantity,
            line.bucket, r.order_id, r.priority, r.created_at, r.created_at + COALESCE(zone.micros, 0) AS made,
            clock.now + COALESCE(zone.micros, 0) AS today, s.usable AS there, s.closed, s.expected_on,
            s.lead_days * 86400000000 AS lead,
            SUM(line.quantity) OVER (PARTITION BY line.node_id, line.sku, line.supply_id
                ORDER BY r.priority DESC, r.created_at, line.reservation_id, line.line_no) AS upto
        FROM reservation_line AS line JOIN reservation AS r ON r.reservation_id = line.reservation_id
            JOIN supply AS s ON s.node_id = line.node_id AND s.sku = line.sku AND s.supply_id = line.supply_id
            CROSS JOIN clock
            LEFT JOIN EACH(:offsets, node_id TEXT, micros BIGINT) AS zone ON zone.node_id = line.node_id
        WHERE line.supply_id <> '' AND line.state IN ('HELD', 'ALLOCATED')
            AND (:num_nodes = 0 OR line.node_id AMONG(:nodes))
            AND (:num_skus = 0 OR line.sku AMONG(:skus))
            AND (:num_supplies = 0 OR line.supply_id AMONG(:supplies))),
    dated AS (
        SELECT peg.*, UTC_DAY(today) AS this_day, UTC_DAY(today + 86400000000) AS next_day,
            CASE WHEN expected_on IS NULL THEN UTC_DAY(made + lead) ELSE expected_on END AS told
        FROM peg),
    ready AS (
        SELECT dated.*, CASE WHEN told > this_day OR (expected_on IS NULL AND told = this_day) THEN told
            ELSE next_day END AS ready_on
        FROM dated),
    claim AS (
        SELECT line.reservation_id, line.line_no, line.line_id, line.node_id, line.sku, line.quantity, line.bucket,
            r.order_id, r.priority, r.created_at, GREATEST(0, s.on_hand - s.blocked - s.unsettled) AS there,
            SUM(line.quantity) OVER (PARTITION BY line.node_id, line.sku
                ORDER BY r.priority DESC, r.created_at, line.reservation_id, line.line_no) AS upto
        FROM reservation_line AS line CROSS JOIN stock AS s
            CROSS JOIN reservation AS r
        WHERE line.node_id = s.node_id AND line.sku = s.sku AND line.supply_id = ''
            AND line.state IN ('HELD', 'ALLOCATED') AND r.reservation_id = line.reservation_id
            AND s.on_hand - s.blocked - s.held - s.allocated - s.unsettled < 0 AND :num_supplies = 0
            AND (:num_nodes = 0 OR s.node_id AMONG(:nodes))
            AND (:num_skus = 0 OR s.sku AMONG(:skus))),
    risk AS (
        SELECT reservation_id, line_no, line_id, node_id, sku, supply_id, quantity, bucket, order_id, priority,
            created_at, LEAST(quantity, GREATEST(0, upto - there)) AS short,
            CASE WHEN closed = 1 THEN NULL ELSE ready_on END AS ready_on,
            CASE WHEN upto > there THEN 'SHORT' ELSE 'LATE' END AS reason
        FROM ready WHERE upto > there OR (bucket <> '' AND ready_on > bucket)
        UNION ALL
        SELECT reservation_id, line_no, line_id, node_id, sku, '', quantity, bucket, order_id, priority, created_at,
            LEAST(quantity, GREATEST(0, upto - there)), NULL, 'STOCK'
        FROM claim WHERE upto > there),
    page AS (
        SELECT * FROM risk
        WHERE (-priority, created_at, reservation_id, line_no) > (-:priority, :created_at, :after_id, :line_no)
        ORDER BY priority DESC, created_at, reservation_id, line_no LIMIT :num_max)
    SELECT page.reservation_id, page.order_id, page.priority, page.line_id, page.sku, page.node_id, page.supply_id,
        page.quantity, page.short, page.bucket, page.ready_on, page.reason, page.created_at, page.line_no, r.document
    FROM page JOIN reservation AS r ON r.reservation_id = page.reservation_id
    ORDER BY page.priority DESC, page.created_at, page.reservation_id, page.line_no""")

# --- the key of promise tokens ----------------------------------------------------------------------------------

MAKE_SECRET: Final = query("""
    INSERT INTO secret (name, value) VALUES (:name, :value) ON CONFLICT (name) DO NOTHING""")
GET_SECRET: Final = query("SELECT value FROM secret WHERE name = :name")

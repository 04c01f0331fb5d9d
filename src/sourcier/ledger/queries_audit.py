"""The identities of the ledger (specification, 3.7) as queries that return what breaks them: nothing, if well."""

from typing import Final

from sourcier.ledger.dialect import Query, query

STOCK_IS_ITS_JOURNAL: Final = query("""
    SELECT COALESCE(s.node_id, j.node_id), COALESCE(s.sku, j.sku)
    FROM stock AS s FULL JOIN (
        SELECT node_id, sku, SUM(d_on_hand) AS on_hand, SUM(d_blocked) AS blocked, SUM(d_held) AS held,
            SUM(d_allocated) AS allocated, SUM(d_unsettled) AS unsettled
        FROM journal GROUP BY node_id, sku) AS j ON j.node_id = s.node_id AND j.sku = s.sku
    WHERE s.node_id IS NULL OR s.on_hand <> COALESCE(j.on_hand, 0) OR s.blocked <> COALESCE(j.blocked, 0)
        OR s.held <> COALESCE(j.held, 0) OR s.allocated <> COALESCE(j.allocated, 0)
        OR s.unsettled <> COALESCE(j.unsettled, 0)
    ORDER BY 1, 2 LIMIT :num_max""")

STOCK_IS_ITS_LINES: Final = query("""
    SELECT COALESCE(s.node_id, l.node_id), COALESCE(s.sku, l.sku)
    FROM stock AS s FULL JOIN (
        SELECT node_id, sku, SUM(CASE WHEN state = 'HELD' THEN quantity ELSE 0 END) AS held,
            SUM(CASE WHEN state = 'ALLOCATED' THEN quantity ELSE 0 END) AS allocated,
            SUM(CASE WHEN state = 'SHIPPED' THEN quantity ELSE 0 END) AS unsettled
        FROM reservation_line GROUP BY node_id, sku) AS l ON l.node_id = s.node_id AND l.sku = s.sku
    WHERE s.node_id IS NULL OR s.held <> COALESCE(l.held, 0) OR s.allocated <> COALESCE(l.allocated, 0)
        OR s.unsettled <> COALESCE(l.unsettled, 0)
    ORDER BY 1, 2 LIMIT :num_max""")

JOURNAL_REPLAYS: Final = query("""
    SELECT seq, node_id, sku FROM (
        SELECT seq, cause, node_id, sku, floor_used, avail_after,
            SUM(d_on_hand - d_blocked - d_held - d_allocated - d_unsettled)
                OVER (PARTITION BY node_id, sku ORDER BY seq) AS reckoned
        FROM journal) AS entry
    WHERE avail_after <> reckoned
        OR (cause IN ('HOLD', 'ALLOCATE') AND (floor_used IS NULL OR floor_used < 0 OR avail_after < floor_used))
    ORDER BY seq LIMIT :num_max""")

HOLDS_ARE_HELD: Final = query("""
    SELECT r.reservation_id, COUNT(l.line_no) FROM reservation AS r LEFT JOIN reservation_line AS l
        ON l.reservation_id = r.reservation_id AND l.state = 'HELD'
    GROUP BY r.reservation_id, r.expires_at
    HAVING (r.expires_at IS NULL) <> (COUNT(l.line_no) = 0) ORDER BY 1 LIMIT :num_max""")

ORDER_LINES_ARE_THEIR_LINES: Final = query("""
    SELECT COALESCE(o.order_id, l.order_id), COALESCE(o.line_id, l.line_id)
    FROM order_line AS o FULL JOIN (
        SELECT r.order_id, l.line_id, SUM(l.quantity) AS allocated
        FROM reservation_line AS l JOIN reservation AS r ON r.reservation_id = l.reservation_id
        WHERE l.state IN ('ALLOCATED', 'SHIPPED', 'SETTLED')
        GROUP BY r.order_id, l.line_id) AS l ON l.order_id = o.order_id AND l.line_id = o.line_id
    WHERE o.order_id IS NULL OR o.allocated <> COALESCE(l.allocated, 0)
    ORDER BY 1, 2 LIMIT :num_max""")

POOLS_ARE_THEIR_JOURNAL: Final = query("""
    SELECT COALESCE(p.pool_id, j.pool_id), COALESCE(p.bucket, j.bucket)
    FROM pool AS p FULL JOIN (
        SELECT pool_id, bucket, SUM(d_used) AS used FROM pool_journal GROUP BY pool_id, bucket) AS j
        ON j.pool_id = p.pool_id AND j.bucket = p.bucket
    WHERE p.pool_id IS NULL OR p.used <> COALESCE(j.used, 0)
    ORDER BY 1, 2 LIMIT :num_max""")

POOL_JOURNAL_REPLAYS: Final = query("""
    SELECT seq, pool_id, bucket FROM (
        SELECT seq, pool_id, bucket, d_used, used_after, cap_then,
            SUM(d_used) OVER (PARTITION BY pool_id, bucket ORDER BY seq) AS reckoned
        FROM pool_journal) AS entry
    WHERE used_after <> reckoned OR (d_used > 0 AND used_after > cap_then)
    ORDER BY seq LIMIT :num_max""")

POOLS_ARE_THEIR_RESERVATIONS: Final = query("""
    SELECT COALESCE(p.pool_id, r.pool_id), COALESCE(p.bucket, r.bucket)
    FROM pool AS p FULL JOIN (
        SELECT pool_id, bucket, SUM(quantity) AS used FROM reservation_pool GROUP BY pool_id, bucket) AS r
        ON r.pool_id = p.pool_id AND r.bucket = p.bucket
    WHERE p.pool_id IS NULL OR p.used <> COALESCE(r.used, 0)
    ORDER BY 1, 2 LIMIT :num_max""")

POOL_USES_HAVE_LINES: Final = query("""
    SELECT u.reservation_id, u.pool_id, u.bucket
    FROM reservation_pool AS u LEFT JOIN reservation_line AS l
        ON l.reservation_id = u.reservation_id AND l.node_id = u.node_id AND l.bucket IN ('', u.bucket)
            AND l.state IN ('HELD', 'ALLOCATED', 'SHIPPED', 'SETTLED')
    GROUP BY u.reservation_id, u.pool_id, u.bucket, u.node_id, u.measure, u.quantity
    HAVING (u.quantity > 0) <> (COUNT(l.line_no) > 0)
        OR (u.measure = 'UNITS' AND u.quantity > COALESCE(SUM(l.quantity), 0))
        OR (u.measure = 'LINES' AND u.quantity > COUNT(DISTINCT l.line_id))
    ORDER BY 1, 2, 3 LIMIT :num_max""")

FLOORS_ARE_THE_RULES: Final = query("""
    SELECT s.node_id, s.sku FROM stock AS s JOIN node_floor AS f ON f.node_id = s.node_id CROSS JOIN activation AS a
    WHERE a.settled = 1 AND (s.floor_0 <> f.floor_0 OR s.floor_1 <> f.floor_1 OR s.floor_2 <> f.floor_2)
    ORDER BY 1, 2 LIMIT :num_max""")

COUNTS: Final = query("""
    SELECT 'stock rows', COUNT(*) FROM stock
    UNION ALL SELECT 'pool buckets', COUNT(*) FROM pool WHERE bucket <> '*'
    UNION ALL SELECT 'reservations', COUNT(*) FROM reservation
    UNION ALL SELECT 'reservation lines', COUNT(*) FROM reservation_line
    UNION ALL SELECT 'journal entries', COUNT(*) FROM journal
    UNION ALL SELECT 'pool journal entries', COUNT(*) FROM pool_journal
    UNION ALL SELECT 'dead letters', COUNT(*) FROM feed_dead_letter""")

IDENTITIES: Final[tuple[tuple[str, Query], ...]] = (
    ("a stock row is not the sum of its journal", STOCK_IS_ITS_JOURNAL),
    ("a stock row is not the sum of its reservation lines", STOCK_IS_ITS_LINES),
    ("a journal entry does not replay, or took a protected unit", JOURNAL_REPLAYS),
    ("a hold's expiry does not agree with its lines", HOLDS_ARE_HELD),
    ("an order line is not the sum of its allocations", ORDER_LINES_ARE_THEIR_LINES),
    ("a pool is not the sum of its journal", POOLS_ARE_THEIR_JOURNAL),
    ("a pool's journal entry does not replay, or passed the cap", POOL_JOURNAL_REPLAYS),
    ("a pool is not the sum of its reservations", POOLS_ARE_THEIR_RESERVATIONS),
    ("a pool use has no lines, or lines no pool use", POOL_USES_HAVE_LINES),
    ("a stock row lacks the floors of the rules", FLOORS_ARE_THE_RULES),
)

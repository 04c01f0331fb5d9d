"""The identities of the ledger (specification, 3.7) as queries that return what breaks them: nothing, if well."""

from typing import Final

from sourcier.ledger.dialect import Query, query

STOCK_IS_ITS_JOURNAL: Final = query("""
    SELECT node_id, sku FROM (
        SELECT node_id, sku, 1 AS num_rows, on_hand, blocked, held, allocated, unsettled FROM stock
        UNION ALL
        SELECT node_id, sku, 0, -d_on_hand, -d_blocked, -d_held, -d_allocated, -d_unsettled FROM journal) AS entry
    GROUP BY node_id, sku
    HAVING SUM(num_rows) <> 1 OR SUM(on_hand) <> 0 OR SUM(blocked) <> 0 OR SUM(held) <> 0 OR SUM(allocated) <> 0
        OR SUM(unsettled) <> 0
    ORDER BY node_id, sku LIMIT :num_max""")

STOCK_IS_ITS_LINES: Final = query("""
    SELECT node_id, sku FROM (
        SELECT node_id, sku, 1 AS num_rows, held, allocated, unsettled FROM stock
        UNION ALL
        SELECT node_id, sku, 0, CASE WHEN state = 'HELD' THEN -quantity ELSE 0 END,
            CASE WHEN state = 'ALLOCATED' THEN -quantity ELSE 0 END,
            CASE WHEN state = 'SHIPPED' THEN -quantity ELSE 0 END
        FROM reservation_line WHERE supply_id = '') AS entry
    GROUP BY node_id, sku
    HAVING SUM(num_rows) <> 1 OR SUM(held) <> 0 OR SUM(allocated) <> 0 OR SUM(unsettled) <> 0
    ORDER BY node_id, sku LIMIT :num_max""")

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
    SELECT order_id, line_id FROM (
        SELECT order_id, line_id, 1 AS num_rows, allocated FROM order_line
        UNION ALL
        SELECT reservation.order_id, line.line_id, 0, -line.quantity
        FROM reservation_line AS line JOIN reservation ON reservation.reservation_id = line.reservation_id
        WHERE line.state IN ('ALLOCATED', 'SHIPPED', 'SETTLED')) AS entry
    GROUP BY order_id, line_id HAVING SUM(num_rows) <> 1 OR SUM(allocated) <> 0
    ORDER BY order_id, line_id LIMIT :num_max""")

POOLS_ARE_THEIR_JOURNAL: Final = query("""
    SELECT pool_id, bucket FROM (
        SELECT pool_id, bucket, 1 AS num_rows, used FROM pool
        UNION ALL
        SELECT pool_id, bucket, 0, -d_used FROM pool_journal) AS entry
    GROUP BY pool_id, bucket HAVING SUM(num_rows) <> 1 OR SUM(used) <> 0
    ORDER BY pool_id, bucket LIMIT :num_max""")

POOL_JOURNAL_REPLAYS: Final = query("""
    SELECT seq, pool_id, bucket FROM (
        SELECT seq, pool_id, bucket, d_used, used_after, cap_then,
            SUM(d_used) OVER (PARTITION BY pool_id, bucket ORDER BY seq) AS reckoned
        FROM pool_journal) AS entry
    WHERE used_after <> reckoned OR (d_used > 0 AND used_after > cap_then)
    ORDER BY seq LIMIT :num_max""")

POOLS_ARE_THEIR_RESERVATIONS: Final = query("""
    SELECT pool_id, bucket FROM (
        SELECT pool_id, bucket, 1 AS num_rows, used FROM pool
        UNION ALL
        SELECT pool_id, bucket, 0, -quantity FROM reservation_pool) AS entry
    GROUP BY pool_id, bucket HAVING SUM(num_rows) <> 1 OR SUM(used) <> 0
    ORDER BY pool_id, bucket LIMIT :num_max""")

POOL_USES_HAVE_LINES: Final = query("""
    SELECT u.reservation_id, u.pool_id, u.bucket
    FROM reservation_pool AS u LEFT JOIN reservation_line AS l
        ON l.reservation_id = u.reservation_id AND l.node_id = u.node_id AND l.bucket IN ('', u.line_bucket)
            AND l.state IN ('HELD', 'ALLOCATED', 'SHIPPED', 'SETTLED')
    GROUP BY u.reservation_id, u.pool_id, u.bucket, u.node_id, u.line_bucket, u.measure, u.quantity
    HAVING (u.quantity > 0) <> (COUNT(l.line_no) > 0)
        OR (u.measure = 'UNITS' AND u.quantity > COALESCE(SUM(l.quantity), 0))
        OR (u.measure = 'LINES' AND u.quantity > COUNT(DISTINCT l.line_id))
    ORDER BY 1, 2, 3 LIMIT :num_max""")

SUPPLY_IS_ITS_JOURNAL: Final = query("""
    SELECT node_id, sku, supply_id FROM (
        SELECT node_id, sku, supply_id, 1 AS num_rows, received, usable, held, allocated FROM supply
        UNION ALL
        SELECT node_id, sku, supply_id, 0, -d_received, -d_usable, -d_held, -d_allocated FROM supply_journal) AS entry
    GROUP BY node_id, sku, supply_id
    HAVING SUM(num_rows) <> 1 OR SUM(received) <> 0 OR SUM(usable) <> 0 OR SUM(held) <> 0 OR SUM(allocated) <> 0
    ORDER BY node_id, sku, supply_id LIMIT :num_max""")

SUPPLY_IS_ITS_LINES: Final = query("""
    SELECT node_id, sku, supply_id FROM (
        SELECT node_id, sku, supply_id, 1 AS num_rows, held, allocated FROM supply
        UNION ALL
        SELECT node_id, sku, supply_id, 0, CASE WHEN state = 'HELD' THEN -quantity ELSE 0 END,
            CASE WHEN state = 'ALLOCATED' THEN -quantity ELSE 0 END
        FROM reservation_line WHERE supply_id <> '') AS entry
    GROUP BY node_id, sku, supply_id
    HAVING SUM(num_rows) <> 1 OR SUM(held) <> 0 OR SUM(allocated) <> 0
    ORDER BY node_id, sku, supply_id LIMIT :num_max""")

SUPPLY_JOURNAL_REPLAYS: Final = query("""
    SELECT seq, supply_id, node_id, sku FROM (
        SELECT seq, cause, supply_id, node_id, sku, floor_used, free_after,
            SUM(d_usable - d_held - d_allocated)
                OVER (PARTITION BY node_id, sku, supply_id ORDER BY seq) AS reckoned
        FROM supply_journal) AS entry
    WHERE free_after <> reckoned
        OR (cause IN ('HOLD', 'ALLOCATE') AND (floor_used IS NULL OR floor_used < 0 OR free_after < floor_used))
    ORDER BY seq LIMIT :num_max""")

SUPPLY_IS_WHAT_WAS_SAID: Final = query("""
    SELECT node_id, sku, supply_id FROM supply
    WHERE usable <> CASE WHEN closed = 1 THEN 0 WHEN quantity IS NULL THEN 9007199254740992
        ELSE GREATEST(0, quantity - received) * probability_bp / 10000 END
    ORDER BY node_id, sku, supply_id LIMIT :num_max""")

RECEIPTS_ARE_ON_HAND: Final = query("""
    SELECT node_id, sku FROM (
        SELECT node_id, sku, d_received AS units FROM supply_journal
        UNION ALL
        SELECT node_id, sku, -d_on_hand FROM journal WHERE cause = 'RECEIPT') AS entry
    GROUP BY node_id, sku HAVING SUM(units) <> 0 ORDER BY node_id, sku LIMIT :num_max""")

PEGGED_IS_MARKED: Final = query("""
    SELECT r.reservation_id FROM reservation AS r JOIN reservation_line AS l ON l.reservation_id = r.reservation_id
    WHERE l.supply_id <> '' AND r.pegged = 0 ORDER BY 1 LIMIT :num_max""")

FLOORS_ARE_THE_RULES: Final = query("""
    SELECT s.node_id, s.sku FROM stock AS s JOIN node_floor AS f ON f.node_id = s.node_id CROSS JOIN activation AS a
    WHERE a.settled = 1 AND (s.floor_0 <> f.floor_0 OR s.floor_1 <> f.floor_1 OR s.floor_2 <> f.floor_2)
    ORDER BY 1, 2 LIMIT :num_max""")

COUNTS: Final = query("""
    SELECT 'stock rows', COUNT(*) FROM stock
    UNION ALL SELECT 'pool buckets', COUNT(*) FROM pool WHERE bucket NOT LIKE '*%'
    UNION ALL SELECT 'reservations', COUNT(*) FROM reservation
    UNION ALL SELECT 'reservation lines', COUNT(*) FROM reservation_line
    UNION ALL SELECT 'journal entries', COUNT(*) FROM journal
    UNION ALL SELECT 'pool journal entries', COUNT(*) FROM pool_journal
    UNION ALL SELECT 'supplies', COUNT(*) FROM supply
    UNION ALL SELECT 'supply journal entries', COUNT(*) FROM supply_journal
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
    ("a supply is not the sum of its journal", SUPPLY_IS_ITS_JOURNAL),
    ("a supply is not the sum of its pegged lines", SUPPLY_IS_ITS_LINES),
    ("a supply's journal entry does not replay, or pegged a protected unit", SUPPLY_JOURNAL_REPLAYS),
    ("a supply's usable units are not what its source said", SUPPLY_IS_WHAT_WAS_SAID),
    ("what supplies received is not what went on hand", RECEIPTS_ARE_ON_HAND),
    ("a reservation with pegs is not marked", PEGGED_IS_MARKED),
    ("a stock row lacks the floors of the rules", FLOORS_ARE_THE_RULES),
)

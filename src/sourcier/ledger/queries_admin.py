"""Statements of feeds, network, rule sets and activation, by name; the rules of `queries` hold here too."""

from typing import Final

from sourcier.ledger.dialect import query

# --- feeds ------------------------------------------------------------------------------------------------------

KNOWN_NODES: Final = query("""
    SELECT node_id FROM node WHERE node_id IN (SELECT node_id FROM EACH(:rows, node_id TEXT) AS one)
        AND network_revision = (SELECT value FROM counter WHERE name = 'network')""")
MAKE_CURSORS: Final = query("""
    INSERT INTO feed_cursor (source, node_id, epoch, last_seq)
    SELECT :source, one.node_id, -1, 0 FROM EACH(:rows, node_id TEXT) AS one WHERE true ORDER BY one.node_id
    ON CONFLICT (source, node_id) DO NOTHING""")
LOCK_CURSORS: Final = query("""
    SELECT node_id, epoch, last_seq FROM feed_cursor
    WHERE source = :source AND node_id IN (SELECT node_id FROM EACH(:rows, node_id TEXT) AS one)
    ORDER BY node_id FOR UPDATE""")
MOVE_CURSORS: Final = query("""
    UPDATE feed_cursor SET epoch = moved.epoch, last_seq = moved.last_seq
    FROM EACH(:rows, source TEXT, node_id TEXT, epoch BIGINT, last_seq BIGINT) AS moved
    WHERE feed_cursor.source = moved.source AND feed_cursor.node_id = moved.node_id""")
DELTA_NODES: Final = query("""
    SELECT one.node_id FROM EACH(:rows, node_id TEXT) AS one
    WHERE EXISTS (SELECT 1 FROM feed_cursor WHERE feed_cursor.node_id = one.node_id AND last_seq > 0)""")
MAKE_STOCK: Final = query("""
    INSERT INTO stock (node_id, sku, on_hand, floor_0, floor_1, floor_2, floor_rules)
    SELECT want.node_id, want.sku, 0, node_floor.floor_0, node_floor.floor_1, node_floor.floor_2,
        (SELECT counter FROM activation)
    FROM EACH(:rows, node_id TEXT, sku TEXT) AS want JOIN node_floor ON node_floor.node_id = want.node_id
    WHERE NOT EXISTS (SELECT 1 FROM stock s WHERE s.node_id = want.node_id AND s.sku = want.sku)
    ORDER BY want.node_id, want.sku FOR SHARE OF node_floor
    ON CONFLICT (node_id, sku) DO NOTHING RETURNING node_id, sku""")
# Rows of counts and deltas: (node, SKU, quantity, epoch, seq, as of, counted, settled, shown, position). `counted` is 1
# of a count and 0 of a delta; `shown` is 1 of a new row, which is journalled even if nothing is there.
# A sub-select for each row, not a join: both databases would rather look through all items of a source, PostgreSQL
# because a plan made while there are few items is kept when there are many.
STALE_COUNTS: Final = query("""
    SELECT want.position
    FROM EACH(:rows, node_id TEXT, sku TEXT, quantity BIGINT, epoch BIGINT, last_seq BIGINT, as_of BIGINT,
        counted BIGINT, settled BIGINT, shown BIGINT, position BIGINT) AS want
    WHERE (want.epoch, want.last_seq) <= (
        SELECT feed_item.epoch, feed_item.last_seq FROM feed_item
        WHERE feed_item.source = :source AND feed_item.node_id = want.node_id AND feed_item.sku = want.sku)""")
PUT_ITEMS: Final = query("""
    INSERT INTO feed_item (source, node_id, sku, epoch, last_seq, as_of)
    SELECT :source, item.node_id, item.sku, item.epoch, item.last_seq, item.as_of
    FROM EACH(:rows, node_id TEXT, sku TEXT, quantity BIGINT, epoch BIGINT, last_seq BIGINT, as_of BIGINT) AS item
    WHERE true
    ON CONFLICT (source, node_id, sku) DO UPDATE
    SET epoch = excluded.epoch, last_seq = excluded.last_seq, as_of = excluded.as_of
    WHERE (excluded.epoch, excluded.last_seq) > (feed_item.epoch, feed_item.last_seq)""")
SETTLE_LINES: Final = query("""
    UPDATE reservation_line SET state = 'SETTLED'
    FROM EACH(:rows, node_id TEXT, sku TEXT, quantity BIGINT, epoch BIGINT, last_seq BIGINT, as_of BIGINT) AS counted
    WHERE reservation_line.node_id = counted.node_id AND reservation_line.sku = counted.sku
        AND reservation_line.state = 'SHIPPED' AND reservation_line.shipped_at <= counted.as_of
    RETURNING reservation_line.node_id, reservation_line.sku, reservation_line.quantity""")
# The journal comes first: it tells the difference between what is said and what is still on the locked row. The LIMIT,
# beyond every batch, keeps SQLite from looking a column up in the JSON again each time that it is named.
JOURNAL_FEED: Final = query("""
    INSERT INTO journal (at, actor, cause, ref, node_id, sku, d_on_hand, d_blocked, d_unsettled, avail_after,
        rule_set_revision)
    SELECT ledger_clock(), :actor, CASE fed.counted WHEN 1 THEN 'COUNT' ELSE 'DELTA' END, :source, stock.node_id,
        stock.sku, fed.quantity - fed.counted * stock.on_hand, -fed.counted * stock.blocked, -fed.settled,
        fed.quantity + (1 - fed.counted) * (stock.on_hand - stock.blocked)
            - stock.held - stock.allocated - stock.unsettled + fed.settled, ''
    FROM (
        SELECT * FROM EACH(:rows, node_id TEXT, sku TEXT, quantity BIGINT, epoch BIGINT, last_seq BIGINT, as_of BIGINT,
            counted BIGINT, settled BIGINT, shown BIGINT) AS one LIMIT 1000000) AS fed CROSS JOIN stock
    WHERE stock.node_id = fed.node_id AND stock.sku = fed.sku
        AND (fed.quantity <> fed.counted * stock.on_hand OR fed.counted * stock.blocked <> 0 OR fed.settled <> 0
            OR fed.shown <> 0)""")
FEED_STOCK: Final = query("""
    UPDATE stock SET on_hand = fed.quantity + (1 - fed.counted) * stock.on_hand,
        blocked = (1 - fed.counted) * stock.blocked, unsettled = stock.unsettled - fed.settled
    FROM (
        SELECT * FROM EACH(:rows, node_id TEXT, sku TEXT, quantity BIGINT, epoch BIGINT, last_seq BIGINT, as_of BIGINT,
            counted BIGINT, settled BIGINT) AS one LIMIT 1000000) AS fed
    WHERE stock.node_id = fed.node_id AND stock.sku = fed.sku
        AND (fed.quantity <> fed.counted * stock.on_hand OR fed.counted * stock.blocked <> 0 OR fed.settled <> 0)""")
BURY: Final = query("""
    INSERT INTO feed_dead_letter (source, kind, node_id, sku, supply_id, epoch, record_seq, payload, reason, at)
    VALUES (:source, :kind, :node_id, :sku, :supply_id, :epoch, :record_seq, :payload, :reason, ledger_clock())
    ON CONFLICT (source, kind, node_id, sku, supply_id, epoch, record_seq) DO NOTHING""")
DEAD_LETTERS: Final = query("""
    SELECT seq, source, kind, node_id, sku, supply_id, epoch, record_seq, payload, reason, at FROM feed_dead_letter
    WHERE seq > :after ORDER BY seq LIMIT :num_max""")

# --- network ----------------------------------------------------------------------------------------------------

LOCK_ACTIVATION: Final = query("""
    SELECT rule_set_id, revision, counter, pending, touched_at, settled, ledger_clock() FROM activation FOR UPDATE""")
COUNT_UP: Final = query("UPDATE counter SET value = value + 1 WHERE name = :name RETURNING value")
INSERT_NETWORK: Final = query(
    "INSERT INTO network (revision, document, at) VALUES (:revision, :document, ledger_clock())"
)
GET_NETWORK: Final = query("SELECT revision, document FROM network ORDER BY revision DESC LIMIT 1")
NETWORK_REVISION: Final = query("SELECT COALESCE(MAX(revision), 0) FROM network")
PUT_NODES: Final = query("""
    INSERT INTO node (node_id, node_type, status, network_revision)
    SELECT one.node_id, one.node_type, one.status, :revision
    FROM EACH(:rows, node_id TEXT, node_type TEXT, status TEXT) AS one
    WHERE true ORDER BY one.node_id
    ON CONFLICT (node_id) DO UPDATE
    SET node_type = excluded.node_type, network_revision = excluded.network_revision""")
GET_STATUSES: Final = query("""
    SELECT node_id, status FROM node
    WHERE network_revision = (SELECT value FROM counter WHERE name = 'network') ORDER BY node_id""")
SET_STATUS: Final = query("""
    UPDATE node SET status = :status
    WHERE node_id = :node_id AND network_revision = (SELECT value FROM counter WHERE name = 'network')
    RETURNING node_id""")
PUT_POOLS: Final = query("""
    INSERT INTO pool (pool_id, bucket, cap)
    SELECT wanted.pool_id, wanted.bucket, wanted.cap
    FROM EACH(:rows, pool_id TEXT, bucket TEXT, cap BIGINT) AS wanted
    WHERE true ORDER BY wanted.pool_id, wanted.bucket
    ON CONFLICT (pool_id, bucket) DO NOTHING""")
LOCK_TEMPLATES: Final = query(
    "SELECT 1 FROM pool WHERE bucket LIKE '*%' ORDER BY pool_id, bucket FOR UPDATE", postgresql_only=True
)
GET_CAPS: Final = query("""
    SELECT pool_id, bucket, cap FROM pool WHERE bucket LIKE '*%' OR bucket >= :since ORDER BY pool_id, bucket""")
LOCK_CAPS: Final = query(
    """
    SELECT 1 FROM pool JOIN EACH(:rows, pool_id TEXT, bucket TEXT, cap BIGINT) AS wanted
        ON pool.pool_id = wanted.pool_id AND pool.bucket = wanted.bucket
    ORDER BY pool.pool_id, pool.bucket FOR UPDATE OF pool""",
    postgresql_only=True,
)
SET_CAPS: Final = query("""
    UPDATE pool SET cap = wanted.cap FROM EACH(:rows, pool_id TEXT, bucket TEXT, cap BIGINT) AS wanted
    WHERE pool.pool_id = wanted.pool_id AND pool.bucket = wanted.bucket""")

# --- floors -----------------------------------------------------------------------------------------------------

CLEAR_TYPE_FLOORS: Final = query("DELETE FROM type_floor WHERE phase = :phase")
PUT_TYPE_FLOORS: Final = query("""
    INSERT INTO type_floor (phase, node_type, floor_0, floor_1, floor_2)
    SELECT :phase, one.node_type, one.floor_0, one.floor_1, one.floor_2
    FROM EACH(:rows, node_type TEXT, floor_0 BIGINT, floor_1 BIGINT, floor_2 BIGINT) AS one""")
PROMOTE_TYPE_FLOORS: Final = query("UPDATE type_floor SET phase = 'ACTIVE' WHERE phase = 'PENDING'")
SPREAD_FLOORS: Final = query("""
    INSERT INTO node_floor (node_id, floor_0, floor_1, floor_2)
    SELECT node.node_id, COALESCE(MAX(type_floor.floor_0), 0), COALESCE(MAX(type_floor.floor_1), 0),
        COALESCE(MAX(type_floor.floor_2), 0)
    FROM node LEFT JOIN type_floor ON type_floor.node_type = node.node_type
    WHERE true GROUP BY node.node_id ORDER BY node.node_id
    ON CONFLICT (node_id) DO UPDATE
    SET floor_0 = excluded.floor_0, floor_1 = excluded.floor_1, floor_2 = excluded.floor_2
    WHERE node_floor.floor_0 <> excluded.floor_0 OR node_floor.floor_1 <> excluded.floor_1
        OR node_floor.floor_2 <> excluded.floor_2
    RETURNING node_id""")
LOCK_FLOOR_BATCH: Final = query("""
    SELECT node_id, sku FROM stock WHERE (node_id, sku) > (:after_node, :after_sku)
    ORDER BY node_id, sku LIMIT :num_max FOR UPDATE""")
RAISE_FLOORS: Final = query("""
    UPDATE stock SET floor_0 = GREATEST(stock.floor_0, f.floor_0), floor_1 = GREATEST(stock.floor_1, f.floor_1),
        floor_2 = GREATEST(stock.floor_2, f.floor_2), floor_rules = :counter
    FROM EACH(:rows, node_id TEXT, sku TEXT) AS batch JOIN node_floor AS f ON f.node_id = batch.node_id
    WHERE stock.node_id = batch.node_id AND stock.sku = batch.sku
        AND (stock.floor_0 < f.floor_0 OR stock.floor_1 < f.floor_1 OR stock.floor_2 < f.floor_2)""")
WRITE_FLOORS: Final = query("""
    UPDATE stock SET floor_0 = f.floor_0, floor_1 = f.floor_1, floor_2 = f.floor_2, floor_rules = :counter
    FROM EACH(:rows, node_id TEXT, sku TEXT) AS batch JOIN node_floor AS f ON f.node_id = batch.node_id
    WHERE stock.node_id = batch.node_id AND stock.sku = batch.sku
        AND (stock.floor_0 <> f.floor_0 OR stock.floor_1 <> f.floor_1 OR stock.floor_2 <> f.floor_2)""")
LOCK_STOCK_OF_NODES: Final = query(
    """
    SELECT 1 FROM stock WHERE node_id IN (SELECT node_id FROM EACH(:rows, node_id TEXT) AS one)
    ORDER BY node_id, sku FOR UPDATE""",
    postgresql_only=True,
)
WRITE_FLOORS_OF_NODES: Final = query("""
    UPDATE stock SET floor_0 = f.floor_0, floor_1 = f.floor_1, floor_2 = f.floor_2, floor_rules = :counter
    FROM EACH(:rows, node_id TEXT) AS one JOIN node_floor AS f ON f.node_id = one.node_id
    WHERE stock.node_id = one.node_id""")
BEGIN_ACTIVATION: Final = query("""
    UPDATE activation SET pending = :pending, touched_at = ledger_clock(), settled = 0""")
TOUCH_ACTIVATION: Final = query("""
    UPDATE activation SET touched_at = ledger_clock() WHERE pending = :pending RETURNING counter""")
SWITCH_ACTIVATION: Final = query("""
    UPDATE activation SET rule_set_id = :rule_set_id, revision = :revision, counter = counter + 1,
        touched_at = ledger_clock()
    WHERE pending = :pending RETURNING counter""")
END_ACTIVATION: Final = query("""
    UPDATE activation SET pending = NULL, settled = 1 WHERE pending = :pending RETURNING counter""")

# --- rule sets --------------------------------------------------------------------------------------------------

ADD_RULE_SET: Final = query("""
    INSERT INTO rule_set (rule_set_id, revision, document, comment, created_at)
    SELECT :rule_set_id, COALESCE(MAX(revision), 0) + 1, :document, :comment, ledger_clock()
    FROM rule_set WHERE rule_set_id = :rule_set_id
    RETURNING revision, created_at""")
GET_RULE_SET: Final = query("""
    SELECT r.rule_set_id, r.revision, r.document, r.comment, r.created_at,
        CASE WHEN a.rule_set_id = r.rule_set_id AND a.revision = r.revision THEN 1 ELSE 0 END
    FROM rule_set AS r CROSS JOIN activation AS a
    WHERE r.rule_set_id = :rule_set_id AND (r.revision = :revision OR :revision = 0)
    ORDER BY r.revision DESC LIMIT 1""")
ACTIVE_RULE_SET: Final = query("""
    SELECT r.rule_set_id, r.revision, r.document, r.comment, r.created_at, 1
    FROM activation AS a JOIN rule_set AS r ON r.rule_set_id = a.rule_set_id AND r.revision = a.revision""")
PAGE_RULE_SETS: Final = query("""
    SELECT r.rule_set_id, r.revision, r.document, r.comment, r.created_at,
        CASE WHEN a.rule_set_id = r.rule_set_id AND a.revision = r.revision THEN 1 ELSE 0 END
    FROM rule_set AS r CROSS JOIN activation AS a
    WHERE (r.rule_set_id, r.revision) > (:after_id, :after_revision)
    ORDER BY r.rule_set_id, r.revision LIMIT :num_max""")

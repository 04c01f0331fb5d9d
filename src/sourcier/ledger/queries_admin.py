"""Statements of network, rule sets and activation, by name; the rules of `queries` hold here too."""

from typing import Final

from sourcier.ledger.dialect import query

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
    SELECT 1 FROM stock WHERE node_id AMONG(:rows)
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

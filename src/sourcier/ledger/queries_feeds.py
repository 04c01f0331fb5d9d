"""Statements of feeds, by name; the rules of `queries` hold here too.

The records of a batch are staged: written once into `fed`, a temporary table of the writer's connection, from where
every other statement takes them as native values. To read them out of a text again for each statement would cost more
than what the statements do. `epoch`, `last_seq` and `as_of` are those of a count, and null of a delta. `settled` units
of the row are settled by the count; `shown` is 1 of a new row, which is journalled even if nothing is there.
"""

from typing import Final

from sourcier.ledger.dialect import query

# --- records and their sources ----------------------------------------------------------------------------------

KNOWN_NODES: Final = query("""
    SELECT node_id FROM node WHERE node_id AMONG(:rows)
        AND network_revision = (SELECT value FROM counter WHERE name = 'network')""")
MAKE_CURSORS: Final = query("""
    INSERT INTO feed_cursor (source, node_id, epoch, last_seq)
    SELECT :source, one.node_id, -1, 0 FROM EACH(:rows, node_id TEXT) AS one WHERE true ORDER BY one.node_id
    ON CONFLICT (source, node_id) DO NOTHING""")
LOCK_CURSORS: Final = query("""
    SELECT node_id, epoch, last_seq FROM feed_cursor
    WHERE source = :source AND node_id AMONG(:rows)
    ORDER BY node_id FOR UPDATE""")
MOVE_CURSORS: Final = query("""
    UPDATE feed_cursor SET epoch = moved.epoch, last_seq = moved.last_seq
    FROM EACH(:rows, source TEXT, node_id TEXT, epoch BIGINT, last_seq BIGINT) AS moved
    WHERE feed_cursor.source = moved.source AND feed_cursor.node_id = moved.node_id""")
DELTA_NODES: Final = query("""
    SELECT one.node_id FROM EACH(:rows, node_id TEXT) AS one
    WHERE EXISTS (SELECT 1 FROM feed_cursor WHERE feed_cursor.node_id = one.node_id AND last_seq > 0)""")
BURY: Final = query("""
    INSERT INTO feed_dead_letter (source, kind, node_id, sku, supply_id, epoch, record_seq, payload, reason, at)
    VALUES (:source, :kind, :node_id, :sku, :supply_id, :epoch, :record_seq, :payload, :reason, ledger_clock())
    ON CONFLICT (source, kind, node_id, sku, supply_id, epoch, record_seq) DO NOTHING""")
DEAD_LETTERS: Final = query("""
    SELECT seq, source, kind, node_id, sku, supply_id, epoch, record_seq, payload, reason, at FROM feed_dead_letter
    WHERE seq > :after ORDER BY seq LIMIT :num_max""")

# --- rows ---------------------------------------------------------------------------------------------------------

MAKE_STOCK: Final = query("""
    INSERT INTO stock (node_id, sku, on_hand, floor_0, floor_1, floor_2, floor_rules)
    SELECT want.node_id, want.sku, 0, node_floor.floor_0, node_floor.floor_1, node_floor.floor_2,
        (SELECT counter FROM activation)
    FROM EACH(:rows, node_id TEXT, sku TEXT) AS want JOIN node_floor ON node_floor.node_id = want.node_id
    WHERE NOT EXISTS (SELECT 1 FROM stock s WHERE s.node_id = want.node_id AND s.sku = want.sku)
    ORDER BY want.node_id, want.sku FOR SHARE OF node_floor
    ON CONFLICT (node_id, sku) DO NOTHING RETURNING node_id, sku""")

# --- batches ------------------------------------------------------------------------------------------------------

MAKE_FED: Final = query("""
    CREATE TEMPORARY TABLE IF NOT EXISTS fed (node_id TEXT NOT NULL, sku TEXT NOT NULL, quantity BIGINT NOT NULL,
        epoch BIGINT, last_seq BIGINT, as_of BIGINT, settled BIGINT NOT NULL DEFAULT 0, shown BIGINT NOT NULL DEFAULT 0)
    UNTIL_COMMIT""")
CLEAR_FED: Final = query("DELETE FROM fed")
STAGE: Final = query("""
    INSERT INTO fed (node_id, sku, quantity, epoch, last_seq, as_of)
    SELECT node_id, sku, quantity, epoch, last_seq, as_of
    FROM EACH(:rows, node_id TEXT, sku TEXT, quantity BIGINT, epoch BIGINT, last_seq BIGINT, as_of BIGINT) AS one""")
STAGE_WHOLE: Final = query("""
    INSERT INTO fed (node_id, sku, quantity, epoch, last_seq, as_of, settled, shown)
    SELECT node_id, sku, quantity, epoch, last_seq, as_of, settled, shown
    FROM EACH(:rows, node_id TEXT, sku TEXT, quantity BIGINT, epoch BIGINT, last_seq BIGINT, as_of BIGINT,
        settled BIGINT, shown BIGINT) AS one""")
MAKE_STOCK_FED: Final = query("""
    INSERT INTO stock (node_id, sku, on_hand, floor_0, floor_1, floor_2, floor_rules)
    SELECT fed.node_id, fed.sku, 0, node_floor.floor_0, node_floor.floor_1, node_floor.floor_2,
        (SELECT counter FROM activation)
    FROM fed JOIN node_floor ON node_floor.node_id = fed.node_id
    WHERE NOT EXISTS (SELECT 1 FROM stock s WHERE s.node_id = fed.node_id AND s.sku = fed.sku)
    ORDER BY fed.node_id, fed.sku FOR SHARE OF node_floor
    ON CONFLICT (node_id, sku) DO NOTHING RETURNING node_id, sku""")
LOCK_STOCK_FED: Final = query(
    """
    SELECT 1 FROM stock JOIN fed ON stock.node_id = fed.node_id AND stock.sku = fed.sku
    ORDER BY stock.node_id, stock.sku FOR UPDATE OF stock""",
    postgresql_only=True,
)
# A sub-select for each row, not a join: both databases would rather look through all items of a source, PostgreSQL
# because a plan made while there are few items is kept when there are many.
STALE_COUNTS: Final = query("""
    SELECT fed.node_id, fed.sku, fed.epoch, fed.last_seq FROM fed
    WHERE (fed.epoch, fed.last_seq) <= (
        SELECT feed_item.epoch, feed_item.last_seq FROM feed_item
        WHERE feed_item.source = :source AND feed_item.node_id = fed.node_id AND feed_item.sku = fed.sku)""")
PUT_ITEMS: Final = query("""
    INSERT INTO feed_item (source, node_id, sku, epoch, last_seq, as_of)
    SELECT :source, fed.node_id, fed.sku, fed.epoch, fed.last_seq, fed.as_of FROM fed WHERE fed.epoch IS NOT NULL
    ON CONFLICT (source, node_id, sku) DO UPDATE
    SET epoch = excluded.epoch, last_seq = excluded.last_seq, as_of = excluded.as_of
    WHERE (excluded.epoch, excluded.last_seq) > (feed_item.epoch, feed_item.last_seq)""")
SETTLE_LINES: Final = query("""
    UPDATE reservation_line SET state = 'SETTLED' FROM fed
    WHERE reservation_line.node_id = fed.node_id AND reservation_line.sku = fed.sku
        AND reservation_line.state = 'SHIPPED' AND reservation_line.shipped_at <= fed.as_of
    RETURNING reservation_line.node_id, reservation_line.sku, reservation_line.quantity""")
# The journal comes first: it tells the difference between what is said and what is still on the locked row.
JOURNAL_FED: Final = query("""
    INSERT INTO journal (at, actor, cause, ref, node_id, sku, d_on_hand, d_blocked, d_unsettled, avail_after,
        rule_set_revision)
    SELECT ledger_clock(), :actor, CASE WHEN fed.epoch IS NULL THEN 'DELTA' ELSE 'COUNT' END, :source, fed.node_id,
        fed.sku, CASE WHEN fed.epoch IS NULL THEN fed.quantity ELSE fed.quantity - stock.on_hand END,
        CASE WHEN fed.epoch IS NULL THEN 0 ELSE -stock.blocked END, -fed.settled,
        CASE WHEN fed.epoch IS NULL THEN fed.quantity + stock.on_hand - stock.blocked ELSE fed.quantity END
            - stock.held - stock.allocated - stock.unsettled + fed.settled, ''
    FROM fed CROSS JOIN stock
    WHERE stock.node_id = fed.node_id AND stock.sku = fed.sku
        AND (CASE WHEN fed.epoch IS NULL THEN fed.quantity <> 0
                ELSE fed.quantity <> stock.on_hand OR stock.blocked <> 0 END
            OR fed.settled <> 0 OR fed.shown <> 0)""")
MOVE_STOCK_FED: Final = query("""
    UPDATE stock SET on_hand = CASE WHEN fed.epoch IS NULL THEN stock.on_hand + fed.quantity ELSE fed.quantity END,
        blocked = CASE WHEN fed.epoch IS NULL THEN stock.blocked ELSE 0 END, unsettled = stock.unsettled - fed.settled
    FROM fed
    WHERE stock.node_id = fed.node_id AND stock.sku = fed.sku
        AND (CASE WHEN fed.epoch IS NULL THEN fed.quantity <> 0
                ELSE fed.quantity <> stock.on_hand OR stock.blocked <> 0 END
            OR fed.settled <> 0)""")

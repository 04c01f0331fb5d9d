"""One text, two databases."""

from sourcier.ledger.dialect import query, rows


def test_parameters_are_numbered_once() -> None:
    found = query("UPDATE t SET a = :x, b = :y WHERE a < :x")
    assert found.names == ("x", "y")
    assert found.sqlite == "UPDATE t SET a = ?1, b = ?2 WHERE a < ?1"
    assert found.postgresql == "UPDATE t SET a = $1, b = $2 WHERE a < $1"


def test_rows_become_a_table() -> None:
    found = query("SELECT * FROM EACH(:rows, a TEXT, b BIGINT) AS one")
    assert found.sqlite == (
        "SELECT * FROM (SELECT value ->> 0 AS a, CAST(value ->> 1 AS BIGINT) AS b FROM jsonb_each(?1)) AS one"
    )
    assert "FROM jsonb_array_elements(CAST($1 AS jsonb)) AS element(value)) AS one" in found.postgresql


def test_what_is_looked_for_among_rows_is_an_array_where_a_planner_would_guess() -> None:
    found = query("SELECT * FROM t WHERE a AMONG(:some) AND b AMONG(:rows)")
    assert found.names == ("some", "rows")
    assert found.sqlite == (
        "SELECT * FROM t WHERE a IN (SELECT value ->> 0 FROM jsonb_each(?1))"
        " AND b IN (SELECT value ->> 0 FROM jsonb_each(?2))"
    )
    assert found.postgresql.endswith(
        "AND b = ANY (ARRAY(SELECT value ->> 0 FROM jsonb_array_elements(CAST($2 AS jsonb)) AS element(value)))"
    )


def test_a_table_becomes_one_text() -> None:
    found = query("SELECT JSON_ROWS(a, b - c) FROM t")
    assert found.sqlite == "SELECT json_group_array(json_array(a, b - c)) FROM t"
    assert found.postgresql == ("SELECT CAST(COALESCE(json_agg(json_build_array(a, b - c)), '[]') AS TEXT) FROM t")


def test_row_locks_and_functions_are_translated() -> None:
    found = query("SELECT GREATEST(a, 1) FROM t ORDER BY COMMIT_ORDER LIMIT :n FOR UPDATE OF t SKIP LOCKED")
    assert found.sqlite == "SELECT max(a, 1) FROM t ORDER BY seq LIMIT ?1 "
    assert found.postgresql == "SELECT GREATEST(a, 1) FROM t ORDER BY xid, seq LIMIT $1 FOR UPDATE OF t SKIP LOCKED"


def test_places_in_a_journal_are_translated_by_whatever_name() -> None:
    found = query("SELECT 1 FROM j WHERE AFTER(:a_xid, :a_seq) AND NOT_AHEAD(:a_ahead) LIMIT :n")
    assert found.names == ("a_xid", "a_seq", "a_ahead", "n")
    assert found.sqlite == "SELECT 1 FROM j WHERE seq > ?2 AND true LIMIT ?4"
    assert (
        found.postgresql == "SELECT 1 FROM j WHERE (xid, seq) > ($1, $2) AND xid <> ALL (CAST($3 AS BIGINT[])) LIMIT $4"
    )


def test_the_clock_is_one_instant_on_sqlite() -> None:
    found = query("SELECT ledger_clock() - :age, ledger_clock()")
    assert (found.sqlite, found.clocked, found.names) == ("SELECT ?2 - ?1, ?2", True, ("age",))
    assert found.postgresql == "SELECT ledger_clock() - $1, ledger_clock()"
    assert not query("SELECT :age").clocked


def test_a_statement_for_one_database_is_empty_for_the_other() -> None:
    assert query("SET x = 1", postgresql_only=True).sqlite == ""


def test_a_temporary_table_is_emptied_by_each_commit_where_connections_have_one_transaction() -> None:
    found = query("CREATE TEMPORARY TABLE t (a TEXT) UNTIL_COMMIT")
    assert found.sqlite == "CREATE TEMPORARY TABLE t (a TEXT) "
    assert found.postgresql == "CREATE TEMPORARY TABLE t (a TEXT) ON COMMIT DELETE ROWS"


def test_a_cast_is_no_parameter() -> None:
    assert query("SELECT a::text, ':no' FROM t").names == ("no",), "so: write CAST, and no colons in literals"


def test_rows_keep_order_types_and_every_character() -> None:
    assert rows([["a\"b\\c'd", 1, None], ["ü\u2028", -(2**62), 0]]) == (
        '[["a\\"b\\\\c\'d",1,null],["ü\u2028",-4611686018427387904,0]]'
    )


def test_days_of_instants() -> None:
    days = query("SELECT UTC_DAY(:micros + 86400000000) WHERE LEAST(1, 2) = 1")
    assert days.sqlite == "SELECT date((?1 + 86400000000) / 1000000, 'unixepoch') WHERE min(1, 2) = 1"
    assert days.postgresql == (
        "SELECT to_char(to_timestamp(($1 + 86400000000) / 1000000) AT TIME ZONE 'UTC', 'YYYY-MM-DD') "
        "WHERE LEAST(1, 2) = 1"
    )

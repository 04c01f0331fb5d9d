"""Statements of feeds."""

from tests.contract.statements import made_at_run_time, scans, statements

from sourcier.ledger import queries_feeds


def test_statements_are_literals() -> None:
    assert len(statements(queries_feeds)) > 15
    assert made_at_run_time(queries_feeds) == []


def test_rows_are_found_by_key() -> None:
    assert scans(queries_feeds) == {}

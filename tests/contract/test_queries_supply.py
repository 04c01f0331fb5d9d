"""Statements of dated supply and promises at risk."""

from tests.contract.statements import made_at_run_time, scans, statements

from sourcier.ledger import queries_supply


def test_statements_are_literals() -> None:
    assert len(statements(queries_supply)) > 20
    assert made_at_run_time(queries_supply) == []


def test_rows_are_found_by_key() -> None:
    whole = {"ALL_SUPPLY", "PAGE_SUPPLY", "LAST_SUPPLY_CHANGE", "AT_RISK"}
    assert {name: steps for name, steps in scans(queries_supply).items() if name not in whole} == {}

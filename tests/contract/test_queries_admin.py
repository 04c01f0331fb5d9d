"""Statements of network, rule sets and activation."""

from tests.contract.statements import made_at_run_time, scans, statements

from sourcier.ledger import queries_admin


def test_statements_are_literals() -> None:
    assert len(statements(queries_admin)) > 25
    assert made_at_run_time(queries_admin) == []


def test_rows_are_found_by_key() -> None:
    whole = {"SPREAD_FLOORS", "GET_STATUSES", "GET_CAPS", "PAGE_RULE_SETS", "ACTIVE_RULE_SET", "GET_RULE_SET"}
    assert {name: steps for name, steps in scans(queries_admin).items() if name not in whole} == {}

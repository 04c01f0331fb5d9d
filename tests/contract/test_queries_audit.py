"""The identities: every one is run by the audit, and each has a damage that only it is for (see test_audit)."""

from tests.contract.statements import made_at_run_time, statements

from sourcier.ledger import queries_audit


def test_statements_are_literals_and_all_are_checked() -> None:
    assert made_at_run_time(queries_audit) == []
    named = set(statements(queries_audit).values())
    checked = {identity for _, identity in queries_audit.IDENTITIES}
    assert named - checked == {queries_audit.COUNTS}

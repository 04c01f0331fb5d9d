"""``sourcier audit``: proves a ledger from its own journal."""

import json as json_format
from typing import TYPE_CHECKING

import typer

from sourcier.cli.exits import BREACH
from sourcier.cli.options import Database, DatabaseFile, Json, database_url

if TYPE_CHECKING:
    from sourcier.ledger.audit import AuditReport


def audit(context: typer.Context, db: Database = None, db_file: DatabaseFile = None, json: Json = False) -> None:
    """Recompute every figure of a ledger from its journal and its lines, and list what differs.

    A SQLite file can be audited when no server has it open; PostgreSQL at any time. Exits with 4 on a breach.
    """
    from sourcier.cli.calls import tell
    from sourcier.domain.errors import Refusal

    try:
        report = audit_ledger(database_url(context, db, db_file))
    except Refusal as refusal:
        raise typer.Exit(tell(refusal, json=json)) from refusal
    if json:
        typer.echo(json_format.dumps({"violations": report.violations, "counts": dict(report.counts)}))
    else:
        _tell(report)
    if report.violations:
        raise typer.Exit(BREACH)


def audit_ledger(url: str) -> "AuditReport":
    """The audit of the ledger at `url`, which must exist."""
    from sourcier.ledger import open_ledger
    from sourcier.ledger.audit import audit

    ledger = open_ledger(url, create=False)
    try:
        return ledger.read(audit).result()
    finally:
        ledger.close()


def _tell(report: "AuditReport") -> None:
    from sourcier.terminal.consoles import console
    from sourcier.terminal.tables import audit_view

    console().print(audit_view(report.violations, report.counts))

"""Options that several commands share."""

from pathlib import Path
from typing import Annotated, Final
from urllib.parse import parse_qs, urlsplit

import typer

Server = Annotated[
    str,
    typer.Option(
        "--server", envvar="SOURCIER_SERVER", metavar="HOST:PORT", help="The running server.", show_default=True
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]
Database = Annotated[
    str | None,
    typer.Option(
        "--db",
        envvar="SOURCIER_DB",
        metavar="URL",
        help="The ledger: sqlite:///file or postgresql://user@host:port/name.  [default: sqlite:///sourcier.db]",
        show_envvar=True,
    ),
]
DatabaseFile = Annotated[
    Path | None,
    typer.Option("--db-file", metavar="FILE", help="Read the ledger's URL from a file, password and all."),
]

SERVER_DEFAULT: Final = "127.0.0.1:8433"
DATABASE_DEFAULT: Final = "sqlite:///sourcier.db"


def database_url(context: typer.Context, db: str | None, db_file: Path | None) -> str:
    """The URL of the ledger. A password among the arguments is refused: every user of the machine could read it."""
    on_command_line = getattr(context.get_parameter_source("db"), "name", "") == "COMMANDLINE"
    if on_command_line and db_file is not None:
        raise typer.BadParameter("give --db or --db-file, not both")
    if db_file is not None:
        try:
            return db_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise typer.BadParameter(f"cannot read {db_file}: {error}", param_hint="--db-file") from error
    if db is None:
        return DATABASE_DEFAULT
    if on_command_line and _has_password(db):
        raise typer.BadParameter(
            "the URL holds a password, which other users of this machine could read among the arguments; "
            "put it into a file for --db-file, into SOURCIER_DB, or into PostgreSQL's own passfile (~/.pgpass)",
            param_hint="--db",
        )
    return db


def _has_password(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.password is not None or "password" in parse_qs(parts.query)
    except ValueError:
        return False  # not readable as a URL: the ledger says what is wrong with it

"""Where the ledger's URL comes from, and that no password stands among the arguments."""

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from sourcier.cli.options import Database, DatabaseFile, database_url

app = typer.Typer()


@app.command()
def show(context: typer.Context, db: Database = None, db_file: DatabaseFile = None) -> None:
    typer.echo(database_url(context, db, db_file))


SECRET = "postgresql://shop:s3cret@db.example/shop"


def run(*arguments: str, **variables: str) -> tuple[int, str]:
    result = CliRunner(env={"SOURCIER_DB": None, "COLUMNS": "300", **variables}).invoke(app, list(arguments))
    return result.exit_code, result.output.strip()


def test_without_a_word_it_is_a_file_in_this_folder() -> None:
    assert run() == (0, "sqlite:///sourcier.db")


def test_the_option_wins_over_the_variable() -> None:
    assert run("--db", "sqlite:///a.db", SOURCIER_DB="sqlite:///b.db") == (0, "sqlite:///a.db")
    assert run(SOURCIER_DB="sqlite:///b.db") == (0, "sqlite:///b.db")


def test_a_file_wins_over_the_variable(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text(f"{SECRET}\n")
    assert run("--db-file", str(file), SOURCIER_DB="sqlite:///b.db") == (0, SECRET)


def test_a_file_and_the_option_together_are_a_usage_error(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text(SECRET)
    code, output = run("--db-file", str(file), "--db", "sqlite:///a.db")
    assert code == 2
    assert "not both" in output


def test_a_file_that_cannot_be_read_is_a_usage_error(tmp_path: Path) -> None:
    code, output = run("--db-file", str(tmp_path / "nothing"))
    assert code == 2
    assert "cannot read" in output


@pytest.mark.parametrize("url", [SECRET, "postgresql://h/d?user=shop&password=s3cret"])
def test_a_password_among_the_arguments_is_refused_and_not_repeated(url: str) -> None:
    code, output = run("--db", url)
    assert code == 2
    assert "holds a password" in output
    assert "s3cret" not in output


def test_a_password_in_the_variable_is_fine() -> None:
    assert run(SOURCIER_DB=SECRET) == (0, SECRET)


@pytest.mark.parametrize("url", ["postgresql://shop@h:5432/d", "sqlite:////a/b.db", "postgresql://[oops"])
def test_other_urls_pass_as_they_are(url: str) -> None:
    assert run("--db", url) == (0, url)

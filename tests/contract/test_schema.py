"""The migrations make exactly what `schema` says, on both databases, and can be undone."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from pysqlite3 import dbapi2 as sqlite
from sqlalchemy import CheckConstraint, create_engine, inspect
from sqlalchemy.engine import Engine

from sourcier import ledger
from sourcier.ledger import open_ledger, stock
from sourcier.ledger.schema import metadata


@pytest.fixture
def engine(fresh_url: str) -> Engine:
    open_ledger(fresh_url).close()
    if fresh_url.startswith("sqlite"):
        return create_engine(fresh_url, module=sqlite)
    return create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(fresh_url))


def test_the_migrated_database_is_the_schema(engine: Engine) -> None:
    def is_here(item: Any, name: str | None, kind: str, reflected: bool, other: Any) -> bool:
        return not (engine.dialect.name == "sqlite" and kind == "index" and str(name).endswith("_by_xid"))

    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_object": is_here})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_the_checks_are_those_of_the_schema(engine: Engine) -> None:
    wanted = {
        (table.name, str(constraint.name))
        for table in metadata.sorted_tables
        for constraint in table.constraints
        if isinstance(constraint, CheckConstraint)
    }
    found = {
        (table.name, str(check["name"]))
        for table in metadata.sorted_tables
        for check in inspect(engine).get_check_constraints(table.name)
    }
    engine.dispose()
    assert found == wanted


def test_a_migration_can_be_undone(engine: Engine) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(ledger.__file__).parent / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    assert set(inspect(engine).get_table_names()) == {"alembic_version"}
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    assert set(inspect(engine).get_table_names()) >= set(metadata.tables)
    engine.dispose()


def test_a_migration_that_fails_leaves_nothing(fresh_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """All tables or none: the next start begins again."""
    monkeypatch.setattr(Operations, "execute", _fail_at("CREATE TABLE feed_item", Operations.execute))
    with pytest.raises(ZeroDivisionError):
        open_ledger(fresh_url)
    monkeypatch.undo()
    ledger = open_ledger(fresh_url)
    assert ledger.read(stock.page_rows, page_size=1).result(10).rows == ()
    ledger.close()


def _fail_at(start: str, execute: Callable[..., None]) -> Callable[..., None]:
    def failing(self: Operations, statement: str, **options: Any) -> None:
        if statement.startswith(start):
            raise ZeroDivisionError
        execute(self, statement, **options)

    return failing

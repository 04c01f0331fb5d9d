"""What every file of named statements must keep, whichever it is."""

import ast
import tempfile
from pathlib import Path
from types import ModuleType

from sourcier.ledger.dialect import Query
from sourcier.ledger.opening import open_sqlite
from sourcier.ledger.sqlite_store import connect

SMALL_TABLES = (
    "activation",
    "jsonb_each",
    "CONSTANT",
    "network",
    "counter",
    "due",
    "old",
    "queue",
    "changed",
    "changed_pools",
    "changed_supplies",
    "early",
    "fed",
)


def statements(module: ModuleType) -> dict[str, Query]:
    """Name and text of each."""
    return {name: value for name, value in vars(module).items() if isinstance(value, Query)}


def made_at_run_time(module: ModuleType) -> list[str]:
    """Statements whose text is not one literal."""
    assert module.__file__ is not None
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    named = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "query"]
    return [ast.unparse(call) for call in named if not isinstance(call.args[0], ast.Constant)]


def scans(module: ModuleType) -> dict[str, list[str]]:
    """Statements for which SQLite reads a whole table that grows, with the steps that do."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.db"
        open_sqlite(path).close()
        connection = connect(path)
        found: dict[str, list[str]] = {}
        for name, statement in statements(module).items():
            if statement.sqlite:
                values = [None] * (len(statement.names) + statement.clocked)
                plan = connection.execute("EXPLAIN QUERY PLAN " + statement.sqlite, values)
                steps = [row[3] for row in plan.fetchall()]
                scanned = [(step, step.split()[1]) for step in steps if step.startswith("SCAN")]
                bad = [step for step, what in scanned if what not in SMALL_TABLES and not what.startswith("(")]
                if bad:
                    found[name] = bad
        connection.close()
    return found

"""SQL is written as SQL: named, literal, and found by key."""

import ast
from pathlib import Path

from tests.contract.statements import made_at_run_time, scans, statements

from sourcier.ledger import queries

LEDGER = Path(queries.__file__).parent
MODULES = ("queries", "queries_admin", "queries_audit", "queries_feeds", "queries_supply")
RUNNERS = ("execute", "executemany", "ask", "tell")


def test_statements_are_literals() -> None:
    assert len(statements(queries)) > 30
    assert made_at_run_time(queries) == []


def test_rows_are_found_by_key() -> None:
    whole = {"NODES_IN_FORCE", "GET_POOL_USES", "PAGE_STOCK", "LAST_STOCK_CHANGE", "LAST_POOL_CHANGE"}
    assert {name: steps for name, steps in scans(queries).items() if name not in whole} == {}


def test_only_the_files_of_statements_make_statements() -> None:
    makers = {
        path.stem
        for path in LEDGER.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("query", "Query")
    }
    assert makers == {*MODULES, "dialect"}


def test_nothing_runs_but_named_statements_and_literals() -> None:
    """I5: what is executed is a name from a file of statements, a literal, or a `Query` handed down as such."""
    odd = []
    for path in sorted(LEDGER.glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef | ast.Lambda):
                odd += [
                    f"{path.name}: {ast.unparse(call)}" for call in calls_of(function) if not is_named(call, function)
                ]
    assert odd == []


def calls_of(function: ast.FunctionDef | ast.Lambda) -> list[ast.Call]:
    return [
        node
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr.lstrip("_") in RUNNERS
    ]


def is_named(call: ast.Call, function: ast.FunctionDef | ast.Lambda) -> bool:
    statement = call.args[0]
    match statement:
        case ast.Constant(value=str()):
            return True
        case ast.IfExp(body=ast.Constant(), orelse=ast.Constant()):
            return True
        case ast.Attribute(value=ast.Name(id=module)) if module in MODULES:
            return True
        case ast.Attribute(value=ast.Attribute(value=ast.Name(id=module)), attr="sqlite" | "postgresql"):
            return module in MODULES
        case ast.Attribute(value=ast.Name(id=name), attr="sqlite" | "postgresql"):
            return is_query(name, function)
        case ast.Attribute(value=ast.Name(id="self"), attr="_begin"):
            return True  # one of the two literals at the top of the PostgreSQL store
        case ast.Name(id=name):
            return is_query(name, function) or walks_identities(name, function)
    return False


def is_query(name: str, function: ast.FunctionDef | ast.Lambda) -> bool:
    arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    return any(
        argument.arg == name and isinstance(argument.annotation, ast.Name) and argument.annotation.id == "Query"
        for argument in arguments
    )


def walks_identities(name: str, function: ast.FunctionDef | ast.Lambda) -> bool:
    return any(
        isinstance(node, ast.comprehension)
        and ast.unparse(node.iter) == "queries_audit.IDENTITIES"
        and name in ast.unparse(node.target)
        for node in ast.walk(function)
    )

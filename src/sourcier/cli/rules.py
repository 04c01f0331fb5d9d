"""``sourcier rules``: rule set files, without a server."""

import json as json_format
from pathlib import Path
from typing import Annotated, Any

import typer

from sourcier.cli.exits import REFUSED
from sourcier.cli.options import Json

rules = typer.Typer(name="rules", help="Rule set files, without a server.", no_args_is_help=True)


@rules.callback()
def _rules() -> None:
    pass


@rules.command()
def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Rule sets in YAML.", show_default=False)],
    json: Json = False,
) -> None:
    """Check rule sets as the server would, and print every fault as file:line:column."""
    findings = [_check(path) for path in files]
    if json:
        typer.echo(json_format.dumps(findings))
    else:
        for finding in findings:
            _tell(finding)
    if any(finding["faults"] for finding in findings):
        raise typer.Exit(REFUSED)


def _check(path: Path) -> dict[str, Any]:
    from sourcier.domain.errors import Reason, Refusal
    from sourcier.domain.limits import RULE_SET_BYTES_MAX
    from sourcier.engine.compile import compile_rules
    from sourcier.inputs.files import read_text
    from sourcier.inputs.rules_yaml import parse_rule_set

    text = ""
    try:
        text = read_text(path, RULE_SET_BYTES_MAX, Reason.RULE_SET_INVALID)
        rule_set = parse_rule_set(text, str(path))
        compile_rules(rule_set, "")
    except Refusal as refusal:
        faults = [
            {"place": _place(path, text, fault.field), "problem": fault.description} for fault in refusal.violations
        ]
        return {"file": str(path), "rule_set": None, "faults": faults}
    return {"file": str(path), "rule_set": rule_set.rule_set_id, "faults": []}


def _place(path: Path, text: str, field: str) -> str:
    """Where a fault is: the readers say it, the engine only names the key, such as ``protection.safety_stock``."""
    if field.startswith(f"{path}:"):
        return field
    from sourcier.domain.errors import Reason
    from sourcier.domain.limits import RULE_SET_BYTES_MAX
    from sourcier.inputs.faults import Faults
    from sourcier.inputs.yaml_nodes import Mapping, compose

    faults = Faults(filename=str(path), reason=Reason.RULE_SET_INVALID)
    node = compose(text, RULE_SET_BYTES_MAX, faults)
    line, column = node.line, node.column
    for name in field.split("."):
        if not isinstance(node, Mapping) or name not in node.entries:
            break
        key, node = node.entries[name]
        line, column = key.line, key.column
    return f"{path}:{line}:{column}"


def _tell(finding: dict[str, Any]) -> None:
    for fault in finding["faults"]:
        typer.echo(f"{fault['place']}: {fault['problem']}")
    if not finding["faults"]:
        typer.echo(f"{finding['file']}: rule set {finding['rule_set']} is fine")

"""``sourcier rules``: rule set files, without a server."""

import json as json_format
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sourcier.cli.exits import REFUSED
from sourcier.cli.files import read_network, read_rules
from sourcier.cli.options import Json

if TYPE_CHECKING:
    from sourcier.domain.network import Network

rules = typer.Typer(name="rules", help="Rule set files, without a server.", no_args_is_help=True)


@rules.callback()
def _rules() -> None:
    pass


@rules.command()
def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Rule sets in YAML.", show_default=False)],
    network: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Check as well that this network (YAML) has what they name.")
    ] = None,
    json: Json = False,
) -> None:
    """Check rule sets as the server would, and print every fault as file:line:column."""
    from sourcier.cli.calls import tell
    from sourcier.domain.errors import Refusal

    try:
        beside = None if network is None else read_network(network)
    except Refusal as refusal:
        raise typer.Exit(tell(refusal, json=json, doing="nothing was checked")) from refusal
    findings = [_check(path, beside) for path in files]
    if json:
        typer.echo(json_format.dumps(findings))
    else:
        for finding in findings:
            _tell(finding)
    if any(finding["faults"] for finding in findings):
        raise typer.Exit(REFUSED)


def _check(path: Path, network: "Network | None") -> dict[str, Any]:
    from sourcier.domain.errors import Refusal
    from sourcier.service.rule_texts import mismatched

    try:
        rule_set, text = read_rules(path)
        found = () if network is None else mismatched(text, str(path), network)
    except Refusal as refusal:
        rule_set, found = None, refusal.violations
    faults = [{"place": fault.field, "problem": fault.description} for fault in found]
    return {"file": str(path), "rule_set": rule_set and rule_set.rule_set_id, "faults": faults}


def _tell(finding: dict[str, Any]) -> None:
    for fault in finding["faults"]:
        typer.echo(f"{fault['place']}: {fault['problem']}")
    if not finding["faults"]:
        typer.echo(f"{finding['file']}: rule set {finding['rule_set']} is fine")

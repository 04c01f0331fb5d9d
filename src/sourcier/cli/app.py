"""All commands of ``sourcier``."""

from typing import Annotated

import typer

from sourcier import __version__
from sourcier.cli.at_risk import at_risk
from sourcier.cli.audit import audit
from sourcier.cli.availability import availability
from sourcier.cli.demo import demo
from sourcier.cli.load import load
from sourcier.cli.rules import rules
from sourcier.cli.serve import serve
from sourcier.cli.sourcing import allocate, explain, promise

app = typer.Typer(
    name="sourcier",
    help="Promises delivery dates and decides where orders ship from. docs/reference/cli.md describes every command.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"sourcier {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    pass


app.command()(serve)
app.command()(demo)
app.command()(load)
app.command()(promise)
app.command()(allocate)
app.command()(explain)
app.command()(availability)
app.command("at-risk")(at_risk)
app.add_typer(rules)
app.command()(audit)

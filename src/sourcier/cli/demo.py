"""``sourcier demo``: Sourcier at work on a made-up retailer."""

from pathlib import Path
from typing import Annotated

import typer


def demo(
    orders: Annotated[int, typer.Option(help="How many orders, spread over the five days.", min=1)] = 1_350,
    json: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Also write the figures to a file, for programs.")
    ] = None,
) -> None:
    """Start a server on a ledger of its own, run a made-up retailer's week through it, and audit the ledger."""
    from sourcier.demo.run import run

    raise typer.Exit(run(num_orders=orders, json_file=json))

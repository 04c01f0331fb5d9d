"""``sourcier at-risk``: promises that may be missed."""

import json as json_format
from typing import TYPE_CHECKING, Annotated

import typer

from sourcier.cli.options import SERVER_DEFAULT, Json, Server

if TYPE_CHECKING:
    from sourcier.client import Client
    from sourcier.v1 import sourcing_pb2


def at_risk(
    node: Annotated[list[str] | None, typer.Option(help="Only at this node. Can be given several times.")] = None,
    sku: Annotated[list[str] | None, typer.Option(help="Only this SKU. Can be given several times.")] = None,
    supply: Annotated[
        list[str] | None, typer.Option(help="Only what waits for this supply. Can be given several times.")
    ] = None,
    server: Server = SERVER_DEFAULT,
    json: Json = False,
) -> None:
    """List the promises that may be missed because supply comes late or short, or stock is not there after all."""
    from sourcier.cli.calls import as_json, call
    from sourcier.domain.limits import PAGE_SIZE_MAX
    from sourcier.terminal.consoles import console
    from sourcier.terminal.supply import risk_table
    from sourcier.v1 import sourcing_pb2

    request = sourcing_pb2.ListPromisesAtRiskRequest(
        node_ids=node, skus=sku, supply_ids=supply, page_size=PAGE_SIZE_MAX
    )

    async def ask(client: "Client") -> "list[sourcing_pb2.PromiseAtRisk]":
        return [risk async for risk in client.promises_at_risk(request)]

    risks = call(server, ask, json=json)
    if json:
        for risk in risks:
            typer.echo(json_format.dumps(as_json(risk)))
    elif risks:
        console().print(risk_table(risks))
    else:
        typer.echo("no promise is at risk")

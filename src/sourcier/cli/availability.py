"""``sourcier availability``: what product pages show."""

import json as json_format
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sourcier.cli.carts import CHANNEL_DEFAULT, Channel, fill_place
from sourcier.cli.options import SERVER_DEFAULT, Json, Server

if TYPE_CHECKING:
    from sourcier.client import Client


def availability(
    sku: Annotated[list[str], typer.Argument(metavar="SKU", help="One or several SKUs.", show_default=False)],
    to: Annotated[str, typer.Option("--to", metavar="FR:75011", help="Where one unit would go.")] = "",
    store: Annotated[str, typer.Option(help="The store where it would be collected, instead of --to.")] = "",
    channel: Channel = CHANNEL_DEFAULT,
    nearby: Annotated[int, typer.Option(help="Stores to name for each SKU.", min=0, max=20)] = 3,
    watch: Annotated[bool, typer.Option("--watch", help="Go on and tell what changes, until Ctrl-C.")] = False,
    server: Server = SERVER_DEFAULT,
    json: Json = False,
) -> None:
    """Show how much there is of SKUs, how early one can be had, and where."""
    from sourcier.cli.calls import as_json, call
    from sourcier.terminal.consoles import console
    from sourcier.terminal.supply import availability_table
    from sourcier.v1 import availability_pb2

    if bool(to) == bool(store):
        raise typer.BadParameter("say with --to where it goes, or with --store where it is collected")
    kind = availability_pb2.WatchAvailabilityRequest if watch else availability_pb2.GetAvailabilityRequest
    request = kind(channel=channel, skus=sku, store_id=store, nearby_stores=nearby)
    if to:
        fill_place(request.destination, to)
    screen = console()

    def tell(response: Any) -> None:
        if json:
            typer.echo(json_format.dumps(as_json(response)))
        else:
            screen.print(availability_table(response.skus))

    async def ask(client: "Client") -> None:
        if isinstance(request, availability_pb2.GetAvailabilityRequest):
            tell(await client.get_availability(request))
        else:
            async for response in client.watch_availability(request):
                tell(response)

    call(server, ask, json=json)

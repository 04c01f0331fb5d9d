"""``sourcier promise``, ``allocate`` and ``explain``: the questions a checkout and an order management system ask."""

import json as json_format
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from sourcier.cli.carts import (
    CHANNEL_DEFAULT,
    CartOptions,
    Channel,
    Currency,
    DeliverBy,
    File,
    Lines,
    Methods,
    PlacedAt,
    Services,
    Stores,
    To,
    cart_options,
    enum_value,
    fill_currency,
    orders_of,
)
from sourcier.cli.options import SERVER_DEFAULT, Json, Server

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from google.protobuf.message import Message
    from rich.console import RenderableType

    from sourcier.client import Client
    from sourcier.v1 import common_pb2

    Answer = Callable[[Client, common_pb2.Order], Awaitable[tuple[Message, RenderableType]]]


def promise(
    file: File = None,
    line: Lines = None,
    to: To = "",
    channel: Channel = CHANNEL_DEFAULT,
    service: Services = None,
    method: Methods = None,
    store: Stores = None,
    deliver_by: DeliverBy = "",
    placed_at: PlacedAt = "",
    currency: Currency = "",
    choice: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CHOICE",
            help="Which options of each service: earliest, cheapest, fewest_shipments, frontier. "
            "Can be given several times.  [default: earliest]",
        ),
    ] = None,
    hold: Annotated[
        int | None,
        typer.Option(metavar="SECONDS", help="Reserve the cheapest of the options for so long.", min=1, max=14_400),
    ] = None,
    server: Server = SERVER_DEFAULT,
    json: Json = False,
) -> None:
    """Show every way to get a cart: its date, the time left to order, its fee, its cost and where it ships from."""
    options = cart_options(
        line=line,
        service=service,
        method=method,
        store=store,
        to=to,
        channel=channel,
        deliver_by=deliver_by,
        placed_at=placed_at,
        currency=currency,
    )

    from sourcier.v1 import sourcing_pb2

    choices = [enum_value(sourcing_pb2.Choice, "CHOICE", name, "--choice") for name in choice or ()]

    async def answer(client: "Client", order: "common_pb2.Order") -> "tuple[Message, RenderableType]":
        from sourcier.terminal.promises import promise_view
        from sourcier.terminal.words import to_datetime

        request = sourcing_pb2.PromiseDeliveryRequest(cart=order.cart, choices=choices)
        if hold is not None:
            request.hold.ttl_seconds = hold
            request.explain = True  # kept with the hold, for `sourcier explain` of what is allocated from it
        dated = order.cart.HasField("placed_at")
        asked_at = to_datetime(order.cart.placed_at) if dated else datetime.now(UTC)
        response = await client.promise_delivery(request)
        return response, promise_view(response, asked_at, order.order_id or None)

    _answer_each(server, file, options, answer, json=json)


def allocate(
    file: File = None,
    order_id: Annotated[str, typer.Option(help="Your id of the order, with --line.")] = "",
    line: Lines = None,
    to: To = "",
    channel: Channel = CHANNEL_DEFAULT,
    service: Services = None,
    method: Methods = None,
    store: Stores = None,
    deliver_by: DeliverBy = "",
    placed_at: PlacedAt = "",
    currency: Currency = "",
    priority: Annotated[
        int, typer.Option(help="Of the order: the higher gets scarce supply first.", min=0, max=1_000_000)
    ] = 0,
    token: Annotated[str, typer.Option(help="Keep the promise that this token of PromiseDelivery stands for.")] = "",
    hold: Annotated[str, typer.Option(metavar="holds/ID", help="Allocate what this hold reserved.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Decide, and reserve nothing.")] = False,
    server: Server = SERVER_DEFAULT,
    json: Json = False,
) -> None:
    """Decide where orders ship from and reserve the stock."""
    options = cart_options(
        line=line,
        service=service,
        method=method,
        store=store,
        priority=priority,
        order_id=order_id,
        to=to,
        channel=channel,
        deliver_by=deliver_by,
        placed_at=placed_at,
        currency=currency,
    )
    if options.lines and not order_id:
        raise typer.BadParameter("an order needs an id", param_hint="--order-id")

    async def answer(client: "Client", order: "common_pb2.Order") -> "tuple[Message, RenderableType]":
        from sourcier.terminal.tables import allocation_view
        from sourcier.v1 import sourcing_pb2

        request = sourcing_pb2.AllocateRequest(
            order=order, hold=hold, validate_only=dry_run, explain=json, promise_token=token
        )
        allocation = await client.allocate(request)
        return allocation, allocation_view(allocation)

    _answer_each(server, file, options, answer, json=json)


def explain(
    allocation: Annotated[
        str, typer.Argument(metavar="ALLOCATION", help="allocations/ID, or the id alone.", show_default=False)
    ],
    server: Server = SERVER_DEFAULT,
    json: Json = False,
) -> None:
    """Tell why an order ships from these nodes: the costs, the proof, and why every other node was left out."""
    from sourcier.cli.calls import as_json, call
    from sourcier.terminal.consoles import console
    from sourcier.terminal.tables import explanation_view
    from sourcier.v1 import sourcing_pb2

    name = allocation if allocation.startswith("allocations/") else f"allocations/{allocation}"
    request = sourcing_pb2.GetAllocationRequest(name=name, view=sourcing_pb2.ALLOCATION_VIEW_FULL)
    found = call(server, lambda client: client.get_allocation(request), json=json)
    if json:
        typer.echo(json_format.dumps(as_json(found)))
    else:
        console().print(explanation_view(found))


def _answer_each(server: str, file: "Path | None", options: CartOptions, answer: "Answer", *, json: bool) -> None:
    """Ask for one order after the other and show each answer as it comes: a table, or one line of JSON.

    A refused order is told and the others go on; the exit code is that of the first that was refused.
    """
    import grpc

    from sourcier.cli.calls import as_json, call, tell
    from sourcier.domain.errors import Refusal
    from sourcier.terminal.consoles import console
    from sourcier.terminal.refusals import is_unreached

    try:
        orders = orders_of(file, options)
    except Refusal as refusal:
        raise typer.Exit(tell(refusal, json=json)) from refusal
    screen = console()

    async def each(client: "Client") -> int:
        code = 0
        await fill_currency(client, orders)
        for order in orders:
            try:
                message, view = await answer(client, order)
            except (Refusal, grpc.aio.AioRpcError) as error:
                if is_unreached(error):
                    raise
                code = code or tell(error, json=json, doing=order.order_id)
                continue
            if json:
                typer.echo(json_format.dumps(as_json(message)))
            else:
                screen.print(view)
        return code

    code = call(server, each, json=json)
    if code:
        raise typer.Exit(code)

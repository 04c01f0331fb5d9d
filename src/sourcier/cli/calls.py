"""Calls a running server and turns what goes wrong into an exit code."""

import asyncio
import json as json_format
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from sourcier.cli.exits import REFUSED, UNREACHED

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import grpc
    from google.protobuf.message import Message

    from sourcier.client import Client
    from sourcier.domain.errors import Refusal

T = TypeVar("T")


def call(server: str, work: "Callable[[Client], Awaitable[T]]", *, json: bool) -> T:
    """What `work` comes to with a client of `server`. An error is told, as JSON if so wanted, and ends the command."""
    import grpc

    from sourcier.client import Client
    from sourcier.domain.errors import Refusal

    async def connected() -> T:
        async with Client(server) as client:
            return await work(client)

    try:
        return asyncio.run(connected())
    except (Refusal, grpc.aio.AioRpcError) as error:
        raise typer.Exit(tell(error, json=json, doing=f"from {server}")) from error


def tell(error: "Refusal | grpc.aio.AioRpcError", *, json: bool, doing: str = "") -> int:
    """Tell an error, on standard error or as JSON on standard output; its exit code."""
    from sourcier.terminal.consoles import console
    from sourcier.terminal.refusals import failure, is_unreached, show_failure

    if json:
        typer.echo(json_format.dumps({"error": failure(error)}))
    else:
        show_failure(console(stderr=True), error, doing)
    return UNREACHED if is_unreached(error) else REFUSED


def as_json(message: "Message") -> dict[str, Any]:
    """A message as the JSON that protobuf defines for it, under the names of the proto files."""
    from google.protobuf.json_format import MessageToDict

    return MessageToDict(message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)

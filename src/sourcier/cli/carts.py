"""Carts and orders from a file, or from options such as ``--line SKU=QTY --to FR:75011``."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import typer

if TYPE_CHECKING:
    from sourcier.client import Client
    from sourcier.v1 import common_pb2

T = TypeVar("T")

CHANNEL_DEFAULT: Final = "web"

File = Annotated[
    Path | None,
    typer.Argument(metavar="FILE", help="Orders as .csv or .jsonl (docs/reference/files.md).", show_default=False),
]
Lines = Annotated[
    list[str] | None, typer.Option("--line", metavar="SKU=QTY", help="What is wanted. Can be given several times.")
]
To = Annotated[str, typer.Option("--to", metavar="FR:75011", help="Where it goes: country and postal code.")]
Channel = Annotated[str, typer.Option(help="The sales channel that asks.")]
Services = Annotated[
    list[str] | None,
    typer.Option("--service", help="Only this carrier service. Can be given several times.  [default: any]"),
]
Methods = Annotated[
    list[str] | None,
    typer.Option(
        "--method",
        metavar="METHOD",
        help="Only this method: home_delivery, express, same_day, click_and_collect or ship_to_store. "
        "Can be given several times.  [default: any]",
    ),
]
Stores = Annotated[
    list[str] | None,
    typer.Option("--store", help="Collect at this store. Can be given several times.  [default: the nearest ones]"),
]
DeliverBy = Annotated[str, typer.Option(metavar="YYYY-MM-DD", help="The latest date of delivery.")]
PlacedAt = Annotated[
    str, typer.Option(metavar="INSTANT", help="When it is placed, such as 2026-11-23T18:05:00+01:00.  [default: now]")
]
Currency = Annotated[str, typer.Option(metavar="CODE", help="Currency.  [default: the network's]")]


@dataclass(frozen=True, slots=True, kw_only=True)
class CartOptions:
    """The options that make up one cart, as they were given."""

    order_id: str = ""
    lines: tuple[str, ...] = ()
    to: str = ""
    channel: str = CHANNEL_DEFAULT
    services: tuple[str, ...] = ()
    deliver_by: str = ""
    placed_at: str = ""
    currency: str = ""
    methods: tuple[str, ...] = ()
    stores: tuple[str, ...] = ()
    priority: int = 0


def cart_options(*, line: Lines, service: Services, method: Methods, store: Stores, **others: Any) -> CartOptions:
    """The options as Typer gives them: a list that was not given is None."""
    return CartOptions(
        lines=tuple(line or ()),
        services=tuple(service or ()),
        methods=tuple(method or ()),
        stores=tuple(store or ()),
        **others,
    )


def orders_of(file: Path | None, options: CartOptions) -> "list[common_pb2.Order]":
    """The orders in `file`, or the one that the options make; a usage error unless it is one of the two."""
    if file is not None:
        if options != CartOptions():
            raise typer.BadParameter("a file says all about its orders: leave out the options that describe one")
        return list(_read(file))
    if not options.lines or not options.to:
        raise typer.BadParameter("name a file of orders, or say with --line and --to what goes where")
    return [_order(options)]


def _read(file: Path) -> "Iterator[common_pb2.Order]":
    from sourcier.inputs.orders import read_orders
    from sourcier.rpc.translate_common import fill_order
    from sourcier.v1 import common_pb2

    for order in read_orders(file):
        message = common_pb2.Order()
        fill_order(message, order)
        yield message


def _order(options: CartOptions) -> "common_pb2.Order":
    """An order of the options; the server checks what they say."""
    from sourcier.rpc.fields import fill_day, fill_instant
    from sourcier.v1 import common_pb2

    order = common_pb2.Order(order_id=options.order_id, priority=options.priority)
    cart = order.cart
    cart.channel = options.channel
    cart.currency_code = options.currency
    cart.services.extend(options.services)
    cart.methods.extend(enum_value(common_pb2.Method, "METHOD", name, "--method") for name in options.methods)
    cart.store_ids.extend(options.stores)
    fill_place(cart.destination, options.to)
    for number, line in enumerate(options.lines, 1):
        sku, equals, quantity = line.rpartition("=")
        if not equals or not quantity.isascii() or not quantity.isdecimal():
            raise typer.BadParameter(f"{line!r} is not SKU=QTY, such as KITCHEN-018=2", param_hint="--line")
        cart.lines.add(line_id=str(number), sku=sku, quantity=min(int(quantity), 2**63 - 1))
    if options.deliver_by:
        fill_day(cart.deliver_by, _parsed("--deliver-by", date.fromisoformat, options.deliver_by))
    if options.placed_at:
        fill_instant(cart.placed_at, _parsed("--placed-at", _instant, options.placed_at))
    return order


def fill_place(destination: "common_pb2.Destination", to: str) -> None:
    """Write a destination such as ``FR:75011``."""
    country, colon, postal_code = to.partition(":")
    if not colon:
        raise typer.BadParameter(f"{to!r} is not COUNTRY:POSTAL-CODE, such as FR:75011", param_hint="--to")
    destination.country_code = country
    destination.postal_code = postal_code


def enum_value(kind: Any, prefix: str, name: str, option: str) -> Any:
    """The member of a generated enum that an option names, such as ``same_day`` or ``same-day``."""
    names = [known.removeprefix(f"{prefix}_") for known in kind.keys()[1:]]
    wanted = name.replace("-", "_").upper()
    if wanted not in names:
        raise typer.BadParameter(f"{name!r} is none of {', '.join(names).lower()}", param_hint=option)
    return kind.Value(f"{prefix}_{wanted}")


def _parsed(option: str, read: Callable[[str], T], text: str) -> T:
    try:
        return read(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from error


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"{text!r} has no offset such as +01:00 or Z")
    return instant


async def fill_currency(client: "Client", orders: "list[common_pb2.Order]") -> None:
    """Give carts without a currency that of the network."""
    without = [order for order in orders if not order.cart.currency_code]
    if without:
        network = await client.get_network()
        for order in without:
            order.cart.currency_code = network.currency_code

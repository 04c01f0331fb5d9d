"""Sends orders to a server as a web shop would: checkout asks for promises, then the order is allocated.

The customer takes the favourite of the services that can bring the whole cart, and the order comes with the token of
that promise, so that its date and its fee are kept. Where nothing could be promised it is allocated as far as it goes.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from sourcier.client import Client
from sourcier.domain.errors import Refusal
from sourcier.domain.order import Cart, Order
from sourcier.rpc.translate_common import fill_order
from sourcier.v1 import common_pb2, sourcing_pb2

IN_FLIGHT: Final = 4  # customers at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """What became of one order; both times are what the client waited, in seconds. A refusal ends the order.

    `chosen` is the promise that the customer took.
    """

    order: Order
    promises: sourcing_pb2.PromiseDeliveryResponse | None = None
    chosen: sourcing_pb2.Promise | None = None
    promise_seconds: float = 0.0
    allocation: sourcing_pb2.Allocation | None = None
    allocate_seconds: float = 0.0
    refusal: Refusal | None = None


def message_of(order: Order) -> common_pb2.Order:
    """The order as the API has it."""
    message = common_pb2.Order()
    fill_order(message, order)
    return message


async def serve_orders(client: Client, orders: Sequence[Order], advance: Callable[[], None]) -> list[Served]:
    """Serve orders, `IN_FLIGHT` at once, in the order in which they were placed; the answers stand in that order."""
    served: list[Served | None] = [None] * len(orders)
    waiting = iter(enumerate(orders))

    async def customer() -> None:
        for index, order in waiting:
            served[index] = await _serve(client, order)
            advance()

    async with asyncio.TaskGroup() as customers:
        for _ in range(IN_FLIGHT):
            customers.create_task(customer())
    return [one for one in served if one is not None]


async def _serve(client: Client, order: Order) -> Served:
    message = message_of(order)
    promises = chosen = None
    promise_seconds = 0.0
    try:
        began = time.perf_counter()
        promises = await client.promise_delivery(sourcing_pb2.PromiseDeliveryRequest(cart=message.cart))
        promise_seconds = time.perf_counter() - began
        chosen = choose(order.cart, promises)
        token = chosen.token if chosen else ""
        began = time.perf_counter()
        allocation = await client.allocate(sourcing_pb2.AllocateRequest(order=message, promise_token=token))
        return Served(
            order=order,
            promises=promises,
            chosen=chosen,
            promise_seconds=promise_seconds,
            allocation=allocation,
            allocate_seconds=time.perf_counter() - began,
        )
    except Refusal as refusal:
        return Served(order=order, promises=promises, chosen=chosen, promise_seconds=promise_seconds, refusal=refusal)


def choose(cart: Cart, promises: sourcing_pb2.PromiseDeliveryResponse) -> sourcing_pb2.Promise | None:
    """The option of the customer's favourite service (the first in the cart); of one service the first one answered."""
    return min(promises.promised, key=lambda option: cart.services.index(option.service_id), default=None)

"""What is asked of the servers under load: carts and orders of the made-up retailer, encoded beforehand."""

import uuid
from collections.abc import Iterator
from itertools import cycle
from typing import Final

from sourcier.domain.order import Cart, Order
from sourcier.rpc.translate_common import fill_cart, fill_destination, fill_order
from sourcier.v1 import availability_pb2, sourcing_pb2

NODES: Final = 200
LINES: Final = 3
CARTS: Final = 500

PROMISE: Final = "/sourcier.v1.SourcingService/PromiseDelivery"
ALLOCATE: Final = "/sourcier.v1.SourcingService/Allocate"
AVAILABILITY: Final = "/sourcier.v1.SourcingService/GetAvailability"

BLANK_ID: Final = str(uuid.UUID(int=0, version=4)).encode()


def promises(carts: list[Cart]) -> Iterator[bytes]:
    """Encoded requests to promise these carts by every method, again and again."""
    return cycle([_promise(cart).SerializeToString() for cart in carts])


def held(carts: list[Cart], ttl_seconds: int) -> Iterator[bytes]:
    """Encoded requests to promise a cart and hold it; each a request of its own."""
    for cart in cycle(carts):
        request = _promise(cart)
        request.request_id = str(uuid.uuid4())
        request.hold.ttl_seconds = ttl_seconds
        yield request.SerializeToString()


def orders(carts: list[Cart]) -> Iterator[bytes]:
    """Encoded orders of these carts for delivery at home; each a new one.

    Only two texts of the same length differ between orders, so they are put into bytes that are encoded once.
    """
    forms = [_order(cart).SerializeToString() for cart in carts]
    for form in cycle(forms):
        name = str(uuid.uuid4()).encode()
        yield form.replace(BLANK_ID, name)


def pages(carts: list[Cart]) -> Iterator[bytes]:
    """Encoded requests for product pages of the articles of these carts."""
    requests = []
    for cart in carts:
        request = availability_pb2.GetAvailabilityRequest(channel=cart.channel, skus=[line.sku for line in cart.lines])
        fill_destination(request.destination, cart.destination)
        requests.append(request.SerializeToString())
    return cycle(requests)


def _promise(cart: Cart) -> sourcing_pb2.PromiseDeliveryRequest:
    request = sourcing_pb2.PromiseDeliveryRequest()
    fill_cart(request.cart, cart)
    return request


def _order(cart: Cart) -> sourcing_pb2.AllocateRequest:
    request = sourcing_pb2.AllocateRequest(request_id=BLANK_ID.decode())
    fill_order(request.order, Order(order_id=BLANK_ID.decode(), cart=cart))
    return request

"""Between messages and values: a cart of three lines, and the promises of five methods for it, on 50 nodes."""

from typing import Any

import pytest
from benchmarks.promises import snapshot

from benchmarks import shop
from sourcier.domain.order import Cart
from sourcier.engine.compile import compile_rules
from sourcier.engine.decide import drive
from sourcier.engine.promise import promise_steps
from sourcier.rpc.translate_common import fill_cart
from sourcier.rpc.translate_sourcing import format_promise_answer, parse_promise_delivery
from sourcier.service.commands import PromiseAnswer
from sourcier.v1 import sourcing_pb2 as pb


@pytest.fixture(scope="module")
def cart() -> Cart:
    return shop.carts(3, 1)[0]


def test_parse_a_cart(benchmark: Any, cart: Cart) -> None:
    request = pb.PromiseDeliveryRequest()
    fill_cart(request.cart, cart)
    wire = request.SerializeToString()
    benchmark(lambda: parse_promise_delivery(pb.PromiseDeliveryRequest.FromString(wire), shop.NOW))


def test_format_promises(benchmark: Any, cart: Cart) -> None:
    rules = compile_rules(shop.rules(), "ruleSets/benchmark/revisions/1")
    promises = drive(promise_steps(cart, snapshot(50), rules), lambda _: None)
    assert len(promises.promised) > 2
    answer = PromiseAnswer(promises=promises)
    benchmark(lambda: format_promise_answer(answer, cart.currency_code, explain=False).SerializeToString())

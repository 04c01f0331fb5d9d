"""Which promise is held."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from tests.service.shop import BERLIN, MONDAY

from sourcier.domain.errors import Refusal
from sourcier.domain.network import Method
from sourcier.domain.order import Cart
from sourcier.domain.plan import Costs, Decision, Plan, Proof, Status
from sourcier.domain.promise import Choice, Promise, Promises
from sourcier.service.commands import HoldWanted, PromiseDelivery
from sourcier.service.promise_cart import check_hold, choose


def promise(service_id: str, cost: int, day: int) -> Promise:
    decision = Decision(
        status=Status.OPTIMAL,
        plan=Plan(shipments=(), unfilled=(), costs=Costs(shipping=cost)),
        objective_micros=cost,
        bound_micros=cost,
        proof=Proof.CERTIFICATE,
        left_out=(),
        rule_set_revision="ruleSets/main/revisions/1",
        snapshot_version=1,
    )
    return Promise(
        method=Method.HOME_DELIVERY,
        service_id=service_id,
        order_by=MONDAY,
        ship_by=MONDAY,
        earliest=date(2026, 11, day),
        latest=date(2026, 11, day),
        time_zone="Europe/Berlin",
        decision=decision,
    )


def promises(*promised: Promise) -> Promises:
    return Promises(promised=promised, unpromised=(), rule_set_revision="r", snapshot_version=1)


def wanted(service_id: str = "", **other: Any) -> HoldWanted:
    return HoldWanted(ttl_seconds=60, service_id=service_id, **other)


def test_the_cheapest_is_held_unless_another_is_named() -> None:
    found = promises(promise("express", 900, 24), promise("ground", 400, 26))
    assert choose(found, wanted()) == 1
    assert choose(found, wanted("express")) == 0


def test_of_two_that_cost_the_same_the_earlier_is_held() -> None:
    assert choose(promises(promise("slow", 400, 26), promise("fast", 400, 24)), wanted()) == 1


@pytest.mark.parametrize("service_id", ["", "express"])
def test_what_is_not_promised_cannot_be_held(service_id: str) -> None:
    found = promises(promise("ground", 400, 26)) if service_id else promises()
    assert choose(found, wanted(service_id)) is None


def test_an_option_of_a_store_and_a_kind_can_be_held() -> None:
    here, there = (replace(promise("collect", 0, 24), store_id=store) for store in ("here", "there"))
    few = replace(promise("ground", 500, 27), choices=frozenset({Choice.FEWEST_SHIPMENTS}))
    found = promises(here, there, promise("ground", 400, 26), few)
    assert choose(found, wanted(store_id="there")) == 1
    assert choose(found, wanted("ground", choice=Choice.FEWEST_SHIPMENTS)) == 3
    assert choose(found, wanted("ground")) == 2
    assert choose(found, wanted(choice=Choice.CHEAPEST)) is None


def test_a_hold_must_be_of_what_was_asked_for() -> None:
    cart = Cart(
        channel="web",
        destination=BERLIN,
        lines=(),
        currency_code="EUR",
        placed_at=MONDAY,
        services=("ground",),
        store_ids=("here",),
    )
    request = PromiseDelivery(cart=cart, choices=frozenset({Choice.CHEAPEST}))
    check_hold(wanted("ground", store_id="here", choice=Choice.CHEAPEST), request)
    with pytest.raises(Refusal) as caught:
        check_hold(wanted("express", store_id="there", choice=Choice.EARLIEST), request)
    fields = [violation.field for violation in caught.value.violations]
    assert fields == ["hold.service_id", "hold.store_id", "hold.choice"]
